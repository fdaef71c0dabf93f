"""autoevals: `LLMClassifier` with chain of thought; it has no batch, so `eval_async` under a semaphore of 64."""

import asyncio

import meter
from autoevals import LLMClassifier
from openai import AsyncOpenAI

JOB = meter.job()
CLASSIFIER = LLMClassifier(
    name="correctness",
    prompt_template=f"{JOB.criterion}\n\nQuestion: {{{{input}}}}\nPassages: {{{{contexts}}}}\nAnswer: {{{{output}}}}",
    choice_scores={point: (int(point) - 1) / 4 for point in JOB.scale},
    use_cot=True,
    model=JOB.model,
    client=AsyncOpenAI(base_url=JOB.base_url, api_key="none"),
)


async def _judge(rows: list[meter.Row]) -> list[float | None]:
    slots = asyncio.Semaphore(JOB.concurrency)

    async def one(row: meter.Row) -> float | None:
        async with slots:
            result = await CLASSIFIER.eval_async(
                output=row["response"], input=row["user_input"], contexts="\n".join(row["retrieved_contexts"])
            )
            return result.score

    return await asyncio.gather(*map(one, rows))


with asyncio.Runner() as runner:
    meter.measure(JOB, "autoevals", lambda rows: runner.run(_judge(rows)))
