"""`signpost consumers`: queues of recommendations for other systems."""

import re
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from signpost.cli.edge import json_option, print_json, print_table, settings
from signpost.errors import CallerError

if TYPE_CHECKING:
    from signpost.messaging.rabbitmq.admin import AdminSession
    from signpost.storage import Store

_NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?")
_PATTERN = re.compile(r"(?:[A-Za-z0-9_-]+|[*#])(?:\.(?:[A-Za-z0-9_-]+|[*#])){0,5}")

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
@json_option
def add(name: str, patterns: tuple[str, ...], as_json: bool) -> None:
    """Declare a durable queue and a dead-letter queue for a consumer, and show how to connect.

    Patterns match the routing key TENANT.AUDIENCE.TOPIC.PRIORITY.CHANGE; * matches one word, # any number.

    \b
    Examples:
      signpost consumers add notifier --bind 'acme.candidate.#'
      signpost consumers add urgent --bind '*.*.*.urgent.raised' --bind '*.*.*.urgent.updated'
    """
    from signpost.messaging.topology import consumer_queue, consumer_topology

    _check(name, patterns)
    with _open_servers() as (store, admin):
        admin.apply(consumer_topology(name, patterns))
        for pattern in set(store.consumers.all().get(name, ())) - set(patterns):
            admin.unbind(consumer_queue(name), pattern)
        store.consumers.put(name, patterns, time.time_ns() // 1000)
    queue, url = consumer_queue(name), _without_password(settings().broker_url)
    if as_json:
        print_json({"consumer": name, "queue": queue, "dead": f"{queue}.dead", "bind": list(patterns), "url": url})
        return
    click.echo(f"Queue {queue} is bound to {', '.join(patterns)}; rejected messages go to {queue}.dead.\n")
    click.echo(SNIPPET.format(url=url, queue=queue))


@consumers.command("list")
@json_option
def list_(as_json: bool) -> None:
    """List consumers with their waiting messages, the time of the oldest, their readers and rejected messages."""
    from signpost.messaging.topology import consumer_queue

    with _open_servers() as (store, admin):
        known = store.consumers.all().items()
        rows = [_row(name, patterns, admin, consumer_queue(name), store) for name, patterns in known]
    if as_json:
        print_json(rows)
        return
    columns = ("consumer", "waiting", "oldest", "readers", "rejected", "bind")
    print_table(columns, (tuple(_cell(row[column]) for column in columns) for row in rows))


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
    click.echo(f"Consumer {name} and its queues are deleted.")


def _check(name: str, patterns: Sequence[str]) -> None:
    if not _NAME.fullmatch(name):
        raise InvalidConsumer(f"{name!r}: a name consists of at most 64 lower-case letters, digits and hyphens")
    for pattern in patterns:
        if not _PATTERN.fullmatch(pattern):
            raise InvalidConsumer(
                f"{pattern!r} is not a pattern; write TENANT.AUDIENCE.TOPIC.PRIORITY.CHANGE with * and #"
            )


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


def _without_password(url: str) -> str:
    return re.sub(r"//[^@/]*@", "//USER:PASSWORD@", url)
