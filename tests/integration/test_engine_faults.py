"""A wrong or failing durable-rules costs no event and no process: the compiled answer is used, and it is counted."""

import errno
import itertools
import logging
import threading
from collections.abc import Callable, Iterator
from random import Random
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from signpost.case import Case
from signpost.engine import CompiledEngine, DurableEngine, EngineFaults
from signpost.engine.durable import load_library
from signpost.engine.faults import DIFFERENCE, FAILURE
from signpost.facts.facts import facts_of
from signpost.messaging import Delivery
from signpost.names import DEAD
from signpost.rulebook import Rulebook, load
from signpost.tenants.rulebooks import Engines, load_rulebooks
from signpost.workers.batch_transaction import ISOLATE_AFTER_ATTEMPTS
from tests.support.generators import random_facts, random_now
from tests.support.rulebooks import RULES
from tests.support.workers_kit import System, event, message, system

pytestmark = pytest.mark.durable_rules

Sabotage = Callable[[ModuleType], dict[str, Any]]
RULE = "ask-response-deadline"
ADVICE = f"{RULE}@offer/o-1"
EVENTS = 5


def session(*fired: str) -> dict[str, Any]:
    """A whole session that says this, without the library: it may not be safe to delete one that was cut short."""
    messages: list[str] = []

    def start(handle: int, state: int) -> tuple[int, str | None]:
        messages[:] = fired
        return state, following()

    def following(*arguments: object) -> str | None:
        return messages.pop() if messages else None

    return {
        "assert_facts": lambda handle, facts: (0, 0),
        "start_action_for_state": start,
        "complete_and_start_action": following,
        "delete_state": lambda handle, session: None,
    }


def silent(library: ModuleType) -> dict[str, Any]:
    """Nothing ever fires."""
    return session()


def talkative(library: ModuleType) -> dict[str, Any]:
    """The first ten flat rules fire of the first subject, whatever it is."""
    return session(*(f'{{"{number}": {{"m": {{"n": 0}}}}}}' for number in range(10)))


def failing_assert(library: ModuleType) -> dict[str, Any]:
    def fail(*arguments: object) -> None:
        raise library.error("Could not assert facts, error code: 303")

    return {"assert_facts": fail}


def failing_midway(library: ModuleType) -> dict[str, Any]:
    def fail(*arguments: object) -> None:
        raise SystemError("error return without exception set")

    return {"complete_and_start_action": fail}


def garbled(library: ModuleType) -> dict[str, Any]:
    return {"start_action_for_state": lambda handle, state: (state, "not JSON")}


def failing_delete(library: ModuleType) -> dict[str, Any]:
    def fail(*arguments: object) -> None:
        raise MemoryError

    return {"delete_state": fail}


WRONG = [silent, talkative]
FAILING = [failing_assert, failing_midway, garbled, failing_delete]


class Sabotaged:
    """The library with one ruleset spoiled; all others are the real ones."""

    def __init__(self, sabotage: Sabotage, handle: int) -> None:
        self._library, self._handle, self.calls = load_library(), handle, 0
        self._spoiled = sabotage(self._library)

    def __getattr__(self, name: str) -> Any:
        real, spoiled = getattr(self._library, name), self._spoiled.get(name)

        def call(handle: int, *arguments: Any) -> Any:
            self.calls += handle == self._handle and name == "assert_facts"
            return (spoiled if spoiled and handle == self._handle else real)(handle, *arguments)

        return call


def sabotaged(
    rulebook: Rulebook, faults: EngineFaults, sabotage: Sabotage
) -> tuple[DurableEngine, Sabotaged, set[str]]:
    """A real engine of which the ruleset with RULE is spoiled; and the rules in that ruleset."""
    engine = DurableEngine(rulebook, faults)
    kind = engine._kinds["offer"]
    [(handle, rules), *_] = [(handle, rules) for handle, rules in kind._handles.items() if RULE in rules]
    library = Sabotaged(sabotage, handle)
    kind._module = library  # type: ignore[assignment]
    return engine, library, set(rules)


