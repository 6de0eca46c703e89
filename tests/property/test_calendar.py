"""Over random cases: the calendar has exactly what is dated, each once, and no order of events changes it."""

from random import Random
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from signpost.advice.advise import advise
from signpost.advice.calendar import Entry, EntryKind, calendar_entries
from signpost.advice.calendar_ics import write_ics
from signpost.case import Case, Event
from signpost.case.instant import DAY
from signpost.facts.facts import Facts, facts_of
from tests.support.calendars import read_calendar
from tests.support.generators import START, random_events, random_now
from tests.support.rulebooks import shipped_engine

ENGINE = shipped_engine()
SEEDS = st.integers(0, 2**32)
EARLY = START - 10_000 * DAY
"""Before any date of the cases, also a notice of 90 months: the calendar leaves nothing out as long over."""


def calendar_of(events: list[Event], now: int) -> tuple[Facts, list[dict[str, Any]], list[Entry]]:
    """The facts, the advice at `now`, and the calendar EARLY."""
    case = Case().fold(*events)
    advice = [change.data for change in advise(ENGINE, case, b"", tenant="acme", key="c-1", now=now).changes]
    facts = facts_of(case, "c-1")
    return facts, advice, calendar_entries(facts, case, advice, tenant="acme", now=EARLY)


def dated_in(facts: Facts) -> set[tuple[EntryKind, str]]:
    """What has a date, from the facts."""
    candidate, found = facts.candidate.values, set()
    has_job = candidate.get("employed") is True or candidate.get("resigned") is True
    for kind in ("offer", "interview"):
        for one in facts.of_kind(kind):
            if "stage" not in one.values:
                continue
            if "respond_by" in one.values:
                found.add((EntryKind.DEADLINE, f"offer/{one.id}"))
            if "notice_by" in one.values and has_job and not one.values.get("internal"):
                found.add((EntryKind.NOTICE, f"offer/{one.id}"))
            if "starts_at" in one.values:
                found.add((EntryKind.INTERVIEW, f"interview/{one.id}"))
    return found


@given(SEEDS)
def test_the_calendar_is_exactly_what_is_dated(seed: int) -> None:
    random = Random(seed)
    facts, advice, found = calendar_of(random_events(random), random_now(random))
    dated = [(one.kind, one.about) for one in found if one.kind is not EntryKind.ADVICE]
    assert len(dated) == len(set(dated))
    assert set(dated) == dated_in(facts)
    own = {one.uid for one in found if one.kind is EntryKind.ADVICE}
    due = {f"{one['id']}@signpost": one for one in advice if one["due"] is not None and one["audience"] == "candidate"}
    assert own <= due.keys()
    for uid in due.keys() - own:
        subject = due[uid]["subject"]
        about, line = f"{subject['kind']}/{subject['id']}", f"- {due[uid]['title']}"
        assert [one for one in found if one.about == about and line in one.description.split("\n")]
    read = read_calendar(write_ics(found, name=None, now=START))
    assert set(read) == {one.uid for one in found}


@given(SEEDS)
def test_order_and_repetition_change_nothing_and_no_sequence_falls(seed: int) -> None:
    random = Random(seed)
    events, now = random_events(random), random_now(random)
    whole = calendar_of(events, now)[2]
    shuffled = random.sample(events, len(events))
    assert calendar_of([*shuffled, *events[:2]], now)[2] == whole
    last: dict[str, Entry] = {}
    for count in range(1, len(shuffled) + 1):
        case = Case().fold(*shuffled[:count])
        for entry in calendar_entries(facts_of(case, "c-1"), case, [], tenant="acme", now=now):
            assert entry.sequence >= (last[entry.uid].sequence if entry.uid in last else 0)
            last[entry.uid] = entry
