"""What a judge need not see: in goes an interaction, out comes the same one with placeholders, and the way back."""

from include.judges.redaction.redactor import KINDS, VERSION, Redactor, Restore

__all__ = ["KINDS", "VERSION", "Redactor", "Restore"]
