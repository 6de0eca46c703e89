"""Makes the mutants of a rule: one per part that could be wrong. Pure."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TypeAlias

from signpost.authoring.mutation.changes import (
    DAY_SHIFT,
    MIN_SHIFT,
    changes,
    duration_shifts,
    number_shifts,
    shifts,
    without_each,
)
from signpost.authoring.mutation.edits import with_condition
from signpost.authoring.mutation.equivalent import is_never_the_subject, names_used
from signpost.names import PRIORITIES
from signpost.rulebook.ends import is_life
from signpost.rulebook.printing import duration_phrase, level_phrase, literal, moment_phrase, phrase, reference
from signpost.rulebook.terms import AnyOf, Condition, Duration, Moment, Ref, Relation, Term
from signpost.rulebook.typed_rule import Choice, Defined, Level, Rule
from signpost.yaml_files.problems import Position

Change: TypeAlias = tuple[Position, str, Rule]
"""(position, description, changed rule)."""


@dataclass(frozen=True, slots=True)
class Mutant:
    """A rule with one change. `description` is unique within the rule and identifies the mutant."""

    rule: Rule
    position: Position
    description: str


def mutants(rule: Rule) -> list[Mutant]:
    """All mutants of a rule, in the order of its parts. Number and order do not depend on parameters."""
    result: list[Mutant] = []
    seen: Counter[str] = Counter()
    for position, what, changed in _list_changes(rule):
        seen[what] += 1
        name = what if seen[what] == 1 else f"{what} ({seen[what]})"
        result.append(Mutant(changed, position, name))
    return result


def _list_changes(rule: Rule) -> Iterator[Change]:
    yield from _of_condition(rule, rule.when, "")
    yield from _of_levels(rule)
    yield from _of_times(rule)
    for name, others in without_each(rule.suppresses):
        yield _place(rule, "suppresses"), f"drop `suppresses: {name}`", replace(rule, suppresses=others)
    if rule.done_since is not None:
        yield _place(rule, "done_since"), f"drop `done_since: {rule.done_since}`", replace(rule, done_since=None)
    for defined in rule.defined:
        if defined.name in names_used(rule):
            yield from _of_defined(rule, defined)


def _of_condition(rule: Rule, condition: Condition, where: str, *, dropping: bool = True) -> Iterator[Change]:
    """Drop and change each term, including those inside relations and alternatives."""
    for term in condition:
        if is_life(term):
            continue  # the loader adds it; tests of the loader prove it
        if dropping:
            yield term.position, f"drop `{phrase(term)}`{where}", with_condition(rule, term, ())
        for what, changed in changes(term):
            if not (isinstance(changed, Relation) and _is_equivalent(rule, term, changed)):
                yield term.position, what + where, with_condition(rule, term, (changed,))
        yield from _of_parts(rule, term, where)


def _of_parts(rule: Rule, term: Term, where: str) -> Iterator[Change]:
    """The terms inside a term. An alternative with one condition is dropped whole: empty, it would always hold."""
    if isinstance(term, Relation):
        yield from _of_condition(rule, term.where, f" in `{phrase(term)}`{where}")
    elif isinstance(term, AnyOf):
        for alternative in term.alternatives:
            yield from _of_condition(rule, alternative, where, dropping=len(alternative) > 1)


def _is_equivalent(rule: Rule, term: Term, changed: Relation) -> bool:
    """Whether it only drops an `other` that has no effect, because the subject never matches."""
    return isinstance(term, Relation) and term.other != changed.other and is_never_the_subject(rule, term)


def _of_levels(rule: Rule) -> Iterator[Change]:
    first, *others = rule.levels
    if not others:
        yield _change_priority(rule, first)
        return
    from_the_start = (replace(others[0], when=()), *others[1:])
    yield first.position, f"drop `{level_phrase(first)}`", replace(rule, levels=from_the_start)
    for level in others:
        rest = tuple(one for one in rule.levels if one is not level)
        yield level.position, f"drop `{level_phrase(level)}`", replace(rule, levels=rest)
        yield from _of_level(rule, level)


def _of_level(rule: Rule, level: Level) -> Iterator[Change]:
    where = f" in `{level.priority}`"
    relation = level.when[0]
    if not isinstance(relation, Relation) or relation.position != relation.where[-1].position:
        yield from _of_condition(rule, level.when, where)
        return
    # `24h after other's accepted_at`: the relation's other terms are the rule's own condition, changed there.
    what = f"apply `{level_phrase(level)}` from the start"
    yield level.position, what, with_condition(rule, relation, ())
    yield from _of_condition(rule, relation.where[-1:], where, dropping=False)


def _change_priority(rule: Rule, level: Level) -> Change:
    word = PRIORITIES[min(PRIORITIES.index(level.priority) + 1, len(PRIORITIES) - 2)]
    word = word if word != level.priority else PRIORITIES[-1]
    return (
        level.position,
        f"turn `{level.priority}` into `{word}`",
        replace(rule, levels=(replace(level, priority=word),)),
    )


def _of_times(rule: Rule) -> Iterator[Change]:
    if rule.due is not None:
        where = _place(rule, "due")
        yield where, f"drop `due: {moment_phrase(rule.due)}`", replace(rule, due=None)
        for what, moment in shifts(rule.due):
            yield where, f"{what} in `due`", replace(rule, due=moment)
    if rule.valid is not None:
        where = _place(rule, "valid")
        yield where, f"drop `valid: for {moment_phrase(rule.valid)}`", replace(rule, valid=None)
        for what, moment in shifts(rule.valid):
            yield where, f"{what} in `valid`", replace(rule, valid=moment)


def _of_defined(rule: Rule, defined: Defined) -> Iterator[Change]:
    place, where = _place(rule, f"define.{defined.name}"), f" in `{defined.name}`"
    for choice, others in without_each(defined.choices):
        yield place, f"drop `{_value(choice)}`{where}", _with_choices(rule, defined, others)
        for what, changed in _other_values(defined, choice):
            choices = tuple(changed if one is choice else one for one in defined.choices)
            yield place, what + where, _with_choices(rule, defined, choices)
        yield from _of_condition(rule, choice.when, where)


def _place(rule: Rule, key: str) -> Position:
    return rule.places.get(key, rule.position)


def _other_values(defined: Defined, choice: Choice) -> Iterator[tuple[str, Choice]]:
    value = choice.value
    if isinstance(value, Moment):
        tick = DAY_SHIFT if defined.type == "date" else MIN_SHIFT
        for what, moment in shifts(value, tick) if value.offset != Duration() else ():
            yield what, replace(choice, value=moment)
    elif isinstance(value, Duration):
        for what, duration in duration_shifts(value):
            yield what, replace(choice, value=duration)
    elif not isinstance(value, Ref):
        for what, number in number_shifts(value):
            yield what, replace(choice, value=number)


def _with_choices(rule: Rule, defined: Defined, choices: tuple[Choice, ...]) -> Rule:
    changed = replace(defined, choices=choices)
    return replace(rule, defined=tuple(changed if one is defined else one for one in rule.defined))


def _value(choice: Choice) -> str:
    value = choice.value
    if isinstance(value, Moment):
        return moment_phrase(value)
    if isinstance(value, Duration):
        return duration_phrase(value)
    return reference(value) if isinstance(value, Ref) else literal(value)
