"""In go files of answers that people labelled; out comes how well the offline judge agrees with them, beside baselines.

    python benchmarks/judge_quality.py [--data DIR] [--json]

Every baseline is computed in the same run on the same rows: share of the answer's words in the passages
(faithfulness), the answer contains the reference, and recall of the reference's words (correctness), VADER's
compound (professionalism, where the package is installed). A row that the judge declines to judge counts as 0.5,
and is counted. Times are CPU time. Files that are absent are skipped with the reason.
"""

import argparse
import json
import re
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from include.judges.offline import VERSION, Opinion, correctness, faithfulness, professionalism  # noqa: E402

Row = dict[str, Any]
Figures = dict[str, float | int | str | None]

FAITHFUL_MEAN = 3.5
THRESHOLD = 0.5
UNJUDGED = 0.5
_WORD = re.compile(r"\w+")


def auroc(labels: Sequence[bool], scores: Sequence[float]) -> float | None:
    """Chance that a good row scores above a bad one, ties half (Mann-Whitney U / n1 n0); None with one class only."""
    ranks = _ranks(scores)
    good = sum(labels)
    bad = len(labels) - good
    if not good or not bad:
        return None
    total = sum(rank for rank, label in zip(ranks, labels, strict=True) if label)
    return (total - good * (good + 1) / 2) / (good * bad)


def balanced_accuracy(labels: Sequence[bool], scores: Sequence[float], threshold: float = THRESHOLD) -> float | None:
    """Mean of the shares of good and of bad rows on the right side of a threshold fixed beforehand, if both exist."""
    said = [score >= threshold for score in scores]
    good = [s for s, label in zip(said, labels, strict=True) if label]
    bad = [not s for s, label in zip(said, labels, strict=True) if not label]
    return (sum(good) / len(good) + sum(bad) / len(bad)) / 2 if good and bad else None


def kappa(labels: Sequence[bool], said: Sequence[bool]) -> float | None:
    """Cohen's kappa of two binary raters; None where both say one thing only."""
    n = len(labels)
    agreed = sum(a == b for a, b in zip(labels, said, strict=True)) / n
    p, q = sum(labels) / n, sum(said) / n
    chance = p * q + (1 - p) * (1 - q)
    return (agreed - chance) / (1 - chance) if chance < 1 else None


def spearman(left: Sequence[float], right: Sequence[float]) -> float | None:
    """Pearson's correlation of the ranks, ties at their mean rank; None where one side does not vary."""
    a, b = _ranks(left), _ranks(right)
    mean = (len(a) + 1) / 2
    cov = sum((x - mean) * (y - mean) for x, y in zip(a, b, strict=True))
    spread = sum((x - mean) ** 2 for x in a) * sum((y - mean) ** 2 for y in b)
    return cov / spread**0.5 if spread else None


def _ranks(values: Sequence[float]) -> list[float]:
    order = sorted(range(len(values)), key=values.__getitem__)
    ranks = [0.0] * len(values)
    start = 0
    while start < len(order):
        end = start
        while end + 1 < len(order) and values[order[end + 1]] == values[order[start]]:
            end += 1
        for place in order[start : end + 1]:
            ranks[place] = (start + end) / 2 + 1
        start = end + 1
    return ranks


def _words(text: str) -> list[str]:
    return _WORD.findall(text.lower())


def word_overlap(row: Row) -> float:
    """The plain baseline of faithfulness: the share of the answer's words, four letters and more, in the passages."""
    known = set(_words(" ".join(row["contexts"])))
    words = [word for word in _words(row["answer"]) if len(word) > 3]
    return sum(word in known for word in words) / len(words) if words else UNJUDGED


def contains_reference(row: Row) -> bool:
    """The plain baseline of correctness: some reference stands in the answer, word for word."""
    answer = f" {' '.join(_words(row['answer']))} "
    return any(f" {' '.join(_words(reference))} " in answer for reference in row["reference"])


def reference_recall(row: Row) -> float:
    """The largest share of a reference's words that the answer has."""
    answer = set(_words(row["answer"]))
    split = [set(_words(reference)) for reference in row["reference"]]
    return max((len(words & answer) / len(words) for words in split if words), default=0.0)


def _judged(rows: list[Row], judge: Callable[[Row], Opinion | None]) -> tuple[list[float], Figures]:
    started = time.process_time()
    opinions = [judge(row) for row in rows]
    spent = time.process_time() - started
    values = [UNJUDGED if opinion is None else opinion.value for opinion in opinions]
    unjudged = sum(opinion is None for opinion in opinions)
    return values, {"n": len(rows), "unjudged": unjudged, "ms_per_row": round(1000 * spent / len(rows), 3)}


def faithfulness_figures(rows: list[Row], label: Callable[[Row], bool]) -> Figures:
    """AUROC and balanced accuracy on rows that have passages."""
    rows = [row for row in rows if row["contexts"]]
    values, figures = _judged(rows, lambda r: faithfulness(r["answer"], r["contexts"], r["question"] or ""))
    labels = [label(row) for row in rows]
    baseline = auroc(labels, [word_overlap(row) for row in rows])
    return figures | {
        "auroc": auroc(labels, values),
        "balanced_accuracy": balanced_accuracy(labels, values),
        "baseline_auroc": baseline,
        "baseline": "share of the answer's words in the passages",
    }


