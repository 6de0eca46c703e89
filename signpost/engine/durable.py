"""The durable-rules engine: flat rules over one fact for each subject, in a session that lasts for one evaluation.

Called below its `Host`, which would start threads of its own. test_engine_durable shows the library's limits.
"""

import itertools
import weakref
from collections.abc import Callable, Collection, Iterable
from types import ModuleType
from typing import Any

import orjson

from signpost.engine.compiled import Answer, CompiledEngine, Match, defined_values, stages_of
from signpost.engine.conditions import intervals_of
from signpost.engine.environment import Env, value_of
from signpost.engine.faults import FAULTS, EngineFaults
from signpost.engine.intervals import holds
from signpost.engine.lowering import NUMBER, Lowered, Question, lower
from signpost.errors import CallerError
from signpost.facts.facts import UTC_ZONE, Entity, Facts
from signpost.rulebook.rulebook import Rulebook
from signpost.rulebook.terms import Rule

MOST_RULES = 40
"""Flat rules in one ruleset: from 64 alternatives matching at once on, the engine fails with error 303."""
_NUMBERS = itertools.count()


class DurableEngine:
    """durable-rules, checked against the compiled evaluator.

    Where they differ, or where durable-rules fails, the compiled answer is used and the fault is counted and logged.
    Times, priorities and rules that do not fit durable-rules are always the compiled evaluator's.
    """

    name = "durable_rules"

    def __init__(self, rulebook: Rulebook, faults: EngineFaults = FAULTS) -> None:
        """Raises CallerError where durable-rules cannot be imported."""
        self.rulebook, self.faults = rulebook, faults
        self.compiled = CompiledEngine(rulebook)
        module = load_library()
        self.rules = set(rulebook.rules)
        """The rules that durable-rules answers: all but those that do not fit it, or whose ruleset failed."""
        kinds = dict.fromkeys(rule.about for rule in rulebook.rules.values())
        self._kinds = {kind: _Kind(module, rulebook.about(kind), self._give_up) for kind in kinds}
        self.unfit = [name for kind in self._kinds.values() for name in kind.lowered.unfit]
        self.rules.difference_update(self.unfit)
        self.answers = self.compiled.answers
        self.answer_about = self.compiled.answer_about

    def matches(self, facts: Facts, now: int, answers: Iterable[Answer] | None = None) -> set[Match]:
        """Every (rule, subject) that holds at an instant; `answers`, where they are known already."""
        expected = self.compiled.matches(facts, now, answers)
        for match in self.library_matches(facts, now) ^ expected:
            if match.rule in self.rules:
                subject = f"{match.kind}/{match.subject}"
                self.faults.count_difference(match.rule, subject, now, holds=match in expected)
        return expected

    def library_matches(self, facts: Facts, now: int) -> set[Match]:
        """The same by durable-rules alone, of `rules`, unchecked."""
        found = {match for name, kind in self._kinds.items() for match in kind.matches(facts.of_kind(name), facts, now)}
        return {match for match in found if match.rule in self.rules}

    def _give_up(self, rules: Collection[str], reason: str) -> None:
        """Leave rules to the compiled evaluator for as long as this engine lives."""
        self.rules.difference_update(rules)
        self.faults.count_failure(rules, reason)


