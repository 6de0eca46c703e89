"""Single answers of the compiled evaluator: related facts in order, defined values in relations, the next change."""

from pathlib import Path
from typing import Any

import pytest

from signpost.case import Case
from signpost.case.instant import HOUR, format_instant, parse_instant
from signpost.engine import CompiledEngine
from signpost.engine.compiled import Answer, begin_us, stages_of
from signpost.facts.entity import Entity
from signpost.facts.facts import facts_of
from signpost.rulebook import load
from signpost.rulebook.terms import Duration
from tests.support.workers_kit import START, event

HEAD = "  about: offer\n  source: a\n  priority: low\n  title: T\n"
RULES = f"""
choose:
{HEAD}  message: "{{{{ other.employer }}}}"
  due: respond_by
  when: {{stage: open, any other offer: {{stage: accepted}}}}
compare:
{HEAD}  message: M
  define: {{deadline: respond_by}}
  when: {{stage: open, any other offer: {{respond_by: after deadline, stage: accepted}}}}
warn:
  about: offer
  source: a
  title: T
  message: M
  params: {{late: 2h, last: 4h, life: 6h}}
  priority: {{low: from the start, high: late after extended_at, urgent: last after extended_at}}
  when: {{stage: open}}
  valid: for life after extended_at
outlast:
  about: offer
  source: a
  title: T
  message: M
  params: {{life: 6h, late: 8h}}
  priority: {{low: from the start, high: late after extended_at}}
  when: {{stage: open}}
  valid: for life after extended_at
value:
{HEAD}  message: M
  define: {{until: [respond_by, start_date]}}
  when: {{stage: open, until: known}}
wait:
{HEAD}  message: Wait for {{{{ notice }}}}
  params: {{patience: 3bd}}
  define: {{notice: [candidate's notice_period_days, patience]}}
  when: {{stage: open}}
prepare:
  about: interview
  source: a
  priority: low
  title: T
  message: M
  when: {{starts_at: known, stage: upcoming}}
thank:
  about: interview
  source: a
  priority: low
  title: T
  message: M
  when: {{starts_at: passed}}
hurry:
{HEAD}  message: M
  define: {{upcoming_until: respond_by}}
  when: {{stage: not accepted, upcoming_until: ahead}}
meet:
{HEAD}  message: M
  params: {{near: 4h}}
  when: {{stage: open, any interview as meeting: {{starts_at: within near}}}}
"""


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> CompiledEngine:
    folder = tmp_path_factory.mktemp("rules")
    Path(folder, "sources.yaml").write_text("articles: {a: A}\n")
    Path(folder, "rules.yaml").write_text(RULES)
    return CompiledEngine(load(folder))


def answer(engine: CompiledEngine, rule: str, *events: Any) -> Answer | None:
    """The answer of a rule about the offer `o`."""
    facts = facts_of(Case().fold(*events), "c-1", engine.rulebook.vocabulary)
    return next((one for one in engine.answers(facts) if one.key == f"{rule}@offer/o"), None)


def offer(name: str, respond_by: float = 100) -> Any:
    return event("offer.extended", offer=name, respond_by=format_instant(START + round(respond_by * HOUR)))


def test_related_offers_come_in_the_order_of_their_acceptance(engine: CompiledEngine) -> None:
    """Texts name the earliest first, whatever the ids."""
    yeses = [event("offer.accepted", at=at, offer=name) for name, at in (("b", 2), ("a", 3), ("c", 1))]
    found = answer(engine, "choose", offer("o"), *map(offer, "abc"), *yeses)
    assert found is not None
    assert [[one.id for one in related] for related in found.related_at(START + 9 * HOUR).values()] == [["c", "b", "a"]]


def test_the_due_time_is_that_of_the_subject_and_not_of_what_makes_it_hold(engine: CompiledEngine) -> None:
    found = answer(engine, "choose", offer("o", 50), offer("p", 60), event("offer.accepted", at=1, offer="p"))
    assert found is not None
    assert found.due == START + 50 * HOUR


