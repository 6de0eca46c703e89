"""`signpost topology`: the exchanges, queues and bindings that Signpost needs on its broker."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from signpost.cli.edge import json_option, print_json, settings

if TYPE_CHECKING:
    from signpost.messaging import Broker


@click.group
def topology() -> None:
    """Declare exchanges, queues and bindings, or compare the broker's with the declaration."""


@contextmanager
def _broker() -> "Iterator[Broker]":
    from signpost.messaging import connect

    found = settings()
    broker = connect(found.broker_url, partitions=found.partitions, name="signpost topology")
    try:
        yield broker
    finally:
        broker.close()


@topology.command
def apply() -> None:
    """Declare what is missing. What is there stays; what is there with other arguments is reported (exit code 2)."""
    with _broker() as broker:
        broker.apply_topology()
    click.echo("Exchanges, queues and bindings are in place.")


@topology.command
@json_option
def check(as_json: bool) -> None:
    """Compare the broker with the declaration; exit code 1 where they differ."""
    with _broker() as broker:
        differences = broker.check_topology()
    if as_json:
        print_json({"differences": differences})
    else:
        click.echo("\n".join(differences) or "The broker has what it should have.")
    if differences:
        raise SystemExit(1)
