"""Agendas over HTTP and on the command line: of a candidate, of an employer, and feedback on a card."""

import json
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import click
import pytest
from click.testing import CliRunner

from signpost.cli.agenda import agenda, show
from signpost.services.intake import prices
from signpost.storage import Rate
from signpost.workers.agendas import update_agendas
from signpost.workers.case_rows import load_case_set
from tests.integration.test_intake_explaining import described
from tests.integration.test_intake_reading import advise, offer, read
from tests.support.intake_parts import NOW, SOUTH_KEY, Intake, intake_at
from tests.support.rulebooks import shipped_engine

PATH = "/v1/candidates/c-1/agenda"
ACME = "audience=employer&employer=acme"


@pytest.fixture
def intake(tmp_path: Path) -> Iterator[Intake]:
    parts = intake_at(tmp_path)
    for number, subject in (("1", "c-1"), ("2", "c-2")):
        assert parts.send(offer(number, subject)).status_code == 202
    advise(parts)
    yield parts
    parts.broker.close()
    parts.store.close()


def list_candidates(intake: Intake) -> None:
    """What an advisor stores besides the advice: the list of each employer."""
    for key in ("c-1", "c-2"):
        row = intake.store.case("north", key)
        assert row is not None
        case_set = load_case_set(shipped_engine(), "north", [row])
        case_set.wake(key, NOW)
        with intake.store.transaction() as transaction:
            update_agendas([case_set], [replace(row, updated=NOW)]).save(transaction)


def answer(intake: Intake, path: str, body: Any) -> tuple[int, Any]:
    found = intake.post(path, json.dumps(body).encode(), {"Content-Type": "application/json"})
    return found.status_code, found.get_json()


def test_the_agenda_of_a_candidate_is_as_documented(intake: Intake) -> None:
    status, found = read(intake, PATH)
    assert (status, found["candidate"], found["audience"], found["employer"]) == (200, "c-1", "candidate", None)
    described("Agenda", found)
    assert 1 <= len(found["cards"]) <= 2
    assert len(found["questions"]) == 2
    assert read(intake, f"{PATH}?questions=0")[1] == {**found, "questions": []}
    _, advice = read(intake, "/v1/candidates/c-1/advice?audience=candidate")
    shown = [name for card in found["cards"] for name in card["recommendations"]]
    held = [one["recommendation"] for one in found["held"]]
    assert sorted(shown + held) == sorted(one["id"] for one in advice["active"])


def test_an_employer_reads_about_one_candidate_and_about_all(intake: Intake) -> None:
    _, one = read(intake, f"{PATH}?{ACME}")
    described("Agenda", one)
    assert (one["employer"], len(one["cards"]), one["questions"]) == ("acme", 1, [])
    list_candidates(intake)
    _, every = read(intake, "/v1/employers/acme/agenda")
    described("EmployerAgenda", every)
    assert [item["candidate"] for item in every["items"]] == ["c-1", "c-2"]
    assert every["items"][0]["cards"] == one["cards"]
    _, first = read(intake, "/v1/employers/acme/agenda?limit=1")
    _, second = read(intake, f"/v1/employers/acme/agenda?limit=1&after={first['next']}")
    assert [first["items"][0], second["items"][0]] == every["items"]
    assert read(intake, "/v1/employers/unknown/agenda")[1]["items"] == []
    assert read(intake, "/v1/employers/acme/agenda", key=SOUTH_KEY)[1]["items"] == []


