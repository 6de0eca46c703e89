"""`signpost settings`: prints all settings with secrets masked. The table itself is in signpost/settings.py."""

import os
from dataclasses import asdict

import click

from signpost.cli.edge import echo, json_option, print_json, print_table
from signpost.settings import show_settings


@click.command
@click.option("--markdown", is_flag=True, help="Print the defaults as the table of docs/settings.md.")
@json_option
def settings(markdown: bool, as_json: bool) -> None:
    """Show all settings with value, origin and meaning. Secrets are masked.

    A variable with the suffix _FILE names a file that contains the value:
    SIGNPOST_DATABASE_URL_FILE, SIGNPOST_BROKER_URL_FILE, SIGNPOST_API_KEY_FILE.
    """
    if markdown:
        echo(markdown_table())
        return
    found = show_settings(os.environ)
    if as_json:
        print_json([asdict(one) for one in found])
        return
    rows = ((one.name, one.value or "(none)", one.origin, one.help) for one in found)
    print_table(("setting", "value", "from", "meaning"), rows)


def markdown_table() -> str:
    """A Markdown table of all settings with their defaults."""
    rows = (f"| `{one.name}` | {f'`{one.default}`' if one.default else ''} | {one.help} |" for one in show_settings({}))
    return "\n".join(("| setting | default | meaning |", "| --- | --- | --- |", *rows))
