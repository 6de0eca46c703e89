"""Parses a `when` block, with its relations and alternatives, into terms. Evaluates nothing."""

import re
from dataclasses import replace

from signpost.rulebook.ends import limited_to_life
from signpost.rulebook.phrases import condition_on, to_yaml
from signpost.rulebook.printing import phrase
from signpost.rulebook.terms import AnyOf, Condition, Known, Linked, OneOf, Ref, Relation, Scope, Term, walk
from signpost.rulebook.values import MOMENTS, Names
from signpost.suggestions import meant, nearest
from signpost.yaml_files.problems import Position
from signpost.yaml_files.reader import Node

RELATED_KINDS = ("offer", "interview", "application", "contact")
RESERVED = (
    "candidate", "params", "missing", "priority", "due", "valid_until", "comparison", "loop", "salutation", "signature",
    "the_candidate",
)  # fmt: skip
"""Names of other variables in texts."""
_RELATION = re.compile(r"(any|no|at least (\d+)|fewer than (\d+)) (other )?([a-z]+?)s?(?: as ([a-z_]+))?")
_OWNED = re.compile(rf"(?:the )?(candidate|this one|{'|'.join(RELATED_KINDS)})(?:\.|'s )(.+)")
_BLOCKS = ("any of", "any unknown", "candidate", "any other offer", "no contact", "at least 2 offers")
_BLOCK_MEANT = {"or": "any of", "any": "any of", "and": "all of", "all": "all of"}
"""Other words for blocks of alternatives or of conditions that must all hold."""
_LINKS = {"for": {"this one": "for"}, "employer": {"same": "same", "another": "another"}}


def parse_condition(node: Node, names: Names, *, related: bool = False) -> Condition:
    """All terms of a block; every problem in it is reported."""
    if not isinstance(node.value, dict):
        names.problems.add("R006", node.position, "conditions are written as `field: value` lines")
        return ()
    if not node.value:
        names.problems.add("R002", node.position, "this block has no conditions")
    terms: list[Term] = []
    for key, value in node.value.items():
        terms += _line(key, value, node, names, related)
    _check_repeats(tuple(terms), names)
    return tuple(terms)


def _line(key: str, value: Node, block: Node, names: Names, related: bool) -> Condition:
    if key == "any of":
        return _alternatives(value, names, related)
    if key == "all of":
        return _all_of(value, names, related)
    if key == "any unknown":
        return _any_unknown(value, names)
    if key == "candidate":
        return _candidate(value, names, related)
    if related and key in _LINKS and isinstance(value.value, str) and value.value in _LINKS[key]:
        return (Linked(value.position, _LINKS[key][value.value]),)
    if match := _RELATION.fullmatch(key):
        return _relation(key, match, value, block, names, related)
    return _field(key, value, block, names)


def _field(key: str, value: Node, block: Node, names: Names) -> Condition:
    field = names.vocabulary[names.item].get(key)
    if field is not None:
        return condition_on(Ref(names.own, key, field.type), field, value, names)
    if key in names.defined and names.defined[key].type in MOMENTS:
        type_ = names.defined[key].type
        stand_in = replace(next(field for field in names.vocabulary["offer"].values() if field.type == type_), name=key)
        return condition_on(Ref(Scope.DEFINED, key, type_), stand_in, value, names)
    if not names.may_be_broken(key) and not names.may_be_broken(_whose(key, names)[1]):
        _note_relation(key, names)
        hint = (
            (f"write {_BLOCK_MEANT[key]}: [...]" if key in _BLOCK_MEANT else "")
            or _field_of_another(key, value, names)
            or _field_of_the_named(key, value, names)
            or meant(key, [*names.vocabulary[names.item], *_BLOCKS])
        )
        names.problems.add("R020", block.key_position(key), f"{names.item} has no field {key!r}", hint)
    return ()


def _field_of_another(name: str, value: Node, names: Names) -> str:
    """Whose field a condition names, and how to write it; "" for a name that no kind has."""
    if name in names.vocabulary["candidate"]:
        return f"it is a field of the candidate: write candidate: {{{name}: {to_yaml(value.plain())}}}"
    if name in names.vocabulary[names.about]:
        return f"it is a field of the {names.about}: write it outside this block"
    return next((f"it is a field of the {kind}" for kind in RELATED_KINDS if name in names.vocabulary[kind]), "")


def _whose(key: str, names: Names) -> tuple[str, str]:
    """The kind and the field that a key like `candidate.salary_target` or `candidate's salary_target` names."""
    match = _OWNED.fullmatch(key)
    return (match[1].replace("this one", names.about), match[2]) if match else ("", key)


def _field_of_the_named(key: str, value: Node, names: Names) -> str:
    """How to write a condition whose key names the owner of the field too; "" for any other key."""
    kind, name = _whose(key, names)
    if not kind:
        return ""
    name = name if name in names.vocabulary[kind] else nearest(name, names.vocabulary[kind])
    line = f"{name}: {to_yaml(value.plain())}"
    if not name or kind == names.item:
        return name and f"write {line}"
    if kind == names.about:
        return f"write {line} outside this block"
    return f"write candidate: {{{line}}}" if kind == "candidate" else f"write any {kind}: {{{line}}}"


