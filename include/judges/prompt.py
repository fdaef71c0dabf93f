"""A rubric and an interaction go in; the messages that a judge reads come out, what is constant first."""

from __future__ import annotations

import json
from collections.abc import Sequence

from include.domain.interaction import Interaction
from include.domain.llm import ChatMessage
from include.judges.fence import NOTICE, enclose
from include.judges.rubric import POINTS, Example, Rubric

LAYOUT = 1
"""Raised whenever the user message of the same interaction changes; part of the judge's epoch."""

Sections = list[tuple[str, str]]

_TASK = """You judge one answer that an assistant gave to a user: its {name}, and nothing else.

Question: {question}

Scale:
{scale}

How to judge:
{guidance}

{notice}

Reply with one JSON object: first "reasoning", a few sentences on what speaks for and against the answer, then \
"score", the point of the scale that follows from it. Write the reasoning in English."""


def system(rubric: Rubric, notice: str = "") -> ChatMessage:
    """Task, scale and examples: the same for every interaction, so that a provider's prompt cache holds it.

    `notice` is what else a judge must know of the texts that it will see.
    """
    scale = "\n".join(f"{point}: {rubric.scale[point]}" for point in POINTS)
    notices = "\n\n".join(filter(None, [NOTICE, notice]))
    task = _TASK.format(
        name=rubric.name, question=rubric.question, scale=scale, guidance=rubric.guidance, notice=notices
    )
    return ChatMessage("system", "\n\n".join([task, *(_shown(rubric, example) for example in rubric.examples)]))


def user(rubric: Rubric, interaction: Interaction, secret: bytes) -> ChatMessage:
    """The interaction, as far as the rubric lets the judge see it, fenced."""
    return ChatMessage("user", enclose(_sections(rubric, interaction), secret))


def references(interaction: Interaction) -> tuple[str, ...]:
    """The reference, and those that are as good, which an application logs as attribute `other_references`."""
    others = interaction.attributes.get("other_references")
    found = [interaction.reference, *(others if isinstance(others, list) else [])]
    return tuple(text for text in found if isinstance(text, str) and text.strip())


def basis(rubric: Rubric, interaction: Interaction) -> str:
    """What an answer is judged against, as the explanation of its score begins."""
    if "reference" in rubric.inputs and references(interaction):
        return "Against the reference"
    if "retrieved_contexts" in rubric.inputs and any(text.strip() for text in interaction.retrieved_contexts):
        return "Against question and passages"
    return "Against the question" if "user_input" in rubric.inputs else "By itself"


def _sections(rubric: Rubric, interaction: Interaction) -> Sections:
    seen: Sections = []
    if "history" in rubric.inputs and interaction.history:
        turns = (f"{turn.role}: {turn.content}" for turn in interaction.history)
        seen.append(("earlier conversation", "\n\n".join(turns)))
    if "user_input" in rubric.inputs:
        seen.append(("question", interaction.user_input))
    if "retrieved_contexts" in rubric.inputs:
        seen += _numbered("passage", interaction.retrieved_contexts)
    if "reference" in rubric.inputs:
        seen += _numbered("reference", references(interaction))
    return [*seen, ("answer", interaction.response)]


def _numbered(name: str, texts: Sequence[str]) -> Sections:
    return [(f"{name} {number}", text) for number, text in enumerate(texts, start=1)]


def _shown(rubric: Rubric, example: Example) -> str:
    """An example without fences: it is ours, and a fence there would be one that authors of logged text could read."""
    seen: Sections = [("Question", example.user_input)] if "user_input" in rubric.inputs else []
    seen += _numbered("Passage", example.retrieved_contexts)
    seen += [("Reference", example.reference)] if example.reference else []
    seen.append(("Answer", example.response))
    reply = json.dumps({"reasoning": example.reasoning, "score": example.score}, ensure_ascii=False)
    return "\n".join(["Example", *(f"{name}: {text}" for name, text in seen), f"Reply: {reply}"])
