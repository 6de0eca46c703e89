"""The screens of operations: a tenant sees its own, an operator the installation."""

import json
from collections.abc import Iterator, Sequence
from secrets import token_bytes
from typing import Any

import pytest

from signpost.case.instant import HOUR, format_instant
from signpost.doctor import Site
from signpost.messaging import Message
from signpost.messaging.message import EXCHANGE, REASON, ROUTING_KEY
from signpost.names import DEAD, EVENTS
from signpost.outgoing.desk import EndpointDesk
from signpost.outgoing.items import item_for
from signpost.services.intake.page.installation import Installation
from signpost.services.intake.problems import NoSlot
from signpost.settings import read_settings
from signpost.storage import Attempt, Settled
from tests.integration.test_page_sessions import make_link
from tests.support.intake_parts import NOW, SOUTH_KEY, Intake, intake_at, sign_standard
from tests.support.pages import Reader, follow_link, links_of, sign_in
from tests.support.receivers import change_of, record
from tests.support.rulebooks import FEW_RULES

WEBHOOK = {
    "type": "offer.extended", "timestamp": "2026-03-02T13:00:00Z",
    "data": {"candidate": "c-1", "offer": "o-2", "employer": {"id": "globex", "name": "Globex"}},
}  # fmt: skip
STATUS: dict[str, Any] = {
    "at": "2026-03-02T14:00:00Z",
    "problems": {"broker": "no answer within 8 s"},
    "queues": [{"queue": "signpost.advisor", "waiting": 7, "consumers": 2}],
    "running": [{"role": "advisor", "number": 2, "by": "its consumers"}],
    "errors": [{"at": None, "what": "rules refused", "text": "rules/pay.yaml:3:1: R001"}],
    "rulebooks": ["abc"],
}


class Operator:
    """What operators see."""

    def status(self) -> dict[str, Any]:
        return STATUS

    def examine(self) -> Sequence[dict[str, Any]]:
        return [{"check": "disk", "status": "failed", "found": "full", "command": "df -h", "step": None}]


@pytest.fixture(scope="module")
def intake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Intake]:
    parts = intake_at(tmp_path_factory.mktemp("operations"), operator=Operator(), rules=FEW_RULES)
    for document in (WEBHOOK, {"type": "offer.extended", "data": {}}):
        body = json.dumps(document).encode()
        parts.client.post("/v1/webhooks/careers", data=body, headers=sign_standard(body, name=str(len(body))))
    yield parts
    parts.broker.close()
    parts.store.close()


@pytest.fixture(scope="module")
def reader(intake: Intake) -> Reader:
    return sign_in(intake)


@pytest.fixture(scope="module")
def operator(intake: Intake) -> Reader:
    return follow_link(intake, make_link(intake, role="operator"))


def bury(intake: Intake, tenant: str, number: int, reason: str = "quota: of cases") -> None:
    body = json.dumps({"id": f"e-{number}", "tenant": tenant, "type": "signpost.offer.extended.v1"}).encode()
    key = f"0.{tenant}.offer.extended"
    headers = {REASON: reason, EXCHANGE: EVENTS, ROUTING_KEY: key}
    intake.broker.publisher().publish(Message(DEAD, key, body, f"e-{number}", headers)).result(30)


def test_deliveries_show_their_reasons_and_can_be_replayed(reader: Reader) -> None:
    page = reader.get("/page/operations")
    rows = [row.text for row in page.all("tr")[1:]]
    assert len(rows) == 2
    refused = next(row for row in rows if "refused" in row)
    assert "/timestamp is missing" in refused
    accepted = next(link for link in links_of(page) if link.endswith("dlv_1"))
    one = reader.get(accepted)
    assert "c-1" in one.first("pre").text
    done = reader.send(one, f"{accepted}/replay")
    assert done.first("p", role="status").text == "Replayed: it is accepted now."


