"""Variables of the texts of a card where values are unknown or differ in their order: what is left out, what comes
first."""

from pathlib import Path
from typing import Any

import pytest

from signpost.case.event import Event
from signpost.rulebook import Rulebook, load
from tests.support.workers_kit import event
from tests.unit.test_agenda_variables import (
    ACME,
    ACTS,
    CANDIDATE,
    CARDS,
    EMPLOYER,
    MORNING,
    NOON,
    Variables,
    interview,
    offer,
)

RULES = """
ask-title:
  {about: offer, act: ask employer, source: a, priority: normal, message: M, weight: 9, when: {stage: open},
  title: Ask for the title, item: what you would be, point: start, question: "{% if title %}A {{ title }}?{% endif %}"}
ask-pay:
  {about: offer, act: ask employer, source: a, priority: normal, message: M, weight: 5, when: {stage: open},
  title: Ask for the pay, item: what they pay, question: "What do you pay?"}
ask-start:
  {about: offer, act: ask employer, source: a, priority: normal, message: M, weight: 3, when: {stage: open},
  title: Ask for the day, point: start, question: "When do I start?"}
ask-move:
  {about: offer, act: ask employer, source: a, priority: normal, message: M, weight: 1, when: {stage: open},
  title: Ask for room, item: whether it can move, point: start, question: "Can it move?"}
thank:
  {about: offer, act: thank employer, source: a, priority: normal, message: M, when: {stage: open}, title: Thank}
prepare:
  {about: interview, act: prepare, source: a, priority: normal, message: M, when: {stage: scheduled}, title: Prepare}
follow:
  {about: application, act: plan, source: a, priority: low, title: Follow, message: M, when: {stage: submitted}}
plan: {about: candidate, act: plan, source: a, priority: low, title: Plan, message: M, when: {has_family: true}}
explain:
  {audience: employer, about: offer, act: plan, source: a, priority: low, message: M, title: Explain,
  when: {stage: open}}
meet:
  {audience: employer, about: interview, act: plan, source: a, priority: low, message: M, title: Meet,
  when: {stage: scheduled}}
"""
OWN = "fields: {candidate: {interviewed_at: {type: instant, visible_to: candidate}}}\n"


@pytest.fixture(scope="module")
def rulebook(tmp_path_factory: pytest.TempPathFactory) -> Rulebook:
    folder = tmp_path_factory.mktemp("rules")
    sources = "articles: {a: An article}\n"
    files = {"sources": sources, "asking": RULES, "acts": ACTS, "agenda": CARDS, "fields": OWN}
    for name, text in files.items():
        Path(folder, f"{name}.yaml").write_text(text, "utf-8")
    return load(folder)


def test_a_question_that_the_facts_leave_out_takes_no_place_in_the_letter(rulebook: Rulebook) -> None:
    pay, start = "What do you pay?", "When do I start? Can it move?"
    assert Variables(rulebook, offer()).of("questions") == [pay, start]
    assert Variables(rulebook, offer(title="Cook")).of("questions") == [f"A Cook? {start}", pay]


def test_what_has_no_item_is_no_part_of_the_line_of_its_point(rulebook: Rulebook) -> None:
    one = Variables(rulebook, offer())
    assert one.of("asked") == ["what they pay", "whether it can move"]
    assert one.of("items") == ["what you would be", "Ask for the day", "Thank"]


def test_deadlines_are_in_the_order_of_time_whatever_comes_first_on_the_card(rulebook: Rulebook) -> None:
    ends = {"a": "16:00", "b": "12:00", "c": "09:40", "d": "09:20"}
    one = Variables(rulebook, *(offer(name, respond_by=f"2026-03-02T{at}:00Z") for name, at in ends.items()))
    assert [f"{at:%H:%M}" for at in one.of("deadlines")] == ["12:00", "16:00"]
    assert [f"{at:%H:%M}" for at in one.of("missed_deadlines")] == ["09:20", "09:40"]


def talk(name: str, starts_at: str, interviewer: str) -> Event:
    more: dict[str, Any] = {"employer": ACME, "starts_at": starts_at, "interviewers": [interviewer]}
    return event("interview.scheduled", at=0, id=name, interview=name, **more)


def test_interviews_and_interviewers_are_in_the_order_in_which_they_begin(rulebook: Rulebook) -> None:
    one = Variables(rulebook, talk("a", NOON, "Bo Chen"), talk("b", MORNING, "Ann Lee"))
    assert one.of("interviewers", "a") == ["Ann Lee", "Bo Chen"]
    for reader in (CANDIDATE, EMPLOYER):
        assert [f"{at:%H:%M}" for at in one.of("times", reader=reader)] == ["10:00", "12:00"]


def test_only_interviews_are_counted_as_such(rulebook: Rulebook) -> None:
    one = Variables(rulebook, offer(), interview("a", NOON), interview("b", MORNING))
    assert (one.of("subjects", reader=EMPLOYER), one.of("interviews", reader=EMPLOYER)) == (3, 2)
    assert one.of("interviews", "explain", reader=EMPLOYER) == 0


def test_interviewed_are_applications_alone_and_of_those_the_ones_that_were(rulebook: Rulebook) -> None:
    """A field of a tenant's own can have the same name."""
    own = event("candidate.preferences", at=0, has_family=True, custom={"interviewed_at": "2026-02-20T10:00:00Z"})
    applied = [event("application.submitted", at=-300, application=name, id=name, employer=ACME) for name in "ab"]
    held = event("interview.completed", at=-24, id="i", interview="i", application="b", employer=ACME)
    one = Variables(rulebook, own, *applied, held)
    assert one.of("subjects") == 3
    assert [f"{at:%d %H:%M}" for at in one.of("interviewed")] == ["01 09:00"]


def test_an_employer_signs_by_the_first_contact_whose_name_is_known(rulebook: Rulebook) -> None:
    one = Variables(rulebook, offer("a", application="x"), offer("b", contact_name="Ann Lee"))
    assert one.of("signature", "a", reader=EMPLOYER) == "[your name]"
    assert one.of("signature", reader=EMPLOYER) == "Ann Lee"
