"""Conditions: a `when` block, its relations and alternatives, parsed into terms."""

import re
from dataclasses import replace

from signpost.case.vocabulary import KINDS
from signpost.rulebook.document import Node
from signpost.rulebook.phrases import condition_on
from signpost.rulebook.problems import meant
from signpost.rulebook.terms import AnyOf, Condition, Known, Linked, Ref, Relation, Scope, Term, walk
from signpost.rulebook.values import MOMENTS, Names

RELATED_KINDS = ("offer", "interview", "application", "contact")
_RELATION = re.compile(r"(any|no|at least (\d+)) (other )?([a-z]+?)s?(?: as ([a-z_]+))?")
_LINKS = {"for": {"this one": "for"}, "employer": {"same": "same", "another": "another"}}


def parse_condition(node: Node, names: Names, *, related: bool = False) -> Condition:
    """All terms of a block; every problem in it is reported."""
    if not isinstance(node.value, dict):
        names.problems.add("R006", node.position, "conditions are written as `field: value` lines")
        return ()
    if not node.value:
        names.problems.add("R002", node.position, "no condition stands here")
    terms: list[Term] = []
    for key, value in node.value.items():
        terms += _line(key, value, node, names, related)
    _check_repeats(tuple(terms), names)
    return tuple(terms)


def _line(key: str, value: Node, block: Node, names: Names, related: bool) -> Condition:
    if key == "any of":
        return _alternatives(value, names, related)
    if key == "any unknown":
        return _any_unknown(value, names)
    if key == "candidate" and not related:
        return _candidate(value, names)
    if related and key in _LINKS and isinstance(value.value, str) and value.value in _LINKS[key]:
        return (Linked(value.position, _LINKS[key][value.value]),)
    if match := _RELATION.fullmatch(key):
        return _relation(key, match, value, block, names, related)
    return _field(key, value, block, names)


def _field(key: str, value: Node, block: Node, names: Names) -> Condition:
    field = KINDS[names.item].get(key)
    if field is not None:
        return condition_on(Ref(Scope.ITEM, key, field.type), field, value, names)
    if key in names.defined and names.defined[key].type in MOMENTS:
        type_ = names.defined[key].type
        stand_in = replace(next(field for field in KINDS["offer"].values() if field.type == type_), name=key)
        return condition_on(Ref(Scope.DEFINED, key, type_), stand_in, value, names)
    known = [*KINDS[names.item], "any of", "any unknown", "candidate", "any other offer", "no contact", "at least 2 offers"]
    names.problems.add("R020", block.key_position(key), f"{names.item} has no field {key!r}", meant(key, known))
    return ()


def _candidate(value: Node, names: Names) -> Condition:
    """The candidate's own fields, wherever the rule is about something else."""
    inner = parse_condition(value, names.inside("candidate"))
    if names.about == "candidate":
        return inner
    return tuple(_of_candidate(term) for term in inner)


def _of_candidate(term: Term) -> Term:
    """The same question, asked of the candidate: every field of the block is the candidate's."""
    if isinstance(term, AnyOf):
        return replace(term, alternatives=tuple(tuple(map(_of_candidate, inner)) for inner in term.alternatives))
    changes = {}
    for name in ("ref", "other", "operand"):
        ref = getattr(term, name, None)
        if isinstance(ref, Ref) and ref.scope == Scope.ITEM:
            changes[name] = replace(ref, scope=Scope.CANDIDATE)
    for name in ("moment", "left", "right"):
        moment = getattr(term, name, None)
        if moment is not None:
            changes[name] = _moment_of_candidate(moment)
    return replace(term, **changes) if changes else term


def _moment_of_candidate(moment):  # type: ignore[no-untyped-def]
    base, offset = moment.base, moment.offset
    if base.scope == Scope.ITEM:
        base = replace(base, scope=Scope.CANDIDATE)
    if isinstance(offset, Ref) and offset.scope == Scope.ITEM:
        offset = replace(offset, scope=Scope.CANDIDATE)
    return replace(moment, base=base, offset=offset)


def _alternatives(value: Node, names: Names, related: bool) -> Condition:
    if not isinstance(value.value, list) or len(value.value) < 2:
        names.problems.add("R006", value.position, "`any of` takes a list of two or more blocks of conditions")
        return ()
    return (AnyOf(value.position, tuple(parse_condition(item, names, related=related) for item in value.value)),)


def _any_unknown(value: Node, names: Names) -> Condition:
    """Shorthand for: at least one of these fields is unknown."""
    if not isinstance(value.value, list) or not value.value:
        names.problems.add("R006", value.position, "`any unknown` takes a list of fields")
        return ()
    alternatives: list[Condition] = []
    for item in value.value:
        field = KINDS[names.item].get(str(item.value))
        if field is None:
            names.problems.add("R020", item.position, f"{names.item} has no field {item.value!r}", meant(str(item.value), KINDS[names.item]))
        else:
            alternatives.append((Known(item.position, Ref(Scope.ITEM, field.name, field.type), False),))
    return (AnyOf(value.position, tuple(alternatives)),)


def _relation(key: str, match: re.Match[str], value: Node, block: Node, names: Names, related: bool) -> Condition:
    where = block.key_position(key)
    kind = match[4]
    if kind not in RELATED_KINDS:
        names.problems.add("R027", where, f"{key!r}: there is no kind {kind!r}", meant(kind, RELATED_KINDS))
        return ()
    if related:
        names.problems.add("R027", where, f"{key!r}: a relation cannot stand inside another relation")
        return ()
    other = match[3] is not None
    if other and kind != names.about:
        names.problems.add("R027", where, f"{key!r}: `other` fits only {names.about}s here, of which the subject is one", f"write {key.replace('other ', '')!r}")
    least = {"any": 1, "no": 0}.get(match[1]) if match[2] is None else int(match[2])
    if match[2] is not None and int(match[2]) < 1:
        names.problems.add("R027", where, f"{key!r} is always so", "write at least 1, or any")
    name = match[5] or ("other" if other else kind)
    condition = parse_condition(value, names.inside(kind), related=True)
    if least != 0:
        names.related[name] = kind
    return (Relation(where, name, kind, 1 if least is None else least, other, condition),)


def _check_repeats(terms: Condition, names: Names) -> None:
    """The same question twice in one block, and two single values of one field."""
    seen: set[Term] = set()
    values: dict[Ref, set[object]] = {}
    for term in terms:
        if term in seen:
            names.problems.add("R026", term.position, "the same condition stands twice in this block", "keep one")
        seen.add(term)
        ref = getattr(term, "ref", None)
        if not isinstance(ref, Ref):
            continue
        if getattr(term, "values", None) and not getattr(term, "negated", False) and type(term).__name__ == "OneOf":
            values[ref] = values.get(ref, set(term.values)) & set(term.values)  # type: ignore[attr-defined]
            if not values[ref]:
                names.problems.add("R025", term.position, f"{ref.name} cannot be all of these at once")
        unknown = Known(term.position, ref, False)
        if unknown in seen and term != unknown:
            names.problems.add("R025", term.position, f"{ref.name} is asked to be unknown and to have a value", "drop one of the two")


def relations_of(condition: Condition) -> list[Relation]:
    """The relations of a condition that require something to exist, in the order in which they stand."""
    return [term for term in walk(condition) if isinstance(term, Relation) and term.least > 0]
