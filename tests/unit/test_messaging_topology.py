"""The declaration as data, the partition of a case, an event's message; and which URLs make a broker."""

from pathlib import Path
from typing import Any

import pytest

from signpost.case.event import Event
from signpost.errors import CallerError
from signpost.messaging import (
    Message,
    Unsendable,
    advisor_queues,
    cloudevent_headers,
    connect,
    event_message,
    partition_of,
)
from signpost.messaging.embedded.routing import matches
from signpost.messaging.message import ACCEPTED_AT
from signpost.messaging.topology import (
    ADVISOR,
    BULK,
    UNROUTED,
    consumer_rights,
    consumer_topology,
    dead_letter_queue,
    declaration,
    event_routing_key,
)
from signpost.names import ADVICE, AGENDA, DEAD, FEEDBACK, QUESTIONS
from signpost.traces import TRACEPARENT

DOCUMENT = {"specversion": "1.0", "id": "e-1", "source": "/ats", "type": "signpost.offer.extended.v1", "data": {"n": 1}}


def test_a_partition_is_the_same_for_ever() -> None:
    assert [partition_of("acme", f"c-{number}", 8) for number in range(6)] == [2, 1, 7, 3, 7, 2]
    assert {partition_of("acme", f"c-{number}", 1) for number in range(6)} == {0}


def test_partitions_are_about_even_and_tenants_do_not_run_into_each_other() -> None:
    counts = [0] * 8
    for number in range(8000):
        counts[partition_of("acme", f"c-{number}", 8)] += 1
    assert all(850 < count < 1150 for count in counts)
    assert partition_of("a", "bc", 2**31) != partition_of("ab", "c", 2**31)


def test_every_queue_has_an_explicit_positive_delivery_limit_and_work_never_vanishes() -> None:
    for partitions in (1, 3):
        topology = declaration(partitions)
        assert all(int(queue.arguments["x-delivery-limit"]) > 0 for queue in topology.queues)
        assert all(queue.arguments["x-queue-type"] == "quorum" for queue in topology.queues)
        for queue in topology.queues:
            if queue.name.startswith(ADVISOR):
                assert queue.arguments["x-dead-letter-exchange"] == DEAD
                assert queue.arguments["x-dead-letter-strategy"] == "at-least-once"
                assert queue.arguments["x-overflow"] == "reject-publish"


def test_several_partitions_have_one_active_consumer_each_and_retire_every_other_name() -> None:
    assert advisor_queues(1) == [ADVISOR, BULK]
    assert advisor_queues(2) == [f"{ADVISOR}.0", f"{ADVISOR}.1", BULK]
    topology = declaration(2)
    ordered = {queue.name for queue in topology.queues if queue.arguments.get("x-single-active-consumer")}
    assert ordered == set(advisor_queues(2)) - {BULK}
    retired = {binding.queue for binding in topology.retired}
    assert {ADVISOR, f"{ADVISOR}.2", f"{ADVISOR}.63"} <= retired
    assert not retired & {*ordered, BULK}


def test_the_queue_of_bulk_is_the_same_whatever_the_number_of_partitions() -> None:
    declared = [next(queue for queue in declaration(number).queues if queue.name == BULK) for number in (1, 2, 64)]
    assert declared[0] == declared[1] == declared[2]
    event = Event("acme", "/ats", "e-1", "offer.extended", 0, "c-1", {})
    for number in (1, 2, 64):
        message = event_message(DOCUMENT, event, number, bulk=True)
        events = [each for each in declaration(number).bindings if each.exchange == message.exchange]
        routes = [each.queue for each in events if matches(each.pattern, message.routing_key)]
        assert message.routing_key == "bulk.acme.offer.extended"
        assert routes == [BULK]


@pytest.mark.parametrize("partitions", [0, -1, 65])
def test_a_number_of_partitions_out_of_range_is_refused(partitions: int) -> None:
    with pytest.raises(ValueError, match="1 to 64"):
        declaration(partitions)


def test_an_event_message_is_a_structured_cloudevent_with_its_attributes_as_headers() -> None:
    event = Event("acme", "/ats", "e-1", "offer.extended", 0, "c-1", {})
    message = event_message(DOCUMENT, event, 8)
    assert message.routing_key == "1.acme.offer.extended"
    assert (message.exchange, message.message_id) == ("signpost.events", "e-1")
    assert message.content_type == "application/cloudevents+json"
    assert message.headers == {
        "cloudEvents_specversion": "1.0",
        "cloudEvents_id": "e-1",
        "cloudEvents_source": "/ats",
        "cloudEvents_type": "signpost.offer.extended.v1",
    }
    assert message.body.startswith(b'{"specversion":"1.0"')


def test_a_header_repeats_neither_the_data_nor_their_type() -> None:
    document = {"id": "e-1", "data": "text", "datacontenttype": "text/plain", "size": 7, "list": []}
    assert cloudevent_headers(document) == {"cloudEvents_id": "e-1", "cloudEvents_size": 7}


