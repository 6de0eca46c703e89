"""`signpost erase`: erases a candidate, waits for the effect, and says what is left where."""

import math
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from secrets import token_hex
from typing import TYPE_CHECKING, Any

import click

from signpost.cli.edge import echo, json_option, print_json, settings
from signpost.errors import CallerError, TransientError
from signpost.repeats import Repeats

if TYPE_CHECKING:
    from signpost.case.event import Event
    from signpost.messaging import Broker
    from signpost.storage import Store

SOURCE = "signpost/erase"
POLL_S = 0.1


class NoSuchTenant(CallerError):
    """The tenants file has no tenant of this name."""


class NotErasedYet(TransientError):
    """The erasure is stored, and no advisor has processed it in time."""


@click.command
@click.argument("candidate")
@click.option("--tenant", required=True, help="Tenant of the candidate.")
@click.option("--timeout", default=60.0, show_default=True, help="Seconds to wait for an advisor.")
@json_option
def erase(candidate: str, tenant: str, timeout: float, as_json: bool) -> None:
    """Erase a candidate: publish candidate.erased, wait until it has taken effect, and show what is left where.

    CANDIDATE is the subject of the candidate's events. You can repeat the command. Exit code 1 if no advisor has
    processed the erasure in time; it stays stored and takes effect later.

    \b
    Example:
      signpost erase c-1042 --tenant acme
    """
    from signpost.workers.sweeping import Sweeper

    _check_tenant(tenant)
    with _open_servers() as (store, broker):
        before = store.erasures.count_rows(tenant, candidate)
        event = _publish(store, broker, candidate, tenant)
        _wait(store, event, timeout)
        swept = Sweeper(store, broker, 0).sweep(event.time)
        after = store.erasures.count_rows(tenant, candidate)
        report = {
            "candidate": candidate,
            "tenant": tenant,
            "event": event.id,
            "was_known": any(before.values()),
            "removed": {name: max(0, before[name] - after[name]) for name in before} | swept,
            "swept": sorted(swept),
            "notices": after["feed"],
            "left": _left(sorted(store.consumers.all())),
        }
    if as_json:
        print_json(report)
    else:
        _show(report)


def _check_tenant(tenant: str) -> None:
    from signpost.tenants.loading import load_tenants

    if tenant not in load_tenants(settings().tenants, os.environ).tenants:
        raise NoSuchTenant(f"no tenant {tenant!r}; `signpost tenants list` shows all tenants")


@contextmanager
def _open_servers() -> "Iterator[tuple[Store, Broker]]":
    from signpost.messaging import connect
    from signpost.storage import open_store

    chosen = settings()
    with open_store(chosen.database_url) as store:
        broker = connect(chosen.broker_url, partitions=chosen.partitions, name="signpost erase")
        try:
            yield store, broker
        finally:
            broker.close()


def _publish(store: "Store", broker: "Broker", candidate: str, tenant: str) -> "Event":
    """Publish the event as the intake does."""
    from signpost.case.instant import format_instant
    from signpost.schemas import full_type, load_event
    from signpost.services.intake.acceptance import EventAcceptor

    chosen, now = settings(), time.time_ns() // 1000
    document = {
        "specversion": "1.0",
        "id": f"erase-{token_hex(12)}",
        "source": SOURCE,
        "type": full_type("candidate.erased"),
        "time": format_instant(now),
        "subject": candidate,
    }
    event = load_event(document, tenant=tenant, now=now)
    EventAcceptor(store, broker.publisher, chosen.partitions, chosen.publish_timeout + 1).accept([event], now)
    return event


def _wait(store: "Store", event: "Event", timeout_s: float) -> None:
    """Wait until an advisor has erased. Raises NotErasedYet."""
    from signpost.case.erasure import of_event

    name = of_event(event.source, event.id)
    deadline, lines = time.monotonic() + timeout_s, Repeats(every_s=math.inf)
    while name not in store.erasures.find(event.tenant, [name]):
        if time.monotonic() > deadline:
            raise NotErasedYet(
                f"no advisor has processed the erasure within {timeout_s:g} s; it is stored and takes effect when one"
                " runs. Repeat the command then to see what is left"
            )
        if lines.is_due("waiting"):
            click.echo("waiting for an advisor", err=True)
        time.sleep(POLL_S)


def _left(consumers: list[str]) -> list[dict[str, str]]:
    from signpost.messaging.topology import consumer_queue

    unread = "advice that its consumer has not read; the consumer must delete it"
    queues = [queue for name in consumers for queue in (consumer_queue(name), f"{consumer_queue(name)}.dead")]
    return [
        *({"where": queue, "what": unread} for queue in queues),
        {"where": "consumers", "what": "what they stored; changes with the reason `erased` tell them to delete it"},
        {"where": "feed", "what": "these changes: ids of recommendations and candidate, no content"},
        {"where": "backups", "what": "everything up to the erasure; after a restore, erase again"},
        {"where": "sender", "what": "what your system holds; Signpost deletes nothing there"},
    ]


def _show(report: dict[str, Any]) -> None:
    echo(f"Candidate {report['candidate']} of {report['tenant']} is erased.")
    if not report["was_known"]:
        echo("Nothing was stored of this candidate: `signpost candidates` lists those that are known.")
    echo("\nRemoved:")
    for name, number in report["removed"].items():
        echo(f"  {number:>6}  {name}" + (", of all who were erased" if name in report["swept"] else ""))
    echo("\nLeft:")
    for place in report["left"]:
        echo(f"  {place['where']}: {place['what']}")
