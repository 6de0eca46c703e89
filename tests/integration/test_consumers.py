"""Consumers on a real broker: their queues, the two examples through a kill and poison, and feedback by queue."""

import json
import os
import re
import secrets
import shlex
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pika
import pytest
from click.testing import CliRunner, Result

from signpost.cli import main
from signpost.messaging import Broker, connect
from signpost.messaging.message import Message
from signpost.messaging.topology import consumer_queue
from signpost.names import ADVICE, AGENDA, FEEDBACK
from signpost.storage import Change, open_store, upgrade
from tests.support import servers
from tests.support.private_servers import wait_until
from tests.support.vhosts import PATIENT

EXAMPLES = Path(__file__).parents[2] / "examples" / "consumers"
GUIDE = Path(__file__).parents[2] / "docs" / "consuming.md"
MODULES = EXAMPLES / "javascript" / "node_modules" / "amqplib"
QUEUE = consumer_queue("notifier")
MANY = 4000


class Here:
    """A broker's vhost and a database, and the command line on them."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder, self.url = folder, url
        self.environ = {
            "SIGNPOST_DATA_DIR": str(folder),
            "SIGNPOST_BROKER_URL": url,
            "SIGNPOST_DATABASE_URL": f"sqlite:///{folder}/signpost.db",
        }
        upgrade(self.environ["SIGNPOST_DATABASE_URL"])
        self.broker: Broker = connect(url, bounds=PATIENT)
        self.broker.apply_topology()

    def call(self, *arguments: str) -> Result:
        return CliRunner(env=self.environ).invoke(main, ["consumers", *arguments])

    def publish(self, *messages: Message) -> None:
        for future in [self.broker.publisher().publish(each) for each in messages]:
            future.result(60)


@pytest.fixture
def here(tmp_path: Path, rabbitmq_server: servers.SharedRabbitMQ) -> Iterator[Here]:
    with servers.vhost(rabbitmq_server) as url:
        made = Here(tmp_path, url)
        yield made
        made.broker.close()


def change(number: int, sequence: int = 1, tenant: str = "acme") -> Message:
    emitted = {
        "id": f"rec_{number}",
        "sequence": sequence,
        "status": "active",
        "change": "raised",
        "title": f"No. {number}",
    }
    body = json.dumps({"id": f"rec_{number}.{sequence}", "data": emitted}).encode()
    return Message(ADVICE, f"{tenant}.candidate.pay.high.raised", body, f"rec_{number}.{sequence}")


def agenda(sequence: int) -> Message:
    cards = [{"id": f"card_{number}", "title": f"Card {number}"} for number in range(sequence)]
    emitted = {"id": "agenda_1", "sequence": sequence, "cards": cards}
    body = json.dumps({"id": f"agenda_1.{sequence}", "data": emitted}).encode()
    return Message(AGENDA, "acme.candidate.high", body, f"agenda_1.{sequence}")


def test_a_queue_is_declared_listed_rebound_and_removed(here: Here) -> None:
    made = here.call("add", "notifier", "--bind", "acme.candidate.#")
    assert made.exit_code == 0, made.output
    assert QUEUE in made.output
    assert "guest:guest" not in made.output
    here.publish(change(1), change(2, tenant="globex"))
    [row] = json.loads(here.call("list", "--json").output)
    assert (row["consumer"], row["waiting"], row["readers"], row["rejected"]) == ("notifier", 1, 0, 0)
    assert here.call("add", "notifier", "--bind", "globex.#").exit_code == 0
    here.publish(change(3), change(4, tenant="globex"))
    [row] = json.loads(here.call("list", "--json").output)
    assert (row["waiting"], row["bind"]) == (2, ["globex.#"])
    refused = here.call("remove", "notifier")
    assert refused.exit_code != 0
    assert "2 waiting" in refused.output
    assert here.call("remove", "notifier", "--force").exit_code == 0
    assert json.loads(here.call("list", "--json").output) == []
    assert here.broker.check_topology() == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("add", "Not a name", "--bind", "#"), "lower-case letters"),
        (("add", "notifier", "--bind", "acme..x"), "is not a pattern"),
        (("remove", "nobody"), "no consumer 'nobody'"),
    ],
)
def test_what_cannot_be_done_is_said(here: Here, arguments: tuple[str, ...], said: str) -> None:
    result = here.call(*arguments)
    assert result.exit_code != 0
    assert said in result.output


def test_the_embedded_queue_points_to_the_feed(tmp_path: Path) -> None:
    result = CliRunner(env={"SIGNPOST_DATA_DIR": str(tmp_path)}).invoke(main, ["consumers", "list"])
    assert result.exit_code != 0
    assert "/v1/recommendations" in result.output


def test_since_when_the_oldest_waits_is_reckoned_from_the_feed(here: Here) -> None:
    def kept_change(number: int, tenant: str) -> Change:
        emitted = {"audience": "candidate", "topic": "pay", "priority": "high", "change": "raised"}
        body = json.dumps({"tenant": tenant, "data": emitted}).encode()
        return Change(
            tenant,
            "c-1",
            f"rec_{number}",
            1,
            "raised",
            "active",
            "candidate",
            "r",
            "offer/o",
            "high",
            number,
            body,
            "k",
        )

    here.call("add", "notifier", "--bind", "acme.#")
    with open_store(here.environ["SIGNPOST_DATABASE_URL"]) as store, store.transaction() as transaction:
        kept = [(1, "acme"), (2, "acme"), (3, "globex"), (4, "acme")]
        transaction.record([kept_change(at, tenant) for at, tenant in kept], now=0, leased_until=0)
    here.publish(change(2), change(4))
    [row] = json.loads(here.call("list", "--json").output)
    assert (row["waiting"], row["oldest"]) == (2, "1970-01-01T00:00:00.000002Z")


def _python(memory: Path) -> tuple[dict[str, int], list[tuple[str, int]]]:
    with sqlite3.connect(memory) as opened:
        ids = [row[0] for row in opened.execute("SELECT id FROM handled")]
        return Counter(ids), list(opened.execute("SELECT id, sequence FROM latest"))


def _javascript(memory: Path) -> tuple[dict[str, int], list[tuple[str, int]]]:
    lines = [json.loads(line) for line in memory.read_text("utf-8").splitlines() if line.endswith("}")]
    ids = [line["id"] for line in lines]
    latest: dict[str, int] = {}
    for line in lines:
        data = line["data"]
        latest[data["id"]] = max(data["sequence"], latest.get(data["id"], 0))
    return Counter(ids), list(latest.items())


def check_example(here: Here, command: list[str], memory: Path, read: Callable[[Path], Any]) -> None:
    """Killed in the midst of its work, and started again: nothing is lost, and nothing handled twice by its id."""
    here.call("add", "notifier", "--bind", "#", "--bind", "agenda:#")
    here.publish(agenda(2), agenda(1))
    late = [change(number) for number in range(50)]
    here.publish(*(change(number, 2) for number in range(50)), *late, *(change(number) for number in range(50, MANY)))
    here.publish(*late, Message(ADVICE, "acme.candidate.pay.high.raised", b"no json", "poison"))
    environ = os.environ | {"AMQP_URL": here.url, "QUEUE": QUEUE, "STATE_FILE": str(memory)}

    def started() -> "subprocess.Popen[bytes]":
        return subprocess.Popen(command, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)

    def handled() -> int:
        return len(read(memory)[0]) if memory.exists() and memory.stat().st_size else 0

    first = started()
    wait_until(lambda: handled() > 20, "the consumer handles messages")
    first.send_signal(signal.SIGKILL)
    first.wait(60)
    assert 20 < handled() < MANY + 52, "it was killed in the midst of its work"
    second = started()
    wait_until(lambda: handled() == MANY + 52 and here.broker.queue_depth(f"{QUEUE}.dead") == 1, "all is handled")
    second.send_signal(signal.SIGTERM)
    second.communicate(timeout=60)
    wait_until(lambda: here.broker.queue_depth(QUEUE) == 0, "nothing is left")
    times, standing = read(memory)
    assert set(times.values()) == {1}
    assert sorted(standing) == sorted([("agenda_1", 2), *((f"rec_{n}", 2 if n < 50 else 1) for n in range(MANY))])


def test_the_python_example(here: Here) -> None:
    command = [sys.executable, str(EXAMPLES / "python" / "consumer.py")]
    check_example(here, command, here.folder / "memory.db", _readable_python)


def _readable_python(memory: Path) -> Any:
    try:
        return _python(memory)
    except sqlite3.OperationalError:  # its tables are still being made
        return {}, []


@pytest.mark.skipif(
    not (MODULES.exists() and shutil.which("node")), reason="only on demand: Node.js, and `make consumers-js` once"
)
def test_the_javascript_example(here: Here) -> None:
    command = ["node", str(EXAMPLES / "javascript" / "consumer.mjs")]
    check_example(here, command, here.folder / "memory.jsonl", _javascript)


@pytest.mark.parametrize(
    "name", ["python/consumer.py", "python/feedback.py", "javascript/consumer.mjs", "javascript/feedback.mjs"]
)
def test_the_guide_shows_the_examples_as_they_are(name: str) -> None:
    blocks = re.findall(r"^```\w+\n(.*?)^```", GUIDE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    assert (EXAMPLES / name).read_text("utf-8") in blocks


def test_the_snippet_that_is_printed_consumes(here: Here) -> None:
    snippet = here.call("add", "notifier", "--bind", "#").output.partition("\n\n")[2]
    here.publish(change(1))
    code = snippet.replace("USER:PASSWORD", "guest:guest").replace("...  ", "seen.append(body); break  ")
    seen: list[bytes] = []
    exec(compile(code, "snippet", "exec"), {"pika": pika, "seen": seen})
    assert len(seen) == 1


@pytest.fixture
def own_user(here: Here, rabbitmq_server: servers.SharedRabbitMQ) -> Iterator[str]:
    """A consumer of acme with a broker user of its own, made by the commands that `consumers add` prints."""
    user = f"signpost-test-{secrets.token_hex(6)}"
    said = here.call("add", "notifier", "--bind", "acme.candidate.#", "--user", user, "--json")
    create, *rights = (shlex.split(command) for command in json.loads(said.output)["commands"])
    try:
        rabbitmq_server.ctl(*create[1:], "secret")
        for command in rights:
            rabbitmq_server.ctl(*command[1:])
        yield here.url.replace("guest:guest", f"{user}:secret")
    finally:
        rabbitmq_server.ctl("delete_user", user)


def may(url: str, operation: Callable[[Any], Any]) -> bool:
    """Whether the broker lets this user do something on a channel."""
    with pika.BlockingConnection(pika.URLParameters(url)) as connection:
        channel = connection.channel()
        channel.confirm_delivery()
        try:
            operation(channel)
        except pika.exceptions.ChannelClosedByBroker as error:
            if error.reply_code not in (403, 406):
                raise
            return False
        return True


def feedback_as(user: str) -> Callable[[Any], Any]:
    properties = pika.BasicProperties(user_id=user)
    return lambda channel: channel.basic_publish(FEEDBACK, "", b"{}", properties)


def bind_to(key: str) -> Callable[[Any], Any]:
    return lambda channel: channel.queue_bind(QUEUE, ADVICE, key)


def test_a_consumers_user_reads_its_queue_and_sends_feedback_and_nothing_else(
    here: Here, own_user: str, rabbitmq_server: servers.SharedRabbitMQ
) -> None:
    user = pika.URLParameters(own_user).credentials.username
    here.call("add", "other", "--bind", "globex.#")
    here.publish(change(1))
    for operation in (
        lambda channel: channel.basic_get(QUEUE),
        lambda channel: channel.basic_get(f"{QUEUE}.dead"),
        feedback_as(user),
    ):
        assert may(own_user, operation)
    refused = {
        "another user": feedback_as("guest"),
        "another queue": lambda channel: channel.basic_get("signpost.consumer.other"),
        "events": lambda channel: channel.basic_get("signpost.advisor"),
        "dead letters": lambda channel: channel.basic_get("signpost.dead"),
        "forged event": lambda channel: channel.basic_publish("signpost.events", "0.acme.offer", b"{}"),
        "forged advice": lambda channel: channel.basic_publish(ADVICE, "acme.candidate.pay.high.raised", b"{}"),
        "default exchange": lambda channel: channel.basic_publish("", "signpost.advisor", b"{}"),
        "binding": lambda channel: channel.queue_bind(QUEUE, ADVICE, "globex.#"),
        "declaration": lambda channel: channel.queue_declare("mine"),
        "purge": lambda channel: channel.queue_purge("signpost.consumer.other"),
        "deletion": lambda channel: channel.queue_delete(QUEUE),
    }
    assert [name for name, operation in refused.items() if may(own_user, operation)] == []
    # Even with every right to bind, the topic permissions hold
    rabbitmq_server.ctl("set_permissions", "-p", here.url.rpartition("/")[2], user, "^$", ".*", ".*")
    assert may(own_user, bind_to("acme.employer.#"))
    assert [key for key in ("globex.#", "#") if may(own_user, bind_to(key))] == []


def test_signposts_own_user_keeps_its_rights(here: Here) -> None:
    said = json.loads(here.call("add", "own", "--bind", "#", "--user", "guest", "--json").output)
    assert said["commands"] == []
    here.call("add", "first", "--bind", "acme.#", "--user", "app")
    said = json.loads(here.call("add", "second", "--bind", "globex.#", "--user", "app", "--json").output)
    assert said["commands"][1].endswith(r"'^(signpost\.consumer\.first|signpost\.consumer\.second)(\.dead)?$'")
    assert said["commands"][2].endswith(r"'^(acme|globex)\.'")
    assert {row["consumer"]: row["user"] for row in json.loads(here.call("list", "--json").output)} == {
        "own": "guest", "first": "app", "second": "app",
    }  # fmt: skip


def test_a_user_that_would_need_quoting_is_refused(here: Here) -> None:
    assert "at most 64 letters" in here.call("add", "x", "--bind", "#", "--user", "a b").output
