"""Which advice one card joins, and for which readers: by subject, employer and day, with exact instants."""

from dataclasses import replace
from datetime import time
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from signpost.advice.agenda import Agenda, Reader, agendas
from signpost.advice.case_set import CaseSet
from signpost.case import Event
from signpost.case.instant import HOUR, format_instant
from signpost.engine import CompiledEngine
from signpost.facts.policy import Policy
from signpost.rulebook import Rulebook, load
from tests.support.agenda_kit import CANDIDATE
from tests.support.workers_kit import START, event

RULES = """
answer:
  {about: offer, act: answer, source: a, title: Answer, message: M, priority: normal, due: respond_by,
  when: {stage: open, respond_by: ahead}}
check:
  {about: offer, act: check, source: a, title: Check, message: M, priority: normal, when: {stage: open}}
dress:
  {about: interview, act: dress, source: a, title: Dress, message: M, priority: normal, when: {stage: scheduled}}
explain:
  {audience: employer, about: offer, act: explain, source: a, title: Explain, message: M, priority: low,
  when: {stage: open}}
follow:
  {about: offer, act: follow, source: a, title: Follow, message: M, priority: normal, params: {wait: 1h},
  when: {negotiable: true, extended_at: at least wait ago}}
prepare:
  {about: interview, act: prepare, source: a, title: Prepare, message: M, priority: normal, when: {stage: scheduled}}
talk:
  {about: offer, act: talk, source: a, title: Talk, message: M, priority: normal, params: {while_new: 2d},
  when: {stage: open, negotiable: true}, valid: for while_new after extended_at}
"""
ACTS = ("answer", "check", "dress", "explain", "follow", "prepare", "talk")
FILES = {
    "sources": "articles: {a: An article}\n",
    "joining": RULES,
    "acts": f"acts: {{{', '.join(f'{name}: {{means: Do it.}}' for name in ACTS)}}}\n",
    "agenda": """
cards:
  answer: {acts: [answer], per: employer, title: Answer, message: M}
  check: {acts: [check], per: subject, title: Check, message: M}
  dress: {acts: [dress], per: employer, title: Dress, message: M}
  prepare: {acts: [prepare], per: employer and day, title: Prepare, message: M}
""",
}
ALL = Policy(max_cards=20)
MORNINGS = replace(ALL, digest=(None, time(8)))


@pytest.fixture(scope="module")
def rulebook(tmp_path_factory: pytest.TempPathFactory) -> Rulebook:
    folder = tmp_path_factory.mktemp("rules")
    for name, text in FILES.items():
        Path(folder, f"{name}.yaml").write_text(text, "utf-8")
    return load(folder)


def offer(name: str, employer: str = "acme", at: float = 0, **more: Any) -> Event:
    zone = {"time_zone": more.pop("zone")} if "zone" in more else {}
    return event("offer.extended", at=at, offer=name, employer={"id": employer, "name": employer, **zone}, **more)


def after(hours: float) -> str:
    return format_instant(START + round(hours * HOUR))


def interview(name: str, starts_at: str) -> Event:
    employer = {"id": "acme", "name": "Acme"}
    return event("interview.scheduled", id=name, interview=name, employer=employer, starts_at=starts_at)


def play(rulebook: Rulebook, *batches: tuple[float, tuple[Event, ...]], policy: Policy = ALL) -> dict[Reader, Agenda]:
    """The agendas after batches of events, each of which arrives so many hours after the start."""
    cases, now = CaseSet(CompiledEngine(rulebook), "acme", {}), START
    for hours, events in batches:
        now = START + round(hours * HOUR)
        for one in events:
            cases.apply(one, now)
        cases.advise(now)
    basis = cases.find("c-1").basis
    assert basis is not None
    return agendas(basis, policy, tenant="acme", key="c-1", now=now)


def cards_of(agenda: Agenda, rule: str) -> list[list[str]]:
    """The subjects on each card of a rule."""
    found = [[item.subject.id for item in card.items if item.rule.id == rule] for card in agenda.cards]
    return [names for names in found if names]


def test_the_candidate_comes_before_the_employers_and_these_by_name(rulebook: Rulebook) -> None:
    found = play(rulebook, (0, (offer("a", "zeta"), offer("b", "acme"), offer("c", "nova", negotiable=True))))
    assert [(one.audience, one.employer) for one in found] == [
        ("candidate", ""),
        ("employer", "acme"),
        ("employer", "nova"),
        ("employer", "zeta"),
    ]


def test_of_two_alike_the_one_that_has_held_for_longer_comes_first(rulebook: Rulebook) -> None:
    offers = offer("a", at=1, negotiable=True), offer("b", negotiable=True)
    assert cards_of(play(rulebook, (5, offers))[CANDIDATE], "follow") == [["b"], ["a"]]


def test_a_card_per_subject_joins_nothing_of_other_offers_of_the_employer(rulebook: Rulebook) -> None:
    assert cards_of(play(rulebook, (0, (offer("a"), offer("b"))))[CANDIDATE], "check") == [["a"], ["b"]]


def test_a_card_per_employer_joins_interviews_on_several_days(rulebook: Rulebook) -> None:
    talks = interview("i", "2026-03-05T10:00:00Z"), interview("j", "2026-03-07T10:00:00Z")
    found = play(rulebook, (0, talks))[CANDIDATE]
    assert cards_of(found, "dress") == [["i", "j"]]
    assert cards_of(found, "prepare") == [["i"], ["j"]]


@pytest.mark.parametrize(
    ("zone", "cards"), [("America/New_York", [["i", "j"]]), ("Europe/London", [["i"], ["j"]])], ids=["one", "two"]
)
def test_interviews_are_on_one_day_if_they_are_where_the_candidate_lives(
    rulebook: Rulebook, zone: str, cards: list[list[str]]
) -> None:
    talks = interview("i", "2026-03-05T23:00:00Z"), interview("j", "2026-03-06T01:00:00Z")
    lives = event("candidate.preferences", time_zone=zone)
    assert cards_of(play(rulebook, (0, (lives, *talks)))[CANDIDATE], "prepare") == cards


def test_a_card_is_a_last_chance_if_one_thing_on_it_would_be_late(rulebook: Rulebook) -> None:
    """The older one came with the digest of the morning; the newer one cannot wait for that of tomorrow."""
    older = offer("older", respond_by=after(90))
    newer = offer("newer", at=24, respond_by=after(40))
    agenda = play(rulebook, (0, (older,)), (24, (newer,)), policy=MORNINGS)[CANDIDATE]
    assert cards_of(agenda, "answer") == [["newer", "older"]]
    assert [card.is_last_chance for card in agenda.cards if card.items[0].rule.id == "answer"] == [True]


def test_without_a_zone_of_the_candidate_the_times_are_those_of_the_first_subject(rulebook: Rulebook) -> None:
    offers = offer("a", "acme", zone="Europe/Berlin"), offer("b", "zeta", zone="Asia/Tokyo")
    assert play(rulebook, (0, offers))[CANDIDATE].policy.zone == ZoneInfo("Europe/Berlin")


def test_an_agenda_changes_when_the_time_of_what_is_switched_off_is_over(rulebook: Rulebook) -> None:
    policy = replace(ALL, topics_off=frozenset({"joining"}))
    agenda = play(rulebook, (0, (offer("a", negotiable=True),)), policy=policy)[CANDIDATE]
    assert (agenda.cards, agenda.next_change) == ((), START + 48 * HOUR)
