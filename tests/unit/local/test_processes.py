"""Background processes: found again, stopped politely, then not, and never left behind."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil  # type: ignore[import-untyped]
import pytest

from local.processes import Program, is_alive, stop

SLEEPER = "import time; print('ready', flush=True); time.sleep(60)"
DEAF = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('ready', flush=True); time.sleep(60)"
PARENT = """
import os, signal, time
child = os.fork()
if child == 0:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    os.setpgid(0, 0)
    print('ready', flush=True)
time.sleep(60)
"""


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Callable[..., Program]]:
    made: list[Program] = []

    def start(code: str, name: str = "it") -> Program:
        it = Program(name, [sys.executable, "-c", code], tmp_path / f"{name}.pid", tmp_path / f"{name}.log")
        it.start(os.environ, tmp_path)
        made.append(it)
        while "ready" not in it.last_words():
            time.sleep(0.01)
        return it

    yield start
    stop(made, patience_s=0)


def test_a_program_is_found_again_by_its_pid_file(program: Callable[..., Program]) -> None:
    started = program(SLEEPER)
    again = Program("it", [], started.pid_file, started.log)
    assert again.process() == started.process() is not None


def test_a_program_that_ended_is_not_found(program: Callable[..., Program]) -> None:
    ended = program("print('ready')")
    process = psutil.Process(int(ended.pid_file.read_text().split()[0]))
    while is_alive(process):
        time.sleep(0.01)
    assert ended.process() is None


def test_a_pid_that_was_given_to_another_process_is_not_the_program(program: Callable[..., Program]) -> None:
    it = program(SLEEPER)
    pid, born = it.pid_file.read_text().split()
    it.pid_file.write_text(f"{pid} {float(born) - 3600}")
    assert it.process() is None
    it.pid_file.write_text(f"{pid} {born}")


@pytest.mark.parametrize("text", ["", "nonsense", "1", "999999999 1.0"])
def test_a_damaged_pid_file_is_no_process(tmp_path: Path, text: str) -> None:
    (tmp_path / "pid").write_text(text)
    assert Program("it", [], tmp_path / "pid", tmp_path / "log").process() is None


def test_stop_ends_a_willing_program_without_waiting_for_its_patience(program: Callable[..., Program]) -> None:
    it = program(SLEEPER)
    began = time.monotonic()
    stop([it], patience_s=30)
    assert it.process() is None
    assert time.monotonic() - began < 10
    assert not it.pid_file.exists()


def test_stop_kills_a_program_that_does_not_listen(program: Callable[..., Program]) -> None:
    it = program(DEAF)
    process = it.process()
    stop([it], patience_s=0.2)
    assert process is not None
    assert not is_alive(process)


@pytest.mark.parametrize("parent_is_killed_before", [False, True])
def test_stop_leaves_no_child(program: Callable[..., Program], parent_is_killed_before: bool) -> None:
    it = program(PARENT)
    parent = it.process()
    assert parent is not None
    [child] = parent.children()
    if parent_is_killed_before:
        parent.send_signal(signal.SIGKILL)
    stop([it], patience_s=0.5)
    assert not is_alive(parent)
    assert not is_alive(child)


def test_stopping_what_never_ran_is_harmless(tmp_path: Path) -> None:
    it = Program("it", [], tmp_path / "pid", tmp_path / "log")
    stop([it], patience_s=1)
    assert it.process() is None
    assert list(tmp_path.iterdir()) == []