def _note_relation(key: str, names: Names) -> None:
    """Accept the names by which texts can refer to a relation whose key is misspelt: its name, `other` or its kind."""
    words = key.split()
    if words and words[0] in ("any", "no", "at", "fewer"):
        names.broken |= {"other", *RELATED_KINDS} if "as" not in words else {words[-1]}


def _candidate(value: Node, names: Names, related: bool) -> Condition:
    """Conditions on the candidate's fields inside a block about another entity."""
    own = Scope.SUBJECT if related else Scope.ITEM
    return parse_condition(
        value, names.inside("candidate", own if names.about == "candidate" else Scope.CANDIDATE), related=related
    )


def _alternatives(value: Node, names: Names, related: bool) -> Condition:
    if not isinstance(value.value, list) or len(value.value) < 2:
        names.problems.add("R006", value.position, "`any of` takes a list of two or more blocks of conditions")
        return ()
    return (AnyOf(value.position, tuple(parse_condition(item, names, related=related) for item in value.value)),)


def _all_of(value: Node, names: Names, related: bool) -> Condition:
    """Blocks that must all hold: for a second `any of`, since a mapping cannot repeat a key."""
    if not isinstance(value.value, list) or not value.value:
        names.problems.add("R006", value.position, "`all of` takes a list of blocks of conditions")
        return ()
    return tuple(term for item in value.value for term in parse_condition(item, names, related=related))


def _any_unknown(value: Node, names: Names) -> Condition:
    """Shorthand for: at least one of these fields is unknown."""
    if not isinstance(value.value, list) or not value.value:
        names.problems.add("R006", value.position, "`any unknown` takes a list of fields")
        return ()
    alternatives: list[Condition] = []
    for item in value.value:
        field = names.vocabulary[names.item].get(str(item.value))
        if field is None and names.may_be_broken(str(item.value)):
            continue
        if field is None:
            name, candidates = str(item.value), names.vocabulary["candidate"]
            hint = "write any of: [..., {candidate: {" + name + ": unknown}}]" if name in candidates else ""
            message = f"{names.item} has no field {item.value!r}"
            names.problems.add("R020", item.position, message, hint or meant(name, names.vocabulary[names.item]))
        else:
            alternatives.append((Known(item.position, Ref(names.own, field.name, field.type), False),))
    return (AnyOf(value.position, tuple(alternatives)),)


def _relation(key: str, match: re.Match[str], value: Node, block: Node, names: Names, related: bool) -> Condition:
    where = block.key_position(key)
    kind = match[5]
    if kind not in RELATED_KINDS or related:
        _note_relation(key, names)
        problem = "a relation cannot stand inside another relation" if related else f"there is no kind {kind!r}"
        names.problems.add("R027", where, f"{key!r}: {problem}", "" if related else meant(kind, RELATED_KINDS))
        return ()
    other = match[4] is not None
    if other and kind != names.about:
        names.problems.add(
            "R027",
            where,
            f"{key!r}: `other` applies only to the kind of the subject, {names.about}",
            f"write {key.replace('other ', '')!r}",
        )
    number, fewer = int(match[2] or match[3] or 1), match[1] == "no" or match[3] is not None
    if number < 1:
        names.problems.add("R027", where, f"{key!r} {'never' if fewer else 'always'} holds", "write any or no")
    name = match[6] or ("other" if other else kind)
    condition = limited_to_life(parse_condition(value, names.inside(kind), related=True), kind, names)
    if not fewer:
        _name_relation(name, kind, match[6] is not None, where, names)
    return (Relation(where, name, kind, number, other, fewer, condition),)


def _name_relation(name: str, kind: str, given: bool, where: Position, names: Names) -> None:
    """Register the name by which texts and priorities refer to a relation; it must be unique."""
    if name in names.related:
        hint = f"name one of them: any {kind} as ..."
        names.problems.add("R012", where, f"two relations are called {name!r}", hint)
    elif name in (*RESERVED, *names.params, *names.defined) or (given and name in names.vocabulary[names.about]):
        names.problems.add("R012", where, f"a relation cannot be called {name!r}", "the name is already in use")
    names.related[name] = kind


def _check_repeats(terms: Condition, names: Names) -> None:
    """Report conditions of one block that are equal or exclude each other."""
    seen: dict[Term, Position] = {}
    for term in terms:
        other = next((other for other in seen if _exclude(term, other)), None)
        if term in seen:
            message = f"`{phrase(term)}` is repeated (first at line {seen[term].line})"
            names.problems.add("R026", term.position, message, "keep one")
        elif other is not None:
            message = f"`{phrase(term)}` can never hold together with `{phrase(other)}`"
            first = f" ({other.position})" if other.position != term.position else ""
            names.problems.add("R025", term.position, message + first, "drop or change a condition")
        seen.setdefault(term, term.position)


def _exclude(first: Term, second: Term) -> bool:
    """Whether one requires unknown and the other a value, or both have lists without a common value."""
    if not hasattr(first, "ref") or getattr(second, "ref", None) != first.ref:
        return False
    if isinstance(first, OneOf) and isinstance(second, OneOf):
        return not (first.negated or second.negated or set(first.values) & set(second.values))
    return any(isinstance(term, Known) and not term.known for term in (first, second))


def relations_of(condition: Condition) -> list[Relation]:
    """The relations of a condition that require something to exist, in the order of the file."""
    return [term for term in walk(condition) if isinstance(term, Relation) and not term.fewer]
