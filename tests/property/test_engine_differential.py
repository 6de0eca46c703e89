"""Both engines and the plain oracle give the same answers on random cases, and time flips them exactly when
foretold."""

from pathlib import Path
from random import Random

import pytest

from signpost.engine import CompiledEngine, DurableEngine, EngineFaults
from signpost.engine.compiled import Match
from signpost.facts.facts import Facts
from signpost.rulebook import Rulebook, load
from tests.support.generators import random_facts, random_now
from tests.support.long_suite import number_of
from tests.support.oracle import Oracle
from tests.support.rulebooks import RULES, every_term

PARTS = 2
CASES_A_PART = number_of(1000) // PARTS
"""SIGNPOST_TEST_CASES=20000 runs the long form."""
ENOUGH_CASES = 500
"""So many random cases meet most rules; `make mutants` plays fewer."""
ORACLE_CASES = number_of(300)


@pytest.fixture(scope="module", params=["real", "every term"])
def rulebook(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Rulebook:
    return load(RULES) if request.param == "real" else every_term(tmp_path_factory.mktemp("rulebook"))


@pytest.mark.durable_rules
@pytest.mark.parametrize("part", range(PARTS))
def test_durable_rules_and_the_compiled_evaluator_agree(part: int, tmp_path: Path) -> None:
    """2,000 random cases in all: half of them on every real rule, the rest on every kind of term."""
    rulebook = every_term(tmp_path) if part == PARTS - 1 else load(RULES)
    faults = EngineFaults()
    random, compiled, durable, held = Random(part), CompiledEngine(rulebook), DurableEngine(rulebook, faults), set()
    asked = durable.rules.copy()
    for _ in range(CASES_A_PART):
        facts, now = random_facts(random, rulebook.vocabulary), random_now(random)
        expected = compiled.matches(facts, now)
        assert durable.library_matches(facts, now) == {match for match in expected if match.rule in asked}
        held |= {match.rule for match in expected}
    assert faults.counts() == {}
    assert len(asked) > 0.9 * len(rulebook.rules)
    if CASES_A_PART >= ENOUGH_CASES:
        assert len(held) > 0.7 * len(rulebook.rules), sorted(set(rulebook.rules) - held)


def oracle_matches(rulebook: Rulebook, facts: Facts, now: int) -> dict[Match, str]:
    found = {}
    for rule in rulebook.rules.values():
        for subject in facts.of_kind(rule.about):
            oracle = Oracle(rule, subject, facts, now)
            if oracle.holds():
                found[Match(rule.id, subject.kind, subject.id)] = oracle.priority()
    return found


def test_the_compiled_evaluator_agrees_with_the_oracle(rulebook: Rulebook) -> None:
    random, engine = Random(7), CompiledEngine(rulebook)
    for _ in range(ORACLE_CASES):
        facts, now = random_facts(random, rulebook.vocabulary), random_now(random)
        found = {answer.match: answer.priority(now) for answer in engine.answers(facts) if answer.holds(now)}
        assert found == oracle_matches(rulebook, facts, now)


def test_the_next_change_is_exact(rulebook: Rulebook) -> None:
    """Nothing changes before it, something changes at it: seen by the oracle, which knows no spans."""
    random, engine, changes = Random(11), CompiledEngine(rulebook), 0
    for _ in range(150):
        facts, now = random_facts(random, rulebook.vocabulary), random_now(random)
        answers = engine.answers(facts)
        for _ in range(4):
            present = oracle_matches(rulebook, facts, now)
            following = [instant for answer in answers if (instant := answer.next_change(now)) is not None]
            if not following:
                assert oracle_matches(rulebook, facts, now + 10**16) == present
                break
            change = min(following)
            assert oracle_matches(rulebook, facts, change - 1) == present
            changed = {answer.key for answer in answers if answer.next_change(now) == change}
            related = any(answer.related for answer in answers if answer.key in changed)
            assert related or oracle_matches(rulebook, facts, change) != present
            now, changes = change, changes + 1
    assert changes > 100


def test_no_change_falls_between_two_that_are_foretold(rulebook: Rulebook) -> None:
    """Probing at every threshold of every answer finds no state that stepping from change to change would miss."""
    random, engine = Random(13), CompiledEngine(rulebook)
    for _ in range(100):
        facts, now = random_facts(random, rulebook.vocabulary), random_now(random)
        answers = engine.answers(facts)
        flips = sorted(
            {
                flip
                for a in answers
                for s in (a.intervals, *(level for _, level in a.levels))
                for flip in s
                if flip > now
            }
        )
        at = now
        for flip in flips:
            following = [instant for answer in answers if (instant := answer.next_change(at)) is not None]
            change = min(following, default=None)
            if change is None or change > flip:
                assert oracle_matches(rulebook, facts, flip) == oracle_matches(rulebook, facts, at)
            else:
                at = flip
