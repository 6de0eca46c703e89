"""When a card that is due soon counts as high, and until when a day on which something is due lasts."""

from pathlib import Path
from typing import Any

import pytest

from signpost.advice.agenda import Agenda, agendas
from signpost.advice.agenda.cards import Card
from signpost.advice.case_set import CaseSet
from signpost.case import Event
from signpost.case.instant import HOUR, format_instant
from signpost.engine import CompiledEngine
from signpost.facts.policy import Policy
from signpost.rulebook import Rulebook, load
from tests.support.agenda_kit import CANDIDATE
from tests.support.workers_kit import START, event

RULES = """
call:
  {about: offer, act: call, source: a, title: Call, message: M, priority: normal, due: respond_by,
  when: {stage: open, respond_by: known}}
press:
  {about: offer, act: call, source: a, title: Press, message: M, priority: high, when: {letter: received}}
begin:
  {about: offer, act: begin, source: a, title: Begin, message: M, priority: normal, due: start_date,
  when: {stage: open, start_date: known}}
write:
  {about: offer, act: write, source: a, title: Write, message: M, priority: high,
  when: {stage: open, negotiable: true}}
rest:
  {about: offer, act: rest, source: a, title: Rest, message: M, priority: low, when: {stage: open, negotiable: false}}
"""
FILES = {
    "sources": "articles: {a: An article}\n",
    "calling": RULES,
    "acts": "acts: {call: {means: Call.}, begin: {means: Begin.}, write: {means: Write.}, rest: {means: Rest.}}\n",
    "agenda": """
cards:
  call: {acts: [call], per: employer, high_before: 48h, title: Call, message: M}
  begin: {acts: [begin], per: subject, high_before: 12h, title: Begin, message: M}
""",
}
MIDNIGHT = 15
"""Hours from the start to the beginning of 3 March."""


@pytest.fixture(scope="module")
def rulebook(tmp_path_factory: pytest.TempPathFactory) -> Rulebook:
    folder = tmp_path_factory.mktemp("rules")
    for name, text in FILES.items():
        Path(folder, f"{name}.yaml").write_text(text, "utf-8")
    return load(folder)


def offer(name: str, employer: str = "", respond_by: float | None = None, **more: Any) -> Event:
    """An offer of an employer that bears its name, unless another is named."""
    employer = employer or name
    if respond_by is not None:
        more["respond_by"] = format_instant(START + round(respond_by * HOUR))
    return event("offer.extended", offer=name, employer={"id": employer, "name": employer}, **more)


HIGH, LOW = offer("high", negotiable=True), offer("low", negotiable=False)


def agenda(rulebook: Rulebook, *events: Event, at: float) -> Agenda:
    """The agenda of the candidate so many hours after the start."""
    cases, now = CaseSet(CompiledEngine(rulebook), "acme", {}), START + round(at * HOUR)
    for one in events:
        cases.apply(one, now)
    cases.advise(now)
    basis = cases.find("c-1").basis
    assert basis is not None
    return agendas(basis, Policy(max_cards=9), tenant="acme", key="c-1", now=now)[CANDIDATE]


def shown(rulebook: Rulebook, *events: Event, at: float) -> list[str]:
    """The priority of each card and the offers on it."""
    return [_words(card) for card in agenda(rulebook, *events, at=at).cards]


def _words(card: Card) -> str:
    return " ".join([card.priority, *dict.fromkeys(item.subject.id for item in card.items)])


@pytest.mark.parametrize(
    ("at", "cards"),
    [(1.99, ["high high", "normal soon", "low low"]), (2, ["high soon", "high high", "low low"])],
)
def test_a_card_counts_as_high_from_the_instant_at_which_it_is_due_soon(
    rulebook: Rulebook, at: float, cards: list[str]
) -> None:
    assert shown(rulebook, HIGH, LOW, offer("soon", respond_by=50), at=at) == cards


def test_a_card_that_is_due_soon_stays_as_it_is_where_no_other_is_high(rulebook: Rulebook) -> None:
    assert shown(rulebook, LOW, offer("soon", respond_by=50), at=2) == ["normal soon", "low low"]


def test_one_that_is_high_and_due_soon_itself_lifts_no_other(rulebook: Rulebook) -> None:
    """All the others are due soon as well, so that their order is right already."""
    pressing = offer("first", respond_by=49), event("offer.letter_received", offer="first")
    assert shown(rulebook, *pressing, offer("soon", respond_by=50), at=2) == ["high first", "normal soon"]


def test_a_card_with_several_due_times_is_due_soon_with_the_first(rulebook: Rulebook) -> None:
    both = offer("soon", "acme", 50), offer("late", "acme", 90)
    assert shown(rulebook, HIGH, *both, at=2) == ["high soon late", "high high"]


def test_the_next_change_of_a_card_that_has_just_become_due_soon_is_when_it_is_due(rulebook: Rulebook) -> None:
    found = [agenda(rulebook, HIGH, offer("soon", respond_by=50), at=at).next_change for at in (1, 2)]
    assert found == [START + 2 * HOUR, START + 50 * HOUR]


DAY_BEGINS = offer("day", start_date="2026-03-03")


@pytest.mark.parametrize(
    ("at", "cards"),
    [
        (MIDNIGHT - 12.01, ["high high", "normal day"]),
        (MIDNIGHT - 12, ["high day", "high high"]),
        (MIDNIGHT, ["high day", "high high"]),
        (MIDNIGHT + 23.99, ["high day", "high high"]),
        (MIDNIGHT + 24, ["high high", "normal day"]),
    ],
)
def test_a_card_due_on_a_day_counts_as_due_soon_until_midnight(rulebook: Rulebook, at: float, cards: list[str]) -> None:
    assert shown(rulebook, HIGH, DAY_BEGINS, at=at) == cards


def test_before_a_day_begins_what_is_due_on_it_comes_before_what_is_due_at_noon(rulebook: Rulebook) -> None:
    noon = offer("noon", respond_by=MIDNIGHT + 12)
    assert shown(rulebook, DAY_BEGINS, noon, at=1) == ["normal day", "normal noon"]
    assert shown(rulebook, DAY_BEGINS, noon, at=MIDNIGHT) == ["normal noon", "normal day"]
