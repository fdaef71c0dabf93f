"""weights.yaml as types: how the dimensions of each project add up. Unknown keys are refused."""

from __future__ import annotations

from functools import cached_property
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from include.domain.score import Weights, digest


def _sums_to_one(weights: dict[str, float]) -> dict[str, float]:
    Weights("", weights)  # raises ValueError in the words of the domain
    return weights


DimensionWeights = Annotated[dict[str, Annotated[float, Field(ge=0, le=1)]], AfterValidator(_sums_to_one)]


class WeightsFile(BaseModel):
    """The weights of every project, and those of the projects that have their own."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    weights: DimensionWeights
    projects: dict[str, DimensionWeights] = {}

    @cached_property
    def version(self) -> str:
        """Names the whole file, so that all composites of a run carry the same version."""
        return digest(self.model_dump())[:12]

    def of(self, project: str) -> Weights:
        """The weights of one project."""
        return Weights(self.version, self.projects.get(project, self.weights))
