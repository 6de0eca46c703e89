"""The checks that need to understand conditions: what can never hold, what says nothing new, what is always suppressed,
and what says the opposite of another rule at the same time."""

from typing import TypeAlias

from signpost.rulebook.analysis.guarantees import EntityTerm
from signpost.rulebook.analysis.logic import TRUE, Either, Every, Somebody, Statement, is_possible, somebody
from signpost.rulebook.analysis.meaning import Meaning
from signpost.rulebook.analysis.rehearsal import check_rehearsal
from signpost.rulebook.checks import reads
from signpost.rulebook.printing import phrase
from signpost.rulebook.rulebook import Rulebook
from signpost.rulebook.templates import names_in
from signpost.rulebook.terms import AnyOf, Condition, Level, Reached, Relation, Rule, Scope, Term
from signpost.yaml_files.problems import Position, Problems

Place: TypeAlias = tuple[Position, str]
"""Where something stands, and what."""
Stated: TypeAlias = tuple[Place | None, Statement]
"""A statement, and what says so."""


def audit(rulebook: Rulebook, problems: Problems) -> None:
    """Report every such flaw of the rules that could be read without a problem."""
    sound = [rule for rule in rulebook.rules.values() if rule.id not in problems.rules]
    for rule in sound:
        _Audit(rule, problems).run()
        check_rehearsal(rule, problems)
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
            self.given.append((_valid(rule), self.meaning.before(rule.valid)))

    def run(self) -> None:
        if self._contradictions(self.rule.when, self.subject, self.given):
            return
        self._repetitions(self.rule.when, self.subject, self.given)
        self._levels()
        self._due()
        self._values()

    def _contradictions(self, condition: Condition, item: EntityTerm, given: list[Stated]) -> bool:
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
            said.append((_place(term), statement))
        found = [
            self._contradictions(alternative, item, [*given, *self._said(condition, item, term)])
            for term in condition
            if isinstance(term, AnyOf)
            for alternative in term.alternatives
        ]
        return any(found)

    def _report_contradiction(self, term: Term, statement: Statement, said: list[Stated]) -> None:
        core = _core(said, statement)
        beside = f" together with {_places(core, term.position)}" if core else ""
        code = "R032" if any(place == _valid(self.rule) for place in core) else "R025"
        message = f"`{phrase(term)}` can never hold{beside}"
        self.problems.add(code, term.position, message, "drop or change a condition")

    def _repetitions(self, condition: Condition, item: EntityTerm, given: list[Stated]) -> None:
        """Warn of every term that follows from the others, inside relations and alternatives too."""
        left = list(condition)
        for term in reversed(condition):
            rest = [*given, *self._said(tuple(left), item, term)]
            statement = self.meaning.term(term, False, item)
            if _is_possible(*rest, (None, statement)):
                self._repetitions_inside(term, item, rest)
            elif not _is_half_of_a_window(term, condition):
                left = [other for other in left if other is not term]
                self._report_repetition(term, _core(rest, statement))

    def _repetitions_inside(self, term: Term, item: EntityTerm, rest: list[Stated]) -> None:
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

    def _report_repetition(self, term: Term, core: list[Place]) -> None:
        because = f"it follows from {_places(core, term.position)}" if core else "it always holds"
        self.problems.add("R028", term.position, f"`{phrase(term)}` says nothing new: {because}", "leave it out")

    def _levels(self) -> None:
        """Report levels that are never told: they cannot hold, or a higher one holds whenever they do."""
        holds = [*self.given, *self._said(self.rule.when, self.subject)]
        for number, level in enumerate(self.rule.levels):
            said = (None, self.meaning.holds(level.when))
            higher = [(None, self.meaning.fails(one.when)) for one in self.rule.levels[number + 1 :]]
            if not _is_possible(*holds, said):
                self._report_level(level, _core(holds, said[1]))
            elif not _is_possible(*holds, said, *higher):
                message = f"{level.priority} is never told: a higher priority applies whenever it does"
                self.problems.add("R030", level.position, message, "leave it out, or let the higher one begin later")
            elif len(level.when) > 1:
                self._repetitions(level.when, self.subject, holds)

    def _report_level(self, level: Level, core: list[Place]) -> None:
        beyond = any(place == _valid(self.rule) for place in core)
        beside = f": see {_places(core, level.position)}" if core else ""
        message = (
            f"{level.priority} can never be reached while the {'advice is valid' if beyond else 'rule holds'}{beside}"
        )
        self.problems.add(
            "R032" if beyond else "R030", level.position, message, "let it begin earlier, or leave it out"
        )

    def _due(self) -> None:
        """Report a due time that always lies after the end of the advice."""
        due, valid = self.rule.due, self.rule.valid
        if due is None or valid is None:
            return
        holds = self._said(self.rule.when, self.subject)
        in_order = self.meaning.at_or_before(due, valid), self.meaning.at_or_before(valid, due)
        if not _is_possible(*holds, (None, in_order[0])) and _is_possible(*holds, (None, in_order[1])):
            message = f"the advice is due only after it has expired, which {_places([_valid(self.rule)])} says"
            self.problems.add("R032", self.rule.places["due"], message, "let it be due earlier")

    def _values(self) -> None:
        """Report defined values that nothing uses; look into the others."""
        used = {read.ref.name for read in reads(self.rule) if read.ref.scope == Scope.DEFINED}
        used |= {name for text in self.rule.texts.sources() for name in names_in(text)}
        for name in (defined.name for defined in self.rule.defined):
            if name in used:
                self._alternatives(name)
            else:
                where = self.rule.places[f"define.{name}"]
                self.problems.add("R053", where, f"the value {name} is not used", "remove it, or use it")

    def _alternatives(self, name: str) -> None:
        """Warn of alternatives of a defined value that never count."""
        holds = self._said(self.rule.when, self.subject)
        for number, cases in enumerate(self.meaning.alternatives(name)[:-1], 1):
            if not _is_possible(*holds, (None, Either(tuple(guard for guard, _ in cases)))):
                message = f"alternative {number} of {name} never counts while the rule holds"
                self.problems.add(
                    "R033", self.rule.places[f"define.{name}"], message, "leave it out, or put it before the others"
                )

    def _said(self, condition: Condition, item: EntityTerm, without: Term | None = None) -> list[Stated]:
        return [(_place(term), self.meaning.term(term, True, item)) for term in condition if term is not without]

    def _is_of_others(self, term: Relation) -> bool:
        """Whether a relation never counts the subject itself."""
        return term.other or term.kind != self.subject.kind


