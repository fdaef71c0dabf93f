"""A job in a process of its own: what it returns, what it raises, and what becomes of it when its waiter is killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, NoReturn

import pytest

from include.errors import JudgeMisconfigured
from include.judges.survivor import outlive

ROOT = Path(__file__).parents[3]


def raising(error: BaseException) -> Any:
    def job() -> NoReturn:
        raise error

    return job


def test_a_job_returns_from_another_process() -> None:
    assert outlive(os.getpid) != os.getpid()


def test_an_error_of_ours_comes_out_as_it_was() -> None:
    with pytest.raises(JudgeMisconfigured, match=r"^wrong key$") as raised:
        outlive(raising(JudgeMisconfigured("wrong key", error_type="judge_misconfigured", retryable=False)))
    assert (raised.value.error_type, raised.value.retryable) == ("judge_misconfigured", False)
    assert not hasattr(raised.value, "__notes__")


def test_any_other_error_tells_where_it_came_from() -> None:
    with pytest.raises(ZeroDivisionError) as raised:
        outlive(lambda: 1 / 0)
    assert "outlive(lambda: 1 / 0)" in raised.value.__notes__[0]


def test_an_error_that_cannot_travel_is_told_all_the_same() -> None:
    class Local(Exception):
        pass

    with pytest.raises(RuntimeError, match="Local: odd"):
        outlive(raising(Local("odd")))


def test_a_job_that_is_killed_is_an_error() -> None:
    with pytest.raises(ChildProcessError, match="ended with -9"):
        outlive(lambda: os.kill(os.getpid(), signal.SIGKILL))


def test_nobody_is_left_behind() -> None:
    gone = outlive(os.getpid)
    with pytest.raises(ProcessLookupError):
        os.kill(gone, 0)


ENDING = """
import os, signal, sys, time
from pathlib import Path
from include.judges.survivor import outlive

def job():
    told = Path(sys.argv[1])
    def end(*_):
        time.sleep(float(sys.argv[2]))
        told.write_text("ended in order")
        raise SystemExit(143)
    signal.signal(signal.SIGTERM, end)
    print("begun", flush=True)
    time.sleep(60)

outlive(job, within_s=5)
"""


@pytest.mark.parametrize(("sent", "status"), [(signal.SIGKILL, -9), (signal.SIGTERM, 143), (signal.SIGINT, -2)])
def test_a_job_whose_waiter_is_told_to_end_does_so_in_order(tmp_path: Path, sent: int, status: int) -> None:
    told = tmp_path / "told"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        [sys.executable, "-c", ENDING, told, "0.2"], env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as waiter:
        assert waiter.stdout
        assert waiter.stdout.readline() == b"begun\n"
        waiter.send_signal(sent)
        assert waiter.wait(10) == status
        if sent != signal.SIGKILL:  # the waiter saw the end
            assert told.exists()
        deadline = time.monotonic() + 10
        while not told.exists() and time.monotonic() < deadline:
            time.sleep(0.01)
        assert told.read_text() == "ended in order"


def test_a_job_that_will_not_end_is_ended(tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    code = ENDING.replace("within_s=5", "within_s=0.3")
    with subprocess.Popen(
        [sys.executable, "-c", code, tmp_path / "told", "60"], env=environment, stdout=subprocess.PIPE
    ) as waiter:
        assert waiter.stdout
        assert waiter.stdout.readline() == b"begun\n"
        waiter.kill()
        started = time.monotonic()
        assert waiter.stdout.read() == b"", "the pipe ends with the last process that holds it"
        assert time.monotonic() - started < 20
