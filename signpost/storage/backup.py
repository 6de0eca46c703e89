"""Copies a SQLite database while others use it."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from signpost.errors import CallerError
from signpost.storage.engines import parse_url


def back_up(url: str, file: Path) -> None:
    """Copy the database as it is at one instant to a new file that only its owner can read.

    Raises BadDatabaseUrl, CallerError if it cannot be read or the file cannot be written. Then no file is left.
    """
    source = Path(parse_url(url).database or "")
    try:
        with closing(sqlite3.connect(f"{source.resolve().as_uri()}?mode=ro", uri=True)) as live:
            os.close(os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
            try:
                with closing(sqlite3.connect(file)) as copy:
                    live.backup(copy)
            except BaseException:
                file.unlink()
                raise
    except (OSError, sqlite3.Error) as error:
        raise CallerError(f"cannot copy {source} to {file}: {error}") from error
