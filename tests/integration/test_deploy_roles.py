"""The users of deploy/: each process works with its own broker user and database user, and can do nothing else."""

import os
import re
import runpy
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path

import pika
import psycopg
import pytest
from pika.exceptions import AMQPError, ChannelClosedByBroker

from signpost.doctor import Site, Status, examine
from signpost.messaging import connect
from signpost.messaging.rabbitmq.admin import open_admin
from signpost.messaging.topology import consumer_topology
from signpost.names import ADVICE, AGENDA, QUESTIONS
from signpost.settings import read_settings
from signpost.storage import upgrade
from signpost.storage.tables import metadata
from tests.support.hooks import HookServer, hook_server
from tests.support.http import HTTP
from tests.support.installations import variables
from tests.support.intake_parts import NORTH_KEY, tenants_in
from tests.support.intake_process import running
from tests.support.private_servers import PrivatePostgreSQL, PrivateRabbitMQ, wait_until
from tests.support.rulebooks import FEW_RULES
from tests.support.vhosts import PATIENT
from tests.support.workers_processes import WorkerProcess, kill_afterwards

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
PREPARE = runpy.run_path(str(DEPLOY / "prepare.py"))
ROLES: tuple[str, ...] = PREPARE["ROLES"]
PASSWORD = "the password of all roles"
REFUSALS = re.compile("permission denied|ACCESS_REFUSED|RabbitMQ refuses|Traceback")


@dataclass(frozen=True)
class Servers:
    """Both servers with the users of deploy/."""

    postgres: PrivatePostgreSQL
    rabbitmq: PrivateRabbitMQ

    def database(self, role: str) -> str:
        return self.postgres.url("signpost").replace("postgres@", f"signpost_{role}@")

    def broker(self, role: str) -> str:
        return self.rabbitmq.url().replace("guest:guest@", f"signpost-{role}:{PASSWORD.replace(' ', '%20')}@")

    def as_superuser(self, statement: str) -> list[tuple[object, ...]]:
        with psycopg.connect(self.postgres.url("signpost"), autocommit=True) as connection:
            cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

    def as_role(self, role: str, statement: str) -> None:
        with psycopg.connect(self.database(role)) as connection:
            connection.execute(statement.encode())
            connection.rollback()


@pytest.fixture(scope="module")
def ready(private_postgres: PrivatePostgreSQL, private_rabbitmq: PrivateRabbitMQ) -> Servers:
    """Both servers, prepared in the order of the compose file; twice, because it must be safe to run again."""
    servers = Servers(private_postgres, private_rabbitmq)
    with psycopg.connect(private_postgres.url(), autocommit=True) as connection:
        connection.execute("CREATE DATABASE signpost")
    definitions = private_rabbitmq.folder / "definitions.json"
    definitions.write_text(PREPARE["broker_definitions"](dict.fromkeys(ROLES, PASSWORD)))
    definitions.chmod(0o644)
    for _ in range(2):
        servers.as_superuser((DEPLOY / "postgresql/roles.sql").read_text())
        servers.as_superuser(PREPARE["database_passwords"](dict.fromkeys(ROLES, PASSWORD)))
        upgrade(servers.database("migrations"))
        servers.as_superuser((DEPLOY / "postgresql/grants.sql").read_text())
        private_rabbitmq.ctl("import_definitions", str(definitions))
        connect(servers.broker("migrations"), bounds=PATIENT).apply_topology()
        with open_admin(servers.broker("migrations"), PATIENT, "test") as admin:
            admin.apply(consumer_topology("notifier", ["*.candidate.#"]))
    return servers


@pytest.fixture
def processes(ready: Servers, tmp_path: Path) -> Iterator[tuple[str, dict[str, WorkerProcess]]]:
    """The address of the intake, and all workers."""
    tenants_in(tmp_path)
    settings = {
        "SIGNPOST_DATABASE_URL": ready.database("intake"),
        "SIGNPOST_BROKER_URL": ready.broker("intake"),
        "SIGNPOST_ENDPOINT_NETWORKS": "127.0.0.1",
    }
    with ExitStack() as stack:
        address, _ = stack.enter_context(running(tmp_path, **settings))
        workers = {
            name: WorkerProcess(
                name,
                tmp_path,
                ready.database(name),
                ready.broker(name),
                outbox_lease="1",
                endpoint_networks="127.0.0.1",
            )
            for name in ("advisor", "clock", "relay", "deliverer")
        }
        stack.enter_context(kill_afterwards(*workers.values()))
        yield address, workers


