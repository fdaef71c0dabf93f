"""deepeval: `evaluate()` with `GEval`, steps given (one call a case); the knob is `AsyncConfig(max_concurrent=64)`."""

import meter
from deepeval import evaluate
from deepeval.evaluate import AsyncConfig, CacheConfig, DisplayConfig
from deepeval.metrics import GEval
from deepeval.metrics.g_eval import Rubric
from deepeval.models import GPTModel
from deepeval.test_case import LLMTestCase, SingleTurnParams

JOB = meter.job()
METRIC = GEval(
    name="correctness",
    evaluation_steps=[JOB.question],
    rubric=[
        Rubric(score_range=(2 * int(point) - 1, 2 * int(point)), expected_outcome=text)
        for point, text in JOB.scale.items()
    ],
    evaluation_params=[SingleTurnParams.INPUT, SingleTurnParams.ACTUAL_OUTPUT, SingleTurnParams.RETRIEVAL_CONTEXT],
    model=GPTModel(model=JOB.model, base_url=JOB.base_url, api_key="none"),
)


def _judge(rows: list[meter.Row]) -> list[float | None]:
    cases = [
        LLMTestCase(input=row["user_input"], actual_output=row["response"], retrieval_context=row["retrieved_contexts"])
        for row in rows
    ]
    done = evaluate(
        cases,
        [METRIC],
        async_config=AsyncConfig(max_concurrent=JOB.concurrency),
        display_config=DisplayConfig(show_indicator=False, print_results=False, inspect_after_run=False),
        cache_config=CacheConfig(write_cache=False),
    )
    return [result.metrics_data[0].score for result in done.test_results]


meter.measure(JOB, "deepeval", _judge)
