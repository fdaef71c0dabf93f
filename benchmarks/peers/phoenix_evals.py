"""phoenix-evals: `async_evaluate_dataframe(concurrency=64)`, with its 5 requests a second raised to the limit."""

import asyncio

import meter
import pandas as pd
from phoenix.evals import LLM, async_evaluate_dataframe, create_classifier

JOB = meter.job()
EVALUATOR = create_classifier(
    name="correctness",
    prompt_template=f"{JOB.criterion}\n\nQuestion: {{user_input}}\nPassages: {{contexts}}\nAnswer: {{response}}",
    llm=LLM(
        provider="openai",
        model=JOB.model,
        base_url=JOB.base_url,
        api_key="none",
        initial_per_second_request_rate=5 * JOB.concurrency,
    ),
    choices={point: (int(point) - 1) / 4 for point in JOB.scale},
)


async def _judge(rows: list[meter.Row]) -> list[float | None]:
    frame = pd.DataFrame(rows)
    frame["contexts"] = frame.pop("retrieved_contexts").map("\n".join)
    done = await async_evaluate_dataframe(
        dataframe=frame, evaluators=[EVALUATOR], concurrency=JOB.concurrency, hide_tqdm_bar=True
    )
    return [score and score["score"] for score in done["correctness_score"]]


with asyncio.Runner() as runner:
    meter.measure(JOB, "arize-phoenix-evals", lambda rows: runner.run(_judge(rows)))
