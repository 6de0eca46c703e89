"""Which facts the sources of a tenant can tell, and which rules they leave without a chance. Pure.

What the mappings emit is played as example events, alone, in pairs and all together; a fact that is known in one of
these cases can be told. So nothing here repeats how facts are derived.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import permutations
from typing import Any, Final

from signpost.case.case import Case
from signpost.facts.facts import facts_of
from signpost.facts.vocabulary import Vocabulary
from signpost.ingress.mapping import Vendor
from signpost.rulebook import Rulebook
from signpost.rulebook.checks import references
from signpost.rulebook.terms import AnyOf, Condition, Known, OneOf, Ref, Relation, Scope, Term
from signpost.rulebook.typed_rule import Defined, Rule
from signpost.schemas import EVENT_SCHEMAS, load_own_event
from signpost.schemas.documents.event_examples import EVENT_DATA, event_example
from signpost.schemas.own_places import OWN
from signpost.tenants.model import Source

STAGED: Final = ("stage", "letter")
"""Fields whose values come from the types of events; each value must be told."""
SUBJECT: Final = "c-1"
DECISIVE: Final = ("step", "channel", "with")
_EMPLOYER: Final = {"employer": {"id": "acme", "name": "Acme", "time_zone": "America/Los_Angeles"}}
MORE: Final[Mapping[str, Mapping[str, Any]]] = {
    "candidate.preferences": {"region": "WA", "country": "US", "unwanted_regions": ["OR"]},
    "offer.extended": _EMPLOYER,
    "interview.scheduled": {**_EMPLOYER, "word_by": "2026-03-10"},
    "application.submitted": _EMPLOYER,
    "contact.logged": {"purpose": "withdrawal"},
}
"""Values beside those of the examples, from which further facts are derived."""
_UNTOLD: Final = ("advice", "candidate.merged", "candidate.erased")

Told = Mapping[str, Collection[str]]
"""Type of event -> the members of its data."""


@dataclass(slots=True)
class Tellable:
    """Kind of entity -> fields that can be known; and (kind, field) -> the values that a staged field can have."""

    fields: dict[str, set[str]] = field(default_factory=dict)
    values: dict[tuple[str, str], set[Any]] = field(default_factory=dict)

    def knows(self, kind: str, name: str) -> bool:
        """Whether a field can be known."""
        return name in self.fields.get(kind, ())

    def add(self, kind: str, values: Mapping[str, Any]) -> None:
        """Note what is known of an entity."""
        self.fields.setdefault(kind, set()).update(values)
        for name in STAGED:
            if name in values:
                self.values.setdefault((kind, name), set()).add(values[name])


def told_by(vendor: Vendor, source: Source) -> Told:
    """What one source can tell."""
    terms = {name for name in source.fields if not name.startswith(OWN)}
    employer = {"employer"} if source.employer or vendor.employer else set()
    found: dict[str, set[str]] = {}
    for mapping in vendor.mappings.values():
        for group in mapping.groups:
            for one in group.templates:
                more = terms if (one.terms or one.custom) and one.type.startswith("offer.") else set()
                found[one.type] = found.get(one.type, set()) | {*one.data, *one.terms, *more, *employer}
    return found


def own_told_by(vendor: Vendor, source: Source) -> set[str]:
    """The fields of the rulebook that one source can fill."""
    groups = [group for mapping in vendor.mappings.values() for group in mapping.groups]
    mapped = {name for group in groups for template in group.templates for name in template.custom}
    return mapped | {name.removeprefix(OWN) for name in source.fields if name.startswith(OWN)}


def tellable(told: Iterable[Told], own: Iterable[str], vocabulary: Vocabulary) -> Tellable:
    """What sources together can tell. `own`: the fields of the rulebook that they fill."""
    members: dict[str, set[str]] = {}
    for one in told:
        for name, data in one.items():
            members.setdefault(name, set()).update(data)
    names = sorted(name for name in members if not name.startswith(_UNTOLD))
    found = Tellable({"candidate": set()})
    for chosen in _plays(names):
        examples = [_example(name, members[name], number) for number, name in enumerate(chosen)]
        _add_facts(found, examples, vocabulary)
    _add_facts(found, _changed_pay(members), vocabulary)
    talks = _talks(members.get("contact.logged", ()))
    for name in names:
        _add_facts(found, [_example(name, members[name], 0), *talks], vocabulary)
        for variant in _variants(name, _example(name, members[name], 0)):
            _add_facts(found, [variant], vocabulary)
        _add_direct(found, name, members[name], vocabulary)
    for fields in found.fields.values():
        fields |= {name for kind in found.fields for name in set(own) & set(vocabulary[kind])}
    return found


def _plays(names: list[str]) -> Iterator[tuple[str, ...]]:
    """Which types of events follow each other."""
    yield from ((name,) for name in names)
    yield from permutations(names, 2)
    yield tuple(names)


def _example(name: str, members: Collection[str], number: int) -> dict[str, Any]:
    """An event with those members that its example has, and those that it must have."""
    required = {field.data_key or key for key, field in EVENT_SCHEMAS[name]().fields.items() if field.required}
    stated = {**EVENT_DATA[name], **MORE.get(name, {})}
    data = {key: value for key, value in stated.items() if key in members or key in required}
    sent = {"time": f"2026-03-02T14:{number:02}:00Z", "tenant": "t", "subject": SUBJECT, "data": data}
    return {**event_example(name), **sent}


def _talks(members: Collection[str]) -> list[dict[str, Any]]:
    """The candidate asks for more time, and the employer answers; nothing if no source says who spoke about what."""
    if not {"by", "purpose"} <= set(members):
        return []
    asked = _example("contact.logged", members, 58)
    answered = {**_example("contact.logged", members, 59), "id": "answered"}
    asked["data"] |= {"by": "candidate", "purpose": "deadline"}
    answered["data"] |= {"by": "employer", "purpose": "deadline"}
    return [asked, answered]


def _changed_pay(members: Mapping[str, Collection[str]]) -> list[dict[str, Any]]:
    """An offer with a pay is accepted, and states another after that; nothing if no source says all of this."""
    names = ("offer.extended", "offer.accepted", "offer.updated")
    if not all(name in members and (name == "offer.accepted" or "salary" in members[name]) for name in names):
        return []
    events = [_example(name, members[name], number) for number, name in enumerate(names)]
    events[-1]["data"]["salary"] = {"amount": "1", "currency": "EUR", "per": "year"}
    return events


def _variants(name: str, example: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The event with each value of the members that decide which fact it tells."""
    for key, declared in EVENT_SCHEMAS[name]().fields.items():
        member = declared.data_key or key
        if member in DECISIVE and member in example["data"]:
            for value in getattr(declared, "choices", ()):
                yield {**example, "data": {**example["data"], member: value}}


