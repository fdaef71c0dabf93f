"""In go two texts; out comes whether the second is in another language than the first."""

from include.judges.offline.lexicon import LANGUAGES
from include.judges.offline.text import Text

NAMES = {"en": "English", "de": "German", "es": "Spanish", "fr": "French", "und": "an unknown language"}
FEWEST_WORDS = 3
FEWEST_OWN = 2


def named(language: str) -> str:
    """The language in English words, for an explanation."""
    return NAMES.get(language, f"{language.upper() if language == 'cjk' else language.capitalize()} script")


def differs(asked: Text, answered: Text) -> bool:
    """Whether an answer is in another language than what was asked; False wherever that is not certain.

    Two known languages differ if the answer has FEWEST_OWN function words that only its language has, and twice as
    many as of the other's. Two scripts differ if the answer has FEWEST_WORDS. A language without a lexicon differs
    from none.
    """
    one, other = asked.language, answered.language
    if one == other or "und" in (one, other):
        return False
    if one in LANGUAGES and other in LANGUAGES:
        said, told = asked.own_words, answered.own_words
        return said[one] > said[other] and told[other] >= max(FEWEST_OWN, 2 * told[one])
    return sum(len(sentence.words) for sentence in answered.sentences) >= FEWEST_WORDS
