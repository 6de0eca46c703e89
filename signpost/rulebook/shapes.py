"""The variables of a rule's texts and their shapes, so that texts can be checked without facts."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TypeAlias

from signpost.facts.vocabulary import Field, Vocabulary
from signpost.rulebook.conditions import relations_of
from signpost.rulebook.typed_rule import Rule
from signpost.rulebook.values import is_number


@dataclass(frozen=True, slots=True)
class Plain:
    """One value of a type of the vocabulary."""

    type: str


@dataclass(frozen=True, slots=True)
class ObjectShape:
    """An object with named fields."""

    name: str
    fields: Mapping[str, "Shape"] = field(hash=False)


@dataclass(frozen=True, slots=True)
class Many:
    """A list of items of one shape."""

    item: "Shape"


Shape: TypeAlias = Plain | ObjectShape | Many
TEXT, NUMBER, BOOLEAN, MONEY, INSTANT = (Plain(name) for name in ("text", "number", "boolean", "money", "instant"))
_AMOUNT = {"amount": TEXT, "currency": TEXT, "per": TEXT}
PARTS: Mapping[str, Mapping[str, Shape]] = {
    "money": _AMOUNT,
    "object": {"city": TEXT, "region": TEXT, "country": TEXT},
    "range": {"low": ObjectShape("an amount", _AMOUNT), "high": ObjectShape("an amount", _AMOUNT)},
}
"""The parts of a plain value, by type."""
_DIFFERENCE = ObjectShape("a difference", {"field": TEXT, "offer": TEXT, "letter": TEXT})
DERIVED: Mapping[str, Mapping[str, Shape]] = {"offer": {"letter_differences": Many(_DIFFERENCE)}}
"""Variables, by kind, that only texts have."""
ADDRESSED = ("offer", "interview", "application")
"""Kinds whose texts have `salutation` and `the_candidate`."""
COMMON: Mapping[str, Shape] = {
    "missing": Many(TEXT),
    "priority": TEXT,
    "due": INSTANT,
    "valid_until": INSTANT,
    "signature": TEXT,
}
"""Variables that every rule's texts have."""


def variables(rule: Rule) -> dict[str, Shape]:
    """The variables that this rule's texts can use. Texts for employers have no private fields."""
    private = rule.audience != "employer"
    vocabulary = rule.vocabulary
    shapes = {**record(vocabulary, rule.about, private).fields, **DERIVED.get(rule.about, {})}
    if private:
        shapes["candidate"] = record(vocabulary, "candidate", private)
    for relation in relations_of(rule.when):
        related = record(vocabulary, relation.kind, private)
        shapes |= {relation.name: related, f"{relation.name}s": Many(related)}
    shapes |= {defined.name: _plain(defined.type) for defined in rule.defined}
    params = {name: NUMBER if is_number(value) else TEXT for name, value in rule.params.items()}
    shapes |= {"params": ObjectShape("params", params), **COMMON}
    if rule.attaches:
        shapes[rule.attaches] = TEXT
    return shapes


@lru_cache(maxsize=64)
def record(vocabulary: Vocabulary, kind: str, private: bool) -> ObjectShape:
    """The shape of an entity; `private`: whether to include private fields."""
    visible = [declared for declared in vocabulary[kind].values() if private or not declared.private]
    shapes = {declared.name: shape_of(declared) for declared in visible if "." not in declared.name}
    groups: dict[str, dict[str, Shape]] = {}
    for declared in visible:
        group, _, leaf = declared.name.partition(".")
        if leaf:
            groups.setdefault(group, {})[leaf] = shape_of(declared)
    shapes |= {group: ObjectShape(group, inner) for group, inner in groups.items()}
    if kind in ADDRESSED:
        shapes |= {"salutation": TEXT, "the_candidate": TEXT}
    return ObjectShape(f"{'an' if kind[0] in 'aeio' else 'a'} {kind}", shapes)


def shape_of(declared: Field) -> Shape:
    """The shape of a field's value."""
    return Many(TEXT) if declared.type in ("choices", "texts") else _plain(declared.type)


def _plain(type_: str) -> Plain:
    """A plain shape; texts show durations as text, like "14 days"."""
    return TEXT if type_ == "duration" else Plain(type_)
