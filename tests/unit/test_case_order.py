"""Which of a source's statements count, and since when: the order of what webhooks say about one entity."""

from itertools import permutations
from typing import Any

import pytest

from signpost.case import Case, Event
from signpost.case.event import Order, Turn
from signpost.case.limits import MAX_ENTITIES
from signpost.case.order import REACHED, is_greater, resolve

AT = 1_000_000
TIMES = 1_790_000_000_000_000
"""Microseconds of a day of today; the order of a vendor is a time of modification from 10^15 on."""


def said(
    type_: str, time: int, received: int | None = None, *, id: str = "", turn: Turn = Turn.OPEN, as_of: int = 0,
    dated: bool = True, source: str = "ats", **data: Any,
) -> Event:  # fmt: skip
    """A webhook's statement about offer o; without `received` one that its sender dated and ordered."""
    order = None if received is None else Order(AT + received, as_of, turn)
    name = id or f"{type_}-{time}-{received}"
    return Event("acme", source, name, f"offer.{type_}", AT + time, "c-1", {"offer": "o", **data}, dated, order)


def times(*events: Event) -> dict[str, int]:
    """Field -> since when it counts, the same in every order of arrival; without first statements."""
    found = {
        tuple(
            sorted(
                (name, stamp[0] - AT)
                for name, (stamp, _) in resolve("offer", fields).items()
                if not name.startswith(f"{REACHED}.")
            )
        )
        for order in permutations(events)
        for fields in [Case().fold(*order).registers["offer"]["o"]]
    }
    assert len(found) == 1
    return dict(found.pop())


def values(*events: Event) -> dict[str, Any]:
    fields = Case().fold(*events).registers["offer"]["o"]
    return {name: value for name, (_, value) in resolve("offer", fields).items()}


def of_application(*said: tuple[str, int]) -> set[str]:
    """The milestones of an application that count, of those that a webhook states with these orders."""
    events = [
        Event("acme", "ats", f"{name}-{as_of}", f"application.{name}", AT, "c-1", {"application": "a"}, True,
              Order(AT + as_of, as_of, Turn.OPEN))
        for name, as_of in said
    ]  # fmt: skip
    found = {
        frozenset(resolve("application", Case().fold(*order).registers["application"]["a"]))
        for order in permutations(events)
    }
    assert len(found) == 1
    return {name for name in found.pop() if not name.startswith(f"{REACHED}.")}


def test_plain_statements_count_from_their_time_and_the_latest_wins() -> None:
    assert times(said("extended", 1, title="a"), said("updated", 2, title="b")) == {
        "extended": 1, "title": 2, "updated": 2
    }  # fmt: skip
    assert values(said("updated", 1, title="a"), said("updated", 2, title="b"))["title"] == "b"


@pytest.mark.parametrize("turn", [Turn.OPEN, Turn.IMPLIED])
def test_of_one_source_the_last_received_of_undated_statements_wins(turn: Turn) -> None:
    first = said("updated", 10, 10, dated=False, turn=turn, title="a")
    second = said("updated", 20, 20, dated=False, turn=turn, title="b")
    assert values(first, second)["title"] == values(second, first)["title"] == "b"


def test_the_vendors_own_order_beats_the_receipt() -> None:
    newer = said("updated", 10, 10, as_of=7, dated=False, title="new")
    older = said("updated", 20, 20, as_of=6, dated=False, title="old")
    assert values(newer, older)["title"] == "new"
    assert (
        values(said("updated", 1, 10, as_of=7, title="new"), said("updated", 2, 20, as_of=6, title="old"))["title"]
        == "new"
    )


def test_a_stated_time_beats_a_receipt_of_another_source() -> None:
    stated = said("updated", 1, 5, title="stated")
    received = said("updated", 9, 9, dated=False, source="board", title="received")
    assert values(stated, received)["title"] == "stated"
    later = said("updated", 2, 6, source="board", title="later")
    assert values(stated, later)["title"] == "later"


def test_what_its_sender_dates_itself_has_a_stated_time_beside_a_webhook() -> None:
    own = said("updated", 9, title="own")
    assert values(own, said("updated", 5, 5, title="x"))["title"] == "own"
    assert values(own, said("updated", 12, 12, title="x"))["title"] == "x"
    assert values(own, said("updated", 12, 12, dated=False, title="x"))["title"] == "own"


