"""What a rule of drift compares, of scores and of what was logged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from include.domain.interaction import Window
from include.domain.rule import RuleOutcome
from include.domain.run import CoverageLedger, Epochs
from include.domain.segment import SegmentRow
from include.domain.traffic import Exchange
from include.monitors import samples
from include.monitors.evaluate import Settled, drift_samples, evaluate
from include.monitors.exchanges import LOGGED, overlap
from include.monitors.result import Finding
from include.monitors.rules import DriftRule, Rules
from include.monitors.samples import Traffic
from tests.unit.monitors.memory import HOUR, Memory, tally

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
DAY = timedelta(days=1)
RUN = Settled(Window(NOW - HOUR, NOW), CoverageLedger(1, 0, 0, 1, 0), Epochs({"": {"composite": "S"}}))
ABOUT = (["card", "payment", "limit"], ["loan", "interest", "mortgage"], ["login", "password", "email"])
NEW = ["travel", "insurance", "abroad"]


def rule(*measures: str, **changes: object) -> DriftRule:
    told = {
        "name": "x",
        "description": "d",
        "test": "drift",
        "category": "drift",
        "owner": "o",
        "runbook": "r",
        "over": timedelta(days=1),
        "trailing": timedelta(days=28),
        "min_effect": 0.2,
    }
    return DriftRule(measures=measures, **(told | changes))


def exchange(rng: Random, at: datetime, words: Sequence[str], **changes: object) -> Exchange:
    question = " ".join(rng.choices(words, k=5))
    one = Exchange(at, question, "It is so.", question, "en", False, 80, 200, 3, 300, 50, rng.lognormvariate(7, 0.3))
    return replace(one, **changes)  # type: ignore[arg-type]


class Logged(Memory):
    """A log in memory: ten interactions an hour; since a day ago they are `changed`."""

    def __init__(self, new: float = 0.0, **changed: object) -> None:
        super().__init__()
        rng = Random(1)
        self.exchanges: dict[datetime, list[Exchange]] = {}
        for number in range(29 * 24):
            at = NOW - (number + 1) * HOUR
            is_now = number < 24
            self.exchanges[at] = [
                exchange(
                    rng, at, NEW if is_now and rng.random() < new else rng.choice(ABOUT), **(changed if is_now else {})
                )
                for _ in range(10)
            ]
            self.add("volume", at, [1.0] * 10)
        self.asked: list[int] = []

    def exchanges_of(self, hours: Sequence[datetime]) -> list[Exchange]:
        found = [one for hour in hours for one in self.exchanges.get(hour, ())]
        return Random(2).sample(found, len(found))


class Reader:
    """A `TrafficReader` of it."""

    def __init__(self, log: Logged) -> None:
        self._log = log

    def read(self, hours: Sequence[datetime], segment: Mapping[str, str], limit: int) -> list[Exchange]:
        assert segment == {"project": "p", "environment": "prod"}
        self._log.asked.append(limit)
        return self._log.exchanges_of(hours)[:limit]


def traffic(log: Logged) -> Traffic:
    return Traffic(Reader(log), lambda text: "xx", lambda answer: answer.startswith("Sorry"))


def found(log: Logged, *measures: str, **changes: object) -> dict[str, RuleOutcome]:
    results = evaluate(Rules(rules=(rule(*measures, **changes),)), replace(RUN, traffic=traffic(log)), log)
    return {one.labels["dimension"]: one.outcome for one in results}


MEASURED = sorted(LOGGED - {"meaning"})


def test_a_day_like_the_others_is_no_drift_of_anything() -> None:
    assert found(Logged(), *MEASURED) == dict.fromkeys(MEASURED, RuleOutcome.OK)


@pytest.mark.parametrize(
    ("changed", "drifted"),
    [
        ({"new": 0.5}, {"topic"}),
        ({"user_input_chars": 200, "input_tokens": 400}, {"user_input_chars", "input_tokens"}),
        ({"response_chars": 90}, {"response_chars"}),
        ({"latency_ms": 3000.0}, {"latency_ms"}),
        ({"retrieved_contexts": 1}, {"retrieved_contexts"}),
        ({"contexts": "about other things"}, {"overlap"}),
        ({"language": "de"}, {"language"}),
        ({"language": None}, {"language"}),
        ({"answer": "Sorry, no."}, {"declined"}),
        ({"failed": True}, set()),  # what failed has no answer: the error rate tells of it
    ],
)
def test_what_changes_is_what_drifts(changed: Mapping[str, object], drifted: set[str]) -> None:
    outcomes = found(Logged(**changed), *MEASURED)  # type: ignore[arg-type]
    assert {measure for measure, outcome in outcomes.items() if outcome is RuleOutcome.BREACHED} == drifted


def test_no_more_than_so_many_are_read() -> None:
    log = Logged()
    found(log, "topic")
    assert set(log.asked) == {samples.READ}
    assert len(log.asked) == 2  # now, and alike hours of the past, which suffice


def test_too_few_now_are_not_read_at_all() -> None:
    log = Logged()
    assert found(log, "latency_ms", min_n=500) == {"latency_ms": RuleOutcome.NO_DATA}
    assert log.asked == []


def test_hours_less_alike_are_read_where_those_alike_hold_too_few() -> None:
    log = Logged()
    found(log, "latency_ms", trailing=timedelta(days=3), reference_min_n=800)
    assert len(log.asked) == 4


def test_where_nothing_that_was_logged_can_be_read_the_rule_says_so() -> None:
    [one] = evaluate(Rules(rules=(rule("latency_ms"),)), RUN, Logged())
    assert (one.outcome, one.sentence) == (RuleOutcome.NO_DATA, "what was logged is not at hand")


def test_meaning_is_known_only_with_a_model_that_embeds() -> None:
    assert found(Logged(), "meaning") == {"meaning": RuleOutcome.NO_DATA}


@pytest.mark.parametrize(
    ("new", "outcome"), [(0.6, RuleOutcome.BREACHED), (0.0, RuleOutcome.OK)], ids=["other questions", "the same"]
)
def test_questions_of_another_meaning_are_told_by_their_vectors(new: float, outcome: RuleOutcome) -> None:
    log, asked = Logged(new), []
    rng = Random(3)

    def embed(project: str, questions: Sequence[str]) -> list[list[float]]:
        asked.append((project, len(questions)))
        words = [word for one in (*ABOUT, NEW) for word in one]
        return [[text.split().count(word) + rng.gauss(0, 0.1) for word in words] for text in questions]

    run = replace(RUN, traffic=replace(traffic(log), embed=embed))
    [one] = evaluate(Rules(rules=(rule("meaning"),)), run, log)
    assert one.outcome is outcome
    assert "AUC" in str(one.evidence.details["note"])
    assert asked == [("p", 240 + samples.EMBEDDED)]


def test_a_model_that_cannot_be_reached_leaves_meaning_unknown() -> None:
    log = Logged()
    run = replace(RUN, traffic=replace(traffic(log), embed=lambda project, questions: ()))
    [one] = evaluate(Rules(rules=(rule("meaning"),)), run, log)
    assert one.outcome is RuleOutcome.NO_DATA


def drifted(memory: Memory) -> Finding:
    from include.monitors import drift

    one = rule("composite", min_effect=0.1)
    [finding] = drift.judge(one, drift_samples(one, RUN, memory))
    return finding


def scored(past_incident: bool) -> Memory:
    memory, rng = Memory(), Random(4)
    for number in range(29 * 24):
        at = NOW - (number + 1) * HOUR
        bad = past_incident and 8 * DAY < NOW - at < 12 * DAY
        memory.add("composite", at, [rng.choice([0.1, 0.3] if bad else [0.9, 0.95, 0.8]) for _ in range(8)], epoch="S")
    return memory


def test_an_incident_that_is_over_does_not_make_today_a_drift() -> None:
    for past_incident in (False, True):
        finding = drifted(scored(past_incident))
        assert finding.outcome is RuleOutcome.OK
        assert finding.evidence.reference == pytest.approx(0.88, abs=0.03)
    assert finding.evidence.details["days_left_out"] == 5  # it began and ended at noon


def test_sampling_weights_of_scores_are_honoured() -> None:
    rows = [
        SegmentRow(NOW, ("p",), "S", tally([0.9] * 40, rate=0.1) + tally([0.1] * 40)),
    ]
    [sample] = samples.of_scores("composite", rows, [])
    low = sum(float(value) < 0.5 for value in sample.now if value is not None)
    assert low / len(sample.now) == pytest.approx(1 / 11, abs=0.03)
    assert len(sample.now) == pytest.approx(48, abs=2)  # Kish: (40 * 11)^2 / (40 * 101)


def test_scores_that_only_rules_chose_tell_nothing() -> None:
    chosen = replace(tally([0.1] * 5), heaviest=50.0)
    [sample] = samples.of_scores("composite", [SegmentRow(NOW, ("p",), "S", chosen)], [])
    assert list(sample.now) == []


@pytest.mark.parametrize(
    ("question", "contexts", "share"),
    [
        ("When does my card arrive?", "A CARD will arrive in May", 2 / 4),
        ("How?", "", None),
        ("", "a context", None),
        ("退款进度", "退款需要三天", 1 / 3),
    ],
)
def test_overlap_is_the_share_of_the_questions_terms_in_the_contexts(
    question: str, contexts: str, share: float | None
) -> None:
    one = exchange(Random(1), NOW, ["x"], question=question, contexts=contexts)
    assert overlap(one) == (pytest.approx(share) if share is not None else None)
