"""The variables of a rule's texts: what each is, so that a text can be checked without any facts."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TypeAlias

from signpost.facts.vocabulary import Field, Vocabulary
from signpost.rulebook.conditions import relations_of
from signpost.rulebook.terms import Rule
from signpost.rulebook.values import is_number


@dataclass(frozen=True, slots=True)
class Plain:
    """One value of a type of the vocabulary."""

    type: str


@dataclass(frozen=True, slots=True)
class ObjectShape:
    """Something with named fields."""

    name: str
    fields: Mapping[str, "Shape"] = field(hash=False)


@dataclass(frozen=True, slots=True)
class Many:
    """A list of such things."""

    item: "Shape"


Shape: TypeAlias = Plain | ObjectShape | Many
TEXT, NUMBER, BOOLEAN, MONEY, INSTANT = (Plain(name) for name in ("text", "number", "boolean", "money", "instant"))
_AMOUNT = {"amount": TEXT, "currency": TEXT, "per": TEXT}
PARTS: Mapping[str, Mapping[str, Shape]] = {
    "money": {**_AMOUNT, "annual": NUMBER},
    "object": {"city": TEXT, "region": TEXT, "country": TEXT},
    "range": {"low": ObjectShape("an amount", _AMOUNT), "high": ObjectShape("an amount", _AMOUNT)},
}
"""What a plain value of a type consists of."""
_DIFFERENCE = ObjectShape("a difference", {"field": TEXT, "offer": TEXT, "letter": TEXT})
DERIVED: Mapping[str, Mapping[str, Shape]] = {"offer": {"letter_differences": Many(_DIFFERENCE)}}
"""Variables that the facts of a kind add for texts alone."""
MADE: Mapping[str, Shape] = {"missing": Many(TEXT), "priority": TEXT, "due": INSTANT, "valid_until": INSTANT}
"""Variables that every rule's texts have."""


def variables(rule: Rule) -> dict[str, Shape]:
    """Every variable that this rule's texts may name. An employer's texts see nothing that is private."""
    private = rule.audience != "employer"
    vocabulary = rule.vocabulary
    found = {**record(vocabulary, rule.about, private).fields, **DERIVED.get(rule.about, {})}
    if private:
        found["candidate"] = record(vocabulary, "candidate", private)
    for one in relations_of(rule.when):
        related = record(vocabulary, one.kind, private)
        found |= {one.name: related, f"{one.name}s": Many(related)}
    found |= {defined.name: _plain(defined.type) for defined in rule.defined}
    params = {name: NUMBER if is_number(value) else TEXT for name, value in rule.params.items()}
    found |= {"params": ObjectShape("params", params), **MADE}
    if rule.attaches:
        found[rule.attaches] = TEXT
    return found


@lru_cache(maxsize=64)
def record(vocabulary: Vocabulary, kind: str, private: bool) -> ObjectShape:
    """An entity of a kind; without what is `private`, unless asked for."""
    told = [one for one in vocabulary[kind].values() if private or not one.private]
    found = {one.name: shape_of(one) for one in told if "." not in one.name}
    groups: dict[str, dict[str, Shape]] = {}
    for one in told:
        group, _, leaf = one.name.partition(".")
        if leaf:
            groups.setdefault(group, {})[leaf] = shape_of(one)
    found |= {group: ObjectShape(group, inner) for group, inner in groups.items()}
    return ObjectShape(f"{'an' if kind[0] in 'aeio' else 'a'} {kind}", found)


def shape_of(told: Field) -> Shape:
    """What a field's value is."""
    return Many(TEXT) if told.type in ("choices", "texts") else _plain(told.type)


def _plain(type_: str) -> Plain:
    """Durations and counts of days are shown as text: "14 days"."""
    return TEXT if type_ == "duration" else Plain(type_)
