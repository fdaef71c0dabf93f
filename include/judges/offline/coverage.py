"""In go a question, its answer, passages and references; out comes how far the answer is right and complete."""

from collections.abc import Sequence, Set

from include.judges.offline.claims import Claim, examine, mean_support
from include.judges.offline.evidence import Evidence, gather, negated_words
from include.judges.offline.language import differs, named
from include.judges.offline.lexicon import speech
from include.judges.offline.opinion import Opinion, quote
from include.judges.offline.refusal import declines
from include.judges.offline.support import WELL_SUPPORTED, read_beside, stated
from include.judges.offline.text import Kind, Text, Word, read

SHORT_REFERENCE = 4
"""Content words: a shorter reference is a name, number or phrase that must be there, a longer one is prose."""
MOST_REFERENCES = 40
UNUSABLE_LANGUAGE = 0.3
"""Share of its value that an answer keeps in a language that the user did not speak."""
DECLINED_ANSWERABLE = 0.1
DECLINED_UNANSWERABLE = 0.6
"""An honest "I do not know": wrong where the passages hold the answer, else right, if of little use."""
ANSWERABLE_SHARE = 0.6
"""The passages are taken to hold the answer if they have this share of the question's words."""
RELEVANCE_WEIGHT = 0.4
"""Without a reference: what hangs on the answer speaking of what was asked."""
WRONG_WEIGHT = 0.5
"""Without a reference: a sentence with a wrong number, name or denial misleads, beyond lacking support."""
CONFLICT_FACTOR = 0.4
"""A denied reference or a number in place of another costs more than a missing word."""


def correctness(user_input: str, response: str, contexts: Sequence[str], reference: Sequence[str]) -> Opinion | None:
    """How far the answer is right and complete, in [0, 1]; 0.5 and above is meant to be read as right.

    With references: against the one that it matches best. Without: whether it speaks of what was asked and the
    passages bear it out. None with neither. An empty answer is worth 0.
    """
    question, answer = read(user_input), read(response)
    references = [text for text in reference[:MOST_REFERENCES] if text.strip()]
    if references:
        opinion = _against_references(question, answer, response, references)
    elif any(context.strip() for context in contexts):
        evidence = gather(contexts)
        opinion = _against_passages(question, read_beside(response, evidence), evidence, user_input)
    else:
        return None
    if differs(question, answer):
        told = f"The question is in {named(question.language)}, the answer in {named(answer.language)}."
        return Opinion(opinion.value * UNUSABLE_LANGUAGE, f"{told} {opinion.explanation}")
    return opinion


def _against_references(question: Text, answer: Text, response: str, references: list[str]) -> Opinion:
    if not answer.sentences:
        return Opinion(0.0, "Against the reference: the answer is empty.")
    evidence = gather([response], answer.language)
    asked = frozenset(word.key for word in question.content)
    opinions = (_against(read(text, answer.language), answer, evidence, asked) for text in references)
    best = max(opinions, key=lambda opinion: opinion.value)
    if declines(answer):
        return Opinion(min(best.value, DECLINED_ANSWERABLE), "Against the reference: the answer only declines.")
    return best


def _against(reference: Text, answer: Text, evidence: Evidence, asked: Set[str]) -> Opinion:
    words = [word for sentence in reference.sentences for word in sentence.words]
    content = [word for word in words if word.kind]
    if not words:
        return Opinion(0.0, "Against the reference: it holds no words to compare.")
    if len(content) < SHORT_REFERENCE:
        return _phrase(content or words, answer, evidence, asked)
    return _prose(reference, answer, evidence, asked)


