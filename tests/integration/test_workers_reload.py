"""Rules edited under running workers: replaced atomically, published, paced; and refused where they are faulty."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import orjson
import psycopg
import pytest
from psycopg import sql
from sqlalchemy.engine import make_url

from signpost.names import DEAD
from signpost.workers.process import wall_clock
from tests.support.private_servers import wait_until
from tests.support.workers_kit import System, system
from tests.support.workers_kit import recent_event as event
from tests.support.workers_processes import WorkerProcess, kill_afterwards

RULE = """
{name}:
  about: offer
  source: a
  when: {{stage: open}}
  priority: high
  title: {title}
  message: Of {{{{ employer }}}}.
"""
CASES = 40
PER_SECOND = 10


def write_whole(path: Path, text: str) -> None:
    """Replace a file at once: a writer that is held up half-way must not show the half to a worker."""
    draft = path.with_name(f".{path.name}.new")
    draft.write_text(text)
    draft.replace(path)


class Rules:
    """A rules folder and a tenants file, edited as an author would."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.tenants = folder / "rules", folder / "tenants.yaml"
        self.folder.mkdir()
        (self.folder / "sources.yaml").write_text("articles: {a: An article}\n")

    def write(self, **titles: str) -> None:
        for name, title in titles.items():
            write_whole(self.folder / f"{name}.yaml", RULE.format(name=name, title=title))


class Workers:
    """An advisor that polls its files, and a clock that polls when it is asked."""

    def __init__(self, signpost: System, rules: Rules, folder: Path, looks: str = "0.1") -> None:
        """`looks`: every so many seconds the advisor does."""
        urls = (signpost.database_url, signpost.broker_url)
        files = (str(rules.folder), str(rules.tenants))
        self.advisor = WorkerProcess("advisor", folder, *urls, rules=files[0], tenants=files[1], reload_interval=looks)
        self.clock = WorkerProcess(
            "clock",
            folder,
            *urls,
            rules=files[0],
            tenants=files[1],
            reload_interval="3600",
            clock_interval="0.05",
            reevaluate_per_second=str(PER_SECOND),
        )
        self.signpost = signpost

    def lines(self, worker: WorkerProcess) -> list[dict[str, object]]:
        """What it has logged."""
        return [json.loads(line) for line in worker.log.read_text().splitlines(keepends=True) if line.endswith("\n")]

    def wait_for(self, message: str, count: int) -> None:
        """Both have said it so often."""
        for worker in (self.advisor, self.clock):
            said = [line for line in self.lines(worker) if line["message"] == message]
            wait_until(
                lambda worker=worker: sum(line["message"] == message for line in self.lines(worker)) >= count,  # type: ignore[misc]
                f"{message} ({len(said)} of {count} times)",
                20,
            )


@pytest.fixture
def rules(tmp_path: Path) -> Rules:
    return Rules(tmp_path)


@pytest.fixture
def signpost(request: pytest.FixtureRequest) -> Iterator[System]:
    with system("rabbitmq", request) as made:
        yield made


def emitted(signpost: System, change: str, rule: str) -> list[dict[str, object]]:
    """The recommendations of one rule that stand at one change."""
    rows = [row for n in range(CASES) for row in signpost.store.recommendations("acme", f"c-{n}")]
    return [orjson.loads(row.body)["data"] for row in rows if (row.change, row.rule) == (change, rule)]


