"""Questions over HTTP and on the command line, about what is really stored."""

import json
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

import pytest
from click.testing import CliRunner

from signpost.cli.questions import questions
from signpost.names import JSON
from signpost.services.intake import prices
from signpost.storage import Rate
from tests.integration.test_intake_explaining import described
from tests.integration.test_intake_reading import advise, envelope, offer, read
from tests.support.intake_parts import SOUTH_KEY, Intake, intake_at

PATH = "/v1/candidates/c-1/questions"


@pytest.fixture(scope="module")
def intake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Intake]:
    parts = intake_at(tmp_path_factory.mktemp("questions"))
    assert parts.send(offer("1", "c-1")).status_code == 202
    advise(parts)
    yield parts
    parts.broker.close()
    parts.store.close()


def test_the_questions_to_a_candidate_are_as_documented(intake: Intake) -> None:
    status, found = read(intake, PATH)
    assert (status, found["candidate"]) == (200, "c-1")
    described("Questions", found)
    assert 0 < len(found["questions"]) <= 5
    assert read(intake, f"{PATH}?limit=1")[1]["questions"] == found["questions"][:1]


def test_the_event_of_an_answer_brings_the_advice_that_waits_for_it(intake: Intake) -> None:
    [first] = read(intake, f"{PATH}?limit=1")[1]["questions"]
    [answer] = first["answers"]
    event = envelope("answer", "c-1", "offer.updated", "2026-03-02T14:00:00Z") | answer["event"]
    event["data"][answer["fill"]["pointer"].removeprefix("/data/")] = answer["fill"]["example"]
    simulated = intake.post("/v1/simulate", json.dumps({"events": [event]}).encode(), {"Content-Type": JSON})
    assert simulated.status_code == 200, simulated.data
    waiting = {rule["rule"] for rule in first["rules"]}
    assert waiting & {one["rule"] for one in simulated.get_json()["active"]}
    _, advice = read(intake, "/v1/candidates/c-1/advice?audience=candidate")
    assert not waiting & {one["rule"] for one in advice["active"]}


def test_an_expensive_question_is_charged_for(tmp_path: Path) -> None:
    parts = intake_at(tmp_path, rate=Rate(1, prices.QUESTIONS + 1))
    assert parts.send(offer("1", "c-1")).status_code == 202
    advise(parts)
    assert [parts.get(PATH).status_code for _ in range(2)] == [200, 429]
    parts.broker.close()
    parts.store.close()


def test_the_command_prints_what_a_person_is_asked(intake: Intake, monkeypatch: pytest.MonkeyPatch) -> None:
    found = read(intake, PATH)[1]
    monkeypatch.setattr("signpost.cli.client.open_client", lambda settings: nullcontext(None))
    monkeypatch.setattr("signpost.cli.client.request_json", lambda client, method, path, params: found)
    shown = CliRunner().invoke(questions, ["c-1"])
    assert shown.exit_code == 0, shown.output
    assert "Has Acme told you by when it needs your answer?  (offer/o-1 respond_by)" in shown.output
    assert "decides: deadline-passed (urgent)" in shown.output
    assert 'signpost.offer.updated.v1 {"offer": "o-1", "respond_by": null}' in shown.output


@pytest.mark.parametrize(
    ("path", "status"),
    [
        (f"{PATH}?limit=0", 400),
        (f"{PATH}?limit=21", 400),
        (f"{PATH}?limit=x", 400),
        ("/v1/candidates/nobody/questions", 404),
        ("/v1/candidates/c%00/questions", 404),
    ],
)
def test_what_cannot_be_asked_for_is_refused(intake: Intake, path: str, status: int) -> None:
    assert read(intake, path)[0] == status


def test_another_tenant_has_no_such_candidate(intake: Intake) -> None:
    assert read(intake, PATH, SOUTH_KEY)[0] == 404
