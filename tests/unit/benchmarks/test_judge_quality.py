"""The figures of the quality benchmark against values worked out by hand, and its manner with absent files."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import spearmanr
from sklearn.metrics import cohen_kappa_score, roc_auc_score

from benchmarks.judge_quality import auroc, balanced_accuracy, kappa, measure, spearman, table

labelled = st.lists(st.tuples(st.booleans(), st.integers(0, 5)), min_size=4).filter(
    lambda rows: len({label for label, _ in rows}) == 2 and len({score for _, score in rows}) > 1
)


@given(labelled)
def test_figures_agree_with_the_reference_implementations(rows: list[tuple[bool, int]]) -> None:
    labels, scores = [label for label, _ in rows], [score for _, score in rows]
    assert auroc(labels, scores) == pytest.approx(roc_auc_score(labels, scores))
    assert spearman(labels, scores) == pytest.approx(spearmanr(labels, scores).statistic)
    said = [score >= 3 for score in scores]
    assert kappa(labels, said) == pytest.approx(cohen_kappa_score(labels, said))


def test_balanced_accuracy_weighs_both_classes_alike() -> None:
    assert balanced_accuracy([True, True, True, False], [0.9, 0.9, 0.1, 0.1]) == pytest.approx((2 / 3 + 1) / 2)


def test_one_class_alone_has_no_auroc() -> None:
    assert auroc([True, True], [0.1, 0.9]) is None


def test_absent_files_are_skipped_with_the_reason(tmp_path: Path) -> None:
    results = measure(tmp_path)
    assert all("is not in" in str(figures["skipped"]) for figures in results.values())
    assert len([line for line in table(results).splitlines() if " skipped: " in line]) == len(results)


def test_a_file_is_measured_beside_its_baseline(tmp_path: Path) -> None:
    row = {"question": "What does it cost?", "contexts": ["The permit costs 45 euros."]}
    rows = [
        {**row, "answer": "The permit costs 45 euros.", "labels": {"attributable": 1}},
        {**row, "answer": "Dogs are welcome in the park.", "labels": {"attributable": 0}},
    ]
    (tmp_path / "begin_dev.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    figures = measure(tmp_path)["begin"]
    assert (figures["n"], figures["auroc"], figures["baseline_auroc"]) == (2, 1.0, 1.0)
