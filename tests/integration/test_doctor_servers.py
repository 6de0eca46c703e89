"""Faults of RabbitMQ and PostgreSQL: the doctor names each, and what it prints mends it."""

import contextlib
import json
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from signpost.case.instant import HOUR
from signpost.doctor import Status
from signpost.doctor.site import wall_clock
from signpost.messaging import Bounds, connect
from signpost.messaging.rabbitmq.admin import open_admin
from signpost.messaging.topology import ADVISOR, UNROUTED, consumer_queue, dead_letter_queue
from signpost.names import ADVICE
from signpost.storage import open_store
from tests.support import servers
from tests.support.installations import Installation, is_bad, variables
from tests.support.private_servers import PrivateRabbitMQ, wait_until
from tests.support.workers_kit import event, message

DATABASE, BROKER = "SIGNPOST_DATABASE_URL", "SIGNPOST_BROKER_URL"
Rabbit = servers.SharedRabbitMQ | PrivateRabbitMQ


@dataclass(frozen=True)
class Fault:
    """`inject` breaks something; `undo` is what a person does where no command mends it."""

    check: str
    words: str
    inject: Callable[[Installation], None]
    undo: Callable[[Installation], None] | None = None
    status: Status = Status.FAILED


def renamed(setting: str, old: str, new: str) -> Callable[[Installation], None]:
    def change(installation: Installation) -> None:
        assert old in installation.environ[setting]
        installation.environ[setting] = installation.environ[setting].replace(old, new)

    return change


def no_vhost(installation: Installation) -> None:
    renamed(BROKER, "/signpost-test-", "/signpost-test-gone-")(installation)
    vhost = installation.environ[BROKER].rpartition("/")[2]
    installation.stack.callback(installation.run, f"rabbitmqctl -q delete_vhost {vhost}")


def no_database(installation: Installation) -> None:
    server = installation.environ[DATABASE]
    renamed(DATABASE, "/signpost_test_", "/signpost_test-gone_")(installation)
    database = installation.environ[DATABASE].rpartition("/")[2]
    installation.stack.callback(execute, server, f'DROP DATABASE "{database}" WITH (FORCE)')


def execute(url: str, *statements: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement.encode())


def admin(work: Callable[..., object]) -> Callable[[Installation], None]:
    """Do something with an AdminSession."""

    def change(installation: Installation) -> None:
        with open_admin(installation.environ[BROKER], Bounds(), "test") as session:
            work(session)

    return change


def ctl(*words: str) -> Callable[[Installation], None]:
    """Run rabbitmqctl on the virtual host of the installation."""

    def change(installation: Installation) -> None:
        vhost = installation.environ[BROKER].rpartition("/")[2]
        installation.run(f"rabbitmqctl -q {words[0]} --vhost {vhost} {' '.join(words[1:])}")

    return change


def other_queue(session: object) -> None:
    session.delete(UNROUTED)  # type: ignore[attr-defined]
    session.run(lambda channel: channel.queue_declare(UNROUTED, durable=True))  # type: ignore[attr-defined]


def other_exchange(session: object) -> None:
    session.run(lambda channel: channel.exchange_delete(ADVICE))  # type: ignore[attr-defined]
    session.run(lambda channel: channel.exchange_declare(ADVICE, "direct", durable=True))  # type: ignore[attr-defined]


def retired(session: object) -> None:
    kind = {"x-queue-type": "quorum"}
    session.run(lambda channel: channel.queue_declare(f"{ADVISOR}.0", durable=True, arguments=kind))  # type: ignore[attr-defined]


def delete(queue: str) -> Callable[[Installation], None]:
    return admin(lambda session: session.delete(queue))


def consumer(installation: Installation) -> None:
    installation.signpost("consumers", "add", "notifier", "--bind", "acme.candidate.#")


def lost_consumer(installation: Installation) -> None:
    consumer(installation)
    delete(consumer_queue("notifier"))(installation)


def reads(installation: Installation, *queues: str) -> None:
    """Start a process that reads queues, until the end of the test."""
    broker = connect(installation.environ[BROKER])
    installation.stack.callback(broker.close)
    for queue in queues:
        started = broker.consumer(queue, 1)
        wait_until(lambda: started.problem is None, "the consumer is connected")  # noqa: B023


def found_consumer(installation: Installation) -> None:
    installation.run(installation.worst("consumers").finding.command)
    reads(installation, consumer_queue("notifier"))


def rejected(installation: Installation) -> None:
    consumer(installation)
    reads(installation, consumer_queue("notifier"))
    letter, dead = message(event("offer.extended", offer="o-1")), dead_letter_queue("notifier")
    admin(lambda session: session.run(lambda channel: channel.basic_publish("", dead, letter.body)))(installation)


def frozen(setting: str, url: str) -> Callable[[Installation], None]:
    """A server that takes connections and never answers."""

    def change(installation: Installation) -> None:
        server = installation.stack.enter_context(contextlib.closing(socket.create_server(("127.0.0.1", 0))))
        installation.environ["RIGHT"] = installation.environ[setting]
        installation.environ[setting] = url.format(port=server.getsockname()[1])

    return change


def right(setting: str) -> Callable[[Installation], None]:
    return lambda installation: installation.environ.update({setting: installation.environ.pop("RIGHT")})


def as_monitor(installation: Installation) -> None:
    """Every session of this database has the rights of a user who may do nothing with its tables."""
    installation.stack.callback(alter, installation, "RESET role")
    alter(installation, "SET role TO pg_monitor")


def as_before(installation: Installation) -> None:
    """Let the printed command work as the superuser, then look again as that user."""
    command = installation.worst("database-rights").finding.command
    alter(installation, "RESET role")
    installation.run(command)
    alter(installation, "SET role TO pg_monitor")


