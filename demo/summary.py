"""Enters: the store after a play. Leaves: what a stranger wants to know, as text, and whether the ledger closed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import psycopg

from demo.findings import Finding, Fired, fired, match
from demo.world import World, incidents


@dataclass(frozen=True, slots=True)
class Summary:
    """The text to print, and whether every interaction of every run is accounted for."""

    text: str
    closes: bool


def summarize(store: psycopg.Connection, world: World, home: Path) -> Summary:
    """The whole summary of a demo's store; `home` holds reports and outbox."""
    findings, false = match(incidents(world), fired(store))
    ledger, closes = _ledger(store)
    parts = [ledger, _projects(store), _incidents(findings, false), _spend(store), _places(store, home), _next()]
    return Summary("\n\n".join(parts), closes)


def _ledger(store: psycopg.Connection) -> tuple[str, bool]:
    row = store.execute(
        """SELECT count(*), sum(logged), sum(quarantined), sum(excluded), sum(scored), sum(failed),
                  count(*) FILTER (WHERE gap = 0 AND status = 'settled') FROM assay.runs"""
    ).fetchone()
    assert row is not None
    runs, logged, quarantined, excluded, scored, failed, closed = (int(value or 0) for value in row)
    reasons = store.execute(
        """SELECT error_type, count(DISTINCT (interaction_id, logged_at)) FROM assay.score_failures
           GROUP BY 1 ORDER BY 2 DESC"""
    ).fetchall()
    why = f" ({', '.join(f'{count:,} {reason}' for reason, count in reasons)})" if reasons else ""
    verdict = "it closes in all" if closed == runs else f"IT DOES NOT CLOSE in {runs - closed} of"
    text = (
        f"Coverage ledger: {verdict} {runs} runs\n"
        f"  logged {logged:,} = quarantined {quarantined:,} + left out by sampling {excluded:,}"
        f" + scored {scored:,} + failed {failed:,}{why}"
    )
    return text, closed == runs


def _projects(store: psycopg.Connection) -> str:
    rows = store.execute(
        """SELECT i.project, count(c.value), avg(c.value), 1.96 * stddev(c.value) / sqrt(nullif(count(c.value), 0)),
                  avg(c.value) FILTER (WHERE i.logged_at >= last.day),
                  count(c.value) FILTER (WHERE i.logged_at >= last.day)
           FROM assay.interactions i JOIN assay.composites c USING (interaction_id, logged_at),
                (SELECT max(window_end) - interval '1 day' AS day FROM assay.runs) last
           GROUP BY 1 ORDER BY 3"""
    ).fetchall()
    lines = ["Composite score (60 % correctness, 20 % faithfulness, 20 % professionalism; 1 is best)"]
    for project, n, mean, half, last, last_n in rows:
        lines.append(
            f"  {project:<18} {mean:.3f} ± {half:.3f}  over {n:>6,} interactions; last 24 hours "
            + (f"{last:.3f} over {last_n:,}" if last_n else "none")
        )
    return "\n".join(lines)


def _incidents(findings: Sequence[Finding], false: Sequence[Fired]) -> str:
    found = sum(bool(finding.alerts) for finding in findings)
    lines = [f"Planted incidents: {found} of {len(findings)} found; alerts without one: {len(false)}"]
    lines += [f"  {_finding(finding)}" for finding in findings]
    lines += [f"  no incident: {alert.alertname} of {alert.project} at {alert.fired_at:%d %b %H:%M}" for alert in false]
    return "\n".join(lines)


def _finding(finding: Finding) -> str:
    incident = finding.incident
    head = f"{incident.starts_at:%d %b %H:%M}  {incident.title}"
    if not finding.alerts:
        return f"{head}: MISSED"
    names = ", ".join(dict.fromkeys(alert.alertname for alert in finding.alerts))
    window = "day" if finding.alerts[0].window > timedelta(hours=1) else "hour"
    late = f"{finding.windows_late} {window}{'' if finding.windows_late == 1 else 's'} late"
    state = "resolved" if finding.resolved else "still firing"
    return f"{head}\n{'':16}found by {names}, {late}; {state}"


def _spend(store: psycopg.Connection) -> str:
    rows = store.execute(
        """SELECT project, coalesce(sum(cost), 0), count(*) - count(cost) FROM assay.interactions
           GROUP BY 1 ORDER BY 2 DESC"""
    ).fetchall()
    judge = store.execute(
        "SELECT count(*), coalesce(sum(cost), 0), count(*) - count(cost) FROM assay.judge_calls"
    ).fetchone()
    assert judge is not None
    unpriced = sum(row[2] for row in rows)
    total = sum((row[1] for row in rows), Decimal(0))
    lines = [
        f"Spend: ${total:,.2f} by the applications" + (f" ({unpriced:,} calls have no known price)" if unpriced else "")
    ]
    lines.append("  " + ", ".join(f"{project} ${cost:,.2f}" for project, cost, _ in rows))
    calls, cost, unknown = judge
    by = f"${cost:,.4f} for {calls:,} judge calls" + (f", {unknown:,} of unknown price" if unknown else "")
    lines.append(f"  judging: {by}" if calls else "  judging: $0.00 (the offline stand-in makes no calls)")
    return "\n".join(lines)


def _places(store: psycopg.Connection, home: Path) -> str:
    rows = store.execute("SELECT path FROM assay.reports WHERE path LIKE '%/weekly%' ORDER BY path").fetchall()
    told = store.execute("SELECT count(*) FROM assay.notification_log WHERE status = 'sent'").fetchone()
    assert told is not None
    lines = [f"Report: {home / path}" for (path,) in rows]
    lines.append(
        f"Messages: {told[0]} in {home / 'outbox'} (each .html is how Slack shows it, .json is what Slack gets)"
    )
    return "\n".join(lines)


def _next() -> str:
    return (
        "What next\n"
        "  make up                         the Airflow UI with these runs; it prints address, user, password\n"
        "  make sql Q=\"select * from assay.rule_results where outcome = 'Breached' order by window_end\"\n"
        "  make judge FILE=in.jsonl OUT=out.jsonl    judge a file of your own\n"
        "  JUDGE_BASE_URL=… JUDGE_MODEL=… JUDGE_API_KEY=… make demo    the same with a real LLM judge and RAGAS\n"
        "  docs/sources.md                 point Assay at your own log"
    )
