"""The durable-rules engine: flat rules over one fact for each subject, in a session that lasts for one evaluation.

Called below its `Host`, which would start threads of its own. See spec'd limits and their tests in test_engine_durable.
"""

import itertools
import weakref
from collections.abc import Callable, Iterable
from types import ModuleType
from typing import Any

import orjson

from signpost.engine.compiled import Answer, CompiledEngine, Match, defined_values, stages_of
from signpost.engine.conditions import intervals_of
from signpost.engine.environment import Env, value_of
from signpost.engine.intervals import holds
from signpost.engine.lowering import NUMBER, Lowered, Question, lower
from signpost.errors import BugError, CallerError
from signpost.facts.facts import UTC_ZONE, Entity, Facts
from signpost.rulebook.rulebook import Rulebook
from signpost.rulebook.terms import Rule

MOST_RULES = 40
"""Flat rules in one ruleset: from 64 alternatives matching at once on, the engine fails with error 303."""
_NUMBERS = itertools.count()


class DurableEngine:
    """Evaluates a rulebook with durable-rules; times, priorities and rules that do not fit come from the compiled
    evaluator."""

    name = "durable_rules"

    def __init__(self, rulebook: Rulebook) -> None:
        self.rulebook = rulebook
        self.compiled = CompiledEngine(rulebook)
        module = _load()
        kinds = dict.fromkeys(rule.about for rule in rulebook.rules.values())
        self._kinds = {kind: _Kind(module, rulebook.about(kind)) for kind in kinds}
        self.unfit = [name for kind in self._kinds.values() for name in kind.lowered.unfit]
        self.answers = self.compiled.answers
        self.answer_about = self.compiled.answer_about

    def matches(self, facts: Facts, now: int, answers: Iterable[Answer] | None = None) -> set[Match]:
        """Every (rule, subject) that holds at an instant; `answers` are used for the rules that do not fit."""
        found = {match for name, kind in self._kinds.items() for match in kind.matches(facts.of_kind(name), facts, now)}
        if self.unfit:
            found |= {match for match in self.compiled.matches(facts, now, answers) if match.rule in self.unfit}
        return found


class _Kind:
    """The rulesets about one kind of subject, and the questions that make its facts."""

    def __init__(self, module: ModuleType, rules: list[Rule]) -> None:
        self.lowered = lower(rules)
        self._module = module
        self._rules = {rule.id: rule for rule in rules}
        self._handles = [_create(module, chunk) for chunk in _chunks(self.lowered)]
        self._deletable = set(self._handles)
        # Half a megabyte each, which would stay behind with every reload of the rules
        weakref.finalize(self, _delete, module, self._deletable).atexit = False
        self._names = [name for name, _ in self.lowered.flat]
        self._plain = [(name, value_of(ref)) for name, ref in self.lowered.plain.items()]
        self._asked = {name: _compiled(question) for question, name in self.lowered.questions.items()}
        self._by_stage: dict[str | None, list[tuple[str, Callable[[Env, int], bool]]]] = {}

    def matches(self, subjects: list[Entity], facts: Facts, now: int) -> set[Match]:
        if not subjects or not self._handles:
            return set()
        documents = [self._fact(index, subject, facts, now) for index, subject in enumerate(subjects)]
        raw = orjson.dumps(documents).decode()
        fired = (pair for handle in self._handles for pair in self._fired(handle, raw))
        return {Match(self._names[number], subjects[index].kind, subjects[index].id) for number, index in fired}

    def _fired(self, handle: int, raw: str) -> list[tuple[int, int]]:
        try:
            return _fired(self._module, handle, raw)
        except BugError:
            # With the session that is left in it, it may not be safe to delete either
            self._deletable.discard(handle)
            raise

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


def _create(module: ModuleType, definition: dict[str, Any]) -> int:
    handle: int = module.create_ruleset(f"signpost{next(_NUMBERS)}", orjson.dumps(definition).decode())
    return handle


def _delete(module: ModuleType, handles: set[int]) -> None:
    for handle in handles:
        module.delete_ruleset(handle)


def _fired(module: ModuleType, handle: int, raw: str) -> list[tuple[int, int]]:
    """(number of the flat rule, number of the fact) for everything that fires in a fresh session.

    The result code of `assert_facts` is of no use: it is "not handled" as soon as a single fact matches no rule. Where
    something fails, the session is left as it is, since it may not be safe to delete (see `ALWAYS`).
    """
    found: list[tuple[int, int]] = []
    try:
        _, state = module.assert_facts(handle, raw)
        _, message = module.start_action_for_state(handle, state)
        while message is not None:
            [(name, body)] = orjson.loads(message).items()
            if name != ALWAYS:
                found.append((int(name), body["m"][NUMBER]))
            message = module.complete_and_start_action(handle, state)
        module.delete_state(handle, SESSION)
    except Exception as error:
        raise BugError(f"durable-rules failed: {error}") from error
    return found


def _load() -> ModuleType:
    try:
        import durable_rules_engine
    except ImportError as error:
        raise CallerError(
            f"durable-rules cannot be loaded here ({error}); set SIGNPOST_ENGINE=compiled, which gives the same answers"
        ) from error
    module: ModuleType = durable_rules_engine
    return module
