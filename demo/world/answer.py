"""Enters: what was asked and a defect or none. Leaves: an answer, and what is true of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random

from demo.world.knowledge import Asked
from demo.world.model import Defect
from demo.world.phrases import Injection, Phrases
from demo.world.statement import Distortion, Slot, Statement


@dataclass(frozen=True, slots=True)
class Scene:
    """What an assistant is to answer."""

    asked: Sequence[Asked]
    volunteered: Sequence[Statement]
    """What nobody asked for and the answer mentions all the same."""
    phrases: Phrases
    foreign: Phrases
    """The phrases of the language that the user does not speak."""
    extras: Sequence[str]
    """Claims about the topic that no passage supports."""
    thorough: bool = False
    """A defect leaves nothing right in the answer."""
    injection: Injection | None = None


@dataclass(frozen=True, slots=True)
class Draft:
    """An answer, and what is true of it; `wrong_numbers` are the values in it that no passage may support."""

    text: str
    wrong_numbers: tuple[str, ...] = ()
    correct: bool = True
    faithful: bool = True
    professional: bool = True
    finish_reason: str = "stop"


def compose(scene: Scene, defect: Defect | None, rng: Random) -> Draft:
    """Answer what was asked, with the defect. Raises KeyError for "corrupt", which happens to rows, not to answers."""
    return COMPOSERS[defect](scene, rng)


def _right(scene: Scene, rng: Random) -> Draft:
    return Draft(_polite(_tell(scene, rng), scene.phrases, rng))


def _lost_context(scene: Scene, rng: Random) -> Draft:
    return Draft(_right(scene, rng).text, faithful=False)


def _distorted(slot: Slot) -> Callable[[Scene, Random], Draft]:
    """A composer that makes the first statement wrong in one place, or where it is thorough all in all places."""

    def compose_distorted(scene: Scene, rng: Random) -> Draft:
        if scene.thorough:
            return _all_wrong(scene, rng)
        distortion = _statement(scene.asked[0], rng, slot).wrong(slot, rng)
        rest = [_statement(asked, rng).true for asked in scene.asked[1:]] + [say.true for say in scene.volunteered]
        return _wrong([distortion], rest, scene, rng)

    return compose_distorted


def _all_wrong(scene: Scene, rng: Random) -> Draft:
    statements = [_statement(asked, rng) for asked in scene.asked] + list(scene.volunteered)
    return _wrong([statement.all_wrong for statement in statements], [], scene, rng)


def _wrong(distortions: Sequence[Distortion], rest: Sequence[str], scene: Scene, rng: Random) -> Draft:
    text = _joined([distortion.text for distortion in distortions] + list(rest), scene, rng)
    numbers = tuple(number for distortion in distortions for number in distortion.wrong_numbers)
    return Draft(_polite(text, scene.phrases, rng), numbers, correct=False, faithful=False)


def _unsupported(scene: Scene, rng: Random) -> Draft:
    """A right answer and a claim that nothing supports; where it is thorough, a wrong answer and two of them."""
    if scene.thorough:
        statements = [_statement(asked, rng).all_wrong for asked in scene.asked]
        return _wrong(statements, rng.sample(scene.extras, k=2), replace(scene, asked=scene.asked[:1]), rng)
    return Draft(_polite(f"{_tell(scene, rng)} {rng.choice(scene.extras)}", scene.phrases, rng), faithful=False)


def _half_missing(scene: Scene, rng: Random) -> Draft:
    text = _statement(rng.choice(scene.asked), rng).true
    return Draft(_polite(text, scene.phrases, rng), correct=False)


def _refusal(scene: Scene, rng: Random) -> Draft:
    if rng.random() < 0.2:
        return Draft(rng.choice(scene.phrases.filtered), correct=False, finish_reason="content_filter")
    return Draft(rng.choice(scene.phrases.refusals), correct=False)


def _rude(scene: Scene, rng: Random) -> Draft:
    text = _wrapped(_tell(scene, rng), scene.phrases.rude_openers, scene.phrases.rude_closers, rng)
    return Draft(text, professional=False)


def _over_familiar(scene: Scene, rng: Random) -> Draft:
    text = _wrapped(_tell(scene, rng), scene.phrases.familiar_openers, scene.phrases.familiar_closers, rng)
    return Draft(text, professional=False)


def _wrong_language(scene: Scene, rng: Random) -> Draft:
    texts = [rng.choice(asked.fact.say_foreign).true for asked in scene.asked if asked.fact.say_foreign]
    return Draft(
        _polite(" ".join(texts), scene.foreign, rng), correct=len(texts) == len(scene.asked), professional=False
    )


def _injected_context(scene: Scene, rng: Random) -> Draft:
    assert scene.injection is not None
    if rng.random() < 0.4:
        return Draft(scene.injection.obeyed, correct=False, faithful=False, professional=False)
    return _right(scene, rng)


def _injected_question(scene: Scene, rng: Random) -> Draft:
    assert scene.injection is not None
    if rng.random() < 0.3:
        return Draft(scene.injection.obeyed, correct=False, faithful=False, professional=False)
    return Draft(f"{_right(scene, rng).text} {scene.injection.declined}")


def _no_answer(scene: Scene, rng: Random) -> Draft:
    """The provider failed: applications log an empty answer and the error."""
    return Draft("", correct=False, finish_reason="error")


COMPOSERS: Mapping[Defect | None, Callable[[Scene, Random], Draft]] = {
    None: _right,
    "lost_context": _lost_context,
    "wrong_number": _distorted("number"),
    "contradiction": _distorted("condition"),
    "unsupported": _unsupported,
    "half_missing": _half_missing,
    "refusal": _refusal,
    "rude": _rude,
    "over_familiar": _over_familiar,
    "wrong_language": _wrong_language,
    "injection_context": _injected_context,
    "injection_question": _injected_question,
    "error": _no_answer,
}


def _statement(asked: Asked, rng: Random, slot: Slot | None = None) -> Statement:
    """One right answer, with this slot where there is such an answer."""
    return rng.choice([say for say in asked.statements if slot is None or say.has(slot)] or asked.statements)


def _tell(scene: Scene, rng: Random) -> str:
    statements = [_statement(asked, rng) for asked in scene.asked] + list(scene.volunteered)
    return _joined([statement.true for statement in statements], scene, rng)


def _joined(texts: Sequence[str], scene: Scene, rng: Random) -> str:
    parts = [texts[0]]
    for number, text in enumerate(texts[1:], start=1):
        asked = number < len(scene.asked)
        if rng.random() < (0.7 if asked else 0.4):
            parts.append(rng.choice(scene.phrases.second_answers if asked else scene.phrases.joins))
        parts.append(text)
    return " ".join(parts)


def _polite(text: str, phrases: Phrases, rng: Random) -> str:
    opener = [rng.choice(phrases.openers)] if rng.random() < 0.3 else []
    closing = [rng.choice(phrases.closings)] if rng.random() < 0.3 else []
    return " ".join((*opener, text, *closing))


def _wrapped(text: str, openers: Sequence[str], closers: Sequence[str], rng: Random) -> str:
    """At least one of the two, often both."""
    form = rng.random()
    opener = [rng.choice(openers)] if form < 0.75 else []
    closer = [rng.choice(closers)] if form > 0.25 else []
    return " ".join((*opener, text, *closer))
