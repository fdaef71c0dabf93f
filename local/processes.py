"""Enters: commands. Leaves: processes in the background, found again by their pid files and stopped without orphans."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil  # type: ignore[import-untyped]

POLL_S = 0.05
REMINDER_S = 3.0


@dataclass(frozen=True)
class Program:
    """A command that runs in a session of its own, writes to `log` and is known by `pid_file`."""

    name: str
    command: Sequence[str]
    pid_file: Path
    log: Path

    def start(self, environment: Mapping[str, str], directory: Path) -> None:
        """Run it in the background; its log begins anew."""
        self.pid_file.parent.mkdir(parents=True, exist_ok=True)
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("wb") as log:
            process = subprocess.Popen(
                self.command,
                cwd=directory,
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        process.returncode = 0  # nobody here waits for it: subprocess need not warn that it still runs
        # With the time of its birth, since the system gives pids again.
        self.pid_file.write_text(f"{process.pid} {psutil.Process(process.pid).create_time()}")

    def process(self) -> psutil.Process | None:
        """The process that `start` made, by whomever it was called, unless it has ended."""
        with suppress(OSError, ValueError, psutil.Error):
            pid, born = self.pid_file.read_text().split()
            process = psutil.Process(int(pid))
            if process.create_time() == float(born) and is_alive(process):
                return process
        return None

    def last_words(self, lines: int = 5) -> str:
        """The end of its log."""
        with suppress(OSError):
            return "\n".join(self.log.read_text(errors="replace").strip().splitlines()[-lines:])
        return ""


def is_alive(process: psutil.Process) -> bool:
    """Whether it still runs; one that has ended and that nobody has waited for does not."""
    with suppress(psutil.Error):
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    return False


def stop(programs: Iterable[Program], *, patience_s: float) -> None:
    """Ask the programs to end (SIGTERM), wait at most `patience_s`, then kill what is left of them and theirs."""
    programs = list(programs)
    leaders = [process for program in programs if (process := program.process())]
    family = {*leaders}
    for leader in leaders:
        with suppress(psutil.Error):
            family |= {*leader.children(recursive=True)}
    deadline = time.monotonic() + patience_s
    while leaders and time.monotonic() < deadline:
        # Asked more than once: Airflow's handler raises SystemExit, which Python drops in a finalizer.
        _signal(leaders, signal.SIGTERM)
        leaders = _left_after(min(REMINDER_S, patience_s), leaders)
    for program in programs:
        family |= _session(program)
    _signal(family, signal.SIGKILL)
    _left_after(patience_s, family)
    for program in programs:
        program.pid_file.unlink(missing_ok=True)


def _session(program: Program) -> set[psutil.Process]:
    """What is left of the session that the program led, also where the program itself was killed before."""
    with suppress(OSError, ValueError):
        leader = int(program.pid_file.read_text().split()[0])
        return {process for process in psutil.process_iter() if _session_of(process.pid) == leader}
    return set()


def _session_of(pid: int) -> int | None:
    with suppress(OSError):
        return os.getsid(pid)
    return None


def _signal(processes: Iterable[psutil.Process], number: signal.Signals) -> None:
    for process in processes:
        with suppress(psutil.Error):
            process.send_signal(number)


def _left_after(seconds: float, processes: Iterable[psutil.Process]) -> list[psutil.Process]:
    """Which of them are still alive after so long, or none as soon as none is."""
    deadline = time.monotonic() + seconds
    left = list(processes)
    while left:
        _reap(left)
        left = [process for process in left if is_alive(process)]
        if time.monotonic() >= deadline:
            break
        if left:
            time.sleep(POLL_S)
    return left


def _reap(processes: Iterable[psutil.Process]) -> None:
    for process in processes:
        with suppress(ChildProcessError):  # not our child
            os.waitpid(process.pid, os.WNOHANG)
