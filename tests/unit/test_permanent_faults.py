"""What an operator has to correct before a process can start ends it: one line with what to do, and exit code 2."""

import contextlib
import os
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from signpost.errors import CallerError, MisconfiguredError
from signpost.services.intake.start import check_start
from signpost.settings import read_settings
from signpost.storage import head_revision, open_store, require_tables
from signpost.workers import advisor, clock, process, relay
from tests.support.installations import Installation, variables
from tests.support.rulebooks import FEW_RULES

WORKERS = {"advisor": advisor.main, "clock": clock.main, "relay": relay.main}
ROLES = (*WORKERS, "intake")


def sql(text: str) -> Callable[[Installation], None]:
    def inject(installation: Installation) -> None:
        database = installation.folder / "signpost.db"
        with contextlib.closing(sqlite3.connect(database)) as connection, connection:
            connection.executescript(text)

    return inject


def no_database(installation: Installation) -> None:
    installation.environ["SIGNPOST_DATABASE_URL"] = f"sqlite:///{installation.folder / 'none' / 'signpost.db'}"


def faulty_rules(installation: Installation) -> None:
    shutil.copytree(FEW_RULES, installation.folder / "rules")
    (installation.folder / "rules/fields.yaml").write_text("fields: [")
    installation.environ["SIGNPOST_RULES"] = str(installation.folder / "rules")


OLD = "UPDATE alembic_version SET version_num = '0001'"
FAULTS = {
    "no database": (no_database, "/none with a database; run this command in the folder where", ROLES),
    "no tables": (sql("DROP TABLE alembic_version"), "no tables of Signpost; run `signpost db upgrade` first", ROLES),
    "old tables": (sql(OLD), "older than {head}; run `signpost db upgrade` first", ROLES),
    "no queues": (sql("DELETE FROM queue_queues"), "is missing; run `signpost topology apply` first", ROLES),
    "faulty rules": (faulty_rules, "fields.yaml:2:1", ("advisor", "clock", "intake")),
}
"""What is wrong, the beginning of what is said, and the processes that need it."""


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("template")
    made = Installation(folder, variables(folder))
    for command in ("db upgrade", "topology apply", "tenants add acme"):
        made.signpost(*command.split())
    return folder


@pytest.fixture
def installation(template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Installation:
    folder = tmp_path / "signpost"
    shutil.copytree(template, folder)
    # The log of a process is set up once, and not in this one
    monkeypatch.setattr(process, "set_up_logging", lambda *arguments: None)
    return Installation(folder, variables(folder))


def start(role: str, installation: Installation, caplog: pytest.LogCaptureFixture) -> tuple[int, str]:
    """Start a process that cannot run, in this one. Return its exit code, and the error that it logs or prints."""
    settings = read_settings(installation.environ)
    if role == "intake":
        with pytest.raises((CallerError, MisconfiguredError)) as refused:
            check_start(settings, installation.environ)
        return process.MISUSED, str(refused.value)
    caplog.clear()
    code = WORKERS[role](settings)
    [error] = [record.getMessage() for record in caplog.records if record.levelname in ("ERROR", "CRITICAL")]
    return code, error


@pytest.mark.parametrize("fault", FAULTS)
def test_each_process_says_once_what_to_correct_and_ends(
    fault: str, installation: Installation, caplog: pytest.LogCaptureFixture
) -> None:
    inject, words, roles = FAULTS[fault]
    inject(installation)
    for role in roles:
        code, error = start(role, installation, caplog)
        assert code == process.MISUSED
        assert words.format(head=head_revision()) in error, role


def test_the_version_before_works_on_newer_tables(installation: Installation) -> None:
    with open_store(read_settings(installation.environ).database_url) as store:
        assert require_tables(store) == ""
        sql("UPDATE alembic_version SET version_num = '9999'")(installation)
        assert require_tables(store) == "9999"
    check_start(read_settings(installation.environ), os.environ)


def test_a_faulty_file_with_a_valid_copy_stops_nobody(installation: Installation) -> None:
    shutil.copytree(FEW_RULES, installation.folder / "rules")
    installation.environ["SIGNPOST_RULES"] = str(installation.folder / "rules")
    settings = read_settings(installation.environ)
    stop, requested = process.Stop(), process.Stop()
    first = process._load_rules(settings, stop, requested)
    (installation.folder / "rules/offers.yaml").write_text("offers: [")
    assert process._load_rules(settings, stop, requested).now().rulebooks.is_same(first.now().rulebooks)
    stop.set()
