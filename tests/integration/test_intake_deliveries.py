"""Deliveries a person can debug: each webhook has an id, what became of it can be read, and it can be played again."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from signpost.cli import main
from signpost.ingress.stored_headers import stored_headers
from signpost.ingress.vendors import VENDORS, sign
from signpost.storage import DeliveryRow
from signpost.storage.deliveries import MAX_UNVERIFIED
from tests.integration.test_intake_reading import read
from tests.integration.test_intake_webhooks import ACME, CAREERS, EXTENDED, OFFER
from tests.support.intake_parts import (
    DEAD_DATABASE,
    NOW,
    SECRET,
    SOUTH_KEY,
    TENANTS,
    Intake,
    intake_at,
    sign_greenhouse,
    sign_standard,
)

HEADER = "Signpost-Delivery"


@pytest.fixture
def intake(tmp_path: Path) -> Iterator[Intake]:
    parts = intake_at(tmp_path)
    yield parts
    parts.broker.close()
    parts.store.close()


def greenhouse(intake: Intake, document: Any, **headers: str) -> Any:
    body = json.dumps(document).encode()
    return intake.client.post(ACME, data=body, headers={**sign_greenhouse(body), **headers})


def test_a_webhook_is_answered_with_its_id_under_which_it_is_found(intake: Intake) -> None:
    answer = greenhouse(intake, OFFER)
    name = answer.json["delivery"]
    assert answer.headers[HEADER] == name
    status, found = read(intake, f"/v1/deliveries/{name}")
    assert (status, found["status"], found["source"], found["problems"]) == (200, "accepted", "acme", [])
    assert (found["verified"], read(intake, "/v1/deliveries")[1]["items"][0]["verified"]) == (True, True)
    assert [event["type"] for event in found["events"]] == ["signpost.offer.extended.v1", "signpost.offer.updated.v1"]
    assert found["body"]["payload"]["application_id"] == 234556
    assert "80000" not in json.dumps(found["body"])
    assert "bring" not in json.dumps(found["body"])


def test_an_operator_sees_which_unknown_source_was_named(intake: Intake) -> None:
    for name, headers in (("acmee", sign_greenhouse(b"{}")), ("nord\x07" + "x" * 99, {})):
        assert intake.client.post(f"/v1/webhooks/{name}", data=b"{}", headers=headers).status_code == 401
    last, first = (json.loads(row.problems)[0]["detail"] for row in intake.store.inspection.refused(5))
    assert first == "no source is called 'acmee'"
    assert last == f"no source is called 'nord\\x07{'x' * 75}'"


@pytest.mark.parametrize(
    ("body", "status"), [(b'{"action": ', 400), (b"[" * 99, 400), (b'{"action": "offer_created", "payload": {}}', 422)]
)
def test_a_refused_webhook_is_answered_with_its_id_too(intake: Intake, body: bytes, status: int) -> None:
    answer = intake.client.post(ACME, data=body, headers=sign_greenhouse(body))
    assert answer.status_code == status
    assert answer.json is not None
    assert answer.json["delivery"] == answer.headers[HEADER]
    assert read(intake, f"/v1/deliveries/{answer.json['delivery']}")[1]["status"] == "refused"


def test_what_was_wrong_is_told_field_by_field(intake: Intake) -> None:
    answer = greenhouse(intake, {"action": "offer_created", "payload": {"id": 1}})
    assert answer.status_code == 422
    _, found = read(intake, f"/v1/deliveries/{answer.headers[HEADER]}")
    assert found["status"] == "refused"
    assert found["problems"] == answer.json["errors"]


@pytest.mark.parametrize(
    ("action", "reason"),
    [
        (
            "offer_sp\u202ein\n" + "x" * 80,
            r"unknown event 'offer_sp\u202ein\n" + "x" * 47 + "…': no entry of events (on) or ignored",
        ),
        ("candidate_anonymized", "event 'candidate_anonymized': emits nothing: its conditions (when) do not hold"),
        ("offer_deleted", "event 'offer_deleted': only an offer that was sent and is open is taken back"),
    ],
)
def test_a_webhook_without_events_says_why(intake: Intake, action: str, reason: str) -> None:
    name = greenhouse(intake, {"action": action, "payload": {"offer": {"application_id": 5}}}).headers[HEADER]
    found = read(intake, f"/v1/deliveries/{name}")[1]
    [problem] = found["problems"]
    assert found["status"] == "ignored"
    assert problem["detail"].startswith(reason)
    replayed = intake.post(f"/v1/deliveries/{name}/replay", b"", {}).get_json()
    assert (replayed["status"], replayed["problems"]) == ("ignored", [problem])


def test_what_could_not_sign_leaves_no_body_behind(intake: Intake) -> None:
    answer = greenhouse(intake, OFFER, Signature="sha256 " + 64 * "0")
    assert answer.status_code == 401
    assert HEADER not in answer.headers
    assert "delivery" not in answer.json
    [listed] = read(intake, "/v1/deliveries?source=acme")[1]["items"]
    assert "the signature does not match the body" in listed["problems"][0]["detail"]
    _, found = read(intake, f"/v1/deliveries/{listed['id']}")
    assert (found["status"], found["verified"], found["body"], found["replayable"]) == ("unsigned", False, None, False)
    replayed = intake.post(f"/v1/deliveries/{listed['id']}/replay", b"", {})
    assert replayed.status_code == 400


UNVERIFIED: tuple[tuple[str, dict[str, str], bytes], ...] = (
    ("smartrecruiters", {"X-Hook-Secret": "word"}, b'{"candidate_id": "c-1"}'),
    ("recruitee", {}, b'{"test": true}'),
)


@pytest.mark.parametrize(("vendor", "headers", "body"), UNVERIFIED)
def test_what_is_answered_without_a_signature_is_not_kept_and_cannot_be_replayed(
    tmp_path: Path, vendor: str, headers: dict[str, str], body: bytes
) -> None:
    text = TENANTS + f"  open:\n    tenant: north\n    vendor: {vendor}\n    secrets: ['plain:{SECRET}']\n"
    intake = intake_at(tmp_path, text=text)
    answer = intake.post("/v1/webhooks/open", body, headers)
    assert answer.status_code == 200
    _, found = read(intake, f"/v1/deliveries/{answer.headers[HEADER]}")
    assert (found["status"], found["body"], found["replayable"]) == ("ignored", None, False)
    assert [problem["detail"] for problem in found["problems"]] in ([], ["a test request"])
    assert intake.post(f"/v1/deliveries/{answer.headers[HEADER]}/replay", b"", {}).status_code == 400
    intake.broker.close()
    intake.store.close()


def test_a_body_without_a_checked_signature_is_not_replayed_even_if_it_is_stored(intake: Intake) -> None:
    body = json.dumps(OFFER).encode()
    row = DeliveryRow("dlv_x", "north", "acme", NOW, "ignored", b"[]", b"[]", 1, b"null", b"{}", body, verified=False)
    intake.store.deliveries.add(row, [])
    assert read(intake, "/v1/deliveries/dlv_x")[1]["replayable"] is False
    assert intake.post("/v1/deliveries/dlv_x/replay", b"", {}).status_code == 400
    assert intake.queued() == []


def test_senders_without_a_signature_fill_nothing(intake: Intake) -> None:
    for number in range(MAX_UNVERIFIED + 20):
        headers = {"Signature": "sha256 " + 64 * "0", "User-Agent": "x" * 7000, f"X-{number}": "y" * 7000}
        assert intake.client.post(ACME, data=b"{}", headers=headers).status_code == 401
        assert intake.client.post(f"/v1/webhooks/none-{number}", data=b"{}", headers=headers).status_code == 401
    items = read(intake, "/v1/deliveries?limit=500")[1]["items"]
    assert len(items) == MAX_UNVERIFIED
    row = intake.store.deliveries.get("north", items[0]["id"])
    assert row is not None
    assert len(row.headers) < 1000


@pytest.mark.parametrize("vendor", VENDORS)
def test_only_the_headers_that_a_mapping_reads_are_stored(vendor: str) -> None:
    """And no credential, whatever the vendor."""
    sent = dict.fromkeys(("x-api-key", "authorization", "cookie", "signature", "x-anything"), "credential")
    sent |= {VENDORS[vendor].scheme.header: "credential", "content-type": "application/json", "user-agent": "curl"}
    sent |= {"event-id": "e" * 9999, "event-name": "n", "webhook-id": "w"}
    kept = stored_headers(vendor, sent)
    assert "credential" not in kept.values()
    expected = {"smartrecruiters": {"event-id", "event-name"}, "standard": {"webhook-id"}}.get(vendor, set())
    assert set(kept) == {"content-type", "user-agent"} | expected
    assert all(len(value) <= 512 for value in kept.values())


def test_a_replay_has_the_headers_that_its_mapping_reads(tmp_path: Path) -> None:
    vendor = VENDORS["smartrecruiters"]
    sample = next(one for one in vendor.samples if "event-id" in {name.lower() for name in one.headers} and one.gives)
    text = TENANTS + f"  open: {{tenant: north, vendor: smartrecruiters, secrets: ['plain:{SECRET}']}}\n"
    intake = intake_at(tmp_path, text=text)
    headers, body = sign(vendor.scheme, SECRET, sample.headers, sample.body(), NOW)
    answer = intake.post("/v1/webhooks/open", body, {**headers, "X-Api-Key": "credential"})
    name, before = answer.headers[HEADER], intake.queued()
    assert json.loads(answer.data)["events"] == len(before) > 0
    assert intake.post(f"/v1/deliveries/{name}/replay", b"", {}).status_code == 200
    assert [event["id"] for event in intake.queued()] == [event["id"] for event in before]
    row = intake.store.deliveries.get("north", name)
    assert row is not None
    assert b"credential" not in row.headers
    intake.broker.close()
    intake.store.close()


def test_what_names_no_source_leaves_nothing(intake: Intake) -> None:
    answer = intake.client.post("/v1/webhooks/nobody", data=b"{}")
    assert answer.status_code == 401
    assert HEADER not in answer.headers
    assert read(intake, "/v1/deliveries")[1] == {"items": [], "next": None}


def test_the_latest_come_first_and_pages_follow(intake: Intake) -> None:
    names = [greenhouse(intake, {"action": "ping", "n": number}).json["delivery"] for number in range(3)]
    _, first = read(intake, "/v1/deliveries?limit=2&source=acme&status=ignored")
    _, second = read(intake, f"/v1/deliveries?limit=2&after={first['next']}")
    found = [one["id"] for one in (*first["items"], *second["items"])]
    assert sorted(found) == sorted(names)
    assert len(second["items"]) == 1


@pytest.mark.parametrize(
    "query",
    ["status=lost", "status=", "limit=0", "limit=x", "after=x", "after=1.", f"after={2**63}.x", "limit=99999"],
)
def test_a_query_that_cannot_be_read_is_refused(intake: Intake, query: str) -> None:
    status, problem = read(intake, f"/v1/deliveries?{query}")
    assert (status, [one["pointer"] for one in problem["errors"]]) == (400, [f"?{query.partition('=')[0]}"])


def test_a_delivery_is_its_tenants_own(intake: Intake) -> None:
    name = greenhouse(intake, OFFER).json["delivery"]
    assert read(intake, f"/v1/deliveries/{name}", SOUTH_KEY)[0] == 404
    assert read(intake, "/v1/deliveries", SOUTH_KEY)[1]["items"] == []
    assert read(intake, f"/v1/deliveries/{name}", "no key")[0] == 401
    assert intake.post(f"/v1/deliveries/{name}/replay", b"", {}, SOUTH_KEY).status_code == 404


def test_a_replay_keeps_the_same_events_once_more(intake: Intake) -> None:
    name = greenhouse(intake, OFFER).json["delivery"]
    before = [(event["source"], event["id"]) for event in intake.queued()]
    answer = intake.post(f"/v1/deliveries/{name}/replay", b"", {})
    assert (answer.status_code, json.loads(answer.data)["status"]) == (200, "accepted")
    assert [(event["source"], event["id"]) for event in intake.queued()] == before
    assert len(before) == 2


def test_a_webhook_on_which_a_bug_strikes_is_kept_and_can_be_replayed(
    intake: Intake, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Many vendors stop after some retries, and the next version may come later than that."""
    with monkeypatch.context() as patched:
        patched.setattr("signpost.ingress.receiving.translate", lambda *_: int("no number"))
        assert greenhouse(intake, OFFER).status_code == 500
    (kept,) = read(intake, "/v1/deliveries")[1]["items"]
    assert (kept["status"], kept["replayable"]) == ("unavailable", True)
    assert "a bug of Signpost" in read(intake, f"/v1/deliveries/{kept['id']}")[1]["problems"][0]["detail"]
    replayed = intake.post(f"/v1/deliveries/{kept['id']}/replay", b"", {}).get_json()
    assert (replayed["status"], len(replayed["events"]), len(intake.queued())) == ("accepted", 2, 2)


