"""`signpost settings`: the table of settings as this process would read it, secrets masked."""

import os
from dataclasses import asdict

import click

from signpost.cli.edge import json_option, print_json, print_table
from signpost.settings import show_settings


@click.command
@click.option("--markdown", is_flag=True, help="Print the defaults as the table of docs/settings.md.")
@json_option
def settings(markdown: bool, as_json: bool) -> None:
    """Show every setting: its value, where that comes from, its default and what it means. Secrets are masked.

    Secrets can be read from a file: SIGNPOST_DATABASE_URL_FILE, SIGNPOST_BROKER_URL_FILE, SIGNPOST_API_KEY_FILE.
    """
    if markdown:
        click.echo(markdown_table())
        return
    shown = show_settings(os.environ)
    if as_json:
        print_json([asdict(one) for one in shown])
        return
    rows = ((one.name, one.value or "(none)", one.origin, one.help) for one in shown)
    print_table(("setting", "value", "from", "meaning"), rows)


def markdown_table() -> str:
    """Every setting with its default, for documents."""
    rows = (f"| `{one.name}` | {f'`{one.default}`' if one.default else ''} | {one.help} |" for one in show_settings({}))
    return "\n".join(("| setting | default | meaning |", "| --- | --- | --- |", *rows))
