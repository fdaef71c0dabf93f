"""ragas: `evaluate()` of a dataset with a rubric metric; the knob is `RunConfig(max_workers=64)`."""

import meter
from openai import AsyncOpenAI
from ragas import EvaluationDataset, RunConfig, evaluate
from ragas.llms import llm_factory
from ragas.metrics import RubricsScore

JOB = meter.job()
LLM = llm_factory(JOB.model, client=AsyncOpenAI(base_url=JOB.base_url, api_key="none"))
RUBRICS = {f"score{point}_description": text for point, text in JOB.scale.items()}


def _judge(rows: list[meter.Row]) -> list[float | None]:
    result = evaluate(
        EvaluationDataset.from_list(rows),
        metrics=[RubricsScore(rubrics=RUBRICS, llm=LLM)],
        run_config=RunConfig(max_workers=JOB.concurrency),
        show_progress=False,
    )
    return [next(iter(score.values())) for score in result.scores]


meter.measure(JOB, "ragas", _judge)
