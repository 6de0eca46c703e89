"""Formats terms, moments and levels as an author writes them. Pure."""

from collections.abc import Callable, Mapping
from typing import Any

from signpost.rulebook.terms import (
    Among,
    AnyOf,
    Compare,
    Duration,
    Known,
    Linked,
    Lists,
    Moment,
    OneOf,
    Order,
    Reached,
    Ref,
    Relation,
    Same,
    Scope,
    Term,
)
from signpost.rulebook.typed_rule import Level

AMOUNTS = {">=": "at least", "<=": "at most", ">": "above", "<": "below"}
ORDERS = {"<": "before", ">": "after", "<=": "at or before", ">=": "at or after"}
_OWNERS = {Scope.SUBJECT: "this one's ", Scope.CANDIDATE: "candidate's "}
_LINKS = {"for": "for: this one", "same": "employer: same", "another": "employer: another"}
_UNITS = ((3_600_000_000, "h"), (60_000_000, "m"), (1_000_000, "s"))


def phrase(term: Term) -> str:
    """`stage: open`, `respond_by: within 72h`, `any other offer`."""
    return _PHRASES[type(term)](term)


def level_phrase(level: Level) -> str:
    """`high: from the start`."""
    return f"{level.priority}: {', '.join(map(_bound, level.when)) or 'from the start'}"


def moment_phrase(moment: Moment) -> str:
    """`72h before respond_by`."""
    back = f" back to {moment.back_to}" if moment.back_to else ""
    if moment.offset == Duration():
        return reference(moment.base) + back
    return f"{_offset(moment)} {'after' if moment.sign > 0 else 'before'} {reference(moment.base)}{back}"


def duration_phrase(duration: Duration) -> str:
    """`5d1h`, `5bd`."""
    parts = [(duration.business_days, "bd"), (duration.days, "d")]
    rest = duration.microseconds
    for size, unit in _UNITS:
        number, rest = divmod(rest, size)
        parts.append((number, unit))
    return "".join(f"{number}{unit}" for number, unit in parts if number) or "0s"


def reference(ref: Ref) -> str:
    """`respond_by`, `this one's salary`, `candidate's salary_target`."""
    return _OWNERS.get(ref.scope, "") + ref.name


def literal(value: Any) -> str:
    """A value as YAML."""
    return {True: "true", False: "false"}[value] if isinstance(value, bool) else str(value)


def _offset(moment: Moment) -> str:
    return duration_phrase(moment.offset) if isinstance(moment.offset, Duration) else reference(moment.offset)


def _known(term: Known) -> str:
    return f"{reference(term.ref)}: {'known' if term.known else 'unknown'}"


def _one_of(term: OneOf) -> str:
    values = [literal(value) for value in term.values]
    if term.negated:
        return f"{reference(term.ref)}: not {' or '.join(values)}"
    return f"{reference(term.ref)}: {values[0] if len(values) == 1 else '[' + ', '.join(values) + ']'}"


def _compare(term: Compare) -> str:
    operand = reference(term.operand) if isinstance(term.operand, Ref) else literal(term.operand)
    return f"{reference(term.ref)}: {AMOUNTS[term.operator]} {operand}"


def _same(term: Same) -> str:
    return f"{reference(term.ref)}: {'same as' if term.same else 'differs from'} {reference(term.other)}"


def _lists(term: Lists) -> str:
    mode = {"beyond": "includes anything beyond", "some": "not empty"}.get(term.mode, term.mode)
    return f"{reference(term.ref)}: {mode} {', '.join(map(literal, term.values))}".rstrip()


def _reached(term: Reached) -> str:
    """The phrase for a moment; `from` and `until` for half of a `within`, which has no phrase of its own."""
    moment = term.moment
    if term.is_upcoming:
        return "stage: upcoming"
    if moment.offset == Duration() and not moment.back_to:
        return f"{reference(moment.base)}: {'passed' if term.reached else 'ahead'}"
    if moment.sign > 0 and not moment.back_to:
        return f"{reference(moment.base)}: {'at least' if term.reached else 'less than'} {_offset(moment)} ago"
    return f"{'from' if term.reached else 'until'} {moment_phrase(moment)}"


def _order(term: Order) -> str:
    return f"{moment_phrase(term.left)}: {ORDERS[term.operator]} {moment_phrase(term.right)}"


def _relation(term: Relation) -> str:
    quantity = {(1, False): "any", (1, True): "no"}.get(
        (term.number, term.fewer), f"{'fewer than' if term.fewer else 'at least'} {term.number}"
    )
    kind = f"{'other ' if term.other else ''}{term.kind}{'' if term.number == 1 else 's'}"
    own = "other" if term.other else term.kind
    return f"{quantity} {kind}" + (f" as {term.name}" if term.name != own else "")


def _bound(term: Term) -> str:
    """A condition of a level; a moment alone is written without its field."""
    if isinstance(term, Relation) and term.where and isinstance(term.where[-1], Reached):
        return f"{moment_phrase(term.where[-1].moment)} of {term.name}"
    return moment_phrase(term.moment) if isinstance(term, Reached) and term.reached else phrase(term)


_PHRASES: Mapping[type[Term], Callable[[Any], str]] = {
    Known: _known,
    OneOf: _one_of,
    Compare: _compare,
    Same: _same,
    Among: lambda term: f"{reference(term.ref)}: among {reference(term.other)}",
    Lists: _lists,
    Reached: _reached,
    Order: _order,
    Linked: lambda term: _LINKS[term.how],
    AnyOf: lambda term: "any of",
    Relation: _relation,
}
