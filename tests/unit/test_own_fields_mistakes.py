"""One mistake in a declaration of own fields, or in a rule that uses them, is one problem that says what to write."""

from datetime import date
from pathlib import Path

import pytest

from signpost.authoring.inspection import inspect
from signpost.rulebook import RulebookError, load
from tests.support.own_folders import folder, rule
from tests.support.rulebooks import RULES

CHOICE = "fields:\n  offer:\n    x: {type: choice, visible_to: employer, choices: "


def problems(path: Path) -> list[str]:
    with pytest.raises(RulebookError) as caught:
        load(path)
    return [str(problem) for problem in caught.value.problems]


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ("fields:\n  offer:\n    x: {type: days, visble_to: employer}\n", "3:21: R010 the field x has no 'visble_to'"),
        (
            CHOICE + "[yes, no]}\n",
            'must be a list of words (write words like yes, on and 1 in quotes: choices: ["yes", "no"])',
        ),
        (CHOICE + "[true, 2, 0x3]}\n", "3:54: R006 choices must be a list of words (write words like"),
        (CHOICE + "[a b, c]}\n", "3:54: R006 choices must be a list of words (a choice has letters"),
        (
            "offer: {x: {type: days, visible_to: employer}}\ncandidate: {}\n",
            "1:1: R011 fields.yaml must have 'fields' (put offer, candidate under fields:)",
        ),
        ("feilds: {offer: {}}\n", "1:1: R010 fields.yaml has no 'feilds' (did you mean fields?)"),
    ],
)  # fmt: skip
def test_one_mistake_of_a_declaration_is_one_problem(tmp_path: Path, fields: str, problem: str) -> None:
    [found] = problems(folder(tmp_path, rule("title: known"), fields=fields))
    assert problem in found


def test_a_rule_without_an_act_is_told_that_alone(tmp_path: Path) -> None:
    text = rule("title: known") + "  item: how it fits\n  question: Does it?\n  point: pay\n"
    _, found = inspect((RULES, folder(tmp_path, text, sources="articles: {a: A}\n")), date(2026, 12, 1))
    assert [one.code for one in found if one.code not in ("R070", "R017")] == ["R057"], found
