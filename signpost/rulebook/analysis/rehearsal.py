"""Renders texts with sample facts, each of them known, unknown and changed, and reports texts that fail, are empty or
too long. Facts that the rule's conditions exclude do not count."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

from signpost.case.money import Money
from signpost.facts.vocabulary import Field
from signpost.rulebook.analysis.guarantees import UNKNOWN, EntityTerm, Is, Var
from signpost.rulebook.analysis.logic import TRUE, AtLeast, Every, Inside, Statement, is_possible, new_entity
from signpost.rulebook.analysis.meaning import CANDIDATE, Meaning
from signpost.rulebook.conditions import relations_of
from signpost.rulebook.shapes import Many, ObjectShape, Plain, Shape, variables
from signpost.rulebook.templates import names_in
from signpost.rulebook.terms import Relation
from signpost.rulebook.texts import render, show
from signpost.rulebook.typed_rule import Rule
from signpost.rulebook.wording import MAX_TITLE_LENGTH
from signpost.yaml_files.problems import Position, Problems

LONG_NAME = "Brandenburg Water Holding AG"
_WHEN = datetime(2026, 9, 30, 17, 0, tzinfo=ZoneInfo("UTC"))
_PAY = {"amount": "95000", "currency": "USD", "per": "year"}
_VALUES: Mapping[str, Any] = {
    "money": Money("95000", "USD", "year"),
    "number": 45,
    "days": 30,
    "boolean": True,
    "instant": _WHEN,
    "date": date(2026, 9, 30),
    "object": {"city": "Frankfurt (Oder)", "region": "Brandenburg", "country": "DE"},
    "range": {"low": _PAY, "high": _PAY},
}
_MISSING = object()
Facts: TypeAlias = dict[str, Any]
_CAN_BE_EMPTY = ("step", "opening", "question", "body")
"""Texts that are left out where they are empty."""


@dataclass(frozen=True, slots=True)
class Variant:
    """One changed fact: its name in texts, its value or _MISSING, and the statement that it has this value."""

    name: str
    value: Any
    statement: Statement

    def __str__(self) -> str:
        return f"{self.name} is {'unknown' if self.value is _MISSING else show(self.value) or 'empty'}"


def check_rehearsal(rule: Rule, problems: Problems) -> None:
    """Report texts that fail or are empty with facts that the rule allows; warn of long titles."""
    _Rehearsal(rule, problems).run()


class _Rehearsal:
    def __init__(self, rule: Rule, problems: Problems) -> None:
        self.rule, self.problems, self.meaning = rule, problems, Meaning.of(rule)
        self.facts: Facts = {name: _sample(name, shape) for name, shape in variables(rule).items()}
        self.facts["params"] = {name: _parameter(value) for name, value in rule.params.items()}

    def run(self) -> None:
        for what, where, source in self._texts():
            for variants in self._variant_sets(source):
                if not self._check_text(what, where, source, variants):
                    break

    def _texts(self) -> Iterator[tuple[str, Position, str]]:
        texts, places = self.rule.texts, self.rule.places
        yield "title", places["title"], texts.title
        yield "message", places["message"], texts.message
        for number, step in enumerate(texts.steps, 1):
            yield f"step {number}", places["steps"], step
        if texts.item:
            yield "item", places["item"], texts.item
        if texts.opening:
            yield "opening", places["opening"], texts.opening
        for number, question in enumerate(texts.questions, 1):
            yield f"question {number}", places["question"], question
        for draft in texts.drafts:
            yield f"title of {draft.name}", places[f"drafts.{draft.name}"], draft.title
            yield f"body of {draft.name}", places[f"drafts.{draft.name}"], draft.body

    def _variant_sets(self, source: str) -> Iterator[list[Variant]]:
        """All facts known; then each variant of one fact; then all facts unknown."""
        variants = [variant for name in sorted(names_in(source)) for variant in self._variants(name)]
        yield []
        yield from ([variant] for variant in variants)
        yield [variant for variant in variants if variant.value is _MISSING]

    def _check_text(self, what: str, where: Position, source: str, variants: list[Variant]) -> bool:
        facts = self.facts
        for variant in variants:
            facts = _with_variant(facts, variant)
        try:
            text, error = render(source, facts), None
        except Exception as failure:  # whatever an author's expression can raise
            text, error = "", str(failure)
        if error is None and (text or what.startswith(_CAN_BE_EMPTY)):
            return self._check_length(what, where, text)
        if not is_possible(self.meaning.holds(self.rule.when), *(variant.statement for variant in variants)):
            return True
        case = f" where {' and '.join(map(str, variants))}" if variants else ""
        problem = f"fails{case}: {error}" if error else f"is empty{case}"
        self.problems.add("R044", where, f"the {what} {problem}", "handle this case with {% if %}")
        return False

    def _check_length(self, what: str, where: Position, text: str) -> bool:
        if what != "title" or len(text) <= MAX_TITLE_LENGTH:
            return True
        message = f"the title has {len(text)} characters with long names, at most {MAX_TITLE_LENGTH}: {text}"
        self.problems.add("R045", where, message, "shorten it")
        return False

    def _variants(self, name: str) -> Iterator[Variant]:
        """The other values of a fact that a text names."""
        owner, _, leaf = name.rpartition(".")
        if name == "priority":
            yield from (Variant(name, level.priority, TRUE) for level in self.rule.levels)
        for entity, exists in self._entities(owner):
            field = self.rule.vocabulary[entity.kind].get(leaf)
            for value, statement in _other_values(entity, field) if field else ():
                yield Variant(name, value, Every((exists, statement)))
        for relation in relations_of(self.rule.when):
            if relation.name == name:
                yield Variant(name, _MISSING, self.meaning.term(relation, False, self.meaning.subject))
        if any(defined.name == name for defined in self.rule.defined):
            [(nothing, _)] = self.meaning.alternatives(name)[-1]
            yield Variant(name, _MISSING, nothing)

    def _entities(self, owner: str) -> Iterator[tuple[EntityTerm, Statement]]:
        """The entities that own a field, and the statement that each exists."""
        if owner == "":
            yield self.meaning.subject, TRUE
        elif owner == "candidate":
            yield CANDIDATE, TRUE
        for relation in relations_of(self.rule.when):
            if relation.name == owner and (relation.other or relation.kind != self.rule.about):
                other = new_entity(relation.kind)
                yield other, AtLeast(other, 1, self._condition_of(relation))

    def _condition_of(self, relation: Relation) -> Any:
        return lambda entity: self.meaning.holds(relation.where, entity)


def _other_values(entity: EntityTerm, field: Field) -> Iterator[tuple[Any, Statement]]:
    var = Var.of(entity, field)
    yield _MISSING, Is(var, frozenset((UNKNOWN,)))
    for value in (False,) if field.type == "boolean" else field.choices if field.type == "choice" else ():
        yield value, Is(var, frozenset((value,)))
    if field.type in ("choices", "texts"):
        yield [], Every((Is(var, frozenset((UNKNOWN,)), False), Inside(var, frozenset())))


def _with_variant(facts: Facts, variant: Variant) -> Facts:
    """The facts with one variant applied; an employer always has a name."""
    owner, _, leaf = variant.name.rpartition(".")
    if owner and owner not in facts:
        return facts
    holder = dict(facts[owner] if owner else facts)
    if variant.value is not _MISSING:
        holder[leaf] = variant.value
    elif leaf == "employer":
        holder[leaf] = "the employer"
    else:
        holder.pop(leaf, None)
    return {**facts, owner: holder} if owner else holder


def _sample(name: str, shape: Shape) -> Any:
    """A value that fits, with long names."""
    if isinstance(shape, Many):
        return [_sample(name, shape.item)] * 2
    if isinstance(shape, ObjectShape):
        return {leaf: _sample(leaf, inner) for leaf, inner in shape.fields.items()}
    return LONG_NAME if "employer" in name else _plain(shape)


def _plain(shape: Plain) -> Any:
    return _VALUES.get(shape.type, "some_words")


def _parameter(value: Any) -> Any:
    return value if isinstance(value, int | float) else "14 days"
