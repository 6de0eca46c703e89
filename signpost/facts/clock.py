"""In which zone days begin and instants are shown, for each reader. Pure; reads no clock."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timezone, tzinfo
from zoneinfo import ZoneInfo

from signpost.case.case import Stamp
from signpost.case.instant import FIRST_ANYWHERE, fixed_zone, to_datetime
from signpost.facts.entity import Entity
from signpost.facts.vocabulary import Vocabulary


@dataclass(frozen=True, slots=True)
class Clock:
    """`zone`: in which days begin. `is_own`: it is the candidate's own, so texts need not name it. `keeps_offsets`: an
    instant is shown in the offset that its sender wrote, where there is one."""

    zone: tzinfo
    is_own: bool = False
    keeps_offsets: bool = False

    def local(self, instant: int, offset: int | None = None) -> datetime | date:
        """The local time of an instant. Its zone is a `datetime.timezone` if texts must name it.

        The day, for the beginning of a day that was stated without saying where."""
        moment = to_datetime(instant)
        if offset == FIRST_ANYWHERE and (there := moment.astimezone(fixed_zone(offset))).time() == time():
            return there.date()
        if self.is_own:
            return moment.astimezone(self.zone)
        if self.keeps_offsets and offset:
            return moment.astimezone(fixed_zone(offset))
        local = moment.astimezone(self.zone)
        offset_now = local.utcoffset()
        assert offset_now is not None
        return moment.astimezone(timezone(offset_now, str(local.tzinfo)))


def clock_of(subject: Entity, zone: ZoneInfo | None, vocabulary: Vocabulary, *, private: bool) -> Clock:
    """The clock of the reader of advice about a subject. `zone`: the candidate's; `private`: the candidate reads.

    Where the candidate's zone is unknown, and for an employer: the employer's, else the offset that the sender of the
    subject wrote last, else UTC. An employer does not learn what only the candidate knows.
    """
    if private and zone is not None:
        return Clock(zone, is_own=True)
    employer_zone = subject.values.get("employer_time_zone")
    if employer_zone is not None:
        return Clock(ZoneInfo(employer_zone), keeps_offsets=private)
    return Clock(_sender_zone(subject, vocabulary, private=private), keeps_offsets=True)


def _sender_zone(subject: Entity, vocabulary: Vocabulary, *, private: bool) -> timezone:
    fields = vocabulary[subject.kind]
    written: list[tuple[Stamp, str]] = [
        (subject.stamps[name], name)
        for name, offset in subject.offsets.items()
        if offset != FIRST_ANYWHERE
        and name in subject.stamps
        and name in fields
        and (private or not fields[name].private)
    ]
    return fixed_zone(subject.offsets[max(written)[1]]) if written else UTC
