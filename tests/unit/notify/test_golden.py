"""The messages of some situations, as Block Kit JSON; `ASSAY_WRITE_GOLDENS=1` writes them anew, to be looked at."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from math import sin
from pathlib import Path

import pytest

from include.domain.alert import Acknowledgement
from include.domain.cause import Cause
from include.domain.cause import Verdict as CauseVerdict
from include.domain.message import Fact, Link, Message, Section, Severity
from include.domain.rule import Evidence, RuleResult
from include.notify.alerts import update_alerts
from include.notify.blocks import Look, render_blocks
from include.notify.messages import Background, incident_message
from tests.fakes.notify import HOUR, MIDNIGHT, ROUTES, FakeBook, result

QUOTES = (
    "“How long do I have to return a mixer that I opened, and who pays?” → “You can return any product within 90 days "
    "and we pay for shipping, no questions asked.” (scored 0.05)",
    "“Write to <email-1> about order 5521” → “I have written to <email-1>.” (scored 0.10)",
)
CAUSE = Cause(
    sentence="82 % of the drop comes from prompt version v7 (31 % of traffic), first seen 20 Nov 09:10 UTC: 0.21 there "
    "against 0.80 before. Model, language and topic make no difference.",
    verdict=CauseVerdict.SEGMENT,
    value=0.41,
    reference=0.8,
    n=214,
    reference_n=5120,
)
GOLDEN = Path(__file__).parents[2] / "golden/slack"


def told(*hours: list[RuleResult], quotes: tuple[str, ...] = QUOTES, **changes: object) -> Message:
    """The message of the one incident that these hours make."""
    book = FakeBook()
    for results in hours:
        update_alerts(results, book, ROUTES, live=True)
    (incident_id,) = book.unsettled("fake")
    incident = replace(book.incident(incident_id), **changes)  # type: ignore[arg-type]
    background = Background(lambda alert: trail(alert.updated_at, alert.evidence.value), lambda alert: quotes)
    return incident_message(incident, "http://localhost:8080", background)


def trail(until: datetime, value: float | None) -> list[tuple[datetime, float | None]]:
    """Three days of hours: near 0.8, with a gap, then what the last hour was found to be."""
    ends = [until - number * HOUR for number in range(72, -1, -1)]
    usual = [None if number in (30, 31) else 0.8 + 0.03 * sin(number * 1.7) for number in range(72)]
    return list(zip(ends, [*usual, value], strict=True))


def faithfulness(hour: int, outcome: str = "Breached", value: float = 0.412) -> RuleResult:
    return replace(
        result(outcome, hour, alertname="faithfulness_below_target", dimension="faithfulness", keep_firing_for=2),
        sentence="Mean faithfulness of help-desk fell to 0.41, which is 0.39 below the last four weeks.",
        evidence=Evidence(
            value, 0.801, 0.38, 0.444, 0.95, 214, 5120, adjusted_p_value=0.000012, details={"cause": CAUSE.to_json()}
        ),
    )


def composite(hour: int, outcome: str = "Breached", value: float = 0.652) -> RuleResult:
    return replace(
        result(outcome, hour, alertname="composite_below_target", dimension="composite", keep_firing_for=2),
        sentence="Mean composite of help-desk fell to 0.65, below its target of 0.75.",
        evidence=Evidence(value, 0.75, 0.63, 0.674, 0.95, 214),
    )


def volume(hour: int, project: str) -> RuleResult:
    return replace(
        result("Breached", hour, alertname="volume_low", project=project, category="data", severity="warning"),
        sentence=f"{project} logged nothing, where 40 to 90 interactions are usual at this hour.",
        evidence=Evidence(0, 61, n=0),
        annotations={"owner": "platform", "runbook": "Ask the application's team whether it is down."},
    )


def corrupt(hour: int) -> RuleResult:
    return replace(
        result("Breached", hour, alertname="quarantine_rate_high", category="data", severity="critical"),
        sentence="38 % of the rows that help-desk logged were refused: response is NULL, input_tokens is negative.",
        evidence=Evidence(0.381, 0.02, 0.31, 0.46, 0.95, 160),
        annotations={"owner": "platform", "unit": "share"},
    )


def hostile(hour: int) -> RuleResult:
    name = "<!channel> *bold* <https://evil.example|click> & `x`\n\u202eecila"
    made = result("Breached", hour, alertname="composite_low", project=name, severity="warning")
    return replace(made, sentence=f"Worst segment: {name}", labels={**made.labels, "segment": f"prompt={name}"})


LOOP = Cause(
    sentence="92 % of the rise comes from conversation id c-4417 (92 % of spend, none before).",
    verdict=CauseVerdict.SEGMENT,
    value=15.69,
    reference=0.81,
    n=118,
    reference_n=147,
)


def retry_loop(hour: int) -> RuleResult:
    factors = (
        "5.6 times as many interactions: +7.86 USD; 3.6 times as many input tokens each: +4.97 USD; "
        "2 % of input tokens from a cache, 48 % before: +2.01 USD; all else: +0.04 USD"
    )
    return replace(
        result("Breached", hour, alertname="spend-spike", category="cost", severity="critical"),
        sentence=f"help-desk / prod: 15.69 USD by 118 interactions (usually 0.81 USD by 21). {factors}",
        evidence=Evidence(15.69, 0.81, n=118, reference_n=420, details={"cause": LOOP.to_json()}),
        annotations={
            "owner": "application",
            "unit": "USD",
            "runbook": "More calls or longer prompts? The sentence tells; look for a loop that tries again and again.",
        },
    )


COSTS = Message(
    key="costs-2026-11-20",
    title="Spend of 20 Nov 2026",
    severity=Severity.INFO,
    summary="The four projects spent $41.20, $3.10 more than on an average day of the last four weeks.",
    facts=(Fact("Applications", "$38.90"), Fact("Judges", "$2.30"), Fact("Without a price", "12 calls of model x-1")),
    sections=(Section("By project", ("help-desk: $20.10", "clinic: $9.40")),),
    links=(Link("Summary runs", "http://localhost:8080/dags/summarize_costs/runs"),),
    footer="As of 21 Nov 2026, 02:00 UTC",
)

LOOK = Look({"ml-platform": "S0123ABCD"}, buttons=True)
SITUATIONS: dict[str, Callable[[], Message]] = {
    "quality_firing": lambda: told([faithfulness(9), composite(9)], [faithfulness(10, value=0.398), composite(10)]),
    "quality_resolved": lambda: told(
        [faithfulness(9), composite(9)],
        [faithfulness(10, "Ok", 0.795), composite(10, "Ok", 0.781)],
        [faithfulness(11, "Ok", 0.803), composite(11, "Ok", 0.79)],
    ),
    "data_with_consequence": lambda: told([corrupt(14), composite(14)]),
    "retry_loop": lambda: told([retry_loop(14)], quotes=()),
    "silence_of_many": lambda: told([volume(3, name) for name in ("bank", "city", "clinic", "docs")]),
    "acknowledged": lambda: told(
        [faithfulness(9), composite(9)],
        acknowledged=Acknowledgement("alice", MIDNIGHT + 10.2 * HOUR),
    ),
    "hostile_text": lambda: told([hostile(5)], quotes=("<!channel> *x* <https://evil.example|click> > quoted\n> two",)),
    "costs": lambda: COSTS,
}


@pytest.mark.parametrize("name", SITUATIONS)
def test_messages_are_as_they_were_looked_at(name: str) -> None:
    message = SITUATIONS[name]()
    image = {"slack_file": {"id": "F0123456789"}} if message.chart else None
    made = json.dumps(render_blocks(message, image, LOOK), indent=1, ensure_ascii=False) + "\n"
    path = GOLDEN / f"{name}.json"
    if os.environ.get("ASSAY_WRITE_GOLDENS"):
        path.write_text(made, encoding="utf-8")
    assert made == path.read_text(encoding="utf-8")
