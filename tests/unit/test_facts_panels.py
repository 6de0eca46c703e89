"""Several records of one talk: which is the first, and what is prepared for all."""

from itertools import permutations
from typing import Any

import pytest

from signpost.case import Case, Event
from signpost.case.instant import format_instant
from signpost.facts.facts import facts_of
from tests.support.generators import START

HOUR = 3_600_000_000
Said = tuple[str, dict[str, Any]]
TEN, ELEVEN = format_instant(START + 90 * HOUR), format_instant(START + 91 * HOUR)


def scheduled(interview: str, **data: Any) -> Said:
    said = {"application": "a", "employer": {"id": "acme"}, "starts_at": TEN, "format": "onsite", **data}
    return "interview.scheduled", {"interview": interview, **{key: value for key, value in said.items() if value}}


def prepared(interview: str, step: str) -> Said:
    return "interview.prepared", {"interview": interview, "step": step}


def events(said: tuple[Said, ...]) -> list[Event]:
    return [
        Event("acme", "test", f"e-{number}", type_, START + number * HOUR, "c-1", data)
        for number, (type_, data) in enumerate(said)
    ]


def interviews(*said: Said) -> dict[str, dict[str, Any]]:
    found = facts_of(Case().fold(*events(said)), "c-1")
    return {interview.id: interview.values for interview in found.entities["interview"]}


def second_records(*said: Said) -> list[str]:
    return [name for name, values in interviews(*said).items() if values["second_record"]]


def test_the_first_record_is_the_one_with_the_least_id() -> None:
    assert second_records(scheduled("i-2"), scheduled("i-1"), scheduled("i-3")) == ["i-2", "i-3"]


def test_a_cancelled_record_stands_for_no_other() -> None:
    cancelled = ("interview.cancelled", {"interview": "i-1"})
    assert second_records(scheduled("i-1"), scheduled("i-2"), scheduled("i-3"), cancelled) == ["i-3"]


@pytest.mark.parametrize(
    "other",
    [
        {"starts_at": ELEVEN},
        {"starts_at": None},
        {"format": "video"},
        {"format": None},
        {"application": "b"},
        {"application": None, "employer": {"id": "globex"}},
        {"application": None, "employer": None},
    ],
)
def test_another_talk_is_no_record_of_this_one(other: dict[str, Any]) -> None:
    assert second_records(scheduled("i-1"), scheduled("i-2", **other)) == []


@pytest.mark.parametrize("other", [{"application": None}, {"employer": None}])
def test_one_talk_is_known_by_its_application_or_its_employer(other: dict[str, Any]) -> None:
    assert second_records(scheduled("i-1"), scheduled("i-2", **other)) == ["i-2"]


def test_what_is_prepared_for_one_record_is_prepared_for_all() -> None:
    said = (scheduled("i-1"), scheduled("i-2"), scheduled("i-3", starts_at=ELEVEN), prepared("i-2", "questions"))
    found = interviews(*said)
    assert [found[name].get("prepared.questions") for name in ("i-1", "i-2", "i-3")] == [True, True, None]


def test_the_order_of_arrival_does_not_matter() -> None:
    told = events((scheduled("i-2"), scheduled("i-1"), prepared("i-2", "bag"), prepared("i-1", "bag")))
    found = [facts_of(Case().fold(*order), "c-1").entities for order in permutations(told)]
    assert all(entities == found[0] for entities in found)