def correctness_figures(rows: list[Row]) -> Figures:
    """Kappa at the fixed threshold, and AUROC, against references."""
    values, figures = _judged(rows, lambda r: correctness(r["question"], r["answer"], r["contexts"], r["reference"]))
    labels = [bool(row["labels"]["correct"]) for row in rows]
    return figures | {
        "auroc": auroc(labels, values),
        "balanced_accuracy": balanced_accuracy(labels, values),
        "kappa": kappa(labels, [value >= THRESHOLD for value in values]),
        "threshold": THRESHOLD,
        "baseline_kappa": kappa(labels, [contains_reference(row) for row in rows]),
        "baseline_auroc": auroc(labels, [reference_recall(row) for row in rows]),
        "baseline": "contains the reference (kappa), recall of its words (AUROC)",
    }


def tone_figures(rows: list[Row]) -> Figures:
    """Spearman of professionalism and the mean of people's ratings of tone."""
    values, figures = _judged(rows, lambda r: professionalism(r["answer"], r["question"] or ""))
    ratings = [row["labels"]["tone_mean"] for row in rows]
    baseline, reason = _vader(rows, ratings)
    return figures | {"spearman": spearman(values, ratings), "baseline_spearman": baseline, "baseline": reason}


def _vader(rows: list[Row], ratings: list[float]) -> tuple[float | None, str]:
    try:
        from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer
    except ImportError:
        return None, "VADER's compound: skipped, vaderSentiment is not installed"
    analyser = SentimentIntensityAnalyzer()
    return spearman([analyser.polarity_scores(row["answer"])["compound"] for row in rows], ratings), "VADER's compound"


def preference_figures(rows: list[Row]) -> Figures:
    """For information: how often correctness prefers the answer that people prefer, where they prefer one."""
    usable = [row for row in rows if row["reference"] and _preference(row)]
    if not usable:
        return {"n": 0, "agreement": None, "baseline": "no row has a reference and a preference"}
    started = time.process_time()
    agreed = sum(_sign(_value(r, 1) - _value(r, 0)) == _sign(_preference(r)) for r in usable)
    spent = time.process_time() - started
    return {
        "n": len(usable),
        "agreement": agreed / len(usable),
        "baseline": "a coin: 0.5",
        "ms_per_row": round(500 * spent / len(usable), 3),
    }


def _value(row: Row, which: int) -> float:
    reference = row["reference"] if isinstance(row["reference"], list) else [row["reference"]]
    opinion = correctness(row["question"], row["answer"][which], row["contexts"], reference)
    return UNJUDGED if opinion is None else opinion.value


def _preference(row: Row) -> float:
    """Above 0 where people find the second answer more correct."""
    votes = [vote for vote in row["labels"]["correctness"] if vote is not None]
    return sum(votes) / len(votes) if votes else 0.0


def _sign(value: float) -> int:
    return (value > 0) - (value < 0)


FILES: dict[str, tuple[str, Callable[[list[Row]], Figures]]] = {
    "mtrag": (
        "mtrag_dev.jsonl",
        lambda rows: faithfulness_figures(rows, lambda row: row["labels"]["faithfulness_mean"] >= FAITHFUL_MEAN),
    ),
    "summedits": (
        "summedits_dev.jsonl",
        lambda rows: faithfulness_figures(rows, lambda row: bool(row["labels"]["consistent"])),
    ),
    "begin": (
        "begin_dev.jsonl",
        lambda rows: faithfulness_figures(rows, lambda row: bool(row["labels"]["attributable"])),
    ),
    "evouna": ("evouna_dev.jsonl", correctness_figures),
    "email_tone": ("email_tone_dev.jsonl", tone_figures),
    "ragchecker_pairs": ("ragchecker_pairs.jsonl", preference_figures),
}


def measure(data: Path) -> dict[str, Figures]:
    """The figures of each file, or the reason why there are none."""
    results: dict[str, Figures] = {}
    for name, (file, figures) in FILES.items():
        path = data / file
        if not path.is_file():
            results[name] = {"skipped": f"{file} is not in {data}"}
            continue
        with path.open(encoding="utf-8") as lines:
            results[name] = figures([json.loads(line) for line in lines])
    return results


def table(results: dict[str, Figures]) -> str:
    """One line a file: the judge's figures, then the baselines'."""
    lines = [f"offline judge {VERSION}"]
    for name, figures in results.items():
        if "skipped" in figures:
            lines.append(f"{name:17} skipped: {figures['skipped']}")
            continue
        shown = "  ".join(f"{key} {_shown(value)}" for key, value in figures.items() if key != "baseline")
        lines.append(f"{name:17} {shown}\n{'':17} baseline: {figures['baseline']}")
    return "\n".join(lines)


def _shown(value: float | int | str | None) -> str:
    return f"{value:.3f}" if isinstance(value, float) else str(value)


def main() -> None:
    """Print the table, and with --json one JSON object as the last line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, default=ROOT / ".." / "shared" / "data", metavar="DIR")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    results = measure(arguments.data)
    print(table(results))
    if arguments.json:
        print(json.dumps({"judge": f"offline {VERSION}", "files": results}))


if __name__ == "__main__":
    main()
