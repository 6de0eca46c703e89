"""A network of checks that rules share: each check runs once for all rules that start with it. Pure."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Generic, TypeVar

from signpost.engine.conditions import Check, check
from signpost.engine.environment import Env
from signpost.rulebook.checks import references
from signpost.rulebook.terms import AnyOf, Condition, Relation, Scope, Term, is_timed, walk

R = TypeVar("R")


@dataclass(slots=True)
class Network(Generic[R]):
    """A tree of checks: `rules` need only the checks on the path to this node; `further` leads to more checks."""

    rules: list[R] = field(default_factory=list)
    further: list[tuple[Check, "Network[R]"]] = field(default_factory=list)

    def passing_rules(self, env: Env) -> list[R]:
        """Return the rules whose shared checks all pass."""
        found = list(self.rules)
        for passes, node in self.further:
            if passes(env):
                if node.further:
                    found += node.passing_rules(env)
                else:
                    found += node.rules
        return found


def is_shared(term: Term) -> bool:
    """Return whether a term means the same in every rule at every time: it uses neither time nor a defined value."""
    return not is_timed(term) and all(
        ref.scope != Scope.DEFINED for inner in walk((term,)) for ref in references(inner)
    )


def shared_checks(condition: Condition) -> list[Term]:
    """The terms of a rule that several rules can share: those that `is_shared`, and of a relation that time can change
    the part that it cannot, which must hold too."""
    found: list[Term] = []
    for term in condition:
        if is_shared(term):
            found.append(term)
        elif isinstance(term, Relation) and not term.fewer:
            found.append(replace(term, where=tuple(filter(is_shared, term.where))))
    return found


def build_network(rules: Iterable[tuple[R, Sequence[Term]]]) -> Network[R]:
    """Build the network of (rule, shared terms): cheap checks first, then common ones."""
    all_rules = list(rules)
    common = Counter(term for _, terms in all_rules for term in dict.fromkeys(terms))
    order = {term: (_cost(term), -number, seen) for seen, (term, number) in enumerate(common.items())}
    root: Network[R] = Network()
    nodes: dict[tuple[Term, ...], Network[R]] = {(): root}
    for rule, terms in all_rules:
        path: tuple[Term, ...] = ()
        for term in sorted(set(terms), key=order.__getitem__):
            path = _step(nodes, path, term)
        nodes[path].rules.append(rule)
    return root


def _step(nodes: dict[tuple[Term, ...], Network[R]], path: tuple[Term, ...], term: Term) -> tuple[Term, ...]:
    further = (*path, term)
    if further not in nodes:
        nodes[further] = Network()
        nodes[path].further.append((check(term), nodes[further]))
    return further


def _cost(term: Term) -> int:
    """Return the rank of a term: checks of other entities run last."""
    return 2 if isinstance(term, Relation) else 1 if isinstance(term, AnyOf) else 0
