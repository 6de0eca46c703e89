"""Checks of references between rules, and which fields a rule reads. What conditions mean is checked in `analysis`."""

from collections.abc import Iterator
from dataclasses import dataclass

from signpost.rulebook.rulebook import Rulebook
from signpost.rulebook.terms import AnyOf, Condition, Moment, Ref, Relation, Term
from signpost.rulebook.typed_rule import Rule
from signpost.suggestions import meant
from signpost.yaml_files.problems import Position, Problems


@dataclass(frozen=True, slots=True)
class Read:
    """A field that a rule reads, the kind of entity that its condition is about, and the position."""

    ref: Ref
    kind: str
    position: Position


def check_rulebook(rulebook: Rulebook, problems: Problems) -> None:
    """Report unknown rules, rules of another subject or audience, and rules that suppress each other."""
    for rule in rulebook.rules.values():
        for name in rule.suppresses:
            _check_named(rule, "suppresses", name, rulebook, problems)
        for name in rule.opposes:
            _check_named(rule, "opposes", name, rulebook, problems)
        if rule.id not in rule.suppresses and rule.id in _suppressed_by(rule.id, rulebook):
            problems.add("R050", rule.position, f"{rule.id} suppresses itself through {', '.join(rule.suppresses)}")


def _check_named(rule: Rule, key: str, name: str, rulebook: Rulebook, problems: Problems) -> None:
    target = rulebook.rules.get(name)
    where = rule.places.get(f"{key}.{name}", rule.position)
    if target is None and problems.may_exist(name):
        return
    if target is None:
        problems.add("R050", where, f"{rule.id} {key} {name!r}, which is not a rule", meant(name, rulebook.rules))
    elif target.about != rule.about or target.audience != rule.audience:
        message = f"{rule.id} {key} {name}, which has another subject or audience"
        problems.add("R050", where, message)
    elif target is rule:
        problems.add("R050", where, f"{rule.id} {key} itself")


def _suppressed_by(rule_id: str, rulebook: Rulebook) -> set[str]:
    """The ids of the rules that this one suppresses, directly or through others."""
    reached: set[str] = set()
    pending = [rule_id]
    while pending:
        rule = rulebook.rules.get(pending.pop())
        for name in rule.suppresses if rule else ():
            if name not in reached:
                reached.add(name)
                pending.append(name)
    return reached


def references(term: Term) -> Iterator[Ref]:
    """The fields that a term itself reads, without those inside its relations and alternatives."""
    for name in ("ref", "other", "operand"):
        value = getattr(term, name, None)
        if isinstance(value, Ref):
            yield value
    for name in ("moment", "left", "right"):
        moment = getattr(term, name, None)
        if isinstance(moment, Moment):
            yield moment.base
            if isinstance(moment.offset, Ref):
                yield moment.offset


def reads(rule: Rule) -> Iterator[Read]:
    """The fields and defined values that a rule reads, except in its texts."""
    for condition in conditions(rule):
        yield from _reads_of(condition, rule.about)
    for name, moment in (("due", rule.due), ("valid", rule.valid)):
        for ref in _references(moment):
            yield Read(ref, rule.about, rule.places[name])
    for defined in rule.defined:
        for choice in defined.choices:
            for ref in _references(choice.value):
                yield Read(ref, rule.about, rule.places[f"define.{defined.name}"])


def conditions(rule: Rule) -> Iterator[Condition]:
    """The conditions of a rule: its `when`, those of its priorities and those of its defined values."""
    yield rule.when
    for level in rule.levels:
        yield level.when
    for defined in rule.defined:
        for choice in defined.choices:
            yield choice.when


def _reads_of(condition: Condition, kind: str) -> Iterator[Read]:
    for term in condition:
        for ref in references(term):
            yield Read(ref, kind, term.position)
        if isinstance(term, Relation):
            yield from _reads_of(term.where, term.kind)
        elif isinstance(term, AnyOf):
            for alternative in term.alternatives:
                yield from _reads_of(alternative, kind)


def _references(value: object) -> Iterator[Ref]:
    """The fields that a defined value, a due time or a validity reads."""
    if isinstance(value, Ref):
        yield value
    elif isinstance(value, Moment):
        yield value.base
        yield from _references(value.offset)
