"""Which port a server gets."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from local.ports import free_port


def test_a_remembered_port_is_kept_while_it_is_free(tmp_path: Path) -> None:
    remembered = tmp_path / "port"
    remembered.write_text(str(free_port("127.0.0.1", preferred=remembered)))
    assert free_port("127.0.0.1", preferred=remembered) == int(remembered.read_text())


def test_a_taken_port_is_replaced_and_the_memory_left_as_it_was(tmp_path: Path) -> None:
    remembered = tmp_path / "port"
    with socket.socket() as taker:
        taker.bind(("127.0.0.1", 0))
        taker.listen()
        taken = taker.getsockname()[1]
        remembered.write_text(str(taken))
        assert free_port("127.0.0.1", preferred=remembered) != taken
    assert remembered.read_text() == str(taken)


def test_servers_of_two_projects_look_at_different_ports(tmp_path: Path) -> None:
    first, second = (free_port("127.0.0.1", preferred=tmp_path / name / "port") for name in "ab")
    assert first != second


@pytest.mark.parametrize("text", ["", "many", "-1", "99999", "0"])
def test_a_damaged_memory_is_forgotten(tmp_path: Path, text: str) -> None:
    (tmp_path / "port").write_text(text)
    assert 1024 < free_port("127.0.0.1", preferred=tmp_path / "port") < 65536
