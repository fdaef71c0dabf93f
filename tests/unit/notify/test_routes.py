from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from include.adapters.yaml_file import load
from include.errors import ConfigError
from include.notify.routes import Routes, matches

SHIPPED = Path(__file__).parents[3] / "include/notify/routes.yaml"
TREE = """
route:
  name: root
  channel: "#all"
  repeat_interval: PT1H
  routes:
    - name: clinic
      match: {project: clinic}
      channel: "#clinic"
      routes:
        - name: clinic-cost
          match: {category: cost}
          group_by: [project]
    - name: cost
      match: {category: cost}
      min_severity: critical
"""


def write(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    ("labels", "name", "channel", "group_by"),
    [
        ({"project": "bank"}, "root", "#all", ("project", "environment", "category")),
        ({"project": "clinic"}, "clinic", "#clinic", ("project", "environment", "category")),
        ({"project": "clinic", "category": "cost"}, "clinic-cost", "#clinic", ("project",)),
        ({"project": "bank", "category": "cost"}, "cost", "#all", ("project", "environment", "category")),
    ],
)
def test_an_alert_takes_the_first_branch_that_fits_and_inherits_the_rest(
    tmp_path: Path, labels: dict[str, str], name: str, channel: str, group_by: tuple[str, ...]
) -> None:
    found = load(write(tmp_path / "routes.yaml", TREE), Routes).decide(labels)
    assert (found.name, found.channel, found.group_by) == (name, channel, group_by)
    assert found.repeat_interval == timedelta(hours=1)


def test_an_unknown_key_is_refused_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"routes.yaml:4: .*chanel"):
        load(write(tmp_path / "routes.yaml", TREE.replace("channel", "chanel", 1)), Routes)


@pytest.mark.parametrize(
    "broken",
    [
        "route: {}",
        "route: {name: a}\nwidespread: 1",
        "route: {name: a}\ninhibit: [{source: {}, target: {category: data}}]",
    ],
)
def test_a_file_that_means_nothing_is_refused(tmp_path: Path, broken: str) -> None:
    with pytest.raises(ConfigError):
        load(write(tmp_path / "routes.yaml", broken), Routes)


def test_the_shipped_file_is_valid_and_tells_warnings() -> None:
    assert load(SHIPPED, Routes).decide({"category": "quality"}).min_severity == "warning"


def test_a_label_that_is_missing_is_the_empty_text() -> None:
    assert matches({"project": ""}, {"category": "data"})
    assert not matches({"project": ""}, {"project": "bank"})
