"""`signpost topology`: declares and checks exchanges, queues and bindings. The topology itself is in messaging."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from signpost.cli.edge import echo, json_option, print_json, settings

if TYPE_CHECKING:
    from signpost.messaging import Broker


@click.group
def topology() -> None:
    """Declare exchanges, queues and bindings, or check those of the broker."""


@contextmanager
def _broker() -> "Iterator[Broker]":
    from signpost.messaging import connect

    chosen = settings()
    broker = connect(chosen.broker_url, partitions=chosen.partitions, name="signpost topology")
    try:
        yield broker
    finally:
        broker.close()


@topology.command
def apply() -> None:
    """Declare missing exchanges, queues and bindings. Existing ones with other arguments are an error (exit code 2)."""
    with _broker() as broker:
        broker.apply_topology()
    echo("Exchanges, queues and bindings are declared.")


@topology.command
@json_option
def check(as_json: bool) -> None:
    """Compare the broker with the declared topology; exit code 1 if they differ."""
    with _broker() as broker:
        differences = broker.check_topology()
    if as_json:
        print_json({"differences": differences})
    else:
        echo("\n".join(differences) or "The broker matches the declared topology.")
    if differences:
        raise SystemExit(1)
