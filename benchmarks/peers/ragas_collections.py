"""ragas: a rubric metric of the collections; its `abatch_score` has no bound, so `ascore` under a semaphore of 64."""

import asyncio

import meter
from openai import AsyncOpenAI
from ragas.llms import llm_factory
from ragas.metrics.collections import DomainSpecificRubrics

JOB = meter.job()
METRIC = DomainSpecificRubrics(
    llm=llm_factory(JOB.model, client=AsyncOpenAI(base_url=JOB.base_url, api_key="none")),
    rubrics={f"score{point}_description": text for point, text in JOB.scale.items()},
    with_reference=True,
)


async def _judge(rows: list[meter.Row]) -> list[float | None]:
    slots = asyncio.Semaphore(JOB.concurrency)

    async def one(row: meter.Row) -> float | None:
        async with slots:
            return (await METRIC.ascore(**row)).value

    return await asyncio.gather(*map(one, rows))


with asyncio.Runner() as runner:
    meter.measure(JOB, "ragas", lambda rows: runner.run(_judge(rows)))
