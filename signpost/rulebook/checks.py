"""Checks that need the whole rulebook: what rules name each other; and what a term reads, for every check."""

from collections.abc import Iterator

from signpost.rulebook.problems import Problems, meant
from signpost.rulebook.rulebook import Rulebook
from signpost.rulebook.terms import Moment, Ref, Rule, Term


def check_rulebook(rulebook: Rulebook, problems: Problems) -> None:
    """Report what only shows when all rules are known."""
    for rule in rulebook.rules.values():
        for name in rule.suppresses:
            _check_named(rule, "suppresses", name, rulebook, problems)
        for name in rule.opposes:
            _check_named(rule, "opposes", name, rulebook, problems)
        if rule.id not in rule.suppresses and rule.id in _suppressed_by(rule.id, rulebook):
            problems.add("R050", rule.position, f"{rule.id} suppresses itself by way of {', '.join(rule.suppresses)}")


def _check_named(rule: Rule, how: str, name: str, rulebook: Rulebook, problems: Problems) -> None:
    target = rulebook.rules.get(name)
    where = rule.places.get(f"{how}.{name}", rule.position)
    if target is None:
        problems.add("R050", where, f"{rule.id} {how} {name!r}, which is no rule", meant(name, rulebook.rules))
    elif target.about != rule.about or target.audience != rule.audience:
        message = f"{rule.id} {how} {name}, which speaks of another subject or to another audience"
        problems.add("R050", where, message)
    elif target is rule:
        problems.add("R050", where, f"{rule.id} {how} itself")


def _suppressed_by(rule_id: str, rulebook: Rulebook) -> set[str]:
    """Every rule that this one suppresses, directly or through others."""
    reached: set[str] = set()
    to_do = [rule_id]
    while to_do:
        rule = rulebook.rules.get(to_do.pop())
        for name in rule.suppresses if rule else ():
            if name not in reached:
                reached.add(name)
                to_do.append(name)
    return reached


def references(term: Term) -> Iterator[Ref]:
    """Every field that a term reads itself (not those inside its relations or alternatives)."""
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
