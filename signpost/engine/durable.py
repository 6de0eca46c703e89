"""The durable-rules engine: flat rules over one fact for each subject, in one session for each evaluation.

It bypasses the `Host` of the library, which starts threads. test_engine_durable shows the limits of the library.
"""

import itertools
import weakref
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import tzinfo
from types import ModuleType
from typing import Any, TypeAlias

import orjson

from signpost.engine.compiled import Answer, CompiledEngine, Match, defined_values, stages_of
from signpost.engine.conditions import intervals_of
from signpost.engine.environment import Env, value_of
from signpost.engine.faults import FAULTS, EngineFaults
from signpost.engine.intervals import holds
from signpost.engine.lowering import NUMBER, DerivedProperty, Lowered, lower
from signpost.errors import CallerError
from signpost.facts.facts import Entity, Facts
from signpost.rulebook.rulebook import Rulebook
from signpost.rulebook.terms import Rule

MAX_RULES = 40
"""The limit of flat rules in one ruleset: durable-rules fails with error 303 when 64 match at once."""
_NUMBERS = itertools.count()
Derive: TypeAlias = Callable[[Env, Mapping[bool, tzinfo], int], bool]
"""Whether a derived property holds at an instant; by whether the candidate reads, the zone in which days begin."""


class DurableEngine:
    """durable-rules, checked against the compiled evaluator.

    If they differ or durable-rules fails, the engine uses the compiled answer and counts and logs the fault. Times,
    priorities and rules that do not fit durable-rules always come from the compiled evaluator.
    """

    name = "durable_rules"

    def __init__(self, rulebook: Rulebook, faults: EngineFaults = FAULTS) -> None:
        """Raises CallerError if durable-rules cannot be imported."""
        self.rulebook, self.faults = rulebook, faults
        self.compiled = CompiledEngine(rulebook)
        module = load_library()
        self.rules = set(rulebook.rules)
        """The rules that durable-rules evaluates: all except those that do not fit it or whose ruleset failed."""
        kinds = dict.fromkeys(rule.about for rule in rulebook.rules.values())
        self._kinds = {kind: _Kind(module, rulebook.about(kind), self._give_up) for kind in kinds}
        self.unfit = [name for kind in self._kinds.values() for name in kind.lowered.unfit]
        self.rules.difference_update(self.unfit)
        self.answers = self.compiled.answers
        self.answer_about = self.compiled.answer_about

    def matches(self, facts: Facts, now: int, answers: Iterable[Answer] | None = None) -> set[Match]:
        """Return every (rule, subject) that holds at an instant; `answers` saves evaluating them again."""
        expected = self.compiled.matches(facts, now, answers)
        for match in self.library_matches(facts, now) ^ expected:
            if match.rule in self.rules:
                subject = f"{match.kind}/{match.subject}"
                self.faults.count_difference(match.rule, subject, now, holds=match in expected)
        return expected

    def library_matches(self, facts: Facts, now: int) -> set[Match]:
        """Return the matches of `rules` by durable-rules alone, unchecked."""
        found = {match for name, kind in self._kinds.items() for match in kind.matches(facts.of_kind(name), facts, now)}
        return {match for match in found if match.rule in self.rules}

    def _give_up(self, rules: Collection[str], reason: str) -> None:
        """Leave rules to the compiled evaluator for the lifetime of this engine."""
        self.rules.difference_update(rules)
        self.faults.count_failure(rules, reason)


