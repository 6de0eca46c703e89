"""The audience barrier: an employer's rule reads nothing that this employer does not know. (Texts: see `shapes`.)"""

from collections.abc import Iterator
from dataclasses import dataclass

from signpost.case.vocabulary import KINDS
from signpost.rulebook.checks import references
from signpost.rulebook.guarantees import ALWAYS_KNOWN, UNKNOWN, Entity, Is, Var
from signpost.rulebook.logic import Every, Statement, is_possible, somebody
from signpost.rulebook.meaning import Meaning
from signpost.rulebook.problems import Problems
from signpost.rulebook.rulebook import Rulebook
from signpost.rulebook.terms import AnyOf, Condition, Linked, Moment, Position, Ref, Relation, Rule, Scope

TOLD_IN_PRIVATE = ("offer", "interview")
"""Kinds that may be in a case only because the candidate told of plans or preparations."""
LINKS = ("employer", "employer_name", "application")
"""Fields that such an event may tell of an entity along with its plans."""


@dataclass(frozen=True, slots=True)
class Read:
    """A field that a rule reads, of which kind of entity its own fields are there, and where."""

    ref: Ref
    kind: str
    position: Position


def check_barriers(rulebook: Rulebook, problems: Problems) -> None:
    """Report every way in which an employer's rule could depend on what that employer does not know."""
    for rule in rulebook.rules.values():
        if rule.audience == "employer":
            _check_barrier(rule, problems)


def _check_barrier(rule: Rule, problems: Problems) -> None:
    if rule.about == "candidate":
        message = f"{rule.id} is about the candidate, whose case spans all employers"
        problems.add("R060", rule.position, message, "make it about an offer or an application")
    if rule.attaches:
        message = f"{rule.id} attaches what is made from the candidate's preferences"
        problems.add("R060", rule.places["attaches"], message, "only candidates can be sent a comparison")
    for read in _reads(rule):
        _check_read(rule, read, problems)
    for condition in _conditions(rule):
        _check_relations(rule, condition, problems)
    if rule.about in TOLD_IN_PRIVATE and rule.id not in problems.rules:
        meaning = Meaning.of(rule)
        if is_possible(meaning.holds(rule.when), _is_private(meaning.subject)):
            problems.add("R060", rule.places["when"], f"{rule.id} may speak of {_only_planned(rule.about)}", _ASK)


_ASK = "ask for something that the employer knows: stage: known"


def _only_planned(kind: str) -> str:
    return f"an {kind} of which only the candidate's plans or preparations tell"


def _check_read(rule: Rule, read: Read, problems: Problems) -> None:
    name, scope = read.ref.name, read.ref.scope
    if scope == Scope.CANDIDATE:
        problems.add("R060", read.position, f"{rule.id} reads the candidate's {name}")
    elif scope != Scope.DEFINED:
        field = KINDS[rule.about if scope == Scope.SUBJECT else read.kind].get(name)
        if field is not None and field.private:
            problems.add("R060", read.position, f"{rule.id} reads {name}, which the candidate said in private")


def _check_relations(rule: Rule, condition: Condition, problems: Problems) -> None:
    for term in condition:
        if isinstance(term, AnyOf):
            for alternative in term.alternatives:
                _check_relations(rule, alternative, problems)
        elif isinstance(term, Relation):
            _check_relation(rule, term, problems)


def _check_relation(rule: Rule, term: Relation, problems: Problems) -> None:
    if _looks_elsewhere(term.where):
        problems.add("R060", term.position, f"{rule.id} looks at another employer")
    elif not _is_linked(term.where):
        message = f"{rule.id} looks at every {term.kind} of the candidate"
        problems.add("R060", term.position, message, "add `for: this one` or `employer: same` to the relation")
    elif term.kind in TOLD_IN_PRIVATE and rule.id not in problems.rules:
        item = somebody(term.kind)
        if is_possible(Meaning.of(rule).holds(term.where, item), _is_private(item)):
            problems.add("R060", term.position, f"{rule.id} counts {_only_planned(term.kind)}", _ASK)


def _is_linked(condition: Condition) -> bool:
    """Whether all that is so belongs to the subject's employer."""
    return any(
        isinstance(term, Linked) or (isinstance(term, AnyOf) and all(map(_is_linked, term.alternatives)))
        for term in condition
    )


def _looks_elsewhere(condition: Condition) -> bool:
    return any(
        (isinstance(term, Linked) and term.how == "another")
        or (isinstance(term, AnyOf) and any(map(_looks_elsewhere, term.alternatives)))
        for term in condition
    )


def _is_private(entity: Entity) -> Statement:
    """That nothing is known of an entity but what the candidate may have told in private."""
    said = (*LINKS, *ALWAYS_KNOWN.get(entity.kind, ()))
    public = [field for field in KINDS[entity.kind].values() if not field.private and field.name not in said]
    return Every(tuple(Is(Var(entity, field.name, field.type), frozenset((UNKNOWN,))) for field in public))


def _reads(rule: Rule) -> Iterator[Read]:
    for condition in _conditions(rule):
        yield from _reads_of(condition, rule.about)
    for name, moment in (("due", rule.due), ("valid", rule.valid)):
        for ref in _references(moment):
            yield Read(ref, rule.about, rule.places[name])
    for defined in rule.defined:
        for choice in defined.choices:
            for ref in _references(choice.value):
                yield Read(ref, rule.about, rule.places[f"define.{defined.name}"])


def _conditions(rule: Rule) -> Iterator[Condition]:
    yield rule.when
    for level in rule.levels:
        yield level.when
    for defined in rule.defined:
        for choice in defined.choices:
            yield choice.when


def _reads_of(condition: Condition, kind: str) -> Iterator[Read]:
    for term in condition:
        for ref in references(term):
            yield Read(ref, kind, term.position)
        if isinstance(term, Relation):
            yield from _reads_of(term.where, term.kind)
        elif isinstance(term, AnyOf):
            for alternative in term.alternatives:
                yield from _reads_of(alternative, kind)


def _references(value: object) -> Iterator[Ref]:
    """The fields that a defined value, a due time or a validity reads."""
    if isinstance(value, Ref):
        yield value
    elif isinstance(value, Moment):
        yield value.base
        yield from _references(value.offset)
