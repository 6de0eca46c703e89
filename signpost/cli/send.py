"""`signpost send`: sends CloudEvents from files to the intake, in batches."""

import math
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from io import BytesIO
from itertools import chain
from typing import IO, TYPE_CHECKING, Any

import click
import orjson

from signpost.case.instant import format_instant, from_datetime
from signpost.cli.edge import count_noun, echo, json_option, print_json, settings
from signpost.errors import CallerError
from signpost.names import CLOUDEVENTS_BATCH_JSON
from signpost.printable import escape, escape_document
from signpost.repeats import Repeats

if TYPE_CHECKING:
    import httpx

MAX_BATCH_EVENTS, MAX_BATCH_BYTES = 500, 800_000


class NoEvents(CallerError):
    """The file contains no CloudEvents."""


@dataclass(frozen=True, slots=True)
class Item:
    """One event of a file; `place` is "FILE:LINE" for JSON lines, else "FILE[INDEX]"."""

    place: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Rejection:
    """An event that was not accepted, with the reasons."""

    place: str
    id: str | None
    errors: list[dict[str, str]]
    more: int = 0
    """Reasons that the intake only counts."""


@click.command
@click.argument("files", type=click.File("rb"), nargs=-1, required=True)
@click.option("--patience", default=30.0, show_default=True, help="Seconds to retry while the intake is unavailable.")
@json_option
def send(files: tuple[IO[bytes], ...], patience: float, as_json: bool) -> None:
    """Send CloudEvents. A file contains one JSON object, an array of objects, or JSON lines; "-" is standard input.

    An event without a time gets the present time. Prints each rejected event with all reasons; the others are accepted.
    Exit code 1 if an event was rejected. You can repeat the command: known events have no second effect.

    \b
    Examples:
      signpost send events.json
      python examples/play.py --print | signpost send -
    """
    now = format_instant(from_datetime(datetime.now(UTC)))
    items = [_with_time(item, now) for file in files for item in stream_items(getattr(file, "name", "-"), file)]
    rejections = list(_send(items, patience))
    accepted = len(items) - len(rejections)
    if as_json:
        print_json({"sent": len(items), "accepted": accepted, "refused": [asdict(one) for one in rejections]})
    else:
        for rejection in rejections:
            errors = escape_document(rejection.errors)
            echo(f"{escape(rejection.place)} {escape(rejection.id or '(no id)')} is rejected:", err=True)
            for error in errors:
                echo(f"  {error['pointer'] or 'event'}: {error['detail']}", err=True)
            if rejection.more:
                echo(f"  {count_noun(rejection.more, 'more problem')}", err=True)
        echo(f"{count_noun(accepted, 'event')} accepted, {len(rejections)} rejected")
    if rejections:
        raise SystemExit(1)


def read_items(name: str, raw: bytes) -> list[Item]:
    """The events of one file. Raises NoEvents."""
    return list(stream_items(name, BytesIO(raw)))


def stream_items(name: str, file: IO[bytes]) -> Iterator[Item]:
    """The events of one file; reads JSON lines one at a time. Raises NoEvents."""
    lines = ((number, line) for number, line in enumerate(file, 1) if line.strip())
    first = next(lines, (1, b""))
    if not isinstance(_parse(first[1]), dict):
        yield from _items_of_whole(name, first[1] + file.read())
        return
    for number, line in chain([first], lines):
        if _parse(line) is None:
            raise NoEvents(f"{name}:{number}: this line is not JSON, unlike the first one")
        yield Item(f"{name}:{number}", line.strip())


def _items_of_whole(name: str, raw: bytes) -> Iterator[Item]:
    try:
        documents = [orjson.loads(raw)]
    except orjson.JSONDecodeError as error:
        documents = [_parse(line) for line in raw.splitlines() if line.strip()]
        if None in documents:
            raise NoEvents(f"{name}: neither JSON nor JSON lines: {error}") from None
    if len(documents) == 1 and isinstance(documents[0], list):
        documents = documents[0]
    if not documents:
        raise NoEvents(f"{name}: contains no event")
    for index, document in enumerate(documents):
        yield Item(f"{name}[{index}]", orjson.dumps(document))


def _with_time(item: Item, now: str) -> Item:
    """The event as it is; with the present time if it states none."""
    document = _parse(item.body)
    if not isinstance(document, dict) or not document or "time" in document:
        return item
    return replace(item, body=item.body.removesuffix(b"}") + f',"time":"{now}"}}'.encode())


def _parse(raw: bytes) -> Any:
    """The parsed JSON; None if it is not JSON."""
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError:
        return None


def batches(items: Sequence[Item]) -> Iterator[list[Item]]:
    """The items in order, in batches that the intake accepts."""
    batch: list[Item] = []
    size = 0
    for item in items:
        if batch and (len(batch) == MAX_BATCH_EVENTS or size + len(item.body) > MAX_BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(item)
        size += len(item.body) + 1
    if batch:
        yield batch


def _send(items: Sequence[Item], patience: float) -> Iterator[Rejection]:
    from signpost.cli.client import open_client

    with (
        open_client(settings()) as client,
        click.progressbar(
            length=len(items), label="Sending", file=sys.stderr, hidden=not _needs_progress_bar(items)
        ) as bar,
    ):
        for batch in batches(items):
            yield from _rejections(batch, _post(client, batch, patience))
            bar.update(len(batch))


def _needs_progress_bar(items: Sequence[Item]) -> bool:
    return sys.stderr.isatty() and len(items) > MAX_BATCH_EVENTS


def _post(client: "httpx.Client", batch: list[Item], patience: float) -> list[dict[str, Any]]:
    from signpost.cli.client import IntakeUnavailable, request_json

    body = b"[" + b",".join(item.body for item in batch) + b"]"
    deadline, lines = time.monotonic() + patience, Repeats(every_s=math.inf)
    while True:
        try:
            answer = request_json(
                client, "POST", "/v1/events", content=body, headers={"Content-Type": CLOUDEVENTS_BATCH_JSON}
            )
            items: list[dict[str, Any]] = answer["items"]
            return items
        except IntakeUnavailable as unavailable:
            if time.monotonic() + unavailable.retry_after_s > deadline:
                raise
            if lines.is_due(str(unavailable)):
                echo(f"retrying for up to {patience:g} s: {unavailable}", err=True)
            time.sleep(unavailable.retry_after_s)


def _rejections(batch: list[Item], answers: list[dict[str, Any]]) -> Iterator[Rejection]:
    for answer in answers:
        if answer["status"] != 202:
            yield Rejection(batch[answer["index"]].place, answer["id"], answer["errors"], answer.get("more", 0))
