"""The embedded server under what happens to servers: kills, taken ports, lost directories, two starters."""

from __future__ import annotations

import os
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil  # type: ignore[import-untyped]
import psycopg
import pytest

from local.postgres import Endpoint, PostgresServer

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root's server lives elsewhere")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresServer]:
    """One for all tests that leave it in order: each starts it as it likes."""
    it = PostgresServer(tmp_path_factory.mktemp("shared") / "postgres")
    yield it
    it.destroy()


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[PostgresServer]:
    it = PostgresServer(tmp_path / "postgres", durable=False)
    yield it
    it.destroy()


def postmaster(server: PostgresServer) -> psutil.Process:
    pid_file = server.directory / "data" / "postmaster.pid"
    return psutil.Process(int(pid_file.read_text().splitlines()[0]))


def remember(endpoint: Endpoint) -> None:
    with psycopg.connect(endpoint.dsn("postgres")) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS kept AS SELECT 42 AS answer")


def is_alive(process: psutil.Process) -> bool:
    return process.is_running() and process.status() != psutil.STATUS_ZOMBIE


def answer(endpoint: Endpoint) -> int:
    with psycopg.connect(endpoint.dsn("postgres")) as connection:
        row = connection.execute("SELECT answer FROM kept").fetchone()
    assert row is not None
    return int(row[0])


def test_a_second_start_finds_the_running_server(server: PostgresServer) -> None:
    first = server.start()
    process = postmaster(server)
    assert PostgresServer(server.directory).start() == first
    assert postmaster(server) == process


def test_data_and_port_outlive_a_stop(server: PostgresServer) -> None:
    first = server.start()
    remember(first)
    server.stop()
    assert not server.is_running()
    second = server.start()
    assert second == first
    assert answer(second) == 42


def test_stopping_twice_and_before_the_first_start_is_harmless(own_server: PostgresServer) -> None:
    own_server.stop()
    own_server.start()
    own_server.stop()
    own_server.stop()
    assert not own_server.is_running()


def test_a_killed_postmaster_is_replaced_and_its_data_kept(server: PostgresServer) -> None:
    endpoint = server.start()
    remember(endpoint)
    idle = psycopg.connect(endpoint.dsn("postgres"))  # its backend outlives the postmaster for a moment
    postmaster(server).send_signal(signal.SIGKILL)
    assert answer(server.start()) == 42
    idle.close()


def test_a_stale_pid_file_that_names_a_living_stranger_is_no_server(server: PostgresServer) -> None:
    server.start()
    server.stop()
    pid_file = server.directory / "data" / "postmaster.pid"
    pid_file.write_text(f"{os.getpid()}\n{server.directory}/data\n1\n5432\n\n127.0.0.1\n1 1\nready\n")
    assert not server.is_running()
    server.start()
    assert postmaster(server).pid != os.getpid()


def test_a_taken_port_is_left_to_its_taker(server: PostgresServer) -> None:
    first = server.start()
    server.stop()
    with socket.socket() as taker:
        taker.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # our own connections linger
        taker.bind((first.host, first.port))
        taker.listen()
        second = server.start()
    assert second.port != first.port
    server.stop()
    assert server.start().port == second.port


def test_starts_at_the_same_time_end_with_one_server(server: PostgresServer) -> None:
    with ThreadPoolExecutor(4) as pool:
        endpoints = set(pool.map(lambda _: PostgresServer(server.directory).start(), range(4)))
    assert len(endpoints) == 1


def test_only_loopback_is_listened_on_and_no_password_is_no_entry(server: PostgresServer) -> None:
    endpoint = server.start()
    listening = {c.laddr.ip for c in postmaster(server).net_connections() if c.status == psutil.CONN_LISTEN}
    assert listening == {"127.0.0.1"}
    with pytest.raises(psycopg.OperationalError, match="no password supplied"):
        psycopg.connect(host=endpoint.host, port=endpoint.port, user="postgres", dbname="postgres")


def test_the_superusers_password_is_readable_by_its_owner_only(server: PostgresServer) -> None:
    server.start()
    assert stat.S_IMODE((server.directory / "password").stat().st_mode) == 0o600
    assert stat.S_IMODE(server.directory.stat().st_mode) == 0o700


def test_an_initialisation_that_was_killed_is_begun_anew(own_server: PostgresServer) -> None:
    remember(own_server.start())
    own_server.stop()
    (own_server.directory / "data" / "PG_VERSION").unlink()
    with psycopg.connect(own_server.start().dsn("postgres")) as connection:
        assert connection.execute("SELECT count(*) FROM pg_tables WHERE tablename = 'kept'").fetchone() == (0,)


def test_the_server_outlives_an_interrupted_starter(server: PostgresServer) -> None:
    script = (
        "import sys, time; from pathlib import Path; from local.postgres import PostgresServer\n"
        "PostgresServer(Path(sys.argv[1])).start(); print('up', flush=True); time.sleep(60)"
    )
    starter = subprocess.Popen(
        [sys.executable, "-c", script, server.directory], stdout=subprocess.PIPE, start_new_session=True
    )
    assert starter.stdout is not None
    assert starter.stdout.readline() == b"up\n"
    os.killpg(starter.pid, signal.SIGINT)
    starter.communicate()
    assert server.is_running()


def test_destroy_leaves_nothing(own_server: PostgresServer) -> None:
    own_server.start()
    home = own_server.directory.resolve()
    process = postmaster(own_server)
    own_server.destroy()
    assert not is_alive(process)
    assert not home.exists()
    assert list(own_server.directory.parent.iterdir()) == []


@as_root
def test_as_root_the_server_is_an_unprivileged_account_outside_the_project(server: PostgresServer) -> None:
    server.start()
    assert postmaster(server).uids().real != 0
    assert server.directory.parent not in server.directory.resolve().parents


@as_root
def test_a_new_clone_at_the_same_path_inherits_nothing(own_server: PostgresServer) -> None:
    remember(own_server.start())
    orphan = postmaster(own_server)
    own_server.directory.unlink()  # what `rm -rf` of the clone does
    with (
        psycopg.connect(own_server.start().dsn("postgres")) as connection,
        pytest.raises(psycopg.errors.UndefinedTable),
    ):
        connection.execute("SELECT answer FROM kept")
    assert not is_alive(orphan)
