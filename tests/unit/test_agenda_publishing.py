"""When an agenda is published at the edges of its policy, what it says of itself, and what joins on no card."""

from dataclasses import replace
from datetime import time
from typing import Any

import orjson
import pytest

from signpost.advice.agenda import Reader, agenda_document, agendas, sequence_of
from signpost.advice.agenda.agenda import _first_ahead
from signpost.advice.case_set import CaseSet
from signpost.advice.records import AdviceRecord
from signpost.case.instant import HOUR, MINUTE, format_instant
from signpost.facts.policy import Policy
from signpost.rulebook import Rulebook
from tests.support.agenda_kit import ACME, CANDIDATE, Candidate, load_small_rules, of, offer
from tests.support.rulebooks import shipped_engine
from tests.support.workers_kit import START, event

NIGHT = replace(Policy(), quiet_hours=(time(21), time(7)))
"""From 12 to 22 hours after the start."""
SETTLED = 1 / 60


@pytest.fixture(scope="module")
def rulebook(tmp_path_factory: pytest.TempPathFactory) -> Rulebook:
    return load_small_rules(tmp_path_factory.mktemp("rules"))


@pytest.fixture
def candidate(rulebook: Rulebook) -> Candidate:
    return Candidate(rulebook)


def test_what_becomes_urgent_at_night_waits_for_the_morning(candidate: Candidate) -> None:
    candidate.policy = NIGHT
    candidate.at(0, offer(respond_by=23.5))
    candidate.at(1)
    night = candidate.at(21.5)
    assert (of(night.changes), night.next_change) == ([], START + 22 * HOUR)
    assert [one.priority for one in of(candidate.at(22).changes)] == ["urgent"]


def test_what_becomes_urgent_and_would_be_late_in_the_morning_does_not_wait(candidate: Candidate) -> None:
    candidate.policy = NIGHT
    candidate.at(0, offer(respond_by=22))
    candidate.at(1)
    assert [one.priority for one in of(candidate.at(20).changes)] == ["urgent"]


def test_urgent_advice_without_a_time_does_not_settle(candidate: Candidate) -> None:
    now = candidate.at(0, offer(respond_by=None), event("offer.letter_received", at=0, offer="o"))
    assert [one.priority for one in of(now.changes)] == ["urgent"]
    assert now.changes[0].data["cards"][0]["due"] is None


def test_an_end_by_time_alone_waits_for_news_and_is_then_settled(candidate: Candidate) -> None:
    candidate.at(0, offer(respond_by=10))
    candidate.at(1)
    candidate.at(8.5)
    ended = candidate.at(10)
    assert of(ended.changes) == []
    assert sequence_of(candidate.state, CANDIDATE) == (2, True)
    assert of(candidate.at(15.99).changes) == []
    assert [one.data["cards"] for one in of(candidate.at(16).changes)] == [[]]
    assert sequence_of(candidate.state, CANDIDATE) == (3, False)
    assert candidate.at(17).changes == []


def test_news_after_an_end_is_not_held_by_it(candidate: Candidate) -> None:
    candidate.at(0, offer(respond_by=10))
    candidate.at(1)
    candidate.at(10)
    candidate.at(11, offer("p", at=11))
    assert [len(one.data["cards"]) for one in of(candidate.at(11 + SETTLED).changes)] == [1]


def test_what_was_published_is_not_waiting(candidate: Candidate) -> None:
    candidate.at(0, offer())
    candidate.at(1)
    for hours in (2, 3):
        assert candidate.at(hours).changes == []
        assert sequence_of(candidate.state, CANDIDATE) == (1, False)


def test_an_erasure_ends_the_agenda_that_was_published_and_another_begins(candidate: Candidate) -> None:
    candidate.at(0, offer())
    candidate.at(1)
    [first] = of(candidate.changes)
    [end] = of(candidate.at(2, event("candidate.erased", at=2), offer("new", at=2.1)).changes)
    assert (end.data["id"], end.sequence, end.priority, end.data["cards"]) == (first.data["id"], 2, "none", [])
    [begun] = of(candidate.at(2.1 + SETTLED).changes)
    assert begun.data["id"] != first.data["id"]
    assert begun.sequence == 1


def test_after_an_erasure_the_same_offer_is_another_card(candidate: Candidate) -> None:
    """Otherwise a consumer links what it knows of the candidate before."""
    candidate.at(0, offer())
    candidate.at(1)
    candidate.at(2, event("candidate.erased", at=2), offer(at=2.1))
    candidate.at(2.1 + SETTLED)
    first, _, begun = (one.data["cards"] for one in of(candidate.changes))
    assert [card["title"] for card in begun] == [card["title"] for card in first]
    assert begun[0]["id"] != first[0]["id"]


