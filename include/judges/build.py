"""Rubrics, judging.yaml and, if there are any, language models go in; the judges of all dimensions come out."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, nullcontext
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cache
from typing import Protocol

from include.domain.interaction import Json
from include.domain.ports import CallLedger, Judge, LLMClient, PriceBook
from include.domain.run import COMPOSITE, Epochs
from include.domain.score import Weights, digest, epoch_set
from include.errors import ConfigError
from include.judges.calls import Calls
from include.judges.cascade import Cascade
from include.judges.examiner import Examiner
from include.judges.judging import MAIN, Judging, JudgingFile
from include.judges.ledger import LedgerDesk
from include.judges.offline_judge import SCORERS, OfflineJudge
from include.judges.panel import Panel
from include.judges.ragas_metrics import FAITHFULNESS, METRICS, Metric
from include.judges.ragas_scorers import RagasJudge, prepare
from include.judges.redaction import Redactor
from include.judges.rubric import Rubric
from include.judges.rubric_judge import Method, RubricJudge, Single
from include.judges.weights import WeightsFile

ByProject = Mapping[str, tuple[Judge, ...]]


@dataclass(frozen=True, slots=True)
class Bench:
    """Who judges each project ("" stands for all that have no judges of their own), and what the judges share.

    `shared` is to be entered, once, in the event loop that they work in. `on_call` are judges of dimensions that a
    project has only if its weights name them; `cheaper` is who judges when a budget runs out. A `stand_in` leaves out
    a dimension that it cannot judge and that does not count.
    """

    by_project: ByProject
    shared: AbstractAsyncContextManager[object]
    on_call: ByProject = field(default_factory=dict)
    cheaper: Bench | None = None
    stand_in: bool = False

    @property
    def judges(self) -> tuple[Judge, ...]:
        """Every judge once."""
        found = {judge.epoch.id: judge for judges in self.by_project.values() for judge in judges}
        return tuple(found.values())

    def of(self, project: str) -> tuple[Judge, ...]:
        """The judges of one project, one for each dimension."""
        return self.by_project.get(project, self.by_project[""])

    def weighed(self, weights: WeightsFile) -> Bench:
        """The same with no judge but those of the dimensions that each project names in its weights.

        Raises `ConfigError` where a dimension is named that nobody can judge.
        """
        projects = {"": "", **dict.fromkeys([*self.by_project, *weights.projects])}
        return replace(
            self,
            by_project={project: self._named(project, weights.of(project)) for project in projects},
            cheaper=self.cheaper and self.cheaper.weighed(weights),
        )

    def stepped_down(self, projects: Collection[str]) -> Bench:
        """The same with those projects judged by their cheaper model, without cascade or panel; weigh it before."""
        if not self.cheaper:
            return self
        return replace(self, by_project={**self.by_project, **{one: self.cheaper.of(one) for one in projects}})

    def _named(self, project: str, weights: Weights) -> tuple[Judge, ...]:
        known = (*self.of(project), *self.on_call.get(project, self.on_call.get("", ())))
        named = tuple(judge for judge in known if judge.epoch.dimension in weights.by_dimension)
        needed = weights.weighted if self.stand_in else weights.by_dimension.keys()
        missing = needed - {judge.epoch.dimension for judge in named}
        if missing:
            raise ConfigError(
                f"weights.yaml: {project or 'weights'}: nobody judges {', '.join(sorted(missing))}. Remedy: write a "
                f"rubric of that name, or name a dimension that is judged; RAGAS has {', '.join(METRICS)}, of which "
                "the last needs embeddings in judging.yaml"
            )
        return named

    def epochs(self, weights: WeightsFile) -> Epochs:
        """Who judges, by project; the composite's identity is that of judges that count, and of weights."""
        return Epochs({project: _measures(judges, weights.of(project)) for project, judges in self.by_project.items()})


def _measures(judges: Sequence[Judge], weights: Weights) -> dict[str, str]:
    epochs = {judge.epoch.dimension: judge.epoch.id for judge in judges}
    weighted: dict[str, Json] = {dimension: weights.by_dimension[dimension] for dimension in weights.weighted}
    return {**epochs, COMPOSITE: epoch_set([*(epochs[dimension] for dimension in weighted), digest(weighted)])}


class OpenedClient(LLMClient, AbstractAsyncContextManager[object], Protocol):
    """A client that has to be opened."""


def offline_judges() -> tuple[Judge, ...]:
    """The stand-ins that need neither key nor network."""
    return tuple(OfflineJudge(dimension) for dimension in SCORERS)


def offline_bench() -> Bench:
    """The same, as a bench on which nothing is shared."""
    return Bench({"": offline_judges()}, nullcontext(), stand_in=True)


@dataclass(frozen=True, slots=True)
class Model:
    """A language model that can be asked; RAGAS asks it at `temperature`, a rubric at its own."""

    client: OpenedClient
    temperature: float = 0.1
    max_output_tokens: int = 1024