def _add_direct(found: Tellable, name: str, members: Collection[str], vocabulary: Vocabulary) -> None:
    """Derivations apart, a fact has the name of the member that tells it; a term of the present job, a prefix."""
    group = name.partition(".")[0]
    kind, prefix = ("candidate", "present_") if group == "employment" else (group, "")
    for one in vocabulary[kind] if kind in found.fields else ():
        if one.removeprefix(prefix).partition(".")[0] in members or one.partition(".")[0] in members:
            found.fields[kind].add(one)


def _add_facts(found: Tellable, documents: list[dict[str, Any]], vocabulary: Vocabulary) -> None:
    case = Case().fold(*(load_own_event(document) for document in documents))
    facts = facts_of(case, SUBJECT, vocabulary)
    found.add("candidate", facts.candidate.values)
    for kind, entities in facts.entities.items():
        for entity in entities:
            found.add(kind, entity.values)


def impossible_rules(rulebook: Rulebook, known: Tellable) -> dict[str, str]:
    """Rule that can never hold -> the fact for want of which it cannot, like "candidate.employed"."""
    found = {rule.id: _missing_of_rule(rule, known) for rule in rulebook.rules.values()}
    return {name: missing for name, missing in found.items() if missing}


def _missing_of_rule(rule: Rule, known: Tellable) -> str:
    if rule.about not in known.fields:
        return rule.about
    return _Search(rule, known).missing(rule.when, rule.about)


class _Search:
    """Looks for a term of one rule that cannot hold."""

    def __init__(self, rule: Rule, known: Tellable) -> None:
        self._rule, self._known = rule, known
        self._defined = {one.name: one for one in rule.defined}

    def missing(self, condition: Condition, item: str) -> str:
        """The fact for want of which a condition about a kind of entity cannot hold; "" if it can."""
        return next((missing for term in condition if (missing := self._missing(term, item))), "")

    def _missing(self, term: Term, item: str) -> str:
        if isinstance(term, AnyOf):
            lacks = [self.missing(alternative, item) for alternative in term.alternatives]
            return lacks[0] if all(lacks) else ""
        if isinstance(term, Relation):
            if term.fewer:
                return ""
            return self.missing(term.where, term.kind) if term.kind in self._known.fields else term.kind
        if isinstance(term, Known) and not term.known:
            return ""
        untold = next((missing for ref in references(term) if (missing := self._untold(ref, item))), "")
        return untold or (self._without_value(term, item) if isinstance(term, OneOf) else "")

    def _without_value(self, term: OneOf, item: str) -> str:
        """The values of a staged field of which none can be told."""
        kind = self._kind(term.ref, item)
        values = self._known.values.get((kind, term.ref.name))
        if values is None or term.ref.name not in STAGED:
            return ""
        possible = values - set(term.values) if term.negated else values & set(term.values)
        return "" if possible else f"{kind}.{term.ref.name} {' or '.join(map(str, term.values))}"

    def _untold(self, ref: Ref, item: str) -> str:
        if ref.scope == Scope.DEFINED:
            return self._undefined(self._defined[ref.name])
        kind = self._kind(ref, item)
        return "" if self._known.knows(kind, ref.name) else f"{kind}.{ref.name}"

    def _undefined(self, defined: Defined) -> str:
        """A defined value is known if one of its alternatives is."""
        missing = []
        for choice in defined.choices:
            refs = [ref for ref in _refs_in(choice.value) if ref.scope != Scope.DEFINED]
            missing.append(next((lack for ref in refs if (lack := self._untold(ref, self._rule.about))), ""))
        return missing[0] if missing and all(missing) else ""

    def _kind(self, ref: Ref, item: str) -> str:
        if ref.scope == Scope.CANDIDATE:
            return "candidate"
        return self._rule.about if ref.scope == Scope.SUBJECT else item


def _refs_in(value: Any) -> Iterator[Ref]:
    if isinstance(value, Ref):
        yield value
    elif hasattr(value, "base"):
        yield value.base
        if isinstance(value.offset, Ref):
            yield value.offset
