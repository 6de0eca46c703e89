"""`signpost questions`: prints the questions to a candidate. They are found in signpost/explain."""

from typing import Any
from urllib.parse import quote

import click

from signpost.cli.edge import echo, json_option, print_json, settings
from signpost.explain.questions import DEFAULT_LIMIT, MAX_LIMIT
from signpost.printable import escape_document


@click.command
@click.argument("candidate")
@click.option(
    "--limit", type=click.IntRange(1, MAX_LIMIT), default=DEFAULT_LIMIT, show_default=True, help="Maximum number."
)
@json_option
def questions(candidate: str, limit: int, as_json: bool) -> None:
    """List the unknown facts whose answers would decide the most urgent and the most advice, each with the event that
    states an answer.

    \b
    Example:
      signpost questions maria --limit 2
    """
    from signpost.cli.client import open_client, request_json

    with open_client(settings()) as client:
        path = f"/v1/candidates/{quote(candidate, safe='')}/questions"
        found = request_json(client, "GET", path, params={"limit": limit})
    if as_json:
        print_json(found)
        return
    found = escape_document(found)
    for question in found["questions"]:
        _show(question)
    if not found["questions"]:
        echo(f"{candidate}: no single unknown fact keeps advice back")


def _show(question: dict[str, Any]) -> None:
    import json

    echo(f"{question['text']}  ({question['fact']})")
    for answer in question["answers"]:
        event = answer["event"]
        echo(f"  {answer['text']:<28} {event['type']} {json.dumps(event['data'], ensure_ascii=False)}")
    rules = dict.fromkeys(f"{rule['rule']} ({rule['priority']})" for rule in question["rules"])
    echo(f"  decides: {', '.join(rules)}")
