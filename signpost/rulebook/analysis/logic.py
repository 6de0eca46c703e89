"""Whether statements about one moment of one case can hold together: a small decision procedure over known and
unknown values, sets of words, amounts and times. Sound: what it calls impossible never happens. It may miss one."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Any, TypeAlias

from signpost.rulebook.analysis.amounts import Bound, Node, are_consistent
from signpost.rulebook.analysis.guarantees import EntityTerm, Is, Var, guarantees, universe

MOST_BRANCHES = 4000
"""Beyond so many cases it gives up, and calls the statements possible."""


@dataclass(frozen=True, slots=True)
class Inside:
    """Everything in a list is among these words."""

    var: Var
    words: frozenset[str]


@dataclass(frozen=True, slots=True)
class Meets:
    """Something in a list is among these words."""

    var: Var
    words: frozenset[str]


@dataclass(frozen=True, slots=True)
class Equal:
    """Two known values say the same, or differ."""

    left: Var
    right: Var
    same: bool


@dataclass(frozen=True, slots=True)
class Comparable:
    """Two amounts of money are in one currency, or cannot be compared."""

    left: Var
    right: Var
    same: bool


@dataclass(frozen=True, slots=True)
class Every:
    """All of these."""

    parts: "tuple[Statement, ...]" = ()


@dataclass(frozen=True, slots=True)
class Either:
    """At least one of these."""

    parts: "tuple[Statement, ...]" = ()


@dataclass(frozen=True, slots=True)
class Somebody:
    """At least `number` entities of a kind, none of them the subject, are so; `entity` stands for one of them."""

    entity: EntityTerm
    number: int
    so: "Callable[[EntityTerm], Statement]"


@dataclass(frozen=True, slots=True)
class Nobody:
    """Fewer than `number` entities of a kind, the subject left out, are so; `not_so` says of one that it is not."""

    kind: str
    number: int
    not_so: "Callable[[EntityTerm], Statement]"


Statement: TypeAlias = Is | Bound | Inside | Meets | Equal | Comparable | Every | Either | Somebody | Nobody
TRUE, FALSE = Every(), Either()
_ENTITIES = count(1)


def somebody(kind: str) -> EntityTerm:
    """An entity that nothing is known of yet."""
    return EntityTerm(f"{kind} {next(_ENTITIES)}", kind)


def is_possible(*statements: Statement) -> bool:
    """Whether all statements can be true of one case at one moment; also true where that takes too long to tell."""
    try:
        return _Search().is_possible(_World(), list(statements))
    except _GaveUpError:
        return True


class _GaveUpError(Exception):
    """Too many cases."""


class _Search:
    def __init__(self) -> None:
        self.branches = 0

    def is_possible(self, world: "_World", statements: list[Statement]) -> bool:
        self.branches += 1
        if self.branches > MOST_BRANCHES:
            raise _GaveUpError
        open_choices = world.take(statements)
        if open_choices is None or not world.is_consistent():
            return False
        if not open_choices:
            return True
        choice, *others = sorted(open_choices, key=lambda either: len(either.parts))
        return any(self.is_possible(world.copy(), [part, *others]) for part in choice.parts)


@dataclass(slots=True)
class _World:
    """What has been taken for true on the way to one case."""

    values: dict[Var, Is] = field(default_factory=dict)
    lists: list[Inside | Meets] = field(default_factory=list)
    bounds: list[Bound] = field(default_factory=list)
    pairs: list[Equal | Comparable] = field(default_factory=list)
    somebodies: list[Somebody] = field(default_factory=list)
    nobodies: list[Nobody] = field(default_factory=list)

    def copy(self) -> "_World":
        return _World(
            dict(self.values),
            list(self.lists),
            list(self.bounds),
            list(self.pairs),
            list(self.somebodies),
            list(self.nobodies),
        )

    def take(self, statements: list[Statement]) -> list[Either] | None:
        """Take statements for true, and choices of which one alternative is left; the choices that stay open, or None
        where nothing is left of one."""
        todo, choices = statements, list[Either]()
        while todo:
            while todo:
                statement = todo.pop()
                if isinstance(statement, Either):
                    choices.append(statement)
                else:
                    todo.extend(self._take(statement))
            narrowed = [Either(tuple(part for part in one.parts if not self._excludes(part))) for one in choices]
            if any(not one.parts for one in narrowed):
                return None
            todo = [one.parts[0] for one in narrowed if len(one.parts) == 1]
            choices = [one for one in narrowed if len(one.parts) > 1 and TRUE not in one.parts]
        return choices

    def _take(self, statement: Statement) -> Iterable[Statement]:
        """Note one statement; whatever else follows from it."""
        match statement:
            case Every():
                return statement.parts
            case Is():
                self.values[statement.var] = _narrowed(self._value(statement.var), statement)
            case Inside() | Meets():
                self.lists.append(statement)
            case Bound():
                self.bounds.append(statement)
            case Equal() | Comparable():
                self.pairs.append(statement)
            case Somebody():
                self.somebodies.append(statement)
                met = [found for nobody in self.nobodies for found in _meet(statement, nobody)]
                return (statement.so(statement.entity), *met)
            case Nobody():
                self.nobodies.append(statement)
                return [found for one in list(self.somebodies) for found in _meet(one, statement)]
        return ()

    def _value(self, var: Var) -> Is:
        return self.values.get(var) or universe(var)

    def _excludes(self, statement: Statement) -> bool:
        """Whether a statement is plainly false here; a quick look, no more."""
        if isinstance(statement, Is):
            return _is_nothing(_narrowed(self._value(statement.var), statement))
        if isinstance(statement, Every):
            return any(self._excludes(part) for part in statement.parts)
        return isinstance(statement, Either) and all(self._excludes(part) for part in statement.parts)

    def is_consistent(self) -> bool:
        """Whether nothing taken so far contradicts the rest of it."""
        self._propagate()
        if any(_is_nothing(value) for value in self.values.values()):
            return False
        return self._lists_fit() and self._pairs_fit() and are_consistent(self.bounds)

    def _propagate(self) -> None:
        """What the facts guarantee: one of two statements holds of each entity, so where one is excluded the other
        follows."""
        entities = {var.entity for var in self.values}
        changed = True
        while changed:
            changed = False
            for first, second in (pair for entity in entities for pair in guarantees(entity)):
                for excluded, follows in ((first, second), (second, first)):
                    if self._excludes(excluded):
                        before = self._value(follows.var)
                        self.values[follows.var] = after = _narrowed(before, follows)
                        changed |= after != before

    def _lists_fit(self) -> bool:
        inside: dict[Var, frozenset[str]] = {}
        for one in self.lists:
            if isinstance(one, Inside):
                inside[one.var] = inside.get(one.var, one.words) & one.words
        return all(inside.get(one.var, one.words) & one.words for one in self.lists if isinstance(one, Meets))

    def _pairs_fit(self) -> bool:
        return all(self._groups_fit(kind) for kind in (Equal, Comparable))

    def _groups_fit(self, kind: type[Equal] | type[Comparable]) -> bool:
        """Nothing differs from what it equals, by way of others too; what is equal has a value in common."""
        group = _Groups()
        for pair in self.pairs:
            if isinstance(pair, kind) and pair.same:
                group.join(pair.left, pair.right)
        if any(
            isinstance(pair, kind) and not pair.same and group.of(pair.left) == group.of(pair.right)
            for pair in self.pairs
        ):
            return False
        return kind is Comparable or all(map(self._share_a_value, group.groups()))

    def _share_a_value(self, group: list[Var]) -> bool:
        sets = [{_normal(word) for word in value.values} for value in map(self._value, group) if value.among]
        return not sets or bool(set.intersection(*sets))


class _Groups:
    """Which variables are joined, by way of others too."""

    def __init__(self) -> None:
        self.leader: dict[Node, Node] = {}

    def of(self, var: Node) -> Node:
        while (above := self.leader.setdefault(var, var)) != var:
            var = above
        return var

    def join(self, left: Node, right: Node) -> None:
        self.leader[self.of(left)] = self.of(right)

    def groups(self) -> list[list[Var]]:
        found: dict[Node, list[Var]] = {}
        for var in list(self.leader):
            if isinstance(var, Var):
                found.setdefault(self.of(var), []).append(var)
        return list(found.values())


def _narrowed(ours: Is, theirs: Is) -> Is:
    if ours.among:
        return Is(ours.var, ours.values & theirs.values if theirs.among else ours.values - theirs.values)
    return Is(ours.var, theirs.values - ours.values if theirs.among else ours.values | theirs.values, theirs.among)


def _is_nothing(value: Is) -> bool:
    return value.among and not value.values


def _normal(word: Any) -> Any:
    return word.strip().casefold() if isinstance(word, str) else word


def _meet(one: Somebody, nobody: Nobody) -> Iterator[Statement]:
    """What is said of nobody (or of few) is not so of somebody: of every one, or of one more."""
    if one.entity.kind != nobody.kind or one.number < nobody.number:
        return
    if nobody.number == 1:
        yield nobody.not_so(one.entity)
        return
    further = somebody(one.entity.kind)
    yield Somebody(further, 1, lambda entity: Every((one.so(entity), nobody.not_so(entity))))