@pytest.mark.long
def test_rules_edited_under_running_workers(signpost: System, rules: Rules, tmp_path: Path) -> None:
    rules.write(one="First", two="Second")
    workers = Workers(signpost, rules, tmp_path)
    with kill_afterwards(workers.advisor, workers.clock):
        signpost.send(*(event("offer.extended", f"c-{n}", offer="o", employer={"name": "Acme"}) for n in range(CASES)))
        wait_until(lambda: len(emitted(signpost, "raised", "two")) == CASES, "the first advice", 40)
        before = {one["id"] for one in emitted(signpost, "raised", "one")}
        workers.wait_for("rulebook in force", 1)

        # A new wording reaches every case, and no faster than it may
        edited = wall_clock()
        rules.write(one="Better")
        workers.clock.send_sighup()
        wait_until(lambda: len(emitted(signpost, "updated", "one")) == CASES, "the new wording", 30)
        updates = emitted(signpost, "updated", "one")
        assert {one["title"] for one in updates} == {"Better"}
        assert {one["id"] for one in updates} == before
        [version] = {one["explanation"]["rulebook"] for one in updates}  # type: ignore[index]
        at = sorted(signpost.case(f"c-{n}").rulebook_since for n in range(CASES))
        assert at[0] >= edited
        for index, first in enumerate(at):
            # Twice: a batch that waited on a busy machine is evaluated just before the next
            assert sum(first <= other < first + 1_000_000 for other in at[index:]) <= 2 * PER_SECOND
        assert len(emitted(signpost, "raised", "two")) == CASES, "what did not change was not published again"

        # What is at fault is not taken
        write_whole(rules.folder / "two.yaml", RULE.format(name="two", title="To {{ emplyer }}") + "  wehn: now\n")
        workers.clock.send_sighup()
        workers.wait_for("rulebook change refused: the previous version stays in force until the problems are fixed", 1)
        signpost.send(event("offer.extended", "late", offer="o"))
        wait_until(lambda: len(signpost.store.recommendations("acme", "late")) == 2, "the event to be handled", 20)
        assert {orjson.loads(row.body)["data"]["title"] for row in signpost.store.recommendations("acme", "late")} == {
            "Better",
            "Second",
        }
        assert signpost.case("late").rulebook == version
        problems = [str(line["message"]) for line in workers.lines(workers.advisor) if line["level"] == "error"]
        assert [line for line in problems if re.search(r"two\.yaml:7:10: R041 .*'emplyer'", line)]
        assert [line for line in problems if re.search(r"two\.yaml:9:3: R010 .*'wehn'", line)]

        # A rule that is gone ends what it said
        (rules.folder / "two.yaml").unlink()
        workers.clock.send_sighup()
        wait_until(lambda: len(emitted(signpost, "resolved", "two")) == CASES, "the withdrawal", 30)
        assert {one["reason"] for one in emitted(signpost, "resolved", "two")} == {"the rule was withdrawn"}

        # So does a rule that the tenant disables, and no case of another tenant is touched
        write_whole(rules.tenants, "tenants: {acme: {disabled: [one], api_keys: ['env:NOWHERE']}}\n")
        workers.clock.send_sighup()
        wait_until(lambda: len(emitted(signpost, "resolved", "one")) == CASES, "the disabled rule to end", 30)
        signpost.send(event("offer.extended", "c-0", offer="o", tenant="other"))
        wait_until(lambda: len(signpost.store.recommendations("other", "c-0")) == 1, "the other tenant's advice", 20)

        problems = [str(line["message"]) for line in workers.lines(workers.advisor) if line["level"] == "error"]
        assert len(problems) == len(set(problems)) == 3, "each problem is logged once"
        wait_until(
            lambda: [line["left"] for line in workers.lines(workers.clock) if "left" in line][-1:] == [0],
            "the clock to say that all cases are re-evaluated",
        )
        assert (workers.advisor.stop(), workers.clock.stop()) == (0, 0)
    assert signpost.broker.queue_depth(DEAD) == 0


@contextmanager
def away(database_url: str) -> Iterator[None]:
    """Nobody gets into the database, and open connections are closed."""
    url = make_url(database_url).set(drivername="postgresql")
    name = sql.Identifier(str(url.database))
    server = url.set(database="postgres").render_as_string(hide_password=False)
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS false").format(name))
        connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [url.database])
        try:
            yield
        finally:
            connection.execute(sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS true").format(name))


def test_a_worker_outlives_its_database_while_the_rules_are_at_fault(
    signpost: System, rules: Rules, tmp_path: Path
) -> None:
    """It connects again, with the rules that it has: files that cannot be read now are no reason to end."""
    rules.write(one="First")
    workers = Workers(signpost, rules, tmp_path)
    with kill_afterwards(workers.advisor, workers.clock):
        workers.wait_for("rulebook in force", 1)
        write_whole(rules.folder / "one.yaml", "one: [")
        workers.clock.send_sighup()
        workers.wait_for("rulebook change refused: the previous version stays in force until the problems are fixed", 1)
        with away(signpost.database_url):
            wait_until(lambda: "clock reconnects" in workers.clock.log.read_text(), "the clock to notice", 20)
        signpost.send(event("offer.extended", "c-0", offer="o"))
        wait_until(lambda: len(signpost.store.recommendations("acme", "c-0")) == 1, "the event to be handled", 30)
        assert workers.clock.runs
        assert (workers.advisor.stop(), workers.clock.stop()) == (0, 0)
    assert "cannot run" not in workers.clock.log.read_text()


def test_an_advisor_that_has_not_noticed_takes_no_case_back(request: pytest.FixtureRequest, tmp_path: Path) -> None:
    """It finds out from the case itself that there are newer rules, and looks for them before it touches it."""
    rules = Rules(tmp_path)
    rules.write(one="First")
    with system("embedded", request) as signpost:
        workers = Workers(signpost, rules, tmp_path, looks="3600")
        with kill_afterwards(workers.advisor, workers.clock):
            signpost.send(event("offer.extended", "c-0", offer="o", employer={"name": "Acme"}))
            wait_until(lambda: len(emitted(signpost, "raised", "one")) == 1, "the first advice", 40)
            workers.wait_for("rulebook in force", 1)
            rules.write(one="Better")
            workers.clock.send_sighup()
            wait_until(lambda: len(emitted(signpost, "updated", "one")) == 1, "the new wording", 30)
            signpost.send(event("offer.updated", "c-0", offer="o", employer={"name": "Globex"}))
            wait_until(lambda: "Globex" in str(emitted(signpost, "updated", "one")), "the event to be handled", 30)
            assert (workers.advisor.stop(), workers.clock.stop()) == (0, 0)
        history = [orjson.loads(body)["data"] for body in signpost.feed("c-0", 3)]
    assert [(one["change"], one["title"]) for one in history] == [
        ("raised", "First"),
        ("updated", "Better"),
        ("updated", "Better"),
    ]
