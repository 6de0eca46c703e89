"""Renders a rule's texts, and provides the variables that they may use. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from hashlib import blake2b
from typing import Any, TypeAlias

import orjson

from signpost.advice.comparison import Comparison, compare, render_comparison
from signpost.advice.rendering import render_line, render_text, render_title
from signpost.advice.variables import RuleVariables
from signpost.engine.compiled import Answer
from signpost.facts.facts import Entity, Facts
from signpost.rulebook.derived import derive_once
from signpost.rulebook.templates import variables_in
from signpost.rulebook.terms import Rule, Texts
from signpost.rulebook.text_values import readable
from signpost.rulebook.texts import Variables, is_fixed

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
_Context: TypeAlias = tuple[Variables, Comparison | None]


class Writer:
    """Renders the texts of one evaluation: a change, its digest and a card share them."""

    def __init__(self, facts: Facts) -> None:
        self._facts = facts
        self._written: dict[_Key, Words] = {}
        self._contexts: dict[_Key, _Context] = {}
        self._dumped: dict[int, bytes] = {}

    def words(self, answer: Answer, related: Mapping[str, list[Entity]], priority: str) -> Words:
        """The texts of a rule about a subject, from facts and the current priority; never from the clock."""
        key = _key(answer, related, priority)
        if key not in self._written:
            self._written[key] = _words(answer, *self._context(key, answer, related))
        return self._written[key]

    def title(self, answer: Answer, related: Mapping[str, list[Entity]], priority: str) -> str:
        """The title alone."""
        key = _key(answer, related, priority)
        if key in self._written:
            return self._written[key].title
        return render_title(answer.rule.id, answer.rule.texts.title, self._context(key, answer, related)[0])

    def joined(self, answer: Answer, related: Mapping[str, list[Entity]], priority: str) -> JoinedWords:
        """The part of a recommendation on a joined card."""
        rule = answer.rule
        if (fixed := _fixed_words(rule)) is not None:
            return fixed
        return _joined_words(rule.id, rule.texts, self._context(_key(answer, related, priority), answer, related)[0])

    def known(self, answer: Answer, related: Mapping[str, list[Entity]], priority: str, version: str) -> str:
        """A digest of all that texts could use: equal digests mean equal texts. `version`: of the rulebook."""
        rest = [version, priority, answer.due, answer.valid_until, answer.defined]
        return _digest(self._dump_read(answer, related), _dump([*rest, _ids(related)]))

    def used(self, answer: Answer, related: Mapping[str, list[Entity]], priority: str) -> str:
        """A digest of what the texts of the rule do use, and of the texts; likewise. It takes longer than `known`."""
        needs, variables = _needs(answer.rule.texts), self._context(_key(answer, related, priority), answer, related)[0]
        values = [_part(variables.get(name), part) for name, part in needs.parts]
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
            self._contexts[key] = _context(answer, self._facts, related, key[1])
        return self._contexts[key]


def _ids(related: Mapping[str, list[Entity]]) -> list[list[str]]:
    return [[item.id for item in items] for items in related.values()]


def _key(answer: Answer, related: Mapping[str, list[Entity]], priority: str) -> _Key:
    return answer.key, priority, repr(_ids(related)) if related else ""


def joined_words(answer: Answer, facts: Facts, related: Mapping[str, list[Entity]], priority: str) -> JoinedWords:
    """The part of a recommendation on a joined card."""
    return Writer(facts).joined(answer, related, priority)


def _words(answer: Answer, context: Variables, comparison: Comparison | None) -> Words:
    rule, texts = answer.rule, answer.rule.texts
    title, text = partial(render_title, rule.id, context=context), partial(render_text, rule.id, context=context)
    has_name = not texts.drafts or "employer_name" in answer.subject.values
    written = context if has_name else Variables(context | {"employer": EMPLOYER_TO_FILL_IN})
    drafts = [
        {"name": draft.name, "title": title(draft.title, context=written), "body": text(draft.body, context=written)}
        for draft in texts.drafts
    ]
    steps = [step for step in map(text, texts.steps) if step]
    return Words(title(texts.title), text(texts.message), steps, drafts, comparison)


@derive_once
def _fixed_words(rule: Rule) -> JoinedWords | None:
    """The part of a rule on a joined card if no fact changes it; None otherwise."""
    texts = rule.texts
    sources = (texts.item.strip() or texts.title, texts.opening, *texts.questions)
    return _joined_words(rule.id, texts, Variables()) if all(map(is_fixed, sources)) else None


def _joined_words(rule: str, texts: Texts, context: Variables) -> JoinedWords:
    title, line = partial(render_title, rule, context=context), partial(render_line, rule, context=context)
    questions = [question for question in map(line, texts.questions) if question]
    item, opening = texts.item and title(texts.item), texts.opening and line(texts.opening)
    return JoinedWords("" if item else title(texts.title), item, opening, questions)


def _context(answer: Answer, facts: Facts, related: Mapping[str, list[Entity]], priority: str) -> _Context:
    """The variables that the texts use, and the chart if the rule attaches one."""
    names = _needs(answer.rule.texts).names
    context = Variables(RuleVariables(answer, facts, related, priority).named(names))
    if not answer.rule.attaches:
        return context, None
    offers = [_readable(offer) for offer in related.get("offers") or related.get("offer") or []]
    comparison = compare(offers, _readable(facts.candidate))
    context["comparison"] = render_comparison(comparison)
    return context, comparison


@dataclass(frozen=True, slots=True)
class _Needs:
    """What the texts of a rule use: `parts` of variables, where no part means all; and the texts themselves."""

    parts: tuple[tuple[str, str], ...]
    names: tuple[str, ...]
    source: bytes


@derive_once
def _needs(texts: Texts) -> _Needs:
    parts = sorted(frozenset[tuple[str, str]]().union(*map(variables_in, texts.sources())))
    source = _dump([list(texts.sources()), [draft.name for draft in texts.drafts]])
    return _Needs(tuple(parts), tuple(dict.fromkeys(name for name, _ in parts)), source)


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
    return replace(entity, id=readable(entity.id), values=readable(entity.values))
