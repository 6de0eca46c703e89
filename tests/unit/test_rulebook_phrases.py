"""Conditions are told as their author writes them."""

from pathlib import Path

import pytest

from signpost.rulebook import load
from signpost.rulebook.ends import ends_of
from signpost.rulebook.printing import phrase
from tests.support.own_folders import folder

RULE = """one:
  about: interview
  source: a
  priority: low
  title: T
  message: M {{ params.patience }}
  params: {patience: 2d}
"""


@pytest.mark.parametrize(
    "condition", ["stage: upcoming", "upcoming_until: passed", "upcoming_until: less than {} ago", "starts_at: ahead"]
)
def test_a_condition_on_the_time_of_an_interview_is_told_as_it_is_written(tmp_path: Path, condition: str) -> None:
    rule = load(folder(tmp_path, f"{RULE}  when: {{{condition.format('patience')}}}\n", fields="")).rules["one"]
    assert phrase(rule.when[0]) == condition.format("2d")


@pytest.mark.parametrize(
    ("condition", "end"),
    [("stage: upcoming", "until the interview begins"), ("upcoming_until: less than patience ago", "until 2d after")],
)
def test_only_an_interview_that_is_to_come_ends_a_rule_with_its_beginning(
    tmp_path: Path, condition: str, end: str
) -> None:
    rule = load(folder(tmp_path, f"{RULE}  when: {{{condition}}}\n", fields="")).rules["one"]
    assert [one for one in ends_of(rule) if one.startswith(end)]