Caller = Callable[[LLMClient, LedgerDesk, PriceBook, Callable[[], datetime]], Calls]
"""What makes `Calls`, or something that calls otherwise."""


def model_bench(
    rubrics: Sequence[Rubric],
    client: OpenedClient,
    ledger: CallLedger,
    prices: PriceBook,
    *,
    now: Callable[[], datetime],
    temperature: float = 0.1,
    max_output_tokens: int = 1024,
    secret: bytes = b"",
) -> Bench:
    """One model judges everything: see `judging_bench`."""
    models = {MAIN: Model(client, temperature, max_output_tokens)}
    return judging_bench(rubrics, JudgingFile(), models, ledger, prices, now=now, secret=secret)


def judging_bench(
    rubrics: Sequence[Rubric],
    judging: JudgingFile,
    models: Mapping[str, Model],
    ledger: CallLedger,
    prices: PriceBook,
    *,
    now: Callable[[], datetime],
    secret: bytes = b"",
    calls: Caller = Calls,
) -> Bench:
    """A judge for each rubric and RAGAS's metrics, for each project as judging.yaml says; all share the ledger.

    `models` holds every name of `judging.names`. `secret` is the installation's, for the fences around logged text.
    It should stay: other fences make other requests, which the ledger does not know.
    """
    desk = LedgerDesk(ledger)
    asking = {name: calls(model.client, desk, prices, now) for name, model in models.items()}
    hiring = _Hiring(rubrics, models, asking, secret)
    shared = _open([model.client for model in models.values()], desk)
    projects = {project: judging.of(project) for project in ("", *judging.projects)}
    thrifty = {project: _thrifty(one) for project, one in projects.items()}
    cheaper = Bench(hiring.standing(thrifty), shared, hiring.on_call(thrifty))
    return Bench(hiring.standing(projects), shared, hiring.on_call(projects), cheaper)


def _thrifty(judging: Judging) -> Judging:
    return judging.model_copy(update={"model": judging.cheaper or judging.model, "strong": None, "panel": ()})


@dataclass(frozen=True, slots=True)
class _Hiring:
    """Finds the judges for projects."""

    rubrics: Sequence[Rubric]
    models: Mapping[str, Model]
    calls: Mapping[str, Calls]
    secret: bytes
    redactor: Callable[[tuple[str, ...]], Redactor] = field(default_factory=lambda: cache(Redactor))

    def standing(self, projects: Mapping[str, Judging]) -> ByProject:
        """The judges that every project has: of the rubrics, and of faithfulness."""
        return {
            project: (*(self._judge(rubric, one) for rubric in self.rubrics), self._ragas(METRICS[FAITHFULNESS], one))
            for project, one in projects.items()
        }

    def on_call(self, projects: Mapping[str, Judging]) -> ByProject:
        """Those of RAGAS's other metrics."""
        others = [metric for metric in METRICS.values() if metric.dimension != FAITHFULNESS]
        return {
            project: tuple(self._ragas(metric, one) for metric in others if one.embeddings or not metric.embeds)
            for project, one in projects.items()
        }

    def _judge(self, rubric: Rubric, judging: Judging) -> Judge:
        return RubricJudge(rubric, self._method(rubric, judging), self.redactor(judging.redact))

    def _method(self, rubric: Rubric, judging: Judging) -> Method:
        if judging.panel:
            return Panel(tuple(self._examiner(rubric, name, judging) for name in judging.panel))
        plain = self._examiner(rubric, judging.model, judging)
        if judging.strong and rubric.escalate:
            return Cascade(plain, self._examiner(rubric, judging.strong, judging), rubric.escalate)
        return Single(plain)

    def _examiner(self, rubric: Rubric, name: str, judging: Judging) -> Examiner:
        return Examiner(
            rubric,
            self.calls[name],
            max_output_tokens=self.models[name].max_output_tokens,
            secret=self.secret,
            notice=self.redactor(judging.redact).notice,
        )

    def _ragas(self, metric: Metric, judging: Judging) -> Judge:
        model = self.models[judging.model]
        return RagasJudge(
            metric,
            self.calls[judging.model],
            temperature=model.temperature,
            max_output_tokens=model.max_output_tokens,
            secret=self.secret,
            redactor=self.redactor(judging.redact),
            embedding=self.calls[judging.embeddings] if metric.embeds and judging.embeddings else None,
        )


@asynccontextmanager
async def _open(clients: Sequence[OpenedClient], desk: LedgerDesk) -> AsyncIterator[None]:
    prepare()  # before the first call: an import of seconds would hold up all that are under way
    async with AsyncExitStack() as opened:
        for client in {id(client): client for client in clients}.values():
            await opened.enter_async_context(client)
        try:
            yield
        finally:
            await desk.close()
