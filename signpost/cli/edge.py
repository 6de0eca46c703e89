"""What all commands share: the settings of this process, instants in options, output as tables or JSON. No command
lives here."""

import os
import re
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Final

import click
import orjson

from signpost.errors import SignpostError
from signpost.printable import escape, escape_json
from signpost.settings import Settings, read_settings

if TYPE_CHECKING:
    from signpost.tenants.model import Tenants

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")

KNOWN_CANDIDATES: Final = "`signpost candidates` lists those that are known, and searches them by name"
PIPED_WIDTH: Final = 2000
"""Columns of a table that no terminal shows; only longer rows go over several lines."""
_STYLE: Final = re.compile("(\x1b\\[[0-9;]{0,20}m)")


def settings(*, client_file: bool = True) -> Settings:
    """The settings of the environment; see `read_settings`. Raises SettingsError."""
    return read_settings(os.environ, client_file=client_file)


def echo(text: object = "", *, err: bool = False) -> None:
    """Print a text on standard output or error. What is not printable is escaped, except lines, tabs and the styles of
    `click.style`; a text of others is escaped before it is styled."""
    parts = _STYLE.split(str(text))
    parts[::2] = [escape(part, keep="\n\t") for part in parts[::2]]
    click.echo("".join(parts), err=err)


def warn_of_tenants(patterns: Iterable[str]) -> None:
    """Warn of patterns whose tenant the tenants file lacks. Says nothing if the file cannot be read here."""
    named = {pattern.rpartition(":")[2].partition(".")[0] for pattern in patterns}
    for tenant in sorted(named - {"*", "#"}):
        if lacking := no_tenant(tenant, " yet"):
            echo(lacking.replace("there", "There", 1), err=True)


def no_tenant(name: str, so_far: str = "") -> str:
    """That there is no tenant of this name, and which is meant; "" if there is, or the file cannot be read here."""
    from signpost.suggestions import meant

    tenants = _tenants()
    if tenants is None or name in tenants.tenants:
        return ""
    return f"there is no tenant {name!r}{so_far}; {meant(name, tenants.tenants.keys())}".rstrip("; ")


def known_sources() -> set[str]:
    """The names in the tenants file; none if it cannot be read here."""
    tenants = _tenants()
    return set(tenants.sources) if tenants else set()


def _tenants() -> "Tenants | None":
    from signpost.tenants.loading import load_tenants

    try:
        return load_tenants(settings().tenants, os.environ)
    except SignpostError:
        return None


def print_json(document: Any) -> None:
    """Print a JSON document as one line."""
    echo(escape_json(orjson.dumps(document, default=str).decode()))


def print_table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print a table for people. Cells are literal text; into a pipe, each row is one line."""
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console() if sys.stdout.isatty() else Console(width=PIPED_WIDTH)
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(Text(escape(cell, keep="\n")) for cell in row))
    with console.capture() as shown:
        console.print(table)
    for line in shown.get().splitlines():
        click.echo(line.rstrip())


def parse_moment(text: str, start: int, option: str) -> int:
    """An instant, or a duration since `start`, in microseconds. Raises BadParameter that names the option."""
    from signpost.case.instant import on_calendar, parse_instant
    from signpost.rulebook.values import parse_duration

    duration = parse_duration(text)
    try:
        found = start + duration.total if duration and not duration.business_days else parse_instant(text)
    except ValueError:
        problem = f"{text!r} is neither an instant nor a duration; write 2026-03-02T09:00:00Z, or 36h"
        raise click.BadParameter(problem, param_hint=option) from None
    if on_calendar(found) is None:
        raise click.BadParameter(f"{text!r} is outside the calendar", param_hint=option)
    return found


def parse_age(text: str, option: str) -> int:
    """A duration like 36h or 7d in microseconds. Raises BadParameter that names the option."""
    from signpost.rulebook.values import parse_duration

    duration = parse_duration(text)
    if duration is None or duration.business_days:
        raise click.BadParameter(f"{text!r} is not a duration; write 36h or 7d", param_hint=option)
    return duration.total


def count_noun(number: int, noun: str) -> str:
    """For example "1 event", "2 events"."""
    return f"{number} {noun}{'' if number == 1 else 's'}"
