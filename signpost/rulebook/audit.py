"""The checks that need to understand conditions: what can never hold, what says nothing new, what is always suppressed,
and what says the opposite of another rule at the same time."""

from collections.abc import Iterable
from typing import TypeAlias

from signpost.rulebook.guarantees import Entity
from signpost.rulebook.logic import TRUE, Either, Every, Somebody, Statement, is_possible, somebody
from signpost.rulebook.meaning import Meaning
from signpost.rulebook.problems import Problems
from signpost.rulebook.rulebook import Rulebook
from signpost.rulebook.terms import AnyOf, Condition, Position, Reached, Relation, Rule, Term

Stated: TypeAlias = tuple[Position | None, Statement]
"""A statement, and where it stands."""


def audit(rulebook: Rulebook, problems: Problems) -> None:
    """Report every such flaw of the rules that could be read without a problem."""
    sound = [rule for rule in rulebook.rules.values() if rule.id not in problems.rules]
    for rule in sound:
        _Audit(rule, problems).run()
    for rule in sound:
        _check_suppressed(rule, [one for one in sound if rule.id in one.suppresses], problems)
        for name in rule.opposes:
            other = rulebook.rules.get(name)
            if other is not None and name not in problems.rules and (other.about, other.audience) == _told(rule):
                _check_opposite(rule, other, problems)


class _Audit:
    """One rule's conditions, levels, values and times."""

    def __init__(self, rule: Rule, problems: Problems) -> None:
        self.rule, self.problems, self.meaning = rule, problems, Meaning.of(rule)
        self.subject = self.meaning.subject
        self.given: list[Stated] = []
        if rule.valid is not None:
            self.given.append((rule.places["valid"], self.meaning.before(rule.valid)))

    def run(self) -> None:
        if self._contradictions(self.rule.when, self.subject, self.given):
            return
        self._repetitions(self.rule.when, self.subject, self.given)
        self._levels()
        self._due()
        for defined in self.rule.defined:
            self._alternatives(defined.name)

    def _contradictions(self, condition: Condition, item: Entity, given: list[Stated]) -> bool:
        """Report the first term that cannot hold beside those before it, inside relations and alternatives too."""
        relations = [term for term in condition if isinstance(term, Relation) and self._is_of_others(term)]
        inside = [self._contradictions(term.where, *_another(term)) for term in relations]
        if any(inside):
            return True
        said = [*given]
        for term in condition:
            statement = self.meaning.term(term, True, item)
            if not _is_possible(*said, (None, statement)):
                self._report_contradiction(term, statement, said)
                return True
            said.append((term.position, statement))
        found = [
            self._contradictions(alternative, item, [*given, *self._said(condition, item, term)])
            for term in condition
            if isinstance(term, AnyOf)
            for alternative in term.alternatives
        ]
        return any(found)

    def _report_contradiction(self, term: Term, statement: Statement, said: list[Stated]) -> None:
        core = _core(said, statement)
        if self.rule.places.get("valid") in core:
            message = "this can never hold before the advice expires"
            self.problems.add("R032", term.position, message, f"see {_places(core)}")
        else:
            beside = _beside(core, term.position, " together with ")
            self.problems.add("R025", term.position, f"this can never hold{beside}", "drop or change a condition")

    def _repetitions(self, condition: Condition, item: Entity, given: list[Stated]) -> None:
        """Warn of every term that follows from the others, inside relations and alternatives too."""
        left = list(condition)
        for term in reversed(condition):
            rest = [*given, *self._said(tuple(left), item, term)]
            statement = self.meaning.term(term, False, item)
            if _is_possible(*rest, (None, statement)):
                self._repetitions_inside(term, item, rest)
            elif not _is_half_of_a_window(term, condition):
                left = [other for other in left if other is not term]
                self._report_repetition(term.position, _core(rest, statement))

    def _repetitions_inside(self, term: Term, item: Entity, rest: list[Stated]) -> None:
        if isinstance(term, Relation) and self._is_of_others(term):
            other, given = _another(term)
            self._repetitions(term.where, other, [*rest, *given])
        if not isinstance(term, AnyOf):
            return
        for number, alternative in enumerate(term.alternatives):
            others = term.alternatives[:number] + term.alternatives[number + 1 :]
            missed = Every(tuple(self.meaning.fails(one, item) for one in others))
            if not _is_possible(*rest, (None, self.meaning.holds(alternative, item)), (None, missed)):
                self.problems.add(
                    "R028",
                    alternative[0].position,
                    "this alternative adds nothing: where it holds, another one does",
                    "leave it out",
                )
            elif len(alternative) > 1:
                self._repetitions(alternative, item, rest)

    def _report_repetition(self, position: Position, core: list[Position]) -> None:
        because = f"it follows{_beside(core, position, ' from ')}" if core else "it always holds"
        self.problems.add("R028", position, f"this says nothing new: {because}", "leave it out")

    def _levels(self) -> None:
        """Report levels that are never told: they cannot hold, or a higher one holds whenever they do."""
        holds = [*self.given, *self._said(self.rule.when, self.subject)]
        for number, level in enumerate(self.rule.levels):
            said = (None, self.meaning.holds(level.when))
            higher = [(one, self.meaning.fails(one.when)) for one in self.rule.levels[number + 1 :]]
            if not _is_possible(*holds, said):
                self._report_level(level.priority, level.position, _core(holds, said[1]))
            elif not _is_possible(*holds, said, *((None, fails) for _, fails in higher)):
                message = f"{level.priority} is never told: a higher priority applies whenever it does"
                self.problems.add("R030", level.position, message, f"see {_places(one.position for one, _ in higher)}")
            elif len(level.when) > 1:
                self._repetitions(level.when, self.subject, holds)

    def _report_level(self, priority: str, position: Position, core: list[Position]) -> None:
        if self.rule.places.get("valid") in core:
            message = f"{priority} would begin when the advice has already expired"
            self.problems.add("R032", position, message, f"valid stands at {self.rule.places['valid']}")
        else:
            message = f"{priority} can never be reached while the rule holds"
            self.problems.add("R030", position, message, f"see {_places(core)}" if core else "")

    def _due(self) -> None:
        """Report a due time that always lies after the end of the advice."""
        due, valid = self.rule.due, self.rule.valid
        if due is None or valid is None:
            return
        holds = self._said(self.rule.when, self.subject)
        in_order = self.meaning.at_or_before(due, valid), self.meaning.at_or_before(valid, due)
        if not _is_possible(*holds, (None, in_order[0])) and _is_possible(*holds, (None, in_order[1])):
            message = "the advice is due only after it has expired"
            self.problems.add("R032", self.rule.places["due"], message, f"valid stands at {self.rule.places['valid']}")

    def _alternatives(self, name: str) -> None:
        """Warn of alternatives of a defined value that never count."""
        holds = self._said(self.rule.when, self.subject)
        for number, cases in enumerate(self.meaning.alternatives(name)[:-1], 1):
            if not _is_possible(*holds, (None, Either(tuple(guard for guard, _ in cases)))):
                message = f"alternative {number} of {name} never counts while the rule holds"
                self.problems.add(
                    "R033", self.rule.places[f"define.{name}"], message, "leave it out, or put it before the others"
                )

    def _said(self, condition: Condition, item: Entity, without: Term | None = None) -> list[Stated]:
        return [(term.position, self.meaning.term(term, True, item)) for term in condition if term is not without]

    def _is_of_others(self, term: Relation) -> bool:
        """Whether a relation never counts the subject itself."""
        return term.other or term.kind != self.subject.kind


