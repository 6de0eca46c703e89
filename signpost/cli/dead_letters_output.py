"""What `signpost dead-letters` prints: tables for people, documents for programs. Reads no queue."""

import json
from collections.abc import Sequence
from typing import Any, Final

from signpost.case.instant import format_instant
from signpost.cli.edge import count_noun, echo, print_table
from signpost.dead_letters import DeadLetter, Group, Listing, Result, groups_of
from signpost.dead_letters.letter import body_document
from signpost.messaging import Delivery
from signpost.printable import escape_document, shorten

UNKNOWN_TIME: Final = "unknown"
MAX_CELL_CHARS: Final = 60
MAX_PROBLEMS: Final = 20


def list_document(listing: Listing, last: int, queue: str) -> dict[str, Any]:
    """A listing for programs, the latest letter first."""
    return {
        "queue": queue,
        "messages": listing.total,
        "examined": listing.examined,
        "complete": listing.is_complete,
        "matching": len(listing.letters),
        "groups": [group.to_document() for group in groups_of(listing.letters)],
        "items": [letter.to_document() for letter in _latest(listing.letters, last)],
    }


def print_list(listing: Listing, last: int, queue: str) -> None:
    """Print a listing for people."""
    if not listing.letters:
        echo(f"{queue} is empty." if not listing.examined else f"No dead letter of {queue} matches.")
    else:
        echo(f"{queue}: {count_noun(len(listing.letters), 'dead letter')}")
        print_table(("number", "fault", "reason", "tenants", "oldest", "latest"), map(_row, groups_of(listing.letters)))
        shown = _latest(listing.letters, last)
        if shown:
            columns = ("id", "failed", "fault", "reason", "tenant", "type", "message", "requeued")
            print_table(columns, map(_letter_row, shown))
        if len(shown) < len(listing.letters):
            echo(f"The latest {len(shown)} of {len(listing.letters)} are listed; --last lists more.")
    if not listing.is_complete:
        echo(partial(listing))


def letter_document(letter: DeadLetter, delivery: Delivery) -> dict[str, Any]:
    """One letter for programs, with its headers and its body."""
    route = {"exchange": letter.exchange, "routing_key": delivery.routing_key}
    return {**letter.to_document(), **route, "headers": dict(delivery.headers), "body": body_document(delivery.body)}


def print_letter(document: dict[str, Any]) -> None:
    """Print one letter for people."""
    one = escape_document(document)
    echo(f"{one['id']} in {one['queue']}, {one['size']} bytes, failed {one['failed_at'] or UNKNOWN_TIME}")
    for name in ("reason", "kind", "tenant", "type", "message_id", "from_queue", "exchange", "routing_key"):
        echo(f"  {name.replace('_', ' '):<12} {one[name] or '-'}")
    echo(f"  {'requeued':<12} {count_noun(one['requeues'], 'time')}")
    echo(json.dumps(one["body"], indent=2, ensure_ascii=False))


def result_document(result: Result, done: str) -> dict[str, Any]:
    """The result of a command for programs."""
    return {
        done: [letter.id for letter in result.done],
        "failed": [{"id": letter.id, "problem": problem} for letter, problem in result.failed],
        "more": result.is_limited or result.is_interrupted or not result.listing.is_complete,
    }


def print_result(result: Result, done: str) -> None:
    """Print the result of a command for people."""
    total = result.settled
    if not total:
        echo("No dead letter matches.")
    elif result.failed:
        echo(f"{len(result.done)} of {count_noun(total, 'dead letter')} {done}; these stay:")
        for letter, problem in result.failed[:MAX_PROBLEMS]:
            echo(f"  {letter.id}: {problem}")
        if len(result.failed) > MAX_PROBLEMS:
            echo(f"  and {len(result.failed) - MAX_PROBLEMS} more")
    else:
        echo(f"{count_noun(total, 'dead letter')} {done}.")
    if result.is_interrupted:
        echo("Stopped, because the broker accepts no message; repeat the command once it does.")
    elif result.is_limited:
        echo("More match: repeat the command, or raise --limit.")
    elif not result.listing.is_complete:
        echo(partial(result.listing))


def partial(listing: Listing) -> str:
    """The line that says how much of the queue was examined."""
    part = f"the first {listing.examined} of about {listing.total} messages"
    return f"Only {part} were examined; --examine raises the limit."


def _latest(letters: Sequence[DeadLetter], last: int) -> list[DeadLetter]:
    return list(reversed(letters))[:last]


def _row(group: Group) -> tuple[str, ...]:
    tenants = ", ".join(name or "?" for name in group.tenants[:3]) + (", ..." if len(group.tenants) > 3 else "")
    return str(group.number), group.kind, group.reason, tenants, _time(group.oldest), _time(group.latest)


def _letter_row(letter: DeadLetter) -> tuple[str, ...]:
    return (
        letter.id,
        _time(letter.failed_at),
        letter.kind,
        letter.group,
        letter.tenant,
        letter.type,
        shorten(letter.message_id, MAX_CELL_CHARS),
        str(letter.requeues) if letter.requeues else "",
    )


def _time(at: int | None) -> str:
    return "" if at is None else format_instant(at)[:19].replace("T", " ")
