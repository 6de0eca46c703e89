"""What texts may say of a rule's own values and of what is not known yet."""

from pathlib import Path
from typing import Any

import pytest

from signpost.advice import advise
from signpost.case import Case, Event
from signpost.case.instant import HOUR, parse_instant
from signpost.engine import CompiledEngine
from signpost.rulebook import load

START = parse_instant("2026-03-02T09:00:00Z")
Happening = tuple[str, dict[str, Any]]
OFFER = {"offer": "o", "employer": {"id": "acme", "name": "Acme"}}


@pytest.fixture
def message(tmp_path: Path) -> Any:
    """What a rule says, given the members of the rule, a text, and events an hour apart."""

    def said(members: str, text: str, *happenings: Happening, **terms: Any) -> str:
        (tmp_path / "sources.yaml").write_text("articles: {a: An article}\n")
        rule = f"  about: offer\n  source: a\n  priority: low\n  title: T\n  message: '{text}'\n"
        (tmp_path / "own.yaml").write_text(f"tell:\n{rule}  {members}\n")
        told = [("offer.extended", {**OFFER, **terms}), *happenings]
        events = [
            Event("t", "s", f"e-{at}", type_, START + at * HOUR, "c-1", data) for at, (type_, data) in enumerate(told)
        ]
        now = START + len(events) * HOUR
        [raised] = advise(
            CompiledEngine(load(tmp_path)), Case().fold(*events), b"", tenant="t", key="c-1", now=now
        ).changes
        found: str = raised.data["message"]
        return found

    return said


def test_a_text_shows_the_parameters_of_its_rule_in_words(message: Any) -> None:
    members = "params: {offers: 3, wait: 14d}\n  when: {stage: open}"
    assert message(members, "{{ params.offers }} in {{ params.wait }}") == "3 in 14 days"


DEFINED = """define:
    last_call: [respond_by]
    free_time:
      - paid_leave_days
      - {value: usual, when: {title: known}}
  params: {usual: 14d}
  when: {stage: open}"""


@pytest.mark.parametrize(
    ("terms", "shown"),
    [({"paid_leave_days": 1}, "1 day"), ({"title": "Nurse"}, "14 days"), ({}, "a time that is not known")],
)
def test_a_text_shows_a_length_of_time_that_its_rule_defines_in_words(
    message: Any, terms: dict[str, Any], shown: str
) -> None:
    text = "{{ last_call }}: {% if free_time %}{{ free_time }}{% else %}a time that is not known{% endif %}"
    said = message(DEFINED, text, **terms, respond_by="2026-03-09T09:00:00Z")
    assert said == f"Monday, 9 March 2026, 09:00 (UTC): {shown}"


def test_a_candidate_reads_what_only_the_candidate_knows(message: Any) -> None:
    own = ("candidate.preferences", {"has_family": True})
    text = "{% if candidate.has_family %}with family{% else %}alone{% endif %}"
    assert message("when: {stage: open}", text, own) == "with family"


# What is missing

MISSING = "{{ missing | listed }}"


def test_what_the_candidate_has_not_stated_is_not_missing_from_the_offer(message: Any) -> None:
    members = "when: {stage: open, any of: [{candidate: {display_name: unknown}}, {any unknown: [title]}]}"
    assert message(members, MISSING) == "title"


def test_what_is_missing_is_named_only_where_what_it_goes_with_holds(message: Any) -> None:
    members = """when:
    stage: open
    any of:
      - {title: known, any unknown: [start_date]}
      - {title: unknown, any unknown: [team]}"""
    assert message(members, MISSING) == "team"
    assert message(members, MISSING, title="Nurse") == "start date"


def test_what_is_missing_beside_a_time_is_not_named(message: Any) -> None:
    """No text depends on the clock."""
    members = """when:
    stage: open
    any of:
      - {title: unknown, respond_by: passed, any unknown: [start_date]}
      - {title: unknown, any unknown: [team]}"""
    assert message(members, MISSING) == "team"


def test_what_is_missing_is_named_although_a_time_is_an_alternative_to_it(message: Any) -> None:
    members = """when:
    stage: open
    any of:
      - stage: accepted
      - title: unknown
        any of: [{team: unknown}, {respond_by: passed}]"""
    assert message(members, MISSING) == "team"