class _Kind:
    """The rulesets about one kind of subject, and the questions that make its facts.

    A ruleset that fails is not used again, because its session may be in any state; `give_up` gets its rules and the
    reason.
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
        # Half a megabyte each, which would stay behind with every reload of the rules
        weakref.finalize(self, _delete, module, self._deletable).atexit = False
        self._plain = [(name, value_of(ref)) for name, ref in self.lowered.plain.items()]
        self._asked = {name: _compiled(question) for question, name in self.lowered.questions.items()}
        self._by_stage: dict[str | None, list[tuple[str, Callable[[Env, int], bool]]]] = {}

    def matches(self, subjects: list[Entity], facts: Facts, now: int) -> set[Match]:
        if not subjects or not self._handles:
            return set()
        try:
            raw = self._facts(subjects, facts, now)
        except Exception as error:
            self._handles.clear()
            # Without the error's words, which may quote what a person wrote
            self._give_up(set(self._names), f"no facts for it: {type(error).__name__}")
            return set()
        fired = (pair for handle in list(self._handles) for pair in self._fired(handle, raw))
        return {Match(self._names[number], subjects[index].kind, subjects[index].id) for number, index in fired}

    def _create(self, chunk: dict[str, Any]) -> None:
        rules = {self._names[int(number)] for number in chunk if number != ALWAYS}
        try:
            handle = self._module.create_ruleset(f"signpost{next(_NUMBERS)}", orjson.dumps(chunk).decode())
        except Exception as error:
            self._give_up(rules, f"{type(error).__name__}: {error}")
        else:
            self._handles[handle] = rules

    def _fired(self, handle: int, raw: str) -> list[tuple[int, int]]:
        try:
            return _fired(self._module, handle, raw)
        except Exception as error:
            # With the session that is left in it, it may not be safe to delete either
            self._deletable.discard(handle)
            self._give_up(self._handles.pop(handle, set()), f"{type(error).__name__}: {error}")
            return []

    def _facts(self, subjects: list[Entity], facts: Facts, now: int) -> str:
        """The facts about the subjects, as JSON."""
        return orjson.dumps([self._fact(index, subject, facts, now) for index, subject in enumerate(subjects)]).decode()

    def _fact(self, index: int, subject: Entity, facts: Facts, now: int) -> dict[str, Any]:
        """Numbers, truth values and words of the vocabulary only: nothing that a person wrote enters the engine."""
        env = Env(facts, subject, subject, facts.zone)
        fact: dict[str, Any] = {NUMBER: index, "sid": SESSION}
        for name, value in self._plain:
            if (known := value(env)) is not None:
                fact[name] = known
        for name, question in self._questions(subject.values.get("stage")):
            fact[name] = question(env, now)
        return fact

    def _questions(self, stage: str | None) -> list[tuple[str, Callable[[Env, int], bool]]]:
        """Only what the rules ask that can hold at this stage."""
        if stage not in self._by_stage:
            asking = [
                rule.id for rule in self._rules.values() if (stages := stages_of(rule.when)) is None or stage in stages
            ]
            names = {name for rule in asking for name in self.lowered.asked_by.get(rule, ())}
            self._by_stage[stage] = [(name, question) for name, question in self._asked.items() if name in names]
        return self._by_stage[stage]


SESSION = "s"
"""One session at a time, deleted after each evaluation: nothing is left behind."""
ALWAYS = "always"
"""A rule that the first fact always fires. Deleting a session in which no action was ever started frees a pointer that
was never set, and takes the process with it (state.c, deleteStateNode: context.messages)."""


def _compiled(question: Question) -> Callable[[Env, int], bool]:
    intervals, defined = intervals_of(question.term), defined_values(question.defined)
    private = question.audience == "candidate"

    def ask(env: Env, now: int) -> bool:
        env.zone = env.facts.zone if private else UTC_ZONE
        env.defined = defined
        return holds(intervals(env), now)

    return ask


def _chunks(lowered: Lowered) -> list[dict[str, Any]]:
    """Ruleset definitions of a size that the engine can bear; a rule's name is its number among the flat rules."""
    numbered = [(str(number), {"all": [{"m": {"$and": tests}}]}) for number, (_, tests) in enumerate(lowered.flat)]
    starts = range(0, len(numbered), MOST_RULES)
    always = {ALWAYS: {"all": [{"m": {NUMBER: 0}}]}}
    return [always | dict(numbered[start : start + MOST_RULES]) for start in starts]


def _delete(module: ModuleType, handles: set[int]) -> None:
    for handle in handles:
        module.delete_ruleset(handle)


def _fired(module: ModuleType, handle: int, raw: str) -> list[tuple[int, int]]:
    """(number of the flat rule, number of the fact) for everything that fires in a fresh session.

    The result code of `assert_facts` is of no use: it is "not handled" as soon as a single fact matches no rule. Where
    something fails, the session is left as it is, since it may not be safe to delete (see `ALWAYS`).
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
    """durable-rules, below its `Host`. Raises CallerError where it cannot be imported."""
    try:
        import durable_rules_engine
    except ImportError as error:
        raise CallerError(f"durable-rules cannot be imported ({error})") from error
    module: ModuleType = durable_rules_engine
    return module
