"""`signpost db`: the schema of the database, a backup of a SQLite file, and a check of what is stored."""

import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from signpost.cli.edge import count_noun, echo, json_option, print_json, settings
from signpost.errors import CallerError

if TYPE_CHECKING:
    from signpost.settings import Settings
    from signpost.workers.verification import CheckedCase

MAX_SHOWN = 50
"""Problems that `verify` prints."""


@click.group
def db() -> None:
    """Upgrade the database schema or show its revision; back up and verify what is stored."""


@db.command
@json_option
def upgrade(as_json: bool) -> None:
    """Create or migrate the tables for this version of Signpost; does nothing if they are up to date.

    \b
    Example:
      SIGNPOST_DATABASE_URL=postgresql://signpost@db/signpost signpost db upgrade
    """
    from signpost import storage

    url = settings().database_url
    before = storage.revision(url)
    storage.upgrade(url)
    after = storage.revision(url)
    if as_json:
        print_json({"before": before, "after": after})
    elif before == after:
        echo(f"The database is up to date (revision {after}).")
    else:
        echo(f"The database is now at revision {after} (was {before or 'empty'}).")


@db.command
@json_option
def current(as_json: bool) -> None:
    """Show the revision of the tables; exit code 1 if they are not up to date."""
    from signpost import storage

    url = settings().database_url
    found, wanted = storage.revision(url), storage.head_revision()
    if as_json:
        print_json({"revision": found, "wanted": wanted})
    else:
        echo(f"revision {found or 'none'}; this version of Signpost needs {wanted}")
    if found != wanted:
        raise SystemExit(1)


@db.command
@json_option
def compress(as_json: bool) -> None:
    """Let processes that start from now on compress the messages and the advice that they store.

    A new database does so from the beginning. Run this after an upgrade from a version without this command, once all
    processes are new: those before cannot read what is compressed. Then restart the intake, the advisors and the clock.
    What is stored already stays as it is until it changes.
    """
    from signpost.storage import open_store

    with open_store(settings().database_url) as store:
        is_new = store.options.start_compression(time.time_ns() // 1000)
    if as_json:
        print_json({"started": is_new})
    else:
        echo(
            "Restart the intake, the advisors and the clock: they compress from then on."
            if is_new
            else "The database compresses."
        )


@db.command
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
def backup(file: Path) -> None:
    """Copy the SQLite database, with its queue, to FILE while the system runs.

    \b
    Example:
      signpost db backup backup-2026-03-02.db
    """
    from signpost import storage

    url = settings().database_url
    if not url.startswith("sqlite"):
        raise CallerError(
            "this command copies SQLite databases; back up PostgreSQL with its own tools:"
            f' pg_dump --format=custom --file={file} "$SIGNPOST_DATABASE_URL"'
        )
    if file.exists():
        raise CallerError(f"{file} exists; name a new file")
    storage.back_up(url, file)
    echo(f"{file}: {file.stat().st_size / 1e6:.1f} MB. To restore: stop Signpost and follow docs/operating.md.")


@db.command
@json_option
def verify(as_json: bool) -> None:
    """Compare the stored advice of every case with what evaluating it gives; exit code 1 if they differ.

    Run it after you have restored a backup. Cases that another rulebook evaluated last are counted, not compared: the
    clock evaluates them again. Nothing is changed.
    """
    from signpost.cli.rules.mutants import progress_bar

    checked, compared, problems = 0, 0, list[tuple[str, str, str]]()
    with progress_bar("cases", None, quiet=as_json) as advance:
        for case in _check_cases(settings()):
            checked, compared = checked + 1, compared + case.is_compared
            problems += [(case.tenant, case.key, problem) for problem in case.problems]
            advance(case.key)
    if as_json:
        found = [{"tenant": tenant, "case": key, "problem": problem} for tenant, key, problem in problems]
        print_json({"cases": checked, "compared": compared, "problems": found})
    else:
        for tenant, key, problem in problems[:MAX_SHOWN]:
            echo(f"{tenant} {key}: {problem}")
        echo(_summary(checked, compared, len(problems)))
    if problems:
        raise SystemExit(1)


def _check_cases(settings: "Settings") -> "Iterator[CheckedCase]":
    from signpost.engine import choose_engine, make_engine
    from signpost.storage import open_store
    from signpost.tenants.rulebooks import Engines, load_rulebooks
    from signpost.workers.verification import check_cases

    engines = Engines(
        partial(make_engine, choose_engine(settings.engine).name), load_rulebooks(settings.rules, settings.tenants)
    )
    with open_store(settings.database_url) as store:
        yield from check_cases(store, store.tenants(), engines)


def _summary(checked: int, compared: int, problems: int) -> str:
    others = checked - compared
    skipped = f", {count_noun(others, 'case')} of another rulebook not compared" if others else ""
    result = f"{count_noun(problems, 'problem')}" if problems else "stored advice is what evaluation gives"
    return f"{count_noun(compared, 'case')} compared{skipped}: {result}"
