"""Fixtures that every test may use: servers, databases, Hypothesis profiles; a closing line about what was skipped."""

import contextlib
import gc
import itertools
import logging
import os
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from signpost.engine import AUTO, DURABLE, choose_engine
from signpost.garbage import collect_rarely
from signpost.services.intake import delivery_writer, queue_turns, rate
from signpost.storage import Store, open_store
from tests.support import databases, private_servers, servers
from tests.support.long_suite import IS_LONG

NEEDS_SERVER = "needs a server: "
NEEDS_ENGINE = "needs durable-rules: "
IN_CI = os.environ.get("CI") == "true"

# A third of the suite's processor time went into scanning rulebooks and modules that stay anyway
collect_rarely()
# Every program that a test starts would compile the whole package again, and pytest all tests
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False
settings.register_profile("default", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("short", settings.get_profile("default"), max_examples=40)
settings.register_profile("thorough", settings.get_profile("default"), max_examples=2000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default" if IS_LONG else "short"))


@pytest.fixture(scope="session")
def _caches(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder for each test, which is made when it is used."""
    folder, numbers = tmp_path_factory.mktemp("caches"), itertools.count()
    return (folder / str(number) for number in numbers)


@pytest.fixture(autouse=True)
def _own_cache(_caches: Iterator[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """No test reads or writes the user's cache of mutants."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(next(_caches)))


@pytest.fixture(autouse=True)
def _patient_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine's database takes longer than the quarter of a second after which everything is let in, and than
    the second that a request waits for its delivery. A queue that takes long to read rests for longer than a request
    waits."""
    monkeypatch.setattr(rate, "MAX_WAIT_S", 60.0)
    monkeypatch.setattr(queue_turns, "MAX_WAIT_S", 60.0)
    monkeypatch.setattr(delivery_writer, "MAX_WAIT_S", 60.0)


@pytest.fixture(autouse=True)
def _own_records(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """A connection or a delivery log that another test has left behind logs its attempts whenever it makes them."""
    left = {thread.ident for thread in threading.enumerate() if thread.name.startswith(("deliveries ", "signpost "))}

    def is_own(record: logging.LogRecord) -> bool:
        return record.thread not in left and not record.name.startswith("pika.")

    caplog.handler.addFilter(is_own)
    yield
    caplog.handler.removeFilter(is_own)


@contextlib.contextmanager
def server_or_skip() -> Iterator[None]:
    """On a laptop a test without its server is skipped; in CI it fails."""
    try:
        yield
    except private_servers.ServerMissing as missing:
        (pytest.fail if IN_CI else pytest.skip)(NEEDS_SERVER + str(missing))


@pytest.fixture(scope="session")
def rabbitmq_server() -> Iterator[servers.SharedRabbitMQ | private_servers.PrivateRabbitMQ]:
    """A broker with `url(vhost)` and `ctl(*arguments)`; change nothing outside a virtual host of your own."""
    with contextlib.ExitStack() as stack:
        with server_or_skip():
            broker = stack.enter_context(servers.rabbitmq())
        yield broker


@pytest.fixture(scope="session")
def rabbitmq_url(rabbitmq_server: servers.SharedRabbitMQ | private_servers.PrivateRabbitMQ) -> Iterator[str]:
    """amqp://... of a virtual host that only this test process uses."""
    with servers.vhost(rabbitmq_server) as url:
        yield url


@pytest.fixture(scope="module")
def private_rabbitmq() -> Iterator[private_servers.PrivateRabbitMQ]:
    """A broker of one's own, to be killed, restarted and bent."""
    with contextlib.ExitStack() as stack:
        with server_or_skip():
            broker = stack.enter_context(private_servers.PrivateRabbitMQ())
        yield broker


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """libpq's address of a server where databases may be created."""
    with contextlib.ExitStack() as stack:
        with server_or_skip():
            url = stack.enter_context(servers.postgresql())
        yield url


@pytest.fixture(scope="session")
def postgres_databases(postgres_server: str) -> Iterator[databases.MigratedDatabases]:
    """Databases as the migrations leave them, to take for a test or a module."""
    with contextlib.closing(databases.MigratedDatabases(postgres_server)) as made:
        yield made


@pytest.fixture
def postgres_url(postgres_databases: databases.MigratedDatabases) -> Iterator[str]:
    """postgresql+psycopg://... of a database as the migrations leave it, for this test alone."""
    with postgres_databases.take() as url:
        yield url


@pytest.fixture
def empty_postgres_url(postgres_server: str) -> Iterator[str]:
    """postgresql+psycopg://... of a database without tables for this test alone."""
    with servers.database(postgres_server) as url:
        yield url


@pytest.fixture(scope="module")
def private_postgres() -> Iterator[private_servers.PrivatePostgreSQL]:
    """A database server of one's own, to be killed and restarted."""
    with contextlib.ExitStack() as stack:
        with server_or_skip():
            server = stack.enter_context(private_servers.PrivatePostgreSQL())
        yield server


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """sqlite:///... of a file that is not there yet, for this test alone."""
    return f"sqlite:///{tmp_path / 'signpost.db'}"


@pytest.fixture
def store(sqlite_url: str) -> Iterator[Store]:
    """An empty store in a file of SQLite, for this test alone."""
    databases.migrate(sqlite_url)
    with open_store(sqlite_url) as opened:
        yield opened


def pytest_collection_modifyitems(items: list[pytest.Item], config: pytest.Config) -> None:
    """Containers, clusters and the tools of others take minutes: only where they are asked for."""
    for kind, target in (("containers", "containers-test"), ("cluster", "cluster-test"), ("contracts", "contracts")):
        if kind not in (config.option.markexpr or ""):
            for item in items:
                if item.get_closest_marker(kind):
                    item.add_marker(pytest.mark.skip(reason=f"only on demand: make {target}"))


def pytest_collection_finish() -> None:
    """Modules and items stay until the end; frozen, no collection scans them again."""
    gc.freeze()


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Without durable-rules its tests are skipped; in CI they fail, on the versions of Python that it works with."""
    if item.get_closest_marker("durable_rules") and (choice := choose_engine(AUTO)).name != DURABLE:
        must_have = IN_CI and sys.version_info < (3, 13)
        (pytest.fail if must_have else pytest.skip)(NEEDS_ENGINE + choice.reason)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say loudly what was not tested, so that a green run without servers or durable-rules deceives nobody."""
    reasons: dict[str, int] = {}
    for report in terminalreporter.stats.get("skipped", []):
        text = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        for needs in (NEEDS_SERVER, NEEDS_ENGINE):
            if needs in text:
                reason = text.partition(needs)[2]
                reasons[reason] = reasons.get(reason, 0) + 1
    for reason, count in reasons.items():
        terminalreporter.write_line(f"NOT TESTED: {count} tests skipped; {reason}", red=True, bold=True)
