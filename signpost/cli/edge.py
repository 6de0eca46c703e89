"""What all commands share: the settings of this process, and output as tables or JSON. No command lives here."""

import os
import sys
from collections.abc import Iterable, Sequence
from typing import Any

import click
import orjson

from signpost.settings import Settings, read_settings

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")


def settings() -> Settings:
    """The settings of the environment. Raises SettingsError."""
    return read_settings(os.environ)


def print_json(document: Any) -> None:
    """Print a JSON document as one line."""
    click.echo(orjson.dumps(document, default=str).decode())


def print_table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print a table for people. Cells are literal text; output into a pipe is 200 columns wide."""
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console() if sys.stdout.isatty() else Console(width=200)
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    console.print(table)


def count_noun(number: int, noun: str) -> str:
    """For example "1 event", "2 events"."""
    return f"{number} {noun}{'' if number == 1 else 's'}"
