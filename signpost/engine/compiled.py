"""The compiled evaluator: every rule as a function from facts to the whole of time. Pure; `now` only reads the
result."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import TypeAlias
from zoneinfo import ZoneInfo

from signpost.engine.conditions import holds_plainly, items, over_time
from signpost.engine.environment import Env, instant_of, midnight, raw_moment, value_of
from signpost.engine.intervals import Intervals, both, holds, until
from signpost.engine.network import is_shared, network
from signpost.facts.facts import UTC_ZONE, Entity, Facts
from signpost.rulebook.conditions import relations_of
from signpost.rulebook.rulebook import Rulebook
from signpost.rulebook.terms import Condition, Defined, Duration, Moment, OneOf, Reached, Ref, Rule, Scope

Related: TypeAlias = list[tuple[Entity, Intervals]]


@dataclass(slots=True)
class Answer:
    """What one rule says of one subject over the whole of time.

    `condition`: when its conditions hold; `intervals`: when it is advised (conditions and validity); `levels`: when
    each priority applies;
    `due`, `valid_until`: microseconds; `related`: by name, the other entities that make it hold, each with when it
    does;
    `defined`: the values that the rule defines.
    """

    rule: Rule
    subject: Entity
    condition: Intervals
    intervals: Intervals
    levels: list[tuple[str, Intervals]]
    due: int | None
    valid_until: int | None
    related: dict[str, Related] = field(default_factory=dict)
    defined: dict[str, object] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """`RULE@KIND/ID`, what it advises and of what."""
        return f"{self.rule.id}@{self.subject.kind}/{self.subject.id}"

    @property
    def match(self) -> "Match":
        """What it says where it holds."""
        return Match(self.rule.id, self.subject.kind, self.subject.id)

    def holds(self, now: int) -> bool:
        """Whether it is advised at an instant."""
        return holds(self.intervals, now)

    def priority(self, now: int) -> str:
        """The highest priority that applies at an instant."""
        return [word for word, intervals in self.levels if holds(intervals, now)][-1]

    def related_at(self, now: int) -> dict[str, list[Entity]]:
        """The other entities that make it hold at an instant."""
        return {
            name: [item for item, intervals in found if holds(intervals, now)] for name, found in self.related.items()
        }

    def next_change(self, now: int) -> int | None:
        """The first instant after `now` at which this answer differs from the one at `now`, if nothing is said
        meanwhile."""
        present = self._state(now)
        return next((flip for flip in self._flips(now) if self._state(flip) != present), None)

    def _flips(self, now: int) -> list[int]:
        many = [self.intervals, *(intervals for _, intervals in self.levels)]
        many += [intervals for found in self.related.values() for _, intervals in found]
        return sorted({flip for intervals in many for flip in intervals if flip > now})

    def _state(self, now: int) -> object:
        if not self.holds(now):
            return None
        return self.priority(now), [[item.id for item in found] for found in self.related_at(now).values()]


@dataclass(frozen=True, slots=True)
class Match:
    """A rule that holds, and of what: (rule id, kind, entity id)."""

    rule: str
    kind: str
    subject: str


class CompiledEngine:
    """Evaluates a rulebook with plain Python functions; what several rules ask first is asked once (see `network`)."""

    name = "compiled"

    def __init__(self, rulebook: Rulebook) -> None:
        self.rulebook = rulebook
        self._rules = {rule.id: _CompiledRule(rule) for rule in rulebook.rules.values()}
        grouped: dict[tuple[str, str], list[_CompiledRule]] = {}
        for rule in self._rules.values():
            grouped.setdefault((rule.rule.about, rule.rule.audience), []).append(rule)
        self._networks = [
            (kind, audience == "candidate", network((rule, rule.shared) for rule in rules))
            for (kind, audience), rules in grouped.items()
        ]

    @property
    def compiled(self) -> "CompiledEngine":
        """Itself, as of every engine."""
        return self

    def answers(self, facts: Facts) -> list[Answer]:
        """Every (rule, subject) that holds at any time, past and future included."""
        return list(self._answers(facts))

    def answer_about(self, rule_id: str, subject: Entity, facts: Facts) -> Answer:
        """What one rule says of one subject, even if it never holds."""
        rule, env = self._rules[rule_id], self.environment(rule_id, subject, facts)
        return rule.answer(env, rule.when(env))

    def environment(self, rule_id: str, subject: Entity, facts: Facts) -> Env:
        """What a rule sees when it is asked about a subject."""
        rule = self._rules[rule_id]
        return Env(facts, subject, subject, _zone(facts, rule.rule.audience == "candidate"), rule.defined)

    def matches(self, facts: Facts, now: int, answers: Iterable[Answer] | None = None) -> set[Match]:
        """Every (rule, subject) that holds at an instant; `answers`, where they are known already."""
        if answers is not None:
            return {answer.match for answer in answers if answer.holds(now)}
        return {
            Match(rule.rule.id, env.subject.kind, env.subject.id)
            for rule, env, condition in self._conditions(facts)
            if holds(rule.limited(env, condition), now)
        }

    def _answers(self, facts: Facts) -> Iterator[Answer]:
        return (rule.answer(env, condition) for rule, env, condition in self._conditions(facts))

    def _conditions(self, facts: Facts) -> Iterator[tuple["_CompiledRule", Env, Intervals]]:
        """Each rule whose conditions hold of a subject at any time; the environment is good until the next one."""
        for kind, private, asked in self._networks:
            for subject in facts.of_kind(kind):
                env = Env(facts, subject, subject, _zone(facts, private))
                for rule in asked.passed(env):
                    env.defined = rule.defined
                    if condition := rule.rest(env):
                        yield rule, env, condition


def _zone(facts: Facts, private: bool) -> ZoneInfo:
    """Whose days count. An employer's rule does not know the candidate's time zone."""
    return facts.zone if private else UTC_ZONE


class _CompiledRule:
    def __init__(self, rule: Rule) -> None:
        self.rule = rule
        self.shared = [term for term in rule.when if is_shared(term)]
        self.rest = over_time(tuple(term for term in rule.when if not is_shared(term)))
        self.when = over_time(rule.when)
        self.levels = [(level.priority, over_time(level.when)) for level in rule.levels]
        self.due = instant_of(rule.due) if rule.due else _unknown
        self.valid = instant_of(rule.valid) if rule.valid else _unknown
        self.defined = defined_values(rule.defined)
        self.related = [(term.name, items(term), over_time(term.where)) for term in relations_of(rule.when)]

    def answer(self, env: Env, condition: Intervals) -> Answer:
        """Everything about a rule whose condition was just asked in this environment."""
        valid_until = self.valid(env)
        intervals = self.limited(env, condition)
        levels = [(word, level(env)) for word, level in self.levels]
        related = {name: self._related(env, found, where) for name, found, where in self.related}
        defined = {name: value(env) for name, value in self.defined.items()}
        return Answer(
            self.rule, env.subject, condition, intervals, levels, self.due(env), valid_until, related, defined
        )

    def limited(self, env: Env, condition: Intervals) -> Intervals:
        """When it is advised: while its conditions hold, and it is valid."""
        valid_until = self.valid(env)
        return condition if valid_until is None else both(condition, until(valid_until))

    def _related(self, env: Env, found: Callable[[Env], list[Entity]], where: Callable[[Env], Intervals]) -> Related:
        related = []
        for item in found(env):
            env.item = item
            if intervals := where(env):
                related.append((item, intervals))
        env.item = env.subject
        return sorted(related, key=lambda pair: (_began(pair[0]), pair[0].id))


_BEGINNINGS: Mapping[str, tuple[str, ...]] = {
    "offer": ("accepted_at", "extended_at"),
    "interview": ("starts_at",),
    "application": ("submitted_at",),
    "contact": ("at",),
}


def _began(item: Entity) -> int:
    """When it came about, so that texts name the first of several."""
    return next((item.values[name] for name in _BEGINNINGS[item.kind] if name in item.values), 0)


def stages_of(when: Condition) -> set[str] | None:
    """The stages at which a condition can hold; None: any."""
    for term in when:
        if isinstance(term, OneOf) and term.ref == Ref(Scope.ITEM, "stage", "choice") and not term.negated:
            return set(term.values)
        if (
            isinstance(term, Reached)
            and term.moment.base.name == "upcoming_until"
            and term.moment.base.scope == Scope.ITEM
        ):
            return {"scheduled"}
    return None


def defined_values(defined: Iterable[Defined]) -> dict[str, Callable[[Env], object]]:
    """The values that a rule defines, by name, each a function of an environment."""
    return {one.name: _defined(one) for one in defined}


def _defined(defined: Defined) -> Callable[[Env], object]:
    choices = [(holds_plainly(choice.when), _value(choice.value)) for choice in defined.choices]

    def value(env: Env) -> object:
        outer, env.item = env.item, env.subject
        found = next((known for when, make in choices if when(env) and (known := make(env)) is not None), None)
        env.item = outer
        return midnight(found, env.zone) if defined.type == "instant" and isinstance(found, date) else found

    return value


def _value(value: Moment | Duration | Ref | float) -> Callable[[Env], object]:
    if isinstance(value, Moment):
        return raw_moment(value)
    if isinstance(value, Ref):
        return value_of(value)
    return lambda env: value


def _unknown(env: Env) -> int | None:
    return None
