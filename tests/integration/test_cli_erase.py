"""`signpost erase`: everything of the candidate leaves tables, queues and files, and the command says what is left."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from signpost.cli import main
from signpost.messaging import Message
from signpost.messaging.topology import ADVISOR
from signpost.names import DEAD
from signpost.tenants.model import hash_key
from signpost.workers.advisor import Advisor
from signpost.workers.process import wall_clock
from tests.support.workers_kit import System, event, message, open_system, store_plainly

NAME, SALARY = "Ada Unspeakable", "123456.78"
PEOPLE: dict[str, Any] = {"candidate_name": "Unspeakable, Ada A.", "contact_name": "Konrad Recruitman"}


@pytest.fixture
def signpost(tmp_path: Path) -> Iterator[System]:
    url = f"sqlite:///{tmp_path / 'signpost.db'}"
    (tmp_path / "tenants.yaml").write_text(f'tenants:\n  acme: {{api_keys: ["{hash_key("k" * 32)}"]}}\n')
    with open_system(url, url) as made:
        # So that a search of the files finds what is there
        store_plainly(made)
        yield made


@contextmanager
def advisor(signpost: System) -> Iterator[None]:
    """An advisor in a thread."""
    stop = threading.Event()
    consumer = signpost.broker.consumer(ADVISOR, 200)
    worker = Advisor([consumer], signpost.handler(), signpost.outbox(), wall_clock, 100)
    thread = threading.Thread(target=worker.run, args=(stop,))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(30)
        consumer.close()


def run(folder: Path, *arguments: str) -> Result:
    return CliRunner(env={"SIGNPOST_DATA_DIR": str(folder)}).invoke(main, ["erase", *arguments])


def files_with(folder: Path, text: str) -> list[str]:
    return sorted(file.name for file in folder.iterdir() if text.encode() in file.read_bytes())


def test_nothing_is_left_in_any_table_queue_or_file(signpost: System, tmp_path: Path) -> None:
    pay = {"amount": SALARY, "currency": "EUR", "per": "year"}
    past = event(
        "offer.extended",
        "cand-77",
        offer="offer-77",
        application="app-77",
        employer={"name": NAME},
        salary=pay,
        **PEOPLE,
    )
    signpost.handle(past, event("offer.extended", "stays", offer="o"))
    signpost.send(Message(DEAD, "0.acme.x", message(past).body, "dead"))
    for text in (NAME, SALARY, *PEOPLE.values(), "cand-77", "app-77"):
        assert files_with(tmp_path, text), text
    with advisor(signpost):
        result = run(tmp_path, "cand-77", "--tenant", "acme", "--json")
    assert result.exit_code == 0, result.output
    report = json.loads(result.stdout)
    assert report["removed"]["events"] == 1
    assert report["removed"]["signpost.dead"] == 1
    assert report["removed"]["signpost.advice.unrouted"] > 0
    assert {"consumers", "backups", "feed"} <= {place["where"] for place in report["left"]}
    for text in (NAME, SALARY, *PEOPLE.values(), "app-77"):
        assert files_with(tmp_path, text) == [], text
    assert signpost.case("stays").state


def test_an_unknown_candidate_is_called_so(signpost: System, tmp_path: Path) -> None:
    with advisor(signpost):
        result = run(tmp_path, "nobody", "--tenant", "acme")
    assert "Nothing was stored of this candidate: `signpost candidates` lists" in result.output
    assert "       0  signpost.dead, of all who were erased" in result.output


def test_without_an_advisor_it_says_that_the_erasure_is_stored(signpost: System, tmp_path: Path) -> None:
    result = run(tmp_path, "cand-77", "--tenant", "acme", "--timeout", "0.2")
    assert result.exit_code == 1
    assert "no advisor has processed the erasure" in str(result.exception) + result.output
    [delivery] = signpost.broker.get(ADVISOR, 9)
    document = json.loads(delivery.body)
    assert (document["type"], document["subject"]) == ("signpost.candidate.erased.v1", "cand-77")


def test_people_read_what_is_removed_and_left(signpost: System, tmp_path: Path) -> None:
    with advisor(signpost):
        result = run(tmp_path, "cand-1", "--tenant", "acme")
    assert result.exit_code == 0, result.output
    assert "Candidate cand-1 of acme is erased." in result.output
    assert "backups: everything up to the erasure" in result.output


def test_a_tenant_that_does_not_exist_is_refused(signpost: System, tmp_path: Path) -> None:
    result = run(tmp_path, "cand-1", "--tenant", "acmee")
    assert result.exit_code != 0
    assert signpost.broker.queue_depth(ADVISOR) == 0