def _another(term: Relation) -> tuple[EntityTerm, list[Stated]]:
    """An entity that a relation may speak of, and that it exists."""
    other = somebody(term.kind)
    return other, [(None, Somebody(other, 1, lambda entity: TRUE))]


def _check_suppressed(rule: Rule, by: list[Rule], problems: Problems) -> None:
    """Report a rule that never gets a word in."""
    silent: list[Stated] = [((one.position, one.id), _is_silent(one)) for one in by if _told(one) == _told(rule)]
    if not silent or not _is_possible((None, _is_told(rule))):
        return
    if not _is_possible(*silent, (None, _is_told(rule))):
        core = _places(_core(silent, _is_told(rule)))
        message = f"{rule.id} is never told: whenever it holds, so does what suppresses it: {core}"
        problems.add("R054", rule.position, message, "change the conditions of one of them, or leave this rule out")


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


def _core(said: list[Stated], statement: Statement) -> list[Place]:
    """What says that without which the statement would be possible."""
    needed = list(said)
    for one in said:
        fewer = [other for other in needed if other is not one]
        if not _is_possible(*fewer, (None, statement)):
            needed = fewer
    return sorted({place for place, _ in needed if place is not None})


def _place(term: Term) -> Place:
    return term.position, phrase(term)


def _valid(rule: Rule) -> Place:
    return rule.places.get("valid", rule.position), "valid"


def _places(core: list[Place], at: Position | None = None) -> str:
    """`letter: signed` (topic.yaml:7:13); what stands in the same line needs no place."""
    return " and ".join(f"`{what}`" + (f" ({where})" if where != at else "") for where, what in core)
