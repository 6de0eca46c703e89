"""The network of questions that come before a rule's own: asked once for all rules that begin alike. Pure."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from signpost.engine.conditions import Check, check
from signpost.engine.environment import Env
from signpost.rulebook.checks import references
from signpost.rulebook.terms import AnyOf, Relation, Scope, Term, is_timed, walk

R = TypeVar("R")


@dataclass(slots=True)
class Network(Generic[R]):
    """A tree of questions: `rules` need no more than those on the way here, `further` those that ask on."""

    rules: list[R] = field(default_factory=list)
    further: list[tuple[Check, "Network[R]"]] = field(default_factory=list)

    def passed(self, env: Env) -> Iterator[R]:
        """The rules of which every question is answered with yes."""
        yield from self.rules
        for question, beyond in self.further:
            if question(env):
                yield from beyond.passed(env)


def is_shared(term: Term) -> bool:
    """Whether it means the same in every rule, at every time: neither time nor a value that a rule defines counts."""
    return not is_timed(term) and all(ref.scope != Scope.DEFINED for one in walk((term,)) for ref in references(one))


def network(rules: Iterable[tuple[R, Sequence[Term]]]) -> Network[R]:
    """The network of rules, each given with the terms that it shares: cheap questions first, then common ones."""
    all_rules = list(rules)
    common = Counter(term for _, terms in all_rules for term in dict.fromkeys(terms))
    order = {term: (_cost(term), -number, seen) for seen, (term, number) in enumerate(common.items())}
    root: Network[R] = Network()
    nodes: dict[tuple[Term, ...], Network[R]] = {(): root}
    for rule, terms in all_rules:
        way: tuple[Term, ...] = ()
        for term in sorted(set(terms), key=order.__getitem__):
            way = _step(nodes, way, term)
        nodes[way].rules.append(rule)
    return root


def _step(nodes: dict[tuple[Term, ...], Network[R]], way: tuple[Term, ...], term: Term) -> tuple[Term, ...]:
    further = (*way, term)
    if further not in nodes:
        nodes[further] = Network()
        nodes[way].further.append((check(term), nodes[further]))
    return further


def _cost(term: Term) -> int:
    """Other entities are looked at last."""
    return 2 if isinstance(term, Relation) else 1 if isinstance(term, AnyOf) else 0
