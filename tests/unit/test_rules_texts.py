"""What shipped rules say in cases in which their usual words would be wrong."""

from typing import Any

import pytest

from signpost.advice import advise
from signpost.case import Case, Event
from signpost.case.instant import DAY, parse_instant
from signpost.engine import CompiledEngine
from tests.support.rulebooks import shipped_engine

START = parse_instant("2026-05-04T08:00:00Z")
ZETA: dict[str, Any] = {"offer": "z", "employer": {"id": "zeta", "name": "Zeta"}}
JOB: dict[str, Any] = {"employer": {"id": "old", "name": "Oldco"}}
NOTICE: dict[str, dict[str, Any]] = {
    "employment.current": JOB,
    "offer.letter_signed": ZETA,
    "offer.updated": {**ZETA, "start_date": "2026-06-15"},
}


@pytest.fixture(scope="module")
def engine() -> CompiledEngine:
    return shipped_engine()


def words(engine: CompiledEngine, rule: str, events: dict[str, dict[str, Any]]) -> str:
    """All texts of a rule after these events, of which one happens a day."""
    dated = [
        Event("t", "s", f"e-{day}", type_, START + day * DAY, "c-1", data)
        for day, (type_, data) in enumerate(events.items())
    ]
    now = START + len(events) * DAY
    changes = advise(engine, Case().fold(*dated), b"", tenant="t", key="c-1", now=now).changes
    found = next(one.data for one in changes if one.rule == rule)
    return "\n".join([found["title"], found["message"], *found["steps"], *(one["body"] for one in found["drafts"])])


def test_whoever_has_left_already_asks_to_come_back(engine: CompiledEngine) -> None:
    events = {**NOTICE, "employment.resigned": {"last_day": "2026-05-07"}, "offer.rescinded": ZETA}
    said = words(engine, "rescinded-after-notice", events)
    assert "whether you can come back" in said
    assert "which you left on Thursday, 7 May 2026," in said
    assert "stay" not in said


def test_whoever_still_works_there_asks_to_stay(engine: CompiledEngine) -> None:
    events = {**NOTICE, "employment.resigned": {"last_day": "2026-05-08"}, "offer.rescinded": ZETA}
    said = words(engine, "rescinded-after-notice", events)
    assert "or stay beyond Friday, 8 May 2026" in said
    assert "come back" not in said


def test_who_was_let_go_before_the_last_day_asks_to_come_back_too(engine: CompiledEngine) -> None:
    left = {"employment.resigned": {"last_day": "2026-05-29"}, "employment.ended": {}}
    for events in ({**left, "offer.rescinded": ZETA}, {"employment.resigned": {}, "offer.rescinded": ZETA, **left}):
        said = words(engine, "rescinded-after-notice", {**NOTICE, **events})
        assert "whether you can come back" in said
        assert "stay" not in said
    waiting = {"employment.current": JOB, "offer.accepted": ZETA, "employment.resigned": {"last_day": "2026-05-29"}}
    assert "work there for longer" in words(engine, "resigned-too-early", waiting)
    assert "work there for longer" not in words(engine, "resigned-too-early", {**waiting, "employment.ended": {}})


def test_who_said_yes_after_the_notice_had_been_offered_the_position_before(engine: CompiledEngine) -> None:
    notice: dict[str, dict[str, Any]] = {"employment.resigned": {"last_day": "2026-05-29"}}
    lost: dict[str, dict[str, Any]] = {"offer.accepted": ZETA, "offer.rescinded": ZETA}
    before: dict[str, dict[str, Any]] = {"employment.current": JOB, "offer.extended": ZETA}
    said = words(engine, "rescinded-after-notice", {**before, **notice, **lost})
    assert "When I gave notice I had been offered a position elsewhere." in said
    said = words(engine, "rescinded-after-notice", {**NOTICE, **notice, "offer.rescinded": ZETA})
    assert "When I gave notice I had accepted a position elsewhere." in said


def test_no_notice_is_said_as_none(engine: CompiledEngine) -> None:
    events = {**NOTICE, "employment.current": {**JOB, "notice_period_days": 0}}
    said = words(engine, "give-notice", events)
    assert "the notice period that you told us of: none." in said
    assert "14 days" not in said


def test_no_last_day_is_named_where_the_notice_period_is_unknown(engine: CompiledEngine) -> None:
    said = words(engine, "give-notice", {"candidate.preferences": {"country": "BR"}, **NOTICE})
    assert "My last day of work will be [your last day]." in said
    assert "Have your last day ready" not in said


def test_no_last_day_is_named_that_lies_in_the_notice_period(engine: CompiledEngine) -> None:
    said = words(engine, "give-notice", {**NOTICE, "offer.updated": {**ZETA, "start_date": "2026-05-15"}})
    assert "Give notice now" in said
    assert "My last day of work will be [your last day]." in said
    assert "14 May" not in said


def test_a_letter_that_has_come_is_not_waited_for(engine: CompiledEngine) -> None:
    events = {"employment.current": JOB, "offer.accepted": ZETA, "offer.letter_received": ZETA}
    said = words(engine, "wait-for-signed-letter", events)
    assert "Give no notice before Zeta's letter is signed" in said
    assert "Once it says what you agreed on, sign it" in said


@pytest.mark.parametrize(
    ("stated", "is_better"),
    [
        ({"salary": 95}, True),
        ({"salary": 85}, False),
        ({"salary": 95, "title": "Clerk"}, False),
        ({"title": "Clerk"}, False),
    ],
)
def test_a_letter_with_better_pay_is_checked_rather_than_corrected(
    engine: CompiledEngine, stated: dict[str, Any], is_better: bool
) -> None:
    def terms(salary: int = 90, title: str = "Analyst") -> dict[str, Any]:
        return {"salary": {"amount": f"{salary}000", "currency": "USD", "per": "year"}, "title": title}

    events = {"offer.extended": {**ZETA, **terms()}, "offer.letter_received": {**ZETA, "letter": terms(**stated)}}
    said = words(engine, "letter-differs", events)
    assert ("It pays more. Check that this is what you agreed on" in said) == is_better
    assert ("Could you please confirm that the letter is right?" in said) == is_better
    assert ("corrected" not in said) == is_better
    assert said.startswith("Check before you sign: " if is_better else "Do not sign yet: ")


def test_thanks_for_an_offer_ask_nothing_that_another_rule_asks(engine: CompiledEngine) -> None:
    said = words(engine, "thank-for-offer", {"offer.extended": ZETA})
    assert "by when" not in said
    assert "going through it carefully.\n\nKind regards" in said


def test_cleared_conditions_are_not_asked_for_once_more(engine: CompiledEngine) -> None:
    terms = {**ZETA, "start_date": "2026-06-15", "conditions": ["references"], "conditions_cleared": True}
    assert "Make sure first" not in words(engine, "give-notice", {**NOTICE, "offer.updated": terms})


def test_a_first_day_that_has_passed_is_said_as_past(engine: CompiledEngine) -> None:
    events = {**NOTICE, "offer.updated": {**ZETA, "start_date": "2026-05-05"}}
    for rule in ("give-notice", "start-date-too-soon"):
        assert "was set for Tuesday, 5 May 2026" in words(engine, rule, events)


def test_a_letter_that_has_come_is_not_asked_for(engine: CompiledEngine) -> None:
    resigned = {"employment.resigned": {"last_day": "2026-05-29"}, "offer.letter_received": ZETA}
    said = words(engine, "resigned-too-early", {"employment.current": JOB, "offer.accepted": ZETA, **resigned})
    assert "review it and return it signed" in said
    assert "ask for the letter" not in said
    assert "delayed" not in said
