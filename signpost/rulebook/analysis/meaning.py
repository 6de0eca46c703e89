"""Translates the conditions of a rule to statements for `logic`: that they hold, and that they fail."""

from dataclasses import dataclass, field
from itertools import product
from typing import TypeAlias

from signpost.facts.vocabulary import Vocabulary
from signpost.rulebook.analysis.amounts import NOW, Bound
from signpost.rulebook.analysis.guarantees import EntityTerm, Var
from signpost.rulebook.analysis.logic import FALSE, TRUE, AtLeast, Either, Every, FewerThan, Statement, new_entity
from signpost.rulebook.analysis.predicates import Value, as_instant, either, known, plain, shift, unknown
from signpost.rulebook.checks import references
from signpost.rulebook.terms import AnyOf, Condition, Moment, Order, Reached, Ref, Relation, Scope, Term
from signpost.rulebook.typed_rule import Choice, Defined, Rule
from signpost.yaml_files.problems import Position

CANDIDATE = EntityTerm("candidate", "candidate")
Case: TypeAlias = tuple[Statement, Value]
_NOWHERE = Position("", 1, 1)


@dataclass(slots=True)
class Meaning:
    """The statements of one rule. `subject`: shared by all rules about one kind."""

    subject: EntityTerm
    vocabulary: Vocabulary
    defined: dict[str, Defined] = field(default_factory=dict)

    @classmethod
    def of(cls, rule: Rule) -> "Meaning":
        """The meaning of this rule's terms."""
        subject = CANDIDATE if rule.about == "candidate" else EntityTerm("this one", rule.about)
        return cls(subject, rule.vocabulary, {defined.name: defined for defined in rule.defined})

    def holds(self, condition: Condition, item: EntityTerm | None = None) -> Statement:
        """The statement that all terms hold for the subject or another entity."""
        return Every(tuple(self.term(term, True, item or self.subject) for term in condition))

    def fails(self, condition: Condition, item: EntityTerm | None = None) -> Statement:
        """The statement that some term does not hold."""
        return Either(tuple(self.term(term, False, item or self.subject) for term in condition))

    def term(self, term: Term, expected: bool, item: EntityTerm) -> Statement:
        """The statement that one term holds (`expected`), or does not."""
        if isinstance(term, AnyOf):
            parts = tuple((self.holds if expected else self.fails)(condition, item) for condition in term.alternatives)
            return Either(parts) if expected else Every(parts)
        if isinstance(term, Relation):
            return self._relation(term, expected)
        refs = list(dict.fromkeys(references(term)))
        cases = product(*(self._cases(ref, item) for ref in refs))
        return either(
            Every((*(guard for guard, _ in case), plain(term, _resolve(refs, case), expected, item))) for case in cases
        )

    def before(self, moment: Moment) -> Statement:
        """The statement that now is before a moment, or the moment is unknown."""
        cases = self.moments(moment, self.subject)
        return either(Every((guard, Either((unknown(point), Bound(NOW, point, 0, True))))) for guard, point in cases)

    def unknown(self, moment: Moment) -> Statement:
        """The statement that a moment is unknown."""
        return either(Every((guard, unknown(point))) for guard, point in self.moments(moment, self.subject))

    def passed(self, moment: Moment) -> Statement:
        """The statement that a moment is known and now is at or past it."""
        return self.term(Reached(_NOWHERE, moment, True), True, self.subject)

    def at_or_before(self, early: Moment, late: Moment) -> Statement:
        """The statement that both moments are known, and the first is not later."""
        return self.term(Order(_NOWHERE, early, "<=", late), True, self.subject)

    def moments(self, moment: Moment, item: EntityTerm) -> list[Case]:
        """The values of a moment, case by case."""
        offsets = self._cases(moment.offset, item) if isinstance(moment.offset, Ref) else [(TRUE, moment.offset)]
        return [
            (Every((guard, when)), shift(base, offset, moment))
            for guard, base in self._cases(moment.base, item)
            for when, offset in offsets
        ]

    def _relation(self, term: Relation, expected: bool) -> Statement:
        """If a relation can count the subject, the subject is counted separately."""
        enough = expected != term.fewer
        others = self._enough if enough else self._few
        if term.other or term.kind != self.subject.kind:
            return others(term, term.number)
        itself = self.holds(term.where), self.fails(term.where)
        if enough:
            return Either((others(term, term.number), Every((itself[0], others(term, term.number - 1)))))
        return Either((Every((itself[1], others(term, term.number))), others(term, term.number - 1)))

    def _enough(self, term: Relation, number: int) -> Statement:
        if number < 1:
            return TRUE
        return AtLeast(new_entity(term.kind), number, lambda entity: self.holds(term.where, entity))

    def _few(self, term: Relation, number: int) -> Statement:
        if number < 1:
            return FALSE
        return FewerThan(term.kind, number, lambda entity: self.fails(term.where, entity))

    def _cases(self, ref: Ref, item: EntityTerm) -> list[Case]:
        """The values of a reference; for a defined value, one case per alternative, the others excluded."""
        if ref.scope != Scope.DEFINED:
            entity = {Scope.ITEM: item, Scope.SUBJECT: self.subject}.get(ref.scope, CANDIDATE)
            return [(TRUE, Var.of(entity, self.vocabulary[entity.kind][ref.name]))]
        return [case for cases in self.alternatives(ref.name) for case in cases]

    def alternatives(self, name: str) -> list[list[Case]]:
        """For each alternative of a defined value, the cases in which it is used; last, the case that none is."""
        used: list[list[Case]] = []
        excluded: list[Statement] = []
        among_instants = self.defined[name].type == "instant"
        for choice in self.defined[name].choices:
            values = self._values(choice)
            when = Every((*excluded, self.holds(choice.when)))
            cases = [(Every((when, guard, known(value))), value) for guard, value in values]
            used.append([(counts, as_instant(value) if among_instants else value) for counts, value in cases])
            nothing = either(Every((guard, unknown(value))) for guard, value in values)
            excluded.append(Either((self.fails(choice.when), nothing)))
        return [*used, [(Every(tuple(excluded)), None)]]

    def _values(self, choice: Choice) -> list[Case]:
        if isinstance(choice.value, Moment):
            return self.moments(choice.value, self.subject)
        if isinstance(choice.value, Ref):
            return self._cases(choice.value, self.subject)
        return [(TRUE, choice.value)]


def _resolve(refs: list[Ref], cases: tuple[Case, ...]) -> dict[Ref, Value]:
    return {ref: value for ref, (_, value) in zip(refs, cases, strict=True)}
