"""`signpost consumers`: queues of recommendations for other systems."""

import re
import shlex
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from signpost.cli.dead_letters import show_list
from signpost.cli.dead_letters_options import choice_options, examine_option, last_option
from signpost.cli.edge import echo, json_option, print_json, print_table, settings, warn_of_tenants
from signpost.errors import CallerError

if TYPE_CHECKING:
    from signpost.dead_letters import Choice
    from signpost.messaging.rabbitmq.admin import AdminSession
    from signpost.storage import ConsumerRow, Store

_NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?")
_USER = re.compile(r"[A-Za-z0-9._-]{1,64}")
_PATTERN = re.compile(r"(?:(?:agenda|questions):)?(?:[A-Za-z0-9_-]+|[*#])(?:\.(?:[A-Za-z0-9_-]+|[*#])){0,5}")

MAX_CHANGES = 20_000
"""How many changes of the feed the search for the oldest waiting one reads."""
SNIPPET = """\
connection = pika.BlockingConnection(pika.URLParameters("{url}"))
channel = connection.channel()
channel.basic_qos(prefetch_count=50)
for method, properties, body in channel.consume("{queue}"):
    ...                                       # json.loads(body); see docs/consuming.md
    channel.basic_ack(method.delivery_tag)"""


class InvalidConsumer(CallerError):
    """The consumer cannot be added, found or removed."""


@click.group
def consumers() -> None:
    """Add, list and remove queues of recommendations for other systems."""


