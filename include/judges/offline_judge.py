"""An interaction goes in; what the fixed rules of `offline` say of it comes out, as a score by CODE that costs nothing.

A stand-in that needs no key and no network. It is not a language model, and its scores say so.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path

from include.domain.interaction import Interaction
from include.domain.score import Epoch, ScoreSource
from include.judges import offline
from include.judges.judge import Finding, FindingJudge, nothing_to_judge
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


class OfflineJudge(FindingJudge):
    """One of the dimensions in `SCORERS`, scored without a call."""

    def __init__(self, dimension: str) -> None:
        self._scorer = SCORERS[dimension]
        super().__init__(Epoch(dimension, ScoreSource.CODE, "offline", {"version": offline.VERSION, "rules": _rules()}))

    async def _find(self, interaction: Interaction) -> Finding:
        opinion = self._scorer(interaction)
        if opinion is None:
            raise nothing_to_judge(interaction, contexts_needed=self._epoch.dimension != "professionalism")
        return Finding(opinion.value, opinion.explanation)


@cache
def _rules() -> str:
    """SHA-256 (hex) of the rules as they are installed: every .py and .toml file of the package, by name."""
    package = Path(offline.__file__).parent
    found = hashlib.sha256()
    for path in sorted(path for path in package.rglob("*") if path.suffix in {".py", ".toml"}):
        content = path.read_bytes()
        found.update(f"{path.relative_to(package)}\0{len(content)}\0".encode() + content)
    return found.hexdigest()
