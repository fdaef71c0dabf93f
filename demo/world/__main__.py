"""Enters: a seed, an end, a file's name. Leaves: the world's log as one JSON object a line, without its truth."""

from __future__ import annotations

import argparse
import json
from datetime import UTC, datetime
from pathlib import Path

from demo.world.generate import generate
from demo.world.model import World


def main() -> None:
    """`python -m demo.world --seed 7 --end 2026-11-20 --jsonl out.jsonl`."""
    parser = argparse.ArgumentParser(prog="python -m demo.world", description="Write the demo world's log to a file.")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--end", type=_midnight, required=True, help="a date; the world ends at its first moment, UTC")
    parser.add_argument("--jsonl", required=True, help="the file to write")
    arguments = parser.parse_args()
    with Path(arguments.jsonl).open("w", encoding="utf-8") as output:
        for row, _ in generate(World(arguments.seed, arguments.end)):
            line = {"id": row["interaction_id"], **row}
            output.write(json.dumps(line, ensure_ascii=False, default=datetime.isoformat) + "\n")


def _midnight(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


if __name__ == "__main__":
    main()
