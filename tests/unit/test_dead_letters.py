"""What is read of a dead letter: whose it is, whose fault, and by which route it goes back."""

import json
from dataclasses import replace
from typing import Any

import pytest

from signpost.case.instant import parse_instant
from signpost.dead_letters import Choice, NotRequeueable, groups_of, original_message, queue_of
from signpost.dead_letters.letter import DeadLetter, read_letter
from signpost.dead_letters.queue import NoSuchName
from signpost.messaging import Delivery, partition_of
from signpost.messaging.message import (
    DELIVERY_LIMIT_REASON,
    EXCHANGE,
    FAILED_AT,
    FIRST_EXCHANGE,
    QUEUE,
    REASON,
    REQUEUED_AT,
    REQUEUES,
    ROUNDS,
    ROUTING_KEY,
    USER,
)
from signpost.messaging.parking import to_bare_dead_letter, to_dead_letter
from signpost.messaging.topology import ADVISOR, UNROUTED
from signpost.names import ADVICE, DEAD, EVENTS, FEEDBACK

NOW = parse_instant("2026-03-02T14:00:00Z")
EVENT = {"id": "e-1", "type": "signpost.offer.extended.v1", "tenant": "acme", "subject": "c-1"}
KEY = "0.acme.offer.extended"


def delivery(body: Any = EVENT, exchange: str = EVENTS, key: str = KEY, **headers: Any) -> Delivery:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Delivery(raw, headers, key, "e-1", "t", False, 0, (0, 1), exchange=exchange)


def parked(reason: str, sent: Delivery) -> Delivery:
    """The delivery of the dead letter that an advisor makes of a delivery."""
    letter = to_dead_letter(sent, reason, ADVISOR, NOW)
    return replace(sent, headers=letter.headers, exchange=DEAD)


def letter_of(reason: str, sent: Delivery) -> DeadLetter:
    return read_letter(DEAD, parked(reason, sent))


@pytest.mark.parametrize(
    ("reason", "exchange", "kind", "group"),
    [
        ("not an event: data.offer is missing", EVENTS, "sender", "not an event"),
        ("not processable: too deep", EVENTS, "sender", "not processable"),
        ("quota: 5 of 5 cases", EVENTS, "sender", "quota"),
        ("case-full: a case may hold 50", EVENTS, "sender", "case-full"),
        ("not an event: data.recommendation is missing", FEEDBACK, "consumer", "not an event"),
        ("feedback refused: no such recommendation", FEEDBACK, "consumer", "feedback refused"),
        ("a fault of Signpost, KeyError: at batch.py:9 run", EVENTS, "ours", "a fault of Signpost, KeyError"),
        ("a fault of Signpost, KeyError: at batch.py:9 run", FEEDBACK, "ours", "a fault of Signpost, KeyError"),
        (DELIVERY_LIMIT_REASON, EVENTS, "ours", "delivery limit"),
        ("something new", EVENTS, "ours", "something new"),
    ],
)
def test_a_reason_says_whose_fault_it_is(reason: str, exchange: str, kind: str, group: str) -> None:
    letter = letter_of(reason, delivery(exchange=exchange))
    assert (letter.kind, letter.group, letter.reason) == (kind, group, reason)
    assert (letter.origin, letter.failed_at, letter.tenant, letter.type) == (ADVISOR, NOW, "acme", "offer.extended")


def test_unrouted_advice_is_the_consumers_and_has_the_time_of_its_event() -> None:
    body = {"tenant": "acme", "type": "signpost.recommendation.changed.v1", "time": "2026-03-02T14:00:00Z"}
    letter = read_letter(UNROUTED, delivery(body, ADVICE, "acme.candidate.offer.high.raised"))
    assert (letter.kind, letter.group, letter.failed_at) == ("consumer", "no consumer", NOW)
    assert letter.tenant == "acme"


@pytest.mark.parametrize(
    ("body", "key", "tenant"),
    [
        (EVENT, KEY, "acme"),
        (EVENT, "0.globex.offer.extended", ""),
        ({**EVENT, "tenant": "globex"}, KEY, ""),
        (b"\xff{", KEY, "acme"),
        ({**EVENT, "tenant": 5}, KEY, "acme"),
        ({**EVENT, "tenant": "a b\n"}, "x", ""),
        ([1], "", ""),
    ],
)
def test_a_letter_is_a_tenants_only_if_body_and_routing_key_agree(body: Any, key: str, tenant: str) -> None:
    assert letter_of("quota: x", delivery(body, key=key)).tenant == tenant


