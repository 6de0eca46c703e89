"""When the cards of an agenda are shown, held back and published, on four small rules and with exact instants."""

from dataclasses import replace
from datetime import time
from zoneinfo import ZoneInfo

import pytest

from signpost.advice.agenda import Reader, sequence_of, update
from signpost.advice.agenda.publishing import Standing
from signpost.case.instant import DAY, HOUR, MINUTE
from signpost.facts.policy import Policy
from signpost.rulebook import Rulebook
from tests.support.agenda_kit import ACME, CANDIDATE, Candidate, load_small_rules, of, offer
from tests.support.workers_kit import START, event

NIGHT = replace(Policy(), quiet_hours=(time(21), time(7)))
MORNINGS = replace(Policy(), digest=(None, time(8)))


@pytest.fixture(scope="module")
def rulebook(tmp_path_factory: pytest.TempPathFactory) -> Rulebook:
    return load_small_rules(tmp_path_factory.mktemp("rules"))


@pytest.fixture
def candidate(rulebook: Rulebook) -> Candidate:
    return Candidate(rulebook)


def test_news_of_the_night_waits_for_the_morning(candidate: Candidate) -> None:
    candidate.policy = NIGHT
    evening = candidate.at(13, offer(at=13))
    assert candidate.shown(13) == ([], [("ask o", "it arrived in quiet hours", 22)])
    assert (evening.changes, evening.next_change) == ([], START + 22 * HOUR)
    assert candidate.shown(22) == (["ask o"], [])
    assert [change.reader for change in candidate.at(22).changes] == [CANDIDATE, ACME]


def test_news_of_the_day_does_not_wait_for_the_night(candidate: Candidate) -> None:
    candidate.policy = NIGHT
    candidate.at(11.9, offer(at=11.9))
    assert candidate.shown(11.9) == (["ask o"], [])
    assert candidate.at(11.9 + 1 / 60).changes


def test_what_has_not_settled_before_the_quiet_hours_waits_until_they_end(candidate: Candidate) -> None:
    candidate.policy = NIGHT
    late = candidate.at(12 - 0.5 / 60, offer(at=0))
    assert (late.changes, late.next_change) == ([], START + 22 * HOUR)
    assert candidate.at(12 + 1 / 60).changes == []
    assert candidate.at(22).changes


def test_all_but_urgent_news_waits_for_the_digest(candidate: Candidate) -> None:
    candidate.policy = MORNINGS
    candidate.at(1, offer("later", at=1), offer("now", at=1, respond_by=2.5))
    assert candidate.shown(1) == (["ask now"], [("ask later", "it waits for the next digest", 23)])
    assert [card["title"] for card in of(candidate.changes)[0].data["cards"]] == ["Ask Acme"]
    candidate.at(23)
    assert candidate.shown(23) == (["ask later"], [])


def test_the_end_of_a_card_by_an_event_waits_for_the_digest_like_all_but_urgent_news(candidate: Candidate) -> None:
    candidate.policy = MORNINGS
    candidate.at(1, offer(at=1))
    candidate.at(23)
    assert candidate.at(24, event("offer.declined", at=24, offer="o")).next_change == START + 47 * HOUR
    assert candidate.at(47 - 0.01).changes == []
    assert [one.data["cards"] for one in of(candidate.at(47).changes)] == [[]]


def test_advice_that_would_be_late_with_the_digest_is_a_last_chance(candidate: Candidate) -> None:
    """Nothing is held past its last useful instant."""
    candidate.policy = MORNINGS
    candidate.at(1, offer("before", at=1, respond_by=23), offer("after", at=1, respond_by=23.01))
    assert candidate.shown(1) == (["ask before last chance"], [("ask after", "it waits for the next digest", 23)])
    assert of(candidate.changes)[0].priority == "urgent"


