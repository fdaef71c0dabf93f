"""What every offline scorer returns."""

from dataclasses import dataclass

_SHOWN = 90


@dataclass(frozen=True, slots=True)
class Opinion:
    """A value in [0, 1], higher is better, and one or two sentences for a domain expert that say why."""

    value: float
    explanation: str


def quote(text: str) -> str:
    """A text on one line in quotation marks, shortened to be read at a glance."""
    line = " ".join(text.split())
    return f'"{line}"' if len(line) <= _SHOWN else f'"{line[: _SHOWN - 1].rstrip()}…"'
