"""The decision procedure is sound: what is true of a case is possible, what it calls impossible never holds, and what
it says follows from other conditions never fails where those hold. Seen by the oracle, on random rules and cases."""

from collections import Counter
from pathlib import Path
from random import Random

import pytest

from signpost.facts.facts import Entity, Facts
from signpost.facts.vocabulary import KINDS
from signpost.rulebook import Rulebook, find_problems, load
from signpost.rulebook.analysis import guarantees
from signpost.rulebook.analysis.guarantees import OR, UNKNOWN, Is, Var, universe
from signpost.rulebook.analysis.logic import is_possible
from signpost.rulebook.analysis.meaning import Meaning
from signpost.rulebook.terms import Condition, Term
from signpost.rulebook.typed_rule import Rule
from tests.support.generators import random_facts, random_now
from tests.support.long_suite import number_of
from tests.support.made_rules import write_rules
from tests.support.oracle import Oracle
from tests.support.rulebooks import RULES, every_term

CASES = number_of(400, one_in=3)
RULES_MADE = 500
CASES_A_RULE = number_of(60, one_in=3)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> list[Rule]:
    """Random rules, without those that do not even load: a condition stands twice, or plainly against another."""
    rulebook, problems = find_problems(write_rules(tmp_path_factory.mktemp("made"), Random(5), RULES_MADE))
    assert [str(one) for one in problems.found if one.code not in ("R012", "R025", "R026")] == []
    return [rule for rule in rulebook.rules.values() if rule.id not in problems.rules]


def is_true(rule: Rule, condition: Condition, subject: Entity, facts: Facts, now: int) -> bool:
    return Oracle(rule, subject, facts, now).all(condition, subject)


def terms(rulebook: Rulebook, kind: str) -> list[tuple[Rule, Term]]:
    """Every condition of the candidate's rules about a kind."""
    rules = [rule for rule in rulebook.about(kind) if rule.audience == "candidate"]
    return [
        (rule, term)
        for rule in rules
        for condition in (rule.when, *(level.when for level in rule.levels))
        for term in condition
    ]


@pytest.mark.parametrize("rulebook", ["real", "every term", "made"])
def test_what_is_true_of_a_case_is_possible(rulebook: str, made: list[Rule], tmp_path: Path) -> None:
    """Random conditions, each as it is answered in a random case, can hold and fail together."""
    books = {"real": lambda: load(RULES), "every term": lambda: every_term(tmp_path)}
    book = books[rulebook]() if rulebook in books else Rulebook({rule.id: rule for rule in made}, "")
    random, asked = Random(3), 0
    pools = {kind: terms(book, kind) for kind in ("offer", "interview", "application", "candidate")}
    for _ in range(CASES):
        facts, now = random_facts(random, book.vocabulary), random_now(random)
        for kind, pool in pools.items():
            for subject in facts.of_kind(kind):
                picked = random.sample(pool, min(7, len(pool)))
                answered = [(Meaning.of(r), t, Oracle(r, subject, facts, now).term(t, subject)) for r, t in picked]
                said = [meaning.term(term, held, meaning.subject) for meaning, term, held in answered]
                assert is_possible(*said), [(str(term), held) for _, term, held in answered]
                asked += len(said)
    assert asked > 4 * CASES


def test_what_is_called_impossible_never_holds_and_what_follows_never_fails(made: list[Rule]) -> None:
    random, found = Random(9), Counter[str]()
    cases = [(random_facts(random), random_now(random)) for _ in range(CASES_A_RULE)]
    subjects = [(subject, facts, now) for facts, now in cases for subject in facts.of_kind("offer")]
    for rule in made:
        meaning = Meaning.of(rule)
        if not is_possible(meaning.holds(rule.when)):
            found["impossible"] += 1
            assert not any(is_true(rule, rule.when, *case) for case in subjects), rule.when
            continue
        for term in rule.when:
            rest = tuple(other for other in rule.when if other is not term)
            if not is_possible(meaning.holds(rest), meaning.term(term, False, meaning.subject)):
                found["follows"] += 1
                where = [case for case in subjects if is_true(rule, rest, *case)]
                found["seen"] += bool(where)
                assert all(is_true(rule, (term,), *case) for case in where), (term, rest)
    assert found["impossible"] > RULES_MADE / 20
    assert found["follows"] > RULES_MADE / 20
    assert found["seen"] > 5, found


def test_what_facts_guarantee_holds_in_random_cases() -> None:
    random, met = Random(1), Counter[tuple[Is, Is]]()
    for _ in range(3 * CASES):
        facts = random_facts(random)
        for kind in OR:
            for entity in facts.of_kind(kind):
                for first, second in guarantees.guarantees(_named(entity)):
                    excluded = not _is(first, entity)
                    assert not excluded or _is(second, entity), (first, second, entity.values)
                    met[first, second] += excluded or not _is(second, entity)
                assert all(_is(universe(Var.of(_named(entity), KINDS[kind][name])), entity) for name in entity.values)
    assert all(met.values()), [pair for pair, times in met.items() if not times]


def _named(entity: Entity) -> guarantees.EntityTerm:
    return guarantees.EntityTerm("it", entity.kind)


def _is(said: Is, entity: Entity) -> bool:
    value = entity.values.get(said.var.name, UNKNOWN)
    if isinstance(value, list | dict):
        value = "something"
    return (value in said.values) == said.among