def alter(installation: Installation, change: str) -> None:
    """Alter the database."""
    url = installation.environ[DATABASE]
    execute(url, "SET role TO postgres", f'ALTER DATABASE "{url.rpartition("/")[2]}" {change}')


FAULTS = {
    "a wrong password": Fault(
        "broker",
        "refuses the user or the password",
        renamed(BROKER, ":guest@", ":Sesame@"),
        renamed(BROKER, ":Sesame@", ":guest@"),
    ),
    "no broker": Fault("broker", "cannot be reached", frozen(BROKER, "amqp://127.0.0.1:1/v"), right(BROKER)),
    "a frozen broker": Fault("broker", "", frozen(BROKER, "amqp://127.0.0.1:{port}/v"), right(BROKER)),
    "no virtual host": Fault("broker", "not found", no_vhost),
    "no rights in the virtual host": Fault(
        "broker-rights",
        "guest may not configure signpost.dead, read signpost.dead",
        ctl("set_permissions", "guest", "'^$'", "'^$'", "'^$'"),
    ),
    "a lost queue": Fault("topology", f"missing: queue {ADVISOR}", delete(ADVISOR)),
    "another queue": Fault("topology", "exists with other properties", admin(other_queue)),
    "another exchange": Fault("topology", "exists with other properties", admin(other_exchange)),
    "a queue of other partitions": Fault(
        "topology", "another number of partitions", admin(retired), status=Status.WARNING
    ),
    "no advisor": Fault(
        "queues",
        "no advisor consumes signpost.advisor",
        lambda one: None,
        lambda one: reads(one, ADVISOR, f"{ADVISOR}.bulk"),
        Status.WARNING,
    ),
    "a lost consumer": Fault("consumers", "a queue of consumer notifier is missing", lost_consumer, found_consumer),
    "a consumer that is away": Fault(
        "consumers", "nobody reads", consumer, lambda one: reads(one, consumer_queue("notifier")), Status.WARNING
    ),
    "a consumer that rejects": Fault("consumers", "consumer notifier rejected 1", rejected, status=Status.WARNING),
    "no database": Fault("database", "does not exist; create it", no_database),
    "no user": Fault(
        "database",
        'role "nobody" does not exist',
        renamed(DATABASE, "//postgres@", "//nobody@"),
        renamed(DATABASE, "//nobody@", "//postgres@"),
    ),
    "no server": Fault("database", "cannot be used", frozen(DATABASE, "postgresql://127.0.0.1:1/v"), right(DATABASE)),
    "a frozen database": Fault(
        "database", "cannot be used", frozen(DATABASE, "postgresql://127.0.0.1:{port}/v"), right(DATABASE)
    ),
    "missing rights": Fault("database-rights", "pg_monitor lacks rights", as_monitor, as_before),
    "a skewed clock": Fault(
        "database-clock",
        "differs from this machine's by 3600",
        lambda one: one.options.update(clock=lambda: wall_clock() + HOUR),
        lambda one: one.options.clear(),
    ),
}


@pytest.fixture(scope="module")
def broker_url(rabbitmq_server: Rabbit) -> Iterator[str]:
    """A virtual host in which all is as it should be, before and after each fault."""
    with servers.vhost(rabbitmq_server) as url:
        with contextlib.closing(connect(url)) as broker:
            broker.apply_topology()
        yield url


@pytest.fixture
def installation(rabbitmq_server: Rabbit, broker_url: str, postgres_url: str, tmp_path: Path) -> Iterator[Installation]:
    database = postgres_url.replace("+psycopg", "")
    environ = variables(tmp_path, **{BROKER: broker_url, DATABASE: database})
    if isinstance(rabbitmq_server, PrivateRabbitMQ):
        environ["RABBITMQ_NODENAME"] = rabbitmq_server.node
    with contextlib.ExitStack() as stack:
        yield Installation(tmp_path, environ, stack=stack)


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_of_a_server_is_named_and_what_is_printed_mends_it(installation: Installation, name: str) -> None:
    fault = FAULTS[name]
    fault.inject(installation)
    found = installation.worst(fault.check)
    assert found.finding.status == fault.status, found
    assert fault.words in found.finding.text
    assert found.finding.command or found.finding.step
    assert "Sesame" not in f"{found.finding}"
    if fault.undo is not None:
        fault.undo(installation)
    installation.mend(fault.check)
    assert not [line for line in installation.lines(fault.check) if is_bad(line)]


def test_the_status_shows_processes_and_queues_of_servers(installation: Installation) -> None:
    consumer(installation)
    reads(installation, ADVISOR, f"{ADVISOR}.bulk")
    relay = installation.stack.enter_context(open_store(installation.environ[DATABASE], name="signpost relay"))
    relay.ping()
    found = json.loads(installation.signpost("status", "--json"))
    assert found["problems"] == {}
    assert found["database"]["product"] == "PostgreSQL"
    assert found["broker"]["product"] == "RabbitMQ"
    assert sorted(one["role"] for one in found["running"]) == ["advisor", "relay"]
    assert {"queue": ADVISOR, "waiting": 0, "consumers": 1} in found["queues"]
    assert {"queue": dead_letter_queue("notifier"), "waiting": 0, "consumers": None} in found["queues"]
    assert found["clock"] == {"due": 0, "lag_s": None}


def test_the_status_shows_the_broker_while_the_database_is_away(installation: Installation) -> None:
    installation.environ[DATABASE] = "postgresql://nobody@127.0.0.1:1/none"
    found = json.loads(installation.signpost("status", "--json"))
    assert set(found["problems"]) == {"database"}
    assert {"queue": ADVISOR, "waiting": 0, "consumers": 0} in found["queues"]
