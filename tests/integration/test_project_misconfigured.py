"""A database or broker that refuses us is reported once, in words, with exit code 2; one that is away is waited for."""

import errno
import itertools
import re
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from signpost.cli.supervisor import Program, Supervisor
from signpost.errors import MisconfiguredError
from signpost.messaging import connect
from signpost.storage import open_store, upgrade
from tests.support.intake_parts import DEAD_BROKER, tenants_in
from tests.support.intake_process import COMMAND, environment
from tests.support.long_suite import first_of
from tests.support.private_servers import PrivatePostgreSQL, free_port, wait_until
from tests.support.workers_processes import WorkerProcess, kill_afterwards

DATABASE, BROKER = "SIGNPOST_DATABASE_URL", "SIGNPOST_BROKER_URL"


PROCESSES = ("advisor", "clock", "relay", "intake", "up")
FAULTS = {
    "no database": (DATABASE, '_gone" does not exist; create it, or correct', (*PROCESSES, "db current")),
    "no vhost": (BROKER, "-gone not found; correct the virtual host", (*PROCESSES, "topology check")),
    "wrong password": (BROKER, "refuses the user or the password; correct", (*PROCESSES, "topology check")),
}
"""What is wrong -> the setting to correct, what the report contains, and the commands that notice."""
REFUSED = [(fault, name) for fault, row in FAULTS.items() for name in row[2]]


def wrong(fault: str, right: str) -> str:
    """An address with this fault."""
    if fault == "wrong password":
        return right.replace(":guest@", ":Sesame@")
    return right + ("_gone" if fault == "no database" else "-gone")


@pytest.mark.parametrize("what", first_of(REFUSED, REFUSED[::2]))
def test_what_refuses_us_is_reported_once_and_ends_the_process(
    what: tuple[str, str], postgres_url: str, rabbitmq_url: str, tmp_path: Path
) -> None:
    fault, name = what
    setting, words, _ = FAULTS[fault]
    settings = {DATABASE: postgres_url, BROKER: rabbitmq_url, "SIGNPOST_LOG_FORMAT": "text"}
    settings[setting] = wrong(fault, settings[setting])
    upgrade(postgres_url)
    tenants_in(tmp_path)
    command = COMMAND if name == "intake" else [sys.executable, "-m", "signpost", *name.split()]
    environ = environment(tmp_path, free_port(), **settings)
    done = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2, done.stderr
    lines = [line for line in done.stderr.splitlines() if words in line]
    assert len(lines) == 1, done.stderr
    assert setting in lines[0]
    assert "Traceback" not in done.stderr
    assert "Sesame" not in done.stderr


def test_a_wrong_database_password_is_no_passing_fault(private_postgres: PrivatePostgreSQL) -> None:
    url = private_postgres.url().replace("postgres@", "guarded:Sesame@")
    access = private_postgres.folder / "data" / "pg_hba.conf"
    with psycopg.connect(private_postgres.url(), autocommit=True) as connection:
        connection.execute("CREATE ROLE guarded LOGIN PASSWORD 'right'")
        access.write_text("host all guarded 127.0.0.1/32 scram-sha-256\n" + access.read_text())
        connection.execute("SELECT pg_reload_conf()")
    with open_store(url.replace("Sesame", "right")) as store:
        wait_until(lambda: _pings(store), "the right password is taken")
    with open_store(url) as store, pytest.raises(MisconfiguredError, match="correct user and password in") as refused:
        store.ping()
    assert "Sesame" not in str(refused.value)


def _pings(store: object) -> bool:
    store.ping()  # type: ignore[attr-defined]
    return True


def test_a_user_without_rights_is_no_passing_fault(private_postgres: PrivatePostgreSQL) -> None:
    with psycopg.connect(private_postgres.url(), autocommit=True) as connection:
        connection.execute("CREATE ROLE reader LOGIN")
        connection.execute("REVOKE CREATE ON SCHEMA public FROM public")
    with pytest.raises(MisconfiguredError, match="permission denied for schema public; grant it"):
        upgrade(private_postgres.url().replace("postgres@", "reader@"))


