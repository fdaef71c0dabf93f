"""What drift looks at of a logged interaction: sizes of the whole, and the beginnings of its texts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Exchange:
    """One interaction. `question`, `answer` and `contexts` (all of them joined) are cut off: text may be of any size.

    Sizes are of the whole: characters, a count, the provider's own tokens, milliseconds; None where not logged.
    `language` is what the application logged. An exchange that `failed` has an `error_type` and no answer that counts.
    """

    logged_at: datetime
    question: str
    answer: str
    contexts: str
    language: str | None
    failed: bool
    user_input_chars: int
    response_chars: int
    retrieved_contexts: int
    input_tokens: int | None
    output_tokens: int | None
    latency_ms: float | None
