"""Row keys and a repair go in; rows leave the quarantine for the interactions, where the next run scores them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from include.domain.interaction import Json
from include.domain.ports import Intake
from include.errors import RepairRefused
from include.ingest.extract import normalize
from include.ingest.intake import Desk, decide
from include.ingest.mapping import WORDS


def release(
    source: str,
    row_keys: Sequence[str],
    repair: Mapping[str, Json],
    intake: Intake,
    desk: Desk,
    now: datetime,
    who: str = "",
) -> int:
    """Replace the fields of `repair` in each row, look at it again, and let it in; returns how many rows.

    Raises `RepairRefused`, and the caller's transaction then ends with nothing written, where the repair names an
    unknown field, where a row does not wait in quarantine, or where the suite still refuses it: its id may name an
    interaction of the same hour by now.
    """
    if unknown := sorted(set(repair) - set(WORDS)):
        raise RepairRefused(f"no such fields: {', '.join(unknown)}. Known: {', '.join(WORDS)}")
    run_id = f"release/{source}/{now.isoformat()}"
    waiting = intake.quarantined(source, row_keys)
    if missing := sorted(set(row_keys) - {row.row_key for row in waiting}):
        raise RepairRefused(f"not in quarantine: rows {', '.join(missing)} of source {source}")
    intake.stage(
        run_id,
        (normalize({**row.raw, **repair, "row_key": row.row_key, "logged_at": row.logged_at}) for row in waiting),
    )
    for facts in intake.facts(run_id, source, excerpts=desk.plan.reads_language):
        findings = desk.check(facts, {})
        for row_key, reasons in findings.refused.items():
            raise RepairRefused(f"row {row_key} is still refused by {', '.join(reasons)}")
        intake.decide(decide(facts, findings, desk))
    admitted = intake.admit(run_id, source, now, desk.plan.floor)
    intake.note_repair(source, row_keys, repair, who)
    return admitted.interactions
