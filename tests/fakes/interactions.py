"""Interactions as the pages show them; `text` goes into everything that anybody logged, wrote or was told."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from include.domain.feedback import Case, Feedback, FeedbackKind, Rejudgement, Said
from include.domain.listing import Choices, Listed
from include.domain.record import Excerpt, Failed, Given, Logged, Neighbour, Record
from include.domain.score import Composite, Opinion, Statement
from include.judges.ragas_metrics import FAITHFULNESS, METRICS

AT = datetime(2026, 11, 20, 17, 5, 0, 123456, tzinfo=UTC)
PASSAGES = ("The pool opens at 9:00 from Tuesday to Sunday. A ticket costs 6 euros.", "Lockers take a 2 euro coin.")
ANSWER = "The pool opens at 9:00 from Tuesday to Sunday. A ticket costs 4 euros. Dogs may swim on Mondays."


def told(marks: list[Statement]) -> str:
    """What RAGAS's faithfulness leaves with its score."""
    return METRICS[FAITHFULNESS].told(0.0, marks)


def refused(text: str, reason: str = "The passages say otherwise.") -> Statement:
    """A statement that the passages do not bear out."""
    return Statement(text, reason, good=False)


def borne_out(text: str) -> Statement:
    """One that they do."""
    return Statement(text, "It is there.", good=True)


def listed(text: str = "", number: int = 0, **changes: object) -> Listed:
    """A row of the list."""
    row = Listed(
        interaction_id=f"x{number}{text}",
        logged_at=AT - timedelta(minutes=number),
        project=f"bank{text}",
        environment=f"production{text}",
        model=f"gpt{text}",
        prompt_version=f"v1{text}",
        question=f"When does the pool open? {text}",
        answer=f"At nine. {text}",
        value=0.41,
        by_dimension={f"correctness{text}": 0.4},
        failures={f"faithfulness{text}": f"judge_timeout{text}"},
        error_type=f"timeout{text}",
        latency_ms=1234.0,
        cost=Decimal("0.0042"),
        sampled=True,
    )
    return replace(row, **changes)  # type: ignore[arg-type]


def choices(text: str = "") -> Choices:
    """What can be chosen from."""
    return Choices((f"bank{text}", "help"), (f"production{text}", "staging"), (f"gpt{text}",), (f"v1{text}",))


def logged(text: str = "", **changes: object) -> Logged:
    """An interaction with all its fields."""
    row = Logged(
        interaction_id=f"x0{text}",
        logged_at=AT,
        occurred_at=AT,
        source=f"native{text}",
        row_key=f"r1{text}",
        project=f"bank{text}",
        environment=f"production{text}",
        conversation_id=f"c1{text}",
        question=_whole(f"When does the pool open? {text}"),
        answer=_whole(f"{ANSWER} {text}"),
        reference=_whole(f"At nine. {text}"),
        contexts=tuple(_whole(f"{passage} {text}") for passage in PASSAGES),
        history=((f"user{text}", _whole(f"Hello. {text}")), ("assistant", _whole("Good day."))),
        provider_name=f"openai{text}",
        request_model=f"gpt{text}",
        response_model=f"gpt-2026{text}",
        prompt_version=f"v1{text}",
        tokens={"input_tokens": 1200, "output_tokens": 80},
        latency_ms=1234.0,
        finish_reason=f"stop{text}",
        error_type=f"timeout{text}" if text else None,
        attributes={f"channel{text}": f"web{text}", "nested": [f"a{text}"], "feedback": f"negative{text}"},
        cost=Decimal("0.0042"),
        price_source=f"contract{text}",
        billed_cost=Decimal("0.005"),
        billed_amount=Decimal("0.0046"),
        billed_currency=f"EUR{text}",
        sampled=True,
        sampling_rate=0.25,
        stratum=f"all{text}",
        always=False,
    )
    return replace(row, **changes)  # type: ignore[arg-type]


def said(text: str = "") -> Said:
    """Two scores of one person, a correction, a case and judging again."""
    of = {"interaction_id": "x0", "logged_at": AT, "project": "bank", "environment": "production"}
    score = Feedback(
        **of,  # type: ignore[arg-type]
        kind=FeedbackKind.SCORE,
        text=f"It opens at nine. {text}",
        who=f"ada{text}",
        at=AT,
        dimension=f"correctness{text}",
        epoch="e1",
        judged=0.4,
        value=0.75,
    )
    earlier = replace(score, text="It is closed.", value=0.0, at=AT - timedelta(minutes=2))
    words = {"kind": FeedbackKind.CORRECTION, "text": f"At nine, but for Mondays. {text}", "value": None}
    correction = replace(score, **words, dimension="", epoch="", judged=0.41)  # type: ignore[arg-type]
    case = Case(f"hours{text}", "x0", AT, f"At nine. {text}", f"Mondays {text}", f"bob{text}", AT)
    before, after = {"composite": 0.41, f"tone{text}": 0.5}, {"composite": 0.81, f"tone{text}": 0.75, "new": 1.0}
    again = Rejudgement("x0", AT, True, before, after, f"ada{text}", AT)
    return Said((score, correction, earlier), (case,), (again, replace(again, before={}, corrected=False)))


def record(text: str = "", **changes: object) -> Record:
    """One that was judged by a panel and by RAGAS, and that one judge could not score."""
    marks = [borne_out("It opens at 9:00."), refused(f"A ticket costs 4 euros. {text}", f"It costs 6. {text}")]
    marks.append(refused("Dogs may swim on Mondays."))
    ragas = _given("faithfulness", told(marks), text, source="RAGAS", statements=tuple(marks))
    members = (Opinion(f"small{text}", 0.2, f"Bad. {text}", Decimal("0.001")), Opinion("large", 0.6, "Fair.", None, 1))
    panel = _given("correctness", f"Half of it is right. {text}", text, members=members, disagreement=0.4)
    failed = Failed(f"tone{text}", "LLM_JUDGE", "e3", f"rubric{text}", f"judge_timeout{text}", text, True, 2, AT)
    lowest = Composite("x0", AT, 0.41, "w1", "s1", {f"correctness{text}": 0.4, "faithfulness": 0.33})
    other = Neighbour(f"x1{text}", AT - timedelta(minutes=1), f"Hello? {text}", 0.8)
    known = Record(logged(text), (panel, ragas), (failed,), (lowest, replace(lowest, value=0.5)), (other,))
    return replace(known, **changes)  # type: ignore[arg-type]


def _given(dimension: str, explanation: str, text: str, **changes: object) -> Given:
    plain = Given(
        dimension=f"{dimension}{text if dimension != FAITHFULNESS else ''}",
        value=0.4,
        explanation=explanation,
        source="LLM_JUDGE",
        epoch="e1",
        judge=f"rubric{text}",
        model=f"judge{text}",
        input_tokens=2000,
        output_tokens=200,
        cost=Decimal("0.0004"),
        scored_at=AT,
    )
    return replace(plain, **changes)  # type: ignore[arg-type]


def _whole(text: str) -> Excerpt:
    return Excerpt(text, len(text))
