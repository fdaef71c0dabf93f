"""In go an answer and its passages; out comes how far the passages support what the answer claims."""

from collections.abc import Sequence
from dataclasses import replace

from include.judges.offline.claims import Claim, examine, mean_support
from include.judges.offline.evidence import Evidence, gather
from include.judges.offline.language import differs, named
from include.judges.offline.lexicon import LANGUAGES, speech
from include.judges.offline.opinion import Opinion, quote
from include.judges.offline.refusal import declines
from include.judges.offline.text import Kind, Text, read

UNCOMPARABLE = 0.5
"""What an answer in another language than its passages gets, before its numbers and names are looked up."""
DECLINED = 0.7
"""What an answer gets that only declines: nothing in it is false, and nothing in it is borne out."""
WELL_SUPPORTED = 0.8


def faithfulness(response: str, contexts: Sequence[str], user_input: str) -> Opinion | None:
    """How far the passages bear out the answer, sentence by sentence, in [0, 1].

    None without passages, and where the answer claims nothing: no words, or questions only. An answer that only
    says that it does not know gets DECLINED. Nothing that the answer says
    about itself or to its judge counts for it: such sentences are claims without support like any other.
    """
    evidence = gather(contexts)
    answer = read_beside(response, evidence)
    claims = stated(answer, evidence, user_input)
    if not claims or not evidence.keys:
        return None
    if declines(answer):
        return Opinion(DECLINED, "The answer only says that it does not know: it claims nothing that could be false.")
    if evidence.first is not None and differs(evidence.first, answer):
        return _across_languages(answer, evidence)
    return Opinion(mean_support(claims), _explain(claims, answer.cut or evidence.cut))


def read_beside(response: str, evidence: Evidence) -> Text:
    """Read an answer; one too short to show its language is taken to be in that of the passages."""
    answer = read(response)
    unclear = answer.language == "und" and evidence.language in LANGUAGES
    return replace(read(response, evidence.language), language=evidence.language) if unclear else answer


def stated(answer: Text, evidence: Evidence, user_input: str) -> list[Claim]:
    """The answer's statements, examined: no questions, and lead-ins ("Here are the steps:") only for want of others.

    What the user said needs no evidence.
    """
    words_of = speech(answer.language)
    given = frozenset(word.key for word in read(user_input).content)
    statements = [sentence for sentence in answer.sentences if sentence.content and not sentence.asks]
    proper = [sentence for sentence in statements if not sentence.announces]
    return [examine(sentence, evidence, words_of, given) for sentence in proper or statements]


def _across_languages(answer: Text, evidence: Evidence) -> Opinion:
    """Only what survives translation can be compared: numbers, and names that both spell alike."""
    fixed = [word for word in answer.content if word.kind >= Kind.NAME]
    found = sum(word.key in evidence.keys for word in fixed) / len(fixed) if fixed else UNCOMPARABLE
    return Opinion(
        (UNCOMPARABLE + found) / 2,
        f"The answer is in {named(answer.language)}, the passages are in {named(evidence.language)}: "
        f"only numbers and names could be compared, and {found:.0%} of them agree.",
    )


def _explain(claims: list[Claim], cut: bool) -> str:
    worst = min(claims, key=lambda claim: claim.support)
    shortened = " Only the first part of these long texts was read." if cut else ""
    if worst.support >= WELL_SUPPORTED:
        return f"Every sentence finds its words in the passages.{shortened}"
    where = quote(worst.sentence.text)
    if worst.violations:
        return f"Against the passages, in {where}: {'; '.join(worst.violations[:2])}.{shortened}"
    lacking = ", ".join(quote(word) for word in worst.missing[:4])
    return (
        f"Little of {where} is in the passages; they lack {lacking}.{shortened}"
        if lacking
        else (f"The words of {where} are in the passages, but not together.{shortened}")
    )