def test_a_defined_value_is_the_first_that_is_known(engine: CompiledEngine) -> None:
    both = answer(engine, "value", event("offer.updated", offer="o", start_date="2026-05-04"), offer("o", 50))
    only = answer(engine, "value", event("offer.extended", offer="o", start_date="2026-05-04"))
    assert both is not None
    assert only is not None
    midnight = parse_instant("2026-05-04T00:00:00Z")
    assert (both.defined["until"], only.defined["until"]) == (START + 50 * HOUR, midnight)


def test_a_defined_value_can_be_a_parameter(engine: CompiledEngine) -> None:
    found = answer(engine, "wait", offer("o"))
    assert found is not None
    assert found.defined == {"notice": Duration(business_days=3)}


def test_a_defined_value_is_the_subjects_and_the_conditions_beside_it_are_the_others(engine: CompiledEngine) -> None:
    yes = event("offer.accepted", at=1, offer="p")
    assert answer(engine, "compare", offer("o", 50), offer("p", 60), yes) is not None
    assert answer(engine, "compare", offer("o", 60), offer("p", 50), yes) is None


def test_a_related_fact_that_comes_or_goes_is_a_change_foretold(engine: CompiledEngine) -> None:
    """Its texts name other interviews from then on, although the advice stands all the time."""
    meetings = [
        event("interview.scheduled", interview=f"i-{at}", starts_at=format_instant(START + at * HOUR)) for at in (6, 8)
    ]
    found = answer(engine, "meet", offer("o"), *meetings)
    assert found is not None
    instants, now = [], START
    while (then := found.next_change(now)) is not None:
        now = then
        instants.append((now - START) / HOUR)
    assert instants == [2, 4, 6, 8]


def test_of_several_priorities_the_highest_counts_until_the_advice_is_over(engine: CompiledEngine) -> None:
    known = facts_of(Case().fold(offer("o")), "c-1", engine.rulebook.vocabulary)
    [found] = [one for one in engine.answers(known) if one.rule.id == "warn"]
    assert [found.priority(START + at * HOUR) for at in (0, 2, 4)] == ["low", "high", "urgent"]
    instants = [START + at * HOUR for at in (2, 4, 6)]
    assert [found.next_change(at) for at in (START, *instants)] == [*instants, None]
    for answers in (None, [found]):
        holding = [
            any(match.rule == "warn" for match in engine.matches(known, START + at, answers))
            for at in (6 * HOUR - 1, 6 * HOUR)
        ]
        assert holding == [True, False]


def test_nothing_changes_once_the_advice_is_over(engine: CompiledEngine) -> None:
    """A higher priority that would come later is none of it."""
    found = answer(engine, "outlast", offer("o"))
    assert found is not None
    assert found.next_change(START) == START + 6 * HOUR
    assert found.next_change(START + 6 * HOUR) is None


def test_what_is_tried_of_one_subject_holds_while_the_advice_stands(engine: CompiledEngine) -> None:
    known = facts_of(Case().fold(offer("o")), "c-1", engine.rulebook.vocabulary)
    [subject] = known.of_kind("offer")
    held = [engine.holds_about("warn", subject, known, START + at) for at in (0, 6 * HOUR - 1, 6 * HOUR)]
    assert held == [True, True, False]


def test_what_texts_and_the_other_engine_ask_of_it(engine: CompiledEngine) -> None:
    assert engine.compiled is engine
    assert begin_us(Entity("offer", "o")) == 0
    assert begin_us(Entity("offer", "o", {"extended_at": 7, "accepted_at": 9})) == 9


def test_a_rule_can_hold_only_at_the_stages_that_it_names_or_implies(engine: CompiledEngine) -> None:
    stages = {name: stages_of(rule) for name, rule in engine.rulebook.rules.items()}
    assert (stages["warn"], stages["prepare"]) == ({"open"}, {"scheduled"})
    assert (stages["thank"], stages["hurry"]) == (None, None)
