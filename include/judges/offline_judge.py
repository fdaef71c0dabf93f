"""An interaction goes in; what the fixed rules of `offline` say of it comes out, as a score by CODE that costs nothing.

A stand-in that needs no key and no network. It is not a language model, and its scores say so.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path

from include.domain.interaction import Interaction
from include.domain.score import Epoch, ScoreSource, Statement
from include.judges import offline
from include.judges.judge import Finding, FindingJudge, nothing_to_judge
from include.judges.offline.claims import Claim
from include.judges.offline.evidence import gather
from include.judges.offline.language import differs
from include.judges.offline.opinion import quote
from include.judges.offline.refusal import declines
from include.judges.offline.support import read_beside, stated
from include.judges.prompt import references

Scorer = Callable[[Interaction], "offline.Opinion | None"]


def _correctness(asked: Interaction) -> offline.Opinion | None:
    return offline.correctness(asked.user_input, asked.response, asked.retrieved_contexts, references(asked))


def _faithfulness(asked: Interaction) -> offline.Opinion | None:
    return offline.faithfulness(asked.response, asked.retrieved_contexts, asked.user_input)


def _professionalism(asked: Interaction) -> offline.Opinion | None:
    return offline.professionalism(asked.response, asked.user_input)


SCORERS: Mapping[str, Scorer] = {
    "correctness": _correctness,
    "faithfulness": _faithfulness,
    "professionalism": _professionalism,
}


BORNE_OUT = 0.5
"""The support from which on a sentence is shown as borne out: a fair paraphrase is, and nothing with a violation."""


class OfflineJudge(FindingJudge):
    """One of the dimensions in `SCORERS`, scored without a call."""

    def __init__(self, dimension: str) -> None:
        self._scorer = SCORERS[dimension]
        super().__init__(Epoch(dimension, ScoreSource.CODE, "offline", {"version": offline.VERSION, "rules": _rules()}))

    async def _find(self, interaction: Interaction) -> Finding:
        opinion = self._scorer(interaction)
        if opinion is None:
            raise nothing_to_judge(interaction, contexts_needed=self._epoch.dimension != "professionalism")
        told = _statements(interaction) if self._epoch.dimension == "faithfulness" else ()
        return Finding(opinion.value, opinion.explanation, statements=told)


def _statements(asked: Interaction) -> tuple[Statement, ...]:
    """The answer's sentences as faithfulness examined them; none of an answer whose words it did not compare.

    It stands outside of the rules: they are the judge's epoch, and what is told of a score is no part of it.
    """
    evidence = gather(asked.retrieved_contexts)
    answer = read_beside(asked.response, evidence)
    if declines(answer) or (evidence.first is not None and differs(evidence.first, answer)):
        return ()
    return tuple(_statement(claim) for claim in stated(answer, evidence, asked.user_input))


def _statement(claim: Claim) -> Statement:
    if claim.support >= BORNE_OUT:
        return Statement(claim.sentence.text, "", good=True)
    lacking = f"the passages lack {', '.join(map(quote, claim.missing[:4]))}" if claim.missing else ""
    reason = "; ".join(claim.violations[:2]) or lacking or "its words are there, but not together"
    return Statement(claim.sentence.text, f"{reason[0].upper()}{reason[1:]}.", good=False)


@cache
def _rules() -> str:
    """SHA-256 (hex) of the rules as they are installed: every .py and .toml file of the package, by name."""
    package = Path(offline.__file__).parent
    found = hashlib.sha256()
    for path in sorted(path for path in package.rglob("*") if path.suffix in {".py", ".toml"}):
        content = path.read_bytes()
        found.update(f"{path.relative_to(package)}\0{len(content)}\0".encode() + content)
    return found.hexdigest()
