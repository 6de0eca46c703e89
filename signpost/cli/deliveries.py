"""`signpost deliveries`: the delivery log of received webhooks."""

from collections.abc import Sequence
from typing import Any, Final

import click

from signpost.cli.edge import echo, json_option, known_sources, print_json, print_table, settings
from signpost.printable import escape_document
from signpost.suggestions import meant

MOST: Final = 500
"""The most deliveries that one request lists."""


@click.group
def deliveries() -> None:
    """Inspect received webhooks and replay them."""


@deliveries.command("list")
@click.option("--source", help="Only of this source.")
@click.option("--status", help="Only with this status: accepted, ignored, unsigned, refused or unavailable.")
@click.option(
    "--last", "-n", type=click.IntRange(1, MOST), default=50, show_default=True, help="Maximum number of deliveries."
)
@json_option
def list_(source: str | None, status: str | None, last: int, as_json: bool) -> None:
    """List deliveries, the latest first. "again" marks one whose events are those of an earlier delivery in the list:
    they have no second effect.

    \b
    Example:
      signpost deliveries list --source acme-lever --status refused
    """
    chosen = {name: value for name, value in (("source", source), ("status", status)) if value}
    found = _find({**chosen, "limit": last})
    if as_json:
        print_json(found)
        return
    columns = ("delivery", "received", "source", "status", "events", "problems")
    if not found:
        echo(f"no deliveries{_hint_for(source)}")
        return
    again = _repeats(found)
    print_table(columns, (_row(one, again=one["id"] in again) for one in found))


@deliveries.command
@click.argument("delivery")
@json_option
def show(delivery: str, as_json: bool) -> None:
    """Show one delivery: its events, its problems, and its body without personal data."""
    _show(_request("GET", f"/v1/deliveries/{delivery}"), as_json)


@deliveries.command
@click.argument("delivery")
@json_option
def replay(delivery: str, as_json: bool) -> None:
    """Translate a delivery again with the current mapping, and accept its events. Events that were accepted before
    have no second effect."""
    _show(_request("POST", f"/v1/deliveries/{delivery}/replay"), as_json)


def _request(method: str, path: str, **request: Any) -> Any:
    from signpost.cli.client import open_client, request_json

    with open_client(settings()) as client:
        return request_json(client, method, path, **request)


def _find(params: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = _request("GET", "/v1/deliveries", params=params)["items"]
    return found


def _hint_for(source: str | None) -> str:
    """Which source is meant, if there is none of this name; "" if there is, or nothing names the sources."""
    if source is None:
        return ""
    known = known_sources() or {one["source"] for one in _find({"limit": MOST})}
    if not known or source in known:
        return ""
    return f": there is no source {source!r}; {meant(source, known)}".rstrip("; ")


def _repeats(found: Sequence[dict[str, Any]]) -> set[str]:
    """The ids of deliveries, the latest first, whose events all have the ids of those of an earlier one."""
    known: set[tuple[str, ...]] = set()
    repeats: set[str] = set()
    for one in reversed(found):
        events = (one["source"], *(event["id"] for event in one["events"]))
        if one["events"] and events in known:
            repeats.add(one["id"])
        elif one["status"] == "accepted":
            known.add(events)
    return repeats


def _row(one: dict[str, Any], *, again: bool) -> tuple[str, ...]:
    problems = "; ".join(f"{problem['pointer']} {problem['detail']}".strip() for problem in one["problems"])
    events = ", ".join(event["type"].removeprefix("signpost.").removesuffix(".v1") for event in one["events"])
    return one["id"], one["received_at"], one["source"], one["status"] + (", again" if again else ""), events, problems


def _show(one: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print_json(one)
        return
    import json

    one = escape_document(one)
    echo(f"{one['id']} of {one['source']}, {one['size']} bytes, {one['received_at']}: {one['status']}")
    for event in one["events"]:
        echo(f"  event    {event['type']} of {event['subject']} ({event['id']})")
    about = {"unsigned": "signature", "unavailable": "intake"}.get(one["status"], "body")
    for problem in one["problems"]:
        echo(f"  problem  {problem['pointer'] or about}: {problem['detail']}")
    if not one["replayable"]:
        echo("  its body is not stored, so it cannot be replayed")
    if one["body"] is not None:
        echo(json.dumps(one["body"], indent=2, ensure_ascii=False))
