"""Renders an agenda: the texts of its cards, and in words why each card and each held recommendation is where it is.
Pure."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

from signpost.advice.addressing import signature
from signpost.advice.agenda.agenda import Agenda, Card, Held, Item, day_of
from signpost.advice.basis import Basis
from signpost.advice.comparison import Comparison
from signpost.advice.document import employer_of
from signpost.advice.rendering import render_text, render_title
from signpost.advice.wording import EMPLOYER_FALLBACK, JoinedWords, joined_words, to_context, words_for
from signpost.case.instant import format_instant, on_calendar
from signpost.facts.facts import Entity
from signpost.rulebook.rulebook import CardKind
from signpost.rulebook.text_values import readable
from signpost.rulebook.texts import ENVIRONMENT, show, to_local_time

_SMALL_NUMBERS: Final = (
    "no",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
)


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
            return self._joined(kind, [self._part(item) for item in self.card.items])
        [item] = self.card.items
        answer = self.basis.answers[item.record.key]
        words = words_for(answer, self.basis.facts, answer.related_at(self.now), item.record.priority)
        return _texts(words.title, words.message, words.steps, words.drafts, words.comparison)

    def _part(self, item: Item) -> JoinedWords:
        answer = self.basis.answers[item.record.key]
        return joined_words(answer, self.basis.facts, answer.related_at(self.now), item.record.priority)

    def _joined(self, kind: CardKind, parts: Sequence[JoinedWords]) -> dict[str, Any]:
        context = self._context(parts)
        title = render_title(kind.name, kind.texts.title, context)
        message = render_text(kind.name, kind.texts.message, context)
        steps = [
            *context["items"],
            *(step for source in kind.texts.steps if (step := render_text(kind.name, source, context))),
        ]
        drafts = [
            {"name": draft.name, "title": render_title(kind.name, draft.title, context), "body": body}
            for draft in kind.texts.drafts
            if (body := render_text(kind.name, draft.body, context))
        ]
        return _texts(title, message, steps, drafts, next((part.comparison for part in parts if part.comparison), None))

    def _context(self, parts: Sequence[JoinedWords]) -> dict[str, Any]:
        """The variables of the texts of its kind."""
        own = to_context(self.first, self._clock(self.first), self.basis.facts.vocabulary, private=self.private)
        candidate_name = self.basis.facts.candidate.values.get("display_name") if self.private else None
        questions = _unique(question for part in parts for question in part.questions)
        offers = self._open_offers()
        return {
            "employer": own.get("employer") or EMPLOYER_FALLBACK,
            "employers": self._employers(offers),
            "candidate_name": own.get("candidate_name") or "",
            "position": own.get("title") or "",
            "day": self._day(),
            "priority": self.card.priority,
            "acts": _unique(item.rule.act.name for item in self.card.items if item.rule.act),
            "subjects": len({(item.subject.kind, item.subject.id) for item in self.card.items}),
            "offers": len(offers),
            "items": _unique(part.item for part in parts),
            "openings": _unique(part.opening for part in parts if part.opening),
            "questions": questions,
            "questions_in_words": _in_words(len(questions)),
            "salutation": own.get("salutation") or "",
            "signature": signature(candidate_name if self.private else self.first.values.get("contact_name")),
        }

    def _open_offers(self) -> list[Entity]:
        """The open offers that the reader knows: all, or for an employer those on the card."""
        if self.private:
            offers: Iterable[Entity] = self.basis.facts.of_kind("offer")
        else:
            offers = {
                item.subject.id: item.subject for item in self.card.items if item.subject.kind == "offer"
            }.values()
        return [offer for offer in offers if offer.values.get("stage") == "open"]

    def _employers(self, offers: Iterable[Entity]) -> list[str]:
        """The names of the employers that the card is about, otherwise those of the open offers."""
        about = [item.subject for item in self.card.items if item.subject.kind != "candidate"] or offers
        return _unique(readable(subject.values.get("employer_name", EMPLOYER_FALLBACK)) for subject in about)

    def _employer(self) -> dict[str, Any] | None:
        """The employer that all its recommendations are about."""
        known = [employer_of(item.subject) for item in self.card.items]
        return known[0] if all(one == known[0] for one in known) else None

    def _day(self) -> str:
        day = day_of(self.first, self.basis.facts, private=self.private)
        return show(day) if day else ""

    def _clock(self, subject: Entity) -> Any:
        return self.basis.facts.clock(subject, private=self.private)

    def _why_here(self) -> str:
        """What its place in the order depends on."""
        card = self.card
        parts = ["last chance" if card.is_last_chance else f"{card.priority} priority"]
        due = on_calendar(card.due)
        if due is not None:
            parts.append(f"{'due' if due > self.now else 'was due'} {self._deadline(due)}")
        if card.last_useful is not None and card.last_useful != due:
            parts.append(f"useful until {self._deadline(card.last_useful)}")
        return ", ".join(parts)

    def _deadline(self, instant: int) -> str:
        local = to_local_time(on_calendar(instant), "instant", self._clock(self.first))
        return str(ENVIRONMENT.filters["deadline"](local))


def _texts(
    title: str, message: str, steps: list[str], drafts: list[dict[str, str]], comparison: Comparison | None
) -> dict[str, Any]:
    return {"title": title, "message": message, "steps": steps, "drafts": drafts, "comparison": comparison}


def _unique(texts: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(texts))


def _in_words(number: int) -> str:
    return _SMALL_NUMBERS[number] if number < len(_SMALL_NUMBERS) else str(number)


def _text(instant: int | None) -> str | None:
    known = on_calendar(instant)
    return None if known is None else format_instant(known)
