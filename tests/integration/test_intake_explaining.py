"""Explanations and simulations over HTTP, on what really was advised; nothing that is imagined is kept."""

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from signpost.case import Case, Event
from signpost.schemas.documents.generate import documents
from signpost.storage import CaseRow
from tests.integration.test_intake_reading import advise, envelope, offer, read
from tests.support.intake_parts import NORTH_KEY, NOW, SOUTH_KEY, Intake, intake_at

OFFER = "/v1/candidates/c-1/rules/ask-response-deadline"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("explaining")


@pytest.fixture(scope="module")
def intake(folder: Path) -> Iterator[Intake]:
    parts = intake_at(folder)
    assert parts.send(offer("1", "c-1")).status_code == 202
    assert parts.send(offer("2", "application:a-7")).status_code == 202
    advise(parts)
    yield parts
    parts.broker.close()
    parts.store.close()


def described(name: str, document: Any) -> None:
    """It is as the OpenAPI document says."""
    whole = documents()["openapi.json"]
    schema = {**whole["components"]["schemas"][name], "components": whole["components"]}
    assert [error.message for error in Draft202012Validator(schema).iter_errors(document)] == []


def test_a_rule_about_one_subject_and_about_all(intake: Intake) -> None:
    status, one = read(intake, f"{OFFER}?subject=offer/o-1")
    assert (status, one["holds"], one["priority"], one["told"]["state"]) == (200, True, "high", "active")
    described("Explanation", one)
    assert [change["fact"] for change in one["if_changed"]] == ["offer/o-1 stage", "offer/o-1 respond_by"]
    assert read(intake, OFFER) == (200, {"items": [one]})


def test_a_recommendation_explains_itself(intake: Intake) -> None:
    _, advice = read(intake, "/v1/candidates/c-1/advice")
    [found] = [one for one in advice["active"] if one["rule"] == "ask-response-deadline"]
    assert read(intake, f"/v1/recommendations/{found['id']}/explanation") == read(intake, f"{OFFER}?subject=offer/o-1")


def test_an_earlier_instant_knows_only_what_was_said_by_then(intake: Intake) -> None:
    status, one = read(intake, f"{OFFER}?at=2026-03-01T00:00:00Z")
    assert (status, one) == (200, {"items": []})


def test_what_consumers_were_told_belongs_to_now_alone(intake: Intake) -> None:
    _, one = read(intake, f"{OFFER}?subject=offer/o-1&at=2026-03-02T14:00:00Z")
    assert (one["holds"], one["at"], one["told"]) == (True, "2026-03-02T14:00:00Z", None)
    described("Explanation", one)


def test_a_case_with_too_many_subjects_asks_for_one(intake: Intake) -> None:
    with intake.store.transaction() as transaction:
        many = [Event("north", "s", f"m-{n}", "offer.extended", NOW, "many", {"offer": f"o-{n}"}) for n in range(51)]
        transaction.lock_cases([("north", "many")])
        transaction.save_cases([CaseRow("north", "many", Case().fold(*many).to_json())])
    status, found = read(intake, "/v1/candidates/many/rules/ask-response-deadline")
    assert (status, found["errors"][0]["pointer"]) == (400, "?subject")
    assert read(intake, "/v1/candidates/many/rules/ask-response-deadline?subject=offer/o-7")[1]["holds"]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        (f"{OFFER}?subject=offer/none", 404),
        ("/v1/candidates/c-1/rules/ask-respond-deadline", 404),
        ("/v1/candidates/nobody/rules/ask-response-deadline", 404),
        ("/v1/recommendations/rec_none/explanation", 404),
        (f"{OFFER}?at=yesterday", 400),
        (f"{OFFER}?at=2026-03-01T00:00:00", 400),
        (f"{OFFER}?at=9999-12-31T23:59:59Z", 400),
        ("/v1/candidates/c%00/rules/give-notice", 404),
    ],
)
def test_what_cannot_be_explained_is_a_problem(intake: Intake, path: str, status: int) -> None:
    found, document = read(intake, path)
    assert (found, document["status"]) == (status, status)
    described("Problem", document)


def test_explanations_are_of_ones_own_tenant(intake: Intake) -> None:
    _, advice = read(intake, "/v1/candidates/c-1/advice")
    for path in (OFFER, f"/v1/recommendations/{advice['active'][0]['id']}/explanation"):
        assert read(intake, path, SOUTH_KEY)[0] == 404
        assert read(intake, path, "no key")[0] == 401