def test_an_order_tells_nothing_about_what_has_none_and_what_has_the_same() -> None:
    """The receipt tells then."""
    declined, before = said("declined", 5, 9), said("extended", 3, 8, as_of=2)
    assert times(declined, before) == {"extended": 3, "declined": 5}
    again = said("extended", 9, 9, as_of=2, dated=False, turn=Turn.AGAIN)
    assert times(said("declined", 5, 5, as_of=2), again) == {"declined": 5, "extended": 9}


def test_within_a_source_a_later_receipt_after_the_opening_beats_a_stated_time() -> None:
    opened = said("extended", 1, 1, turn=Turn.FIRST)
    stated = said("updated", 2, 2, title="stated")
    received = said("updated", 9, 9, dated=False, title="received")
    assert values(opened, stated, received)["title"] == "received"


def test_what_is_implied_began_when_it_was_first_true() -> None:
    implied = [said("extended", time, time, turn=Turn.IMPLIED, id=str(time)) for time in (3, 6)]
    assert times(*implied)["extended"] == 3
    assert times(*(said("updated", time, time, id=str(time)) for time in (3, 6)))["updated"] == 6


def test_one_decision_received_twice_was_made_before_what_came_between() -> None:
    decided = [said("accepted", 5, received, id=str(received)) for received in (5, 9)]
    back = said("extended", 7, 7, turn=Turn.AGAIN)
    found = times(said("extended", 1, 1, turn=Turn.FIRST), *decided, back)
    assert found["extended"] > found["accepted"]


def test_an_opening_may_still_be_delivered_late_after_one_that_only_followed_from_something_else() -> None:
    implied, late = said("extended", 1, 3, turn=Turn.IMPLIED, id="implied"), said("extended", 1, 9, id="late")
    found = times(implied, said("accepted", 5, 5), late)
    assert found["extended"] < found["accepted"]


def test_an_opening_delivered_late_stays_before_the_decision() -> None:
    decided = said("accepted", 5, 5)
    late = said("extended", 9, 9, turn=Turn.FIRST, dated=False)
    found = times(decided, late)
    assert found["extended"] < found["accepted"]


@pytest.mark.parametrize("turn", [Turn.FIRST, Turn.IMPLIED])
def test_an_opening_that_tells_of_the_beginning_takes_nothing_back_however_late(turn: Turn) -> None:
    first, decided = said("extended", 1, 5, turn=Turn.FIRST), said("accepted", 3, 7)
    assert times(first, decided, said("extended", 1, 9, turn=turn, id="late")) == {"extended": 1, "accepted": 3}


def test_when_an_offer_was_first_extended_is_what_its_source_states_and_no_later_receipt() -> None:
    sent, decided = said("extended", 1, 5), said("accepted", 6, 6)
    again = said("extended", 9, 9, turn=Turn.AGAIN, dated=False)
    for order in permutations((sent, decided, again)):
        fields = resolve("offer", Case().fold(*order).registers["offer"]["o"])
        assert fields[f"{REACHED}.extended"][0][0] - AT == 1
        assert fields["extended"][0][0] - AT == 9


def test_an_opening_set_back_takes_the_decision_back() -> None:
    decided = said("accepted", 5, 5)
    again = said("extended", 9, 9, turn=Turn.AGAIN, dated=False)
    found = times(said("extended", 1, 1, turn=Turn.FIRST), decided, again)
    assert found["extended"] > found["accepted"]
    assert found["extended"] == 9


def test_an_opening_that_may_be_either_is_a_return_only_after_the_first_opening() -> None:
    first, decided = said("extended", 1, 1), said("accepted", 5, 5)
    back = said("extended", 1, 9, id="back")
    found = times(first, decided, back)
    assert found["extended"] > found["accepted"]
    alone = times(decided, said("extended", 1, 9, id="late"))
    assert alone["extended"] < alone["accepted"]


def test_a_receipt_of_one_source_does_not_take_back_what_another_states() -> None:
    decided = said("accepted", 5)
    received = said("extended", 9, 9, dated=False, source="board")
    found = times(decided, received)
    assert found["extended"] < found["accepted"] == 5
    again = times(decided, said("extended", 9, 9, dated=False, source="board", turn=Turn.AGAIN))
    assert again["extended"] == 9


