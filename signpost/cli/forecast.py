"""`signpost forecast`: prints what time alone will change. The forecast is made in signpost/advice."""

import time
from typing import Any, Final
from urllib.parse import quote

import click

from signpost.cli.edge import count_noun, echo, json_option, parse_moment, print_json, print_table, settings
from signpost.names import AUDIENCES
from signpost.printable import escape_document

PAGE_ITEMS: Final = 500
BAR_WIDTH: Final = 50
"""Characters of the longest bar."""


@click.command
@click.argument("candidate", required=False)
@click.option("--until", help="An instant, or a duration from now, e.g. 14d; at most 400d.  [default: 30d]")
@click.option("--audience", type=click.Choice(AUDIENCES), help="Only advice for this audience.")
@click.option("--employer", help="With --audience employer: only advice for the employer with this id.")
@json_option
def forecast(
    candidate: str | None, until: str | None, audience: str | None, employer: str | None, as_json: bool
) -> None:
    """Show what will be advised, changed and ended for a candidate if nothing else happens, and exactly when. Without a
    candidate: how many cases change next, by the hour.

    \b
    Examples:
      signpost forecast maria
      signpost forecast maria --until 90d --audience candidate
      signpost forecast --until 48h
    """
    if candidate is None and (audience or employer):
        raise click.UsageError("--audience and --employer need a candidate")
    path = "/v1/forecast" if candidate is None else f"/v1/candidates/{quote(candidate, safe='')}/forecast"
    found = _read(path, {"until": _format(until), "audience": audience, "employer": employer})
    if as_json:
        print_json(found)
    elif candidate is None:
        _show_hours(found)
    else:
        _show_changes(escape_document(found))


def _format(until: str | None) -> str | None:
    from signpost.case.instant import format_instant

    return None if until is None else format_instant(parse_moment(until, time.time_ns() // 1000, "--until"))


def _read(path: str, query: dict[str, Any]) -> dict[str, Any]:
    """The whole forecast, from all its pages."""
    from signpost.cli.client import open_client, request_json

    params = {"limit": PAGE_ITEMS} | {name: value for name, value in query.items() if value is not None}
    with open_client(settings()) as client:
        found: dict[str, Any] = request_json(client, "GET", path, params=params)
        while found["next"] is not None:
            # The same end for all pages, also without --until
            more = params | {"until": found["until"], "after": found["next"]}
            page = request_json(client, "GET", path, params=more)
            found |= {"items": found["items"] + page["items"], "next": page["next"]}
    return found


def _show_changes(found: dict[str, Any]) -> None:
    changes = count_noun(len(found["items"]), "change") if found["items"] else "no change"
    echo(f"{found['candidate']}: {changes} until {_minute(found['until'])} UTC if nothing else happens")
    if found["items"]:
        print_table(
            ("when (UTC)", "change", "priority", "advice", "due (UTC)", "for", "rule"), map(_row, found["items"])
        )


def _row(item: dict[str, Any]) -> tuple[str, ...]:
    reason = f" ({item['reason']})" if item["reason"] else ""
    due = _minute(item["due"]) if item["due"] else ""
    rule = f"{item['rule']}@{item['subject']['kind']}/{item['subject']['id']}"
    advice = item["title"] + reason
    return _minute(item["at"]), item["change"], item["priority"], advice, due, item["audience"], rule


def _show_hours(found: dict[str, Any]) -> None:
    items = found["items"]
    cases = count_noun(sum(item["cases"] for item in items), "case")
    echo(f"{cases} will change next until {_minute(found['until'])} UTC if nothing else happens, by the hour")
    if found["overdue"]:
        echo(f"overdue: {count_noun(found['overdue'], 'case')}; a running clock processes them")
    most = max((item["cases"] for item in items), default=1)
    width = len(f"{most:,}")
    for item in items:
        bar = "█" * max(1, round(BAR_WIDTH * item["cases"] / most))
        echo(f"  {_minute(item['hour'])}  {item['cases']:>{width},}  {bar}")


def _minute(instant: str) -> str:
    """An instant to the minute, for example 2026-03-02 14:00."""
    return instant[:16].replace("T", " ")
