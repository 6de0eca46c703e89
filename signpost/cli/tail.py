"""`signpost tail`: prints changes of recommendations, from the feed or from the broker."""

import itertools
import signal
import sys
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import click
import orjson

from signpost.cli.agenda import show as show_agenda
from signpost.cli.edge import KNOWN_CANDIDATES, echo, json_option, print_json, settings
from signpost.names import AUDIENCES
from signpost.printable import escape_document
from signpost.repeats import Repeats
from signpost.settings import Settings

PAGE_ITEMS = 500
WAIT_S = 20
"""How long the intake waits for the next change before it answers that there is none."""
COLOURS = {"urgent": "red", "high": "yellow", "normal": "green", "low": "blue"}


@dataclass(slots=True)
class _Wanted:
    """The changes about one candidate, or all. `near`: whose id is that of the candidate after the name of a source."""

    candidate: str | None
    near: str = ""

    def has(self, message: dict[str, Any]) -> bool:
        """Whether a change is about the candidate."""
        if self.candidate and message["subject"].endswith(f"~{self.candidate}"):
            self.near = self.near or message["subject"]
        return self.candidate in (None, message["subject"])


@click.command
@click.option("--follow", "-f", is_flag=True, help="Keep printing new changes.")
@click.option("--last", "-n", default=500, show_default=True, help="Number of past changes; -1 for all.")
@click.option("--candidate", help="Only about this candidate.")
@click.option("--audience", type=click.Choice(AUDIENCES), help="Only advice for this audience.")
@click.option("--bind", metavar="PATTERN", help="Follow the broker instead, with a queue bound by this pattern.")
@click.option(
    "--agenda", is_flag=True, help="Follow the agendas, or those that --bind matches: TENANT.AUDIENCE.PRIORITY."
)
@click.option("--count", type=click.IntRange(1), help="Stop after this number of changes.")
@click.option("--interval", default=1.0, show_default=True, help="Least seconds between two requests to the feed.")
@json_option
def tail(
    follow: bool,
    last: int,
    candidate: str | None,
    audience: str | None,
    bind: str | None,
    agenda: bool,
    count: int | None,
    interval: float,
    as_json: bool,
) -> None:
    """Show the changes of recommendations, the latest last; with --agenda, whole agendas as they are published.

    \b
    Examples:
      signpost tail
      signpost tail --follow
      signpost tail --candidate maria
      signpost tail --follow --json | jq .data.title
      signpost tail --bind 'demo.candidate.#'
      signpost tail --bind '*.*.*.urgent.raised'
      signpost tail --agenda
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    pattern = f"agenda:{bind or '#'}" if agenda else bind
    wanted = _Wanted(candidate)
    changes = (
        _from_broker(settings(), pattern, wanted)
        if pattern
        else _from_feed(settings(), follow, last, wanted, audience, interval)
    )
    is_empty = True
    try:
        for change in itertools.islice(changes, count):
            is_empty = False
            if as_json:
                print_json(change)
            elif agenda:
                show_agenda(change["data"])
            else:
                echo(format_change(change))
            sys.stdout.flush()
    except KeyboardInterrupt:
        echo(err=True)
    if candidate and is_empty:
        near = f"; did you mean {wanted.near}? Ids of a source have its name before them" if wanted.near else ""
        echo(f"no change is about {candidate}: {KNOWN_CANDIDATES.partition(',')[0]}{near}", err=True)


def format_change(event: dict[str, Any]) -> str:
    """A change for people: a line with change, priority and audience, and a line with the advice."""
    event = escape_document(event)
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
    title = data["title"] or "(text deleted)"  # of an erased candidate
    return f"{head}\n    {click.style(title, bold=True)}{due}{reason}"


def _from_feed(
    settings: Settings, follow: bool, last: int, wanted: _Wanted, audience: str | None, interval: float
) -> Iterator[dict[str, Any]]:
    from signpost.cli.client import IntakeUnavailable, open_client, request_json

    query = {"limit": PAGE_ITEMS, **({"audience": audience} if audience else {})}
    with open_client(settings) as client:

        def page(after: str | None, wait_s: int = 0) -> tuple[list[dict[str, Any]], str | None]:
            params = query | {"wait": wait_s} | ({"after": after} if after else {})
            answer = request_json(client, "GET", "/v1/recommendations", params=params)
            return answer["items"], answer["next"]

        past: deque[dict[str, Any]] = deque(maxlen=None if last < 0 else last)
        items, cursor = page(None)
        while items:
            past.extend(change for change in items if wanted.has(change))
            items, cursor = page(cursor)
        yield from past
        lines = Repeats()
        while follow:
            asked = time.monotonic()
            try:
                items, cursor = page(cursor, WAIT_S)
            except IntakeUnavailable as unavailable:
                if lines.is_due(str(unavailable)):
                    echo(f"retrying: {unavailable}", err=True)
            else:
                lines.reset()
                yield from (change for change in items if wanted.has(change))
            time.sleep(max(0.0, interval - (time.monotonic() - asked)))


def _from_broker(settings: Settings, pattern: str, wanted: _Wanted) -> Iterator[dict[str, Any]]:
    """New changes from the broker. Each change is acknowledged when the caller requests the next one."""
    from signpost.messaging import Outcome, Settlement, connect

    broker = connect(settings.broker_url, partitions=settings.partitions, name="signpost tail")
    try:
        consumer = broker.subscribe(pattern)
        echo(f"waiting for messages that match {pattern}", err=True)
        while True:
            for delivery in consumer.receive(100, 1.0):
                message = orjson.loads(delivery.body)
                if wanted.has(message):
                    yield message
                consumer.settle([Settlement(delivery, Outcome.DONE)], time.time_ns() // 1000)
    finally:
        broker.close()
