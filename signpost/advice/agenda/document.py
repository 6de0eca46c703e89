"""Renders an agenda: the texts of its cards, and in words why each card and each held recommendation is where it is.
Pure."""

import re
from datetime import datetime
from functools import partial
from typing import Any, Final

from signpost.advice.agenda.cards import Agenda, Card, Held, Item, is_day
from signpost.advice.agenda.variables import CardVariables
from signpost.advice.basis import Basis
from signpost.advice.comparison import Comparison
from signpost.advice.document import employer_of
from signpost.advice.rendering import render_text, render_title
from signpost.advice.wording import Words
from signpost.case.instant import DAY, format_instant, on_calendar
from signpost.facts.facts import Entity
from signpost.rulebook.rulebook import CardKind
from signpost.rulebook.templates import names_in
from signpost.rulebook.texts import ENVIRONMENT, MIDNIGHT, LetterVariables, Variables, show, to_local_time

_GAP: Final = re.compile(r"\n{3,}")


def agenda_document(agenda: Agenda, basis: Basis, now: int) -> dict[str, Any]:
    """The cards and what is held, as the schema defines them."""
    return {
        "cards": [_CardWriter(card, agenda, basis, now).document() for card in agenda.cards],
        "held": [_held(held, basis) for held in agenda.held],
    }


def _held(held: Held, basis: Basis) -> dict[str, Any]:
    return {
        "recommendation": held.item.record.id,
        "rule": held.item.record.rule,
        "title": held.item.record.title,
        "priority": held.item.record.priority,
        "reason": held.reason,
        "until": _text(held.until),
    }


class _CardWriter:
    def __init__(self, card: Card, agenda: Agenda, basis: Basis, now: int) -> None:
        self.card, self.agenda, self.basis, self.now = card, agenda, basis, now
        self.private = agenda.reader.audience == "candidate"
        self.first = card.items[0].subject

    def document(self) -> dict[str, Any]:
        return {
            "id": self.card.id,
            "kind": self.card.kind.name if self.card.kind else None,
            **self._texts(),
            "employer": self._employer(),
            "priority": self.card.priority,
            "due": _text(self.card.due),
            "why_here": self._why_here(),
            "recommendations": [item.record.id for item in self.card.items],
        }

    def _texts(self) -> dict[str, Any]:
        """The words of its recommendation, or those of its kind for several."""
        kind = self.card.kind
        if kind is not None and len(self.card.items) > 1:
            return self._joined(kind)
        words = self._words(self.card.items[0])
        return _texts(words.title, words.message, words.steps, words.drafts, words.comparison)

    def _words(self, item: Item) -> Words:
        answer = self.basis.answers[item.key]
        return self.basis.writer.words(answer, answer.related_at(self.now), item.record.priority)

    def _joined(self, kind: CardKind) -> dict[str, Any]:
        variables = CardVariables(self.card, self.basis, self.now, private=self.private)
        names = frozenset[str]().union(*map(names_in, kind.texts.sources()))
        context = Variables(variables.named(names, self._lead))
        title, text = (
            partial(render_title, kind.name, context=context),
            partial(render_text, kind.name, context=context),
        )
        drafts = self._drafts(kind, context | variables.times_of_letter(_letter_names(kind), self._lead))
        lines = (line.strip() for source in kind.texts.steps for line in text(source).splitlines())
        steps = list(dict.fromkeys(filter(None, lines)))
        return _texts(
            title(kind.texts.title),
            text(kind.texts.message),
            steps if kind.texts.steps else variables.items,
            drafts or self._own_drafts(),
            self._comparison(),
        )

    def _lead(self) -> Words:
        return self._words(self.card.items[0])

    def _drafts(self, kind: CardKind, variables: dict[str, Any]) -> list[dict[str, str]]:
        context = LetterVariables(variables)
        return [
            {
                "name": draft.name,
                "title": render_title(kind.name, draft.title, context),
                "body": _without_gaps(body),
            }
            for draft in kind.texts.drafts
            if (body := render_text(kind.name, draft.body, context))
        ]

    def _own_drafts(self) -> list[dict[str, str]]:
        """The drafts of the most pressing recommendation that has any."""
        return next((self._words(item).drafts for item in self.card.items if item.rule.texts.drafts), [])

    def _comparison(self) -> Comparison | None:
        return next((self._words(item).comparison for item in self.card.items if item.rule.attaches), None)

    def _employer(self) -> dict[str, Any] | None:
        """The employer that all its recommendations are about."""
        known = [employer_of(item.subject) for item in self.card.items]
        return known[0] if all(one == known[0] for one in known) else None

    def _clock(self, subject: Entity) -> Any:
        return self.basis.facts.clock(subject, private=self.private)

    def _why_here(self) -> str:
        """What its place in the order depends on."""
        card = self.card
        parts = ["last chance" if card.is_last_chance else f"{card.priority} priority"]
        due = on_calendar(card.due)
        until = due + DAY if due is not None and self._is_day(due) else due
        if due is not None and until is not None:
            parts.append(f"{'due' if until > self.now else 'was due'} {self._deadline(due)}")
        if card.pressing_until not in (None, due, until):
            parts.append(f"useful until {self._end(card.pressing_until)}")
        return ", ".join(parts)

    def _deadline(self, instant: int) -> str:
        local = self._local(instant)
        return show(local.date() if self._is_day(instant) else ENVIRONMENT.filters["deadline"](local))

    def _end(self, instant: int) -> str:
        """Until when something is useful; midnight is the end of the day before."""
        local = self._local(instant)
        is_midnight = isinstance(local, datetime) and local.time() == MIDNIGHT and not self._is_day(instant)
        return self._deadline(instant - 1 if is_midnight else instant)

    def _is_day(self, instant: int) -> bool:
        """Whether an instant is the beginning of the day on which advice is due: a rule names a date."""
        due = (item for item in self.card.items if item.record.due == instant)
        return any(is_day(item.rule, instant, self._clock(self.first)) for item in due)

    def _local(self, instant: int) -> Any:
        return to_local_time(on_calendar(instant), "instant", self._clock(self.first))


def _letter_names(kind: CardKind) -> frozenset[str]:
    return frozenset[str]().union(*map(names_in, kind.texts.letter_sources()))


def _texts(
    title: str, message: str, steps: list[str], drafts: list[dict[str, str]], comparison: Comparison | None
) -> dict[str, Any]:
    return {"title": title, "message": message, "steps": steps, "drafts": drafts, "comparison": comparison}


def _without_gaps(text: str) -> str:
    """At most one empty line between paragraphs."""
    return _GAP.sub("\n\n", text)


def _text(instant: int | None) -> str | None:
    known = on_calendar(instant)
    return None if known is None else format_instant(known)
