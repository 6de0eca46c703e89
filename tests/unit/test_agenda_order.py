"""The place of cards on an agenda, and when the end of cards is published."""

from pathlib import Path
from typing import Any

import pytest

from signpost.advice.agenda import AgendaChange, update
from signpost.advice.case_set import CaseSet
from signpost.case.event import Event
from signpost.case.instant import DAY, HOUR, MINUTE, format_instant
from signpost.rulebook import RulebookError, load
from tests.support.agendas import OURS, RULES
from tests.support.generators import START
from tests.support.rulebooks import shipped_engine

ENGINE = shipped_engine()
Occurrence = tuple[int, str, dict[str, Any]]
"""(microseconds from the start, short type, data)"""


def published(*occurrences: Occurrence, until: int) -> list[tuple[int, AgendaChange]]:
    """The agendas of the candidate, with the time from the start, as the workers would publish them."""
    cases, found = CaseSet(ENGINE, "acme", {}), list[tuple[int, AgendaChange]]()
    state, due = b"", None

    def evaluate(now: int) -> None:
        nonlocal state, due
        case = cases.find("c-1")
        result = update(state, case.basis, OURS.policy, tenant="acme", key="c-1", now=now)
        state = result.state
        found.extend((now - START, one) for one in result.changes if one.reader.audience == "candidate")
        due = min((at for at in (case.next_change, result.next_change) if at is not None), default=None)

    def pass_time(end: int) -> None:
        while due is not None and due <= end:
            now = due
            cases.wake("c-1", now)
            evaluate(now)

    for number, (after, type_, data) in enumerate(occurrences):
        pass_time(START + after - 1)
        cases.handle(Event("acme", "s", f"e{number}", type_, START + after, "c-1", data), START + after)
        evaluate(START + after)
    pass_time(START + until)
    return found


def offer(name: str, after: int = 0) -> Occurrence:
    return after, "offer.extended", {"offer": name, "employer": {"id": name, "name": name}}


def interview(begin: int, after: int = 0, **more: str) -> Occurrence:
    """An interview that begins so long after the start."""
    data = {"interview": "i", "employer": {"id": "hooli", "name": "Hooli"}, "starts_at": format_instant(START + begin)}
    return after, "interview.scheduled", data | more


def first_cards(*occurrences: Occurrence, at: int) -> list[str]:
    """Kind or title of the cards that were published last."""
    cards = published(*occurrences, until=at)[-1][1].data["cards"]
    return [f"{card['priority']} {card['kind'] or card['title']}" for card in cards]


def test_a_letter_to_review_comes_before_questions_to_others() -> None:
    others = [offer(name) for name in ("Acme", "Globex", "Initech")]
    letter: list[Occurrence] = [
        (HOUR, "employment.current", {}),
        (HOUR, "offer.accepted", {"offer": "Initech"}),
        (2 * HOUR, "offer.letter_received", {"offer": "Initech"}),
    ]
    assert first_cards(*others, *letter, at=3 * HOUR)[0] == "high letter"
    assert "high letter" in first_cards(*others, *letter[:2], at=2 * HOUR - 1)


def test_a_spoken_yes_is_put_in_writing_first_and_the_card_has_the_letter() -> None:
    others = [offer(name) for name in ("Acme", "Globex", "Initech")]
    yes: list[Occurrence] = [
        (HOUR, "employment.current", {}),
        (HOUR, "offer.accepted", {"offer": "Initech", "by": "verbal"}),
    ]
    first = published(*others, *yes, until=2 * HOUR)[-1][1].data["cards"][0]
    assert first["title"] == "Put your acceptance of Initech's offer in writing"
    assert "Give no notice before the signed letter is back." in first["steps"]
    assert [draft["name"] for draft in first["drafts"]] == ["acceptance-letter"]


def test_an_interview_in_less_than_two_days_comes_before_letters_that_can_wait() -> None:
    offers = [offer(name) for name in ("Acme", "Globex", "Initech")]
    assert first_cards(*offers, interview(72 * HOUR), at=24 * HOUR - 1) == ["high write-to-employer"] * 3
    found = first_cards(*offers, interview(72 * HOUR), at=24 * HOUR + MINUTE)
    assert found == ["high prepare", "high write-to-employer", "high write-to-employer"]


def test_a_card_that_is_due_soon_changes_next_when_it_is_due() -> None:
    cases, state, found = CaseSet(ENGINE, "acme", {}), b"", list[int | None]()
    _, type_, data = interview(72 * HOUR)
    cases.handle(Event("acme", "s", "e", type_, START, "c-1", data), START)
    for hours in (1, 2, 25):
        now = START + hours * HOUR
        cases.wake("c-1", now)
        result = update(state, cases.find("c-1").basis, OURS.policy, tenant="acme", key="c-1", now=now)
        state = result.state
        found.append(result.next_change and (result.next_change - START) // HOUR)
    assert found == [1, 24, 72], "published, due soon, due"


def test_an_interview_that_comes_first_anyway_is_not_published_again() -> None:
    found = published(interview(72 * HOUR, format="phone"), until=48 * HOUR - 1)
    assert [at for at, _ in found] == [MINUTE]


def test_the_end_of_an_interview_is_published_with_the_thanks() -> None:
    over: Occurrence = (26 * HOUR, "interview.completed", {"interview": "i"})
    found = published(interview(25 * HOUR), over, until=27 * HOUR)
    assert [at for at, _ in found] == [MINUTE, HOUR + MINUTE, 26 * HOUR + MINUTE]
    assert [card["kind"] for card in found[-1][1].data["cards"]] == ["thank-interviewers"]


def test_an_end_without_news_waits_six_hours_and_no_longer() -> None:
    found = published(interview(25 * HOUR), until=3 * DAY)
    assert [(at, change.data["cards"]) for at, change in found[-1:]] == [(31 * HOUR, [])]


def test_news_after_an_end_settles_like_other_news() -> None:
    burst = [offer(name, 26 * HOUR + second) for second, name in enumerate(("Acme", "Globex"))]
    found = published(interview(25 * HOUR), *burst, until=27 * HOUR)
    assert [at for at, _ in found[2:]] == [26 * HOUR + MINUTE]


def test_what_ends_by_an_event_is_published_at_once() -> None:
    cancelled: Occurrence = (26 * HOUR, "interview.cancelled", {"interview": "i"})
    found = published(interview(30 * HOUR), cancelled, until=27 * HOUR)
    assert (found[-1][0], found[-1][1].data["cards"]) == (26 * HOUR + MINUTE, [])


@pytest.mark.parametrize("value", ["soon", "2bd", "[48h]", "3"])
def test_a_duration_that_is_none_is_refused(tmp_path: Path, value: str) -> None:
    (tmp_path / "own").mkdir()
    card = "acts: [prepare], per: case, title: Prepare, message: Take your time"
    text = f"cards: {{prepare: {{{card}, high_before: {value}}}}}"
    (tmp_path / "own" / "agenda.yaml").write_text(text, "utf-8")
    with pytest.raises(RulebookError, match="R021 high_before cannot be"):
        load((RULES, tmp_path / "own"))