def test_advice_of_a_topic_that_is_switched_off_is_held_without_an_end(candidate: Candidate) -> None:
    candidate.policy = replace(Policy(), topics_off=frozenset({"pay"}))
    candidate.at(0, offer(negotiable=True))
    assert candidate.shown(0) == (["ask o"], [("negotiate o", "advice on pay is switched off", None)])


def test_the_most_pressing_cards_come_first_and_the_others_follow_while_they_are_useful(candidate: Candidate) -> None:
    candidate.policy = replace(Policy(), max_cards=1)
    candidate.at(0, offer("sooner", respond_by=40), offer("later", respond_by=50))
    assert candidate.shown(0) == (["ask sooner"], [("ask later", "1 card comes first", 26)])
    assert candidate.at(0.1).next_change == START + 26 * HOUR
    assert candidate.shown(26 - 0.001)[0] == ["ask sooner"]
    assert candidate.shown(26) == (["ask sooner last chance", "ask later last chance"], [])


def test_urgent_cards_may_be_more_than_the_limit(candidate: Candidate) -> None:
    candidate.policy = replace(Policy(), max_cards=2)
    names = ("a", "b", "c")
    candidate.at(0, *(offer(name, respond_by=2) for name in names), offer("d", respond_by=60))
    assert candidate.shown(0) == (
        ["ask a", "ask b", "ask c"],
        [("ask d", "3 cards come first", 36)],
    )


def test_a_change_is_published_once_it_has_settled(candidate: Candidate) -> None:
    assert candidate.at(0, offer()).next_change == START + MINUTE
    assert candidate.at(0.5 / 60, offer("p", at=0.001)).next_change == START + MINUTE, "counted from the first change"
    assert candidate.at((MINUTE - 1) / HOUR).changes == []
    assert [change.sequence for change in of(candidate.at(1 / 60).changes)] == [1]
    assert candidate.at(2 / 60).changes == [], "nothing has changed since"
    candidate.at(1, offer("q", at=1))
    assert [change.sequence for change in of(candidate.at(1 + 1 / 60).changes)] == [2]


def test_a_change_that_is_taken_back_in_time_is_not_published(candidate: Candidate) -> None:
    candidate.at(0, offer())
    candidate.at(1)
    before = len(candidate.changes)
    candidate.at(2, offer("p", at=2))
    candidate.at(2.005, event("offer.rescinded", at=2.005, offer="p"))
    assert candidate.at(3).changes == []
    assert len(candidate.changes) == before
    assert sequence_of(candidate.state, CANDIDATE) == (1, False)


def test_a_waiting_change_is_told(candidate: Candidate) -> None:
    candidate.at(0, offer())
    assert sequence_of(candidate.state, CANDIDATE) == (0, True)
    candidate.at(1)
    assert sequence_of(candidate.state, CANDIDATE) == (1, False)
    assert sequence_of(candidate.state, Reader("employer", "globex")) == (0, False)
    assert sequence_of(None, CANDIDATE) == (0, False)


def test_a_change_names_the_cards_that_came_changed_and_went(candidate: Candidate) -> None:
    candidate.at(0, offer("stays"), offer("goes"))
    candidate.at(1)
    candidate.at(2, event("offer.declined", at=2, offer="goes"), offer("comes", at=2),
                 event("offer.updated", at=2, offer="stays", employer={"id": "acme", "name": "Acme Ltd"}))  # fmt: skip
    candidate.at(3)
    first, second = of(candidate.changes)
    assert first.data["changes"]["changed"] == first.data["changes"]["removed"] == []
    assert sorted(first.data["changes"]["added"]) == sorted(card["id"] for card in first.data["cards"])
    changes = second.data["changes"]
    gone = {card["id"] for card in first.data["cards"]} - {card["id"] for card in second.data["cards"]}
    assert (set(changes["removed"]), len(changes["added"]), len(changes["changed"])) == (gone, 1, 1)


