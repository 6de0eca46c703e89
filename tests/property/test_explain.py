"""Explanations: they give the engine's own answer, and every change that they name has that effect."""

from pathlib import Path
from random import Random
from typing import Any

import pytest

from signpost.case import Case, Event
from signpost.case.facts import facts_of
from signpost.case.instant import DAY, HOUR, format_instant, parse_instant
from signpost.engine import CompiledEngine
from signpost.explain import UnknownRule, UnknownSubject, explain, explain_all
from signpost.rulebook import load
from tests.generators import START, random_events, random_now
from tests.rulebooks import RULES, every_term

ENGINE = CompiledEngine(load(RULES))


def said(number: int, type_: str, at: int = START, **data: Any) -> Event:
    return Event("acme", "test", f"e-{number}", type_, at, "c-1", data)


def case_of(*events: Event) -> Case:
    return Case().fold(*events)


def test_every_explanation_gives_the_answer_of_the_engine(tmp_path: Path) -> None:
    engine, random, seen = CompiledEngine(every_term(tmp_path)), Random(5), 0
    for _ in range(60):
        case, now = case_of(*random_events(random)), random_now(random)
        matches = {(m.rule, m.kind, m.subject) for m in engine.matches(facts_of(case, "c-1"), now)}
        for rule in random.sample(sorted(engine.rulebook.rules), 12):
            for one in explain_all(engine, case, "c-1", rule, now):
                named = (rule, one["subject"]["kind"], one["subject"]["id"])
                assert one["holds"] == (named in matches), named
                conditions = all(reason["answer"] == "yes" for reason in one["because"])
                in_time = one["valid_until"] is None or parse_instant(one["valid_until"]) > now
                assert one["holds"] == (conditions and in_time), named
                seen += one["holds"]
    assert seen > 20


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
    assert (one["holds"], one["priority"], one["next"]) == (True, "high", None)
    assert [(reason["condition"], reason["answer"]) for reason in one["because"]] == [
        ("stage: open", "yes"),
        ("respond_by: unknown", "yes"),
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
    assert failing == {"salary: below candidate's salary_target": "unknown"}
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


def test_an_employers_explanation_shows_nothing_private() -> None:
    hidden = [
        said(2, "candidate.preferences", salary_target={"amount": "1", "currency": "USD", "per": "year"}),
        said(3, "offer.extended", offer="globex", employer={"id": "globex", "name": "Globex"}),
        said(4, "offer.withdrawal_planned", offer="acme", reasons=["culture"]),
        said(5, "employment.current", employer={"id": "h", "name": "Hooli"}),
    ]
    for rule in (
        rule for rule in ENGINE.rulebook.rules.values() if rule.audience == "employer" and rule.about == "offer"
    ):
        before = explain(ENGINE, case_of(OPEN), "c-1", rule.id, "offer/acme", NOW)
        assert explain(ENGINE, case_of(OPEN, *hidden), "c-1", rule.id, "offer/acme", NOW) == before


def test_a_rule_or_subject_that_is_not_there_is_named_with_what_there_is() -> None:
    with pytest.raises(UnknownRule, match="did you mean ask-response-deadline"):
        explain(ENGINE, case_of(OPEN), "c-1", "ask-respond-deadline", "offer/acme", NOW)
    with pytest.raises(UnknownSubject, match="it has: offer/acme"):
        explain(ENGINE, case_of(OPEN), "c-1", "ask-response-deadline", "offer/globex", NOW)
