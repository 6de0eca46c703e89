"""Brings a database's tables up to date, and says how far it is. The only place that runs Alembic."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from signpost.storage.engines import WRITE, EngineOptions, make_engine, parse_url
from signpost.storage.errors import translated

UPGRADE_LOCK = 0x5349474E504F5354  # "SIGNPOST": an advisory lock's number, arbitrary but ours
NO_TIMEOUT = EngineOptions(pool_size=1, statement_timeout=0)


def upgrade(url: str) -> None:
    """Run every revision that is missing, in one transaction; several processes may do it at once.

    Raises BadDatabaseUrl, StorageUnavailable, StorageConflict.
    """
    with _connection(url) as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": UPGRADE_LOCK})
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def revision(url: str) -> str | None:
    """The revision a database is at; None when it has never been upgraded."""
    with _connection(url) as connection:
        return MigrationContext.configure(connection).get_current_revision()


def head_revision() -> str:
    """The revision that this code needs."""
    head = ScriptDirectory.from_config(_config()).get_current_head()
    assert head is not None, "the migrations are part of the package"
    return head


def is_current(url: str) -> bool:
    """Whether a database is at the revision that this code needs."""
    return revision(url) == head_revision()


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


@contextmanager
def _connection(url: str) -> Iterator[Connection]:
    engine = make_engine(parse_url(url), NO_TIMEOUT)
    try:
        with translated(), engine.execution_options(**WRITE).begin() as connection:
            yield connection
    finally:
        engine.dispose()
