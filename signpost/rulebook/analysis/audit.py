"""Checks what conditions mean: contradictions, redundant conditions, rules that are always suppressed, and opposed
rules that can hold at the same time."""

from typing import TypeAlias

from signpost.rulebook.analysis.guarantees import EntityTerm
from signpost.rulebook.analysis.logic import TRUE, AtLeast, Either, Every, Statement, is_possible, new_entity
from signpost.rulebook.analysis.meaning import Meaning
from signpost.rulebook.analysis.rehearsal import check_rehearsal
from signpost.rulebook.checks import reads
from signpost.rulebook.ends import ends, is_life
from signpost.rulebook.printing import phrase
from signpost.rulebook.rulebook import Rulebook
from signpost.rulebook.templates import names_in
from signpost.rulebook.terms import AnyOf, Condition, Reached, Relation, Scope, Term
from signpost.rulebook.typed_rule import Level, Rule
from signpost.yaml_files.problems import Position, Problems

Place: TypeAlias = tuple[Position, str]
"""A position, and the phrase there."""
Stated: TypeAlias = tuple[Place | None, Statement]
"""A statement, and the place that it comes from."""


def audit(rulebook: Rulebook, problems: Problems) -> None:
    """Report these problems for the rules that have none so far."""
    sound = [rule for rule in rulebook.rules.values() if rule.id not in problems.rules]
    for rule in sound:
        _Audit(rule, problems).run()
        check_rehearsal(rule, problems)
    if any(rule.act for rule in rulebook.rules.values()):
        for rule in (rule for rule in sound if rule.act is None):
            hint = "declare one of acts.yaml, so that it never stands beside advice that excludes it"
            problems.add("R057", rule.position, f"{rule.id} declares no act, and other rules do", hint)
    for rule in sound:
        _check_suppressed(rule, [other for other in sound if rule.id in other.suppresses], problems)
        for name in rule.opposes:
            other = rulebook.rules.get(name)
            if other is not None and name not in problems.rules and (other.about, other.audience) == _addressee(rule):
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
        self._check_end()
        if self._report_contradictions(self.rule.when, self.subject, self.given):
            return
        self._check_redundancy(self.rule.when, self.subject, self.given)
        self._check_levels()
        self._check_due()
        self._check_values()

    def _check_end(self) -> None:
        """Report a rule that time alone never ends, unless it says why; and one that ends although it says so."""
        rule = self.rule
        limited = rule.valid is not None and not _is_possible(
            *self._statements(rule.when, self.subject), (None, self.meaning.unknown(rule.valid))
        )
        found = ends(rule.when, rule.about)
        if rule.lasting is None and not found and not limited:
            hint = "limit it in time, require an open offer or the like, or say why: `lasting: ...`"
            self.problems.add("R056", rule.position, f"time alone never ends {rule.id}", hint)
        elif rule.lasting is not None and (found or limited):
            message = f"{rule.id} says `lasting` and ends all the same: {', '.join(found) or 'valid'}"
            self.problems.add("R056", rule.places["lasting"], message, "remove `lasting`")

    def _report_contradictions(self, condition: Condition, item: EntityTerm, given: list[Stated]) -> bool:
        """Report the first term that contradicts those before it, also inside relations and alternatives; returns
        whether there is one."""
        relations = [term for term in condition if isinstance(term, Relation) and self._is_of_others(term)]
        inside = [self._report_contradictions(term.where, *_some_entity(term)) for term in relations]
        if any(inside):
            return True
        stated = [*given]
        for term in sorted(condition, key=lambda term: not is_life(term)):
            statement = self.meaning.term(term, True, item)
            if not _is_possible(*stated, (None, statement)):
                self._report_contradiction(term, statement, stated)
                return True
            stated.append((_place(term), statement))
        found = [
            self._report_contradictions(alternative, item, [*given, *self._statements(condition, item, term)])
            for term in condition
            if isinstance(term, AnyOf)
            for alternative in term.alternatives
        ]
        return any(found)

    def _report_contradiction(self, term: Term, statement: Statement, stated: list[Stated]) -> None:
        core = _core(stated, statement)
        beside = f" together with {_places(core, term.position)}" if core else ""
        code = "R032" if any(place == _valid(self.rule) for place in core) else "R025"
        message = f"`{phrase(term)}` can never hold{beside}"
        self.problems.add(code, term.position, message, "drop or change a condition")

    def _check_redundancy(self, condition: Condition, item: EntityTerm, given: list[Stated]) -> None:
        """Warn of every term that follows from the others, also inside relations and alternatives."""
        left = list(condition)
        for term in reversed(condition):
            rest = [*given, *self._statements(tuple(left), item, term)]
            statement = self.meaning.term(term, False, item)
            if is_life(term):
                continue
            if _is_possible(*rest, (None, statement)):
                self._check_redundancy_inside(term, item, rest)
            elif not _is_half_of_a_window(term, condition):
                left = [other for other in left if other is not term]
                self._report_redundant(term, _core(rest, statement))

    def _check_redundancy_inside(self, term: Term, item: EntityTerm, rest: list[Stated]) -> None:
        if isinstance(term, Relation) and self._is_of_others(term):
            other, given = _some_entity(term)
            self._check_redundancy(term.where, other, [*rest, *given])
        if not isinstance(term, AnyOf):
            return
        for number, alternative in enumerate(term.alternatives):
            others = term.alternatives[:number] + term.alternatives[number + 1 :]
            missed = Every(tuple(self.meaning.fails(one, item) for one in others))
            if not _is_possible(*rest, (None, self.meaning.holds(alternative, item)), (None, missed)):
                self.problems.add(
                    "R028",
                    alternative[0].position,
                    "this alternative is redundant: whenever it holds, another one holds",
                    "remove it",
                )
            elif len(alternative) > 1:
                self._check_redundancy(alternative, item, rest)

    def _report_redundant(self, term: Term, core: list[Place]) -> None:
        because = f"it follows from {_places(core, term.position)}" if core else "it always holds"
        self.problems.add("R028", term.position, f"`{phrase(term)}` is redundant: {because}", "remove it")

    def _check_levels(self) -> None:
        """Report levels that never apply: they cannot hold, or a higher level holds whenever they do."""
        holds = [*self.given, *self._statements(self.rule.when, self.subject)]
        for number, level in enumerate(self.rule.levels):
            reached = (None, self.meaning.holds(level.when))
            higher = [(None, self.meaning.fails(other.when)) for other in self.rule.levels[number + 1 :]]
            if not _is_possible(*holds, reached):
                self._report_level(level, _core(holds, reached[1]))
            elif not _is_possible(*holds, reached, *higher):
                message = f"{level.priority} never applies: a higher priority applies whenever it does"
                self.problems.add("R030", level.position, message, "remove it, or start the higher one later")
            elif len(level.when) > 1:
                self._check_redundancy(level.when, self.subject, holds)

    def _report_level(self, level: Level, core: list[Place]) -> None:
        beyond = any(place == _valid(self.rule) for place in core)
        beside = f": see {_places(core, level.position)}" if core else ""
        message = (
            f"{level.priority} can never be reached while the {'advice is valid' if beyond else 'rule holds'}{beside}"
        )
        self.problems.add("R032" if beyond else "R030", level.position, message, "start it earlier, or remove it")

    def _check_due(self) -> None:
        """Report a due time that is always after the end of the advice."""
        due, valid = self.rule.due, self.rule.valid
        if due is None or valid is None:
            return
        holds = self._statements(self.rule.when, self.subject)
        in_order = self.meaning.at_or_before(due, valid), self.meaning.at_or_before(valid, due)
        if not _is_possible(*holds, (None, in_order[0])) and _is_possible(*holds, (None, in_order[1])):
            message = f"the advice is due only after it expires: see {_places([_valid(self.rule)])}"
            self.problems.add("R032", self.rule.places["due"], message, "make it due earlier")

    def _check_values(self) -> None:
        """Report unused defined values; check the alternatives of the others."""
        used = {read.ref.name for read in reads(self.rule) if read.ref.scope == Scope.DEFINED}
        for texts in filter(None, (self.rule.texts, self.rule.replaced)):
            used |= {name for text in texts.sources() for name in names_in(text)}
        for name in (defined.name for defined in self.rule.defined):
            if name in used:
                self._check_alternatives(name)
            else:
                where = self.rule.places[f"define.{name}"]
                self.problems.add("R053", where, f"the value {name} is not used", "remove it, or use it")

    def _check_alternatives(self, name: str) -> None:
        """Warn of alternatives of a defined value that are never used."""
        holds = self._statements(self.rule.when, self.subject)
        for number, cases in enumerate(self.meaning.alternatives(name)[:-1], 1):
            if not _is_possible(*holds, (None, Either(tuple(guard for guard, _ in cases)))):
                message = f"alternative {number} of {name} is never used while the rule holds"
                self.problems.add(
                    "R033", self.rule.places[f"define.{name}"], message, "remove it, or put it before the others"
                )

    def _statements(self, condition: Condition, item: EntityTerm, without: Term | None = None) -> list[Stated]:
        return [(_place(term), self.meaning.term(term, True, item)) for term in condition if term is not without]

    def _is_of_others(self, term: Relation) -> bool:
        """Whether a relation never counts the subject itself."""
        return term.other or term.kind != self.subject.kind


