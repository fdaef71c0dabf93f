"""A job goes in; its result comes out of a process of its own, which outlives a kill of the one that waits for it.

A call that is under way when its process is killed is paid for and lost. So the process that a scheduler knows, and
kills, makes none: it waits for another, in a session of its own, which hears of that death as SIGTERM. It then ends
its calls in order, keeps what came back, and holds its claims until then, so that a restarted worker waits for them.
"""

from __future__ import annotations

import os
import pickle
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import NoReturn, TypeVar

from include.errors import AssayError

T = TypeVar("T")


def outlive(job: Callable[[], T], within_s: float = 300.0) -> T:
    """What `job` returns or raises, both of which have to be picklable. SIGTERM here is SIGTERM there.

    Left alone or told to end, the job's process is gone within `within_s` seconds. It is forked: call this before
    threads are started and before any connection is open that the job uses. Raises `ChildProcessError` where that
    process itself was killed.
    """
    sys.stdout.flush()
    result, told = os.pipe()
    lifeline, life = os.pipe()  # nobody writes to it: it ends when nobody holds `life` any more
    pid = os.fork()
    if pid == 0:
        os.close(result)
        os.close(life)
        _work(job, told, lifeline, within_s)
    os.close(told)
    os.close(lifeline)
    try:
        with open(result, "rb") as stream, _held(life):
            packed = stream.read()
    finally:
        status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    if not packed and status == -signal.SIGTERM:  # it had not begun
        raise SystemExit(128 + signal.SIGTERM)
    if not packed:
        raise ChildProcessError(f"the process that judged ended with {status}. Remedy: has the machine memory enough?")
    returned, value = pickle.loads(packed)  # noqa: S301  it comes from ourselves
    if not returned:
        raise _revived(*value)
    answer: T = value
    return answer


@contextmanager
def _held(life: int) -> Iterator[None]:
    """Lets go of the lifeline at the end of the block, or at SIGTERM where this is the main thread."""
    with open(life, "wb") as held:
        main = threading.current_thread() is threading.main_thread()
        before = signal.signal(signal.SIGTERM, lambda *_: held.close()) if main else None
        try:
            yield
        finally:
            held.close()
            if main:
                signal.signal(signal.SIGTERM, before)


def _work(job: Callable[[], object], told: int, lifeline: int, within_s: float) -> NoReturn:
    try:
        os.setsid()
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        threading.Thread(target=_end_with, args=(lifeline, within_s), daemon=True).start()
        packed = _packed(job)
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError):  # nobody may be there to read it any more
                stream.flush()
        with suppress(BrokenPipeError), open(told, "wb") as answer:
            answer.write(packed)
    finally:
        os._exit(0)  # what is registered to be done at exit is the other process's to do


def _end_with(lifeline: int, within_s: float) -> None:
    os.read(lifeline, 1)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(within_s)
    os._exit(1)


def _packed(job: Callable[[], object]) -> bytes:
    try:
        return pickle.dumps((True, job()))
    except BaseException as error:
        if not isinstance(error, AssayError | SystemExit):  # those say in one line what an ops engineer needs
            error.add_note("".join(traceback.format_exception(error)))
        try:
            return pickle.dumps((False, (type(error), error.args, error.__dict__)))
        except Exception:
            return pickle.dumps((False, (RuntimeError, ("".join(traceback.format_exception(error)),), {})))


def _revived(kind: type[BaseException], arguments: tuple[object, ...], state: dict[str, object]) -> BaseException:
    try:
        error = kind(*arguments)
    except TypeError:  # it takes keywords, which only its state has
        error = kind.__new__(kind, *arguments)
    error.__dict__.update(state)
    return error
