"""The reading side over what really was advised: events through the door, folded and advised, stored, and read back."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import orjson
import pytest
from jsonschema import Draft202012Validator

from signpost.advice.case_set import CaseSet, LoadedCase
from signpost.advice.document import urgency
from signpost.advice.messages import routing_key, to_cloudevent
from signpost.schemas import RecommendationSchema, load_own_event
from signpost.schemas.documents.generate import documents, recommendation_document
from signpost.storage import CaseRow, Change
from signpost.storage.cursor import encode_cursor
from tests.support.intake_parts import NORTH_KEY, NOW, SOUTH_KEY, Intake, intake_at
from tests.support.rulebooks import shipped_engine

RULES = Path(__file__).parents[2] / "rules"
STRANGE = 'a/b c?d#ü%2F"'


@pytest.fixture(scope="module")
def intake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Intake]:
    parts = intake_at(tmp_path_factory.mktemp("reading"))
    for name, subject in (("1", "c-1"), ("2", "application:a-7"), ("3", STRANGE), ("4", "c-2")):
        assert parts.send(offer(name, subject)).status_code == 202
    assert parts.send(erasure("5", "c-2")).status_code == 202
    advise(parts)
    yield parts
    parts.broker.close()
    parts.store.close()


def offer(name: str, subject: str) -> dict[str, Any]:
    data = {"offer": f"o-{name}", "employer": {"id": "acme", "name": "Acme"}}
    return envelope(name, subject, "offer.extended", "2026-03-02T13:00:00Z") | {"data": data}


def erasure(name: str, subject: str) -> dict[str, Any]:
    return envelope(name, subject, "candidate.erased", "2026-03-02T13:30:00Z")


def envelope(name: str, subject: str, short: str, time: str) -> dict[str, Any]:
    said = {"specversion": "1.0", "id": name, "source": "s", "type": f"signpost.{short}.v1", "time": time}
    return said | {"subject": subject}


def advise(parts: Intake) -> None:
    """What an advisor does, without its loop: fold, advise, keep."""
    case_set = CaseSet(shipped_engine(), "north", {})
    emitted = [
        (key, change) for event in map(load_own_event, parts.queued()) for key, change in case_set.handle(event, NOW)
    ]
    changes = [
        Change(
            "north", key, change.id, change.sequence, change.change, change.status, change.audience, change.rule,
            change.subject, change.priority, NOW,
            orjson.dumps(to_cloudevent(change, tenant="north", key=key, now=NOW)), routing_key(change, "north"),
        )
        for key, change in emitted
    ]  # fmt: skip
    with parts.store.transaction() as transaction:
        transaction.lock_cases([("north", key) for key in case_set.cases])
        transaction.save_cases([row(case) for case in case_set.cases.values()])
        transaction.record(changes, now=NOW, leased_until=NOW)


def row(case: LoadedCase) -> CaseRow:
    return CaseRow(
        "north", case.key, case.case.to_json(), case.advice_state, case.merged_into, case.next_change, "v", updated=NOW
    )


def read(intake: Intake, path: str, key: str = NORTH_KEY) -> tuple[int, Any]:
    answer = intake.get(path, key)
    return answer.status_code, json.loads(answer.data)


def valid(name: str, document: Any) -> bool:
    described = documents()["openapi.json"]
    Draft202012Validator({"$ref": f"#/components/schemas/{name}", **described}).validate(document)
    return True


@pytest.mark.parametrize("subject", ["c-1", "application:a-7", STRANGE])
def test_advice_of_a_candidate_whatever_the_id(intake: Intake, subject: str) -> None:
    status, document = read(intake, f"/v1/candidates/{quote(subject, safe='')}/advice")
    assert (status, document["candidate"]) == (200, subject)
    assert valid("Advice", document)
    assert "ask-response-deadline" in {advice["rule"] for advice in document["active"]}
    for advice in document["active"]:
        assert RecommendationSchema().load(advice) == advice
        assert advice["explanation"]["because"]


@pytest.mark.parametrize("key", ["c-1", STRANGE])
@pytest.mark.parametrize(
    "rest", ["advice", "agenda", "forecast", "case", "questions", "rules/ask-response-deadline", "calendar.ics",
             "calendar-links"],
)  # fmt: skip
def test_a_trailing_slash_is_taken_after_an_id_of_any_characters(intake: Intake, key: str, rest: str) -> None:
    path = f"/v1/candidates/{quote(key, safe='')}/{rest}"
    plain, slash, two = (intake.get(path + end) for end in ("", "/", "//"))
    assert (plain.status_code, slash.status_code, two.status_code) == (200, 200, 404)
    assert slash.data == plain.data
    assert intake.client.put(f"{path}/").status_code == 405


def test_an_id_that_ends_with_a_slash_keeps_it(intake: Intake) -> None:
    assert read(intake, "/v1/candidates/c-1%2F/advice")[0] == 404
    assert read(intake, "/v1/employers/acme%2F/agenda/")[1]["employer"] == "acme/"


def test_advice_comes_the_most_urgent_first_then_by_due_time(intake: Intake) -> None:
    _, document = read(intake, "/v1/candidates/c-1/advice")
    active = document["active"]
    order = [
        (
            ["urgent", "high", "normal", "low"].index(one["priority"]),
            one["due"] is None,
            one["due"] or "",
            one["rule"],
            one["subject"]["id"],
        )
        for one in active
    ]
    assert order == sorted(order)
    assert len({one["priority"] for one in active}) > 1, "the sample must have an order to show"
    assert [one["id"] for one in active] != sorted(one["id"] for one in active)


def test_urgency_orders_by_priority_due_and_a_stable_key() -> None:
    def advice(priority: str, due: str | None, rule: str, subject: str = "o") -> dict[str, Any]:
        return {"priority": priority, "due": due, "rule": rule, "subject": {"kind": "offer", "id": subject}}

    right = [
        advice("urgent", None, "z"),
        advice("high", "2026-03-02T14:00:00Z", "z"),
        advice("high", "2026-03-02T14:00:00.5Z", "a"),
        advice("high", None, "a", "o-1"),
        advice("high", None, "a", "o-2"),
        advice("high", None, "b"),
        advice("low", "2026-03-01T00:00:00Z", "a"),
    ]
    for shuffled in (right[::-1], right[3:] + right[:3]):
        assert sorted(shuffled, key=urgency) == right


def test_advice_is_filtered_by_audience(intake: Intake) -> None:
    _, whole = read(intake, "/v1/candidates/c-1/advice")
    parts = [read(intake, f"/v1/candidates/c-1/advice?audience={name}")[1] for name in ("candidate", "employer")]
    for name, part in zip(("candidate", "employer"), parts, strict=True):
        assert part["active"] == [one for one in whole["active"] if one["audience"] == name]
        assert part["active"], f"the sample must have advice for the {name}"
    assert sum(len(part["suppressed"]) for part in parts) == len(whole["suppressed"])
    status, refused = read(intake, "/v1/candidates/c-1/advice?audience=nobody")
    assert (status, refused["errors"][0]["pointer"]) == (400, "?audience")


def test_the_case_is_what_was_said(intake: Intake) -> None:
    status, document = read(intake, "/v1/candidates/c-1/case")
    assert status == 200
    assert valid("Case", document)
    assert document["case"]["facts"]["offer"]["o-1"]["employer.name"][1] == "Acme"


def test_a_recommendation_explains_itself(intake: Intake) -> None:
    _, document = read(intake, "/v1/candidates/c-1/advice")
    for advice in document["active"]:
        assert read(intake, f"/v1/recommendations/{advice['id']}") == (200, advice)


def test_the_feed_tells_every_change_once_by_its_cursor(intake: Intake) -> None:
    cursor, seen = "", []
    for _ in range(200):
        status, page = read(
            intake, f"/v1/recommendations?limit=2&after={cursor}" if cursor else "/v1/recommendations?limit=2"
        )
        assert status == 200
        assert valid("Feed", page)
        if not page["items"]:
            assert page["next"] == cursor
            break
        seen += page["items"]
        cursor = page["next"]
    assert len({item["id"] for item in seen}) == len(seen) >= 4
    for item in seen:
        Draft202012Validator(recommendation_document()).validate(item)
    _, employers = read(intake, "/v1/recommendations?audience=employer")
    assert [item["id"] for item in employers["items"]] == [
        item["id"] for item in seen if item["data"]["audience"] == "employer"
    ]


@pytest.mark.parametrize("path", ["/v1/candidates/c-2/case", "/v1/candidates/c-2/advice", "/v1/candidates/c-9/advice"])
def test_of_the_forgotten_and_the_unknown_there_is_nothing(intake: Intake, path: str) -> None:
    assert read(intake, path)[0] == 404


def test_a_neighbour_sees_nothing(intake: Intake) -> None:
    _, document = read(intake, "/v1/candidates/c-1/advice")
    paths = [
        "/v1/candidates/c-1/advice",
        "/v1/candidates/c-1/case",
        f"/v1/recommendations/{document['active'][0]['id']}",
    ]
    assert [read(intake, path, SOUTH_KEY)[0] for path in paths] == [404, 404, 404]
    assert read(intake, "/v1/recommendations", SOUTH_KEY) == (200, {"items": [], "next": None})
    assert [read(intake, path, "nobody's")[0] for path in [*paths, "/v1/recommendations"]] == [401] * 4


def test_a_cursor_of_changes_that_the_database_lacks_is_gone(intake: Intake) -> None:
    answer = intake.get(f"/v1/recommendations?after={encode_cursor(1, 1)}")
    assert answer.status_code == 410
    assert answer.json is not None
    assert answer.json["type"] == "urn:signpost:problem:stale-cursor"
    assert "start from the beginning" in answer.json["detail"]