def test_each_life_of_a_case_has_cards_of_its_own(candidate: Candidate) -> None:
    candidate.at(0, offer())
    candidate.at(0.5)
    for number in (1, 2):
        candidate.at(number, event("candidate.erased", at=number), offer(at=number + 0.1))
        candidate.at(number + 0.5)
    shown = [one.data for one in of(candidate.changes) if one.data["cards"]]
    assert [len({one["id"] for one in shown}), len({one["cards"][0]["id"] for one in shown})] == [3, 3]


def test_ids_are_those_that_earlier_releases_made(candidate: Candidate) -> None:
    """Consumers keep them: after an upgrade the same thing to do must not be another card."""
    candidate.at(0, offer())
    candidate.at(1)
    [mine] = of(candidate.changes)
    ids = mine.data["id"], mine.data["cards"][0]["id"]
    assert ids == ("agenda_019edbbe1128da7d8cb1c829", "card_5486258d26f69b00f090b3c0")


def changed(state: bytes, **more: Any) -> bytes:
    """What is known of each agenda, with something else in it; None is left out."""
    known = {name: one | more for name, one in orjson.loads(state).items()}
    return orjson.dumps({name: {k: v for k, v in one.items() if v is not None} for name, one in known.items()})


def test_an_erasure_ends_an_agenda_that_was_published_before_lives_were_counted(candidate: Candidate) -> None:
    candidate.at(0, offer())
    candidate.at(1)
    candidate.state = changed(candidate.state, life=None)
    candidate.at(1.5)
    found = candidate.at(2, event("candidate.erased", at=2), offer("new", at=2.1))
    assert [one.data["cards"] for one in of(found.changes)] == [[]]


def test_of_cards_that_are_back_as_they_were_nothing_waits(candidate: Candidate) -> None:
    candidate.at(0, offer())
    candidate.at(1)
    candidate.state = changed(candidate.state, ended=START + HOUR)
    assert sequence_of(candidate.state, CANDIDATE) == (1, True)
    candidate.at(2)
    assert sequence_of(candidate.state, CANDIDATE) == (1, False)


def test_where_nothing_was_ever_to_do_nothing_is_kept(candidate: Candidate) -> None:
    assert candidate.at(0, event("candidate.preferences", at=0)).state == b""


@pytest.mark.parametrize(
    ("due", "until", "ahead"),
    [
        (None, None, None),
        (None, 9, 9),
        (None, 5, None),
        (9, None, 9),
        (7, 9, 7),
        (9, 7, 7),
        (9, 4, 9),
        (5, 9, 9),
        (5, None, None),
        (4, 9, 9),
        (4, 5, None),
    ],
)
def test_of_due_and_end_the_next_that_is_ahead_counts(due: int | None, until: int | None, ahead: int | None) -> None:
    """Advice whose due time is over stays useful until its end."""
    record = AdviceRecord("ask", "offer", "o", "active", due=due, valid_until=until)
    assert _first_ahead(record, 5) == ahead


def test_an_erasure_tells_nobody_of_an_agenda_that_was_never_published(candidate: Candidate) -> None:
    candidate.at(0, offer())
    assert candidate.at(0.001, event("candidate.erased", at=0.001), offer("new", at=0.002)).changes == []


def test_an_agenda_says_whose_it_is_and_since_when(candidate: Candidate) -> None:
    candidate.at(0, offer(respond_by=10))
    candidate.at(1)
    mine, theirs = (of(candidate.changes, reader)[0].data for reader in (CANDIDATE, ACME))
    assert [(one["audience"], one["employer"], one["candidate"]) for one in (mine, theirs)] == [
        ("candidate", None, "c-1"),
        ("employer", "acme", "c-1"),
    ]
    assert mine["changed_at"] == format_instant(START + HOUR)
    assert mine["cards"][0]["due"] == format_instant(START + 10 * HOUR)
    assert mine["id"] != theirs["id"]


def test_a_card_at_its_last_chance_says_so_and_what_is_held_says_until_when(candidate: Candidate) -> None:
    candidate.policy = replace(Policy(), max_cards=1)
    candidate.at(0, offer("near", respond_by=20), offer("far", respond_by=60), offer("next", respond_by=21))
    candidate.at(SETTLED)
    [shown] = of(candidate.changes)
    assert [card["why_here"].partition(",")[0] for card in shown.data["cards"]] == ["last chance"] * 2
    assert [(one["until"], one["reason"]) for one in shown.data["held"]] == [
        (format_instant(START + 36 * HOUR), "2 cards come first")
    ]