@pytest.fixture
def hooks() -> Iterator[HookServer]:
    """A receiver of webhooks."""
    with hook_server() as server:
        yield server


def play(address: str) -> None:
    """Send the example journeys, and the erasure of one candidate."""
    environ = {**os.environ, "SIGNPOST_URL": address, "SIGNPOST_API_KEY": NORTH_KEY}
    command = [sys.executable, str(ROOT / "examples/play.py"), "--print"]
    events = subprocess.run(command, env=environ, capture_output=True, check=True).stdout
    command = [sys.executable, "-m", "signpost", "send", "-"]
    subprocess.run(command, env=environ, input=events, capture_output=True, check=True)
    erasure = {
        "specversion": "1.0", "id": "erase-1", "source": "s", "type": "signpost.candidate.erased.v1",
        "time": "2026-03-03T13:00:00Z", "subject": "erased-1", "data": {},
    }  # fmt: skip
    headers = {"Content-Type": "application/cloudevents+json", "Authorization": f"Bearer {NORTH_KEY}"}
    assert HTTP.post(f"{address}/v1/events", json=erasure, headers=headers, timeout=60).status_code == 202


@pytest.mark.long
def test_the_whole_flow_runs_with_the_rights_of_each_role(
    ready: Servers, processes: tuple[str, dict[str, WorkerProcess]], hooks: HookServer
) -> None:
    address, workers = processes

    def logs() -> str:
        return "".join(worker.log.read_text() for worker in workers.values())

    def until(condition: Callable[[], bool], what: str) -> None:
        wait_until(lambda: condition() or bool(REFUSALS.search(logs())), what)
        assert not REFUSALS.search(logs()), logs()[-3000:]

    def count(statement: str) -> int:
        [(number,)] = ready.as_superuser(statement)
        assert isinstance(number, int)
        return number

    headers = {"Authorization": f"Bearer {NORTH_KEY}"}
    wanted: dict[str, object] = {"url": f"http://127.0.0.1:{hooks.port}/", "patterns": ["north.#", "agenda:north.#"]}
    wanted["every_change"] = True
    assert HTTP.post(f"{address}/v1/endpoints", json=wanted, headers=headers, timeout=60).status_code == 201
    play(address)
    until(lambda: count("SELECT count(*) FROM erasures") > 0, "the advisor is done")
    # On a busy machine some events take the queue of those above their share, and come later. What comes in one batch
    # is evaluated once, so that little is raised on journeys that are long over
    until(lambda: count("SELECT count(*) FROM seen_events") >= 20, "the advisor is done with the journeys, too")
    assert count("SELECT count(*) FROM recommendations") >= 2
    until(lambda: count("SELECT count(*) FROM outbox") == 0, "all advice is published")
    # The clock: a case that is due, and a webhook that is too old
    ready.as_superuser("UPDATE cases SET next_change = 1 WHERE merged_into IS NULL")
    until(lambda: "cases woken" in workers["clock"].log.read_text(), "the clock wakes cases")
    until(lambda: count("SELECT count(*) FROM cases WHERE next_change = 1") == 0, "the clock is done")
    # The relay: advice that another process committed and did not publish
    ready.as_superuser(
        "INSERT INTO outbox (tenant, case_key, exchange, routing_key, message_id, headers, content_type, body, created,"
        " leased_until) VALUES ('north', 'c', 'signpost.advice', 'north.a.b.c.d', 'm', '{}', 'application/json',"
        " '{}', 1, 1)"
    )
    until(lambda: count("SELECT count(*) FROM outbox") == 0, "the relay publishes it")
    # The deliverer: what the advisor and the clock have announced
    until(lambda: count("SELECT count(*) FROM announcements") == 0, "all messages are spread")
    until(lambda: count("SELECT count(*) FROM endpoint_messages") == 0, "all webhooks are delivered")
    assert len(hooks.requests) >= 2
    for path in ("/v1/recommendations", "/v1/deliveries", "/v1/dead-letters", "/readyz"):
        assert HTTP.get(address + path, headers=headers, timeout=60).status_code == 200
    assert not REFUSALS.findall(logs()), logs()[-3000:]
    assert {name: worker.stop() for name, worker in workers.items()} == dict.fromkeys(workers, 0)


PRUNED = ("deliveries", "feed", "recommendations", "seen_events", "feed_erased")


