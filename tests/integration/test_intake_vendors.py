"""POST /v1/webhooks/{source} for every vendor: each sample gives its documented events; spoilt, it is refused."""

import hmac
import json
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from signpost.case.instant import MINUTE
from signpost.ingress.checking import SECRET, secret_for
from signpost.ingress.receiving import receive
from signpost.ingress.vendors import VENDORS, sign
from signpost.messaging import connect
from signpost.services.intake import create_app
from signpost.services.intake.analysis import LocalAnalyst
from signpost.services.intake.engines import TenantEngines
from signpost.services.intake.webhooks import UNKNOWN_EVENTS, to_request
from signpost.storage import open_store
from signpost.tenants.model import hash_key
from signpost.tenants.quotas import Quotas
from tests.support.databases import migrate
from tests.support.intake_parts import DEAD_DATABASE, NORTH_KEY, NOW, SOUTH_KEY, Intake, intake_at, tenants_in
from tests.support.rulebooks import RULES
from tests.support.vendor_parts import (
    SAMPLES,
    SignedRequest,
    build_named_delivery,
    is_open_ping,
    sample_of,
    sign_sample,
    spoil,
)

MAPPED = [name for name in VENDORS if not VENDORS[name].speaks_ours]
FIXED = [name for name in MAPPED if name != "teamtailor-partner"]
"""Vendors whose deliveries are named."""


KEYS = (("north", NORTH_KEY), ("south", SOUTH_KEY))


TALKS = """
title: Talks
attested: made up
signature: {scheme: body, header: X-Talks}
event: {is: msgs}
occurrence: digest
events:
  - on: [msgs]
    each: {item: "*"}
    subject: item.who
    emit:
      - {type: offer.extended, when: {item.op: sent}, id: "{occurrence}-1", time: item.at, data: {offer: item.id}}
      - {type: offer.accepted, when: {item.op: taken}, id: "{occurrence}-2", time: item.at, data: {offer: item.id}}
samples: []
"""


def theirs(vendor: str) -> str:
    """The secret of the same vendor's source of another tenant."""
    return secret_for(VENDORS[vendor])[:-4] + "AAAA"


def tenants_file() -> str:
    lines = ["tenants:"]
    lines += [f'  {name}: {{api_keys: ["{hash_key(key)}"]}}' for name, key in KEYS] + ["sources:"]
    for vendor in VENDORS:
        own = secret_for(VENDORS[vendor])
        lines.append(f'  {vendor}: {{tenant: north, vendor: {vendor}, secrets: ["plain:{own}"]}}')
        lines.append(f'  {vendor}-south: {{tenant: south, vendor: {vendor}, secrets: ["plain:{theirs(vendor)}"]}}')
    return "\n".join(lines)


@pytest.fixture(scope="module")
def intake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Intake]:
    folder = tmp_path_factory.mktemp("vendors")
    url = f"sqlite:///{folder / 'signpost.db'}"
    migrate(url)
    store, broker = open_store(url), connect(url)
    broker.apply_topology()
    tenants = tenants_in(folder, tenants_file())
    analyst = LocalAnalyst(TenantEngines(RULES, folder / "tenants.yaml", 1).of)
    app = create_app(store, broker.publisher, tenants, analyst, clock=lambda: NOW)
    yield Intake(app.test_client(), store, broker, Quotas(store))
    broker.close()
    store.close()


@pytest.fixture(autouse=True)
def emptied(intake: Intake) -> Iterator[None]:
    yield
    intake.queued()


def posted(intake: Intake, vendor: str, request: SignedRequest) -> tuple[int, int]:
    """Status and number of events of the answer."""
    answer = intake.client.post(f"/v1/webhooks/{vendor}", data=request.body, headers=request.headers)
    return answer.status_code, (answer.json or {}).get("events", -1)


@pytest.mark.parametrize(("vendor", "name"), SAMPLES)
def test_every_sample_gives_its_events(intake: Intake, vendor: str, name: str) -> None:
    known, sample = VENDORS[vendor], sample_of(vendor, name)
    assert posted(intake, vendor, sign_sample(known, sample, NOW)) == (known.success, len(sample.gives))
    kept = intake.queued()
    assert [one["type"] for one in kept] == [f"signpost.{kind}.v1" for kind in sample.gives]
    assert {one["tenant"] for one in kept} <= {"north"}


@pytest.mark.parametrize(("vendor", "name"), SAMPLES)
def test_every_sample_spoilt_is_refused(intake: Intake, vendor: str, name: str) -> None:
    known, sample = VENDORS[vendor], sample_of(vendor, name)
    good = sign_sample(known, sample, NOW)
    ways = dict(spoil(known, good))
    if is_open_ping(known, sample):
        ways = {"one byte": ways["one byte"]}
    else:
        ways["another tenant's secret"] = sign_sample(known, sample, NOW, theirs(vendor))
    if known.scheme.timestamp:
        ways["old"] = sign_sample(known, sample, NOW - 6 * MINUTE)
        ways["early"] = sign_sample(known, sample, NOW + 6 * MINUTE)
    assert {way: posted(intake, vendor, bad)[0] for way, bad in ways.items()} == dict.fromkeys(ways, 401)
    assert intake.queued() == []


