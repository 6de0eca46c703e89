"""Bounds of a case: below them nothing changes; at them a case is what the fold makes of the events that it took."""

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signpost.advice.case_set import CaseSet
from signpost.advice.records import active
from signpost.case import Case, Event, limits
from signpost.case.limits import MAX_ENTITIES
from signpost.workers.case_limits import CaseFull, check_room
from tests.support.generators import START, random_event
from tests.support.long_suite import number_of
from tests.support.workers_kit import ENGINES

SUBJECTS = ["c-1", "c-1", "c-2", "application:a1"]
TIGHT = {"offer": 2, "interview": 1, "application": 2, "contact": 1, "advice": 1}


def stream(seed: int, count: int = 14) -> list[Event]:
    """Events of two people and an application that may be either's, who may turn out to be one."""
    random = Random(seed)
    events = [random_event(random, number, random.choice(SUBJECTS)) for number in range(count)]
    if random.random() < 0.5:
        merged = Event("acme", "ats", "merged", "candidate.merged", START, "c-2", {"into": "c-1"})
        events.insert(random.randrange(count), merged)
    return events


def taken(events: list[Event]) -> tuple[CaseSet, list[Event]]:
    """The cases after these events as a worker handles them, and what it took."""
    load, kept = CaseSet(ENGINES.of("acme"), "acme", {}), []
    for event in events:
        try:
            check_room(load, event)
        except CaseFull:
            continue
        load.handle(event, START)
        kept.append(event)
    return load, kept


def states(load: CaseSet) -> dict[str, bytes]:
    return {key: case.case.to_json() for key, case in load.cases.items() if not case.case.is_empty}


def is_within(case: Case) -> bool:
    return all(len(case.registers.get(kind, ())) <= most for kind, most in limits.MAX_ENTITIES.items())


@settings(max_examples=30)
@given(st.integers(0, 2**32))
def test_cases_below_the_bounds_are_untouched(seed: int) -> None:
    events = stream(seed)
    assert len(events) < min(MAX_ENTITIES.values())
    assert taken(events)[1] == events


@settings(max_examples=number_of(60))
@given(st.integers(0, 2**32))
def test_no_case_exceeds_a_bound_and_what_was_taken_is_all_that_it_holds(seed: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(limits, "MAX_ENTITIES", TIGHT)
        load, kept = taken(stream(seed))
        assert all(is_within(case.case) for case in load.cases.values() if case.merged_into is None)
        patch.setattr(limits, "MAX_ENTITIES", MAX_ENTITIES)
        assert states(taken(kept)[0]) == states(load)


@settings(max_examples=number_of(60))
@given(st.integers(0, 2**32))
def test_nothing_is_refused_where_everything_fits(seed: int) -> None:
    """Cases only grow, so that what fits in the end has fitted all the time."""
    events = stream(seed, 6)
    everything = taken(events)[0]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(limits, "MAX_ENTITIES", TIGHT)
        fits = all(is_within(case.case) for case in everything.cases.values())
        assert (taken(events)[1] == events) is fits


@settings(max_examples=number_of(60))
@given(st.integers(0, 2**32))
def test_events_folded_together_end_as_those_evaluated_one_by_one(seed: int) -> None:
    alone, together = (CaseSet(ENGINES.of("acme"), "acme", {}) for _ in range(2))
    for event in stream(seed):
        alone.handle(event, START)
        together.apply(event, START)
    together.advise(START)
    assert states(together) == states(alone)
    assert standing(together) == standing(alone)


def standing(load: CaseSet) -> dict[str, dict[str, tuple[str, int | None]]]:
    """Key -> active advice with priority and due."""
    return {
        key: {name: (record.priority, record.due) for name, record in active(case.advice_state).items()}
        for key, case in load.cases.items()
    }
