"""`signpost agenda`: prints the agenda of a candidate or of an employer, and answers a card."""

import re
import textwrap
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

import click

from signpost.cli.edge import count_noun, echo, json_option, print_json, settings
from signpost.names import ANSWERS
from signpost.printable import escape

if TYPE_CHECKING:
    import httpx

COLOURS: Final = {"urgent": "red", "high": "yellow", "normal": "green", "low": "blue"}
PAGE_ITEMS: Final = 50
WIDTH: Final = 100
"""Columns of the text; a longer word is not broken."""
_LEAD: Final = re.compile(r" *(?:(?:\d+\.|[-*]) )?")
"""What the wrapped lines below hang behind."""


@click.command
@click.argument("candidate", required=False)
@click.option("--employer", help="The agenda of this employer: about the candidate, or, without one, about all.")
@click.option("--answer", type=click.Choice(ANSWERS), help="Answer everything on a card.")
@click.option("--card", type=click.IntRange(1), default=1, show_default=True, help="The card to answer.")
@click.option("--until", help="With --answer snoozed: until when, like 2026-03-02T09:00:00Z.")
@click.option("--limit", type=click.IntRange(1, 1000), default=20, show_default=True, help="Candidates of an employer.")
@json_option
def agenda(
    candidate: str | None,
    employer: str | None,
    answer: str | None,
    card: int,
    until: str | None,
    limit: int,
    as_json: bool,
) -> None:
    """Show what to do next, the most pressing first.

    \b
    Examples:
      signpost agenda maria
      signpost agenda maria --answer done --card 2
      signpost agenda maria --employer acme
      signpost agenda --employer acme
    """
    from signpost.cli.client import open_client, request_json

    if candidate is None and (employer is None or answer is not None):
        raise click.UsageError("name a candidate, or an employer for the list of its candidates")
    with open_client(settings()) as client:
        if candidate is None:
            found = _list(client, str(employer), limit)
        else:
            path = f"/v1/candidates/{quote(candidate, safe='')}/agenda"
            reader = {"audience": "employer", "employer": employer} if employer else {}
            found = request_json(client, "GET", path, params=reader)
            if answer is not None:
                body = {"answer": answer, **({"until": until} if until else {})}
                chosen = _card(found, card)
                url = f"{path}/cards/{chosen['id']}/feedback"
                answered = request_json(client, "POST", url, params=reader, json=body)
                found = {"card": chosen["id"], "title": chosen["title"], **answered}
    if as_json:
        print_json(found)
    elif answer is not None:
        echo(f"{escape(found['title'])}: {answer}, {count_noun(len(found['ids']), 'recommendation')} answered")
    else:
        show(found)


def _list(client: "httpx.Client", employer: str, limit: int) -> dict[str, Any]:
    """The agendas of an employer about at most `limit` candidates, from page after page."""
    from signpost.cli.client import request_json

    path = f"/v1/employers/{quote(employer, safe='')}/agenda"
    items: list[dict[str, Any]] = []
    after: dict[str, str] = {}
    while True:
        params = {"limit": min(limit - len(items), PAGE_ITEMS), **after}
        page: dict[str, Any] = request_json(client, "GET", path, params=params)
        items += page["items"]
        after = {"after": page["next"]}
        if page["next"] is None or len(items) >= limit:
            return page | {"items": items}


def _card(found: dict[str, Any], number: int) -> dict[str, Any]:
    cards: list[dict[str, Any]] = found["cards"]
    if number > len(cards):
        raise click.UsageError(f"the agenda has {count_noun(len(cards), 'card')}, so there is no card {number}")
    return cards[number - 1]


def show(found: dict[str, Any]) -> None:
    """Print an agenda, a published one too, or the list of an employer. Escapes the texts."""
    if "items" in found:
        for one in found["items"]:
            _show_one(one)
        more = "; a higher --limit may show more" if found["next"] else ""
        echo(f"{escape(found['employer'])}: {count_noun(len(found['items']), 'candidate')} with something to do{more}")
        return
    _show_one(found)
    for question in found.get("questions", []):
        echo(textwrap.fill(escape(question["text"]), WIDTH, initial_indent="?  ", subsequent_indent="   "))


def _show_one(found: dict[str, Any]) -> None:
    whose = found["employer"] or found["candidate"]
    about = f" about {escape(found['candidate'])}" if found["employer"] else ""
    published = f"{found['changed_at'][:19].replace('T', ' ')}  " if "changed_at" in found else ""
    _show_sides(f"{published}{escape(whose)}'s agenda{about}", _count(found), "")
    for number, card in enumerate(found["cards"], 1):
        _show_card(number, card)
        echo()
    for line in _held(found["held"]):
        echo(line)


def _count(found: dict[str, Any]) -> str:
    """For example "2 cards (1 new), nothing held"."""
    new = len(found["changes"]["added"]) if "changes" in found else 0
    cards = count_noun(len(found["cards"]), "card") if found["cards"] else "nothing to do"
    return f"{cards}{f' ({new} new)' if new else ''}, {len(found['held']) or 'nothing'} held"


def _held(held: list[dict[str, Any]]) -> Iterator[str]:
    """A line for each reason, with the instant at which the first of them is shown at the latest."""
    for reason in dict.fromkeys(one["reason"] for one in held):
        ends = [one["until"] for one in held if one["reason"] == reason]
        first = min(filter(None, ends), default=None)
        until = f"; shown by {first[:16].replace('T', ' ')} UTC at the latest" if first else ""
        if first and len(set(ends)) > 1:
            until = until.replace("shown", "the first shown")
        yield f"{len(ends)} held: {escape(reason)}{until}"


def _show_card(number: int, card: dict[str, Any]) -> None:
    _show_sides(f"{number:<3}{escape(card['title'])}", escape(card["why_here"]), card["priority"])
    for line in _wrap(card["message"], "   "):
        echo(line)
    for step in card["steps"]:
        echo(textwrap.fill(escape(step, "\n"), WIDTH, initial_indent="     - ", subsequent_indent="       "))
    for draft in card["drafts"]:
        echo(f"   {click.style('Draft:', bold=True)} {escape(draft['title'])}")
        for line in _wrap(draft["body"], "     "):
            echo(line)


def _show_sides(left: str, right: str, priority: str) -> None:
    """Print a text in bold, and one at the right end of its line; below it where the line is too short."""
    gap = WIDTH - len(left) - len(right)
    between = " " * gap if gap >= 2 else "\n   "
    echo(f"{click.style(left, bold=True)}{between}{click.style(right, fg=COLOURS.get(priority))}")


def _wrap(text: str, indent: str) -> Iterator[str]:
    """The lines of a text, wrapped and indented; the lines of a point, or of an indented line, hang."""
    for line in text.split("\n"):
        lead = _LEAD.match(line)
        hanging = indent + " " * (lead.end() if lead else 0)
        yield from textwrap.wrap(escape(line), WIDTH, initial_indent=indent, subsequent_indent=hanging) or [""]