@pytest.mark.parametrize("vendor", VENDORS)
def test_what_is_refused_costs_the_same_whatever_is_wrong(
    intake: Intake, vendor: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    known, sample = VENDORS[vendor], VENDORS[vendor].samples[-1]
    good = sign_sample(known, sample, NOW)
    counted: list[int] = []
    digest = hmac.digest

    def counting(key: bytes, message: bytes, algorithm: str) -> bytes:
        counted.append(len(message))
        return digest(key, message, algorithm)

    monkeypatch.setattr(hmac, "digest", counting)
    work = set()
    for request in (good, *(bad for _, bad in spoil(known, good)), sign_sample(known, sample, NOW - 6 * MINUTE)):
        counted.clear()
        posted(intake, vendor, request)
        work.add(len(counted))
    assert work == {len(known.scheme.messages)}, "as many digests as there are keys and messages, each time"


@pytest.mark.parametrize("vendor", FIXED)
def test_an_unknown_event_is_accepted_counted_and_not_kept(
    intake: Intake, vendor: str, caplog: pytest.LogCaptureFixture
) -> None:
    known = VENDORS[vendor]
    headers, body = build_named_delivery(known, "brand.new")
    before = UNKNOWN_EVENTS[vendor, "brand.new"]
    with caplog.at_level(logging.WARNING):
        request = SignedRequest(*sign(known.scheme, SECRET, headers, body, NOW))
        assert posted(intake, vendor, request) == (known.success, 0)
    assert UNKNOWN_EVENTS[vendor, "brand.new"] == before + 1
    assert f"unknown event of {vendor} by source {vendor}: 'brand.new'" in caplog.text
    assert intake.queued() == []


def test_the_names_of_unknown_events_cannot_fill_the_memory(intake: Intake) -> None:
    known = VENDORS["greenhouse"]
    for number in range(260):
        headers, body = build_named_delivery(known, f"made-up-{number}")
        posted(intake, "greenhouse", SignedRequest(*sign(known.scheme, SECRET, headers, body, NOW)))
    assert len(UNKNOWN_EVENTS) <= 201 + len(FIXED)
    assert UNKNOWN_EVENTS["greenhouse", "other"] > 0


@pytest.mark.parametrize("vendor", FIXED)
def test_what_is_knowingly_ignored_is_accepted_without_a_warning(
    intake: Intake, vendor: str, caplog: pytest.LogCaptureFixture
) -> None:
    known = VENDORS[vendor]
    for event in [*(set(known.ignored) - set(known.mappings)), *known.pings.events]:
        headers, body = build_named_delivery(known, event)
        request = SignedRequest(*sign(known.scheme, SECRET, headers, body, NOW))
        assert posted(intake, vendor, request) == (known.success, 0)
    assert "unknown event" not in caplog.text


@pytest.mark.parametrize("vendor", FIXED)
def test_a_mapped_event_that_says_nothing_is_no_failure(intake: Intake, vendor: str) -> None:
    """Greenhouse's bodies are attested in full, so there an id that is missing is refused by name."""
    known = VENDORS[vendor]
    if vendor == "greenhouse":
        return
    for event in known.mappings:
        headers, body = build_named_delivery(known, event)
        request = SignedRequest(*sign(known.scheme, SECRET, headers, body, NOW))
        assert posted(intake, vendor, request) == (known.success, 0)


def test_vendors_are_answered_with_the_status_that_they_count_as_success() -> None:
    exact = {"greenhouse": 200, "smartrecruiters": 202, "recruitee": 200, "workable": 200}
    assert {name: VENDORS[name].success for name in exact} == exact
    assert all(200 <= VENDORS[name].success <= 299 for name in VENDORS)


def test_smartrecruiters_gets_its_word_back(intake: Intake) -> None:
    answer = intake.client.post("/v1/webhooks/smartrecruiters", headers={"X-Hook-Secret": "word-123"})
    assert (answer.status_code, answer.headers["X-Hook-Secret"]) == (200, "word-123")
    assert (answer.json or {})["events"] == 0
    headers, body = build_named_delivery(VENDORS["smartrecruiters"], "subscription.test")
    right = sign(VENDORS["smartrecruiters"].scheme, SECRET, headers, body, NOW)[0]
    assert posted(intake, "smartrecruiters", SignedRequest({**right, "X-Hook-Secret": "word-123"}, body)) == (200, 0)
    headers, body = build_named_delivery(VENDORS["smartrecruiters"], "application.created")
    event = sign(VENDORS["smartrecruiters"].scheme, SECRET, headers, body, NOW)[0]
    assert posted(intake, "smartrecruiters", SignedRequest({**event, "X-Hook-Secret": "word-123"}, body))[0] == 202
    for word in ("x" * 200, "é", ""):
        assert posted(intake, "smartrecruiters", SignedRequest({"X-Hook-Secret": word}, b"{}"))[0] == 401
    assert posted(intake, "greenhouse", SignedRequest({"X-Hook-Secret": "word-123"}, b"{}"))[0] == 401
    headers, body = build_named_delivery(VENDORS["smartrecruiters"], "application.created")
    wrong = {**sign(VENDORS["smartrecruiters"].scheme, "x", headers, body, NOW)[0], "X-Hook-Secret": "word-123"}
    assert posted(intake, "smartrecruiters", SignedRequest(wrong, body))[0] == 401, "no way round the signature"


def test_recruitees_test_request_needs_no_signature_and_nothing_else_goes_without(intake: Intake) -> None:
    assert posted(intake, "recruitee", SignedRequest({}, b'{"test": true}')) == (200, 0)
    for body in (b'{"test": true, "event_type": "candidate_moved"}', b'{"test": 1}', b'{"test": false}', b""):
        assert posted(intake, "recruitee", SignedRequest({}, body))[0] == 401


SECOND_BODIES = (("lever", "candidateHired", "event"), ("teamtailor-partner", "with_job_offers", "company"))


@pytest.mark.parametrize(("vendor", "sample", "member"), SECOND_BODIES)
def test_what_a_vendor_does_not_sign_cannot_follow_under_the_same_signature(
    intake: Intake, vendor: str, sample: str, member: str
) -> None:
    """In every process: the first body is in the database."""
    good = sign_sample(VENDORS[vendor], sample_of(vendor, sample), NOW)
    forged = json.dumps({**json.loads(good.body), member: "another"}).encode()
    assert posted(intake, vendor, good)[0] in (200, 202)
    intake.queued()
    assert posted(intake, vendor, SignedRequest(good.headers, forged))[0] == 401
    assert intake.queued() == []
    assert posted(intake, vendor, good)[0] in (200, 202), "the vendor may retry"


@pytest.mark.parametrize("vendor", ["lever", "teamtailor-partner"])
def test_without_a_database_only_a_vendor_that_retries_waits(tmp_path: Path, vendor: str) -> None:
    parts = intake_at(tmp_path, database_url=DEAD_DATABASE, text=tenants_file())
    sample = {"lever": "candidateHired", "teamtailor-partner": "with_job_offers"}[vendor]
    status = posted(parts, vendor, sign_sample(VENDORS[vendor], sample_of(vendor, sample), NOW))[0]
    assert (status == 503) == (vendor == "lever")
    parts.broker.close()


def test_the_token_of_lever_cannot_lend_a_digit_to_the_time(intake: Intake) -> None:
    scheme, stamp = VENDORS["lever"].scheme, str(NOW // 1000)
    key = scheme.key_of(secret_for(VENDORS["lever"]))
    for token in ("abc0", "abc00", f"abc{stamp[:3]}"):
        digest = hmac.digest(key, (token + stamp).encode(), "sha256").hex()
        for moved in range(1, 4):
            text = {"token": token[:-moved], "triggeredAt": token[-moved:] + stamp, "signature": digest, "event": "x"}
            for shifted in (text, {**text, "token": token + stamp[:moved], "triggeredAt": stamp[moved:]}):
                body = json.dumps(shifted).encode()
                assert posted(intake, "lever", SignedRequest({}, body))[0] == 401, shifted


def test_a_source_may_allow_more_skew(tmp_path: Path) -> None:
    text = tenants_file().replace("vendor: lever, secrets", "vendor: lever, clock_skew: 1d, secrets", 1)
    source = tenants_in(tmp_path, text).sources["lever"]
    late = sign_sample(VENDORS["lever"], sample_of("lever", "candidateHired"), NOW - 600 * MINUTE)
    assert len(receive(to_request(source, late.headers, late.body, NOW)).events) == 1


def test_an_item_of_an_unknown_kind_is_counted_and_logged_beside_others(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "talks.yaml").write_text(TALKS)
    before = UNKNOWN_EVENTS.total()
    VENDORS.read_own(tmp_path)
    try:
        intake = intake_at(tmp_path, text=tenants_file())
        items = [{"op": op, "id": 7, "who": "p-1", "at": "2026-11-20T10:00:00Z"} for op in ("sent", "talk:moved")]
        request = SignedRequest(*sign(VENDORS["talks"].scheme, SECRET, {}, json.dumps(items).encode(), NOW))
        assert posted(intake, "talks", request) == (202, 1)
    finally:
        VENDORS.read_own(None)
    words = "msgs: item.op 'talk:moved' is none of their words"
    assert UNKNOWN_EVENTS.total() == before + 1
    assert f"unknown event of talks by source talks: {words!r}" in caplog.text
