"""How rules end: the life of entities as terms, and the ends of a rule. Pure."""

from collections.abc import Iterator

from signpost.facts.life import LIVE_STAGES, OVER, OVER_TO_EMPLOYER
from signpost.rulebook.printing import moment_phrase
from signpost.rulebook.terms import AnyOf, Condition, Moment, OneOf, Reached, Ref, Relation, Scope, Term
from signpost.rulebook.typed_rule import Rule
from signpost.rulebook.values import Names
from signpost.yaml_files.problems import Position


def with_life(condition: Condition, kind: str, names: Names, where: Position) -> Condition:
    """The condition of a rule about a kind, limited to the life of its subject unless the rule says itself how long."""
    if kind not in LIVE_STAGES or any(map(_limits_life, condition)):
        return condition
    return (*condition, _is_alive(names, where))


def _limits_life(term: Term) -> bool:
    alternatives = term.alternatives if isinstance(term, AnyOf) else ((term,),)
    return any(is_life(one) for alternative in alternatives for one in alternative)


def limited_to_life(condition: Condition, kind: str, names: Names) -> Condition:
    """The condition of a relation: an entity is in a live stage only until it is over."""
    live = next((term for term in condition if _asks_for_life(term, kind)), None)
    if live is not None:
        return (*condition, _is_alive(names, live.position))
    return tuple(_limited_alternatives(term, kind, names) if isinstance(term, AnyOf) else term for term in condition)


def _limited_alternatives(term: AnyOf, kind: str, names: Names) -> AnyOf:
    return AnyOf(term.position, tuple(limited_to_life(one, kind, names) for one in term.alternatives))


def _asks_for_life(term: Term, kind: str) -> bool:
    if isinstance(term, Reached) and term.is_upcoming:
        return term.moment.base.scope == Scope.ITEM
    if not isinstance(term, OneOf) or term.negated or term.ref.scope != Scope.ITEM:
        return False
    if term.ref.name == "stage":
        return set(term.values) <= set(LIVE_STAGES.get(kind, ()))
    return (kind, term.ref.name, term.values) == ("offer", "ended", (False,))


def _is_alive(names: Names, where: Position) -> Reached:
    over = OVER_TO_EMPLOYER if names.audience == "employer" else OVER
    return Reached(where, Moment(Ref(Scope.ITEM, over, "instant"), end=True), False)


def is_life(term: Term) -> bool:
    """Whether a term says that an entity is not over by time alone; authors need not write it."""
    return (
        isinstance(term, Reached)
        and not term.reached
        and term.moment.base.name in (OVER, OVER_TO_EMPLOYER)
        and term.moment == Moment(term.moment.base, end=True)
    )


def ends_of(rule: Rule) -> list[str]:
    """How time alone ends a rule although all facts stay as they are; empty if it never does."""
    valid = [f"until {moment_phrase(rule.valid)}"] if rule.valid is not None else []
    return [*valid, *ends(rule.when, rule.about)]


def ends(condition: Condition, kind: str) -> list[str]:
    """As `ends_of`, for a condition on an entity of a kind, without a validity."""
    return list(dict.fromkeys(_ends(condition, f"the {kind}")))


def _ends(condition: Condition, what: str) -> Iterator[str]:
    for term in condition:
        if is_life(term):
            yield f"until {what} is over"
        elif isinstance(term, Reached) and not term.reached:
            yield "until the interview begins" if term.is_upcoming else f"until {moment_phrase(term.moment)}"
        elif isinstance(term, Relation) and not term.fewer:
            yield from _ends(term.where, f"the {'other ' if term.other else ''}{term.kind}")
        elif isinstance(term, AnyOf):
            alternatives = [list(_ends(one, what)) for one in term.alternatives]
            if all(alternatives):
                yield " or ".join(dict.fromkeys(each[0] for each in alternatives))