@pytest.fixture(scope="module")
def signpost(request: pytest.FixtureRequest) -> Iterator[System]:
    with system("embedded", request) as made:
        yield made


def handled(signpost: System, sabotage: Sabotage, faults: EngineFaults) -> list[DurableEngine]:
    """EVENTS events through BatchHandler, each a batch of its own, with engines spoiled like this."""
    made: list[DurableEngine] = []

    def make(rulebook: Rulebook) -> DurableEngine:
        made.append(sabotaged(rulebook, faults, sabotage)[0])
        return made[-1]

    signpost.engines = Engines(make, load_rulebooks(RULES))
    names = [f"{sabotage.__name__}-{number}" for number in range(EVENTS)]
    for name in names:
        signpost.handle(event("offer.extended", name, offer="o-1"))
    assert signpost.broker.get(DEAD, 10) == []
    signpost.engines = Engines(CompiledEngine, load_rulebooks(RULES))
    for name in names:
        assert ADVICE in signpost.standing(name)
        assert signpost.standing(name) == signpost.expected(name)
    emitted = [one["candidate"] for one in signpost.changes() if one["rule"] == RULE]
    assert emitted == names
    return made


def error_lines(caplog: pytest.LogCaptureFixture) -> list[logging.LogRecord]:
    return [record for record in caplog.records if record.levelno == logging.ERROR]


@pytest.mark.parametrize("sabotage", WRONG)
def test_a_wrong_answer_costs_no_event(signpost: System, sabotage: Sabotage, caplog: pytest.LogCaptureFixture) -> None:
    faults = EngineFaults()
    handled(signpost, sabotage, faults)
    counts = faults.counts()
    assert counts
    assert {fault for fault, _ in counts} == {DIFFERENCE}
    assert set(counts.values()) == {EVENTS}, "each difference counts at each event"
    lines = error_lines(caplog)
    assert sorted(line.__dict__["rule"] for line in lines) == sorted(rule for _, rule in counts), "logged once a rule"
    if sabotage is silent:
        [line] = [line for line in lines if line.__dict__["rule"] == RULE]
        assert f"differ about rule {RULE}, which holds by the compiled evaluator" in line.getMessage()
        assert line.__dict__["subject"] == "offer/o-1"


@pytest.mark.parametrize("sabotage", FAILING)
def test_a_failure_of_the_library_costs_no_event(
    signpost: System, sabotage: Sabotage, caplog: pytest.LogCaptureFixture
) -> None:
    faults = EngineFaults()
    [engine] = handled(signpost, sabotage, faults)
    given_up = set(engine.rulebook.rules) - engine.rules
    assert RULE in given_up
    assert len(engine.rules) > 0
    assert faults.counts() == {(FAILURE, rule): 1 for rule in given_up}
    [line] = error_lines(caplog)
    assert f"the compiled evaluator answers for {len(given_up)} rules" in line.getMessage()


def test_what_keeps_ending_its_process_is_handled_without_the_library(signpost: System) -> None:
    """A segmentation fault cannot be caught, so after three attempts it does without what may be its cause."""
    libraries: list[Sabotaged] = []

    def make(rulebook: Rulebook) -> DurableEngine:
        engine, library, _ = sabotaged(rulebook, EngineFaults(), silent)
        libraries.append(library)
        return engine

    signpost.engines = Engines(make, load_rulebooks(RULES))
    handler, calls = signpost.handler(), {}
    for attempts in (ISOLATE_AFTER_ATTEMPTS - 1, ISOLATE_AFTER_ATTEMPTS):
        sent = message(event("offer.extended", f"attempts-{attempts}", offer="o-1"))
        delivery = Delivery(sent.body, {}, sent.routing_key, sent.message_id, "", True, attempts, tag=attempts)
        before = libraries[0].calls
        assert handler.handle([delivery], signpost.clock).fresh == 1
        calls[attempts] = libraries[0].calls - before
        assert ADVICE in signpost.standing(f"attempts-{attempts}")
    assert calls == {ISOLATE_AFTER_ATTEMPTS - 1: 1, ISOLATE_AFTER_ATTEMPTS: 0}


