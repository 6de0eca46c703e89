"""What an update of agendas says besides the cards: for whom, what has changed, the place in the lists of employers,
and what is kept for the next."""

import time as clock
from collections.abc import Iterator
from dataclasses import replace
from datetime import time
from pathlib import Path
from typing import Any

import pytest

from signpost.advice.agenda import Reader
from signpost.advice.agenda.publishing import Standing
from signpost.case import Event
from signpost.facts.policy import Policy
from signpost.names import PRIORITIES
from signpost.rulebook import Rulebook, load
from tests.support.agenda_kit import ACME, CANDIDATE, Candidate, load_small_rules, of, offer
from tests.support.workers_kit import event

NIGHT = replace(Policy(), quiet_hours=(time(21), time(7)))
"""From 12 to 22 hours after the start in UTC, from 3 to 13 in Tokyo."""
SETTLED = 1 / 60
NAMES = ("umbrella", "acme", "wonka", "globex", "stark", "hooli", "initech", "tyrell")


@pytest.fixture(scope="module")
def rulebook(tmp_path_factory: pytest.TempPathFactory) -> Rulebook:
    return load_small_rules(tmp_path_factory.mktemp("rules"))


@pytest.fixture
def candidate(rulebook: Rulebook) -> Candidate:
    return Candidate(rulebook)


def offer_of(employer: str | None) -> Event:
    """An offer of an employer, or of one that is unknown."""
    more: dict[str, Any] = {"employer": {"id": employer, "name": employer}} if employer else {}
    return event("offer.extended", at=0, offer=f"of {employer}", **more)


def test_agendas_of_one_update_are_in_the_order_of_their_readers(candidate: Candidate) -> None:
    candidate.at(0, offer(), *map(offer_of, NAMES))
    expected = [CANDIDATE, *(Reader("employer", name) for name in sorted(NAMES))]
    assert [one.reader for one in candidate.at(SETTLED).changes] == expected


def test_the_state_does_not_depend_on_which_agenda_came_first(rulebook: Rulebook) -> None:
    """Equal knowledge is stored as equal bytes."""
    states = set[bytes]()
    for names in (NAMES, reversed(NAMES)):
        candidate = Candidate(rulebook)
        for name in names:
            candidate.at(0, offer_of(name))
        candidate.at(SETTLED)
        states.add(candidate.state)
    assert len(states) == 1


def test_of_a_candidate_who_was_erased_and_has_nothing_to_do_since_nothing_is_kept(candidate: Candidate) -> None:
    candidate.at(0, offer())
    candidate.at(1)
    ends = candidate.at(2, event("candidate.erased", at=2), event("candidate.preferences", at=2.1, has_family=False))
    assert [(one.reader, one.data["cards"]) for one in ends.changes] == [(CANDIDATE, []), (ACME, [])]
    assert (candidate.state, ends.next_change) == (b"", None)
    assert candidate.at(9).changes == []


def test_news_beside_a_card_without_an_end_is_published_once_it_has_settled(candidate: Candidate) -> None:
    candidate.at(0, event("candidate.preferences", at=0, has_family=True))
    candidate.at(1)
    assert candidate.at(2, offer(at=2)).changes == []
    [news] = of(candidate.at(2 + SETTLED).changes)
    assert [card["title"] for card in news.data["cards"]] == ["Ask Acme", "Plan with your family"]


def test_a_card_that_stays_as_it_was_is_no_change(candidate: Candidate) -> None:
    candidate.at(0, offer("stays"))
    candidate.at(1)
    candidate.at(2, offer("comes", at=2))
    first, second = of([*candidate.changes, *candidate.at(3).changes])
    [stays] = first.data["changes"]["added"]
    [comes] = {card["id"] for card in second.data["cards"]} - {stays}
    assert second.data["changes"] == {"added": [comes], "changed": [], "removed": []}


def test_a_case_is_in_no_list_of_an_employer_who_is_unknown(candidate: Candidate) -> None:
    found = candidate.at(0, offer_of(None))
    assert found.standings == {}
    assert Reader("employer") in {one.reader for one in candidate.at(SETTLED).changes}


@pytest.mark.parametrize(("rank", "priority"), list(enumerate(reversed(PRIORITIES))))
def test_the_more_urgent_its_first_card_the_higher_is_a_case_in_the_list(
    tmp_path: Path, rank: int, priority: str
) -> None:
    rule = (
        "{audience: employer, about: offer, source: a, title: T, message: M, when: {stage: open}, priority: PRIORITY}"
    )
    (tmp_path / "sources.yaml").write_text("articles: {a: An article}\n", "utf-8")
    (tmp_path / "explaining.yaml").write_text(f"explain: {rule.replace('PRIORITY', priority)}\n", "utf-8")
    assert Candidate(load(tmp_path)).at(0, offer()).standings == {"acme": Standing(rank, None)}


@pytest.fixture
def abroad(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A machine whose own zone is Tokyo's."""
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "Asia/Tokyo")
        clock.tzset()
        yield
    clock.tzset()


DECLINED = event("offer.declined", at=4, offer="o")


@pytest.mark.usefixtures("abroad")
def test_an_agenda_that_is_empty_now_is_published_by_utc_where_no_zone_is_known(candidate: Candidate) -> None:
    candidate.policy = NIGHT
    candidate.at(0, offer())
    candidate.at(1)
    candidate.at(4, DECLINED)
    ends = candidate.at(4 + SETTLED).changes
    assert [(one.reader, one.data["cards"]) for one in ends] == [(CANDIDATE, []), (ACME, [])]


def test_an_agenda_that_is_empty_now_waits_for_the_morning_of_the_candidate(candidate: Candidate) -> None:
    candidate.policy = NIGHT
    candidate.at(0, event("candidate.preferences", at=0, time_zone="Asia/Tokyo"), offer())
    candidate.at(1)
    assert of(candidate.at(4, DECLINED).changes) == []
    assert [one.reader for one in candidate.at(4 + SETTLED).changes] == [ACME]
    assert [one.data["cards"] for one in of(candidate.at(13).changes)] == [[]]
