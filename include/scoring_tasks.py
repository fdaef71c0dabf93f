"""A run goes in; the tasks that have its interactions judged and settle it come out, the same for every DAG."""

from __future__ import annotations

from typing import Any

from airflow.sdk import get_current_context, task

from include import pipeline
from include.batch_wait import batched
from include.schedule import POOL, SCORES


def judged(run: Any, *, in_batches: bool, delays: bool = False, delayed: bool = False) -> None:
    """Plan shards, with `in_batches` have them answered by batches, score and settle.

    With `delays`, projects that may wait are put off; with `delayed`, what was put off is judged as well.
    """

    @task
    def plan_shards(run: Any) -> list[dict[str, Any]]:
        return pipeline.plan_shards(run, delayed=delayed)

    @task
    def plan_batches(shards: Any) -> Any:
        return pipeline.plan_batches(shards)

    # A shard that no batch was planned for is scored all the same.
    @task(pool=POOL, map_index_template="{{ shard_label }}", trigger_rule="none_failed")
    def score(shard: dict[str, Any]) -> dict[str, int]:
        get_current_context()["shard_label"] = shard["label"]  # type: ignore[typeddict-unknown-key]
        return pipeline.score(shard, delays=delays)

    @task(outlets=[SCORES], trigger_rule="none_failed")
    def settle(run: Any) -> dict[str, int]:
        return pipeline.settle(run)

    shards = plan_shards(run)
    scored = score.expand(shard=shards)
    if in_batches:
        batched(plan_batches(shards)) >> scored
    scored >> settle(run)
