"""mlflow: `genai.evaluate()` with `make_judge`; MLFLOW_GENAI_EVAL_MAX_WORKERS is 64 and its rate limits are off."""

import os
import tempfile

import meter
import mlflow
from mlflow.genai.judges import make_judge

JOB = meter.job()
os.environ |= {
    "MLFLOW_GENAI_EVAL_MAX_WORKERS": str(JOB.concurrency),
    "MLFLOW_GENAI_EVAL_PREDICT_RATE_LIMIT": "0",
    "MLFLOW_GENAI_EVAL_SCORER_RATE_LIMIT": "0",
    "MLFLOW_SQLALCHEMYSTORE_POOL_SIZE": str(JOB.concurrency),  # at its default of 5 the 64 workers wait for each other
    "OPENAI_API_KEY": "none",
}

mlflow.set_tracking_uri(f"sqlite:///{tempfile.mkdtemp(prefix='mlflow-')}/store.db")
mlflow.set_experiment("benchmark")
JUDGE = make_judge(
    name="correctness",
    instructions=f"{JOB.criterion}\n\nInput: {{{{ inputs }}}}\nAnswer: {{{{ outputs }}}}",
    model=f"openai:/{JOB.model}",
    base_url=JOB.base_url,
    feedback_value_type=int,
)


def _judge(rows: list[meter.Row]) -> list[float | None]:
    data = [
        {
            "inputs": {"question": row["user_input"], "passages": row["retrieved_contexts"]},
            "outputs": row["response"],
        }
        for row in rows
    ]
    done = mlflow.genai.evaluate(data=data, scorers=[JUDGE])
    return list(done.result_df["correctness/value"])


meter.measure(JOB, "mlflow", _judge)