def test_deliveries_are_chosen_by_result(reader: Reader) -> None:
    assert len(reader.get("/page/operations?status=accepted").all("tr")) == 2
    assert "is like this" in reader.get("/page/operations?status=unsigned").text
    assert reader.client.get("/page/operations?status=&source=").status_code == 200
    assert reader.client.get("/page/operations?status=strange").status_code == 400


def test_nothing_is_shown_of_a_delivery_without_a_valid_signature(intake: Intake, reader: Reader) -> None:
    answer = intake.client.post("/v1/webhooks/careers", data=b"{}")
    assert answer.status_code == 401
    [unsigned] = [link for link in links_of(reader.get("/page/operations?status=unsigned")) if "/deliveries/" in link]
    one = reader.get(unsigned)
    assert "It is not shown: its signature was not checked" in one.text
    assert one.all("pre") == []


def test_dead_letters_are_grouped_and_requeued_by_cause(intake: Intake, reader: Reader) -> None:
    for number in range(3):
        bury(intake, "north", number)
    bury(intake, "north", 3, "case-full: of events")
    bury(intake, "south", 4)
    page = reader.get("/page/operations/dead-letters")
    groups = [row.text for row in page.first("tbody").all("tr")]
    assert sorted(group.partition(" ")[0] for group in groups) == ["case-full", "quota"]
    assert "south" not in page.text
    form = next(one for one in page.all("form") if one.all("input", name="reason", value="quota"))
    data = {one.attributes["name"]: one.attributes["value"] for one in form.all("input")}
    answer = reader.client.post("/page/operations/dead-letters/requeue", data=data, follow_redirects=True)
    assert "3 requeued" in answer.text
    left = reader.get("/page/operations/dead-letters")
    assert len(left.first("tbody").all("tr")) == 1
    assert len(intake.queued()) >= 3


def test_another_tenant_neither_sees_nor_requeues_them(intake: Intake, operator: Reader) -> None:
    bury(intake, "north", 9, "not processable: x")
    other = sign_in(intake, SOUTH_KEY)
    assert "not processable" not in other.get("/page/operations/dead-letters").text
    assert "dlv_" not in other.get("/page/operations").text
    assert other.client.get("/page/operations/deliveries/dlv_1").status_code == 404
    token = other.get("/page/operations").first("input", name="form").attributes["value"]
    data = {"form": token, "reason": "not processable"}
    answer = other.client.post("/page/operations/dead-letters/requeue", data=data, follow_redirects=True)
    assert "0 requeued" in answer.text
    assert "not processable" in operator.get("/page/operations/dead-letters").text, "an operator sees all tenants'"


def test_only_an_operator_sees_the_installation(reader: Reader, operator: Reader) -> None:
    page = operator.get("/page/operations/installation")
    for shown in ("signpost.advisor", "7", "rules/pay.yaml:3:1", "broker cannot be read: no answer within 8 s"):
        assert shown in page.text
    assert "df -h" in operator.get("/page/operations/doctor").text
    for path in ("/page/operations/installation", "/page/operations/doctor"):
        assert reader.client.get(path).status_code == 404
        assert path not in links_of(reader.get("/page/operations"))