def test_an_employer_gets_its_cards_by_the_policy_of_the_tenant(candidate: Candidate) -> None:
    preferences = event("candidate.preferences", at=0, agenda_max_cards=1, agenda_quiet_hours="09:30 to 12:00")
    candidate.at(0, preferences, offer("a"), offer("b"))
    assert [len(candidate.shown(0, reader)[0]) for reader in (CANDIDATE, ACME)] == [1, 2]
    candidate.at(SETTLED)
    candidate.at(1, *(event("offer.declined", at=1, offer=name) for name in ("a", "b")))
    after = candidate.at(1 + SETTLED).changes
    assert [(one.reader, one.data["cards"]) for one in after] == [(ACME, [])]
    assert [one.reader for one in candidate.at(3).changes] == [CANDIDATE]


def test_advice_without_an_end_is_shown(candidate: Candidate) -> None:
    candidate.at(0, event("candidate.preferences", at=0, has_family=True))
    assert candidate.shown(0) == (["plan c-1"], [])


def test_the_next_change_is_when_an_agenda_settles_or_its_cards_do(candidate: Candidate) -> None:
    assert candidate.at(0, offer(respond_by=10)).next_change == START + MINUTE
    assert candidate.at(SETTLED).next_change == START + 10 * HOUR


Interviews = list[tuple[str, str, dict[str, Any]]]
HOOLI, ACME_INC = {"id": "hooli", "name": "Hooli"}, {"id": "acme", "name": "Acme"}
MONDAY, LATER, TUESDAY = "2026-03-09T10:00:00Z", "2026-03-09T15:00:00Z", "2026-03-10T10:00:00Z"


@pytest.mark.parametrize(
    ("interviews", "joined"),
    [
        ([("i", MONDAY, HOOLI), ("k", TUESDAY, HOOLI)], [["i"], ["k"]]),
        ([("i", MONDAY, HOOLI), ("k", LATER, ACME_INC)], [["i"], ["k"]]),
        ([("i", MONDAY, None), ("k", LATER, None)], [["i"], ["k"]]),
    ],
)
def test_interviews_of_two_days_or_employers_are_prepared_apart(
    interviews: Interviews, joined: list[list[str]]
) -> None:
    cases = CaseSet(shipped_engine(), "acme", {})
    for number, (name, starts_at, employer) in enumerate(interviews):
        of_employer: dict[str, Any] = {} if employer is None else {"employer": employer}
        cases.handle(
            event("interview.scheduled", at=number, interview=name, starts_at=starts_at, **of_employer), START + HOUR
        )
    basis = cases.find("c-1").basis
    assert basis is not None
    cards = agendas(basis, Policy(max_cards=9), tenant="acme", key="c-1", now=START + HOUR)[Reader("candidate")].cards
    prepared = [card for card in cards if card.kind is not None and card.kind.name == "prepare"]
    assert sorted(sorted({item.subject.id for item in card.items}) for card in prepared) == joined


def test_a_card_names_the_employer_that_all_of_it_is_about_and_its_recommendations() -> None:
    cases = CaseSet(shipped_engine(), "acme", {})
    for name, employer in (("a", ACME_INC), ("b", HOOLI)):
        cases.handle(event("offer.extended", at=0, offer=name, employer=employer), START + HOUR)
    basis = cases.find("c-1").basis
    assert basis is not None
    now = START + HOUR
    agenda = agendas(basis, Policy(max_cards=99), tenant="acme", key="c-1", now=now)[CANDIDATE]
    shown = agenda_document(agenda, basis, now)["cards"]
    for card, document in zip(agenda.cards, shown, strict=True):
        assert document["recommendations"] == [item.record.id for item in card.items]
        assert document["kind"] == (card.kind.name if card.kind else None)
        employers = {item.subject.values["employer"] for item in card.items if "employer" in item.subject.values}
        is_of_one = len(employers) == 1 and all("employer" in item.subject.values for item in card.items)
        assert document["employer"] == (
            next(e for e in (ACME_INC, HOOLI) if {e["id"]} == employers) if is_of_one else None
        )
    assert {card["employer"] and card["employer"]["id"] for card in shown} >= {"acme", "hooli"}
    assert any(len(card["recommendations"]) > 1 and card["employer"] is None for card in shown)


def test_what_is_held_says_what_it_is(candidate: Candidate) -> None:
    candidate.policy = replace(Policy(), topics_off=frozenset({"pay"}))
    candidate.at(0, offer(negotiable=True))
    candidate.at(SETTLED)
    [held] = of(candidate.changes)[0].data["held"]
    record = next(one for one in candidate.cases.find("c-1").basis.records.values() if one.rule == "negotiate")  # type: ignore[union-attr]
    assert held == {
        "recommendation": record.id,
        "rule": "negotiate",
        "title": "Negotiate with Acme",
        "priority": "high",
        "reason": "advice on pay is switched off",
        "until": None,
    }
