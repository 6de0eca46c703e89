"""Lists the facts that a rule's answer depends on, each with the values worth trying. Pure."""

from collections.abc import Iterator
from datetime import date
from typing import Any, TypeAlias

from signpost.engine.environment import Env
from signpost.explain.values import DAYS, around, before, entity_of, far_side, target, values_for
from signpost.explain.visibility import link_refs, seen_items
from signpost.facts.facts import Entity
from signpost.facts.vocabulary import KINDS
from signpost.rulebook.checks import references
from signpost.rulebook.ends import is_life
from signpost.rulebook.terms import AnyOf, Condition, Linked, Moment, Ref, Relation, Scope, Term
from signpost.rulebook.typed_rule import Defined, Rule

Try: TypeAlias = tuple[Entity, Ref, list[Any]]
"""(entity, field, values to try); None makes the field unknown."""


def tries(rule: Rule, env: Env, now: int) -> Iterator[Try]:
    """All tries for a rule about the subject of an environment."""
    return _Tries(rule, env, now).all()


def tries_of(term: Term, rule: Rule, env: Env, now: int) -> Iterator[Try]:
    """The tries for one condition of a rule."""
    return _Tries(rule, env, now).of_condition((term,))


class _Tries:
    def __init__(self, rule: Rule, env: Env, now: int) -> None:
        self.rule, self.env, self.now = rule, env, now
        self.defined = {defined.name: defined for defined in rule.defined}

    def all(self) -> Iterator[Try]:
        yield from self.of_condition(self.rule.when)
        if self.rule.valid is not None:
            yield from self._of_moment(self.rule.valid, self.now)

    def of_condition(self, condition: Condition) -> Iterator[Try]:
        for term in condition:
            if isinstance(term, AnyOf):
                for alternative in term.alternatives:
                    yield from self.of_condition(alternative)
            elif isinstance(term, Relation):
                yield from self._of_relation(term)
            elif isinstance(term, Linked):
                yield from self._of_link(term)
            elif not is_life(term):  # it follows from other facts
                yield from self._of_term(term)

    def _of_relation(self, term: Relation) -> Iterator[Try]:
        outer = self.env.item
        for item in seen_items(self.rule, term, self.env):
            self.env.item = item
            yield from self.of_condition(term.where)
        self.env.item = outer

    def _of_link(self, term: Linked) -> Iterator[Try]:
        item, subject = self.env.item, self.env.subject
        names = [ref.name for ref in link_refs(term, self.env)]
        if item.kind == "contact" and subject.kind == "offer":
            names.append("offer")
        for name in dict.fromkeys(names):
            for one, other in ((item, subject), (subject, item)):
                if name in KINDS[one.kind]:
                    theirs = other.id if name == other.kind else other.values.get(name)
                    yield one, Ref(Scope.ITEM, name, "text"), _link_values(one.values.get(name), theirs)

    def _of_term(self, term: Term) -> Iterator[Try]:
        for ref in references(term):
            if ref.scope == Scope.DEFINED:
                values = values_for(term, ref, self.env, self.now)
                yield from self._behind(self.defined[ref.name], target(term, ref, self.env, self.now), values)
            else:
                yield entity_of(ref, self.env), ref, [None, *values_for(term, ref, self.env, self.now)]

    def _behind(self, defined: Defined, instant: int | None, values: list[Any]) -> Iterator[Try]:
        """Tries for the facts behind a defined value, to move it to an instant or to values of its type."""
        outer, self.env.item = self.env.item, self.env.subject
        for choice in defined.choices:
            yield from self.of_condition(choice.when)
            if isinstance(choice.value, Moment):
                yield from self._of_moment(choice.value, instant)
            elif isinstance(choice.value, Ref):
                yield from self._of_value(choice.value, instant, values)
        self.env.item = outer

    def _of_value(self, ref: Ref, instant: int | None, values: list[Any]) -> Iterator[Try]:
        if ref.scope == Scope.DEFINED:
            yield from self._behind(self.defined[ref.name], instant, values)
        else:
            fitting = [value for value in values if isinstance(value, date) == (ref.type == "date")]
            near = around(ref, instant, self.env) if ref.type in ("date", "instant") else []
            yield entity_of(ref, self.env), ref, [None, *(near or fitting)]

    def _of_moment(self, moment: Moment, instant: int | None) -> Iterator[Try]:
        """Tries for the facts behind a moment, to move it to an instant."""
        start = before(moment, instant, self.env)
        if moment.base.scope == Scope.DEFINED:
            yield from self._behind(self.defined[moment.base.name], start, [])
        else:
            yield entity_of(moment.base, self.env), moment.base, [None, *around(moment.base, start, self.env)]
        if isinstance(moment.offset, Ref):
            yield from self._of_value(moment.offset, None, DAYS)


def _link_values(ours: Any, theirs: Any) -> list[Any]:
    """Values that link one entity to another, and values that do not."""
    return [None, far_side(ours)] if theirs is None else [None, theirs, far_side(theirs)]