def test_what_is_old_is_deleted_with_the_rights_of_the_clock(ready: Servers, tmp_path: Path) -> None:
    ready.as_superuser("INSERT INTO feed_heads VALUES ('old', 9)")
    for table in PRUNED:
        ready.as_superuser(_old_row(table))
    clock = WorkerProcess("clock", tmp_path, ready.database("clock"), ready.broker("clock"), rules=str(FEW_RULES))

    def left() -> list[str]:
        return [table for table in PRUNED if ready.as_superuser(f"SELECT 1 FROM {table} WHERE tenant = 'old'")]

    with kill_afterwards(clock):
        wait_until(lambda: not left() or not clock.runs, "the clock deletes old rows")
        assert clock.stop() == 0, clock.log.read_text()
    assert left() == []
    assert not REFUSALS.search(clock.log.read_text())


def _old_row(table: str) -> str:
    """A row of long ago, whatever columns the table has."""
    values = {"TEXT": "'x'", "BIGINT": "1", "BLOB": "''", "BOOLEAN": "true"}
    own = {"tenant": "'old'", "position": "0"} | ({"id": "0", "position": "1"} if table == "feed" else {})
    columns = {
        column.name: own.get(column.name, values[str(column.type)])
        for column in metadata.tables[table].columns
        if not column.nullable
    }
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join(columns.values())})"


FORBIDDEN_SQL = {
    "intake": [
        "SELECT body FROM outbox", "SELECT * FROM consumers", "SELECT * FROM seen_events", "DELETE FROM outbox",
        "UPDATE cases SET state = ''", "DELETE FROM feed", "UPDATE recommendations SET status = 'done'",
        "SELECT * FROM rulebooks", "UPDATE usage SET bytes = 0",
    ],
    "advisor": [
        "SELECT secret FROM endpoints", "SELECT response FROM endpoint_attempts", "SELECT body FROM endpoint_items",
        "SELECT body FROM deliveries", "SELECT headers FROM deliveries", "SELECT * FROM buckets",
        "DELETE FROM consumers", "INSERT INTO deliveries DEFAULT VALUES",
    ],
    "clock": [
        "SELECT secret FROM endpoints", "SELECT * FROM announcements", "SELECT * FROM endpoint_messages",
        "SELECT * FROM seen_events", "DELETE FROM cases", "UPDATE feed SET body = ''",
        "UPDATE deliveries SET body = NULL", "INSERT INTO deliveries DEFAULT VALUES",
        "SELECT * FROM consumers", "SELECT body FROM outbox",
        "SELECT * FROM digest_keys",
    ],
    "relay": ["SELECT * FROM cases", "SELECT * FROM recommendations", "SELECT * FROM deliveries",
              "INSERT INTO outbox DEFAULT VALUES", "SELECT * FROM feed"],
    "deliverer": ["SELECT * FROM cases", "SELECT * FROM recommendations", "SELECT * FROM feed", "SELECT * FROM outbox",
                  "SELECT * FROM deliveries", "DELETE FROM endpoints", "SELECT * FROM erasures"],
}  # fmt: skip


@pytest.mark.parametrize("role", FORBIDDEN_SQL)
def test_a_database_user_can_do_no_more_than_its_process(ready: Servers, role: str) -> None:
    for statement in (
        *FORBIDDEN_SQL[role], "CREATE TABLE t (i int)", "DROP TABLE cases", "CREATE TEMP TABLE t (i int)",
        "TRUNCATE cases", "CREATE ROLE r", "UPDATE alembic_version SET version_num = ''",
        "COPY alembic_version TO PROGRAM 'true'", "SET ROLE signpost_migrations",
    ):  # fmt: skip
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            ready.as_role(role, statement)
    ready.as_role(role, "SELECT version_num FROM alembic_version")


def consume(queue: str) -> Callable[[pika.channel.Channel], object]:
    return lambda channel: channel.basic_get(queue)


def publish(exchange: str, key: str = "0.north.x") -> Callable[[pika.channel.Channel], object]:
    def run(channel: pika.channel.Channel) -> None:
        channel.confirm_delivery()
        channel.basic_publish(exchange, key, b"{}")

    return run


def purge(channel: pika.channel.Channel) -> None:
    channel.queue_purge("signpost.advisor")