def test_what_follows_the_own_decision_by_the_vendors_order_takes_it_back_beside_another_source() -> None:
    decided = said("accepted", 5, 5, as_of=5, dated=False)
    back = said("extended", 9, 9, as_of=9, dated=False)
    found = times(decided, back, said("accepted", 7, source="board"))
    assert found["extended"] == 9


def test_when_an_offer_was_made_is_what_one_source_states_and_not_when_another_was_heard() -> None:
    heard = said("extended", 9, 9, dated=False, source="board")
    assert times(said("extended", 1, 5), heard) == {"extended": 1}
    modified = said("extended", TIMES, TIMES, as_of=TIMES - 9, dated=False)
    assert times(modified) == {"extended": TIMES}, "a vendor modifies what it made long before"


def test_what_was_decided_last_is_what_an_offer_made_again_comes_after() -> None:
    decided = [said("declined", 5, 5, as_of=1), said("accepted", 12, 12, as_of=2)]
    assert times(*decided, said("extended", 8, 20, as_of=3))["extended"] == 20
    assert times(*decided, said("extended", 15, 20, as_of=3))["extended"] == 15


def test_an_opening_counts_from_its_receipt_if_it_takes_a_decision_back_and_after_that_decision() -> None:
    decided, back = said("accepted", 5, 5, as_of=5), said("extended", 3, 9, as_of=9)
    assert times(decided, back) == {"accepted": 5, "extended": 9}
    assert times(back) == {"extended": 3}
    assert times(said("accepted", 12, 5, as_of=5), back)["extended"] == 13
    assert times(said("accepted", 2, 5, as_of=11), back)["extended"] == 1, "one before the decision that it precedes"


@pytest.mark.parametrize(
    ("second", "since"),
    [
        ({"time": 15, "as_of": 2}, 15),
        ({"time": 15, "as_of": 2, "dated": False}, 99),
        ({"time": 1, "as_of": 2}, 99),
        ({"time": 10, "as_of": 2}, 99),
        ({"time": 1, "as_of": TIMES + 5}, 99),
        ({"time": 1, "as_of": TIMES + 10}, 99),
        ({"time": 1, "as_of": TIMES + 15}, 15),
        ({"time": 99, "as_of": TIMES + 15, "dated": False}, 15),
        ({"time": 1, "as_of": TIMES + 99}, 99),
        ({"time": 1, "as_of": TIMES + 100}, 99),
    ],
)
def test_what_is_delivered_late_takes_back_what_was_decided_when_its_vendor_states(
    second: dict[str, Any], since: int
) -> None:
    def at(type_: str, time: int, received: int, **more: Any) -> Event:
        order = Order(TIMES + received, more.pop("as_of", 1), Turn.OPEN)
        return Event(
            "acme", "ats", f"{type_}-{received}", f"offer.{type_}", TIMES + time, "c-1", {"offer": "o"},
            more.get("dated", True), order,
        )  # fmt: skip

    first, declined = at("extended", 1, 1), at("declined", 10, 10)
    own = Event("acme", "app", "own", "offer.accepted", TIMES + 20, "c-1", {"offer": "o"})
    late = at("extended", second["time"], 99, **{name: one for name, one in second.items() if name != "time"})
    fields = resolve("offer", Case().fold(first, declined, own, late).registers["offer"]["o"])
    assert fields["extended"][0][0] - TIMES == since
    assert fields["accepted"][0][0] - TIMES == 20


def test_a_time_that_one_source_states_counts_beside_what_another_states() -> None:
    found = times(said("accepted", 5), said("extended", 9, 9, source="board"))
    assert (found["accepted"], found["extended"]) == (5, 9)


def made_again(end: Event, received: int) -> list[Event]:
    """An offer of hour 0 that ended; its next version states that hour too, and was received later."""
    first = [said(name, 0, 1, id=f"{name}-1", as_of=1, title="old") for name in ("extended", "updated")]
    return [*first, end, *(said(name, 0, received, id=f"{name}-2", as_of=2, title="new") for name in NEXT)]


