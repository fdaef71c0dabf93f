"""docker-compose.yml: valid, without a default password, and closed to the network unless somebody opens it."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
FILE = ROOT / "docker-compose.yml"
TEXT = FILE.read_text()
REQUIRED = sorted(set(re.findall(r"\$\{(\w+):\?", TEXT)))
SECRET = re.compile(r"PASSWORD|SECRET|KEY|TOKEN")


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    return yaml.safe_load(TEXT)["services"]


def test_compose_accepts_it(tmp_path: Path) -> None:
    docker = shutil.which("docker")
    if docker is None or subprocess.run([docker, "compose", "version"], capture_output=True, check=False).returncode:
        pytest.skip("docker's compose plugin is not installed")
    secrets = tmp_path / "secrets"
    secrets.write_text("".join(f"{name}=x\n" for name in REQUIRED))
    command = [docker, "compose", "--env-file", str(secrets), "-f", str(FILE), "config", "-q"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_no_secret_has_a_default() -> None:
    asked = re.findall(r"\$\{(\w+)([^}]*)\}", TEXT)
    assert asked
    assert [name for name, rest in asked if SECRET.search(name) and not rest.startswith(":?")] == []
    assert [line for line in TEXT.splitlines() if SECRET.search(line.split(":")[0]) and "${" not in line] == []


def test_the_documents_name_every_secret_that_it_asks_for() -> None:
    told = (ROOT / "docs/deploy.md").read_text()
    assert [name for name in REQUIRED if name not in told] == []


def test_nothing_is_published_beyond_this_machine_by_default(services: dict[str, Any]) -> None:
    ports = [port for service in services.values() for port in service.get("ports", [])]
    assert ports
    assert [port for port in ports if not re.match(r"(\$\{\w+:-)?127\.0\.0\.1", str(port))] == []
    assert not [name for name, service in services.items() if service.get("network_mode") == "host"]


def test_every_service_that_stays_up_has_a_health_check(services: dict[str, Any]) -> None:
    assert [n for n, one in services.items() if one.get("restart") != "no" and "healthcheck" not in one] == []
