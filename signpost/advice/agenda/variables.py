"""The variables of the texts of a card that joins several recommendations. Pure."""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from functools import cached_property
from typing import Any, Final

from signpost.advice.addressing import signature
from signpost.advice.agenda.agenda import day_of
from signpost.advice.agenda.cards import Card, Item
from signpost.advice.basis import Basis
from signpost.advice.variables import EMPLOYER_FALLBACK, context_of
from signpost.advice.wording import JoinedWords, Words
from signpost.case.instant import FIRST_ANYWHERE, fixed_zone
from signpost.facts.clock import Clock
from signpost.facts.facts import Entity
from signpost.rulebook.text_values import readable
from signpost.rulebook.texts import to_local_time

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
_PLACEHOLDER: Final = "["
_TIMED: Final = frozenset({"day", "times", "due", "deadlines", "missed_deadlines", "interviewed"})


@dataclass(frozen=True, slots=True)
class Part:
    """One recommendation on a card, and the words that it adds."""

    item: Item
    words: JoinedWords

    @property
    def line(self) -> str:
        """Its line in a list."""
        return self.words.item or self.words.title

    @property
    def is_asked(self) -> bool:
        """Whether its line says what the letter asks: it completes "Ask ..."."""
        return bool(self.words.questions and self.words.item)


class Lead:
    """The words of the most pressing recommendation, rendered once a text shows any of them."""

    def __init__(self, render: Callable[[], Words]) -> None:
        self._render = render

    @cached_property
    def _words(self) -> Words:
        return self._render()

    @property
    def title(self) -> str:
        """Its title."""
        return self._words.title

    @property
    def message(self) -> str:
        """Its message."""
        return self._words.message

    @property
    def steps(self) -> list[str]:
        """Its steps."""
        return self._words.steps