def test_what_is_away_is_waited_for_in_one_line(postgres_url: str, tmp_path: Path) -> None:
    upgrade(postgres_url)
    worker = WorkerProcess("relay", tmp_path, postgres_url, DEAD_BROKER)
    with kill_afterwards(worker):
        wait_until(lambda: "RabbitMQ cannot be reached" in worker.log.read_text(), "the relay to complain", 60)
        # Its back-off makes four more attempts within three seconds
        until = time.monotonic() + 3
        while time.monotonic() < until:
            assert worker.log.read_text().count("cannot be reached") == 1
            time.sleep(0.1)
        assert worker.runs
        assert worker.stop() == 0


def test_a_database_that_goes_under_a_running_worker_is_waited_for(
    postgres_server: str, rabbitmq_url: str, tmp_path: Path
) -> None:
    """What worked once is likely to work again, for instance after a restore."""
    name = f"signpost_test_{uuid4().hex[:12]}"
    with psycopg.connect(postgres_server, autocommit=True) as server:
        url = postgres_server.rpartition("/")[0].replace("postgresql:", "postgresql+psycopg:") + f"/{name}"
        server.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        server.execute(f"CREATE DATABASE {name}")
        try:
            upgrade(url)
            broker = connect(rabbitmq_url)
            broker.apply_topology()
            worker = WorkerProcess("relay", tmp_path, url, rabbitmq_url)
            with kill_afterwards(worker):
                wait_until(lambda: "relay runs" in worker.log.read_text(), "the relay to run", 60)
                server.execute(f"DROP DATABASE {name} WITH (FORCE)")
                # Its sweep of the queues may complain first, and goes on without the database
                complaint = re.compile("relay reconnects until it succeeds: .* does not exist; create it")
                wait_until(lambda: complaint.search(worker.log.read_text()) is not None, "the relay to complain", 60)
                server.execute(f"CREATE DATABASE {name}")
                upgrade(url)
                wait_until(lambda: worker.log.read_text().count("relay runs") >= 2, "the relay to run again", 60)
                assert worker.stop() == 0
            broker.close()
        finally:
            server.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


def supervise(tmp_path: Path, exits: Sequence[int], *, is_ready: bool) -> tuple[int, list[str]]:
    """Supervise a program whose processes exit with these codes, the first once the system is ready; stop it then."""
    starts, ready = tmp_path / "starts", tmp_path / "ready"
    script = (
        f"import pathlib, sys, time\nwith open({str(starts)!r}, 'a') as file: file.write('x')\n"
        f"while not pathlib.Path({str(ready)!r}).exists(): time.sleep(0.02)\n"
        f"sys.exit({list(exits)!r}[pathlib.Path({str(starts)!r}).stat().st_size - 1])"
    )
    lines: list[str] = []

    def log(line: str) -> None:
        lines.append(line)
        if len(lines) == len(exits):
            supervisor.stop.set()

    supervisor = Supervisor([[Program("worker", [sys.executable, "-c", script], 5)]], {}, log, tmp_path)
    if not is_ready:
        ready.touch()
    return supervisor.run(lambda: is_ready, ready.touch, 60), lines


@pytest.mark.parametrize("is_ready", [False, True])
def test_a_program_that_cannot_start_the_first_time_ends_the_system(tmp_path: Path, is_ready: bool) -> None:
    assert supervise(tmp_path, [2], is_ready=is_ready) == (2, ["worker exited with exit code 2; the system stops"])


def test_a_program_that_cannot_start_later_is_started_again_after_a_pause(tmp_path: Path) -> None:
    code, lines = supervise(tmp_path, [1, 2, 2], is_ready=True)
    assert code == 0
    assert lines == [
        f"worker exited with exit code {code}; restarting in {pause} s" for code, pause in ((1, 0.5), (2, 1), (2, 2))
    ]


@pytest.mark.parametrize("place", ["subprocess.Popen", "signpost.cli.supervisor.forget_process"])
def test_a_supervisor_short_of_descriptors_starts_a_program_once_there_are_some(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    module, _, name = place.rpartition(".")
    real, calls = getattr(sys.modules[module], name), itertools.count()

    def fail_once(*given: Any, **options: Any) -> Any:
        # Of Popen the first call is the first start
        if next(calls) == int(name == "Popen"):
            raise OSError(errno.EMFILE, "Too many open files")
        return real(*given, **options)

    monkeypatch.setattr(place, fail_once)
    code, lines = supervise(tmp_path, [1, 0, 1], is_ready=True)
    assert (code, lines[1]) == (0, "worker cannot start: Too many open files; trying again in 1 s")
    assert lines[2] == "worker exited with exit code 0; restarting in 2 s"