FORBIDDEN_AMQP = {
    "intake": [consume("signpost.advisor"), purge, consume("signpost.consumer.notifier"), publish("signpost.advice"),
               publish("signpost.feedback"), publish("", "signpost.advisor")],
    "advisor": [consume("signpost.dead"), consume("signpost.advice.unrouted"), publish("signpost.events"),
                publish("signpost.feedback")],
    "clock": [consume("signpost.advisor"), purge, consume("signpost.dead"), publish("signpost.events"),
              publish("signpost.dead")],
    "relay": [consume("signpost.advisor"), purge, consume("signpost.consumer.notifier"), publish("signpost.dead"),
              publish("signpost.feedback")],
}  # fmt: skip


@pytest.mark.parametrize("role", FORBIDDEN_AMQP)
def test_a_broker_user_can_do_no_more_than_its_process(ready: Servers, role: str) -> None:
    def refusal(operation: Callable[[pika.channel.Channel], object]) -> int:
        with pika.BlockingConnection(pika.URLParameters(ready.broker(role))) as connection:
            with pytest.raises(ChannelClosedByBroker) as refused:
                operation(connection.channel())
            return int(refused.value.reply_code)

    operations = [
        *FORBIDDEN_AMQP[role],
        lambda channel: channel.queue_declare("signpost.consumer.mine", durable=True),
        lambda channel: channel.queue_declare("mine", exclusive=True),
        lambda channel: channel.queue_delete("signpost.advisor"),
        lambda channel: channel.exchange_delete("signpost.advice"),
        lambda channel: channel.queue_unbind("signpost.advisor", "signpost.events", "0.#"),
    ]
    assert [refusal(operation) for operation in operations] == [403] * len(operations)


@pytest.mark.parametrize("role", ["advisor", "clock", "relay"])
def test_each_worker_may_publish_advice_agendas_and_questions(ready: Servers, role: str) -> None:
    """Agendas settle for a minute before they are published, so that a flow shows a missing right late."""
    with pika.BlockingConnection(pika.URLParameters(ready.broker(role))) as connection:
        for exchange in (ADVICE, AGENDA, QUESTIONS):
            publish(exchange, "north.x")(connection.channel())


def test_guest_cannot_log_in_where_the_definitions_are_loaded_at_the_start(ready: Servers) -> None:
    """As in the container: definitions in the configuration of an empty node, so no default user is created."""
    with_definitions = PrivateRabbitMQ()
    file = with_definitions.folder / "definitions.json"
    file.write_text(PREPARE["broker_definitions"](dict.fromkeys(ROLES, PASSWORD)))
    file.chmod(0o644)
    with (with_definitions.folder / "rabbitmq.conf").open("a") as config:
        own = (DEPLOY / "rabbitmq/rabbitmq.conf").read_text().replace("/run/secrets/rabbitmq_definitions", str(file))
        config.write(own)
    with with_definitions as node:
        assert {line.split()[0] for line in node.ctl("list_users", "--no-table-headers").splitlines()} == {
            f"signpost-{role}" for role in ROLES if role != "deliverer"
        }
        with pytest.raises(AMQPError):
            pika.BlockingConnection(pika.URLParameters(node.url()))


def test_every_table_has_its_rights() -> None:
    granted = " ".join(re.findall(r"^GRANT .*?;", (DEPLOY / "postgresql/grants.sql").read_text(), re.M | re.S))
    assert [name for name in metadata.tables if not re.search(rf"\b{name}\b", granted)] == []


OF_DATABASE = ("database-rights", "outbox", "due-cases", "future-times", "rules-in-force", "endpoints")
OF_BROKER = ("consumers", "queues", "dead-letters")


@pytest.mark.parametrize("role", ROLES)
def test_the_doctor_knows_the_rights_of_each_user_and_skips_what_it_may_not_see(
    ready: Servers, role: str, tmp_path: Path
) -> None:
    urls = {"SIGNPOST_DATABASE_URL": ready.database(role), "SIGNPOST_BROKER_URL": ready.broker(role)}
    # The deliverer has no user in the broker
    checks = OF_DATABASE if role == "deliverer" else (*OF_DATABASE, *OF_BROKER)
    with closing(Site(read_settings(variables(tmp_path, **urls)))) as site:
        found = {line.check: line.finding for line in examine(site, checks)}
    assert found["database-rights"].text == f"signpost_{role} has the rights of the role {role}"
    assert {name for name, finding in found.items() if finding.status == Status.FAILED} == set(), found
    assert all("permission denied" in one.text for one in found.values() if one.status == Status.SKIPPED), found
