"""evidently: a dataset with an `LLMEval` descriptor; 100 calls at once are fixed, its 500 requests a minute lifted."""

import meter
import pandas as pd
from evidently import Dataset
from evidently.descriptors import LLMEval
from evidently.llm.options import OpenAIOptions
from evidently.llm.templates import MulticlassClassificationPromptTemplate

JOB = meter.job()
JUDGE = LLMEval(
    "response",
    alias="correctness",
    provider="openai",
    model=JOB.model,
    additional_columns={"user_input": "question", "contexts": "passages"},
    template=MulticlassClassificationPromptTemplate(
        criteria=f"{JOB.question}\n\nQuestion: {{question}}\nPassages: {{passages}}",
        category_criteria=JOB.scale,
        include_reasoning=True,
    ),
)


def _judge(rows: list[meter.Row]) -> list[str | None]:
    frame = pd.DataFrame(rows)
    frame["contexts"] = frame.pop("retrieved_contexts").map("\n".join)
    options = OpenAIOptions(api_key="none", api_url=JOB.base_url, rpm_limit=1_000_000)
    done = Dataset.from_pandas(frame, descriptors=[JUDGE], options=[options]).as_dataframe()
    return list(done["correctness"])


meter.measure(JOB, "evidently", _judge)
