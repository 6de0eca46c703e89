"""The audience barrier: an employer's rule reads nothing that this employer does not know. (Texts: see `shapes`.)"""

from signpost.facts.vocabulary import Vocabulary
from signpost.rulebook.analysis.guarantees import ALWAYS_KNOWN, UNKNOWN, EntityTerm, Is, Var
from signpost.rulebook.analysis.logic import Every, Statement, is_possible, somebody
from signpost.rulebook.analysis.meaning import Meaning
from signpost.rulebook.checks import Read, conditions, reads
from signpost.rulebook.rulebook import Rulebook
from signpost.rulebook.terms import AnyOf, Condition, Linked, Relation, Rule, Scope
from signpost.yaml_files.problems import Problems

TOLD_IN_PRIVATE = ("offer", "interview")
"""Kinds that may be in a case only because the candidate told of plans or preparations."""
LINKS = ("employer", "employer_name", "application")
"""Fields that such an event may tell of an entity along with its plans."""


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
    for read in reads(rule):
        _check_read(rule, read, problems)
    for condition in conditions(rule):
        _check_relations(rule, condition, problems)
    if rule.about in TOLD_IN_PRIVATE and rule.id not in problems.rules:
        meaning = Meaning.of(rule)
        if is_possible(meaning.holds(rule.when), _is_private(meaning.subject, rule.vocabulary)):
            problems.add("R060", rule.places["when"], f"{rule.id} may speak of {_only_planned(rule.about)}", _ASK)


_ASK = "ask for something that the employer knows: stage: known"


def _only_planned(kind: str) -> str:
    return f"an {kind} of which only the candidate's plans or preparations tell"


def _check_read(rule: Rule, read: Read, problems: Problems) -> None:
    name, scope = read.ref.name, read.ref.scope
    if scope == Scope.CANDIDATE:
        problems.add("R060", read.position, f"{rule.id} reads the candidate's {name}")
    elif scope != Scope.DEFINED:
        field = rule.vocabulary[rule.about if scope == Scope.SUBJECT else read.kind].get(name)
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
        if is_possible(Meaning.of(rule).holds(term.where, item), _is_private(item, rule.vocabulary)):
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


def _is_private(entity: EntityTerm, vocabulary: Vocabulary) -> Statement:
    """That nothing is known of an entity but what the candidate may have told in private."""
    said = (*LINKS, *ALWAYS_KNOWN.get(entity.kind, ()))
    public = [field for field in vocabulary[entity.kind].values() if not field.private and field.name not in said]
    return Every(tuple(Is(Var.of(entity, field), frozenset((UNKNOWN,))) for field in public))
