"""`signpost deliveries`: what became of the webhooks that were received."""

from typing import Any

import click

from signpost.cli.edge import json_option, print_json, print_table, settings


@click.group
def deliveries() -> None:
    """Look at the webhooks that were received, and play them again."""


@deliveries.command("list")
@click.option("--source", help="Of this source only.")
@click.option("--status", help="Of this status only: accepted, ignored, unsigned, refused or unavailable.")
@click.option("--last", "-n", type=click.IntRange(1, 500), default=50, show_default=True, help="How many at most.")
@json_option
def list_(source: str | None, status: str | None, last: int, as_json: bool) -> None:
    """List deliveries, the latest first.

    \b
    Example:
      signpost deliveries list --source acme-lever --status refused
    """
    chosen = {name: value for name, value in (("source", source), ("status", status)) if value}
    found = _asked("GET", "/v1/deliveries", params={**chosen, "limit": last})["items"]
    if as_json:
        print_json(found)
        return
    columns = ("delivery", "received", "source", "status", "events", "what is wrong")
    print_table(columns, map(_row, found))


@deliveries.command
@click.argument("delivery")
@json_option
def show(delivery: str, as_json: bool) -> None:
    """Show one delivery: what was understood of it, what was wrong, and its body without what is personal."""
    _show(_asked("GET", f"/v1/deliveries/{delivery}"), as_json)


@deliveries.command
@click.argument("delivery")
@json_option
def replay(delivery: str, as_json: bool) -> None:
    """Read a delivery once more, as it is understood today, and keep its events. What was kept before is not counted
    twice."""
    _show(_asked("POST", f"/v1/deliveries/{delivery}/replay"), as_json)


def _asked(method: str, path: str, **request: Any) -> Any:
    from signpost.cli.client import asked, opened

    with opened(settings()) as client:
        return asked(client, method, path, **request)


def _row(one: dict[str, Any]) -> tuple[str, ...]:
    wrong = "; ".join(f"{problem['pointer']} {problem['detail']}".strip() for problem in one["problems"])
    events = ", ".join(event["type"].removeprefix("signpost.").removesuffix(".v1") for event in one["events"])
    return one["id"], one["received_at"], one["source"], one["status"], events, wrong


def _show(one: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print_json(one)
        return
    import json

    click.echo(f"{one['id']} of {one['source']}, {one['size']} bytes, {one['received_at']}: {one['status']}")
    for event in one["events"]:
        click.echo(f"  event    {event['type']} of {event['subject']} ({event['id']})")
    for problem in one["problems"]:
        click.echo(f"  problem  {problem['pointer'] or 'the whole'}: {problem['detail']}")
    if not one["replayable"]:
        click.echo("  what was sent is not kept, so it cannot be played again")
    click.echo(json.dumps(one["body"], indent=2, ensure_ascii=False))