def _some_entity(term: Relation) -> tuple[EntityTerm, list[Stated]]:
    """An entity that a relation can be about, and the statement that it exists."""
    other = new_entity(term.kind)
    return other, [(None, AtLeast(other, 1, lambda entity: TRUE))]


def _check_suppressed(rule: Rule, by: list[Rule], problems: Problems) -> None:
    """Report a rule that is suppressed whenever it holds."""
    silent: list[Stated] = [
        ((other.position, other.id), _is_silent(other)) for other in by if _addressee(other) == _addressee(rule)
    ]
    if not silent or not _is_possible((None, _is_sent(rule))):
        return
    if not _is_possible(*silent, (None, _is_sent(rule))):
        core = _places(_core(silent, _is_sent(rule)))
        message = f"{rule.id} is never sent: whenever it holds, a rule that suppresses it holds too: {core}"
        problems.add("R054", rule.position, message, "change the conditions of one of them, or remove this rule")


def _check_opposite(rule: Rule, other: Rule, problems: Problems) -> None:
    """Report two opposed rules that can hold at once, if neither suppresses the other, by name or by its act."""
    if other.id in rule.suppresses or rule.id in other.suppresses:
        return
    if rule.act and other.act and (rule.act.excludes_about_one(other.act) or other.act.excludes_about_one(rule.act)):
        return
    if _is_possible((None, _is_sent(rule)), (None, _is_sent(other))):
        problems.add(
            "R055",
            rule.places.get(f"opposes.{other.id}", rule.position),
            f"{rule.id} and {other.id} give opposite advice and can hold at the same time",
            "let one suppress the other, or give them conditions that exclude each other",
        )


