"""Renders a rule's texts, and provides the variables that they may use. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from hashlib import blake2b
from typing import Any, TypeAlias

import orjson

from signpost.advice.addressing import addressee
from signpost.advice.comparison import Comparison, compare, render_comparison
from signpost.advice.rendering import render_line, render_text, render_title
from signpost.advice.variables import RuleVariables
from signpost.engine.compiled import Answer
from signpost.facts.clock import Clock, letter_clock_of
from signpost.facts.facts import Entity, Facts
from signpost.rulebook.derived import derive_once
from signpost.rulebook.templates import variables_in
from signpost.rulebook.text_values import readable
from signpost.rulebook.texts import LetterVariables, Variables, is_fixed
from signpost.rulebook.typed_rule import Rule, Texts

EMPLOYER_TO_FILL_IN = "[name of the employer]"
"""In drafts, which the employer reads."""


@dataclass(frozen=True, slots=True)
class Words:
    """The rendered texts of one recommendation."""

    title: str
    message: str
    steps: list[str]
    drafts: list[dict[str, str]]
    comparison: Comparison | None


@dataclass(frozen=True, slots=True)
class JoinedWords:
    """What one recommendation adds to a card that joins several: a line of the list (`title` only if there is no
    `item`), and what the joined letter says and asks; empty texts add nothing."""

    title: str
    item: str
    opening: str
    questions: list[str]


_Key: TypeAlias = tuple[str, str, str]
"""(`RULE@KIND/ID`, priority, ids of the related entities)."""


@dataclass(frozen=True, slots=True)
class _Context:
    """The variables of a recommendation's own texts and of its letters, each with the times of their reader; and the
    chart if the rule attaches one."""

    own: Variables
    letter: LetterVariables
    comparison: Comparison | None


class Writer:
    """Renders the texts of one evaluation: a change, its digest and a card share them."""

    def __init__(self, facts: Facts) -> None:
        self._facts = facts
        self._written: dict[_Key, Words] = {}
        self._contexts: dict[_Key, _Context] = {}
        self._clocks: dict[tuple[str, str], Clock] = {}
        self._dumped: dict[int, bytes] = {}

    def words(self, answer: Answer, related: Mapping[str, list[Entity]], priority: str) -> Words:
        """The texts of a rule about a subject, from facts and the current priority; never from the clock."""
        key = _key(answer, related, priority)
        if key not in self._written:
            self._written[key] = _words(answer, self._context(key, answer, related))
        return self._written[key]

    def title(self, answer: Answer, related: Mapping[str, list[Entity]], priority: str) -> str:
        """The title alone."""
        context = self._context(_key(answer, related, priority), answer, related)
        return render_title(answer.rule.id, answer.rule.texts.title, context.own)

    def joined(self, answer: Answer, related: Mapping[str, list[Entity]], priority: str) -> JoinedWords:
        """The part of a recommendation on a joined card."""
        rule = answer.rule
        if (fixed := _fixed_words(rule)) is not None:
            return fixed
        context = self._context(_key(answer, related, priority), answer, related)
        return _joined_words(rule.id, rule.texts, context.own, context.letter)

    def letter_clock(self, to: Entity, *, private: bool) -> Clock:
        """The clock of the reader of drafts about an entity; those of an employer have the times of the employer."""
        if not private:
            return self._facts.clock(to, private=False)
        key = (to.kind, to.id)
        if key not in self._clocks:
            self._clocks[key] = letter_clock_of(to, self._facts.zone, self._facts.vocabulary)
        return self._clocks[key]

    def known(self, answer: Answer, related: Mapping[str, list[Entity]], priority: str, version: str) -> str:
        """A digest of all that texts could use: equal digests mean equal texts. `version`: of the rulebook."""
        rest = [version, priority, answer.due, answer.valid_until, answer.defined]
        zones = [str(clock.zone) for clock in self._clocks_of(answer, related)]
        return _digest(self._dump_read(answer, related), _dump([*rest, _ids(related), zones]))

    def used(self, answer: Answer, related: Mapping[str, list[Entity]], priority: str) -> str:
        """A digest of what the texts of the rule do use, and of the texts; likewise. It takes longer than `known`."""
        needs, context = _needs(answer.rule.texts), self._context(_key(answer, related, priority), answer, related)
        values = [_part(context.own.get(name), part) for name, part in needs.own.parts]
        values += [_part(context.letter.get(name), part) for name, part in needs.letter.parts]
        attached = self._dump_read(answer, related) if answer.rule.attaches else b""
        names_employer = "employer_name" in answer.subject.values
        return _digest(needs.source, attached, _dump([values, names_employer]))

    def _dump_read(self, answer: Answer, related: Mapping[str, list[Entity]]) -> bytes:
        """The entities that the texts may read."""
        read = [answer.subject, *(item for items in related.values() for item in items)]
        read += [self._facts.candidate] if answer.rule.audience == "candidate" else []
        return b"".join(map(self._dump_entity, read))

    def _dump_entity(self, entity: Entity) -> bytes:
        if id(entity) not in self._dumped:
            self._dumped[id(entity)] = _dump([entity.values, entity.offsets])
        return self._dumped[id(entity)]

    def _context(self, key: _Key, answer: Answer, related: Mapping[str, list[Entity]]) -> _Context:
        if key not in self._contexts:
            own, letter = (
                RuleVariables(answer, self._facts, related, key[1], clock) for clock in self._clocks_of(answer, related)
            )
            self._contexts[key] = _context(own, letter)
        return self._contexts[key]

    def _clocks_of(self, answer: Answer, related: Mapping[str, list[Entity]]) -> tuple[Clock, Clock]:
        """The clocks of who reads the texts of a rule and of who gets its letters."""
        private = answer.rule.audience == "candidate"
        own = self._facts.clock(answer.subject, private=private)
        parts = _needs(answer.rule.texts).letter.parts
        if not parts:
            return own, own
        return own, self.letter_clock(addressee(answer.subject, related, parts), private=private)


def _ids(related: Mapping[str, list[Entity]]) -> list[list[str]]:
    return [[item.id for item in items] for items in related.values()]


def _key(answer: Answer, related: Mapping[str, list[Entity]], priority: str) -> _Key:
    return answer.key, priority, repr(_ids(related)) if related else ""


def joined_words(answer: Answer, facts: Facts, related: Mapping[str, list[Entity]], priority: str) -> JoinedWords:
    """The part of a recommendation on a joined card."""
    return Writer(facts).joined(answer, related, priority)


def _words(answer: Answer, context: _Context) -> Words:
    rule, texts, own = answer.rule, answer.rule.texts, context.own
    title, text = partial(render_title, rule.id, context=own), partial(render_text, rule.id, context=own)
    has_name = not texts.drafts or "employer_name" in answer.subject.values
    letter = context.letter if has_name else LetterVariables(context.letter | {"employer": EMPLOYER_TO_FILL_IN})
    drafts = [
        {"name": draft.name, "title": title(draft.title, context=letter), "body": body}
        for draft in texts.drafts
        if (body := text(draft.body, context=letter))
    ]
    steps = [step for step in map(text, texts.steps) if step]
    return Words(title(texts.title), text(texts.message), steps, drafts, context.comparison)


@derive_once
def _fixed_words(rule: Rule) -> JoinedWords | None:
    """The part of a rule on a joined card if no fact changes it; None otherwise."""
    texts = rule.texts
    sources = (texts.item.strip() or texts.title, texts.opening, *texts.questions)
    return _joined_words(rule.id, texts, Variables(), LetterVariables()) if all(map(is_fixed, sources)) else None


def _joined_words(rule: str, texts: Texts, own: Variables, letter: LetterVariables) -> JoinedWords:
    title, line = partial(render_title, rule, context=own), partial(render_line, rule, context=letter)
    questions = [question for question in map(line, texts.questions) if question]
    item, opening = texts.item and title(texts.item), texts.opening and line(texts.opening)
    return JoinedWords("" if item else title(texts.title), item, opening, questions)


def _context(own: RuleVariables, letter: RuleVariables) -> _Context:
    """What the texts of a rule use, each with the times of their reader."""
    needs, related = _needs(own.answer.rule.texts), own.related
    letters = LetterVariables(letter.named(needs.letter.names))
    context = _Context(Variables(own.named(needs.own.names)), letters, None)
    if not own.answer.rule.attaches:
        return context
    offers = [_readable(offer) for offer in related.get("offers") or related.get("offer") or []]
    comparison = compare(offers, _readable(own.facts.candidate))
    context.own["comparison"] = context.letter["comparison"] = render_comparison(comparison)
    return replace(context, comparison=comparison)


@dataclass(frozen=True, slots=True)
class _Uses:
    """The variables that some texts use, and the parts of them, where no part means all."""

    names: tuple[str, ...]
    parts: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class _Needs:
    """What the own texts of a rule and its letters use; and the texts themselves."""

    own: _Uses
    letter: _Uses
    source: bytes


@derive_once
def _needs(texts: Texts) -> _Needs:
    source = _dump([list(texts.sources()), [draft.name for draft in texts.drafts]])
    own = (texts.title, texts.message, *texts.steps, texts.item)
    return _Needs(_uses(own), _uses(texts.letter_sources()), source)


def _uses(sources: Iterable[str]) -> _Uses:
    parts = sorted(frozenset[tuple[str, str]]().union(*map(variables_in, sources)))
    return _Uses(tuple(dict.fromkeys(name for name, _ in parts)), tuple(parts))


def _part(value: Any, name: str) -> Any:
    """A part of a variable that has parts; any other value whole."""
    return value.get(name) if name and isinstance(value, Mapping) else value


def _dump(value: Any) -> bytes:
    """Unambiguous bytes: of a local time, the zone too."""
    return orjson.dumps(value, default=repr, option=orjson.OPT_SORT_KEYS | orjson.OPT_PASSTHROUGH_DATETIME)


def _digest(*parts: bytes) -> str:
    return blake2b(b"\0".join(parts), digest_size=8).hexdigest()


def _readable(entity: Entity) -> Entity:
    """The entity with readable texts."""
    return replace(entity, values=readable(entity.values))