def test_the_tenant_of_feedback_is_the_bodys_because_its_publisher_chooses_the_key() -> None:
    assert letter_of("feedback refused: x", delivery(exchange=FEEDBACK, key="0.globex.x")).tenant == "acme"
    assert letter_of("feedback refused: x", delivery(b"no", exchange=FEEDBACK, key="0.globex.x")).tenant == ""


def test_a_type_that_is_free_text_is_not_listed() -> None:
    assert letter_of("not an event: x", delivery({**EVENT, "type": "Ada Lovelace, 80,000"})).type == ""


def test_a_publisher_cannot_write_the_headers_of_a_dead_letter() -> None:
    forged: dict[str, Any] = {EXCHANGE: EVENTS, USER: "other", REASON: "quota", QUEUE: "x", FAILED_AT: "y"}
    letter = letter_of("feedback refused: x", delivery(exchange=FEEDBACK, **forged))
    assert (letter.exchange, letter.kind, letter.origin) == (FEEDBACK, "consumer", ADVISOR)
    assert USER not in to_dead_letter(delivery(**forged), "x", ADVISOR, NOW).headers


def test_letters_differ_by_time_body_and_queue_and_keep_their_id() -> None:
    one = parked("quota", delivery())
    later = replace(one, headers={**one.headers, FAILED_AT: "2026-03-02T14:00:01Z"})
    other = replace(one, body=b"{}")
    ids = {read_letter(DEAD, each).id for each in (one, later, other)} | {read_letter(UNROUTED, one).id}
    assert len(ids) == 4
    assert read_letter(DEAD, replace(one, tag=(7, 9), redelivered=True)).id == read_letter(DEAD, one).id


def test_an_event_goes_back_by_its_exchange_with_the_headers_that_it_had() -> None:
    headers: dict[str, Any] = {"cloudEvents_type": "t", ROUNDS: 2}
    sent = delivery(**headers)
    held = parked("quota: x", sent)
    message = original_message(read_letter(DEAD, held), held, 1, NOW)
    assert (message.exchange, message.routing_key, message.body) == (EVENTS, KEY, sent.body)
    assert message.headers == {
        "cloudEvents_type": "t",
        ROUNDS: 2,
        REQUEUES: 1,
        REQUEUED_AT: "2026-03-02T14:00:00Z",
    }


def test_an_event_goes_to_the_partition_of_today() -> None:
    held = parked("quota: x", delivery())
    keys = {original_message(read_letter(DEAD, held), held, number, NOW).routing_key for number in (1, 64)}
    assert keys == {KEY, f"{partition_of('acme', 'c-1', 64)}.acme.offer.extended"}


def test_bulk_stays_bulk_and_an_unreadable_body_keeps_its_key() -> None:
    for body, key in ((EVENT, "bulk.acme.offer.extended"), (b"no", KEY)):
        held = parked("quota: x", delivery(body, key=key))
        assert original_message(read_letter(DEAD, held), held, 64, NOW).routing_key == key


@pytest.mark.parametrize(
    ("reason", "exchange"),
    [
        ("feedback refused: x", FEEDBACK),
        ("not an event: offer.extended is not feedback; x", FEEDBACK),
        ("quota", EVENTS),
    ],
)
def test_the_route_of_a_letter_of_an_earlier_version_follows_from_its_reason(reason: str, exchange: str) -> None:
    held = delivery(exchange=DEAD, **{REASON: reason, QUEUE: ADVISOR})
    assert original_message(read_letter(DEAD, held), held, 1, NOW).exchange == exchange


def test_feedback_of_a_broker_user_is_not_published_by_another() -> None:
    held = parked("a fault of Signpost, E: x", replace(delivery(exchange=FEEDBACK), user_id="acme-bot"))
    assert held.headers[USER] == "acme-bot"
    for each in (held, replace(held, headers={**held.headers, USER: ""}, user_id="acme-bot")):
        with pytest.raises(NotRequeueable, match="broker user"):
            original_message(read_letter(DEAD, each), each, 1, NOW)