NEXT = ("extended", "updated")
ENDS = {
    "declined": said("declined", 5, 5, as_of=1),
    "its end overtaken": said("declined", 5, 12, as_of=1),
    "deleted": said("rescinded", 5, 5, as_of=1, dated=False),
}


@pytest.mark.parametrize("end", ENDS)
def test_terms_of_an_offer_declined_and_made_again_on_one_day_count_from_when_it_was_made_again(end: str) -> None:
    """Its sender knows the day only, so its terms would have the time of what was declined."""
    found = times(*made_again(ENDS[end], 9))
    assert found["title"] == found["updated"] == found["extended"] > 5
    assert values(*made_again(ENDS[end], 9))["title"] == "new"


def test_terms_that_were_not_said_again_stay_with_what_ended() -> None:
    start = said("updated", 0, 1, id="start", as_of=1, start_date="2026-04-01")
    found = times(start, *made_again(ENDS["declined"], 9)[1:])
    assert (found["start_date"], found["declined"], found["extended"], found["title"]) == (0, 5, 9, 9)


def test_terms_belong_to_the_offer_made_again_by_the_vendors_order_and_else_by_receipt() -> None:
    def title(received: int, as_of: int) -> int:
        offer = [ENDS["declined"], said("extended", 0, 9, as_of=2)]
        return times(*offer, said("updated", 0, received, as_of=as_of, title="x"))["title"]

    assert [title(8, 3), title(9, 2), title(10, 1)] == [9, 9, 0]
    assert [title(8, 2), title(8, 0), title(9, 0), title(10, 0)] == [0, 0, 9, 9]


def test_terms_said_after_the_offer_was_made_again_keep_the_time_that_they_state() -> None:
    later = said("updated", 20, 21, as_of=2, title="newest")
    assert times(*made_again(ENDS["declined"], 9), later)["title"] == 20


def test_an_opening_that_takes_nothing_back_moves_no_terms() -> None:
    known = [said("extended", 3, 3, as_of=1), said("updated", 1, 9, as_of=1, title="x")]
    assert times(*known)["title"] == 1
    assert times(*known, said("accepted", 5, 5, as_of=1))["title"] == 1


def test_a_term_of_a_version_belongs_by_receipt_to_what_a_sender_without_versions_set_back() -> None:
    offer = [ENDS["declined"], said("extended", 9, 9, turn=Turn.AGAIN, dated=False)]
    terms = [said("updated", 0, received, as_of=2, title="x") for received in (8, 10)]
    assert [times(*offer, term)["title"] for term in terms] == [0, 9]


def test_a_decision_about_what_was_made_again_has_its_own_time_but_comes_after_the_one_taken_back() -> None:
    """A vendor can state one time of both decisions."""
    found = times(*made_again(ENDS["declined"], 9), said("accepted", 7, 12, as_of=2))
    assert (found["accepted"], found["extended"], found["title"]) == (7, 6, 6)
    tied = times(*made_again(ENDS["declined"], 9), said("accepted", 5, 12, as_of=2))
    assert tied["declined"] < tied["extended"] <= tied["accepted"]


@pytest.mark.parametrize("end", ["declined", "withdrawn", "rescinded"])
def test_an_answer_of_a_higher_order_counts_from_after_the_one_that_it_replaces(end: str) -> None:
    """Whatever times the vendor states of them: often one time, or a day."""
    no, yes = said(end, 5, 9, as_of=2), said("accepted", 5, 8, as_of=3)
    assert times(no, yes) == {end: 5, "accepted": 6}
    assert times(said(end, 5, 9, as_of=3), said("accepted", 7, 8, as_of=2)) == {end: 8, "accepted": 7}
    unordered = times(said(end, 5, 9), said("accepted", 5, 8))
    assert unordered == {end: 5, "accepted": 5}


def test_each_of_several_answers_counts_from_after_all_that_it_replaces() -> None:
    said_at_once = [said(name, 5, 9, as_of=at) for at, name in enumerate(("withdrawn", "declined", "accepted"), 1)]
    assert times(*said_at_once) == {"withdrawn": 5, "declined": 6, "accepted": 7}


@pytest.mark.parametrize("as_of", [0, 3])
def test_an_answer_without_an_order_or_with_the_same_is_not_taken_for_one_that_was_replaced(as_of: int) -> None:
    assert times(said("declined", 5, 9, as_of=as_of), said("accepted", 5, 8, as_of=3)) == {"declined": 5, "accepted": 5}


