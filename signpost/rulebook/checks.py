"""Checks that need a whole rule or the whole rulebook: suppression, contradictions and the audience barrier."""

from collections.abc import Iterator

from signpost.case.vocabulary import KINDS
from signpost.rulebook.problems import Problems, meant
from signpost.rulebook.rulebook import Rulebook
from signpost.rulebook.terms import Choice, Condition, Known, Linked, Moment, Ref, Relation, Rule, Scope, Term, walk


def check_rulebook(rulebook: Rulebook, problems: Problems) -> None:
    """Report what only shows when all rules are known."""
    for rule in rulebook.rules.values():
        for name in rule.suppresses:
            target = rulebook.rules.get(name)
            if target is None:
                problems.add(
                    "R050",
                    rule.position,
                    f"{rule.id} suppresses {name!r}, which is no rule",
                    meant(name, rulebook.rules),
                )
            elif target.about != rule.about or target.audience != rule.audience:
                problems.add(
                    "R050",
                    rule.position,
                    f"{rule.id} suppresses {name}, which speaks of another subject or to another audience",
                )
        if rule.id in _suppressed_by(rule.id, rulebook):
            problems.add("R050", rule.position, f"{rule.id} suppresses itself by way of {', '.join(rule.suppresses)}")
        if rule.audience == "employer":
            _check_barrier(rule, problems)


def _suppressed_by(rule_id: str, rulebook: Rulebook) -> set[str]:
    """Every rule that this one suppresses, directly or through others."""
    reached: set[str] = set()
    to_do = [rule_id]
    while to_do:
        rule = rulebook.rules.get(to_do.pop())
        for name in rule.suppresses if rule else ():
            if name not in reached:
                reached.add(name)
                to_do.append(name)
    return reached


def _check_barrier(rule: Rule, problems: Problems) -> None:
    """An employer's rule reads nothing private and no entity that is not linked to its own subject (texts: see
    `wording`)."""
    if rule.about == "candidate":
        problems.add(
            "R060",
            rule.position,
            f"{rule.id} is about the candidate, whose case spans all employers",
            "make it about an offer or an application",
        )
    for condition in _conditions(rule):
        for term in walk(condition):
            if isinstance(term, Relation) and not any(
                isinstance(inner, Linked) and inner.how != "another" for inner in term.where
            ):
                problems.add(
                    "R060",
                    term.position,
                    f"{rule.id} looks at every {term.kind} of the candidate",
                    "add `for: this one` or `employer: same` to the relation",
                )
            if isinstance(term, Linked) and term.how == "another":
                problems.add("R060", term.position, f"{rule.id} looks at another employer")
            kind = _kind_of(term, rule)
            for ref in references(term):
                _check_reference(rule, ref, term, kind, problems)
    for moment in (rule.due, rule.valid):
        if moment is not None and moment.base.scope == Scope.CANDIDATE:
            problems.add("R060", rule.position, f"{rule.id} takes a time from what the candidate said in private")


def _check_reference(rule: Rule, ref: Ref, term: Term, kind: str, problems: Problems) -> None:
    if ref.scope == Scope.CANDIDATE:
        problems.add("R060", term.position, f"{rule.id} reads the candidate's {ref.name}")
    elif ref.scope in (Scope.ITEM, Scope.SUBJECT):
        field = KINDS[rule.about if ref.scope == Scope.SUBJECT else kind].get(ref.name)
        if field is not None and field.private:
            problems.add("R060", term.position, f"{rule.id} reads {ref.name}, which the candidate said in private")


def _kind_of(term: Term, rule: Rule) -> str:
    """The kind whose field an ITEM reference of this term means."""
    for condition in _conditions(rule):
        for relation in walk(condition):
            if isinstance(relation, Relation) and any(inner is term for inner in walk(relation.where)):
                return relation.kind
    return rule.about


def _conditions(rule: Rule) -> Iterator[Condition]:
    yield rule.when
    for level in rule.levels:
        yield level.when
    for defined in rule.defined:
        for choice in defined.choices:
            yield choice.when
            yield from _references_of_choice(choice, rule)


def _references_of_choice(choice: Choice, rule: Rule) -> Iterator[Condition]:

    if isinstance(choice.value, Ref):
        yield (Known(rule.position, choice.value, True),)
    elif isinstance(choice.value, Moment):
        yield (Known(rule.position, choice.value.base, True),)


def references(term: Term) -> Iterator[Ref]:
    """Every field that a term reads itself (not those inside its relations or alternatives)."""
    for name in ("ref", "other", "operand"):
        value = getattr(term, name, None)
        if isinstance(value, Ref):
            yield value
    for name in ("moment", "left", "right"):
        moment = getattr(term, name, None)
        if isinstance(moment, Moment):
            yield moment.base
            if isinstance(moment.offset, Ref):
                yield moment.offset
