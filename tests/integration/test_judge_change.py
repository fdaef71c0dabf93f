"""Another judge takes over: what is told of it, and how a backfill gives the rules a reference again."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fakes.installation import DAY, HOUR, NINE, Installation, rows
from tests.fakes.judge import connection, judging

RULES = """
rules:
  - {name: judge-changed, description: d, test: epoch, reference_min_n: 20, severity: info, category: judge,
     owner: o, runbook: r}
  - {name: tone-low, description: d, test: level, measure: professionalism, trailing: 14d, reference_min_n: 20,
     min_effect: 0.1, category: quality, owner: o, runbook: r}
"""
FOUND = """SELECT rule || coalesce(' ' || nullif(labels ->> 'dimension', ''), ''), outcome FROM rule_results
           WHERE window_end = (SELECT max(window_end) FROM rule_results) ORDER BY 1"""
MEASURES = ("composite", "correctness", "faithfulness", "professionalism")


def test_a_new_judge_is_told_until_past_days_were_scored_again(
    assay: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, yesterday = tmp_path / "rules.yaml", NINE - DAY
    file.write_text(RULES)
    monkeypatch.setenv("ASSAY_RULES", str(file))
    assay.log(*rows(24, yesterday), *rows(8, NINE), *rows(8, NINE + HOUR))
    with judging(tmp_path / "calls") as address:
        monkeypatch.setenv("AIRFLOW_CONN_ASSAY_JUDGE", connection(address))
        assay.run(yesterday)
        monkeypatch.setenv("AIRFLOW_CONN_ASSAY_JUDGE", connection(address, model="gpt-4.1-nano"))
        assay.run(NINE)
        assert assay.watch() == [], "nobody is woken by an edit that somebody planned"
        changed = [(f"judge-changed {measure}", "Breached") for measure in MEASURES]
        assert assay.ask(FOUND) == [*changed, ("tone-low professionalism", "NoData")]
        [(sentence, evidence)] = assay.ask(
            """SELECT sentence, evidence -> 'details' FROM rule_results
               WHERE rule = 'judge-changed' AND outcome = 'Breached' AND labels ->> 'dimension' = 'correctness'"""
        )
        assert "(model: gpt-4.1-mini -> gpt-4.1-nano)" in sentence
        assert evidence["first_seen_at"]

        midnight = yesterday.replace(hour=0)
        assay.run(midnight, midnight + DAY, live=False)
        assay.run(NINE + HOUR)
        assay.watch()
    compared = [(f"judge-changed {measure}", "Ok") for measure in MEASURES]
    assert assay.ask(FOUND) == [*compared, ("tone-low professionalism", "Ok")]
    assert assay.ask("SELECT DISTINCT state FROM alerts WHERE live") == [("resolved",)]
    assert assay.outbox() == []


def test_other_weights_take_no_calls_to_compare_again(
    assay: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, weights = tmp_path / "rules.yaml", tmp_path / "weights.yaml"
    file.write_text(RULES)
    monkeypatch.setenv("ASSAY_RULES", str(file))
    assay.log(*rows(24, NINE - DAY), *rows(8, NINE), *rows(8, NINE + HOUR))
    assay.run(NINE - DAY)
    weights.write_text("weights: {correctness: 0.2, faithfulness: 0.2, professionalism: 0.6}\n")
    monkeypatch.setenv("ASSAY_WEIGHTS", str(weights))
    assay.run(NINE)
    assay.watch()
    assert ("judge-changed composite", "Breached") in assay.ask(FOUND)
    assert ("judge-changed correctness", "Ok") in assay.ask(FOUND)
    [(scores,)] = assay.ask("SELECT count(*) FROM scores")
    midnight = (NINE - DAY).replace(hour=0)
    assay.run(midnight, midnight + DAY, live=False)
    assert assay.ask("SELECT count(*) FROM scores") == [(scores,)]
    assay.run(NINE + HOUR)
    assay.watch()
    assert {outcome for _, outcome in assay.ask(FOUND)} == {"Ok"}
