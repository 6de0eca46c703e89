"""CloudEvents in and out: every attribute's rule, every problem named by its pointer."""

from typing import Any

import pytest

from signpost.case.instant import MINUTE, parse_instant
from signpost.schemas import InvalidEvent, dump_event, load_event, load_own_event

NOW = parse_instant("2026-03-02T14:00:00Z")


def document(**changes: Any) -> dict[str, Any]:
    whole = {
        "specversion": "1.0",
        "id": "e-1",
        "source": "greenhouse/acme",
        "type": "signpost.offer.extended.v1",
        "time": "2026-03-02T15:00:00+01:00",
        "subject": "c-1",
        "datacontenttype": "application/json",
        "data": {"offer": "acme", "salary": {"amount": 80000, "currency": "USD", "per": "year"}},
    }
    return {name: value for name, value in (whole | changes).items() if value is not ...}


def problems(**changes: Any) -> dict[str, str]:
    with pytest.raises(InvalidEvent) as caught:
        load_event(document(**changes), tenant="t", now=NOW)
    return {problem.pointer: problem.message for problem in caught.value.problems}


def test_an_event_is_read_into_canonical_form() -> None:
    event = load_event(document(), tenant="t", now=NOW)
    assert (event.tenant, event.source, event.id, event.type, event.time) == (
        "t",
        "greenhouse/acme",
        "e-1",
        "offer.extended",
        NOW,
    )
    assert event.data["salary"] == {"amount": "80000", "currency": "USD", "per": "year"}


def test_what_is_dumped_is_read_back_unchanged() -> None:
    event = load_event(document(), tenant="t", now=NOW)
    assert load_own_event(dump_event(event)) == event


def test_own_documents_need_their_tenant_and_may_lie_ahead() -> None:
    event = load_event(document(), tenant="t", now=NOW)
    ahead = dump_event(event) | {"time": "2027-01-01T00:00:00Z"}
    assert load_own_event(ahead).time > NOW
    for tenant in (None, "", 7):
        with pytest.raises(InvalidEvent) as caught:
            load_own_event(ahead | {"tenant": tenant})
        assert [problem.pointer for problem in caught.value.problems] == ["/tenant"]


@pytest.mark.parametrize("garbage", [None, [], "text", 5, {}])
def test_garbage_is_refused_and_nothing_else_is_raised(garbage: Any) -> None:
    for load in (load_own_event, lambda it: load_event(it, tenant="t", now=NOW)):
        with pytest.raises(InvalidEvent):
            load(garbage)


@pytest.mark.parametrize(
    ("name", "value"),
    [("specversion", "0.3"), ("specversion", ...), ("specversion", 1.0), ("id", ""), ("id", ...), ("id", "x" * 129),
     ("id", "ü" * 128), ("id", 5), ("id", "a\nb"), ("source", ""), ("source", "two words"), ("source", "x" * 257),
     ("type", ...), ("type", "signpost.offer.extended.v2"), ("type", "offer.extended"), ("type", "signpost.offer.v1"),
     ("type", 3), ("time", ...), ("time", "2026-03-02T14:00:00"), ("subject", ...), ("subject", ""),
     ("subject", "application:"), ("subject", "x" * 129), ("subject", "application:" + "x" * 129),
     ("datacontenttype", "text/plain"), ("dataschema", 5), ("data_base64", "e30="), ("tenant", "other"),
     ("tenant", "t"), ("Source2", "x"), ("trace_id", "x"), ("count", 2**31), ("ratio", 1.5), ("nested", {}),
     ("data", []), ("data", "text"), ("data", 5)],
)  # fmt: skip
def test_each_bad_attribute_is_named(name: str, value: Any) -> None:
    assert list(problems(**{name: value})) == [f"/{name}"]


def test_every_problem_is_named_at_once() -> None:
    found = problems(
        id="",
        time="2026-03-02T14:00:00",
        subject=...,
        tenant="x",
        data={"offer": 1, "benefits": {"gym": True, "dental": 1}},
    )
    assert set(found) == {
        "/id", "/time", "/subject", "/tenant", "/data/offer", "/data/benefits/gym", "/data/benefits/dental"
    }  # fmt: skip


def test_pointers_are_escaped() -> None:
    assert "/data/a~1b~0c" in problems(data={"offer": "acme", "a/b~c": 1})


def test_what_is_nearly_right_is_suggested() -> None:
    assert "signpost.offer.extended.v1" in problems(type="signpost.offer.extend.v1")["/type"]
    assert "did you mean respond_by?" in problems(data={"offer": "acme", "respond-by": None})["/data/respond-by"]
    assert (
        "did you mean dental?"
        in problems(data={"offer": "acme", "benefits": {"dentel": True}})["/data/benefits/dentel"]
    )


def test_the_future_is_refused_from_five_minutes_on() -> None:
    assert load_event(document(), tenant="t", now=NOW - 5 * MINUTE).time == NOW
    with pytest.raises(InvalidEvent, match="5 minutes ahead"):
        load_event(document(), tenant="t", now=NOW - 5 * MINUTE - 1)


def test_extension_attributes_are_let_through_and_kept_out_of_the_data() -> None:
    said = document(traceparent="00-" + "a" * 32 + "-" + "b" * 16 + "-01", sampled=True, partition=7, absent=None)
    assert load_event(said, tenant="t", now=NOW) == load_event(document(), tenant="t", now=NOW)


def test_an_application_as_subject_is_the_one_in_the_data() -> None:
    by_application = document(subject="application:a-7", data={"offer": "acme", "application": "a-7"})
    assert load_event(by_application, tenant="t", now=NOW).subject == "application:a-7"
    assert list(problems(subject="application:a-8", data={"offer": "acme", "application": "a-7"})) == [
        "/data/application"
    ]


def test_an_event_that_says_all_by_its_type_needs_no_data() -> None:
    erased = document(type="signpost.candidate.erased.v1", data=...)
    assert load_event(erased, tenant="t", now=NOW).data == {}
