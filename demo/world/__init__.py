"""Enters: a seed and an end. Leaves: four weeks of logged interactions, their ground truth, and the incidents."""

from demo.world.generate import generate
from demo.world.incidents import incidents
from demo.world.load import load
from demo.world.model import Incident, LogRow, Truth, World

__all__ = ["Incident", "LogRow", "Truth", "World", "generate", "incidents", "load"]
