"""`signpost dead-letters`: lists, shows, requeues and drops dead letters. What they are is in signpost/dead_letters."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import click

from signpost.cli.dead_letters_options import (
    NothingChosen,
    choice_options,
    last_option,
    limit_option,
    queue_name,
    queue_options,
    with_ids,
)
from signpost.cli.edge import count_noun, echo, json_option, print_json, settings
from signpost.cli.failures import FAILED
from signpost.errors import CallerError

if TYPE_CHECKING:
    from signpost.dead_letters import Choice, DeadLetter, DeadLetterQueue, Result

MAX_SHOWN: Final = 20
"""Letters that one `show` prints."""


class NoSuchLetter(CallerError):
    """The queue has no dead letter with these ids."""


@click.group("dead-letters")
def dead_letters() -> None:
    """List, show, requeue and drop messages that could not be processed.

    Without another option, those of the queue signpost.dead. Only `show` prints the content of a message.
    """


@dead_letters.command("list")
@click.argument("ids", nargs=-1)
@choice_options
@last_option
@queue_options
@json_option
def list_(
    ids: tuple[str, ...],
    choice: "Choice",
    last: int,
    unrouted: bool,
    consumer: str | None,
    examine: int,
    as_json: bool,
) -> None:
    """List dead letters: how many by reason and kind of fault, then the latest. Removes none.

    \b
    Kinds of fault:
      ours      Signpost failed: look into the log of the advisor, then requeue
      sender    the event is invalid or beyond a limit: correct what its sender sends
      consumer  a consumer rejected it, or none is bound to it

    \b
    Examples:
      signpost dead-letters list
      signpost dead-letters list --kind ours --newer-than 24h
      signpost dead-letters list --unrouted
    """
    show_list(replace(choice, ids=frozenset(ids)), last, queue_name(unrouted, consumer), examine, as_json)


@dead_letters.command
@click.argument("ids", nargs=-1, required=True)
@queue_options
@json_option
def show(ids: tuple[str, ...], unrouted: bool, consumer: str | None, examine: int, as_json: bool) -> None:
    """Show dead letters with their content, which is personal data. IDS are of dead letters or of their events."""
    from signpost.cli.dead_letters_output import letter_document, print_letter
    from signpost.dead_letters import Choice

    with _open(queue_name(unrouted, consumer), examine) as queue:
        found = queue.find(Choice(frozenset(ids)), MAX_SHOWN)
    if not found:
        raise NoSuchLetter(_not_found(ids))
    documents = [letter_document(*held) for held in found]
    if as_json:
        print_json(documents)
        return
    for document in documents:
        print_letter(document)


@dead_letters.command
@click.argument("ids", nargs=-1)
@choice_options
@click.option("--all", "everything", is_flag=True, help="All of the queue.")
@limit_option
@queue_options
@json_option
def requeue(
    ids: tuple[str, ...],
    choice: "Choice",
    everything: bool,
    limit: int,
    unrouted: bool,
    consumer: str | None,
    examine: int,
    as_json: bool,
) -> None:
    """Publish dead letters again, on the route by which they came. Name ids, filters or --all.

    A letter is removed only after the broker has confirmed its message, so an interrupted command loses none; it can
    publish one twice, which has no second effect. What fails again comes back, and counts how often it was requeued.
    Exit code 1 if a chosen letter stays.

    \b
    Examples:
      signpost dead-letters requeue dl_5a0c6e1f2b3d4c58
      signpost dead-letters requeue --reason quota --tenant acme
      signpost dead-letters requeue --consumer notifier --all
    """
    chosen = with_ids(choice, ids, everything)
    with _open(queue_name(unrouted, consumer), examine) as queue:
        result = queue.requeue(chosen, limit, time.time_ns() // 1000)
    _report(result, "requeued", ids, as_json)


@dead_letters.command
@click.argument("ids", nargs=-1)
@choice_options
@click.option("--all", "everything", is_flag=True, help="All of the queue.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@limit_option
@queue_options
@json_option
def drop(
    ids: tuple[str, ...],
    choice: "Choice",
    everything: bool,
    yes: bool,
    limit: int,
    unrouted: bool,
    consumer: str | None,
    examine: int,
    as_json: bool,
) -> None:
    """Delete dead letters for good, after a question. Name ids, filters or --all.

    \b
    Example:
      signpost dead-letters drop --kind sender --older-than 7d
    """
    from signpost.dead_letters import Choice

    chosen = with_ids(choice, ids, everything)
    with _open(queue_name(unrouted, consumer), examine) as queue:
        if not yes and (letters := queue.browse(chosen).letters[:limit]):
            if not _confirm(letters):
                echo("Nothing is dropped.")
                return
            # What came since the question stays
            chosen = Choice(frozenset(letter.id for letter in letters))
        result = queue.drop(chosen, limit)
    _report(result, "dropped", ids, as_json)


def show_list(choice: "Choice", last: int, name: str, examine: int, as_json: bool) -> None:
    """Print the dead letters of a queue: `dead`, `unrouted` or `consumer.NAME`."""
    from signpost.cli.dead_letters_output import list_document, print_list

    with _open(name, examine) as queue:
        listing = queue.browse(choice)
    if as_json:
        print_json(list_document(listing, last, queue.name))
    else:
        print_list(listing, last, queue.name)


def is_terminal() -> bool:
    """Whether a person can answer a question."""
    return sys.stdin.isatty()


def _confirm(letters: "list[DeadLetter]") -> bool:
    """Ask a person. Raises NothingChosen where there is none."""
    if not is_terminal():
        raise NothingChosen(f"{count_noun(len(letters), 'dead letter')} would be lost; add --yes to drop them unasked")
    return click.confirm(f"Drop {count_noun(len(letters), 'dead letter')} for good?")


@contextmanager
def _open(name: str, examine: int) -> "Iterator[DeadLetterQueue]":
    from signpost.dead_letters import DeadLetterQueue, queue_of
    from signpost.messaging import NoSuchQueue, connect

    chosen, queue = settings(), queue_of(name)
    broker = connect(chosen.broker_url, partitions=chosen.partitions, name="signpost dead-letters")
    try:
        yield DeadLetterQueue(broker, queue, chosen.partitions, examine)
    except NoSuchQueue:
        if not name.startswith("consumer."):
            raise
        raise NoSuchQueue(
            f"no consumer {name.removeprefix('consumer.')!r} has dead letters; `signpost consumers list` shows all"
            " consumers"
        ) from None
    finally:
        broker.close()


def _report(result: "Result", done: str, ids: tuple[str, ...], as_json: bool) -> None:
    """Print what became of the chosen letters. Exit code 1 if one stays."""
    from signpost.cli.dead_letters_output import print_result, result_document

    if ids and not result.settled:
        raise NoSuchLetter(_not_found(ids))
    if as_json:
        print_json(result_document(result, done))
    else:
        print_result(result, done)
    if result.failed:
        raise SystemExit(FAILED)


def _not_found(ids: tuple[str, ...]) -> str:
    return f"no dead letter {', '.join(ids)} among those examined; `signpost dead-letters list` shows their ids"
