"""In goes an answer; out comes how professional its tone is."""

import math
import re
from dataclasses import dataclass

from include.judges.offline.lexicon import LANGUAGES, Lexicon, fold, speech, tones
from include.judges.offline.opinion import Opinion, quote
from include.judges.offline.text import MAX_CHARACTERS, Sentence, read

NEUTRAL = 2.0
"""Log-odds of a plain, factual answer: 0.88, good without being warm."""
WEIGHTS = {"courtesy": 1.0, "warmth": 1.0, "hedges": 0.5, "demands": -0.5, "familiar": -2.5, "insults": -5.0}
"""What one word of a kind adds. Rudeness weighs more than courtesy, since one insult is not made good by a "please"."""
CRITICISM = -0.2
CRITICISM_OF_READER = -0.8
"""A word of blame is mostly about the matter; in a sentence that says "you" it is mostly about the reader."""
DISMISSAL = -5.0
SHOUTING = -1.5
EMOJI = -0.7
MOST_EMOJI = 4
GRAVE = -1.5
"""Marks of this weight and beyond count in full wherever they stand; the others by sentence."""
LOWEST = -20.0
_SHOUTED = re.compile(r"\b[A-ZÀ-Þ]{3,}(?:[\s,]+[A-ZÀ-Þ]{2,}){2,}|[!?]{2,}")
_EMOJI = re.compile("[\U0001f300-\U0001faff\u2600-\u27bf]|[:;]-?[)(DP](?!\\w)")


@dataclass(frozen=True, slots=True)
class Tone:
    """What one sentence adds to the log-odds: up, a little down, and far down; and the words that did it harm."""

    sentence: Sentence
    up: float
    mild: float
    grave: float
    harsh: tuple[str, ...]

    @property
    def down(self) -> float:
        """All that speaks against the sentence, at most 0."""
        return self.mild + self.grave


def professionalism(response: str, user_input: str) -> Opinion | None:
    """How courteous, calm and businesslike an answer is, in [0, 1]; None where it holds no words.

    Tone words are weighed and summed. The sum of the mild ones is divided by the root of the number of sentences, so
    that length alone makes no answer courteous; insults, dismissals, familiar words and shouting count in full.
    `user_input` only tells the language of an answer too short to show it: a rude question excuses no rude answer.
    """
    answer = read(response)
    if not answer.sentences:
        return None
    words_of = speech(answer.language if answer.language in LANGUAGES else read(user_input).language)
    judged = [_tone(sentence, words_of) for sentence in answer.sentences]
    up = sum(tone.up for tone in judged)
    emoji = EMOJI * min(MOST_EMOJI, len(_EMOJI.findall(response[:MAX_CHARACTERS])))
    even = (up + sum(tone.mild for tone in judged)) / math.sqrt(len(judged))
    grave = max(LOWEST, emoji + sum(tone.grave for tone in judged))
    worst = min(judged, key=lambda tone: tone.down)
    return Opinion(1 / (1 + math.exp(-NEUTRAL - even - grave)), _explain(worst, up, emoji))


def _tone(sentence: Sentence, words_of: Lexicon) -> Tone:
    spoken = [(word.surface, tones(word.folded, words_of.language)) for word in sentence.words]
    to_reader = any("reader" in kinds for _, kinds in spoken)
    weights = WEIGHTS | {"criticism": CRITICISM_OF_READER if to_reader else CRITICISM}
    marks = [(weights[kind], surface) for surface, kinds in spoken for kind in kinds if kind in weights]
    marks += [(DISMISSAL, match.group()) for match in words_of.dismissals.finditer(fold(sentence.text))]
    marks += [(SHOUTING, match.group()) for match in _SHOUTED.finditer(sentence.text)]
    return Tone(
        sentence,
        up=sum(weight for weight, _ in marks if weight > 0),
        mild=sum(weight for weight, _ in marks if GRAVE < weight < 0),
        grave=sum(weight for weight, _ in marks if weight <= GRAVE),
        harsh=tuple(word for weight, word in sorted(marks) if weight < 0),
    )


def _explain(worst: Tone, up: float, emoji: float) -> str:
    if worst.down <= CRITICISM_OF_READER:
        harsh = ", ".join(quote(word) for word in dict.fromkeys(worst.harsh[:3]))
        return f"Harsh, familiar or loud in {quote(worst.sentence.text)}: {harsh}."
    if emoji < EMOJI:
        return "Emoji make the answer more familiar than business asks for."
    return "Courteous and businesslike." if up > 0 else "Plain and businesslike, without words of courtesy."
