"""Quotas of tenants on both stacks: what a tenant stores is measured, and at its quota no event begins a case."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from werkzeug.test import TestResponse

from signpost.case.case import Case
from signpost.names import DEAD
from signpost.services.intake.rate import RETRY_STATUSES
from signpost.storage import CaseRow, Usage, open_store
from signpost.storage.compression import compress
from signpost.tenants.quotas import Quota
from signpost.workers import metering
from tests.support.http import HTTP
from tests.support.intake_parts import (
    DEAD_DATABASE,
    NORTH_KEY,
    NOW,
    SOUTH_KEY,
    Intake,
    intake_at,
    sign_greenhouse,
    sign_standard,
)
from tests.support.intake_process import intake_folder, running
from tests.support.private_servers import wait_until
from tests.support.workers_kit import KINDS, System, event, system
from tests.support.workers_processes import WorkerProcess, kill_afterwards

BATCH = "application/cloudevents-batch+json"
REACHED = "this tenant has 1 cases of at most 1: no event can begin a case, existing cases go on"


@pytest.fixture(params=KINDS)
def signpost(request: pytest.FixtureRequest) -> Iterator[System]:
    with system(request.param, request) as made:
        made.now = NOW
        yield made


@pytest.fixture
def intake(signpost: System, tmp_path: Path) -> Iterator[Intake]:
    made = intake_at(tmp_path, signpost.broker_url, signpost.database_url)
    yield made
    made.broker.close()
    made.store.close()


def measure(signpost: System, quota: Quota | None = None, file: Path = Path("none.yaml")) -> dict[str, Usage]:
    """Measure once and return the usage of all tenants."""
    signpost.now += metering.INTERVAL_US
    meter, before = signpost.meter(quota, file), signpost.now
    while not any(usage.measured_at == before for usage in signpost.store.usage.all().values()):
        meter.step(signpost.now)
        signpost.now += metering.STEP_US
    return signpost.store.usage.all()


def fill(signpost: System, intake: Intake | None = None) -> None:
    """Give the tenant north one case, which is its quota."""
    signpost.handle(event("offer.extended", "known", offer="o-1", tenant="north"))
    assert measure(signpost, Quota(cases=1))["north"].excess
    if intake:
        intake.quotas.refresh(signpost.now)


def document(candidate: str, name: str = "", **more: Any) -> dict[str, Any]:
    return {
        "specversion": "1.0", "id": name or f"e-{candidate}", "source": "s", "type": "signpost.offer.extended.v1",
        "time": "2026-03-02T13:00:00Z", "subject": candidate, "data": {"offer": "o-2"}, **more,
    }  # fmt: skip


def webhook(candidate: str) -> bytes:
    data = {"candidate": candidate, "offer": "o-3"}
    return json.dumps({"type": "offer.extended", "timestamp": "2026-03-02T13:00:00Z", "data": data}).encode()


def body_of(answer: TestResponse) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(answer.data)
    return document


def drain(signpost: System) -> list[str]:
    """The candidates of the events in the advisor's queue."""
    return [json.loads(each.body)["subject"] for each in signpost.broker.get("signpost.advisor", 100)]


