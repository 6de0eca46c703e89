"""The order of cards and of what is on them, by exact values: priority, time left, weight, age, name."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from signpost.advice.agenda.cards import Card, Item, Reader, rank
from signpost.advice.agenda.variables import in_words
from signpost.advice.records import AdviceRecord
from signpost.facts.entity import Entity
from signpost.rulebook import load
from signpost.rulebook.rulebook import CardKind, Per
from signpost.rulebook.typed_rule import Rule, Texts

RULE = """
ask: {about: offer, source: a, title: T, message: M, priority: low, when: {stage: open}}
"""


@pytest.fixture(scope="module")
def rule(tmp_path_factory: pytest.TempPathFactory) -> Rule:
    folder = tmp_path_factory.mktemp("rules")
    Path(folder, "sources.yaml").write_text("articles: {a: An article}\n", "utf-8")
    Path(folder, "asking.yaml").write_text(RULE, "utf-8")
    return load(folder).rules["ask"]


def item(rule: Rule, name: str, last: int | None = None, since: int = 0, **record: Any) -> Item:
    weight = record.pop("weight", 1.0)
    ends = record.pop("ends_at", None)
    stored = AdviceRecord("ask", "offer", name, **{"priority": "normal", **record})
    return Item(stored.key, stored, replace(rule, weight=weight), Entity("offer", name), last, since, ends)


def card(*items: Item, before: int = 0, **flags: bool) -> Card:
    kind = CardKind("letter", "candidate", (), Per.CASE, Texts("T", "M"), before) if before else None
    return Card("card", kind, items, **flags)


def test_of_two_the_more_urgent_comes_first_then_the_one_with_less_time_then_the_heavier_and_the_older(
    rule: Rule,
) -> None:
    expected = [
        item(rule, "f", 90, 9, priority="urgent", weight=0.5),
        item(rule, "e", 5, 8, weight=0.5),
        item(rule, "d", 6, 7, weight=2.0),
        item(rule, "c", 6, 6, weight=1.0),
        item(rule, "b", None, 5, weight=3.0),
        item(rule, "a", None, 1),
        item(rule, "a2", None, 1),
        item(rule, "a1", None, 2),
    ]
    assert sorted(expected, key=lambda one: one.order) == expected
    cards = [card(one) for one in expected]
    assert sorted(cards, key=lambda one: one.order) == cards
    assert rank("urgent") > rank("high") > rank("normal") > rank("low")


def test_what_decides_the_place_of_a_card_is_of_its_own_priority(rule: Rule) -> None:
    pressing, other = item(rule, "a", 50, 3, priority="high", weight=0.5), item(rule, "b", 10, 1, weight=9.0)
    joined = card(other, pressing)
    assert (joined.priority, joined.leading, joined.pressing_until, joined.last_useful) == ("high", (pressing,), 50, 10)
    assert joined.order == (-rank("high"), 50, -0.5, 3, "ask@offer/a")


def test_a_card_that_time_has_lifted_takes_its_place_from_all_on_it(rule: Rule) -> None:
    items = item(rule, "a", 50, 3), item(rule, "b", 10, 1, priority="low", weight=9.0)
    for lifted, priority in ((card(*items, is_last_chance=True), "urgent"), (card(*items, is_near=True), "high")):
        assert (lifted.priority, lifted.leading, lifted.pressing_until) == (priority, items, 10)
        assert lifted.order[2:4] == (-9.0, 1)
    urgent = item(rule, "c", 60, priority="urgent")
    above = card(urgent, *items, is_near=True)
    assert (above.priority, above.leading) == ("urgent", (urgent,))


def test_a_card_ends_by_time_alone_once_all_of_it_has(rule: Rule) -> None:
    first, last, never = (item(rule, "a", ends_at=5), item(rule, "b", ends_at=9), item(rule, "c"))
    assert (card(first, last).ends_at, card(first, never).ends_at, card(never).ends_at) == (9, None, None)


def test_the_due_time_of_a_card_is_the_first_ahead_otherwise_the_latest_that_passed(rule: Rule) -> None:
    passed, later = item(rule, "a", None, due=5), item(rule, "b", None, due=7)
    ahead, further = item(rule, "c", 20, due=20), item(rule, "d", 30, due=30)
    valid, no_due = item(rule, "e", 15, due=40), item(rule, "f")
    assert card(passed, later, no_due).due == 7
    assert card(further, passed, ahead).due == 20
    assert card(no_due).due is None
    assert card(valid, passed).due == 40
    soon = card(passed, ahead, further, valid, no_due, before=4)
    assert soon.near_from() == [16, 26]
    assert card(ahead).near_from() == card(item(rule, "g"), before=4).near_from() == []


def test_readers_and_numbers() -> None:
    assert Reader("candidate") == Reader("candidate", "")
    assert [in_words(number) for number in (0, 1, 12, 13)] == ["no", "one", "twelve", "13"]
