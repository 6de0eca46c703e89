"""Upgrades a database schema and reads its revision. The only module that runs Alembic, which it imports on first use:
most processes never need it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, text

from signpost.storage.engines import WRITE, EngineOptions, make_engine, parse_url
from signpost.storage.errors import translate_errors

if TYPE_CHECKING:
    from alembic.config import Config

UPGRADE_LOCK = 0x5349474E504F5354  # the ASCII bytes of "SIGNPOST" as the advisory lock id
NO_TIMEOUT = EngineOptions(pool_size=1, statement_timeout_s=0)


def upgrade(url: str) -> None:
    """Run every missing revision in one transaction; safe to call from several processes at once.

    Raises BadDatabaseUrl, StorageUnavailable, StorageConflict.
    """
    from alembic import command

    with _connection(url) as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": UPGRADE_LOCK})
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


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
