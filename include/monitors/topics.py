"""Questions of now and of the past go in; the topic of each comes out, or how unlike the past each one looks.

Both are learned from one half of the past and told of the other: what was learned from a text fits it better than it
fits a new one, which alone would look like a drift.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import compress
from typing import TYPE_CHECKING
from warnings import catch_warnings, simplefilter

import numpy as np

from include.monitors.exchanges import terms
from include.monitors.sequential import Bools, Floats
from include.monitors.shift import OTHER

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

SEED = 0
TOPICS = 8
"""At most so many; a topic has about `FEWEST` questions or more."""
FEWEST = 25
VOCABULARY = 2_000
STRANGE = 0.1
"""The share of the questions that the topics were learned from which are too far from all of them to have one."""
NAMED_BY = 3
"""Terms that name a topic."""


@dataclass(frozen=True, slots=True)
class Told:
    """What is told of each question: of `now`, and of the part of the past that nothing was learned from (`held`)."""

    now: list[str] | list[float]
    past: list[str] | list[float]
    held: Bools


def topics(past: Sequence[str], now: Sequence[str]) -> Told | None:
    """The topic of each question by its nearest cluster of TF-IDF vectors, `OTHER` far from all; None of too few.

    A topic is called by its heaviest terms. The same texts in the same order have the same topics.
    """
    held = np.arange(len(past)) % 2 == 1
    learned = list(compress(past, ~held))
    if len(learned) < 2 * FEWEST:
        return None
    clusters = _Clusters.of(learned)
    if clusters is None:
        return None
    return Told(clusters.named(now), clusters.named(list(compress(past, held))), held)


def unlikeness(past: Sequence[Sequence[float]], now: Sequence[Sequence[float]]) -> Told:
    """How much more each vector looks like now than like the past, by a domain classifier.

    Logistic regression is trained on half of both and told of the other half, so that the area under its ROC curve is
    a plain Mann-Whitney statistic of two samples (Rabanser, Guennemann and Lipton, "Failing Loudly", 2019).
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import normalize

    before, after = normalize(np.asarray(past, np.float64)), normalize(np.asarray(now, np.float64))
    held, held_now = np.arange(len(before)) % 2 == 1, np.arange(len(after)) % 2 == 1
    model = LogisticRegression(C=10.0, class_weight="balanced", max_iter=500)
    learned = np.concatenate([before[~held], after[~held_now]])
    model.fit(learned, np.repeat([0, 1], [(~held).sum(), (~held_now).sum()]))
    return Told(model.decision_function(after[held_now]).tolist(), model.decision_function(before[held]).tolist(), held)


def auc(past: Floats, now: Floats) -> tuple[float, float, float]:
    """The chance that a value of now is above one of the past, with its 95 % interval (Hanley and McNeil 1982)."""
    past = np.sort(past)
    below = np.searchsorted(past, now, "left") + np.searchsorted(past, now, "right")
    area = float(below.mean() / 2 / len(past))
    both, twice = area / (2 - area), 2 * area**2 / (1 + area)
    spread = (len(now) - 1) * (both - area**2) + (len(past) - 1) * (twice - area**2)
    half = 1.96 * float(np.sqrt(max(0.0, area * (1 - area) + spread) / (len(now) * len(past))))
    return area, max(0.0, area - half), min(1.0, area + half)


class _Clusters:
    """Topics that were learned."""

    def __init__(self, vectorizer: object, centres: Floats, names: Sequence[str], least: float) -> None:
        self._vectorizer = vectorizer
        self._centres = centres
        self._names = names
        self._least = least

    @classmethod
    def of(cls, texts: Sequence[str]) -> _Clusters | None:
        """From texts; None where they have no terms in common."""
        from sklearn.cluster import KMeans
        from sklearn.exceptions import ConvergenceWarning
        from sklearn.feature_extraction.text import TfidfVectorizer

        vectorizer = TfidfVectorizer(
            analyzer=terms, min_df=3, max_df=0.5, max_features=VOCABULARY, sublinear_tf=True, dtype=np.float64
        )
        try:
            vectors = vectorizer.fit_transform(texts)
        except ValueError:  # "no terms remain": sklearn has no narrower error
            return None
        told = vectors[vectors.getnnz(axis=1) > 0]
        count = min(TOPICS, told.shape[0] // FEWEST, told.shape[1])
        if count < 2:
            return None
        with catch_warnings():  # of questions that are all alike there are fewer clusters, which is no trouble
            simplefilter("ignore", ConvergenceWarning)
            centres = KMeans(count, n_init=2, random_state=SEED).fit(told).cluster_centers_
        vocabulary = vectorizer.get_feature_names_out()
        names = [" ".join(vocabulary[np.argsort(-centre, kind="stable")[:NAMED_BY]]) for centre in centres]
        centres = centres / np.linalg.norm(centres, axis=1, keepdims=True)
        return cls(vectorizer, centres, names, float(np.quantile((told @ centres.T).max(axis=1), STRANGE)) - 1e-9)

    def named(self, texts: Sequence[str]) -> list[str]:
        """The topic of each."""
        if not texts:
            return []
        vectors: csr_matrix = self._vectorizer.transform(texts)  # type: ignore[attr-defined]
        near: Floats = np.asarray(vectors @ self._centres.T)
        best, closest = near.argmax(axis=1), near.max(axis=1)
        return [
            self._names[topic] if close >= self._least else OTHER for topic, close in zip(best, closest, strict=True)
        ]
