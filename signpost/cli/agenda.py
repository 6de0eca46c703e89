"""`signpost agenda`: prints the agenda of a candidate or of an employer, and answers a card."""

import textwrap
from typing import Any
from urllib.parse import quote

import click

from signpost.cli.edge import echo, json_option, print_json, settings
from signpost.names import ANSWERS
from signpost.printable import escape_document

COLOURS = {"urgent": "red", "high": "yellow", "normal": "green", "low": "blue"}
WIDTH = 100


@click.command
@click.argument("candidate", required=False)
@click.option("--employer", help="The agenda of this employer: about the candidate, or, without one, about all.")
@click.option("--answer", type=click.Choice(ANSWERS), help="Answer everything on a card.")
@click.option("--card", type=click.IntRange(1), default=1, show_default=True, help="The card to answer.")
@click.option("--until", help="With --answer snoozed: until when, like 2026-03-02T09:00:00Z.")
@click.option("--limit", type=click.IntRange(1, 50), default=20, show_default=True, help="Candidates of an employer.")
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
            path = f"/v1/employers/{quote(str(employer), safe='')}/agenda"
            found = request_json(client, "GET", path, params={"limit": limit})
        else:
            path = f"/v1/candidates/{quote(candidate, safe='')}/agenda"
            reader = {"audience": "employer", "employer": employer} if employer else {}
            found = request_json(client, "GET", path, params=reader)
            if answer is not None:
                body = {"answer": answer, **({"until": until} if until else {})}
                name = _card(found, card)
                answered = request_json(client, "POST", f"{path}/cards/{name}/feedback", params=reader, json=body)
                found = {"card": name, **answered}
    if as_json:
        print_json(found)
    elif answer is not None:
        echo(f"card {card}: {answer}, {len(found['ids'])} recommendations answered")
    else:
        show(escape_document(found))


def _card(found: dict[str, Any], number: int) -> str:
    if number > len(found["cards"]):
        raise click.UsageError(f"the agenda has {len(found['cards'])} cards, so there is no card {number}")
    return str(found["cards"][number - 1]["id"])


def show(found: dict[str, Any]) -> None:
    """Print an agenda, or the list of an employer."""
    if "items" in found:
        for one in found["items"]:
            _show_one(one)
            echo()
        more = "; more follow" if found["next"] else ""
        echo(f"{found['employer']}: {len(found['items'])} candidates with something to do{more}")
        return
    _show_one(found)
    for question in found.get("questions", []):
        echo(f"?  {question['text']}")


def _show_one(found: dict[str, Any]) -> None:
    whose = (
        f"{found['employer']}'s agenda about {found['candidate']}"
        if found["employer"]
        else f"{found['candidate']}'s agenda"
    )
    cards, held = found["cards"], found["held"]
    counts = f"{len(cards)} card{'' if len(cards) == 1 else 's'}, {f'{len(held)} held' if held else 'nothing held'}"
    echo(f"{click.style(whose, bold=True)}{counts:>{max(2, WIDTH - len(whose))}}")
    for number, card in enumerate(cards, 1):
        _show_card(number, card)
    reasons: dict[str, int] = {}
    for one in held:
        until = f", until {one['until'][:16].replace('T', ' ')} UTC" if one["until"] else ""
        reasons[f"{one['reason']}{until}"] = reasons.get(f"{one['reason']}{until}", 0) + 1
    for reason, number in reasons.items():
        echo(f"   {number} held: {reason}")


def _show_card(number: int, card: dict[str, Any]) -> None:
    why = click.style(card["why_here"], fg=COLOURS.get(card["priority"]))
    echo(f"{number}  {click.style(card['title'], bold=True)}  ({why})")
    for line in textwrap.wrap(card["message"], WIDTH - 3):
        echo(f"   {line}")
    for step in card["steps"]:
        echo(textwrap.fill(step, WIDTH - 3, initial_indent="     - ", subsequent_indent="       "))
    for draft in card["drafts"]:
        echo(f"   Draft: {draft['title']}")
        for line in draft["body"].splitlines():
            echo(f"     | {line}")
