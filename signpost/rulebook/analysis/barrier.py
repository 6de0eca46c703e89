"""The audience barrier: an employer's rule reads only what that employer knows. `shapes` does the same for texts."""

from signpost.facts.vocabulary import Vocabulary
from signpost.rulebook.analysis.guarantees import ALWAYS_KNOWN, UNKNOWN, EntityTerm, Is, Var
from signpost.rulebook.analysis.logic import Every, Statement, is_possible, new_entity
from signpost.rulebook.analysis.meaning import Meaning
from signpost.rulebook.checks import Read, conditions, reads
from signpost.rulebook.rulebook import Rulebook
from signpost.rulebook.terms import AnyOf, Condition, Linked, Relation, Scope
from signpost.rulebook.typed_rule import Rule
from signpost.yaml_files.problems import Problems

MAYBE_PRIVATE_KINDS = ("offer", "interview")
"""Kinds of entities that can be known only from plans or preparations of the candidate."""
LINKS = ("employer", "employer_name", "employer_time_zone", "application")
"""Fields that events about such plans can state too."""


def check_barriers(rulebook: Rulebook, problems: Problems) -> None:
    """Report where an employer's rule could depend on what that employer does not know."""
    for rule in rulebook.rules.values():
        if rule.audience == "employer":
            before = len(problems.found)
            _check_barrier(rule, problems)
            if len(problems.found) > before:
                problems.rules.add(rule.id)


def _check_barrier(rule: Rule, problems: Problems) -> None:
    if rule.about == "candidate":
        message = f"{rule.id} {_IS_FOR} about the candidate, whose case spans all employers"
        problems.add("R060", rule.position, message, "make it about an offer, an interview or an application")
    if rule.attaches:
        message = f"{rule.id} {_IS_FOR} attaches a comparison made from the candidate's preferences"
        problems.add(
            "R060", rule.places["attaches"], message, "remove attaches: only candidates can be sent a comparison"
        )
    for read in reads(rule):
        _check_read(rule, read, problems)
    for condition in conditions(rule):
        _check_relations(rule, condition, problems)
    if rule.about in MAYBE_PRIVATE_KINDS and rule.id not in problems.rules:
        meaning = Meaning.of(rule)
        if is_possible(meaning.holds(rule.when), _is_private(meaning.subject, rule.vocabulary)):
            problems.add(
                "R060", rule.places["when"], f"{rule.id} {_IS_FOR} can hold for {_only_planned(rule.about)}", _HINT
            )


_IS_FOR = "is for employers but"
_HINT = "require a field that the employer knows, for example stage: known"
_UNKNOWN_HINT = "remove it, or make the rule one for candidates: remove audience: employer"


def _only_planned(kind: str) -> str:
    return f"an {kind} that is known only from the candidate's plans or preparations"


def _check_read(rule: Rule, read: Read, problems: Problems) -> None:
    name, scope = read.ref.name, read.ref.scope
    if scope == Scope.CANDIDATE:
        message = f"{rule.id} {_IS_FOR} reads the candidate's {name}, which no employer knows"
        problems.add("R060", read.position, message, _UNKNOWN_HINT)
    elif scope != Scope.DEFINED:
        field = rule.vocabulary[rule.about if scope == Scope.SUBJECT else read.kind].get(name)
        if field is not None and field.private:
            message = f"{rule.id} {_IS_FOR} reads {name}, which is private to the candidate"
            problems.add("R060", read.position, message, _UNKNOWN_HINT)


def _check_relations(rule: Rule, condition: Condition, problems: Problems) -> None:
    for term in condition:
        if isinstance(term, AnyOf):
            for alternative in term.alternatives:
                _check_relations(rule, alternative, problems)
        elif isinstance(term, Relation):
            _check_relation(rule, term, problems)


def _check_relation(rule: Rule, term: Relation, problems: Problems) -> None:
    if _is_about_another_employer(term.where):
        message = f"{rule.id} {_IS_FOR} reads {term.kind}s at another employer (`employer: another`)"
        problems.add("R060", term.position, message, "write `employer: same`, or remove the relation")
    elif not _is_linked(term.where):
        message = f"{rule.id} {_IS_FOR} reads every {term.kind} of the candidate, at other employers too"
        problems.add("R060", term.position, message, "add `for: this one` or `employer: same` to the relation")
    elif term.kind in MAYBE_PRIVATE_KINDS and rule.id not in problems.rules:
        item = new_entity(term.kind)
        if is_possible(Meaning.of(rule).holds(term.where, item), _is_private(item, rule.vocabulary)):
            problems.add("R060", term.position, f"{rule.id} {_IS_FOR} counts {_only_planned(term.kind)}", _HINT)


def _is_linked(condition: Condition) -> bool:
    """Whether the condition limits entities to the subject's employer."""
    return any(
        isinstance(term, Linked) or (isinstance(term, AnyOf) and all(map(_is_linked, term.alternatives)))
        for term in condition
    )


def _is_about_another_employer(condition: Condition) -> bool:
    return any(
        (isinstance(term, Linked) and term.how == "another")
        or (isinstance(term, AnyOf) and any(map(_is_about_another_employer, term.alternatives)))
        for term in condition
    )


def _is_private(entity: EntityTerm, vocabulary: Vocabulary) -> Statement:
    """The statement that everything known of an entity can be private to the candidate."""
    ignored = (*LINKS, *ALWAYS_KNOWN.get(entity.kind, ()))
    public = [field for field in vocabulary[entity.kind].values() if not field.private and field.name not in ignored]
    return Every(tuple(Is(Var.of(entity, field), frozenset((UNKNOWN,))) for field in public))
