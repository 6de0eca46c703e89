"""`make restore-drill`: a backup is restored elsewhere. Nothing of it is lost, the stored advice is what evaluation
gives, and when the senders repeat what came after the backup, both systems agree."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy.engine import make_url

from signpost.case.event import Event
from signpost.cli import main
from signpost.workers.verification import check_cases
from tests.support import servers
from tests.support.workers_kit import ENGINES, KINDS, System, event, open_system, system

OFFER: dict[str, Any] = {"offer": "o-1", "employer": {"name": "Acme"}}
CANDIDATES = [f"c-{number}" for number in range(12)]
NEW_HOUR = 3


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    """Embedded, or PostgreSQL with RabbitMQ."""
    name: str = request.param
    return name


@pytest.fixture
def running(kind: str, request: pytest.FixtureRequest) -> Iterator[System]:
    """A system with offers; three of them were accepted."""
    with system(kind, request) as made:
        made.handle(*(event("offer.extended", one, at=0, **OFFER) for one in CANDIDATES))
        made.handle(*(event("offer.accepted", one, at=1, offer="o-1") for one in CANDIDATES[:3]))
        yield made


def later_events() -> list[Event]:
    """What arrives after the backup."""
    letters = [event("offer.letter_signed", one, at=2, offer="o-1") for one in CANDIDATES[:2]]
    return [*letters, *(event("offer.declined", one, at=NEW_HOUR, offer="o-1") for one in CANDIDATES[5:8])]


def back_up(made: System, file: Path) -> None:
    """Back up as docs/operating.md shows."""
    if made.database_url.startswith("sqlite"):
        done = CliRunner().invoke(main, ["db", "backup", str(file)], env={"SIGNPOST_DATABASE_URL": made.database_url})
        assert done.exit_code == 0, done.output
        assert file.stat().st_mode & 0o077 == 0
        again = CliRunner().invoke(main, ["db", "backup", str(file)], env={"SIGNPOST_DATABASE_URL": made.database_url})
        assert "exists; name a new file" in again.output
    else:
        run("pg_dump", "--format=custom", f"--file={file}", libpq(made.database_url))


@contextmanager
def restored(kind: str, backup: Path, request: pytest.FixtureRequest) -> Iterator[System]:
    """The system in the backup, on another database and another broker."""
    if kind == "embedded":
        url = f"sqlite:///{backup}"
        with open_system(url, url) as made:
            yield made
        return
    with (
        servers.vhost(request.getfixturevalue("rabbitmq_server")) as broker_url,
        servers.database(request.getfixturevalue("postgres_server")) as database_url,
    ):
        run("pg_restore", "--no-owner", f"--dbname={libpq(database_url)}", str(backup))
        with open_system(database_url, broker_url) as made:
            yield made


def libpq(url: str) -> str:
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


def run(*command: str) -> None:
    subprocess.run(command, check=True, timeout=120)


def facts(made: System) -> dict[str, tuple[bytes, dict[str, tuple[str, int | None]]]]:
    """Candidate -> facts and active advice."""
    return {key: (made.case(key).state, made.standing(key)) for key in CANDIDATES}


def problems(made: System) -> list[str]:
    """What differs from evaluation, of all cases."""
    checked = list(check_cases(made.store, made.store.tenants(), ENGINES))
    assert len(checked) == len(CANDIDATES)
    assert all(case.is_compared for case in checked)
    return [problem for case in checked for problem in case.problems]


def test_a_restored_backup_is_whole_and_catches_up(
    kind: str, running: System, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    before = facts(running)
    back_up(running, tmp_path / "backup")
    running.handle(*later_events())
    assert facts(running) != before
    with restored(kind, tmp_path / "backup", request) as copy:
        assert facts(copy) == before
        assert problems(copy) == []
        copy.handle(*later_events())
        assert facts(copy) == facts(running)
        assert problems(copy) == []
        assert [row.recommendation_id for row in copy.store.feed("acme", limit=9999)[0]]


def test_what_differs_from_evaluation_is_named(running: System) -> None:
    one, two, three = (running.case(key) for key in CANDIDATES[:3])
    row = running.store.recommendations("acme", one.key, status="active")[0]
    with running.store.transaction() as tx:
        tx.lock_cases([("acme", each.key) for each in (one, two, three)])
        tx.save_cases([replace(one, advice=b""), replace(two, state=three.state), replace(three, rulebook="of before")])
    checked = {case.key: case for case in check_cases(running.store, ["acme"], ENGINES)}
    assert f"evaluation gives: raised {row.rule} about" in "\n".join(checked[one.key].problems)
    assert f"an active row that the case does not have: {row.id}" in checked[one.key].problems
    assert not checked[three.key].is_compared
    assert checked[CANDIDATES[4]].problems == ()


@pytest.mark.parametrize("kind", ["embedded"], indirect=True)
def test_the_command_says_what_it_compared(running: System, tmp_path: Path) -> None:
    environ = {
        "SIGNPOST_DATABASE_URL": running.database_url,
        "SIGNPOST_ENGINE": "compiled",
        "SIGNPOST_TENANTS": str(tmp_path / "none.yaml"),
    }
    good = CliRunner().invoke(main, ["db", "verify"], env=environ)
    assert good.output == "12 cases compared: stored advice is what evaluation gives\n"
    row = running.case("c-1")
    with running.store.transaction() as tx:
        tx.lock_cases([("acme", "c-1"), ("acme", "c-2")])
        tx.save_cases([replace(row, advice=b""), replace(running.case("c-2"), rulebook="of before")])
    bad = CliRunner().invoke(main, ["db", "verify"], env=environ)
    assert bad.exit_code == 1
    assert "acme c-1: evaluation gives: raised " in bad.output
    assert "11 cases compared, 1 case of another rulebook not compared: " in bad.output
    report = json.loads(CliRunner().invoke(main, ["db", "verify", "--json"], env=environ).output)
    assert (report["cases"], report["compared"]) == (12, 11)
    assert {one["case"] for one in report["problems"]} == {"c-1"}