def test_a_delivery_is_forgotten_with_its_candidate(intake: Intake) -> None:
    body = json.dumps(EXTENDED).encode()
    name = intake.client.post(CAREERS, data=body, headers=sign_standard(body)).headers[HEADER]
    with intake.store.transaction() as transaction:
        transaction.lock_cases([("north", "c-1")])
        transaction.erase("north", ["c-1"], 0, now=0)
    assert read(intake, f"/v1/deliveries/{name}")[0] == 404


def test_a_refused_delivery_is_forgotten_with_the_candidate_it_names(intake: Intake) -> None:
    refused = {"action": "offer_created", "payload": {"id": 1, "application": {"candidate": {"id": 8881}}}}
    name = greenhouse(intake, refused).headers[HEADER]
    assert read(intake, f"/v1/deliveries/{name}")[1]["status"] == "refused"
    with intake.store.transaction() as transaction:
        transaction.erase("north", ["8881"], 0, now=0)
    assert read(intake, f"/v1/deliveries/{name}")[0] == 404
    again = greenhouse(intake, refused).headers[HEADER]
    found = read(intake, f"/v1/deliveries/{again}")[1]
    assert (found["status"], found["body"], found["replayable"]) == ("refused", None, False)
    [problem] = found["problems"]
    assert problem["detail"] == "its content is not kept: it names a candidate who was erased"


@pytest.mark.parametrize("body", [b"not JSON: Ada", b"[" + b",".join(b'"%d"' % n for n in range(1500)) + b"]"])
def test_a_body_in_which_no_erasure_can_find_ids_is_not_kept(intake: Intake, body: bytes) -> None:
    name = intake.client.post(ACME, data=body, headers=sign_greenhouse(body)).headers[HEADER]
    found = read(intake, f"/v1/deliveries/{name}")[1]
    assert (found["verified"], found["body"], found["replayable"]) == (True, None, False)


def test_a_database_that_is_away_turns_no_webhook_away(tmp_path: Path) -> None:
    parts = intake_at(tmp_path, database_url=DEAD_DATABASE)
    answer = greenhouse(parts, OFFER)
    assert answer.status_code == 200
    assert len(parts.queued()) == 2
    parts.broker.close()


def test_the_command_line_says_what_to_do_without_a_key(tmp_path: Path) -> None:
    result = CliRunner(env={"SIGNPOST_DATA_DIR": str(tmp_path)}).invoke(main, ["deliveries", "list"])
    assert result.exit_code != 0
    assert "API key" in result.output
