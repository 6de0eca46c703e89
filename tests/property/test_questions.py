"""Questions: each decides advice, goes away once answered, and costs no more than a stated number of evaluations."""

import json
from collections.abc import Iterable, Iterator
from copy import deepcopy
from random import Random
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from signpost.advice import active, advise
from signpost.case import Case, Event
from signpost.case.instant import DAY, format_instant
from signpost.engine import CompiledEngine
from signpost.engine.compiled import Answer
from signpost.explain import Question, questions
from signpost.explain.question_texts import Ask, NotAsked, Redirect, entries
from signpost.explain.questions import MAX_LIMIT, MAX_TRIALS
from signpost.explain.waiting import MAX_WORK
from signpost.facts.facts import Entity, Facts
from signpost.facts.vocabulary import KINDS
from signpost.names import PRIORITIES
from signpost.schemas import load_event
from tests.support.generators import START, random_events, random_now
from tests.support.long_suite import number_of
from tests.support.rulebooks import shipped_engine

CASES = number_of(50)
ENGINE = shipped_engine()
NOW = START + DAY
ACME = {"employer": {"id": "acme", "name": "Acme"}}
PAY = {"offered": 58_000, "floor": 60_000, "target": 70_000}


def said(number: int, type_: str, **data: Any) -> Event:
    return Event("acme", "ats", f"e-{number}", type_, START + number, "c-1", data)


def case_of(*events: Event) -> Case:
    return Case().fold(*events)


def ask(case: Case, now: int = NOW, limit: int = MAX_LIMIT) -> list[Question]:
    return questions(ENGINE, case, "c-1", now, limit)


def facts_asked(found: Iterable[Question]) -> list[str]:
    return [question["fact"] for question in found]


def advised(case: Case, now: int) -> set[str]:
    """The advice to the candidate, as the advisor keeps it."""
    state = advise(ENGINE, case, b"", tenant="acme", key="c-1", now=now).advice_state
    return {key for key, record in active(state).items() if record.audience == "candidate"}


def answered(question: Question, now: int) -> Iterator[Event]:
    """The events of all answers, as the intake accepts them; those with a value of one's own where one is named."""
    for number, answer in enumerate(question["answers"]):
        event, fill = deepcopy(answer["event"]), answer["fill"]
        if fill is not None:
            if fill["example"] is None:
                continue
            *outer, last = fill["pointer"].removeprefix("/data/").split("/")
            place = event["data"]
            for name in outer:
                place = place[name]
            assert place[last] is None
            Draft202012Validator(fill["schema"]).validate(fill["example"])
            place[last] = fill["example"]
        attributes = {"specversion": "1.0", "id": f"answer-{number}", "source": "app", "time": format_instant(now)}
        yield load_event({**attributes, **event}, tenant="acme", now=now)


def test_a_bare_offer_asks_by_when_an_answer_is_needed() -> None:
    first, *_ = ask(case_of(said(1, "offer.extended", offer="o-1", **ACME)))
    assert (first["fact"], first["text"], first["priority"]) == (
        "offer/o-1 respond_by",
        "Has Acme told you by when it needs your answer?",
        "urgent",
    )
    assert first["answers"][0]["event"] == {
        "type": "signpost.offer.updated.v1",
        "subject": "c-1",
        "data": {"offer": "o-1", "respond_by": None},
    }


def test_an_accepted_offer_asks_whether_there_is_a_job() -> None:
    events = said(1, "offer.extended", offer="o-1", **ACME), said(2, "offer.accepted", offer="o-1")
    first, *_ = ask(case_of(*events))
    assert (first["fact"], first["text"]) == ("candidate/c-1 employed", "Do you have a job at present?")
    assert [(answer["text"], answer["event"]["type"], answer["fill"]) for answer in first["answers"]] == [
        ("Yes", "signpost.employment.current.v1", None),
        ("No", "signpost.employment.ended.v1", None),
    ]
    assert {"rule": "wait-for-signed-letter", "subject": {"kind": "offer", "id": "o-1"}, "priority": "high"} in first[
        "rules"
    ]


def test_what_follows_from_another_fact_is_asked_by_that_fact() -> None:
    """Whether a start is too soon follows from the period of notice, which the person knows."""
    events = (
        said(1, "offer.extended", offer="o-1", start_date="2026-04-13", **ACME),
        said(2, "offer.accepted", offer="o-1"),
        said(3, "offer.letter_signed", offer="o-1"),
        said(4, "employment.current"),
    )
    found = {question["fact"]: question for question in ask(case_of(*events))}
    notice = found["candidate/c-1 notice_period"]
    assert [rule["rule"] for rule in notice["rules"]] == ["start-date-too-soon"]
    assert [answer["fill"] and answer["fill"]["pointer"] for answer in notice["answers"]] == [
        "/data/notice_period_days",
        "/data/notice_period_weeks",
        "/data/notice_period_months",
    ]


