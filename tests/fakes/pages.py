"""The pages with what they show and who reads, in memory; what was done there is noted."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial

from fastapi import Depends, FastAPI, Request
from fastapi.testclient import TestClient

from include.domain.alert import Acknowledgement, Alert, AlertState, Incident, Verdict
from include.domain.cost import Spend
from include.domain.interaction import Window
from include.domain.listing import Choices, Listing, Search
from include.domain.report import Estimate, MeasureWeek, ProjectWeek, ReportFile, ReportMissing, Trend
from include.domain.rule import Evidence
from include.domain.silence import Matcher, Operator, Silence
from include.errors import FeedbackRefused, PageMissing, RepairRefused, SilenceRefused
from include.notify.messages import Background, incident_message
from include.notify.thread import history
from include.pages.costs import Expenses
from include.pages.incidents import Dossier, Headline, IncidentList
from include.pages.interaction import Story, story
from include.pages.judges import Bench
from include.pages.overview import Covered, Overview, ProjectState
from include.pages.project import ProjectPage
from include.pages.reports import Shelved
from include.pages.runs import RunsPage
from plugins.quality import costs as costs_page
from plugins.quality import incidents, silences
from plugins.quality import interactions as interaction_pages
from plugins.quality import judges as judges_page
from plugins.quality import overview as overview_page
from plugins.quality import project as project_pages
from plugins.quality import reports as report_pages
from plugins.quality import runs as run_pages
from plugins.quality.app import build_app
from plugins.quality.dag_runs import NO_DAG_RUNS, DagRuns
from plugins.quality.opinions import Acts
from plugins.quality.reader import Reader
from plugins.quality.site import PREFIX
from tests.fakes.expenses import expenses
from tests.fakes.interactions import choices, listed, record, said
from tests.fakes.judge_bench import bench
from tests.fakes.project_page import project_page
from tests.fakes.report_shelf import files, shelved
from tests.fakes.runs_page import runs_page

NOW = datetime(2026, 11, 20, 18, 20, tzinfo=UTC)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
SECRET = "for tests only"


def alert(text: str = "", **changes: object) -> Alert:
    """A firing one; `text` goes into everything that anybody wrote."""
    labels = {"alertname": "composite-drop", "project": "bank", "environment": "production", "severity": "critical"}
    given: dict[str, object] = {
        "fingerprint": "f1",
        "starts_at": NOW - 5 * HOUR,
        "state": AlertState.FIRING,
        "labels": {**labels, "category": "quality", "dimension": "", **({"segment": text} if text else {})},
        "sentence": f"composite 0.41, usually 0.80 {text}",
        "evidence": Evidence(0.41, 0.8, 0.38, 0.44, 0.95, 214, detectable=0.05),
        "live": True,
        "breached_at": NOW - HOUR,
        "updated_at": NOW - HOUR,
        "fired_at": NOW - 4 * HOUR,
        "incident_id": "i1",
        "annotations": {"owner": f"llm-quality{text}", "runbook": f"Read the worst answers. {text}"},
    }
    return Alert(**given | changes)  # type: ignore[arg-type]


def dossier(text: str = "", **changes: object) -> Dossier:
    """One open incident with examples, a chart and a history."""
    found = Incident("i1", (alert(text, **changes), alert(text, fingerprint="f2", explained_at=NOW)))
    trail = [(NOW - number * HOUR, value) for number, value in ((5, 0.8), (4, None), (3, 0.5), (2, 0.41))]
    known = Background(trail=lambda _: trail, quotes=lambda _: [f"“Is it open?” → “{text or 'Perhaps.'}”"])
    verdicts = (Verdict(f"bob{text}", useful=False, at=NOW),)
    return Dossier(found, incident_message(found, "http://airflow", known), tuple(history(found, verdicts)), verdicts)


def state(project: str = "bank", environment: str = "production", *told: Incident, mean: float = 0.8) -> ProjectState:
    """A project with three weeks of days."""
    days = tuple((NOW - (21 - number) * DAY, Estimate(mean, mean - 0.05, mean + 0.05, 40)) for number in range(21))
    week = MeasureWeek("composite", "e1", Estimate(mean, 0.7, 0.9, 280), None, None, Trend.NO_DATA, days)
    scores = ProjectWeek(
        project, environment, week, (MeasureWeek("tone", "e2", week.now, None, None, Trend.STEADY, ()),)
    )
    return ProjectState(scores, Covered(1000, 280, 3, 7), told, Spend(1000, 12, Decimal("12.34")))


def overview(*states: ProjectState, everywhere: tuple[Incident, ...] = (), settled: datetime | None = NOW) -> Overview:
    """As the page is told it."""
    window = Window(NOW.replace(minute=0) + HOUR - 7 * DAY, NOW.replace(minute=0) + HOUR)
    environments = tuple(sorted({one.environment for one in states}))
    return Overview(window, states, everywhere, environments, settled)


@dataclass
class Desk:
    """What the pages read, and what was done by whom. `triggers` are the DAGs that the reader may trigger."""

    text: str = ""
    triggers: tuple[str, ...] = ("watch_quality", "rejudge_interaction")
    done: list[tuple[object, ...]] = field(default_factory=list)
    asked: list[object] = field(default_factory=list)
    over: Overview | None = None
    one: Dossier | None = None
    listing: Listing | None = None
    told: Story | None = None
    scored: ProjectPage | None = None
    ran: RunsPage | None = None
    spent: Expenses | None = None
    judged: Bench | None = None
    shelf: list[Shelved] | None = None
    files: dict[str, ReportFile] | None = None
    has_more: bool = False
    user_id: str = "u1"
    dag_runs: DagRuns = NO_DAG_RUNS

    def app(self) -> FastAPI:
        """Mounted as Airflow mounts it."""
        root = FastAPI()
        root.mount(PREFIX, self.pages())
        return root

    def client(self) -> TestClient:
        """A browser that follows no redirect."""
        return TestClient(self.app(), follow_redirects=False, base_url=f"http://testserver{PREFIX}/")

    def pages(self, door: object = None) -> FastAPI:
        """The app by itself, behind another door than the reader's own where one is given."""

        def enter(request: Request) -> None:
            request.state.reader = Reader(self.user_id, f"ada{self.text}", lambda dag_id: dag_id in self.triggers)

        def note(name: str) -> object:
            return lambda *given: self.done.append((name, *given))

        acts = {name: note(name) for name in ("acknowledge", "snooze", "judge")}
        return build_app(
            SECRET,
            [door or Depends(enter)],
            [
                partial(overview_page.router, self._overview),
                partial(project_pages.router, self._project),
                partial(run_pages.router, self._runs, self._release),
                partial(
                    interaction_pages.router,
                    interaction_pages.Reads(self._interactions, self._interaction),
                    Acts(note("disagree"), self._correct, note("keep"), note("rejudge")),  # type: ignore[arg-type]
                ),
                partial(
                    incidents.router,
                    incidents.Reads(self._incident_list, self._incident),
                    incidents.Acts(**acts),  # type: ignore[arg-type]
                ),
                partial(costs_page.router, self._costs),
                partial(judges_page.router, self._judges),
                partial(report_pages.router, report_pages.Reads(self._reports, self._file)),
                partial(silences.router, self._silences, silences.Acts(self._silence, note("expire"))),  # type: ignore[arg-type]
            ],
            self.dag_runs,
            clock=lambda: NOW,
        )

    def _overview(self, window: Window, environment: str) -> Overview:
        self.asked.append((window, environment))
        return self.over or overview(
            state(f"bank{self.text}", f"production{self.text}", dossier(self.text).incident),
            state("help", "staging"),
            everywhere=(dossier(self.text).incident,),
        )

    def _project(self, name: str, window: Window, environment: str) -> ProjectPage:
        self.asked.append((name, window, environment))
        if name == "unknown":
            raise PageMissing(f"no interaction of a project {name} is on record")
        return self.scored or project_page(self.text, *self._incidents(window))

    def _interactions(self, search: Search) -> tuple[Listing, Choices]:
        self.asked.append(search)
        found = tuple(listed(self.text, number) for number in range(2))
        return self.listing or Listing(found, found[-1].place), choices(self.text)

    def _interaction(self, interaction_id: str, logged_at: datetime | None) -> Story:
        self.asked.append((interaction_id, logged_at))
        if interaction_id != "x0":
            raise PageMissing("no interaction of this id is in the store")
        return self.told or replace(story(record(self.text)), said=said(self.text))

    def _correct(self, interaction_id: str, logged_at: datetime, answer: str, who: str) -> None:
        if not answer:
            raise FeedbackRefused("Write the answer as it should have been")
        self.done.append(("correct", interaction_id, logged_at, answer, who))

    def _runs(self, window: Window) -> RunsPage:
        self.asked.append(window)
        return self.ran or runs_page(self.text)

    def _release(self, row_key: str, who: str) -> None:
        if row_key == "bad":
            raise RepairRefused(f"row {row_key} is still refused by id_is_unique")
        self.done.append(("release", row_key, who))

    def _incidents(self, window: Window) -> list[Headline]:
        one = dossier(self.text)
        held = Incident("i1", one.incident.alerts, Acknowledgement(f"bob{self.text}", NOW))
        return [Headline(held, one.message)]

    def _incident_list(self, window: Window, environment: str) -> IncidentList:
        found = self._incidents(window) if environment in ("", f"production{self.text}", "production") else ()
        return IncidentList(tuple(found), ("production", "staging"), self.has_more)

    def _incident(self, incident_id: str) -> Dossier:
        if incident_id != "i1":
            raise PageMissing(f"no incident {incident_id} was told")
        return self.one or dossier(self.text)

    def _costs(self, window: Window, environment: str) -> Expenses:
        self.asked.append((window, environment))
        return self.spent or expenses(self.text)

    def _judges(self, window: Window, environment: str) -> Bench:
        self.asked.append((window, environment))
        return self.judged or bench(self.text)

    def _reports(self) -> list[Shelved]:
        return [shelved(self.text)] if self.shelf is None else self.shelf

    def _file(self, report_id: str, name: str) -> ReportFile:
        found = files(self.text) if self.files is None else self.files
        if name not in found:
            raise ReportMissing(f"report {report_id} has no file {name}")
        return found[name]

    def _silences(self) -> list[Silence]:
        matcher = Matcher("project", Operator.EQUAL, f"bank{self.text}")
        return [Silence(7, (matcher,), NOW, NOW + HOUR, f"bob{self.text}", f"planned{self.text}")]

    def _silence(self, matchers: str, lasts: str, who: str, why: str) -> None:
        if not why:
            raise SilenceRefused(f"a silence needs an author and a reason, not {matchers}")
        self.done.append(("silence", matchers, lasts, who, why))