class _Kind:
    """The rulesets about one kind of subject, and the properties of its facts.

    A ruleset that fails is not used again, because the state of its session is unknown; `give_up` gets its rules and
    the reason.
    """

    def __init__(self, module: ModuleType, rules: list[Rule], give_up: Callable[[Collection[str], str], None]) -> None:
        self.lowered = lower(rules)
        self._module, self._give_up = module, give_up
        self._rules = {rule.id: rule for rule in rules}
        self._names = [name for name, _ in self.lowered.flat]
        self._handles: dict[int, set[str]] = {}
        for chunk in _chunks(self.lowered):
            self._create(chunk)
        self._deletable = set(self._handles)
        # Frees half a megabyte for each ruleset at every rule reload
        weakref.finalize(self, _delete, module, self._deletable).atexit = False
        self._plain = [(name, value_of(ref)) for name, ref in self.lowered.plain.items()]
        self._derived = {name: _compile(derived) for derived, name in self.lowered.derived.items()}
        self._by_stage: dict[str | None, list[tuple[str, Derive]]] = {}

    def matches(self, subjects: list[Entity], facts: Facts, now: int) -> set[Match]:
        if not subjects or not self._handles:
            return set()
        try:
            raw = self._facts(subjects, facts, now)
        except Exception as error:
            self._handles.clear()
            # Without the error's message, which may quote personal data
            self._give_up(set(self._names), f"its facts cannot be built: {type(error).__name__}")
            return set()
        fired = (pair for handle in list(self._handles) for pair in self._fire(handle, raw))
        return {Match(self._names[number], subjects[index].kind, subjects[index].id) for number, index in fired}

    def _create(self, chunk: dict[str, Any]) -> None:
        rules = {self._names[int(number)] for number in chunk if number != ALWAYS}
        try:
            handle = self._module.create_ruleset(f"signpost{next(_NUMBERS)}", orjson.dumps(chunk).decode())
        except Exception as error:
            self._give_up(rules, f"{type(error).__name__}: {error}")
        else:
            self._handles[handle] = rules

    def _fire(self, handle: int, raw: str) -> list[tuple[int, int]]:
        try:
            return _fire(self._module, handle, raw)
        except Exception as error:
            # Its session remains, so deleting the ruleset may not be safe either
            self._deletable.discard(handle)
            self._give_up(self._handles.pop(handle, set()), f"{type(error).__name__}: {error}")
            return []

    def _facts(self, subjects: list[Entity], facts: Facts, now: int) -> str:
        """Return the facts about the subjects as JSON."""
        return orjson.dumps([self._fact(index, subject, facts, now) for index, subject in enumerate(subjects)]).decode()

    def _fact(self, index: int, subject: Entity, facts: Facts, now: int) -> dict[str, Any]:
        """Build a fact of numbers, booleans and vocabulary words only: no personal text enters the library."""
        zones = {is_private: facts.clock(subject, private=is_private).zone for is_private in (True, False)}
        env = Env(facts, subject, subject, zones[True])
        fact: dict[str, Any] = {NUMBER: index, "sid": SESSION}
        for name, value in self._plain:
            if (known := value(env)) is not None:
                fact[name] = known
        for name, derive in self._derived_at(subject.values.get("stage")):
            fact[name] = derive(env, zones, now)
        return fact

    def _derived_at(self, stage: str | None) -> list[tuple[str, Derive]]:
        """Return the derived properties of the rules that can hold at this stage."""
        if stage not in self._by_stage:
            possible = [
                rule.id for rule in self._rules.values() if (stages := stages_of(rule.when)) is None or stage in stages
            ]
            names = {name for rule in possible for name in self.lowered.derived_of.get(rule, ())}
            self._by_stage[stage] = [(name, derive) for name, derive in self._derived.items() if name in names]
        return self._by_stage[stage]


SESSION = "s"
"""The only session; it is deleted after each evaluation."""
ALWAYS = "always"
"""A rule that the first fact always fires. Deleting a session in which no action was ever started frees a pointer that
was never set and crashes the process (state.c, deleteStateNode: context.messages)."""


def _compile(derived: DerivedProperty) -> Derive:
    intervals, defined = intervals_of(derived.term), defined_values(derived.defined)
    is_private = derived.audience == "candidate"

    def derive(env: Env, zones: Mapping[bool, tzinfo], now: int) -> bool:
        env.zone = zones[is_private]
        env.defined = defined
        return holds(intervals(env), now)

    return derive


def _chunks(lowered: Lowered) -> list[dict[str, Any]]:
    """Split the flat rules into rulesets of at most MAX_RULES; the name of a rule is its index among the flat rules."""
    numbered = [(str(number), {"all": [{"m": {"$and": tests}}]}) for number, (_, tests) in enumerate(lowered.flat)]
    starts = range(0, len(numbered), MAX_RULES)
    always = {ALWAYS: {"all": [{"m": {NUMBER: 0}}]}}
    return [always | dict(numbered[start : start + MAX_RULES]) for start in starts]


def _delete(module: ModuleType, handles: set[int]) -> None:
    for handle in handles:
        module.delete_ruleset(handle)


def _fire(module: ModuleType, handle: int, raw: str) -> list[tuple[int, int]]:
    """Return (index of the flat rule, index of the fact) for everything that fires in a fresh session.

    The result code of `assert_facts` is useless: it is "not handled" as soon as a single fact matches no rule. After a
    failure the session stays as it is, because deleting it may not be safe (see `ALWAYS`).
    """
    found: list[tuple[int, int]] = []
    _, state = module.assert_facts(handle, raw)
    _, message = module.start_action_for_state(handle, state)
    while message is not None:
        [(name, body)] = orjson.loads(message).items()
        if name != ALWAYS:
            found.append((int(name), body["m"][NUMBER]))
        message = module.complete_and_start_action(handle, state)
    module.delete_state(handle, SESSION)
    return found


def load_library() -> ModuleType:
    """Return the native module of durable-rules. Raises CallerError if it cannot be imported."""
    try:
        import durable_rules_engine
    except ImportError as error:
        raise CallerError(f"durable-rules cannot be imported ({error})") from error
    module: ModuleType = durable_rules_engine
    return module
