"""The offline judge: in goes an interaction's text; out come opinions by fixed rules, without key or model."""

from include.judges.offline.coverage import correctness
from include.judges.offline.opinion import Opinion
from include.judges.offline.support import faithfulness
from include.judges.offline.tone import professionalism

VERSION = "1.0.0"
"""Raised whenever any score can change; part of the judge's epoch."""

__all__ = ["VERSION", "Opinion", "correctness", "faithfulness", "professionalism"]