def _phrase(words: list[Word], answer: Text, evidence: Evidence, asked: Set[str]) -> Opinion:
    """A name, number or phrase: the share of its words in the answer, without those which the question gave away."""
    telling = [word for word in words if word.key not in asked] or words
    said = {word.key for sentence in answer.sentences for word in sentence.words}
    missing = [word for word in telling if word.key not in said and not evidence.resembles(word)]
    value = 1 - len(missing) / len(telling)
    wanted = quote(" ".join(word.surface for word in words))
    if any(word.kind is Kind.NUMBER for word in missing):
        value *= CONFLICT_FACTOR
    if _denies(answer, telling):
        return Opinion(value * CONFLICT_FACTOR, f"Against the reference: the answer denies {wanted}.")
    if missing:
        lacking = ", ".join(quote(word.surface) for word in missing)
        return Opinion(value, f"Against the reference {wanted}: the answer lacks {lacking}.")
    return Opinion(value, f"Against the reference: the answer says {wanted}.")


def _denies(answer: Text, telling: list[Word]) -> bool:
    """Whether every sentence that names the reference's words names them under a negation."""
    keys = {word.key for word in telling}
    naming = [s for s in answer.sentences if any(word.key in keys for word in s.words)]
    return bool(naming) and all(keys & {word.key for word in negated_words(s)} for s in naming)


def _prose(reference: Text, answer: Text, evidence: Evidence, asked: Set[str]) -> Opinion:
    """Each sentence of the reference is a claim that the answer has to bear out."""
    words_of = speech(answer.language)
    claims = [examine(s, evidence, words_of, asked) for s in reference.sentences if s.content]
    value = mean_support(claims)
    expected = {word.key for word in reference.content if word.kind is Kind.NUMBER}
    stray = [w for w in answer.content if w.kind is Kind.NUMBER and w.key not in expected | asked]
    if stray and expected - evidence.keys:
        wrong = f"the answer says {quote(stray[0].surface)} where the reference has another number"
        return Opinion(value * CONFLICT_FACTOR, f"Against the reference: {wrong}.")
    return Opinion(value, _explain(claims))


def _explain(claims: list[Claim]) -> str:
    worst = min(claims, key=lambda claim: claim.support)
    where = quote(worst.sentence.text)
    if worst.support >= WELL_SUPPORTED:
        return "Against the reference: the answer covers all of it."
    if worst.violations:
        return f"Against the reference, which says {where}: in the answer {'; '.join(worst.violations[:2])}."
    return f"Against the reference: the answer leaves out {where}."


def _against_passages(question: Text, answer: Text, evidence: Evidence, user_input: str) -> Opinion:
    basis = "Against question and passages, without a reference:"
    asked = {word.key for word in question.content}
    if declines(answer):
        spoken_of = sum(evidence.resembles(word) for word in question.content)
        if spoken_of >= ANSWERABLE_SHARE * len(question.content):
            return Opinion(DECLINED_ANSWERABLE, f"{basis} the answer declines, but the passages speak of the question.")
        return Opinion(DECLINED_UNANSWERABLE, f"{basis} the answer declines, and the passages say nothing of it.")
    claims = stated(answer, evidence, user_input)
    if not claims:
        return Opinion(0.0, f"{basis} the answer states nothing.")
    support, relevance = mean_support(claims), _relevance(asked, claims, evidence)
    wrong = sum(claim.weight for claim in claims if claim.violations) / sum(claim.weight for claim in claims)
    value = support * (1 - RELEVANCE_WEIGHT * (1 - relevance)) * (1 - WRONG_WEIGHT * wrong)
    return Opinion(value, f"{basis} {support:.0%} borne out, {relevance:.0%} of the question's words dealt with.")


def _relevance(asked: Set[str], claims: list[Claim], evidence: Evidence) -> float:
    """The share of the question's words in the answer, or in the sentences of the passages that it rests on."""
    if not asked:
        return 1.0
    dealt_with: set[str] = set()
    for claim in claims:
        keys = {word.key for word in claim.sentence.content}
        closest, _ = evidence.closest(keys)
        dealt_with |= keys | {word.key for word in closest.content} if closest else keys
    return len(asked & dealt_with) / len(asked)
