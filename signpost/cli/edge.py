"""What commands share: the settings of this process, tables for people, JSON for programs."""

import os
import sys
from collections.abc import Iterable, Sequence
from typing import Any

import click
import orjson

from signpost.settings import Settings, read_settings

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")


def settings() -> Settings:
    """The settings of this process's environment. Raises SettingsError."""
    return read_settings(os.environ)


def print_json(document: Any) -> None:
    """One JSON document on one line of standard output."""
    click.echo(orjson.dumps(document, default=str).decode())


def print_table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """A table for people on standard output; cells are taken literally. A pipe counts as wide."""
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


def counted(number: int, noun: str) -> str:
    """As in "1 event" and "2 events"."""
    return f"{number} {noun}{'' if number == 1 else 's'}"
