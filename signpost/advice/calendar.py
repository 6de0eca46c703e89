"""The calendar of a candidate: answer deadlines, notice dates, interviews and due advice as typed entries. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, tzinfo
from enum import Enum
from hashlib import blake2b
from typing import Any, Final, TypeAlias
from zoneinfo import ZoneInfo

from signpost.advice.calendar_revisions import FieldOf, advice_revision, fact_revision
from signpost.case.case import Case
from signpost.case.instant import DAY, HOUR, from_datetime, on_calendar, parse_instant, to_datetime
from signpost.facts.entity import Entity
from signpost.facts.facts import Facts
from signpost.facts.stages import ENDED
from signpost.rulebook.text_values import readable
from signpost.rulebook.texts import ENVIRONMENT

When: TypeAlias = int | date
"""An instant in microseconds, or a whole day."""
Advice: TypeAlias = Mapping[str, Any]
"""The data of the latest change of a recommendation."""
KEPT_US: Final = 30 * DAY
"""How long the calendar keeps what is over, and what is cancelled."""
INTERVIEW_US: Final = HOUR
"""The length of an interview whose end is unknown."""
DAY_END: Final = time(23, 59, 59)
"""A deadline at the last second of a day was stated as a day (see `case.fold`)."""
_NOTICE_FIELDS: Final[Sequence[FieldOf]] = (
    *(("employment", "", name) for name in ("current", "resigned", "ended", "started", "notice_to", "notice_country")),
    *(("employment", "", f"notice_period_{unit}") for unit in ("days", "weeks", "months")),
    ("candidate", "", "country"),
)


class EntryKind(Enum):
    """What happens then."""

    DEADLINE = "deadline"
    NOTICE = "notice"
    INTERVIEW = "interview"
    ADVICE = "advice"


@dataclass(frozen=True, slots=True)
class Entry:
    """One event of a calendar.

    `sequence` grows when the entry changes and never falls; `changed_at`: when it last changed (microseconds).
    `ends`: only of an interview. `zone`: in which to show it; None where no time zone is known. `about`: the subject,
    like "offer/acme-1".
    """

    uid: str
    kind: EntryKind
    about: str
    title: str
    description: str
    starts: When
    ends: int | None
    zone: ZoneInfo | None
    cancelled: bool
    sequence: int
    changed_at: int


def calendar_entries(facts: Facts, case: Case, advice: Iterable[Advice], *, tenant: str, now: int) -> list[Entry]:
    """The entries of a candidate's calendar at `now` (microseconds), by time.

    `case`: what `facts` come from. `advice`: all recommendations of the case, ended ones too; those for employers are
    left out. Advice that is due with a standing deadline, notice date or interview of its own subject is listed there
    and has no entry of its own.
    """
    mine = [data for data in advice if data["audience"] == "candidate"]
    maker = _Maker(facts, case, f"{tenant}\0{facts.candidate.id}\0{case.erased_at}", mine)
    dated = list(maker.dated())
    listed = {entry.uid: [data for data in mine if maker.falls_on(data, entry)] for entry in dated}
    entries = [
        replace(entry, description=_join(entry.description, *(f"- {data['title']}" for data in listed[entry.uid])))
        for entry in dated
    ]
    elsewhere = {data["id"] for found in listed.values() for data in found}
    entries += [maker.due(data) for data in mine if data["due"] is not None and data["id"] not in elsewhere]
    kept = [entry for entry in entries if _over_at(entry) + KEPT_US > now]
    return sorted(kept, key=lambda entry: (_instant(entry.starts), entry.uid))


@dataclass(frozen=True, slots=True)
class _Maker:
    """`identity`: of the case until it is erased. `advice`: for the candidate."""

    facts: Facts
    case: Case
    identity: str
    advice: Sequence[Advice]

    def dated(self) -> Iterator[Entry]:
        """The entries of what the facts date."""
        for offer in self.facts.of_kind("offer"):
            if "stage" in offer.values:
                yield from self._deadline(offer)
                yield from self._notice(offer)
        for interview in self.facts.of_kind("interview"):
            yield from self._interview(interview)

    def due(self, data: Advice) -> Entry:
        """The entry of advice with a due time."""
        return Entry(
            uid=f"{data['id']}@signpost",
            kind=EntryKind.ADVICE,
            about=_about(data),
            title=data["title"] or "Advice",
            description=_join(data["message"], *(f"- {step}" for step in data["steps"])),
            starts=parse_instant(data["due"]),
            ends=None,
            zone=self._zone(self._subject(data)),
            cancelled=data["status"] != "active",
            sequence=advice_revision(data),
            changed_at=parse_instant(data["changed_at"]),
        )

    def falls_on(self, data: Advice, entry: Entry) -> bool:
        """Whether active advice is due with a standing entry of its own subject."""
        if entry.cancelled or data["status"] != "active" or data["due"] is None or _about(data) != entry.about:
            return False
        due = parse_instant(data["due"])
        if isinstance(entry.starts, int):
            return due == entry.starts
        # A day is due at its beginning, within it, or at its end, where the next one begins
        zone = self.facts.clock(self._subject(data), private=True).zone
        return entry.starts in (_day(due, zone), _day(due - 1, zone))

    def _deadline(self, offer: Entity) -> Iterator[Entry]:
        instant = on_calendar(offer.values.get("respond_by"))
        if instant is not None:
            yield self._entry(
                EntryKind.DEADLINE,
                offer,
                f"Answer {_employer(offer)} about the offer",
                self._deadline_day(offer, instant),
                [("offer", offer.id, name) for name in ("respond_by", "stage")],
                cancelled=offer.values["stage"] != "open",
            )

    def _notice(self, offer: Entity) -> Iterator[Entry]:
        day, stage, candidate = offer.values.get("notice_by"), offer.values["stage"], self.facts.candidate.values
        resigned = candidate.get("resigned") is True
        if day is None or offer.values.get("internal") or not (resigned or candidate.get("employed") is True):
            return
        first_day = ENVIRONMENT.filters["short_deadline"](offer.values["start_date"])
        title = f"Last day to give notice, to start at {_employer(offer)} on {first_day}"
        yield self._entry(
            EntryKind.NOTICE,
            offer,
            title if stage == "accepted" else f"If you accept {_employer(offer)}: last day to give notice",
            day,
            [*(("offer", offer.id, name) for name in ("start_date", "stage", "withdrawing_since")), *_NOTICE_FIELDS],
            cancelled=resigned or stage in ENDED or "withdrawing_since" in offer.values,
        )

    def _interview(self, interview: Entity) -> Iterator[Entry]:
        starts = on_calendar(interview.values.get("starts_at"))
        if starts is None or "stage" not in interview.values:
            return
        ends = on_calendar(interview.values.get("ends_at"))
        yield self._entry(
            EntryKind.INTERVIEW,
            interview,
            f"Interview with {_employer(interview)}",
            starts,
            [("interview", interview.id, name) for name in ("starts_at", "ends_at", "stage")],
            cancelled=interview.values["stage"] == "cancelled",
            ends=ends if ends is not None and ends > starts else starts + INTERVIEW_US,
            description=_details(interview),
        )

    def _entry(
        self,
        kind: EntryKind,
        subject: Entity,
        title: str,
        starts: When,
        fields: Sequence[FieldOf],
        *,
        cancelled: bool,
        ends: int | None = None,
        description: str = "",
    ) -> Entry:
        about = f"{subject.kind}/{subject.id}"
        name = "\0".join((self.identity, kind.value, about)).encode(errors="replace")
        revision = fact_revision(self.case, fields)
        # The entry lists advice about its subject, so it changes with any of it
        related = [data for data in self.advice if _about(data) == about]
        return Entry(
            uid=f"cal_{blake2b(name, digest_size=12).hexdigest()}@signpost",
            kind=kind,
            about=about,
            title=title,
            description=description,
            starts=starts,
            ends=ends,
            zone=self._zone(subject),
            cancelled=cancelled,
            sequence=revision.sequence + sum(map(advice_revision, related)),
            changed_at=max([revision.changed_at, *(parse_instant(data["changed_at"]) for data in related)]),
        )

    def _subject(self, data: Advice) -> Entity:
        """The subject of advice; the candidate where the subject is gone."""
        kind, name = data["subject"]["kind"], data["subject"]["id"]
        return next((one for one in self.facts.of_kind(kind) if one.id == name), self.facts.candidate)

    def _zone(self, subject: Entity) -> ZoneInfo | None:
        zone = self.facts.clock(subject, private=True).zone
        return zone if isinstance(zone, ZoneInfo) else None

    def _deadline_day(self, offer: Entity, instant: int) -> When:
        """The day, where the deadline is the end of a day to its reader too; else the instant."""
        local = self.facts.clock(offer, private=True).local(instant, offer.offsets.get("respond_by"))
        if not isinstance(local, datetime):
            return local
        return local.date() if local.time() == DAY_END else instant


def _about(data: Advice) -> str:
    return f"{data['subject']['kind']}/{data['subject']['id']}"


def _employer(subject: Entity) -> str:
    name: str = readable(subject.values.get("employer_name", "the employer"))
    return name


def _details(interview: Entity) -> str:
    """The form of an interview and who leads it, as far as known."""
    values = interview.values
    lines = [f"Form: {values['format']}"] if "format" in values else []
    if names := values.get("interviewers"):
        lines.append(f"With {', '.join(readable(names))}")
    return _join(*lines)


def _join(*lines: str) -> str:
    return "\n".join(line for line in lines if line)


def _day(instant: int, zone: tzinfo) -> date:
    return to_datetime(instant).astimezone(zone).date()


def _instant(when: When) -> int:
    """An instant, or the beginning of a day in UTC."""
    return when if isinstance(when, int) else from_datetime(datetime.combine(when, time(), ZoneInfo("UTC")))


def _over_at(entry: Entry) -> int:
    """From when on an entry is only history: its end, or when it was cancelled."""
    if entry.cancelled:
        return entry.changed_at
    return _instant(entry.starts) + DAY if isinstance(entry.starts, date) else entry.ends or entry.starts
