"""Interactions go in, what can be said of each comes out: its labels, as `Labelled`, which tells now from before."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain

import numpy as np

from include.domain.interaction import Json
from include.domain.observation import Observation
from include.monitors.contrast import LEAST_N
from include.monitors.exchanges import terms
from include.monitors.labels import HOUR, TOPIC, Label, Labelled

TELLING = ("prompt_version", "model", "finish_reason", "passages", "language", "question length")
"""Where two columns part the interactions alike, the first one is named; attributes come after these."""
FEW_VALUES = 50
"""A column with more values among the interactions of now names them one by one, and is left out."""
LONGEST_VALUE = 60
VOCABULARY = 500
CONVERSATIONS = 4
"""A word that fewer conversations have is nobody's topic, and may be somebody's name."""
LONGEST_WORD = 24
LANGUAGES = frozenset({"language", "lang", "locale"})
LENGTHS = ((50, "under 50 characters"), (200, "50 to 200"), (1000, "200 to 1,000"))


def labelled(
    now: Sequence[Observation],
    before: Sequence[Observation],
    sign: float,
    usual: float,
    may_tell: Callable[[str], bool] = bool,
) -> Labelled:
    """Both as arrays; `sign` is -1 where more is better and 1 where more is worse, `usual` the mean of before.

    Labels with a value that `may_tell` denies are left out.
    """
    both = [*now, *before]
    vocabulary = _vocabulary(now)
    said = [_labels(one) for one in both]
    hours = [f"{one.logged_at:%Y-%m-%dT%H}" for one in now]
    if len(set(hours)) > 1:
        for labels, hour in zip(said, hours, strict=False):
            labels[HOUR] = hour
    many = _with_many_values(said[: len(now)])
    pairs = [
        [*((column, value) for column, value in labels.items() if column not in many), *_topics(one, vocabulary)]
        for labels, one in zip(said, both, strict=True)
    ]
    known = sorted((label for label in set(chain.from_iterable(pairs)) if may_tell(label[1])), key=_rank)
    number = {label: place for place, label in enumerate(known)}
    pairs = [[label for label in labels if label in number] for labels in pairs]
    return Labelled(
        worse=sign * np.array([one.value for one in both]),
        weight=np.array([one.weight for one in both]),
        now=np.arange(len(both)) < len(now),
        row=np.repeat(np.arange(len(both)), [len(labels) for labels in pairs]),
        label=np.array([number[label] for label in chain.from_iterable(pairs)], np.int64),
        labels=known,
        usual=sign * usual,
    )


def _labels(one: Observation) -> dict[str, str]:
    """Attributes first, so that what the log calls like a column of ours does not replace it."""
    labels = dict(_attributes(one.attributes))
    named = {
        "model": one.model,
        "prompt_version": one.prompt_version,
        "finish_reason": one.finish_reason,
        "passages": "none" if not one.passages else str(one.passages) if one.passages < 10 else "10 or more",
        "question length": next((name for most, name in LENGTHS if one.question_chars < most), "over 1,000"),
    }
    return {**labels, **{column: value for column, value in named.items() if value is not None}}


def _attributes(attributes: Mapping[str, Json]) -> Iterator[Label]:
    for key, value in attributes.items():
        if isinstance(value, str | int) and 0 < len(str(value)) <= LONGEST_VALUE and len(key) <= LONGEST_VALUE:
            column = "language" if key.lower() in LANGUAGES else key
            yield f"attributes.{key}" if column in (HOUR, TOPIC) else column, str(value)


def _with_many_values(said: Sequence[Mapping[str, str]]) -> set[str]:
    values: dict[str, set[str]] = defaultdict(set)
    for labels in said:
        for column, value in labels.items():
            values[column].add(value)
    return {column for column, found in values.items() if len(found) > FEW_VALUES and column != HOUR}


def _vocabulary(now: Sequence[Observation]) -> frozenset[str]:
    """The words of the questions of now that are in enough of them, and in no more than half."""
    counted, heard = Counter[str](), defaultdict[str, set[str]](set)
    for one in now:
        for word in _words(one.question):
            counted[word] += 1
            heard[word].add(one.conversation_id or one.interaction_id)
    usual = [word for word, n in counted.most_common() if LEAST_N <= n <= len(now) / 2]
    return frozenset([word for word in usual if len(heard[word]) >= CONVERSATIONS][:VOCABULARY])


def _topics(one: Observation, vocabulary: frozenset[str]) -> list[Label]:
    return [(TOPIC, word) for word in sorted(_words(one.question) & vocabulary)]


def _words(question: str) -> set[str]:
    return {word for word in terms(question) if len(word) <= LONGEST_WORD}


def _rank(label: Label) -> tuple[int, Label]:
    column = label[0]
    if column in (TOPIC, HOUR):
        return len(TELLING) + 1 + (column == HOUR), label
    return TELLING.index(column) if column in TELLING else len(TELLING), label
