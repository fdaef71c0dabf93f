"""What drift reads of a store, and Evidently's page of what drifted: drawn once, kept for a while, linked by alerts."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import psycopg

from include.adapters.postgres.reports import Reports
from include.adapters.postgres.segments import Segments
from include.adapters.postgres.traffic import Traffic as StoredTraffic
from include.assembly import courtroom, now
from include.domain.interaction import Window
from include.domain.report import Attachment, PublishedReport
from include.domain.rule import RuleOutcome, RuleResult
from include.ingest.language import detect
from include.judges.offline.refusal import declines
from include.judges.offline.text import read
from include.meaning import DIMENSION, embedder
from include.monitors.drift import drift_html
from include.monitors.evaluate import Settled, drift_samples
from include.monitors.result import labels
from include.monitors.rules import DriftRule, Rules
from include.monitors.samples import Traffic
from include.monitors.shift import Sample
from include.reports.publish import FOLDER, write_whole
from include.settings import Settings

KIND = "drift_"
"""Begins the ids of these pages in the index of reports."""
A_DAY = 4
"""Pages that are drawn for windows that end on one day; each has about 4 MB."""
KEPT = timedelta(days=30)
EVIDENCE = "evidence"
"""The annotation with the path of the page, below the address of Airflow's UI."""


def traffic(settings: Settings, rules: Rules, store: psycopg.Connection) -> Traffic:
    """What the drift rules can know of the interactions in a store; models are looked for only if a rule wants one.

    So a judge that is set up wrongly keeps no rule from being evaluated.
    """
    wanted = any(isinstance(rule, DriftRule) and DIMENSION in rule.measures for rule in rules.rules)
    embed = embedder(courtroom(settings)) if wanted else None
    return Traffic(StoredTraffic(store), detect, lambda answer: declines(read(answer)), embed)


def with_pages(
    settings: Settings, store: psycopg.Connection, rules: Rules, run: Settled, found: Sequence[RuleResult]
) -> list[RuleResult]:
    """The results; what drift rules found breached names the page that shows it, drawn now unless it stands already.

    After `A_DAY` pages of a day the rule's last one is named, if there is any.
    """
    pages: dict[str, str] = {}
    for rule in rules.rules:
        if isinstance(rule, DriftRule):
            breached = [one for one in found if one.rule == rule.name and one.outcome is RuleOutcome.BREACHED]
            page = _page(settings, Reports(store), store, rule, run, breached) if breached else None
            pages |= {one.fingerprint: page for one in breached if page}
    return [
        replace(one, annotations={**one.annotations, EVIDENCE: pages[one.fingerprint]})
        if one.fingerprint in pages
        else one
        for one in found
    ]


def of_week(index: Reports, week: Window) -> list[Attachment]:
    """The pages that were drawn in a week, the newest first."""
    pages = [one for one in index.all() if is_page(one) and week.start < one.window.end <= week.end]
    return [Attachment(f"{one.title}, {one.window.end:%d %b %H:%M} UTC", one.attachments[0].name) for one in pages]


def is_page(report: PublishedReport) -> bool:
    """Whether an entry of the index is such a page, and no weekly report."""
    return report.report_id.startswith(KIND)


def forget_pages(settings: Settings, store: psycopg.Connection, at: datetime) -> list[str]:
    """Remove the pages that are older than `KEPT`; returns where they stood."""
    paths = Reports(store).forget(KIND, at - KEPT)
    for path in paths:
        (settings.home / path).unlink(missing_ok=True)
    return paths


def _page(
    settings: Settings,
    index: Reports,
    store: psycopg.Connection,
    rule: DriftRule,
    run: Settled,
    breached: Sequence[RuleResult],
) -> str | None:
    """The path of the page below Airflow's UI; None where there is none and no more are drawn."""
    pages = [one for one in index.all() if is_page(one)]
    report_id = f"{KIND}{rule.name}_{run.window.end:%Y-%m-%dT%H%MZ}"
    today = [one for one in pages if one.window.end.date() == run.window.end.date()]
    if report_id not in {one.report_id for one in pages} and len(today) >= A_DAY:
        return next((_path(one) for one in pages if one.report_id.startswith(f"{KIND}{rule.name}_")), None)
    html = drift_html(_shown(rule, run, store, breached)).encode("utf-8", "replace")
    name = f"{report_id}.html"
    write_whole(settings.home / FOLDER / name, html)
    page = PublishedReport(
        report_id=report_id,
        window=run.window,
        title=f"Evidently: {rule.name}",
        headline=" ".join(one.sentence for one in breached)[:2_000],
        path=f"{FOLDER}/{name}",
        attachments=(Attachment("Evidently", name),),  # itself: it holds scripts, as no report does
        sha256=hashlib.sha256(html).hexdigest(),
        created_at=now(),
    )
    index.register(page)
    return _path(page)


def _shown(rule: DriftRule, run: Settled, store: psycopg.Connection, breached: Sequence[RuleResult]) -> list[Sample]:
    wanted = [one.labels for one in breached]
    samples = drift_samples(rule, run, Segments(store))
    return [sample for sample in samples if labels(rule, sample.segment, sample.measure) in wanted]


def _path(page: PublishedReport) -> str:
    return f"/assay/quality/reports/{page.report_id}/files/{page.attachments[0].name}"
