"""How projects are judged goes in; what hides their texts from people outside the log comes out, by project."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from include.judges.judging import JudgingFile
from include.judges.redaction.redactor import KINDS, Redactor


def outward(judging: JudgingFile) -> Callable[[str], Redactor]:
    """Hides at least as much as a judge of the project is not to see; what one project needs is made once."""

    @cache
    def redactor(project: str) -> Redactor:
        return Redactor({*KINDS, *judging.of(project).redact})

    return redactor