@pytest.mark.parametrize("exchange", [ADVICE, "amq.topic", DEAD, ""])
def test_no_letter_goes_to_an_exchange_that_no_advisor_reads(exchange: str) -> None:
    held = delivery(exchange=DEAD, **{REASON: DELIVERY_LIMIT_REASON, EXCHANGE: exchange, FIRST_EXCHANGE: exchange})
    with pytest.raises(NotRequeueable, match="no advisor"):
        original_message(read_letter(DEAD, held), held, 1, NOW)


def test_unrouted_advice_goes_back_by_its_exchange_and_nothing_else_does() -> None:
    for exchange, known in ((ADVICE, True), ("amq.topic", False)):
        held = delivery({"tenant": "acme"}, exchange, "acme.candidate.x")
        letter = read_letter(UNROUTED, held)
        if known:
            message = original_message(letter, held, 1, NOW)
            assert (message.exchange, message.routing_key) == (ADVICE, "acme.candidate.x")
        else:
            with pytest.raises(NotRequeueable):
                original_message(letter, held, 1, NOW)


def test_a_consumers_letter_goes_back_to_its_queue_alone() -> None:
    queue = "signpost.consumer.notifier"
    headers = {
        REASON: "rejected",
        QUEUE: queue,
        EXCHANGE: ADVICE,
        ROUTING_KEY: "acme.candidate.x",
        "x-last-death-queue": 1,
    }
    held = delivery({"tenant": "acme"}, "", f"{queue}.dead", **headers)
    letter = read_letter(f"{queue}.dead", held)
    message = original_message(letter, held, 1, NOW)
    assert (letter.kind, letter.tenant, letter.origin) == ("consumer", "acme", queue)
    assert (message.exchange, message.routing_key) == ("", queue)
    assert message.headers == {ROUTING_KEY: "acme.candidate.x", REQUEUES: 1, REQUEUED_AT: "2026-03-02T14:00:00Z"}


def test_the_bare_letter_goes_back_too() -> None:
    bare = to_bare_dead_letter(delivery(), "quota", ADVISOR, NOW)
    held = Delivery(bare.body, bare.headers, "", "", "", False, 0, (0, 1), exchange=DEAD)
    assert original_message(read_letter(DEAD, held), held, 1, NOW).exchange == EVENTS


def test_every_filter_narrows() -> None:
    letter = letter_of("quota: 5 of 5 cases", delivery())
    fits: list[dict[str, Any]] = [
        {"ids": frozenset((letter.id,))}, {"ids": frozenset(("e-1", "other"))}, {"reason": "QUOTA: 5"},
        {"kind": "sender"}, {"tenant": "acme"}, {"type": "offer.extended"}, {"failed_before": NOW + 1},
        {"failed_after": NOW},
    ]  # fmt: skip
    fails: list[dict[str, Any]] = [
        {"ids": frozenset(("other",))}, {"reason": "uota"}, {"kind": "ours"}, {"tenant": "acm"}, {"type": "offer"},
        {"failed_before": NOW}, {"failed_after": NOW + 1}, {"kind": "sender", "tenant": "globex"},
    ]  # fmt: skip
    assert [each for each in fits if not Choice(**each).matches(letter)] == []
    assert [each for each in fails if Choice(**each).matches(letter)] == []
    assert Choice().matches(letter)
    timeless = replace(letter, failed_at=None)
    assert not Choice(failed_before=NOW + 1).matches(timeless)
    assert not Choice(failed_after=0).matches(timeless)


def test_groups_are_by_kind_and_reason_the_largest_first() -> None:
    full = [letter_of(f"quota: {number}", delivery()) for number in range(3)]
    full[1] = replace(full[1], tenant="globex", failed_at=NOW - 5)
    full[2] = replace(full[2], failed_at=None)
    groups = groups_of([letter_of("delivery limit", delivery()), *full])
    assert [(each.number, each.kind, each.reason) for each in groups] == [
        (3, "sender", "quota"),
        (1, "ours", "delivery limit"),
    ]
    assert (groups[0].tenants, groups[0].oldest, groups[0].latest) == (["acme", "globex"], NOW - 5, NOW)


def test_a_name_is_a_queue_or_an_error() -> None:
    assert [queue_of(name) for name in ("dead", "unrouted", "consumer.a-b")] == [
        DEAD,
        UNROUTED,
        "signpost.consumer.a-b.dead",
    ]
    for name in ("", "advisor", "consumer.", "consumer.a.b", "consumer.A", "signpost.advisor"):
        with pytest.raises(NoSuchName):
            queue_of(name)
