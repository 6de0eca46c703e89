"""The durable-rules engine: flat rules over one fact for each subject, in one session for each evaluation.

It bypasses the `Host` of the library, which starts threads. test_engine_durable shows the limits of the library.
"""

import itertools
import weakref
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import tzinfo
from types import ModuleType
from typing import Any, TypeAlias

import orjson

from signpost.engine.compiled import Answer, CompiledEngine, Match, defined_values, stages_of
from signpost.engine.conditions import intervals_of
from signpost.engine.environment import Env, value_of
from signpost.engine.faults import FAULTS, EngineFaults
from signpost.engine.intervals import holds
from signpost.engine.lowering import NUMBER, DerivedProperty, Lowered, Test, lower
from signpost.errors import CallerError
from signpost.facts.facts import Entity, Facts
from signpost.rulebook.rulebook import Rulebook
from signpost.rulebook.typed_rule import Rule

MAX_RULES = 40
"""The limit of flat rules in one ruleset: durable-rules fails with error 303 when 64 match at once."""
MAX_PROPERTIES = 200
"""The limit of properties that the rules of one ruleset read: a fact of more than 255 may end the process."""
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
        self._read: dict[int, set[str]] = {}
        for chunk, read in _chunks(self.lowered):
            self._create(chunk, read)
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
            known = self.known(subjects, facts, now)
            raw = {handle: _raw(known, self._read[handle]) for handle in self._handles}
        except OSError:  # no descriptor for the file of a time zone, for example: no fault of these rules
            raise
        except Exception as error:
            self._handles.clear()
            # Without the error's message, which may quote personal data
            self._give_up(set(self._names), f"its facts cannot be built: {type(error).__name__}")
            return set()
        fired = (pair for handle in list(self._handles) for pair in self._fire(handle, raw[handle]))
        return {Match(self._names[number], subjects[index].kind, subjects[index].id) for number, index in fired}

    def known(self, subjects: Sequence[Entity], facts: Facts, now: int) -> list[dict[str, Any]]:
        """Return the facts about the subjects, with all properties."""
        return [self._fact(index, subject, facts, now) for index, subject in enumerate(subjects)]

    def _create(self, chunk: dict[str, Any], read: set[str]) -> None:
        rules = {self._names[int(number)] for number in chunk if number != ALWAYS}
        try:
            handle = self._module.create_ruleset(f"signpost{next(_NUMBERS)}", orjson.dumps(chunk).decode())
        except Exception as error:
            self._give_up(rules, f"{type(error).__name__}: {error}")
        else:
            self._handles[handle], self._read[handle] = rules, read

    def _fire(self, handle: int, raw: str) -> list[tuple[int, int]]:
        try:
            return _fire(self._module, handle, raw)
        except Exception as error:
            # Its session remains, so deleting the ruleset may not be safe either
            self._deletable.discard(handle)
            self._give_up(self._handles.pop(handle, set()), f"{type(error).__name__}: {error}")
            return []

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
                rule.id for rule in self._rules.values() if (stages := stages_of(rule)) is None or stage in stages
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


def _chunks(lowered: Lowered) -> list[tuple[dict[str, Any], set[str]]]:
    """Split the flat rules into rulesets of at most MAX_RULES and MAX_PROPERTIES, each with the properties that it
    reads; the name of a rule is its index among the flat rules."""
    chunks: list[tuple[dict[str, Any], set[str]]] = []
    for number, (_, tests) in enumerate(lowered.flat):
        read = {_property(test) for test in tests}
        if not chunks or len(chunks[-1][0]) > MAX_RULES or len(chunks[-1][1] | read) > MAX_PROPERTIES:
            chunks.append(({ALWAYS: {"all": [{"m": {NUMBER: 0}}]}}, {NUMBER, "sid"}))
        chunks[-1][0][str(number)] = {"all": [{"m": {"$and": tests}}]}
        chunks[-1][1].update(read)
    return chunks


def _property(test: Test) -> str:
    [(name, value)] = test.items()
    return next(iter(value)) if name.startswith("$") else name


def _raw(facts: Iterable[dict[str, Any]], read: Collection[str]) -> str:
    """The facts as JSON, with the properties that a ruleset reads."""
    return orjson.dumps([{name: value for name, value in fact.items() if name in read} for fact in facts]).decode()


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