def _another(term: Relation) -> tuple[Entity, list[Stated]]:
    """An entity that a relation may speak of, and that it exists."""
    other = somebody(term.kind)
    return other, [(None, Somebody(other, 1, lambda entity: TRUE))]


def _check_suppressed(rule: Rule, by: list[Rule], problems: Problems) -> None:
    """Report a rule that never gets a word in."""
    silent: list[Stated] = [(one.position, _is_silent(one)) for one in by if _told(one) == _told(rule)]
    if not silent or not _is_possible((None, _is_told(rule))):
        return
    if not _is_possible(*silent, (None, _is_told(rule))):
        core = _core(silent, _is_told(rule))
        names = ", ".join(one.id for one in by if one.position in core)
        message = f"{rule.id} is never told: whenever it holds, so does what suppresses it: {names}"
        problems.add("R054", rule.position, message, f"see {_places(core)}")


def _check_opposite(rule: Rule, other: Rule, problems: Problems) -> None:
    """Report two rules that say opposite things at the same time, neither before the other."""
    if other.id in rule.suppresses or rule.id in other.suppresses:
        return
    if _is_possible((None, _is_told(rule)), (None, _is_told(other))):
        problems.add(
            "R055",
            rule.places.get(f"opposes.{other.id}", rule.position),
            f"{rule.id} and {other.id} say opposite things, and both may hold at once",
            "let one suppress the other, or give them conditions that exclude each other",
        )


def _told(rule: Rule) -> tuple[str, str]:
    return rule.about, rule.audience


def _is_told(rule: Rule) -> Statement:
    meaning = Meaning.of(rule)
    return Every((meaning.holds(rule.when), meaning.before(rule.valid) if rule.valid else TRUE))


def _is_silent(rule: Rule) -> Statement:
    meaning = Meaning.of(rule)
    over = (meaning.passed(rule.valid),) if rule.valid else ()
    return Either((meaning.fails(rule.when), *over))


def _is_half_of_a_window(term: Term, condition: Condition) -> bool:
    """Whether a term was written together with another one, as in `within 3d`: half of it cannot be left out."""
    return isinstance(term, Reached) and any(
        isinstance(other, Reached)
        and (other.position, other.moment.base) == (term.position, term.moment.base)
        and other.reached != term.reached
        for other in condition
    )


def _is_possible(*stated: Stated) -> bool:
    return is_possible(*(statement for _, statement in stated))


def _core(said: list[Stated], statement: Statement) -> list[Position]:
    """Where those stand without which the statement would be possible."""
    needed = list(said)
    for one in said:
        fewer = [other for other in needed if other is not one]
        if not _is_possible(*fewer, (None, statement)):
            needed = fewer
    return sorted({position for position, _ in needed if position is not None})


def _places(positions: Iterable[Position]) -> str:
    return " and ".join(map(str, dict.fromkeys(positions)))


def _beside(core: list[Position], at: Position, words: str) -> str:
    """What a condition contradicts or follows from: the rest of its own line needs no place."""
    others = [position for position in core if position != at]
    return words + (_places(others) if others else "the rest of this line") if core else ""
