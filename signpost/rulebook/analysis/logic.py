"""Decides whether statements about one case at one moment can hold together: known and unknown values, choices, amounts
and times. Sound but incomplete: what it calls impossible never happens, but it can miss impossible statements."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Any, TypeAlias

from signpost.rulebook.analysis.amounts import Bound, Node, are_consistent
from signpost.rulebook.analysis.guarantees import EntityTerm, Is, Var, guarantees, universe

MAX_BRANCHES = 4000
"""Above this number of branches, statements count as possible."""


@dataclass(frozen=True, slots=True)
class Inside:
    """Every item of a list is among these words."""

    var: Var
    words: frozenset[str]


@dataclass(frozen=True, slots=True)
class Meets:
    """Some item of a list is among these words."""

    var: Var
    words: frozenset[str]


@dataclass(frozen=True, slots=True)
class Equal:
    """Two known values are equal, or differ."""

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
class AtLeast:
    """At least `number` entities of a kind, without the subject, satisfy `holds`; `entity` is one of them."""

    entity: EntityTerm
    number: int
    holds: "Callable[[EntityTerm], Statement]"


@dataclass(frozen=True, slots=True)
class FewerThan:
    """Fewer than `number` entities of a kind, without the subject, do not satisfy `fails`."""

    kind: str
    number: int
    fails: "Callable[[EntityTerm], Statement]"


Statement: TypeAlias = Is | Bound | Inside | Meets | Equal | Comparable | Every | Either | AtLeast | FewerThan
TRUE, FALSE = Every(), Either()
_ENTITIES = count(1)


def new_entity(kind: str) -> EntityTerm:
    """A new entity without any known fields."""
    return EntityTerm(f"{kind} {next(_ENTITIES)}", kind)


def is_possible(*statements: Statement) -> bool:
    """Whether all statements can be true of one case at one moment; also true if MAX_BRANCHES is reached."""
    try:
        return _Search().is_possible(_World(), list(statements))
    except _TooManyBranchesError:
        return True


class _TooManyBranchesError(Exception):
    """The search reached MAX_BRANCHES."""


class _Search:
    def __init__(self) -> None:
        self.branches = 0

    def is_possible(self, world: "_World", statements: list[Statement]) -> bool:
        self.branches += 1
        if self.branches > MAX_BRANCHES:
            raise _TooManyBranchesError
        open_choices = world.take(statements)
        if open_choices is None or not world.is_consistent():
            return False
        if not open_choices:
            return True
        choice, *others = sorted(open_choices, key=lambda either: len(either.parts))
        return any(self.is_possible(world.copy(), [part, *others]) for part in choice.parts)


@dataclass(slots=True)
class _World:
    """The statements assumed in one branch of the search."""

    values: dict[Var, Is] = field(default_factory=dict)
    lists: list[Inside | Meets] = field(default_factory=list)
    bounds: list[Bound] = field(default_factory=list)
    pairs: list[Equal | Comparable] = field(default_factory=list)
    at_least: list[AtLeast] = field(default_factory=list)
    fewer_than: list[FewerThan] = field(default_factory=list)

    def copy(self) -> "_World":
        return _World(
            dict(self.values),
            list(self.lists),
            list(self.bounds),
            list(self.pairs),
            list(self.at_least),
            list(self.fewer_than),
        )

    def take(self, statements: list[Statement]) -> list[Either] | None:
        """Assume statements, and choices with one alternative left. Returns the open choices, or None if a choice has
        no alternative left."""
        todo, choices = statements, list[Either]()
        while todo:
            while todo:
                statement = todo.pop()
                if isinstance(statement, Either):
                    choices.append(statement)
                else:
                    todo.extend(self._take(statement))
            narrowed = [Either(tuple(part for part in choice.parts if not self._excludes(part))) for choice in choices]
            if any(not choice.parts for choice in narrowed):
                return None
            todo = [choice.parts[0] for choice in narrowed if len(choice.parts) == 1]
            choices = [choice for choice in narrowed if len(choice.parts) > 1 and TRUE not in choice.parts]
        return choices

    def _take(self, statement: Statement) -> Iterable[Statement]:
        """Assume one statement; returns the statements that follow from it."""
        match statement:
            case Every():
                return statement.parts
            case Is():
                self.values[statement.var] = _intersect(self._value(statement.var), statement)
            case Inside() | Meets():
                self.lists.append(statement)
            case Bound():
                self.bounds.append(statement)
            case Equal() | Comparable():
                self.pairs.append(statement)
            case AtLeast():
                self.at_least.append(statement)
                implied = [new for limit in self.fewer_than for new in _combine(statement, limit)]
                return (statement.holds(statement.entity), *implied)
            case FewerThan():
                self.fewer_than.append(statement)
                return [new for other in list(self.at_least) for new in _combine(other, statement)]
        return ()

    def _value(self, var: Var) -> Is:
        return self.values.get(var) or universe(var)

    def _excludes(self, statement: Statement) -> bool:
        """Whether a statement is obviously false here; a cheap, incomplete check."""
        if isinstance(statement, Is):
            return _is_nothing(_intersect(self._value(statement.var), statement))
        if isinstance(statement, Every):
            return any(self._excludes(part) for part in statement.parts)
        return isinstance(statement, Either) and all(self._excludes(part) for part in statement.parts)

    def is_consistent(self) -> bool:
        """Whether the assumed statements are free of contradictions."""
        self._propagate()
        if any(_is_nothing(value) for value in self.values.values()):
            return False
        return self._lists_fit() and self._pairs_fit() and are_consistent(self.bounds)

    def _propagate(self) -> None:
        """Apply the guarantees of facts: one of two statements holds, so if one is excluded the other follows."""
        entities = {var.entity for var in self.values}
        changed = True
        while changed:
            changed = False
            for first, second in (pair for entity in entities for pair in guarantees(entity)):
                for excluded, follows in ((first, second), (second, first)):
                    if self._excludes(excluded):
                        before = self._value(follows.var)
                        self.values[follows.var] = after = _intersect(before, follows)
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
        """Whether no pair differs that is equal through other pairs, and equal variables have a common value."""
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
    """A union-find structure of variables."""

    def __init__(self) -> None:
        self.parent: dict[Node, Node] = {}

    def of(self, var: Node) -> Node:
        while (above := self.parent.setdefault(var, var)) != var:
            var = above
        return var

    def join(self, left: Node, right: Node) -> None:
        self.parent[self.of(left)] = self.of(right)

    def groups(self) -> list[list[Var]]:
        found: dict[Node, list[Var]] = {}
        for var in list(self.parent):
            if isinstance(var, Var):
                found.setdefault(self.of(var), []).append(var)
        return list(found.values())


def _intersect(ours: Is, theirs: Is) -> Is:
    if ours.among:
        return Is(ours.var, ours.values & theirs.values if theirs.among else ours.values - theirs.values)
    return Is(ours.var, theirs.values - ours.values if theirs.among else ours.values | theirs.values, theirs.among)


def _is_nothing(value: Is) -> bool:
    return value.among and not value.values


def _normal(word: Any) -> Any:
    return word.strip().casefold() if isinstance(word, str) else word


def _combine(entities: AtLeast, limit: FewerThan) -> Iterator[Statement]:
    """What follows from a lower and an upper bound on entities of one kind."""
    if entities.entity.kind != limit.kind or entities.number < limit.number:
        return
    if limit.number == 1:
        yield limit.fails(entities.entity)
        return
    further = new_entity(entities.entity.kind)
    yield AtLeast(further, 1, lambda entity: Every((entities.holds(entity), limit.fails(entity))))
