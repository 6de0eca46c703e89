"""Mutants: every part of a rule is changed, each change makes a difference, and its name and place are the author's."""

from pathlib import Path
from random import Random

import pytest

from signpost.authoring.mutation.mutants import mutants
from signpost.engine import CompiledEngine
from signpost.facts.facts import Facts
from signpost.rulebook import Rulebook, load
from signpost.rulebook.ends import is_life
from signpost.rulebook.terms import walk
from signpost.rulebook.typed_rule import Rule
from tests.support.generators import random_facts
from tests.support.rulebooks import every_term

TOPIC = """
first-rule:
  about: offer
  source: a
  title: T
  message: M
  params: {soon: 2d, pay: 3}
  define:
    told_at: [accepted_at, extended_at]
    only_told: extended_at
  when:
    stage: [open, accepted]
    told_at: at least soon ago
    hours_per_week: at least pay
    any other offer: {stage: accepted, accepted_at: later than this one's}
    any unknown: [salary, title]
  priority:
    normal: from the start
    high: soon after other's accepted_at
  due: soon before respond_by
  valid: for soon after extended_at
  suppresses: [second-rule]
  done_since: letter_received_at
second-rule:
  about: offer
  source: a
  title: T
  message: "{{ only_told }}"
  define: {only_told: extended_at}
  when:
    stage: open
    any other offer: {stage: accepted}
    any other offer as namesake: {title: same as this one's title}
  priority: urgent
"""
FIRST = """
11 drop `stage: [open, accepted]`
11 negate `stage: [open, accepted]`
11 drop `open` of `stage: [open, accepted]`
11 drop `accepted` of `stage: [open, accepted]`
12 drop `told_at: at least 2d ago`
12 negate `told_at: at least 2d ago`
12 shift `2d after told_at` by +1s
12 shift `2d after told_at` by -1s
13 drop `hours_per_week: at least 3`
13 negate `hours_per_week: at least 3`
13 turn `hours_per_week: at least 3` into `hours_per_week: above 3`
13 turn `hours_per_week: at least 3` into `hours_per_week: at least 2`
14 drop `any other offer`
14 negate `any other offer`
14 turn `any other offer` into `at least 2 other offers`
14 drop `stage: accepted` in `any other offer`
14 negate `stage: accepted` in `any other offer`
14 drop `accepted_at: after this one's accepted_at` in `any other offer`
14 negate `accepted_at: after this one's accepted_at` in `any other offer`
14 turn `accepted_at: after this one's accepted_at` into \
`accepted_at: at or after this one's accepted_at` in `any other offer`
15 drop `any of`
15 drop the alternative `salary: unknown`
15 drop the alternative `title: unknown`
15 negate `salary: unknown`
15 negate `title: unknown`
17 drop `normal: from the start`
18 drop `high: 2d after accepted_at of other`
18 apply `high: 2d after accepted_at of other` from the start
18 negate `accepted_at: at least 2d ago` in `high`
18 shift `2d after accepted_at` by +1s in `high`
18 shift `2d after accepted_at` by -1s in `high`
19 drop `due: 2d before respond_by`
19 shift `2d before respond_by` by +1s in `due`
19 shift `2d before respond_by` by -1s in `due`
20 drop `valid: for 2d after extended_at`
20 shift `2d after extended_at` by +1s in `valid`
20 shift `2d after extended_at` by -1s in `valid`
21 drop `suppresses: second-rule`
22 drop `done_since: letter_received_at`
8 drop `accepted_at` in `told_at`
8 drop `extended_at` in `told_at`
"""
SECOND = """
30 drop `stage: open`
30 negate `stage: open`
31 drop `any other offer`
31 negate `any other offer`
31 turn `any other offer` into `at least 2 other offers`
31 drop `stage: accepted` in `any other offer`
31 negate `stage: accepted` in `any other offer`
32 drop `any other offer as namesake`
32 negate `any other offer as namesake`
32 turn `any other offer as namesake` into `at least 2 other offers as namesake`
32 drop `other` of `any other offer as namesake`
32 drop `title: same as this one's title` in `any other offer as namesake`
32 negate `title: same as this one's title` in `any other offer as namesake`
33 turn `urgent` into `high`
"""


@pytest.fixture
def rules(tmp_path: Path) -> dict[str, Rule]:
    (tmp_path / "sources.yaml").write_text("articles: {a: An article}\n")
    (tmp_path / "topic.yaml").write_text(TOPIC.lstrip())
    return dict(load(tmp_path).rules)


@pytest.mark.parametrize(("rule", "expected"), [("first-rule", FIRST), ("second-rule", SECOND)])
def test_everything_that_an_author_writes_is_changed_and_named_where_it_stands(
    rules: dict[str, Rule], rule: str, expected: str
) -> None:
    """Nothing is made of what nobody could notice: a defined value for texts, `other` where the subject never is."""
    found = [f"{mutant.position.line} {mutant.description}" for mutant in mutants(rules[rule])]
    assert found == expected.strip().splitlines()


def test_no_two_mutants_of_a_rule_have_one_name(tmp_path: Path) -> None:
    for rule in every_term(tmp_path).rules.values():
        names = [mutant.description for mutant in mutants(rule)]
        assert len(set(names)) == len(names)


def test_mutants_can_be_evaluated_and_differ_from_their_rule(tmp_path: Path) -> None:
    """On random cases, few of which touch the rarest thresholds."""
    rulebook = every_term(tmp_path)
    facts = [random_facts(Random(seed), rulebook.vocabulary) for seed in range(250)]
    unlike: list[bool] = []
    for rule in rulebook.rules.values():
        plain = answers(rule, facts)
        unlike += [answers(mutant.rule, facts) != plain for mutant in mutants(rule)]
    assert len(unlike) > 600
    assert sum(unlike) > 0.85 * len(unlike)


def answers(rule: Rule, facts: list[Facts]) -> list[object]:
    engine = CompiledEngine(Rulebook({rule.id: rule}, "mutant"))
    found = [answer for one in facts for answer in engine.answers(one)]
    return [(answer.key, answer.intervals, answer.levels, answer.due, answer.valid_until) for answer in found]


def test_no_term_is_left_as_it_is(tmp_path: Path) -> None:
    """Each of a rule's terms is missing from at least one mutant, or stands changed in it."""
    for rule in every_term(tmp_path).rules.values():
        terms = [term for term in walk(rule.when) if not is_life(term)]  # the loader adds these
        left = [term for term in terms if all(has(mutant.rule, term) for mutant in mutants(rule))]
        assert left == []


def has(rule: Rule, term: object) -> bool:
    return any(one is term for one in walk(rule.when))
