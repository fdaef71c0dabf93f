"""inspect_ai: `model_graded_qa` over logged answers; the knobs are `max_connections=64` and `max_samples=64`.

Its log for live viewing is off, which saves a quarter of its CPU.
"""

import tempfile

import meter
from inspect_ai import Task
from inspect_ai import eval as run
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.model import GenerateConfig, ModelOutput, get_model
from inspect_ai.scorer import model_graded_qa
from inspect_ai.solver import Generate, Solver, TaskState, solver

JOB = meter.job()
TEMPLATE = f"{JOB.criterion}\n\nQuestion: {{question}}\nPassages: {{criterion}}\nAnswer: {{answer}}\n\n{{instructions}}"
GRADER = get_model(
    f"openai/{JOB.model}",
    base_url=JOB.base_url,
    api_key="none",
    config=GenerateConfig(max_connections=JOB.concurrency),
    responses_api=False,
)


@solver
def _logged_answer() -> Solver:
    async def solve(state: TaskState, generate: Generate) -> TaskState:
        state.output = ModelOutput.from_content("logged", state.metadata["response"])
        return state

    return solve


def _judge(rows: list[meter.Row]) -> list[object]:
    samples = [
        Sample(
            input=row["user_input"],
            target="\n".join(row["retrieved_contexts"]),
            metadata={"response": row["response"]},
        )
        for row in rows
    ]
    task = Task(
        dataset=MemoryDataset(samples),
        solver=_logged_answer(),
        scorer=model_graded_qa(
            template=TEMPLATE,
            instructions="End with GRADE: and the point of the scale.",
            grade_pattern=r"GRADE:\s*([1-5])",
            model=GRADER,
        ),
    )
    log = run(
        task,
        model="mockllm/model",
        max_samples=JOB.concurrency,
        max_connections=JOB.concurrency,
        display="none",
        log_realtime=False,
        score_display=False,
        log_dir=tempfile.mkdtemp(prefix="inspect-"),
    )[0]
    return [next(iter(sample.scores.values())).value for sample in log.samples or [] if sample.scores]


meter.measure(JOB, "inspect-ai", _judge)