def simulate(intake: Intake, document: Any, key: str = NORTH_KEY) -> tuple[int, Any]:
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    answer = intake.post("/v1/simulate", body, {"Content-Type": "application/json"}, key)
    return answer.status_code, json.loads(answer.data)


def imagined(short: str, time: str, subject: str = "c-1", **data: Any) -> dict[str, Any]:
    return {**envelope("imagined", subject, short, time), "data": data}


def kept(folder: Path) -> list[str]:
    """All that the database holds, the queue included."""
    with sqlite3.connect(folder / "signpost.db") as connection:
        return list(connection.iterdump())


def test_what_would_happen_is_told_with_its_instants_and_not_kept(intake: Intake, folder: Path) -> None:
    before = kept(folder)
    later = imagined("offer.updated", "2026-03-03T00:00:00Z", offer="o-1", respond_by="2026-03-10T00:00:00Z")
    status, found = simulate(intake, {"events": [later], "until": "2026-03-09T12:00:00Z"})
    assert status == 200
    described("Simulated", found)
    emitted = [(one["changed_at"], one["rule"], one["change"], one["priority"]) for one in found["changes"]]
    assert ("2026-03-03T00:00:00Z", "ask-response-deadline", "resolved", "high") in emitted
    assert [step for step in emitted if step[1] == "respond-before-deadline"] == [
        ("2026-03-07T00:00:00Z", "respond-before-deadline", "raised", "normal"),
        ("2026-03-08T00:00:00Z", "respond-before-deadline", "updated", "high"),
        ("2026-03-09T00:00:00Z", "respond-before-deadline", "updated", "urgent"),
    ]
    assert "respond-before-deadline" in {one["rule"] for one in found["active"]}
    assert found["until"] < found["next_change"] <= "2026-03-10T00:00:00Z"
    assert kept(folder) == before
    assert len(before) > 20


def test_somebody_new_and_an_application_that_turns_out_to_be_theirs(intake: Intake) -> None:
    joined = imagined("application.submitted", "2026-03-02T13:59:00Z", "c-9", application="a-7")
    status, found = simulate(intake, {"events": [joined]})
    assert status == 200
    assert found["candidate"] == "c-9"
    assert "ask-response-deadline" in {one["rule"] for one in found["active"]}
    assert read(intake, "/v1/candidates/c-9/case")[0] == 404


def test_another_tenant_imagines_over_nothing(intake: Intake) -> None:
    status, found = simulate(intake, {"candidate": "c-1", "events": []}, SOUTH_KEY)
    assert (status, found["active"], found["changes"]) == (200, [], [])


def test_from_a_time_that_is_past_only_what_was_known_then_counts(intake: Intake) -> None:
    status, found = simulate(intake, {"candidate": "c-1", "events": [], "at": "2026-03-02T12:59:59Z"})
    assert (status, found["active"]) == (200, [])
    status, found = simulate(intake, {"candidate": "c-1", "events": [], "at": "2026-03-02T13:00:00Z"})
    assert "ask-response-deadline" in {one["rule"] for one in found["active"]}
    assert {one["change"] for one in found["changes"]} == {"raised"}


def test_a_simulation_that_would_take_minutes_is_refused(intake: Intake) -> None:
    at = "2026-03-03T00:00:00Z"
    busy = [{**imagined("offer.extended", at, offer=f"o-{n}"), "id": f"b-{n}"} for n in range(150)]
    assert simulate(intake, {"events": busy[:5], "until": "2027-03-01T00:00:00Z"})[0] == 200
    status, found = simulate(intake, {"events": busy, "until": "2027-03-01T00:00:00Z"})
    assert (status, found["errors"][0]["pointer"]) == (422, "/until")


MANY = [imagined("offer.extended", "2026-03-03T00:00:00Z", offer=f"o-{number}") for number in range(201)]