def _addressee(rule: Rule) -> tuple[str, str]:
    return rule.about, rule.audience


def _is_sent(rule: Rule) -> Statement:
    meaning = Meaning.of(rule)
    return Every((meaning.holds(rule.when), meaning.before(rule.valid) if rule.valid else TRUE))


def _is_silent(rule: Rule) -> Statement:
    meaning = Meaning.of(rule)
    over = (meaning.passed(rule.valid),) if rule.valid else ()
    return Either((meaning.fails(rule.when), *over))


def _is_half_of_a_window(term: Term, condition: Condition) -> bool:
    """Whether a term and another one come from one phrase, like `within wait`, which has no half."""
    return isinstance(term, Reached) and any(
        isinstance(other, Reached)
        and (other.position, other.moment.base) == (term.position, term.moment.base)
        and other.reached != term.reached
        for other in condition
    )


def _is_possible(*stated: Stated) -> bool:
    return is_possible(*(statement for _, statement in stated))


def _core(stated: list[Stated], statement: Statement) -> list[Place]:
    """The places of a minimal set of statements that excludes the given one."""
    needed = list(stated)
    for candidate in stated:
        fewer = [other for other in needed if other is not candidate]
        if not _is_possible(*fewer, (None, statement)):
            needed = fewer
    return sorted({place for place, _ in needed if place is not None})


def _place(term: Term) -> Place | None:
    """The place of a term; None for one that the author did not write."""
    return None if is_life(term) else (term.position, phrase(term))


def _valid(rule: Rule) -> Place:
    return rule.places.get("valid", rule.position), "valid"


def _places(core: list[Place], at: Position | None = None) -> str:
    """`letter: signed` (topic.yaml:7:13); without the position if it is `at`."""
    return " and ".join(f"`{what}`" + (f" ({where})" if where != at else "") for where, what in core)
