"""An interaction goes in, a score of one dimension comes out: fixed rules, no key, no network, no cost."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from include.domain.interaction import Interaction
from include.domain.score import Epoch, FailureType, Outcome, Score, ScoreSource
from include.judges import offline
from include.judges.subject import failure, references

DIMENSIONS = ("correctness", "faithfulness", "professionalism")


class OfflineJudge:
    """A stand-in for an LLM: deterministic, some milliseconds of CPU for each interaction, `source` CODE."""

    def __init__(self, dimension: str) -> None:
        if dimension not in DIMENSIONS:
            raise ValueError(f"the offline judge knows {', '.join(DIMENSIONS)}, not {dimension!r}")
        parts: Mapping[str, str] = {"version": offline.VERSION, "rules": _rules()}
        self._epoch = Epoch(dimension, ScoreSource.CODE, "offline", parts)
        self._epoch_id = self._epoch.id

    @property
    def epoch(self) -> Epoch:
        """Changes with every change of the rules or their word lists."""
        return self._epoch

    async def score(self, interaction: Interaction) -> Outcome:
        """A score, or a final failure where there is nothing to judge; never waits."""
        opinion = self._opinion(interaction)
        if opinion is None:
            return failure(interaction, self._epoch, *self._nothing(interaction))
        return Score(
            interaction.interaction_id,
            interaction.logged_at,
            self._epoch.dimension,
            opinion.value,
            opinion.explanation,
            ScoreSource.CODE,
            self._epoch_id,
        )

    def _opinion(self, interaction: Interaction) -> offline.Opinion | None:
        question, answer, contexts = interaction.user_input, interaction.response, interaction.retrieved_contexts
        match self._epoch.dimension:
            case "faithfulness":
                return offline.faithfulness(answer, contexts, question)
            case "correctness":
                return offline.correctness(question, answer, contexts, references(interaction))
            case _:
                return offline.professionalism(answer, question)

    def _nothing(self, interaction: Interaction) -> tuple[FailureType, str]:
        needs_contexts = self._epoch.dimension == "faithfulness" or (
            self._epoch.dimension == "correctness" and not references(interaction)
        )
        if needs_contexts and not any(text.strip() for text in interaction.retrieved_contexts):
            return FailureType.NO_CONTEXTS, "No passages were logged that the answer could be held against."
        return FailureType.NOTHING_TO_JUDGE, "The answer says nothing that could be judged."


@cache
def _rules() -> str:
    """SHA-256 (hex) of the rules as they are installed: every .py and .toml file of the package, by name."""
    package = Path(offline.__file__).parent
    found = hashlib.sha256()
    for path in sorted(path for path in package.rglob("*") if path.suffix in {".py", ".toml"}):
        content = path.read_bytes()
        found.update(f"{path.relative_to(package)}\0{len(content)}\0".encode() + content)
    return found.hexdigest()
