"""`signpost candidates`: lists and searches the candidates of the tenant."""

from typing import Any

import click

from signpost.cli.edge import echo, json_option, print_json, print_table, settings
from signpost.names import AUDIENCES

PAGE_ITEMS = 100


@click.command
@click.argument("query", required=False, default="")
@click.option("--limit", "-n", type=click.IntRange(1), default=50, show_default=True, help="Maximum number.")
@json_option
def candidates(query: str, limit: int, as_json: bool) -> None:
    """List the candidates, or those that match QUERY: the beginning of their id, a part of their name, or the
    beginning of the id of one of their applications, offers or interviews.

    \b
    Examples:
      signpost candidates
      signpost candidates maria
    """
    found, more = _find(query, limit)
    if as_json:
        print_json(found)
        return
    if not found:
        echo(f"no candidate matches {query}" if query else "no candidates yet")
        return
    print_table(("candidate", "name", "active advice", "next change", "updated"), map(_row, found))
    if more:
        echo(f"the first {limit}; --limit shows more")


def _find(query: str, limit: int) -> tuple[list[dict[str, Any]], bool]:
    """At most `limit` candidates, and whether there may be more. Reads page after page."""
    from signpost.cli.client import open_client, request_json

    found: list[dict[str, Any]] = []
    params: dict[str, Any] = {"q": query} if query else {}
    with open_client(settings()) as client:
        while True:
            params["limit"] = min(PAGE_ITEMS, limit - len(found))
            page = request_json(client, "GET", "/v1/candidates", params=params)
            found += page["items"]
            if page["next"] is None or len(found) >= limit:
                return found, page["next"] is not None
            params["after"] = page["next"]


def _row(one: dict[str, Any]) -> tuple[str, ...]:
    active = "; ".join(text for audience in AUDIENCES if (text := _count(audience, one["active"][audience])))
    return one["id"], one["name"] or "", active or "none", one["next_change"] or "", one["updated"]


def _count(audience: str, numbers: dict[str, int]) -> str:
    """For example "candidate 2 urgent, 5 high"; "" without advice."""
    counts = ", ".join(f"{number} {priority}" for priority, number in reversed(numbers.items()) if number)
    return f"{audience} {counts}" if counts else ""
