"""The barrier on the page: what an employer sees there does not depend on anything that it cannot know."""

from collections.abc import Iterator
from random import Random
from typing import Any

from signpost.case import Case, Event
from signpost.explain import UnknownSubject
from signpost.facts.facts import facts_of
from signpost.services.intake.analysis import StoredCase
from signpost.services.intake.page.employer_jobs import ExplainToEmployer, ReadForEmployer
from tests.property.test_advice_barrier import unseen
from tests.support.generators import random_events, random_now
from tests.support.long_suite import number_of
from tests.support.rulebooks import shipped_engine

CASES = number_of(500) // 20
ENGINE = shipped_engine()
RULES = [rule for rule in ENGINE.rulebook.rules.values() if rule.audience == "employer"]


def seen_by(employer: str, events: list[Event], now: int) -> list[Any]:
    """Everything that the page has for an employer."""
    case = StoredCase("c-1", Case().fold(*events).to_json())
    return list(_answers(employer, case, now))


def _answers(employer: str, case: StoredCase, now: int) -> Iterator[Any]:
    try:
        yield ReadForEmployer("acme", case, employer, now, now).run(ENGINE)
    except UnknownSubject as error:
        yield str(error)
    facts = facts_of(Case.from_json(case.state), "c-1")
    for rule in RULES:
        for subject in facts.of_kind(rule.about):
            try:
                name = f"{subject.kind}/{subject.id}"
                yield ExplainToEmployer("acme", case, employer, rule.id, name, now).run(ENGINE)
            except UnknownSubject:
                continue


def employers_in(events: list[Event]) -> set[str]:
    facts = facts_of(Case().fold(*events), "c-1")
    kinds = ("offer", "interview", "application")
    return {one.values["employer"] for kind in kinds for one in facts.of_kind(kind) if "employer" in one.values}


def test_what_an_employer_sees_on_the_page_does_not_depend_on_what_it_cannot_know() -> None:
    random, advised, explained = Random(31), 0, 0
    for _ in range(CASES):
        events, now = random_events(random), random_now(random)
        hidden = [unseen(random, number) for number in range(random.randint(1, 6))]
        for employer in sorted(employers_in(events) - {"initech"}):
            before = seen_by(employer, events, now)
            assert seen_by(employer, [*events, *hidden], now) == before
            advised += isinstance(before[0], dict)
            explained += len(before) - 1
    assert advised > CASES / 10
    assert explained > CASES