def test_the_installation_is_read_as_the_commands_do(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("installation")
    intake_at(folder, rules=FEW_RULES)
    settings = read_settings({"SIGNPOST_DATA_DIR": str(folder), "SIGNPOST_URL": "http://127.0.0.1:1"})
    looked = Installation(settings)
    status = looked.status()
    assert status["database"]["product"] == "SQLite"
    assert {one["queue"] for one in status["queues"]} >= {"signpost.advisor", "signpost.dead"}
    assert "migrations" in {one["check"] for one in looked.examine()}


def test_one_looks_at_the_installation_at_a_time() -> None:
    settings = read_settings({})

    def make(_settings: Any) -> Site:
        with pytest.raises(NoSlot):
            looked.status()
        raise LookupError

    looked = Installation(settings, make)
    for _ in range(2):
        with pytest.raises(LookupError):
            looked.status()


def test_endpoints_show_their_attempts_and_are_switched(intake: Intake, reader: Reader) -> None:
    desk = EndpointDesk(intake.store, "north", (), token_bytes)
    made = desk.add("https://receiver.example/hook", ["north.#"], every_change=False, now=NOW)
    path = f"/page/operations/endpoints/{made['id']}"
    assert "https://receiver.example/hook" in reader.get("/page/operations/endpoints").text
    page = reader.send(reader.get(path), f"{path}/test")
    assert page.first("p", role="status").text == "A test message waits for it."
    for action, state, waits in (
        ("disable", "disabled by hand", "waits until it is enabled"),
        ("enable", "enabled", "waits for it"),
    ):
        page = reader.send(page, f"{path}/{action}")
        assert state in page.first("dl").text
        page = reader.send(page, f"{path}/replay")
        assert waits in page.first("p", role="status").text
    assert made["secret"] not in reader.get(path).text
    assert reader.client.get(f"{path}?after=99999999999999999999999").status_code == 400


def test_the_attempts_of_an_endpoint_are_listed(
    intake: Intake, reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = EndpointDesk(intake.store, "north", (), token_bytes)
    made = desk.add("https://second.example/hook", ["north.#"], every_change=True, now=NOW)
    attempt = {
        "message": "rec_1.2", "candidate": "c-1", "number": 3, "at": "2026-03-02T13:00:00Z", "duration_ms": 12,
        "outcome": "refused", "status": 500, "detail": "the receiver answered 500", "response": "<b>no</b>",
    }  # fmt: skip
    monkeypatch.setattr(EndpointDesk, "attempts", lambda *_, **__: {"items": [attempt], "next": "7"})
    page = reader.get(f"/page/operations/endpoints/{made['id']}")
    for shown in ("rec_1.2", "refused", "500", "the receiver answered 500", "<b>no</b>"):
        assert shown in page.text
    assert f"/page/operations/endpoints/{made['id']}?after=7" in links_of(page)


def test_an_endpoint_fails_since_one_instant(intake: Intake, reader: Reader) -> None:
    desk = EndpointDesk(intake.store, "north", (), token_bytes)
    made = desk.add("https://fourth.example/hook", ["north.#"], every_change=False, now=NOW)
    fail(intake, made["id"], NOW + 5 * HOUR)
    shown = reader.get(f"/page/operations/endpoints/{made['id']}").first("dl")
    assert [one.text for one in shown.all("dt")].count("Failing since") == 0
    state = shown.all("dd")[0]
    assert state.text.startswith("failing, since")
    assert state.first("time").attributes["datetime"] == format_instant(NOW + 5 * HOUR)


def fail(intake: Intake, endpoint: str, at: int) -> None:
    """Record a failed attempt at an endpoint of north."""
    record(intake.store, change_of("r-1", 1, "raised", tenant="north"), now=at)
    intake.store.outgoing.spread("north", 9, at, item_for)
    [one] = [one for one in intake.store.outgoing.claim(at, at + HOUR, 99, 9) if one.endpoint.id == endpoint]
    intake.store.outgoing.settle([Settled(Attempt(one.message, at, 1, "failed"), due=at)])


def test_no_other_tenant_reaches_an_endpoint(intake: Intake) -> None:
    made = EndpointDesk(intake.store, "north", (), token_bytes).add(
        "https://third.example/hook", ["north.#"], every_change=False, now=NOW
    )
    other = sign_in(intake, SOUTH_KEY)
    token = other.get("/page/operations/endpoints").first("input", name="form").attributes["value"]
    assert "example" not in other.get("/page/operations/endpoints").text
    path = f"/page/operations/endpoints/{made['id']}"
    assert other.client.get(path).status_code == 404
    for action in ("test", "replay", "enable", "disable"):
        assert other.client.post(f"{path}/{action}", data={"form": token}).status_code == 404
