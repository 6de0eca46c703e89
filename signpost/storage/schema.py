"""Upgrades a database schema and reads its revision. The only module that runs Alembic, which it imports on first use:
most processes never need it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, text

from signpost.storage.engines import WRITE, EngineOptions, make_engine, parse_url
from signpost.storage.errors import StorageMisconfigured, translate_errors
from signpost.storage.options import COMPRESSION, set_option

if TYPE_CHECKING:
    from alembic.config import Config

    from signpost.storage.store import Store

UPGRADE_LOCK = 0x5349474E504F5354  # the ASCII bytes of "SIGNPOST" as the advisory lock id
_VERSIONS = Path(__file__).parent / "migrations" / "versions"
NO_TIMEOUT = EngineOptions(statement_timeout_s=0)


def upgrade(url: str) -> None:
    """Run every missing revision in one transaction; safe to call from several processes at once. A new database
    compresses from the beginning.

    Raises BadDatabaseUrl, StorageUnavailable, StorageConflict.
    """
    from alembic import command
    from alembic.runtime.migration import MigrationContext

    with _connection(url) as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": UPGRADE_LOCK})
        config = _config()
        config.attributes["connection"] = connection
        is_new = MigrationContext.configure(connection).get_current_revision() is None
        command.upgrade(config, "head")
        if is_new:
            set_option(connection, COMPRESSION, 0)


def revision(url: str) -> str | None:
    """The revision of a database; None if it was never upgraded."""
    from alembic.runtime.migration import MigrationContext

    with _connection(url) as connection:
        return MigrationContext.configure(connection).get_current_revision()


def head_revision() -> str:
    """The revision that this code requires."""
    from alembic.script import ScriptDirectory

    head = ScriptDirectory.from_config(_config()).get_current_head()
    assert head is not None, "the package contains no migrations"
    return head


def require_tables(store: "Store") -> str:
    """Raise StorageMisconfigured if the tables are missing, or older than this code; a process that starts calls it.

    Returns the revision of newer tables, on which the version before goes on working; else "". Imports no Alembic.
    """
    try:
        found = store.inspection.revision()
    except StorageMisconfigured:
        return ""  # this user may not read it; what it lacks shows later
    known = sorted(file.name[1:5] for file in _VERSIONS.glob("v[0-9]*_*.py"))
    if found == known[-1]:
        return ""
    if found is not None and found not in known:
        return found
    state = "has no tables of Signpost" if found is None else f"is at revision {found}, older than {known[-1]}"
    raise StorageMisconfigured(f"the database {state}; run `signpost db upgrade` first")


def known_revisions() -> frozenset[str]:
    """The revisions that this code knows: its own and all before."""
    from alembic.script import ScriptDirectory

    return frozenset(script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions())


def is_current(url: str) -> bool:
    """Whether a database is at the revision that this code requires."""
    return revision(url) == head_revision()


def _config() -> "Config":
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


@contextmanager
def _connection(url: str) -> Iterator[Connection]:
    engine = make_engine(parse_url(url), NO_TIMEOUT)
    try:
        with translate_errors(), engine.execution_options(**WRITE).begin() as connection:
            yield connection
    finally:
        engine.dispose()