@consumers.command
@click.argument("name")
@click.option("--bind", "patterns", multiple=True, required=True, help="Pattern of the advice to receive; repeatable.")
@click.option("--user", default="", help="The consumer's own broker user; its feedback is bound to what it receives.")
@json_option
def add(name: str, patterns: tuple[str, ...], user: str, as_json: bool) -> None:
    """Declare a durable queue and a dead-letter queue for a consumer, and show how to connect.

    Patterns match the routing key TENANT.AUDIENCE.TOPIC.PRIORITY.CHANGE; * matches one word, # any number. With
    `agenda:` before it, a pattern matches agendas, TENANT.AUDIENCE.PRIORITY; with `questions:`, the questions to
    candidates, TENANT.candidate.PRIORITY.

    With --user, prints the commands that create this user with the least rights. As soon as one consumer has a user,
    feedback is accepted only from users of consumers.

    \b
    Examples:
      signpost consumers add notifier --bind 'acme.candidate.#' --user acme-notifier
      signpost consumers add planner --bind 'agenda:acme.candidate.#'
      signpost consumers add dialog --bind 'questions:acme.#'
      signpost consumers add urgent --bind '*.*.*.urgent.raised' --bind '*.*.*.urgent.updated'
    """
    from signpost.messaging.topology import consumer_queue, consumer_topology

    _check(name, patterns, user)
    warn_of_tenants(patterns)
    with _open_servers() as (store, admin):
        admin.apply(consumer_topology(name, patterns))
        before = store.consumers.all().get(name)
        for pattern in set(before.patterns if before else ()) - set(patterns):
            admin.unbind(consumer_queue(name), pattern)
        store.consumers.put(name, patterns, time.time_ns() // 1000, user=user)
        commands = _commands_for(user, store.consumers.all())
    queue, url = consumer_queue(name), _without_password(settings().broker_url, user or "USER")
    if as_json:
        named = {"consumer": name, "queue": queue, "dead": f"{queue}.dead", "bind": list(patterns), "url": url}
        print_json({**named, "user": user, "commands": commands})
        return
    echo(f"Queue {queue} is bound to {', '.join(patterns)}; rejected messages go to {queue}.dead.\n")
    echo(SNIPPET.format(url=url, queue=queue))
    if commands:
        echo(f"\nGive {user} its rights, on the host of RabbitMQ (add_user asks for a password):\n")
        echo("\n".join(commands))


def _commands_for(user: str, consumers: "Mapping[str, ConsumerRow]") -> list[str]:
    """The rabbitmqctl commands for a consumer's user: read its queues, write feedback, nothing else.

    None without a user, and none for Signpost's own user, which would lose its rights.
    """
    from pika import URLParameters

    from signpost.messaging.topology import consumer_rights

    broker = URLParameters(settings().broker_url)
    if not user or user == broker.credentials.username:
        return []
    own = {name: row.patterns for name, row in consumers.items() if row.user == user}
    commands = [["add_user", user]]
    for command, *rights in consumer_rights(own):
        commands.append([command, "--vhost", broker.virtual_host, user, *rights])
    return [shlex.join(["rabbitmqctl", *command]) for command in commands]


@consumers.command("list")
@json_option
def list_(as_json: bool) -> None:
    """List consumers with their waiting messages, the time of the oldest, their readers and rejected messages."""
    from signpost.messaging.topology import consumer_queue

    with _open_servers() as (store, admin):
        known = store.consumers.all().items()
        rows = [
            {**_row(name, row.patterns, admin, consumer_queue(name), store), "user": row.user} for name, row in known
        ]
    if as_json:
        print_json(rows)
        return
    columns = ("consumer", "waiting", "oldest", "readers", "rejected", "user", "bind")
    print_table(columns, (tuple(_cell(row[column]) for column in columns) for row in rows))


@consumers.command("dead-letters")
@click.argument("name")
@choice_options
@last_option
@examine_option
@json_option
def dead_letters(name: str, choice: "Choice", last: int, examine: int, as_json: bool) -> None:
    """List the messages that a consumer rejected, as `signpost dead-letters list --consumer NAME` does.

    `signpost dead-letters show|requeue|drop --consumer NAME` act on them.
    """
    show_list(choice, last, f"consumer.{name}", examine, as_json)


@consumers.command
@click.argument("name")
@click.option(
    "--force", is_flag=True, help="Delete even if messages wait or a consumer is connected; the messages are lost."
)
def remove(name: str, force: bool) -> None:
    """Delete a consumer's queues."""
    from signpost.messaging.topology import consumer_queue

    with _open_servers() as (store, admin):
        if name not in store.consumers.all():
            raise InvalidConsumer(f"no consumer {name!r}; `signpost consumers list` shows all consumers")
        row = _row(name, (), admin, consumer_queue(name))
        if not force and (row["waiting"] or row["readers"] or row["rejected"]):
            raise InvalidConsumer(
                f"{name}: {row['waiting']} waiting and {row['rejected']} rejected messages, {row['readers']} readers; "
                "--force deletes them"
            )
        admin.delete(consumer_queue(name))
        admin.delete(f"{consumer_queue(name)}.dead")
        store.consumers.remove(name)
    echo(f"Consumer {name} and its queues are deleted.")


def _check(name: str, patterns: Sequence[str], user: str) -> None:
    if not _NAME.fullmatch(name):
        raise InvalidConsumer(f"{name!r}: a name consists of at most 64 lower-case letters, digits and hyphens")
    if user and not _USER.fullmatch(user):
        raise InvalidConsumer(f"{user!r}: a user consists of at most 64 letters, digits, dots, hyphens and underscores")
    from signpost.messaging.pattern_words import unknown_word

    for pattern in patterns:
        if not _PATTERN.fullmatch(pattern):
            raise InvalidConsumer(
                f"{pattern!r} is not a pattern; write TENANT.AUDIENCE.TOPIC.PRIORITY.CHANGE with * and #"
            )
        if problem := unknown_word(pattern):
            raise InvalidConsumer(f"{pattern!r}: {problem}")


@contextmanager
def _open_servers() -> "Iterator[tuple[Store, AdminSession]]":
    """Open the database and the broker of the settings. Raises InvalidConsumer for the embedded queue."""
    from signpost.messaging import Bounds
    from signpost.messaging.rabbitmq.admin import open_admin
    from signpost.storage import open_store

    chosen = settings()
    if not chosen.broker_url.startswith("amqp"):
        raise InvalidConsumer(
            "the embedded queue has no consumer queues; read GET /v1/recommendations, or set SIGNPOST_BROKER_URL"
        )
    with (
        open_store(chosen.database_url) as store,
        open_admin(chosen.broker_url, Bounds(), "signpost consumers") as admin,
    ):
        yield store, admin


def _row(
    name: str, patterns: Sequence[str], admin: "AdminSession", queue: str, store: "Store | None" = None
) -> dict[str, Any]:
    ready, dead = admin.counts(queue), admin.counts(f"{queue}.dead")
    return {
        "oldest": _oldest(store, patterns, ready[0]) if store and ready else None,
        "consumer": name,
        "queue": queue,
        "bind": list(patterns),
        "waiting": ready and ready[0],
        "readers": ready and ready[1],
        "rejected": dead and dead[0],
    }


def _oldest(store: "Store", patterns: Sequence[str], waiting: int) -> str | None:
    """When the oldest waiting message was published, computed from the feed: reading the queue would count as a
    delivery. None if no message waits, or if the oldest is more than MAX_CHANGES back."""
    import orjson

    from signpost.case.instant import format_instant
    from signpost.messaging.embedded.routing import matches

    if not waiting:
        return None
    found = 0
    for at, body in store.latest_changes(MAX_CHANGES):
        event = orjson.loads(body)
        data = event["data"]
        key = f"{event['tenant']}.{data['audience']}.{data['topic']}.{data['priority']}.{data['change']}"
        found += any(matches(pattern, key) for pattern in patterns)
        if found == waiting:
            return format_instant(at)
    return None


def _cell(value: Any) -> str:
    return ", ".join(value) if isinstance(value, list) else "" if value is None else str(value)


def _without_password(url: str, user: str) -> str:
    return re.sub(r"//[^@/]*@", f"//{user}:PASSWORD@", url)