def test_a_yes_that_is_stated_again_after_the_signature_keeps_its_time() -> None:
    assert times(said("letter_signed", 7, 9, as_of=2), said("accepted", 5, 10, as_of=3))["accepted"] == 5


def test_a_source_that_corrects_why_an_application_ended_has_not_stated_both() -> None:
    """A withdrawal counts whatever its time, so it would count beside the rejection."""
    for first, last in (("withdrawn", "rejected"), ("rejected", "withdrawn")):
        assert of_application((first, 1), (last, 2)) == {last}
        assert of_application((first, 0), (last, 2)) == {first, last}, "which of them came first is not known"


@pytest.mark.parametrize("end", ["rejected", "withdrawn"])
def test_an_application_that_goes_on_after_its_end_has_not_ended_until_it_ends_again(end: str) -> None:
    """Its end would also end its offers and interviews."""
    assert of_application(("submitted", 1), (end, 2)) == {"submitted", end}
    assert of_application((end, 2), ("submitted", 3)) == {"submitted"}
    assert of_application(("submitted", 3), (end, 4)) == {"submitted", end}


def test_an_application_that_goes_on_keeps_what_was_known_of_it() -> None:
    about = {"application": "a"}
    said_of_it = [("submitted", {**about, "title": "Chief"}), ("rejected", about), ("submitted", about)]
    events = [
        Event("acme", "ats", f"e-{at}", f"application.{name}", AT, "c-1", data, True, Order(AT + at, at))
        for at, (name, data) in enumerate(said_of_it, 1)
    ]
    assert Case().fold(*events).resolved()["application"]["a"]["title"][1] == "Chief"


def test_what_a_webhook_takes_back_leaves_what_others_state() -> None:
    own, hook, back = (
        said("updated", 1, title="own"),
        said("updated", 5, 5, title="x"),
        said("updated", 6, 6, title=None),
    )
    assert values(own, hook)["title"] == "x"
    assert values(own, hook, back)["title"] == "own"
    assert "title" not in values(hook, back)


def test_statements_that_are_moved_keep_their_event() -> None:
    fields = Case().fold(*made_again(ENDS["declined"], 9)).registers["offer"]["o"]
    found = {name: stamp for name, (stamp, _) in resolve("offer", fields).items()}
    assert found["title"] == (AT + 9, "ats", "updated-2")
    assert found["extended"] == (AT + 9, "ats", "extended-2")


def test_of_one_delivery_what_states_its_time_counts() -> None:
    opened = said("extended", 1, 1, turn=Turn.FIRST)
    stated = said("updated", 2, 9, title="stated")
    received = said("updated", 9, 9, dated=False, title="received")
    assert values(opened, stated, received)["title"] == "stated"


def test_an_employer_was_first_named_when_any_source_first_named_it() -> None:
    data = {"employer": {"id": "acme"}}
    known = Case().fold(
        Event("acme", "own", "e", "employment.current", AT + 2, "c-1", data),
        Event("acme", "ats", "f", "employment.current", AT + 5, "c-1", data, True, Order(AT + 6, 0, Turn.OPEN)),
    )
    fields = known.resolved()["employment"][""]
    assert (fields["joined.acme"][0][0], fields["current"][0][0]) == (AT + 2, AT + 5)


@pytest.mark.parametrize("name", ["title", "joined.acme"])
def test_of_the_first_naming_the_earliest_counts_and_of_all_else_the_latest(name: str) -> None:
    early, late = (1, "s", "a"), (2, "s", "a")
    assert is_greater(name, late, early) is (name == "title")
    assert is_greater(name, early, late) is (name != "title")


def test_the_first_opening_is_the_one_received_first() -> None:
    early, late = (9, "s", "a", 0, 1, 2), (1, "s", "b", 0, 5, 2)
    assert is_greater("first~0~s", early, late)
    assert not is_greater("first~0~s", late, early)


def test_a_case_has_room_for_a_long_search_and_an_end() -> None:
    assert MAX_ENTITIES == {"offer": 30, "interview": 60, "application": 200, "contact": 500, "advice": 1000}
