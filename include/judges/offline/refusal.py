"""In goes an answer; out comes whether it does nothing but decline."""

from include.judges.offline.lexicon import fold, speech
from include.judges.offline.text import Sentence, Text

LONGEST = 40
"""Words: an answer beyond this says something besides."""


def declines(answer: Text) -> bool:
    """Whether the answer says that it does not know or cannot help, and nothing besides.

    "The documents do not say X, but Y" is a claim. A sentence that offers more help or asks back is none.
    """
    spoken = [sentence for sentence in answer.sentences if sentence.content]
    if not spoken or sum(len(sentence.words) for sentence in spoken) > LONGEST:
        return False
    statements = [sentence for sentence in spoken if not sentence.asks]
    refusals = [sentence for sentence in statements if _refuses(sentence, answer.language)]
    return bool(refusals) and all(s in refusals or _is_polite(s, answer.language) for s in statements)


def _refuses(sentence: Sentence, language: str) -> bool:
    words_of = speech(language)
    turns = any(word.folded in words_of.adversatives for word in sentence.words)
    return not turns and words_of.refusals.search(fold(sentence.text)) is not None


def _is_polite(sentence: Sentence, language: str) -> bool:
    courtesy = speech(language).tone["courtesy"]
    return len(sentence.content) <= 6 and any(word.folded in courtesy for word in sentence.words)
