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


@pytest.mark.parametrize(
    "channel",
    ["#quality", "quality", "C0GENERAL1", "email:a@example.com", "email:a@example.com,b@x.org", "webhook:assay_pager"],
)
def test_a_channel_names_slack_or_another_receiver(channel: str) -> None:
    assert Routes.model_validate({"route": {"name": "root", "channel": channel}}).decide({}).channel == channel


@pytest.mark.parametrize(
    "channel", ["", "email:", "email:nobody", "email:a@b,", "webhook:", "webhook:a b", "pager:x", "https://x", "a@b"]
)
def test_any_other_channel_is_refused(tmp_path: Path, channel: str) -> None:
    with pytest.raises(ConfigError, match=r"routes.yaml:3: route.channel"):
        load(write(tmp_path / "routes.yaml", f'route:\n  name: root\n  channel: "{channel}"\n'), Routes)


@pytest.mark.parametrize("mention", ["<!channel>", "here", "ml-platform", "C0123ABCD", "S0123 ABCD"])
def test_an_owner_is_called_by_an_id_and_nothing_else(mention: str) -> None:
    with pytest.raises(ValueError, match="owners"):
        Routes.model_validate({"route": {"name": "root"}, "owners": {"ml-platform": mention}})


def test_a_daily_summary_is_inherited_and_can_be_switched_off_below() -> None:
    costs = {"name": "costs", "match": {"category": "cost"}, "digest": "daily"}
    loud = {"name": "loud", "match": {"severity": "critical"}, "digest": "off"}
    routes = Routes.model_validate({"route": {"name": "root", "routes": [{**costs, "routes": [loud]}]}})
    told = [routes.decide(labels).digest for labels in ({}, {"category": "cost"})]
    assert told == ["off", "daily"]
    assert routes.decide({"category": "cost", "severity": "critical"}).digest == "off"
    assert routes.has_digests
    assert not load(SHIPPED, Routes).has_digests


def test_any_of_several_values_will_do() -> None:
    assert matches({"category": ("quality", "drift")}, {"category": "drift"})
    assert not matches({"category": ("quality", "drift")}, {"category": "data"})
    assert matches({"category": ("quality", "")}, {"project": "bank"})
