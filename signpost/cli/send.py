"""`signpost send`: CloudEvents from files to the intake, in batches."""

import math
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from io import BytesIO
from itertools import chain
from typing import IO, TYPE_CHECKING, Any

import click
import orjson

from signpost.cli.edge import counted, json_option, print_json, settings
from signpost.errors import CallerError
from signpost.names import CLOUDEVENTS_BATCH_JSON
from signpost.repeats import Repeats

if TYPE_CHECKING:
    import httpx

BATCH_EVENTS, BATCH_BYTES = 500, 800_000


class NoEvents(CallerError):
    """The file holds no CloudEvents."""


@dataclass(frozen=True, slots=True)
class Item:
    """One event as it lies in a file; `place` is "FILE:LINE" where each has its line, else "FILE[INDEX]"."""

    place: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Refusal:
    """An event that was not accepted, and why."""

    place: str
    id: str | None
    errors: list[dict[str, str]]


@click.command
@click.argument("files", type=click.File("rb"), nargs=-1, required=True)
@click.option("--patience", default=30.0, show_default=True, help="Seconds to go on trying while nothing can be kept.")
@json_option
def send(files: tuple[IO[bytes], ...], patience: float, as_json: bool) -> None:
    """Send CloudEvents: FILES hold one JSON object, an array of them, or one a line; "-" is standard input.

    Each event that is refused is named with every reason; the others are kept all the same. Exit code 1 where any was
    refused. Sending the same again changes nothing.

    \b
    Examples:
      signpost send events.json
      python examples/play.py --print | signpost send -
    """
    items = [item for file in files for item in stream_items(getattr(file, "name", "-"), file)]
    refusals = list(_send(items, patience))
    if as_json:
        accepted = len(items) - len(refusals)
        print_json({"sent": len(items), "accepted": accepted, "refused": [asdict(one) for one in refusals]})
    else:
        for refusal in refusals:
            click.echo(f"{refusal.place} {refusal.id or '(no id)'} is refused:", err=True)
            for error in refusal.errors:
                click.echo(f"  {error['pointer'] or 'event'}: {error['detail']}", err=True)
        click.echo(f"{counted(len(items), 'event')} sent, {len(refusals)} refused")
    if refusals:
        raise SystemExit(1)


def read_items(name: str, raw: bytes) -> list[Item]:
    """The events of one file. Raises NoEvents."""
    return list(stream_items(name, BytesIO(raw)))


def stream_items(name: str, file: IO[bytes]) -> Iterator[Item]:
    """The events of one file, in memory one by one where each has its line. Raises NoEvents."""
    lines = ((number, line) for number, line in enumerate(file, 1) if line.strip())
    first = next(lines, (1, b""))
    if not isinstance(_parsed(first[1]), dict):
        yield from _items_of_whole(name, first[1] + file.read())
        return
    for number, line in chain([first], lines):
        if _parsed(line) is None:
            raise NoEvents(f"{name}:{number}: this line is not JSON, though the first is")
        yield Item(f"{name}:{number}", line.strip())


def _items_of_whole(name: str, raw: bytes) -> Iterator[Item]:
    try:
        documents = [orjson.loads(raw)]
    except orjson.JSONDecodeError as whole:
        documents = [_parsed(line) for line in raw.splitlines() if line.strip()]
        if None in documents:
            raise NoEvents(f"{name}: neither JSON nor JSON lines: {whole}") from None
    if len(documents) == 1 and isinstance(documents[0], list):
        documents = documents[0]
    if not documents:
        raise NoEvents(f"{name}: holds no event")
    for index, document in enumerate(documents):
        yield Item(f"{name}[{index}]", orjson.dumps(document))


def _parsed(raw: bytes) -> Any:
    """What JSON says; None where it is none."""
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError:
        return None


def batches(items: Sequence[Item]) -> Iterator[list[Item]]:
    """The items in order, in requests that the intake takes."""
    batch: list[Item] = []
    size = 0
    for item in items:
        if batch and (len(batch) == BATCH_EVENTS or size + len(item.body) > BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(item)
        size += len(item.body) + 1
    if batch:
        yield batch


def _send(items: Sequence[Item], patience: float) -> Iterator[Refusal]:
    from signpost.cli.client import opened

    with (
        opened(settings()) as client,
        click.progressbar(length=len(items), label="Sending", file=sys.stderr, hidden=not _worth_a_bar(items)) as bar,
    ):
        for batch in batches(items):
            yield from _refusals(batch, _post(client, batch, patience))
            bar.update(len(batch))


def _worth_a_bar(items: Sequence[Item]) -> bool:
    return sys.stderr.isatty() and len(items) > BATCH_EVENTS


def _post(client: "httpx.Client", batch: list[Item], patience: float) -> list[dict[str, Any]]:
    from signpost.cli.client import IntakeAway, asked

    body = b"[" + b",".join(item.body for item in batch) + b"]"
    deadline, lines = time.monotonic() + patience, Repeats(every_s=math.inf)
    while True:
        try:
            answer = asked(client, "POST", "/v1/events", content=body, headers={"Content-Type": CLOUDEVENTS_BATCH_JSON})
            items: list[dict[str, Any]] = answer["items"]
            return items
        except IntakeAway as away:
            if time.monotonic() + away.retry_after > deadline:
                raise
            if lines.is_due(str(away)):
                click.echo(f"waiting up to {patience:g} s: {away}", err=True)
            time.sleep(away.retry_after)


def _refusals(batch: list[Item], answers: list[dict[str, Any]]) -> Iterator[Refusal]:
    for answer in answers:
        if answer["status"] != 202:
            yield Refusal(batch[answer["index"]].place, answer["id"], answer["errors"])
