"""Row keys and a repair go in; rows leave the quarantine for the interactions, where the next run scores them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from include.domain.interaction import Json
from include.domain.ports import Intake
from include.errors import RepairRefused
from include.ingest.extract import normalize
from include.ingest.intake import Desk, decide


def release(
    source: str, row_keys: Sequence[str], repair: Mapping[str, Json], intake: Intake, desk: Desk, now: datetime
) -> int:
    """Replace the fields of `repair` in each row, look at it again, and let it in; returns how many rows.

    Raises `RepairRefused`, and then nothing is released, where a row does not wait in quarantine, where the suite
    still refuses it, or where its id and time name an interaction that is there already.
    """
    run_id = f"release/{source}/{now.isoformat()}"
    waiting = intake.quarantined(source, row_keys)
    if missing := sorted(set(row_keys) - {row.row_key for row in waiting}):
        raise RepairRefused(f"not in quarantine: rows {', '.join(missing)} of source {source}")
    intake.stage(
        run_id,
        (normalize({**row.raw, **repair, "row_key": row.row_key, "logged_at": row.logged_at}) for row in waiting),
    )
    for facts in intake.facts(run_id):
        findings = desk.check(facts, {})
        for row in facts:
            reasons = list(findings.refused.get(row.row_key, ()))
            if not reasons and row.interaction_id and intake.is_taken(row.interaction_id, row.logged_at):
                reasons = ["id_unique: repair interaction_id"]
            if reasons:
                raise RepairRefused(f"row {row.row_key} is still refused by {', '.join(reasons)}")
        intake.decide(decide(facts, findings, desk))
    admitted = intake.admit(run_id, source, now)
    intake.note_repair(source, row_keys, repair)
    return admitted.interactions