def test_what_is_measured_is_what_is_stored(signpost: System, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(7):
        signpost.handle(event("offer.extended", f"c-{number}", offer="o-1", respond_by="2026-03-06T09:00:00Z"))
    signpost.handle(event("offer.extended", "other", offer="o-1", tenant="zeta"))
    with signpost.store.transaction() as transaction:
        transaction.lock_cases([("acme", "merged"), ("acme", "only locked")])
        transaction.save_cases([CaseRow("acme", "merged", merged_into="c-1")])
    monkeypatch.setattr(metering, "PAGE", 3)
    usage = measure(signpost, Quota(5, 10))
    stored = sum(len(row.state) + len(compress(row.advice)) for row in signpost.store.cases("acme"))
    keys = [f"c-{number}" for number in range(7)]
    stored += sum(len(compress(row.body)) for key in keys for row in signpost.store.recommendations("acme", key))
    stored += sum(len(compress(body)) for key in keys for body in signpost.feed(key, 1))
    assert usage["acme"][:4] == (7, stored, 5, 10)
    assert usage["zeta"].cases == 1
    assert usage["acme"].excess == "this tenant has 7 cases of at most 5"
    assert usage["zeta"].excess == f"this tenant stores {usage['zeta'].bytes} bytes of at most 10"


def test_a_large_measurement_is_spread_over_steps(signpost: System, monkeypatch: pytest.MonkeyPatch) -> None:
    keys = [("acme", f"c-{number}") for number in range(30)]
    with signpost.store.transaction() as transaction:
        transaction.lock_cases(keys)
        transaction.save_cases([CaseRow(*key, state=b"{}") for key in keys])
    monkeypatch.setattr(metering, "PAGE", 10)
    meter = signpost.meter()
    for _ in range(3):
        assert signpost.store.usage.all() == {}
        meter.step(signpost.now)
        meter.step(signpost.now)
        signpost.now += metering.STEP_US
    meter.step(signpost.now)
    assert signpost.store.usage.all()["acme"].cases == 30


def test_a_second_clock_waits_while_the_measurement_is_recent(signpost: System) -> None:
    signpost.handle(event("offer.extended", "c-1", offer="o-1"))
    measured = measure(signpost)["acme"].measured_at
    other = signpost.meter(Quota(cases=1))
    signpost.now = measured + metering.INTERVAL_US - 1
    other.step(signpost.now)
    assert signpost.store.usage.all()["acme"].max_cases == 0
    other.step(measured + metering.INTERVAL_US)
    assert signpost.store.usage.all()["acme"].max_cases == 1


def test_a_tenants_file_sets_the_quota_of_one_tenant(signpost: System, tmp_path: Path) -> None:
    for tenant in ("acme", "zeta"):
        signpost.handle(event("offer.extended", "c-1", offer="o-1", tenant=tenant))
    file = tmp_path / "tenants.yaml"
    file.write_text("tenants:\n  acme: {api_keys: ['env:NOWHERE'], quota: {cases: 3}}\n  zeta: {}\n", encoding="utf-8")
    usage = measure(signpost, Quota(7, 9), file)
    assert usage["acme"][2:4] == (3, 9)
    assert usage["zeta"][2:4] == (7, 9)


def test_an_event_that_would_begin_a_case_is_refused(signpost: System, intake: Intake) -> None:
    fill(signpost, intake)
    answer = intake.send(document("new"))
    assert answer.status_code == 403
    assert body_of(answer)["type"] == "urn:signpost:problem:quota"
    assert body_of(answer)["detail"] == REACHED
    assert "Retry-After" not in answer.headers
    assert intake.send(document("known")).status_code == 202
    assert intake.send(document("gone", type="signpost.candidate.erased.v1", data={})).status_code == 202
    south = {"Content-Type": "application/cloudevents+json"}
    assert intake.post("/v1/events", json.dumps(document("new")).encode(), south, SOUTH_KEY).status_code == 202
    assert sorted(drain(signpost)) == ["gone", "known", "new"]


def test_the_events_of_a_batch_are_refused_one_by_one(signpost: System, intake: Intake) -> None:
    fill(signpost, intake)
    answer = intake.send([document("new"), document("known"), {}, document("new", "again")], BATCH)
    assert answer.status_code == 207
    assert [item["status"] for item in body_of(answer)["items"]] == [403, 202, 422, 403]
    assert body_of(answer)["items"][0]["errors"] == [{"pointer": "/subject", "detail": REACHED}]
    assert drain(signpost) == ["known"]


def test_a_refused_webhook_is_retried_by_its_vendor_and_can_be_replayed(signpost: System, intake: Intake) -> None:
    fill(signpost, intake)
    new, known = webhook("new"), webhook("known")
    answer = intake.post("/v1/webhooks/careers", new, sign_standard(new))
    assert answer.status_code == RETRY_STATUSES["standard"]
    assert answer.headers["Retry-After"] == "3600"
    assert intake.post("/v1/webhooks/careers", known, sign_standard(known, name="msg_2")).status_code == 202
    path = f"/v1/deliveries/{answer.headers['Signpost-Delivery']}"
    shown = body_of(intake.get(path))
    assert (shown["status"], shown["replayable"], shown["problems"][0]["detail"]) == ("refused", True, REACHED)
    assert intake.post(f"{path}/replay", b"", {}).status_code == 403
    measure(signpost, Quota(cases=9))
    intake.quotas.refresh(signpost.now)
    assert intake.post(f"{path}/replay", b"", {}).status_code == 200
    assert drain(signpost) == ["known", "new"]


def test_without_its_database_the_intake_accepts_and_the_advisor_decides(signpost: System, tmp_path: Path) -> None:
    intake = intake_at(tmp_path, signpost.broker_url, DEAD_DATABASE)
    intake.quotas._excess = {"north": "this tenant has 1 cases of at most 1"}
    assert intake.send(document("new")).status_code == 202
    intake.broker.close()
    assert drain(signpost) == ["new"]


def test_queued_events_that_would_begin_a_case_are_parked(signpost: System) -> None:
    fill(signpost)
    signpost.handle(
        event("offer.extended", "new", offer="o-1", tenant="north", application="a-1"),
        event("interview.scheduled", "new", interview="i-1", tenant="north", starts_at="2026-04-01T09:00:00Z"),
        event("offer.extended", "known", offer="o-9", tenant="north"),
        event("offer.extended", "new", offer="o-1", tenant="south"),
    )
    dead = signpost.broker.get(DEAD, 10)
    assert [json.loads(each.body)["subject"] for each in dead] == ["new", "new"]
    assert "quota: this tenant has 1 cases of at most 1" in str(dead[0].headers)
    assert {row.key for row in signpost.store.cases("north")} == {"known"}
    assert "o-9" in str(signpost.standing("known", "north"))
    assert signpost.store.case("south", "new") is not None
    assert signpost.store.usage.existing_cases("north", {"new", "application:a-1", "known"}) == {"known"}


def test_an_erasure_frees_room(signpost: System, intake: Intake) -> None:
    fill(signpost, intake)
    signpost.handle(event("candidate.erased", "known", at=2000, tenant="north"))
    measure(signpost, Quota(cases=1))
    intake.quotas.refresh(signpost.now)
    assert intake.send(document("new")).status_code == 202
    signpost.work(1)
    assert signpost.store.case("north", "new") is not None


def test_the_quota_of_bytes_counts_recorded_webhooks(signpost: System, intake: Intake) -> None:
    fill(signpost)
    before = measure(signpost)["north"].bytes
    body = webhook("known")
    assert intake.post("/v1/webhooks/careers", body, sign_standard(body)).status_code == 202
    assert measure(signpost)["north"].bytes >= before + len(body)


def test_a_key_of_another_tenant_learns_nothing(signpost: System, intake: Intake) -> None:
    fill(signpost, intake)
    body = json.dumps({"id": 1}).encode()
    assert intake.post("/v1/webhooks/acme", body, sign_greenhouse(body, "a wrong secret")).status_code == 401
    assert intake.send(document("new"), Authorization=f"Bearer {NORTH_KEY}x").status_code == 401


def test_the_processes_apply_the_settings_and_the_tenants_file(tmp_path: Path) -> None:
    """A clock measures with the settings, and a running intake notices."""
    folder = intake_folder(tmp_path)
    file = folder / "tenants.yaml"
    file.write_text(file.read_text().replace("south: {", "south: {quota: {cases: 5}, "))
    url = f"sqlite:///{folder / 'signpost.db'}"
    north = {"Authorization": f"Bearer {NORTH_KEY}", "Content-Type": "application/cloudevents+json"}
    state = Case.of(event("offer.extended", "known", offer="o-1")).to_json()

    def is_refused() -> bool:
        return HTTP.post(f"{address}/v1/events", json=document("new"), headers=north, timeout=60).status_code == 403

    with open_store(url) as store, running(folder, SIGNPOST_HTTP_PROCESSES="1") as (address, _):
        keys = [("north", "known"), ("south", "known")]
        with store.transaction() as transaction:
            transaction.lock_cases(keys)
            transaction.save_cases([CaseRow(*key, state=state) for key in keys])
        clock = WorkerProcess("clock", folder, url, url, max_cases_per_tenant="1", max_bytes_per_tenant="7")
        with kill_afterwards(clock):
            wait_until(lambda: bool(store.usage.all()) or not clock.runs, "the clock to measure")
            wait_until(is_refused, "the intake to refuse")
        assert {tenant: usage[2:4] for tenant, usage in store.usage.all().items()} == {"north": (1, 7), "south": (5, 7)}
