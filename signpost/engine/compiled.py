"""The compiled evaluator: each rule as a function from facts to intervals over all of time. Pure; `now` only reads
intervals."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import TypeAlias

from signpost.engine.conditions import compile_timed, compile_untimed, items
from signpost.engine.environment import Env, date_or_instant_of, instant_of, midnight, value_of
from signpost.engine.intervals import Intervals, both, holds, until
from signpost.engine.network import build_network, is_shared, shared_checks
from signpost.facts.facts import Entity, Facts
from signpost.rulebook.conditions import relations_of
from signpost.rulebook.rulebook import Rulebook
from signpost.rulebook.terms import Duration, Moment, OneOf, Reached, Ref, Scope
from signpost.rulebook.typed_rule import Defined, Rule

Related: TypeAlias = list[tuple[Entity, Intervals]]


@dataclass(slots=True)
class Answer:
    """The answer of one rule about one subject over all of time.

    `condition`: when its conditions hold; `intervals`: when it is advised (conditions and validity); `levels`: when
    each priority applies; `due`, `valid_until`: microseconds; `related`: by name, the other entities that make it hold,
    each with its intervals; `defined`: the values that the rule defines.
    """

    rule: Rule
    subject: Entity
    condition: Intervals
    intervals: Intervals
    levels: list[tuple[str, Intervals]]
    due: int | None
    valid_until: int | None
    related: dict[str, Related]
    defined: dict[str, object]

    @property
    def key(self) -> str:
        """Return `RULE@KIND/ID`, the rule and its subject."""
        return f"{self.rule.id}@{self.subject.kind}/{self.subject.id}"

    @property
    def match(self) -> "Match":
        """Return the match that this answer gives while it holds."""
        return Match(self.rule.id, self.subject.kind, self.subject.id)

    def holds(self, now: int) -> bool:
        """Return whether it is advised at an instant."""
        return holds(self.intervals, now)

    def priority(self, now: int) -> str:
        """Return the highest priority that applies at an instant."""
        return [priority for priority, intervals in self.levels if holds(intervals, now)][-1]

    def related_at(self, now: int) -> dict[str, list[Entity]]:
        """Return the other entities that make it hold at an instant."""
        return {
            name: [item for item, intervals in related if holds(intervals, now)]
            for name, related in self.related.items()
        }

    def next_change(self, now: int) -> int | None:
        """Return the first instant after `now` at which this answer changes if no event comes."""
        present = self._state(now)
        return next((flip for flip in self._flips(now) if self._state(flip) != present), None)

    def _flips(self, now: int) -> list[int]:
        everything = [self.intervals, *(intervals for _, intervals in self.levels)]
        everything += [intervals for related in self.related.values() for _, intervals in related]
        return sorted({flip for intervals in everything for flip in intervals if flip > now})

    def _state(self, now: int) -> object:
        if not self.holds(now):
            return None
        return self.priority(now), [[item.id for item in items] for items in self.related_at(now).values()]


@dataclass(frozen=True, slots=True)
class Match:
    """A rule that holds and its subject: (rule id, kind, entity id)."""

    rule: str
    kind: str
    subject: str


class CompiledEngine:
    """Evaluates a rulebook with plain Python functions; checks that several rules share run once (see `network`)."""

    name = "compiled"

    def __init__(self, rulebook: Rulebook) -> None:
        self.rulebook = rulebook
        self._rules = {rule.id: _CompiledRule(rule) for rule in rulebook.rules.values()}
        grouped: dict[tuple[str, str], list[_CompiledRule]] = {}
        for rule in self._rules.values():
            grouped.setdefault((rule.rule.about, rule.rule.audience), []).append(rule)
        self._networks = [
            (kind, audience == "candidate", build_network((rule, rule.shared) for rule in rules))
            for (kind, audience), rules in grouped.items()
        ]

    @property
    def compiled(self) -> "CompiledEngine":
        """Return the compiled evaluator of this engine: itself."""
        return self

    def answers(self, facts: Facts) -> list[Answer]:
        """Return the answer of every (rule, subject) that holds at any time, past or future."""
        return list(self._answers(facts))

    def answer_about(self, rule_id: str, subject: Entity, facts: Facts) -> Answer:
        """Return the answer of one rule about one subject, even if it never holds."""
        rule, env = self._rules[rule_id], self.environment(rule_id, subject, facts)
        return rule.answer(env, rule.when(env))

    def holds_about(self, rule_id: str, subject: Entity, facts: Facts, now: int) -> bool:
        """Return whether one rule about one subject is advised at an instant, without the rest of its answer."""
        rule, env = self._rules[rule_id], self.environment(rule_id, subject, facts)
        return holds(rule.limit_to_validity(env, rule.when(env)), now)

    def environment(self, rule_id: str, subject: Entity, facts: Facts) -> Env:
        """Return what a rule sees of a subject."""
        rule = self._rules[rule_id]
        zone = facts.clock(subject, private=rule.rule.audience == "candidate").zone
        return Env(facts, subject, subject, zone, rule.defined)

    def matches(self, facts: Facts, now: int, answers: Iterable[Answer] | None = None) -> set[Match]:
        """Return every (rule, subject) that holds at an instant; `answers` saves evaluating them again."""
        if answers is not None:
            return {answer.match for answer in answers if answer.holds(now)}
        return {
            Match(rule.rule.id, env.subject.kind, env.subject.id)
            for rule, env, condition in self._conditions(facts)
            if holds(rule.limit_to_validity(env, condition), now)
        }

    def _answers(self, facts: Facts) -> Iterator[Answer]:
        return (rule.answer(env, condition) for rule, env, condition in self._conditions(facts))

    def _conditions(self, facts: Facts) -> Iterator[tuple["_CompiledRule", Env, Intervals]]:
        """Yield each rule whose conditions hold for a subject at any time; the next rule reuses the environment."""
        for kind, is_private, shared in self._networks:
            for subject in facts.of_kind(kind):
                env = Env(facts, subject, subject, facts.clock(subject, private=is_private).zone)
                for rule in shared.passing_rules(env):
                    env.defined = rule.defined
                    if condition := rule.rest(env):
                        yield rule, env, condition


class _CompiledRule:
    def __init__(self, rule: Rule) -> None:
        self.rule = rule
        self.shared = shared_checks(rule.when)
        self.rest = compile_timed(tuple(term for term in rule.when if not is_shared(term)))
        self.when = compile_timed(rule.when)
        self.levels = [(level.priority, compile_timed(level.when)) for level in rule.levels]
        self.due = instant_of(rule.due) if rule.due else _unknown
        self.valid = instant_of(rule.valid) if rule.valid else _unknown
        self.defined = defined_values(rule.defined)
        self.related = [(term.name, items(term), compile_timed(term.where)) for term in relations_of(rule.when)]

    def answer(self, env: Env, condition: Intervals) -> Answer:
        """Return the answer of a rule whose condition was just evaluated in this environment."""
        valid_until = self.valid(env)
        intervals = self.limit_to_validity(env, condition)
        levels = [(priority, level(env)) for priority, level in self.levels]
        related = {name: self._related(env, find, where) for name, find, where in self.related}
        defined = {name: value(env) for name, value in self.defined.items()}
        return Answer(
            self.rule, env.subject, condition, intervals, levels, self.due(env), valid_until, related, defined
        )

    def limit_to_validity(self, env: Env, condition: Intervals) -> Intervals:
        """Return when it is advised: while its conditions hold and it is valid."""
        valid_until = self.valid(env)
        return condition if valid_until is None else both(condition, until(valid_until))

    def _related(self, env: Env, find: Callable[[Env], list[Entity]], where: Callable[[Env], Intervals]) -> Related:
        related = []
        for item in find(env):
            env.item = item
            if intervals := where(env):
                related.append((item, intervals))
        env.item = env.subject
        return sorted(related, key=lambda pair: (begin_us(pair[0]), pair[0].id))


_BEGINNINGS: Mapping[str, tuple[str, ...]] = {
    "offer": ("accepted_at", "extended_at"),
    "interview": ("starts_at",),
    "application": ("submitted_at",),
    "contact": ("at",),
}
_UPCOMING_UNTIL = Ref(Scope.ITEM, "upcoming_until", "instant")
"""Of an interview; known only while it is scheduled."""


def begin_us(item: Entity) -> int:
    """Return when it began, in microseconds, so that texts name the earliest of several first."""
    return next((item.values[name] for name in _BEGINNINGS.get(item.kind, ()) if name in item.values), 0)


def stages_of(rule: Rule) -> set[str] | None:
    """Return the stages of a subject at which a rule can hold; None means any."""
    for term in rule.when:
        if isinstance(term, OneOf) and term.ref == Ref(Scope.ITEM, "stage", "choice") and not term.negated:
            return set(term.values)
        if isinstance(term, Reached) and rule.about == "interview" and term.moment.base == _UPCOMING_UNTIL:
            return {"scheduled"}
    return None


def defined_values(defined: Iterable[Defined]) -> dict[str, Callable[[Env], object]]:
    """Return the values that a rule defines, by name, each as a function of an environment."""
    return {value.name: _compile_defined(value) for value in defined}


def _compile_defined(defined: Defined) -> Callable[[Env], object]:
    choices = [(compile_untimed(choice.when), _compile_value(choice.value)) for choice in defined.choices]

    def value(env: Env) -> object:
        outer, env.item = env.item, env.subject
        found = next((known for when, make in choices if when(env) and (known := make(env)) is not None), None)
        env.item = outer
        return midnight(found, env.zone) if defined.type == "instant" and isinstance(found, date) else found

    return value


def _compile_value(value: Moment | Duration | Ref | float) -> Callable[[Env], object]:
    if isinstance(value, Moment):
        return date_or_instant_of(value)
    if isinstance(value, Ref):
        return value_of(value)
    return lambda env: value


def _unknown(env: Env) -> int | None:
    return None