def test_the_agenda_of_a_case_keeps_its_id_and_gets_another_after_an_erasure(candidate: Candidate) -> None:
    candidate.at(0, offer())
    candidate.at(1)
    candidate.at(2, event("offer.declined", at=2, offer="o"))
    candidate.at(3)
    first, second = of(candidate.changes)
    assert first.data["id"] == second.data["id"]
    assert (second.priority, second.data["cards"]) == ("none", [])
    candidate.state = b""
    candidate.at(4, event("candidate.erased", at=4), offer("new", at=4.1))
    candidate.at(5)
    assert of(candidate.changes)[-1].data["id"] != first.data["id"]


def test_a_case_that_ends_ends_its_agendas_at_once_even_at_night(candidate: Candidate) -> None:
    candidate.policy = NIGHT
    candidate.at(0, offer())
    candidate.at(1)
    result = update(candidate.state, None, NIGHT, tenant="acme", key="c-1", now=START + 14 * HOUR)
    assert [(one.reader, one.priority, one.data["cards"], one.data["held"]) for one in result.changes] == [
        (CANDIDATE, "none", [], []),
        (ACME, "none", [], []),
    ]
    assert result.standings == {"acme": None}


def test_an_urgent_card_is_published_at_once_and_only_once(candidate: Candidate) -> None:
    candidate.at(0, offer())
    candidate.at(1)
    now = candidate.at(2, offer("p", at=2, respond_by=3.5))
    assert [one.priority for one in of(now.changes)] == ["urgent"]
    again = candidate.at(
        2.001, event("offer.updated", at=2.001, offer="p", employer={"id": "acme", "name": "Acme Ltd"})
    )
    assert of(again.changes) == [], "its words have changed, which settles like any change"
    assert of(candidate.at(2.001 + 1 / 60).changes)


def test_an_urgent_card_waits_for_the_morning_unless_it_would_be_late(candidate: Candidate) -> None:
    candidate.policy = replace(NIGHT, quiet_hours=(time(10), time(10, 45)))
    candidate.at(1.1, offer("waits", at=0, respond_by=3))
    assert candidate.changes == []
    assert candidate.at(1.2, offer("cannot", at=0, respond_by=1.75)).changes
    assert candidate.shown(1.2)[0] == ["ask cannot last chance"]


def test_what_a_clock_running_ahead_published_holds_nothing_back(candidate: Candidate) -> None:
    candidate.at(0, offer())
    candidate.at(100 - 1)
    candidate.at(1, offer("p", at=1))
    assert of(candidate.at(1 + 1 / 60).changes), "after one minute, not after 99 hours"


def test_what_a_clock_running_ahead_raised_is_shown_now(candidate: Candidate) -> None:
    candidate.at(2, offer())
    assert candidate.shown(0.1) == (["ask o"], []), "not held until two hours from now"


def test_the_place_in_the_list_of_an_employer_is_that_of_the_first_card(candidate: Candidate) -> None:
    assert candidate.at(0, offer()).standings == {"acme": Standing(3, None)}
    assert candidate.at(0.1).standings == {}, "it has not changed"
    assert candidate.at(1, event("offer.declined", at=1, offer="o")).standings == {"acme": None}


def test_quiet_hours_and_digests_are_those_of_the_readers_zone(candidate: Candidate) -> None:
    berlin = replace(NIGHT, zone=ZoneInfo("Europe/Berlin"), digest=(None, time(8)))
    assert berlin.quiet_until(START) == START
    assert berlin.quiet_until(START + 11 * HOUR) == START + 21 * HOUR
    assert berlin.next_digest(START) == START + 22 * HOUR
    weekly = replace(berlin, digest=(6, time(8)))
    assert weekly.next_digest(START) == START + 6 * DAY - 2 * HOUR
    assert weekly.next_digest(START + 6 * DAY - 2 * HOUR) == START + 6 * DAY - 2 * HOUR
    assert weekly.next_digest(START + 6 * DAY - 2 * HOUR + 1) == START + 13 * DAY - 2 * HOUR
