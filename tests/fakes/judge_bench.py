"""What the page of judges is told, built by hand; a text goes into everything that anybody wrote."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from include.domain.cost import Spend
from include.domain.interaction import Window
from include.domain.judge_record import Agreement, CallRecord, EpochRecord, Failed, Given
from include.domain.report import Estimate, Leaning
from include.pages.judges import Bench, JudgeEpoch

END = datetime(2026, 11, 20, 19, tzinfo=UTC)
DAY = timedelta(days=1)


def record(epoch: str = "e2", text: str = "", days_ago: int = 3, dimension: str = "correctness") -> EpochRecord:
    """A rubric judge."""
    parts = {"model": f"gpt-{epoch}{text}"}
    return EpochRecord(epoch, dimension, "LLM_JUDGE", f"rubric {dimension} 3{text}", parts, END - days_ago * DAY)


def bench(text: str = "", **changes: object) -> Bench:
    """Two projects: in one a judge took over from another and failed at some, in the other one gave nothing."""
    old, new, bank = record("e1", text, days_ago=30), record("e2", text), f"bank{text}"
    unheard = (Failed("shop", "e2", "nothing_to_judge", 4),)
    given: dict[str, object] = {
        "window": Window(END - 7 * DAY, END),
        "epochs": (
            JudgeEpoch(
                bank,
                new,
                Estimate(0.81, 0.78, 0.84, 190),
                Given(bank, "e2", Spend(190, 5, Decimal("0.37")), 1000, 250),
                (Failed(bank, "e2", "judge_malformed_reply", 8), Failed(bank, "e2", "no_response", 2)),
                Agreement(bank, "e2", 12, -0.041, 0.112),
                old,
                (f"model: gpt-e1{text} -> gpt-e2{text}", "rubric"),
            ),
            JudgeEpoch(bank, old, None, Given(bank, "e1", Spend(1)), (), None, None, ()),
            JudgeEpoch("shop", new, None, Given("shop", "e2"), unheard, None, None, ()),
        ),
        "calls": (
            CallRecord(
                bank,
                "correctness",
                f"rubric{text}",
                Spend(300, 3, Decimal("0.4")),
                100,
                2000,
                500,
                Spend(100, 0, Decimal("0.1")),
            ),
            CallRecord("shop", "correctness", "rubric", Spend(), 0, 0, 0, Spend(5, 5)),
        ),
        "leanings": (
            (new, Leaning("padded", "correctness", "e2", 40, 0.06, 0.03, 0.09, is_fault=True)),
            (new, Leaning("planted", "correctness", "e2", 40, -0.5, -0.53, -0.47, is_fault=False)),
            (old, Leaning("shuffled", "correctness", "e1", 1, 0.0, None, None, is_fault=False)),
        ),
    }
    return Bench(**given | changes)  # type: ignore[arg-type]