class CardVariables:
    """Collects the variables of one card. `private`: for the candidate, who knows everything. `is_letter`: with the
    times of the person who gets the drafts, instead of the reader's."""

    def __init__(self, card: Card, basis: Basis, now: int, *, private: bool, is_letter: bool = False) -> None:
        self.card, self.basis, self.now, self.private, self.is_letter = card, basis, now, private, is_letter
        self.facts = basis.facts
        self.first = card.items[0].subject
        self.subjects = list({(item.subject.kind, item.subject.id): item.subject for item in card.items}.values())
        self.known = {id(subject): self._context_of(subject) for subject in self.subjects}

    def named(self, names: Collection[str], lead: Callable[[], Words]) -> dict[str, Any]:
        """Those with these names: the texts of a card use few, and the others are not made. `lead`: renders the words
        of the most pressing recommendation."""
        own = self.known[id(self.first)]
        makers: dict[str, Callable[[], Any]] = {
            "lead": lambda: Lead(lead),
            "others": self._others,
            "items": lambda: self.items,
            "asked": lambda: [line for line in map(_asked, self._points) if line],
            "openings": lambda: _unique(part.words.opening for part in self._parts if part.words.opening),
            "questions": lambda: [" ".join(_questions(point)) for point in self._points],
            "questions_in_words": lambda: in_words(len(self._points)),
            "acts": lambda: _unique(item.rule.act.name for item in self.card.items if item.rule.act),
            "stages": lambda: self._values("stage"),
            "offered": lambda: _unique(self.known[id(one)]["title"] for one in self._open if "title" in one.values),
            "deadlines": lambda: self._deadlines(missed=False),
            "missed_deadlines": lambda: self._deadlines(missed=True),
            "interviewed": self._interviewed,
            "subjects": lambda: len(self.subjects),
            "offers": lambda: len(self._open_offers),
            "offers_in_words": lambda: in_words(len(self._open_offers)),
            "employer": lambda: own.get("employer") or EMPLOYER_FALLBACK,
            "employers": self._employers,
            "candidate_name": lambda: own.get("candidate_name") or "",
            "positions": lambda: self._values("title"),
            "day": self._day,
            "times": lambda: _in_order(self._of_talks("starts_at")),
            "interviews": self._number_of_talks,
            "interviewers": self._interviewers,
            "priority": lambda: self.card.priority,
            "due": lambda: to_local_time(self.card.due, "instant", self._clock(self.first)),
            "salutation": self._salutation,
            "signature": self._signature,
        }
        return {name: make() for name, make in makers.items() if name in names}

    def times_of_letter(self, names: Collection[str], lead: Callable[[], Words]) -> dict[str, Any]:
        """Those with these names that drafts show with other times."""
        timed = _TIMED.intersection(names)
        if not timed:
            return {}
        letter = CardVariables(self.card, self.basis, self.now, private=self.private, is_letter=True)
        return letter.named(timed, lead)

    @cached_property
    def items(self) -> list[str]:
        """The lines of the list, without what the letter asks."""
        return _unique(part.line for part in self._parts if not part.is_asked)

    @cached_property
    def _parts(self) -> list[Part]:
        return sorted(
            (Part(item, _words(item, self.basis, self.now)) for item in self.card.items),
            key=lambda part: (-part.item.rule.weight, part.item.order),
        )

    def _others(self) -> list[str]:
        """The lines of all but the most pressing recommendation, without those that only repeat it."""
        [lead] = [part.line for part in self._parts if part.item is self.card.items[0]]
        return [line for line in _unique(part.line for part in self._parts) if line != lead]

    def _context_of(self, subject: Entity) -> Mapping[str, Any]:
        return context_of(subject, self.facts, self._clock(subject), private=self.private)

    def _values(self, name: str) -> list[Any]:
        """The distinct values of a field of its subjects, those of candidates aside."""
        known = (self.known[id(subject)] for subject in self.subjects if subject.kind != "candidate")
        return _unique(values[name] for values in known if values.get(name) is not None)

    @cached_property
    def _points(self) -> list[list[Part]]:
        """The recommendations with questions, those of one point together."""
        points: dict[str, list[Part]] = {}
        for part in self._parts:
            if part.words.questions:
                points.setdefault(part.item.rule.point or f"\0{part.item.key}", []).append(part)
        asked: set[str] = set()
        distinct = []
        for point in points.values():
            questions = set(_questions(point))
            distinct += [point] if questions - asked else []
            asked |= questions
        return distinct

    @property
    def _open(self) -> list[Entity]:
        """Its open offers."""
        return _open_offers_of(self.subjects)

    @cached_property
    def _open_offers(self) -> list[Entity]:
        """The open offers that the reader knows: all, or for an employer those on the card."""
        return _open_offers_of(self.facts.of_kind("offer")) if self.private else self._open

    def _deadlines(self, *, missed: bool) -> list[Any]:
        """The response deadlines of its open offers that are ahead, or those that are over, in their order."""
        stated = (one for one in self._open if "respond_by" in one.values)
        chosen = (one for one in stated if (one.values["respond_by"] <= self.now) is missed)
        return _in_order(self._context_of(one)["respond_by"] for one in chosen)

    def _interviewed(self) -> list[Any]:
        """When its applications that wait for an answer had their latest interview, one of a day, the latest last."""
        applications = (one for one in self.subjects if one.kind == "application")
        waiting = (one for one in applications if one.values.get("stage", "submitted") == "submitted")
        held = (self._context_of(one).get("interviewed_at") for one in waiting)
        return list({_day(at): at for at in _in_order(at for at in held if at is not None)}.values())

    def _employers(self) -> list[str]:
        """The names of the employers that the card is about, otherwise those of the open offers."""
        about = [subject for subject in self.subjects if subject.kind != "candidate"] or self._open_offers
        return _unique(readable(subject.values.get("employer_name", EMPLOYER_FALLBACK)) for subject in about)

    @cached_property
    def _talks(self) -> list[Entity]:
        """The interviews of the card; for the candidate, all that the same employer has planned for that day."""
        day, first = self._day(), self.first.values
        if day is None or not self.private or first.get("stage") != "scheduled":
            return [one for one in self.subjects if one.kind == "interview"]
        planned = (one for one in self.facts.of_kind("interview") if one.values.get("stage") == "scheduled")
        same = (
            one
            for one in planned
            if one is self.first or ("employer" in first and one.values.get("employer") == first["employer"])
        )
        return sorted(
            (one for one in same if day_of(one, self._clock(one)) == day), key=lambda one: one.values["starts_at"]
        )

    def _of_talks(self, name: str) -> list[Any]:
        """The distinct values of a field of its interviews."""
        known = (self._context_of(one).get(name) for one in self._talks)
        return _unique(value for value in known if value is not None)

    def _number_of_talks(self) -> int:
        """Records of one start are one interview, such as a panel with a record for each interviewer."""
        return len({one.values.get("starts_at", one.id) for one in self._talks})

    def _interviewers(self) -> list[str]:
        known = (self._context_of(one).get("interviewers") or () for one in self._talks)
        return _unique(name for names in known for name in names)

    def _day(self) -> date | None:
        return day_of(self.first, self._clock(self.first))

    def _clock(self, subject: Entity) -> Clock:
        if self.is_letter:
            return self.basis.writer.letter_clock(subject, private=self.private)
        return self.facts.clock(subject, private=self.private)

    def _salutation(self) -> str:
        """The first that names a person, otherwise the first."""
        found = [str(known["salutation"]) for known in self.known.values() if known.get("salutation")]
        return next((one for one in found if _PLACEHOLDER not in one), found[0] if found else "")

    def _signature(self) -> str:
        if self.private:
            return signature(self.facts.candidate.values.get("display_name"))
        names = (subject.values.get("contact_name") for subject in self.subjects)
        return signature(next((name for name in names if name), None))


def _open_offers_of(known: Iterable[Entity]) -> list[Entity]:
    return [one for one in known if one.kind == "offer" and one.values.get("stage") == "open"]


def _words(item: Item, basis: Basis, now: int) -> JoinedWords:
    answer = basis.answers[item.key]
    return basis.writer.joined(answer, answer.related_at(now), item.record.priority)


def _questions(point: Iterable[Part]) -> list[str]:
    return _unique(question for part in point for question in part.words.questions)


def _day(at: datetime | date) -> date:
    return at.date() if isinstance(at, datetime) else at


def _in_order(times: Iterable[datetime | date]) -> list[datetime | date]:
    """Local times, the earliest first; a day that was stated without saying where begins at its first place."""
    first = fixed_zone(FIRST_ANYWHERE)
    return sorted(times, key=lambda at: at if isinstance(at, datetime) else datetime.combine(at, time(), first))


def _asked(point: Iterable[Part]) -> str:
    """What a point asks, as one line: `where you would work, and how much you would travel`."""
    lines = _unique(part.words.item for part in point if part.is_asked)
    return ", and ".join(lines) if len(lines) < 3 else f"{'; '.join(lines[:-1])}; and {lines[-1]}"


def in_words(number: int) -> str:
    """`six` up to twelve, then digits."""
    return _SMALL_NUMBERS[number] if number < len(_SMALL_NUMBERS) else str(number)


def _unique(values: Iterable[Any]) -> list[Any]:
    return list(dict.fromkeys(values))