@pytest.mark.parametrize("place", ["exchange", "routing_key", "message_id"])
def test_a_name_that_amqp_does_not_carry_is_refused(place: str) -> None:
    names: dict[str, Any] = {"exchange": "x", "routing_key": "k", "message_id": "m"}
    for longest in ("x" * 255, "é" * 127, "é" * 127 + "x"):
        assert getattr(Message(**{**names, place: longest}, body=b""), place) == longest
    for bad in ("x" * 256, "é" * 128, "\ud800"):
        with pytest.raises(Unsendable, match="of a message"):
            Message(**{**names, place: bad}, body=b"")


ODD_FILES = ["sqlite://", "sqlite:///", "sqlite://h/x", "sqlite:///:memory:"]


@pytest.mark.parametrize("url", ["redis://localhost", "postgresql:///x", "guest:secret@host", "", *ODD_FILES])
def test_other_urls_are_refused_without_showing_what_they_hold(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CallerError) as refused:
        connect(url)
    assert "secret" not in str(refused.value)


def test_a_consumer_binds_to_questions_by_a_prefix_and_gets_the_rights_for_it() -> None:
    bindings = consumer_topology("dialog", ["acme.candidate.#", "questions:acme.#"]).bindings
    assert [(one.exchange, one.pattern) for one in bindings] == [(ADVICE, "acme.candidate.#"), (QUESTIONS, "acme.#")]
    rights = consumer_rights({"dialog": ["questions:acme.#"]})[1:]
    assert rights == [("set_topic_permissions", exchange, "^$", "^(acme)\\.") for exchange in (ADVICE, QUESTIONS)]


def test_a_stored_event_is_routed_by_the_number_of_partitions_of_today() -> None:
    subject = next(key for key in (f"c-{number}" for number in range(99)) if partition_of("acme", key, 4) == 3)
    event = Event("acme", "/ats", "e-1", "offer.extended", 0, subject, {})
    for bulk in (False, True):
        stored = event_message(DOCUMENT, event, 4, bulk=bulk).routing_key
        for today in (1, 2, 4, 64):
            key = event_routing_key(stored, "acme", subject, today)
            assert key == event_message(DOCUMENT, event, today, bulk=bulk).routing_key


def test_whatever_nobody_consumes_goes_to_the_unrouted_messages() -> None:
    arguments = {exchange.name: exchange.arguments for exchange in declaration().exchanges}
    for name in (ADVICE, AGENDA, QUESTIONS):
        assert arguments[name] == {"alternate-exchange": UNROUTED}


def test_feedback_goes_to_the_first_queue_of_events() -> None:
    for number in (1, 4):
        bound = [each.queue for each in declaration(number).bindings if each.exchange == FEEDBACK]
        assert bound == [advisor_queues(number)[0]]
    assert dead_letter_queue("dialog") == "signpost.consumer.dialog.dead"


@pytest.mark.parametrize("pattern", ["*.candidate.#", "#"])
def test_a_consumer_of_all_tenants_may_bind_keys_of_all(pattern: str) -> None:
    assert consumer_rights({"all": ["acme.#", pattern]})[1] == ("set_topic_permissions", ADVICE, "^$", ".*")


def test_an_event_is_for_a_single_partition_unless_there_are_more() -> None:
    subject = next(key for key in (f"c-{number}" for number in range(99)) if partition_of("acme", key, 2) == 1)
    event = Event("acme", "/ats", "e-1", "offer.extended", 0, subject, {})
    assert event_message(DOCUMENT, event).routing_key == "0.acme.offer.extended"


def test_the_topology_is_that_of_one_partition_unless_there_are_more() -> None:
    assert declaration() == declaration(1) != declaration(2)


def test_the_rights_of_a_consumer_are_in_the_same_order_each_time() -> None:
    patterns = [f"{tenant}.#" for tenant in "gecafdb"]
    more = [f"{prefix}:a.#" for prefix in ("questions", "agenda")]
    rights = consumer_rights({"dialog": [*patterns, *more]})
    keys = "^(a|b|c|d|e|f|g)\\."
    assert rights[1:] == [("set_topic_permissions", name, "^$", keys) for name in (ADVICE, AGENDA, QUESTIONS)]


def test_an_event_message_carries_its_trace_and_when_it_was_accepted() -> None:
    event = Event("acme", "/ats", "e-1", "offer.extended", 0, "c-1", {})
    message = event_message({}, event, accepted_at=5, traceparent="00-1-2-01")
    assert message.headers == {ACCEPTED_AT: 5, TRACEPARENT: "00-1-2-01"}
    assert event_message({}, event).headers == {}


def test_a_file_may_have_a_name_of_one_letter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    broker = connect("sqlite:///q")
    broker.apply_topology()
    broker.close()
    assert (tmp_path / "q").is_file()


def test_there_is_one_queue_of_events_unless_there_are_more_partitions() -> None:
    assert advisor_queues() == [ADVISOR, BULK]


def test_the_rights_name_the_queues_in_the_order_of_the_alphabet() -> None:
    rights = consumer_rights({"b": ["acme.#"], "a": ["acme.#"]})
    assert rights == consumer_rights({"a": ["acme.#"], "b": ["acme.#"]})


def test_a_message_has_no_headers_unless_some_are_given() -> None:
    assert Message("x", "k", b"", "m-1").headers == {}
