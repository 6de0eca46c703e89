"""The options by which commands choose dead letters, and the queue that they are in."""

import time
from collections.abc import Callable
from dataclasses import replace
from functools import wraps
from typing import TYPE_CHECKING, Any, Final

import click

from signpost.cli.edge import parse_age
from signpost.errors import CallerError

if TYPE_CHECKING:
    from signpost.dead_letters import Choice

KINDS: Final = ("ours", "sender", "consumer")


class NothingChosen(CallerError):
    """The command needs to know which dead letters to act on, or that a person agrees."""


examine_option = click.option(
    "--examine",
    type=click.IntRange(1, 1_000_000),
    default=10_000,
    show_default=True,
    help="Maximum number of messages to examine, the oldest first.",
)
last_option = click.option(
    "--last", "-n", type=click.IntRange(0, 10_000), default=20, show_default=True, help="Number of letters to list."
)
limit_option = click.option(
    "--limit", type=click.IntRange(1, 1_000_000), default=1000, show_default=True, help="Maximum number of letters."
)


def queue_options(command: Callable[..., None]) -> Callable[..., None]:
    """The options that name a queue, and how much of it is read."""
    for option in (
        click.option("--unrouted", is_flag=True, help="Advice that matches no consumer's pattern, instead."),
        click.option("--consumer", metavar="NAME", help="The dead letters of this consumer, instead."),
        examine_option,
    ):
        command = option(command)
    return command


def choice_options(command: Callable[..., None]) -> Callable[..., None]:
    """The options that choose dead letters; the command gets them as `choice`."""

    @wraps(command)
    def with_choice(*args: Any, **options: Any) -> None:
        given = {name: options.pop(name) for name in ("reason", "kind", "tenant", "type_", "older", "newer")}
        command(*args, choice=_choice(**given), **options)

    for option in (
        click.option("--reason", default="", help="Only with a reason that begins like this."),
        click.option("--kind", type=click.Choice(KINDS), help="Only by this kind of fault."),
        click.option("--tenant", default="", help="Only of this tenant."),
        click.option("--type", "type_", default="", help="Only of this type, like offer.extended."),
        click.option("--older-than", "older", metavar="AGE", help="Only what failed longer ago, like 36h or 7d."),
        click.option("--newer-than", "newer", metavar="AGE", help="Only what failed since then."),
    ):
        with_choice = option(with_choice)
    return with_choice


def queue_name(unrouted: bool, consumer: str | None) -> str:
    """`dead`, `unrouted` or `consumer.NAME`."""
    if unrouted and consumer is not None:
        raise click.UsageError("--unrouted and --consumer name two queues; choose one")
    return "unrouted" if unrouted else "dead" if consumer is None else f"consumer.{consumer}"


def with_ids(choice: "Choice", ids: tuple[str, ...], everything: bool) -> "Choice":
    """The choice of a command that changes something. Raises NothingChosen without one."""
    chosen = replace(choice, ids=frozenset(ids))
    if chosen.is_empty != everything:
        raise NothingChosen(
            "name ids or filters, or --all for the whole queue"
            if not everything
            else "--all takes neither ids nor filters: leave out one of the two"
        )
    return chosen


def _choice(reason: str, kind: str | None, tenant: str, type_: str, older: str | None, newer: str | None) -> "Choice":
    from signpost.dead_letters import Choice

    now = time.time_ns() // 1000
    return Choice(
        reason=reason,
        kind=kind or "",
        tenant=tenant,
        type=type_.removeprefix("signpost.").removesuffix(".v1"),
        failed_before=None if older is None else now - parse_age(older, "--older-than"),
        failed_after=None if newer is None else now - parse_age(newer, "--newer-than"),
    )