def test_feedback_on_a_card_answers_everything_on_it(intake: Intake) -> None:
    _, before = read(intake, f"{PATH}?{ACME}")
    [card] = before["cards"]
    path = f"{PATH}/cards/{card['id']}/feedback"
    assert answer(intake, path, {"answer": "done"})[0] == 404, "it is no card of the candidate"
    status, sent = answer(intake, f"{path}?{ACME}", {"answer": "done", "id": "click-1"})
    assert (status, sent["ids"]) == (202, [f"{name}.click-1" for name in card["recommendations"]])
    described("AcceptedAll", sent)
    advise(intake)
    _, after = read(intake, f"{PATH}?{ACME}")
    assert (after["cards"], after["held"]) == ([], [])
    assert answer(intake, f"{path}?{ACME}", {"answer": "done"})[0] == 404


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("audience=nobody", "audience"),
        ("employer=acme", "employer"),
        ("audience=employer", "employer"),
        ("questions=3", "questions"),
        ("questions=x", "questions"),
    ],
)
def test_a_wrong_reader_is_refused_by_name(intake: Intake, query: str, name: str) -> None:
    status, found = read(intake, f"{PATH}?{query}")
    assert status == 400
    assert name in json.dumps(found)


@pytest.mark.parametrize("after", ["x", "1.2", "1..c", "1.2.c%00", "9" * 30])
def test_a_wrong_place_is_refused(intake: Intake, after: str) -> None:
    assert read(intake, f"/v1/employers/acme/agenda?after={after}")[0] == 400


def test_unknown_candidates_and_cards_are_not_found(intake: Intake) -> None:
    assert read(intake, "/v1/candidates/nobody/agenda")[0] == 404
    assert answer(intake, f"{PATH}/cards/card_x/feedback", {"answer": "done"})[0] == 404
    status, problem = answer(intake, f"{PATH}/cards/card_x/feedback", {"answer": "perhaps", "until": "x"})
    assert status == 422
    assert {error["pointer"] for error in problem["errors"]} >= {"/answer", "/until"}


@pytest.mark.parametrize(
    ("path", "price"),
    [
        (PATH, prices.AGENDA + prices.QUESTIONS),
        (f"{PATH}?{ACME}", prices.AGENDA),
        ("/v1/employers/acme/agenda", 2 * prices.AGENDA),
        ("/v1/employers/acme/agenda?limit=1", prices.AGENDA),
    ],
)
def test_an_agenda_costs_as_much_as_its_work(tmp_path: Path, path: str, price: int) -> None:
    parts = intake_at(tmp_path, rate=Rate(1, 2 + 2 * price))
    assert [parts.send(offer(number, f"c-{number}")).status_code for number in "12"] == [202, 202]
    advise(parts)
    list_candidates(parts)
    assert [parts.get(path).status_code for _ in range(3)] == [200, 200, 429]
    parts.broker.close()
    parts.store.close()


def test_the_command_line_prints_it_for_reading(intake: Intake) -> None:
    _, found = read(intake, PATH)

    @click.command
    def command() -> None:
        show(found)

    text = CliRunner().invoke(command).output
    assert text.startswith("c-1's agenda")
    assert f"1  {found['cards'][0]['title']}" in text
    assert f"?  {found['questions'][0]['text']}" in text


def test_the_command_lists_the_candidates_of_an_employer(intake: Intake, monkeypatch: pytest.MonkeyPatch) -> None:
    list_candidates(intake)
    monkeypatch.setattr("signpost.cli.agenda.PAGE_ITEMS", 1)
    monkeypatch.setattr("signpost.cli.client.open_client", lambda settings: nullcontext(None))
    monkeypatch.setattr(
        "signpost.cli.client.request_json",
        lambda client, method, path, params: read(intake, f"{path}?{urlencode(params)}")[1],
    )
    every = CliRunner().invoke(agenda, ["--employer", "acme"]).output.splitlines()
    assert [line.split("  ")[0] for line in every if line.startswith("acme's")] == [
        "acme's agenda about c-1",
        "acme's agenda about c-2",
    ]
    assert every[-1] == "acme: 2 candidates with something to do"
    first = CliRunner().invoke(agenda, ["--employer", "acme", "--limit", "1"]).output
    assert first.endswith("acme: 1 candidate with something to do; a higher --limit may show more\n")