@pytest.mark.parametrize(
    ("document", "pointer"),
    [
        ({"events": [], "candidate": "c-1", "form": 1}, "/form"),
        ({"events": []}, "/candidate"),
        ({"candidate": "c-1"}, "/events"),
        ({"events": MANY}, "/events"),
        ({"events": ["x"]}, "/events/0"),
        ({"events": [imagined("offer.extended", "2026-03-03T00:00:00Z", offer=7)]}, "/events/0/data/offer"),
        ({"events": [imagined("offer.extended", "2030-03-03T00:00:00Z", offer="o")]}, "/events/0/time"),
        ({"events": [], "candidate": "c-1", "until": "2026-01-01T00:00:00Z"}, "/until"),
        ({"events": [], "candidate": "c-1", "until": "2036-01-01T00:00:00Z"}, "/until"),
        ({"events": [], "candidate": "c-1", "at": "now"}, "/at"),
        ({"events": [], "candidate": "c-1", "until": "9999-12-31T23:59:59Z"}, "/until"),
        ([], ""),
    ],
)
def test_a_simulation_that_cannot_be_run_names_every_bad_field(intake: Intake, document: Any, pointer: str) -> None:
    status, found = simulate(intake, document)
    assert status == 422
    assert pointer in {error["pointer"] for error in found["errors"]}


GOOD = imagined("offer.extended", "2026-03-03T00:00:00Z", offer="o")


@pytest.mark.parametrize(
    ("document", "pointers"),
    [
        ({"events": [GOOD | {"id": None}, 5, GOOD | {"type": "x"}], "until": 5},
         {"/until", "/events/0/id", "/events/1", "/events/2/type"}),
        ({"events": [GOOD | {"time": "2030-03-03T00:00:00Z", "id": 5}], "at": 7, "form": 1},
         {"/at", "/form", "/events/0/id"}),
        ({"events": [], "until": 5}, {"/until", "/candidate"}),
        ({"events": [], "candidate": "", "until": "2020-01-01T00:00:00Z"}, {"/candidate", "/until"}),
        ({"events": [], "candidate": "c-1", "at": 1, "until": "2020-01-01T00:00:00Z"}, {"/at"}),
        ({"events": [5] * 201, "at": 7}, {"/events", "/at"}),
        ({"until": 5}, {"/events", "/until"}),
    ],
)  # fmt: skip
def test_all_bad_fields_of_a_simulation_are_named_at_once(intake: Intake, document: Any, pointers: set[str]) -> None:
    status, found = simulate(intake, document)
    assert (status, {error["pointer"] for error in found["errors"]}) == (422, pointers)


def test_the_candidate_is_not_missing_where_an_event_is_invalid(intake: Intake) -> None:
    events = [imagined("offer.extended", "2026-03-03T00:00:00Z", offer=7)]
    _, found = simulate(intake, {"events": events})
    assert {error["pointer"] for error in found["errors"]} == {"/events/0/data/offer"}


def test_a_hostile_body_is_refused_like_everywhere(intake: Intake) -> None:
    for body in (b"", b"{", b'{"events": NaN}', b'{"a": 1, "a": 2}'):
        assert simulate(intake, body)[0] == 400
    assert simulate(intake, b"[" * 5000 + b"]" * 5000)[0] == 422
    assert simulate(intake, {"events": []}, "no key")[0] == 401


def test_rules_that_change_are_taken_without_a_restart(tmp_path: Path) -> None:
    from shutil import copytree

    from signpost.services.intake.engines import TenantEngines
    from tests.support.rulebooks import RULES

    folder, ticks = Path(copytree(RULES, tmp_path / "rules")), iter(range(0, 1000, 5))
    engines = TenantEngines(folder, tmp_path / "tenants.yaml", 1, lambda: next(ticks))
    before = engines.of("north")
    path = folder / "before-accepting.yaml"
    path.write_text(path.read_text("utf-8").replace("Never sign in a rush", "Take your time"), "utf-8")
    engines.of("north")
    assert engines.of("north").rulebook.version != before.rulebook.version


def test_a_date_that_no_period_can_be_counted_from_is_refused(intake: Intake) -> None:
    document = imagined("offer.extended", "2026-03-02T00:00:00Z", offer="acme", start_date="0001-01-01")
    status, found = simulate(intake, {"events": [document]})
    assert (status, [one["pointer"] for one in found["errors"]]) == (422, ["/events/0/data/start_date"])


def test_the_other_candidates_of_a_simulation_are_named(intake: Intake) -> None:
    time = "2026-03-03T00:00:00Z"
    sent = [imagined("offer.extended", time, key, offer="o-9") | {"id": key} for key in ("c-1", "c-9")]
    _, found = simulate(intake, {"events": sent})
    described("Simulated", found)
    assert (found["candidate"], found["others"]) == ("c-1", ["c-9"])
    merged = imagined("candidate.merged", time, "c-9", into="c-1")
    assert simulate(intake, {"events": [*sent, merged]})[1]["others"] == []
