"""A refusal goes in; the error that a person reads in one line, and that never shows the key, comes out."""

from __future__ import annotations

from dataclasses import dataclass, field

from include.adapters.llm.refusals import Refusal
from include.adapters.llm.speech import ADDRESS_REMEDY
from include.errors import JudgeError, JudgeMisconfigured

REMEDIES = {
    401: "mend the key: password of the Airflow connection assay_judge, or JUDGE_API_KEY",
    402: "the account has no credit: top it up",
    403: "the key may not use this model: choose another model or key in connection assay_judge (JUDGE_*)",
    404: "mend model or address of connection assay_judge (JUDGE_MODEL, JUDGE_BASE_URL, which often ends in /v1)",
}


@dataclass(frozen=True, slots=True)
class Failures:
    """Of one model at one endpoint; `secret` is what no message may show."""

    model: str
    endpoint: str
    secret: str = field(repr=False)

    def failure(self, refusal: Refusal) -> JudgeError:
        """For a call that did not succeed."""
        message = self._one_line(refusal.complaint)
        return JudgeError(message, error_type=refusal.kind.value, retryable=refusal.retryable)

    def misconfigured(self, refusal: Refusal) -> JudgeMisconfigured:
        """For what no call can succeed with, with the remedy."""
        remedy = REMEDIES.get(refusal.means, ADDRESS_REMEDY)
        message = f"{self._one_line(refusal.complaint)}. Remedy: {remedy}"
        return JudgeMisconfigured(message, error_type=refusal.kind.value, retryable=False)

    def _one_line(self, complaint: str) -> str:
        """An endpoint that repeats the key does not put it into our logs."""
        told = complaint.replace(self.secret, "***") if self.secret else complaint
        return f"judge {self.model} at {self.endpoint}: {' '.join(told.split()).rstrip('.')}"