def test_what_does_not_make_sense_is_not_asked() -> None:
    """Nobody without a known job is asked about its notice; no interview that was held is scheduled again."""
    events = (
        said(1, "offer.extended", offer="o-1", start_date="2026-04-13", **ACME),
        said(2, "offer.accepted", offer="o-1"),
        said(3, "offer.letter_signed", offer="o-1"),
        said(4, "interview.completed", interview="i-1", **ACME),
    )
    asked = facts_asked(ask(case_of(*events)))
    assert "candidate/c-1 employed" in asked
    assert "candidate/c-1 notice_period" not in asked
    assert not [fact for fact in asked if fact.startswith("interview/")]


def test_every_question_decides_advice_and_goes_away_once_answered() -> None:
    random, asked = Random(11), 0
    for _ in range(CASES):
        case, now = case_of(*random_events(random)), max(random_now(random), START + 21 * DAY)
        before = advised(case, now)
        found = ask(case, now)
        assert len(set(facts_asked(found))) == len(found)
        for question in random.sample(found, min(2, len(found))):
            waiting = {f"{one['rule']}@{one['subject']['kind']}/{one['subject']['id']}" for one in question["rules"]}
            brought: set[str] = set()
            for event in answered(question, now):
                after = case.fold(event)
                brought |= advised(after, now) - before
                assert question["fact"] not in facts_asked(ask(after, now)), question
            assert waiting & brought, question
            assert not waiting & before
            asked += 1
    assert asked > 0.6 * CASES


def test_the_most_urgent_advice_comes_first_and_the_limit_keeps_the_first() -> None:
    random = Random(12)
    for _ in range(60):
        case, now = case_of(*random_events(random)), random_now(random)
        found = ask(case, now)
        ranks = [(-PRIORITIES.index(question["priority"]), -len(question["rules"])) for question in found]
        assert ranks == sorted(ranks)
        assert ask(case, now, 2) == found[:2]
        assert json.loads(json.dumps(found)) == found


class Counting(CompiledEngine):
    """Counts the evaluations of whole cases and of single rules."""

    evaluations = single = 0

    def answers(self, facts: Facts) -> list[Answer]:
        self.evaluations += 1
        return super().answers(facts)

    def holds_about(self, rule_id: str, subject: Entity, facts: Facts, now: int) -> bool:
        self.single += 1
        return super().holds_about(rule_id, subject, facts, now)


@pytest.mark.parametrize("offers", [1, 3, 30])
def test_the_cost_is_limited_whatever_the_case(offers: int) -> None:
    engine = Counting(ENGINE.rulebook)
    events = [said(number, "offer.extended", offer=f"o-{number}", **ACME) for number in range(offers)]
    assert questions(engine, case_of(*events), "c-1", NOW)
    assert 0 < engine.evaluations <= MAX_TRIALS + 1
    assert 0 < engine.single <= MAX_WORK / 20


def test_what_was_dismissed_keeps_no_question_back() -> None:
    pay = {limit: {"amount": str(amount), "currency": "USD", "per": "year"} for limit, amount in PAY.items()}
    wishes = said(1, "candidate.preferences", salary_floor=pay["floor"], salary_target=pay["target"])
    case = case_of(wishes, said(2, "offer.extended", offer="o-1", salary=pay["offered"], negotiable=False, **ACME))
    state = advise(ENGINE, case, b"", tenant="acme", key="c-1", now=NOW).advice_state
    name = active(state)["turn-down-below-floor@offer/o-1"].id
    assert "offer/o-1 workplace" not in facts_asked(questions(ENGINE, case, "c-1", NOW, MAX_LIMIT, state))
    case = case.fold(Event("acme", "app", "e-9", "advice.dismissed", NOW, "c-1", {"recommendation": name}))
    assert "offer/o-1 workplace" in facts_asked(questions(ENGINE, case, "c-1", NOW, MAX_LIMIT, state))


def test_an_empty_case_has_no_questions() -> None:
    assert questions(ENGINE, Case(), "c-1", NOW) == []


def test_every_field_has_a_question_or_a_reason_why_there_is_none() -> None:
    assert {kind: set(fields) for kind, fields in entries().items()} == {
        kind: set(fields) for kind, fields in KINDS.items()
    }
    for kind, fields in entries().items():
        for name, entry in fields.items():
            if isinstance(entry, Redirect):
                assert all(isinstance(entries()[other][field], Ask) for other, field in entry.fields), (kind, name)
            elif isinstance(entry, NotAsked):
                assert entry.reason
            else:
                check_ask(entry)


def check_ask(entry: Ask) -> None:
    """Its text reads as a question, its events are valid, and a choice can be given every value."""
    assert entry.text.endswith("?")
    assert entry.answers
    field = KINDS[entry.kind][entry.name]
    subject = {} if entry.kind == "candidate" else {entry.kind: "x-1"}
    assert set(entry.given) <= set(KINDS[entry.kind])
    stated = []
    for answer in entry.answers:
        data = answer.data_with(subject)
        attributes = {"specversion": "1.0", "id": "1", "source": "app", "time": format_instant(NOW), "subject": "c-1"}
        load_event({**attributes, "type": f"signpost.{answer.type}.v1", "data": data}, tenant="acme", now=NOW)
        stated.append(data.get(entry.name))
    if field.type == "choice":
        assert set(stated) == set(field.choices), entry.name