def test_a_ruleset_that_failed_is_not_used_again_and_the_others_are() -> None:
    engine, library, rules = sabotaged(load(RULES), EngineFaults(), failing_assert)
    random, durable = Random(3), 0
    for _ in range(60):
        facts, now = random_facts(random), random_now(random)
        expected = engine.compiled.matches(facts, now)
        assert engine.matches(facts, now) == expected
        durable += len(engine.library_matches(facts, now))
    assert library.calls == 1
    assert library._handle not in engine._kinds["offer"]._deletable, "the state of its session is unknown"
    assert not rules & engine.rules
    assert durable > 0
    assert {fault for fault, _ in engine.faults.counts()} == {FAILURE}


def test_a_rule_that_was_given_up_does_not_count_where_another_ruleset_has_a_part_of_it() -> None:
    engine = DurableEngine(load(RULES), EngineFaults())
    facts = facts_of(Case().fold(event("offer.extended", offer="o-1")), "c-1", engine.rulebook.vocabulary)
    now = event("offer.extended", offer="o-1").time + 1
    assert RULE in {match.rule for match in engine.library_matches(facts, now)}
    engine.rules.discard(RULE)
    assert RULE not in {match.rule for match in engine.library_matches(facts, now)}


def test_a_ruleset_that_cannot_be_made_leaves_its_rules_to_the_compiled_evaluator(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    library, made = load_library(), itertools.count()

    def create(name: str, rules: str) -> int:
        if next(made) == 0:
            raise library.error("Could not create ruleset, error code: 202")
        handle: int = library.create_ruleset(name, rules)
        return handle

    spoiled = SimpleNamespace(**{**vars(library), "create_ruleset": create})
    monkeypatch.setattr("signpost.engine.durable.load_library", lambda: spoiled)
    engine = DurableEngine(load(RULES), EngineFaults())
    given_up = set(engine.rulebook.rules) - engine.rules
    assert 0 < len(given_up) < len(engine.rulebook.rules)
    assert engine.faults.counts() == {(FAILURE, rule): 1 for rule in given_up}


def test_facts_that_cannot_be_made_for_it_cost_nothing_and_are_not_logged(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    engine, random = DurableEngine(load(RULES), EngineFaults()), Random(3)

    def fail(*arguments: object) -> None:
        raise KeyError("what Jane Doe wrote")

    monkeypatch.setattr(engine._kinds["offer"], "_fact", fail)
    for _ in range(50):
        facts, now = random_facts(random), random_now(random)
        assert engine.matches(facts, now) == engine.compiled.matches(facts, now)
    assert {rule.about for rule in engine.rulebook.rules.values() if rule.id not in engine.rules} == {"offer"}
    assert set(engine.faults.counts().values()) == {1}, "they are not tried again"
    [line] = error_lines(caplog)
    assert "KeyError" in line.getMessage()
    assert "Jane" not in f"{line.getMessage()} {line.__dict__}"


def test_counting_is_exact_between_threads() -> None:
    faults = EngineFaults()

    def count() -> None:
        for _ in range(2_000):
            faults.count_difference("rule", "offer/o-1", 0, holds=True)

    threads = [threading.Thread(target=count) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults.counts() == {(DIFFERENCE, "rule"): 16_000}


def test_a_machine_short_of_descriptors_costs_no_rule_its_ruleset(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = DurableEngine(load(RULES), EngineFaults())
    facts = facts_of(Case().fold(event("offer.extended", offer="o-1")), "c-1", engine.rulebook.vocabulary)
    now = event("offer.extended", offer="o-1").time + 1

    def fail(*arguments: object) -> None:
        raise OSError(errno.EMFILE, "Too many open files")

    with monkeypatch.context() as short:
        short.setattr(engine._kinds["offer"], "_fact", fail)
        with pytest.raises(OSError, match="Too many"):
            engine.matches(facts, now)
    assert engine.matches(facts, now) == engine.compiled.matches(facts, now)
    assert engine.rules == set(engine.rulebook.rules)
    assert engine.faults.counts() == {}
