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

MOST_LOOKED_AT = 20_000
"""Changes of the feed in which the oldest waiting one is looked for."""
SNIPPET = """\
connection = pika.BlockingConnection(pika.URLParameters("{url}"))
channel = connection.channel()
channel.basic_qos(prefetch_count=50)
for method, properties, body in channel.consume("{queue}"):
    ...                                       # json.loads(body); see docs/consuming.md
    channel.basic_ack(method.delivery_tag)"""


class CannotConsume(CallerError):
    """The consumer cannot be made, found or removed as asked."""


@click.group
def consumers() -> None:
    """Add, list and remove queues of recommendations for other systems."""


@consumers.command
@click.argument("name")
@click.option("--bind", "patterns", multiple=True, required=True, help="Which advice; may be repeated.")
@json_option
def add(name: str, patterns: tuple[str, ...], as_json: bool) -> None:
    """Declare a durable queue for a consumer, with a queue for what it rejects, and show how to connect.

    PATTERNS match the routing key TENANT.AUDIENCE.TOPIC.PRIORITY.CHANGE; * is one word, # any number of words.

    \b
    Examples:
      signpost consumers add notifier --bind 'acme.candidate.#'
      signpost consumers add urgent --bind '*.*.*.urgent.raised' --bind '*.*.*.urgent.updated'
    """
    from signpost.messaging.topology import consumer_queue, consumer_topology

    _check(name, patterns)
    with _opened() as (store, run):
        run.apply(consumer_topology(name, patterns))
        for pattern in set(store.consumers.all().get(name, ())) - set(patterns):
            run.unbind(consumer_queue(name), pattern)
        store.consumers.put(name, patterns, time.time_ns() // 1000)
    queue, url = consumer_queue(name), _without_password(settings().broker_url)
    if as_json:
        print_json({"consumer": name, "queue": queue, "dead": f"{queue}.dead", "bind": list(patterns), "url": url})
        return
    click.echo(f"Queue {queue} is bound to {', '.join(patterns)}; what is rejected goes to {queue}.dead.\n")
    click.echo(SNIPPET.format(url=url, queue=queue))


@consumers.command("list")
@json_option
def list_(as_json: bool) -> None:
    """List consumers: messages that wait and since when, who reads them, and what was rejected."""
    from signpost.messaging.topology import consumer_queue

    with _opened() as (store, run):
        known = store.consumers.all().items()
        rows = [_row(name, patterns, run, consumer_queue(name), store) for name, patterns in known]
    if as_json:
        print_json(rows)
        return
    columns = ("consumer", "waiting", "oldest", "readers", "rejected", "bind")
    print_table(columns, (tuple(_cell(row[column]) for column in columns) for row in rows))


@consumers.command
@click.argument("name")
@click.option("--force", is_flag=True, help="Also where messages wait or somebody reads; they are gone then.")
def remove(name: str, force: bool) -> None:
    """Delete a consumer's queues."""
    from signpost.messaging.topology import consumer_queue

    with _opened() as (store, run):
        if name not in store.consumers.all():
            raise CannotConsume(f"there is no consumer {name!r}; `signpost consumers list` shows those that there are")
        row = _row(name, (), run, consumer_queue(name))
        if not force and (row["waiting"] or row["readers"] or row["rejected"]):
            raise CannotConsume(
                f"{name}: {row['waiting']} messages wait, {row['rejected']} were rejected, {row['readers']} readers; "
                "--force deletes all the same"
            )
        run.delete(consumer_queue(name))
        run.delete(f"{consumer_queue(name)}.dead")
        store.consumers.remove(name)
    click.echo(f"Consumer {name} and its queues are gone.")


def _check(name: str, patterns: Sequence[str]) -> None:
    if not _NAME.fullmatch(name):
        raise CannotConsume(f"{name!r}: a name is lower-case letters, digits and hyphens, 64 at most")
    for pattern in patterns:
        if not _PATTERN.fullmatch(pattern):
            raise CannotConsume(f"{pattern!r} is no pattern; write TENANT.AUDIENCE.TOPIC.PRIORITY.CHANGE with * and #")


@contextmanager
def _opened() -> "Iterator[tuple[Store, AdminSession]]":
    """The database and the broker of the settings. Raises CannotConsume for the embedded queue."""
    from signpost.messaging import Bounds
    from signpost.messaging.rabbitmq.admin import open_admin
    from signpost.storage import open_store

    chosen = settings()
    if not chosen.broker_url.startswith("amqp"):
        raise CannotConsume(
            "the embedded queue has no queues for others; read GET /v1/recommendations, or set SIGNPOST_BROKER_URL"
        )
    with (
        open_store(chosen.database_url) as store,
        open_admin(chosen.broker_url, Bounds(), "signpost consumers") as run,
    ):
        yield store, run


def _row(
    name: str, patterns: Sequence[str], run: "AdminSession", queue: str, store: "Store | None" = None
) -> dict[str, Any]:
    standing, dead = run.counts(queue), run.counts(f"{queue}.dead")
    return {
        "oldest": _oldest(store, patterns, standing[0]) if store and standing else None,
        "consumer": name,
        "queue": queue,
        "bind": list(patterns),
        "waiting": standing and standing[0],
        "readers": standing and standing[1],
        "rejected": dead and dead[0],
    }


def _oldest(store: "Store", patterns: Sequence[str], waiting: int) -> str | None:
    """When the oldest message that waits was told, reckoned from the feed: looking into the queue would count as a
    delivery. None where nothing waits, or more than the feed is asked for."""
    import orjson

    from signpost.case.instant import format_instant
    from signpost.messaging.embedded.routing import matches

    if not waiting:
        return None
    found = 0
    for at, body in store.latest_changes(MOST_LOOKED_AT):
        event = orjson.loads(body)
        told = event["data"]
        key = f"{event['tenant']}.{told['audience']}.{told['topic']}.{told['priority']}.{told['change']}"
        found += any(matches(pattern, key) for pattern in patterns)
        if found == waiting:
            return format_instant(at)
    return None


def _cell(value: Any) -> str:
    return ", ".join(value) if isinstance(value, list) else "" if value is None else str(value)


def _without_password(url: str) -> str:
    return re.sub(r"//[^@/]*@", "//USER:PASSWORD@", url)
