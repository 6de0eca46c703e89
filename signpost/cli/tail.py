"""`signpost tail`: recommendations as they were told, from the feed or straight off the broker."""

import itertools
import signal
import sys
import time
from collections import deque
from collections.abc import Iterator
from typing import Any

import click
import orjson

from signpost.cli.edge import json_option, settings
from signpost.names import AUDIENCES
from signpost.repeats import Repeats
from signpost.settings import Settings

PAGE = 500
COLOURS = {"urgent": "red", "high": "yellow", "normal": "green", "low": "blue"}


@click.command
@click.option("--follow", "-f", is_flag=True, help="Go on showing what comes.")
@click.option("--last", "-n", default=500, show_default=True, help="How many of those already told; -1 for all.")
@click.option("--audience", type=click.Choice(AUDIENCES), help="Only advice for these.")
@click.option("--bind", metavar="PATTERN", help="Follow the broker's queue instead, bound with this pattern.")
@click.option("--count", type=click.IntRange(1), help="Stop after so many.")
@click.option("--interval", default=1.0, show_default=True, help="Seconds between two looks at the feed.")
@json_option
def tail(
    follow: bool, last: int, audience: str | None, bind: str | None, count: int | None, interval: float, as_json: bool
) -> None:
    """Show recommendations: each change of each, the latest last.

    \b
    Examples:
      signpost tail
      signpost tail --follow
      signpost tail --follow --json | jq .data.title
      signpost tail --bind 'demo.candidate.#'
      signpost tail --bind '*.*.*.urgent.raised'
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    changes = _bound(settings(), bind) if bind else _fed(settings(), follow, last, audience, interval)
    try:
        for change in itertools.islice(changes, count):
            click.echo(orjson.dumps(change) if as_json else shown(change))
            sys.stdout.flush()
    except KeyboardInterrupt:
        click.echo(err=True)


def shown(event: dict[str, Any]) -> str:
    """A change for people: one line that says what, for whom and how urgent, and one that says what to do."""
    data = event["data"]
    subject = f"{data['subject']['kind']}/{data['subject']['id']}"
    time_of_day = event["time"][:19].replace("T", " ")
    change = click.style(f"{data['change']:<10}", bold=data["change"] == "raised")
    priority = click.style(f"{data['priority']:<6}", fg=COLOURS.get(data["priority"]))
    head = (
        f"{time_of_day}  {change} {priority}  {event['subject']}  {data['rule']}@{subject}  for the {data['audience']}"
    )
    due = f" (due {data['due'][:16].replace('T', ' ')} UTC)" if data.get("due") else ""
    reason = f": {data['reason']}" if data.get("reason") and data["status"] != "active" else ""
    return f"{head}\n    {click.style(data['title'], bold=True)}{due}{reason}"


def _fed(
    settings: Settings, follow: bool, last: int, audience: str | None, interval: float
) -> Iterator[dict[str, Any]]:
    from signpost.cli.client import IntakeAway, asked, opened

    asking = {"limit": PAGE, **({"audience": audience} if audience else {})}
    with opened(settings) as client:

        def page(after: str | None) -> tuple[list[dict[str, Any]], str | None]:
            answer = asked(client, "GET", "/v1/recommendations", params=asking | ({"after": after} if after else {}))
            return answer["items"], answer["next"]

        told: deque[dict[str, Any]] = deque(maxlen=None if last < 0 else last)
        items, cursor = page(None)
        while items:
            told.extend(items)
            items, cursor = page(cursor)
        yield from told
        lines = Repeats()
        while follow:
            time.sleep(interval)
            try:
                items, cursor = page(cursor)
            except IntakeAway as away:
                if lines.is_due(str(away)):
                    click.echo(f"waiting: {away}", err=True)
                continue
            lines.reset()
            yield from items


def _bound(settings: Settings, pattern: str) -> Iterator[dict[str, Any]]:
    """What the broker hands out from now on. Each change is acknowledged when the next one is asked for."""
    from signpost.messaging import Outcome, Settlement, connect

    broker = connect(settings.broker_url, partitions=settings.partitions, name="signpost tail")
    try:
        consumer = broker.subscribe(pattern)
        click.echo(f"bound to {pattern}; waiting", err=True)
        while True:
            for delivery in consumer.receive(100, 1.0):
                yield orjson.loads(delivery.body)
                consumer.settle([Settlement(delivery, Outcome.DONE)], time.time_ns() // 1000)
    finally:
        broker.close()
