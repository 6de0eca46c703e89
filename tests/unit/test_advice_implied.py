"""What was done counts: `done` states the facts that a rule implies, in the same case as everything else."""

from dataclasses import replace

from signpost.advice.case_set import CaseSet
from signpost.advice.records import load_records
from signpost.case import Event
from signpost.case.instant import DAY, HOUR, parse_instant
from signpost.facts.facts import Entity, facts_of
from tests.support.rulebooks import shipped, shipped_engine

NOW = parse_instant("2026-03-02T09:00:00Z")
RULEBOOK = shipped()
ENGINE = shipped_engine()
SCHEDULED = Event(
    "t", "ats", "e-1", "interview.scheduled", NOW, "c-1", {"interview": "i-1", "starts_at": "2026-03-05T09:00:00Z"}
)


def opened() -> CaseSet:
    case_set = CaseSet(ENGINE, "t", {})
    case_set.handle(SCHEDULED, NOW)
    return case_set


def done(case_set: CaseSet, advice: str, at: int = NOW + HOUR) -> Event:
    record = load_records(case_set.find("c-1").advice_state)[advice]
    return Event("t", "app", "e-done", "advice.done", at, "c-1", {"recommendation": record.id})


def interview(case_set: CaseSet) -> Entity:
    [entity] = facts_of(case_set.find("c-1").case, "c-1").entities["interview"]
    return entity


def test_done_states_the_fact_and_is_published_as_done() -> None:
    case_set = opened()
    changes = case_set.handle(done(case_set, "research-organisation@interview/i-1"), NOW + HOUR)
    assert [(change.rule, change.change) for _, change in changes] == [("research-organisation", "done")]
    found = interview(case_set)
    assert found.values["prepared.research"] is True
    assert found.stamps["prepared.research"] == (NOW + HOUR, "app", "e-done")
    assert "prepared.skills" not in found.values


def test_done_states_the_fact_also_after_a_merge() -> None:
    case_set = opened()
    answer = done(case_set, "research-organisation@interview/i-1")
    case_set.handle(Event("t", "ats", "e-2", "candidate.merged", NOW, "c-1", {"into": "c-2"}), NOW)
    case_set.handle(answer, NOW + HOUR)
    assert interview(case_set).values["prepared.research"] is True


def test_a_repeat_changes_nothing() -> None:
    case_set = opened()
    event = done(case_set, "research-organisation@interview/i-1")
    case_set.handle(event, NOW + HOUR)
    before = case_set.find("c-1")
    kept = (before.case.to_json(), before.advice_state)
    assert case_set.handle(event, NOW + 2 * HOUR) == []
    assert (before.case.to_json(), before.advice_state) == kept


def test_dismissed_and_snoozed_imply_nothing() -> None:
    case_set = opened()
    event = done(case_set, "research-organisation@interview/i-1")
    case_set.handle(replace(event, type="advice.dismissed"), NOW + HOUR)
    assert "prepared.research" not in interview(case_set).values


def test_done_after_the_advice_has_ended_still_counts() -> None:
    case_set = opened()
    event = done(case_set, "research-organisation@interview/i-1", NOW + 2 * DAY)
    case_set.wake("c-1", NOW + 4 * DAY)
    ended = load_records(case_set.find("c-1").advice_state)["research-organisation@interview/i-1"]
    assert (ended.state, ended.id) == ("ended", "")
    case_set.handle(event, NOW + 4 * DAY)
    assert interview(case_set).values["prepared.research"] is True


def test_an_answer_to_nothing_known_implies_nothing() -> None:
    case_set = opened()
    event = replace(done(case_set, "research-organisation@interview/i-1"), data={"recommendation": "rec_0"})
    assert case_set.handle(event, NOW + HOUR) == []
    assert "prepared.research" not in interview(case_set).values


def test_a_contact_is_linked_to_the_subject() -> None:
    case_set = CaseSet(ENGINE, "t", {})
    case_set.handle(replace(SCHEDULED, type="offer.extended", data={"offer": "o", "employer": {"id": "acme"}}), NOW)
    case_set.handle(done(case_set, "thank-for-offer@offer/o"), NOW + HOUR)
    [contact] = facts_of(case_set.find("c-1").case, "c-1").entities["contact"]
    assert contact.values | {"at": 0} == contact.values | {
        "at": 0,
        "offer": "o",
        "by": "candidate",
        "purpose": "thanks",
        "employer": "acme",
    }
