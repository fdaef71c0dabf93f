"""Enters: a world. Leaves: what goes wrong in it, when, and how it changes what is logged meanwhile."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from demo.world.fleet import FLASH_LITE, Deployment
from demo.world.model import Defect, Incident, World


@dataclass(frozen=True, slots=True)
class Effect:
    """What a deploy changes: the rate and kinds of defects, and the model or prompt that the log names."""

    defect_rate: float = 0.0
    defects: Mapping[Defect, float] = field(default_factory=dict)
    thorough: bool = False
    """A defective answer has nothing right in it, rather than one thing wrong."""
    deployment: Deployment | None = None
    prompt_version: str | None = None


def incidents(world: World) -> tuple[Incident, ...]:
    """All incidents, in order of their beginning."""
    day, live = world.start, world.live_start
    return (
        Incident(
            name="lost-passages",
            title="The retrieval index loses passages",
            project="city-services",
            starts_at=day + timedelta(days=9),
            ends_at=day + timedelta(days=12),
            phase="history",
            what="faithfulness",
            sentence="A faulty re-index dropped most passages: answers came from the model's memory.",
        ),
        Incident(
            name="bad-prompt",
            title="A prompt release answers in the wrong language or not at all",
            project="clinic-booking",
            starts_at=day + timedelta(days=17),
            ends_at=day + timedelta(days=19),
            phase="history",
            what="correctness",
            sentence="Prompt v8 refused harmless questions and mixed up languages until it was rolled back.",
        ),
        Incident(
            name="rude-prompt",
            title="A prompt release turns the help desk rude",
            project="bank-helpdesk",
            starts_at=live + timedelta(hours=7),
            ends_at=live + timedelta(hours=12),
            phase="live",
            what="professionalism",
            sentence="Prompt v5 scolds customers; it is rolled back to v4 after five hours.",
        ),
        Incident(
            name="corrupt-rows",
            title="A broken logging client writes corrupt rows",
            project="clinic-booking",
            starts_at=live + timedelta(hours=9),
            ends_at=live + timedelta(hours=10),
            phase="live",
            what="quarantine_rate",
            sentence="For an hour most rows have no answer, negative tokens, repeated ids or future timestamps.",
        ),
        Incident(
            name="silence",
            title="Nothing is logged for an hour",
            project=None,
            starts_at=live + timedelta(hours=13),
            ends_at=live + timedelta(hours=14),
            phase="live",
            what="volume",
            sentence="In the middle of the working day no application logs a single row.",
        ),
        Incident(
            name="model-swap",
            title="A cheaper model makes things up",
            project="docs-assistant",
            starts_at=live + timedelta(hours=14),
            ends_at=live + timedelta(hours=22),
            phase="live",
            what="faithfulness",
            sentence="All traffic moves to gemini-2.5-flash-lite, and every second answer is not in the documents.",
        ),
        Incident(
            name="retry-loop",
            title="A client loops over one conversation with ever longer prompts",
            project="city-services",
            starts_at=live + timedelta(hours=16),
            ends_at=live + timedelta(hours=17),
            phase="live",
            what="spend",
            sentence="A form-filling client repeats its questions and sends the whole transcript with each.",
        ),
    )


EFFECTS: Mapping[str, Effect] = {
    "lost-passages": Effect(defect_rate=0.75, defects={"lost_context": 0.5, "unsupported": 0.5}, thorough=True),
    "bad-prompt": Effect(defect_rate=0.65, defects={"refusal": 0.55, "wrong_language": 0.45}, prompt_version="v8"),
    "rude-prompt": Effect(defect_rate=0.85, defects={"rude": 1.0}, prompt_version="v5"),
    "model-swap": Effect(
        defect_rate=0.62,
        defects={"unsupported": 0.6, "wrong_number": 0.25, "contradiction": 0.15},
        thorough=True,
        deployment=FLASH_LITE,
    ),
}
"""By name of the incident; the others happen to the log, not to the answers: see `disturbances`."""
