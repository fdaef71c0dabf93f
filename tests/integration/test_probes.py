"""A day's judges probed through the functions that the DAGs call, on a real Postgres, and what is told of it."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest

from include import pipeline
from tests.fakes.installation import DAY, HOUR, NINE, Installation, rows
from tests.fakes.judge import connection, judging

MIDNIGHT, MINUTE = NINE.replace(hour=0), timedelta(minutes=1)


def test_the_offline_judge_is_probed_for_nothing_and_the_rule_says_what_was_found(assay: Installation) -> None:
    assay.log(*rows(30, NINE), *rows(5, NINE + MINUTE, MINUTE, project="spa"), *rows(8, NINE + HOUR))
    assay.run()
    counts = pipeline.probe_judges(MIDNIGHT, MIDNIGHT + DAY)
    assert counts == {"scored": 25 * 3 * 4, "failed": 0}
    drawn = assay.ask("SELECT project, count(DISTINCT interaction_id) FROM bias_probes GROUP BY 1 ORDER BY 1")
    assert drawn == [("pool", 20), ("spa", 5)]
    assert assay.ask("SELECT DISTINCT day::text, probe FROM bias_probes ORDER BY 2") == [
        ("2026-11-20", probe) for probe in ("padded", "paraphrased", "planted", "shuffled")
    ]
    before = assay.contents()
    assert pipeline.probe_judges(MIDNIGHT, MIDNIGHT + DAY) == counts
    assert assay.contents() == before

    assay.run(NINE + HOUR)
    assay.watch()
    found = assay.ask(
        """SELECT labels ->> 'segment', labels ->> 'dimension', n FROM rule_results
           WHERE rule = 'judge-bias' AND window_end = (SELECT max(window_end) FROM rule_results) ORDER BY 1, 2"""
    )
    assert len(found) == 4 * 3
    assert found[0] == ("probe=padded", "correctness", 25)
    assert assay.ask("SELECT sentence FROM alerts WHERE labels ->> 'alertname' = 'judge-bias'") == []


def test_a_judge_that_no_window_was_probed_of_is_no_data_and_not_ok(assay: Installation) -> None:
    assay.log(*rows(5, NINE))
    assay.run()
    assay.watch()
    assert assay.ask("SELECT outcome, sentence FROM rule_results WHERE rule = 'judge-bias'") == [
        ("NoData", "nothing was probed of the judges in force")
    ]


def test_probing_again_makes_no_call_and_every_request_is_fenced_by_the_stores_secret(
    assay: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = tmp_path / "calls"
    with judging(calls) as address:
        monkeypatch.setenv("AIRFLOW_CONN_ASSAY_JUDGE", connection(address))
        monkeypatch.setenv("ASSAY_PROBES", "3")
        assay.log(*rows(6, NINE))
        assay.run()
        plain = len(calls.read_text().splitlines())
        assert pipeline.probe_judges(MIDNIGHT, MIDNIGHT + DAY)["failed"] == 0
        probed = len(calls.read_text().splitlines())
        assert probed > plain
        pipeline.probe_judges(MIDNIGHT, MIDNIGHT + DAY)
        assert len(calls.read_text().splitlines()) == probed
    assert assay.ask("SELECT count(DISTINCT interaction_id), count(*) FROM bias_probes") == [(3, 3 * 4 * 3)]
    secret = assay.ask("SELECT encode(secret, 'hex') FROM fence")[0][0]
    assert re.fullmatch("[0-9a-f]{64}", secret)
    told = str({name: found for name, found in assay.contents().items() if name != "fence"})
    assert secret not in told
