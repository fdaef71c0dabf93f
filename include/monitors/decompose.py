"""Labelled interactions go in; the groups of them that carry the change of the mean come out.

To carry much is not telling: a label with all the traffic carries all of the change. What carries it stands out, too
(`contrast`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from include.monitors.contrast import NEARLY_ALL, Contrast, Growth
from include.monitors.labels import HOUR, TOPIC, Label, Labelled
from include.monitors.sequential import Bools

LEAST_SHARE = 0.25
"""Of the change, that a label must carry."""
MOST_OF_IT = 0.6
"""Of the change, that a label must bring by its growth."""
ALIKE = 0.95
"""Two labels are the same where so much of what either has is of both."""
MOST = 3
"""Labels that are told."""
WORDS = 4
"""Words that make up one topic, at most."""


@dataclass(frozen=True)
class Carrier:
    """Interactions that carry the change: those with any of `labels` that also have the label `within`.

    `same_as` are further labels that are the same interactions.
    """

    labels: tuple[Label, ...]
    rows: Bools
    within: Label | None = None
    same_as: tuple[Label, ...] = ()


def carriers(taken: Labelled, dispersion: float = 1.0) -> list[Carrier]:
    """Groups that have no interaction in common, the most telling first; none where the change is spread evenly.

    The second is looked for among what the first leaves, and so on. `dispersion` is how many times more means vary
    than those of independent values would.
    """
    found: list[Carrier] = []
    left = np.ones(len(taken.worse), bool)
    while len(found) < MOST and taken.change > 0:
        label = _most_telling(taken, left, dispersion)
        if label is None:
            break
        names, rows = _with_words(taken, left, label, dispersion)
        narrower = _narrower(taken, rows, dispersion)
        if narrower is not None:
            rows &= taken.having(narrower)
            found.append(Carrier(names, rows, within=taken.labels[narrower]))
        else:
            found.append(Carrier(names, rows, same_as=_same_as(taken, left, label) if len(names) == 1 else ()))
        left &= ~rows
    return found


def differing(taken: Labelled, dispersion: float = 1.0) -> set[str]:
    """The columns of which a label changed otherwise than the others did, for better or worse, beyond chance."""
    contrast = Contrast.of(taken, np.ones(len(taken.worse), bool), dispersion)
    return {column for (column, _), differs in zip(taken.labels, contrast.differs, strict=True) if differs}


def _most_telling(taken: Labelled, left: Bools, dispersion: float) -> int | None:
    """The label that changed more than the others did, or else the one that grew and is worse than the others are."""
    carried = taken.carried(left)
    changed, grew = Contrast.of(taken, left, dispersion), Growth.of(taken, left, dispersion)
    for z, telling in (
        (changed.z, changed.is_telling & (carried >= LEAST_SHARE)),
        (grew.z, grew.is_telling & (grew.brought / taken.change >= MOST_OF_IT)),
    ):
        if telling.any():
            return int(np.where(telling, z.round(6), -np.inf).argmax())
    return None


def _with_words(taken: Labelled, left: Bools, label: int, dispersion: float) -> tuple[tuple[Label, ...], Bools]:
    """The label with its interactions; a word with those words that carry what it leaves."""
    names, rows = [taken.labels[label]], taken.having(label) & left
    while taken.is_topic[label] and len(names) < WORDS:
        contrast = Contrast.of(taken, left & ~rows, dispersion)
        telling = contrast.is_telling & taken.is_topic
        if not telling.any():
            break
        following = int(np.where(telling, contrast.z, -np.inf).argmax())
        names.append(taken.labels[following])
        rows |= taken.having(following) & left
    return tuple(names), rows


def _narrower(taken: Labelled, rows: Bools, dispersion: float) -> int | None:
    """The label that carries nearly all of what these interactions do, and stands out among them."""
    contrast = Contrast.of(taken, rows, dispersion)
    share = taken.carried(rows) * taken.change / taken.contribution[rows].sum()
    telling = contrast.is_telling & (share >= NEARLY_ALL)
    return int(np.where(telling, contrast.z.round(6), -np.inf).argmax()) if telling.any() else None


def _same_as(taken: Labelled, left: Bools, label: int) -> tuple[Label, ...]:
    alone, both = taken.sums(left)[0], taken.sums(left & taken.having(label))[0]
    alike = both >= ALIKE * (alone + alone[label] - both)
    return tuple(
        one
        for number, one in enumerate(taken.labels)
        if alike[number] and number != label and one[0] not in (TOPIC, HOUR, taken.labels[label][0])
    )
