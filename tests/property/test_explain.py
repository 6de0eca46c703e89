"""Explanations: they give the engine's own answer, and every change that they name has that effect."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import pytest

from signpost.advice import advise
from signpost.advice.records import load_records
from signpost.case import Case, Event
from signpost.case.instant import DAY, HOUR, format_instant, parse_instant
from signpost.engine import CompiledEngine
from signpost.engine.compiled import Match
from signpost.explain import Explanation, TooManySubjects, UnknownRule, UnknownSubject, explain, explain_all
from signpost.facts.facts import Entity, Facts, facts_of
from signpost.facts.values import typed_value
from signpost.facts.vocabulary import Field, Vocabulary
from signpost.rulebook.analysis.guarantees import ALWAYS_KNOWN
from tests.property.test_advice_barrier import unseen
from tests.support.generators import START, random_events, random_now
from tests.support.long_suite import some
from tests.support.rulebooks import every_term, shipped_engine

ENGINE = shipped_engine()


def said(number: int, type_: str, at: int = START, **data: Any) -> Event:
    return Event("acme", "test", f"e-{number}", type_, at, "c-1", data)


def case_of(*events: Event) -> Case:
    return Case().fold(*events)


def test_every_explanation_gives_the_answer_of_the_engine(tmp_path: Path) -> None:
    engine, random, seen = CompiledEngine(every_term(tmp_path)), Random(5), 0
    for _ in some(range(60), 3):
        case, now = case_of(*random_events(random)), random_now(random)
        matches = {
            (m.rule, m.kind, m.subject) for m in engine.matches(facts_of(case, "c-1", engine.rulebook.vocabulary), now)
        }
        for rule in random.sample(sorted(engine.rulebook.rules), 12):
            for one in explain_all(engine, case, "c-1", rule, now):
                named = (rule, one["subject"]["kind"], one["subject"]["id"])
                assert one["holds"] == (named in matches), named
                conditions = all(reason["answer"] == "yes" for reason in one["because"])
                in_time = one["valid_until"] is None or parse_instant(one["valid_until"]) > now
                assert one["holds"] == (conditions and in_time), named
                seen += one["holds"]
    assert seen > 20


def made(type_: str, value: Any) -> Any:
    """A value of a fact from its JSON."""
    return typed_value(Field("x", type_), value, None) if value is not None else None


def with_value(facts: Facts, fact: str, value: Any) -> Facts:
    """Facts in which one is otherwise: `offer/o1 stage`."""
    owner, _, name = fact.rpartition(" ")
    kind, _, id_ = owner.partition("/")

    def changed(entity: Entity) -> Entity:
        values = {key: held for key, held in (entity.values | {name: value}).items() if held is not None}
        return replace(entity, values=values)

    if kind == "candidate":
        return replace(facts, candidate=changed(facts.candidate))
    others = [changed(one) if one.id == id_ else one for one in facts.entities[kind]]
    return replace(facts, entities=facts.entities | {kind: others})


def answers(engine: CompiledEngine, facts: Facts, one: Explanation, now: int) -> bool:
    return Match(one["rule"], one["subject"]["kind"], one["subject"]["id"]) in engine.matches(facts, now)


def test_every_single_change_that_is_named_turns_the_answer(tmp_path: Path) -> None:
    random, seen = Random(21), 0
    for engine in (CompiledEngine(every_term(tmp_path)), ENGINE):
        for _ in some(range(60), 3):
            case, now = case_of(*random_events(random)), random_now(random)
            for rule in random.sample(sorted(engine.rulebook.rules), 6):
                for one in explain_all(engine, case, "c-1", rule, now)[:2]:
                    for change in one["if_changed"]:
                        kind, name = change["fact"].split("/")[0], change["fact"].rpartition(" ")[2]
                        for value in map(partial(made, engine.rulebook.vocabulary[kind][name].type), change["values"]):
                            facts = with_value(facts_of(case, "c-1", engine.rulebook.vocabulary), change["fact"], value)
                            assert answers(engine, facts, one, now) is not one["holds"], (one, change)
                            seen += 1
    assert seen > 150


def plain_changes(entity: Entity, vocabulary: Vocabulary) -> Iterator[tuple[str, Any]]:
    """Every known field unknown, and every word and truth value it could have."""
    for name, field in vocabulary[entity.kind].items():
        choices = (True, False) if field.type == "boolean" else field.choices if field.type == "choice" else ()
        always = name in ALWAYS_KNOWN.get(entity.kind, ())
        for value in (*choices, *(() if always else (None,))):
            if value != entity.values.get(name):
                yield name, value


def test_no_single_word_that_turns_the_answer_is_left_out(tmp_path: Path) -> None:
    random, seen = Random(34), 0
    for engine in (CompiledEngine(every_term(tmp_path)), ENGINE):
        for _ in some(range(60), 3):
            case, now = case_of(*random_events(random, 5)), random_now(random)
            facts = facts_of(case, "c-1", engine.rulebook.vocabulary)
            rule = random.choice(sorted(rule.id for rule in engine.rulebook.rules.values() if rule.about == "offer"))
            for one in explain_all(engine, case, "c-1", rule, now)[:1]:
                named = {change["fact"]: change["values"] for change in one["if_changed"]}
                for entity in (facts.candidate, *(one for kind in facts.entities.values() for one in kind)):
                    for name, value in plain_changes(entity, facts.vocabulary):
                        fact = f"{entity.kind}/{entity.id} {name}"
                        turns = answers(engine, with_value(facts, fact, value), one, now) is not one["holds"]
                        assert turns is (value in named.get(fact, [])), (one["rule"], fact, value)
                        seen += turns
    assert seen > 8


def test_the_next_change_is_when_the_engine_changes_its_mind() -> None:
    random, seen = Random(8), 0
    for _ in range(60):
        case, now = case_of(*random_events(random)), random_now(random)
        for rule in ("respond-before-deadline", "deadline-passed", "thank-for-offer", "send-thank-you"):
            for one in explain_all(ENGINE, case, "c-1", rule, now):
                if one["next"] is None:
                    continue
                seen += 1
                at = parse_instant(one["next"]["at"])
                subject = f"{one['subject']['kind']}/{one['subject']['id']}"
                before, after = (explain(ENGINE, case, "c-1", rule, subject, when) for when in (at - 1, at))
                assert (before["holds"], before["priority"]) == (one["holds"], one["priority"])
                assert (before["holds"], before["priority"]) != (after["holds"], after["priority"])
    assert seen > 10


OPEN = said(1, "offer.extended", offer="acme", employer={"id": "acme", "name": "Acme"})
NOW = START + HOUR


def changed(one: Any) -> dict[str, list[Any]]:
    return {change["fact"]: change["values"] for change in one["if_changed"]}


def test_why_it_holds_and_what_would_end_it() -> None:
    one = explain(ENGINE, case_of(OPEN), "c-1", "ask-response-deadline", "offer/acme", NOW)
    assert (one["holds"], one["priority"]) == (True, "high")
    assert one["next"] == {"at": format_instant(START + 60 * DAY), "change": "stops"}
    assert [(reason["condition"], reason["answer"]) for reason in one["because"]] == [
        ("stage: open", "yes"),
        ("respond_by: unknown", "yes"),
        ("no contact", "yes"),
        ("over_at: ahead", "yes"),
    ]
    [stage] = one["because"][0]["seen"]
    assert (stage["fact"], stage["value"]) == ("offer/acme stage", "open")
    assert stage["event"] == {"source": "test", "id": "e-1", "time": format_instant(START)}
    assert changed(one)["offer/acme respond_by"]
    assert {"accepted", "declined", None} <= set(changed(one)["offer/acme stage"])


def test_why_not_names_the_conditions_that_fail_and_the_facts_that_would_do() -> None:
    case = case_of(
        OPEN, said(2, "candidate.preferences", salary_target={"amount": "90000", "currency": "USD", "per": "year"})
    )
    one = explain(ENGINE, case, "c-1", "ask-if-negotiable", "offer/acme", NOW)
    assert not one["holds"]
    failing = {reason["condition"]: reason["answer"] for reason in one["because"] if reason["answer"] != "yes"}
    assert failing == {"any of": "unknown"}
    [salary] = changed(one)["offer/acme salary"]
    assert salary == {"amount": "89999", "currency": "USD", "per": "year"}


def test_when_it_will_start_and_which_moment_would_bring_it_forward() -> None:
    deadline = START + 10 * DAY
    case = case_of(OPEN, said(2, "offer.updated", offer="acme", respond_by=format_instant(deadline)))
    one = explain(ENGINE, case, "c-1", "respond-before-deadline", "offer/acme", NOW)
    assert not one["holds"]
    assert one["next"] == {"at": format_instant(deadline - 3 * DAY), "change": "starts"}
    assert format_instant(NOW + 3 * DAY) in changed(one)["offer/acme respond_by"]


def test_one_more_contact_would_end_it() -> None:
    letter = said(2, "contact.logged", offer="acme", by="candidate", channel="letter", purpose="withdrawal")
    one = explain(ENGINE, case_of(OPEN, letter), "c-1", "call-before-letter", "offer/acme", NOW)
    assert one["holds"]
    [relation, _] = [reason for reason in one["because"] if "contact" in reason["condition"]]
    assert [part["of"] for part in relation["parts"]] == ["contact/test e-2"]
    assert {"no contact/test e-2", "one more contact"} == {arrival["entity"] for arrival in one["if_there_were"]}


def test_what_takes_its_place_and_what_was_told_are_named() -> None:
    terms = {"salary": {"amount": "80000", "currency": "USD", "per": "year"}}
    letter = said(2, "offer.letter_received", offer="acme", letter={"salary": {**terms["salary"], "amount": "70000"}})
    case = case_of(said(1, "offer.extended", offer="acme", salary=terms["salary"]), letter)
    one = explain(ENGINE, case, "c-1", "review-letter", "offer/acme", NOW)
    assert (one["holds"], one["suppressed_by"]) == (True, ["letter-differs"])


def test_what_was_dismissed_takes_no_place() -> None:
    """As the advisor decides: the explanation agrees with its records at every answer."""
    terms = {"salary": {"amount": "80000", "currency": "USD", "per": "year"}}
    letter = said(2, "offer.letter_received", offer="acme", letter={"salary": {**terms["salary"], "amount": "70000"}})
    case, state, seen = case_of(said(1, "offer.extended", offer="acme", salary=terms["salary"]), letter), b"", set()
    for hour, answer in enumerate(("done", "dismissed", "snoozed")):
        state = advise(ENGINE, case, state, tenant="acme", key="c-1", now=NOW + hour).advice_state
        name = load_records(state)["letter-differs@offer/acme"].id
        until = {"until": format_instant(NOW + DAY)} if answer == "snoozed" else {}
        case = case.fold(said(9 + hour, f"advice.{answer}", NOW + hour, recommendation=name, **until))
        state = advise(ENGINE, case, state, tenant="acme", key="c-1", now=NOW + hour).advice_state
        one = explain(ENGINE, case, "c-1", "review-letter", "offer/acme", NOW + hour, state)
        by = load_records(state)["review-letter@offer/acme"].by
        assert one["suppressed_by"] == ([] if by is None else ["letter-differs"])
        seen.add((answer, by is None))
    assert seen == {("done", False), ("dismissed", True), ("snoozed", False)}


def test_an_employers_explanation_does_not_depend_on_what_they_cannot_know() -> None:
    random, seen = Random(55), 0
    rules = sorted(rule.id for rule in ENGINE.rulebook.rules.values() if rule.audience == "employer")
    for _ in some(range(300), 3):
        events, now = random_events(random), random_now(random)
        hidden = [unseen(random, number) for number in range(random.randint(1, 6))]
        for rule in random.sample(rules, 2):
            before = explain_all(ENGINE, case_of(*events), "c-1", rule, now)
            after = explain_all(ENGINE, case_of(*events, *hidden), "c-1", rule, now)
            assert [one for one in after if not one["subject"]["id"].startswith("z-")] == before
            seen += sum(len(reason["parts"]) for one in before for reason in one["because"])
    assert seen > 150


def test_an_employer_is_not_told_of_an_interview_that_only_the_candidate_speaks_of() -> None:
    case = case_of(
        said(1, "application.submitted", application="a-1", employer={"id": "acme", "name": "Acme"}),
        said(2, "interview.prepared", interview="i-1", application="a-1", step="research"),
        said(3, "interview.completed", interview="i-2", application="a-1"),
    )
    one = explain(ENGINE, case, "c-1", "move-quickly", "application/a-1", NOW)
    assert "interview/i-2" in repr(one["because"])
    assert "i-1" not in repr(one)


def test_in_a_very_large_case_what_was_not_tried_is_said() -> None:
    offers = [said(number, "offer.extended", offer=f"o-{number}") for number in range(60)]
    calls = [
        said(number, "contact.logged", offer="o-0", by="candidate", channel="letter", purpose="withdrawal")
        for number in range(100, 500)
    ]
    with pytest.raises(TooManySubjects, match="has 60 offers; name one of them"):
        explain_all(ENGINE, case_of(*offers), "c-1", "call-before-letter", NOW)
    assert explain(ENGINE, case_of(*offers), "c-1", "call-before-letter", "offer/o-0", NOW)["complete"]
    assert not explain(ENGINE, case_of(*offers, *calls), "c-1", "call-before-letter", "offer/o-0", NOW)["complete"]


def test_a_rule_or_subject_that_is_not_there_is_named_with_what_there_is() -> None:
    with pytest.raises(UnknownRule, match="did you mean ask-response-deadline"):
        explain(ENGINE, case_of(OPEN), "c-1", "ask-respond-deadline", "offer/acme", NOW)
    with pytest.raises(UnknownSubject, match="it has: offer/acme"):
        explain(ENGINE, case_of(OPEN), "c-1", "ask-response-deadline", "offer/globex", NOW)
