"""In which zone days begin and instants are shown, for each reader of advice and of the candidate's letters. Pure;
reads no clock."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

from signpost.case.instant import FIRST_ANYWHERE, fixed_zone, offset_at, to_datetime
from signpost.facts.entity import Entity
from signpost.facts.vocabulary import Vocabulary


@dataclass(frozen=True, slots=True)
class Clock:
    """`zone`: in which days begin. `is_own`: it is the candidate's own, so texts need not name it. `keeps_offsets`: an
    instant is shown in the offset that its sender wrote, where there is one that `zone` does not have then. `writer`:
    the zone of the candidate who writes; where it has the same time, texts need not name the other zone."""

    zone: tzinfo
    is_own: bool = False
    keeps_offsets: bool = False
    writer: ZoneInfo | None = None

    def local(self, instant: int, offset: int | None = None) -> datetime | date:
        """The local time of an instant. Its zone is a `datetime.timezone` if texts must name it.

        The day, for the beginning of a day that was stated without saying where."""
        moment = to_datetime(instant)
        if offset == FIRST_ANYWHERE and (there := moment.astimezone(fixed_zone(offset))).time() == time():
            return there.date()
        if self.is_own:
            return moment.astimezone(self.zone)
        written = moment.astimezone(self.writer) if self.writer else None
        local = moment.astimezone(self._zone_of(moment, offset, written))
        offset_now = local.utcoffset()
        assert offset_now is not None
        if written is not None and written.utcoffset() == offset_now:
            return written
        return moment.astimezone(timezone(offset_now, str(local.tzinfo)))

    def _zone_of(self, moment: datetime, offset: int | None, written: datetime | None) -> tzinfo:
        """Where an instant is shown. An offset that is the writer's own does not say where the other person is, and
        one that the zone has then would be a second name of one time."""
        if not self.keeps_offsets or not offset:
            return self.zone
        stated = timedelta(minutes=offset)
        is_writers = written is not None and written.utcoffset() == stated
        is_of_zone = moment.astimezone(self.zone).utcoffset() == stated
        return self.zone if is_writers or is_of_zone else fixed_zone(offset)


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


def letter_clock_of(addressee: Entity, zone: ZoneInfo | None, vocabulary: Vocabulary) -> Clock:
    """The clock of the reader of a letter from the candidate. `addressee`: the offer, interview or application whose
    employer that is; the candidate, all of whose fields are private, where nothing says who. `zone`: the candidate's.

    The employer's zone; else the offset that a sender wrote last about the addressee, and the candidate's zone where
    that agrees with it; else the candidate's, which texts then name.
    """
    employer_zone = addressee.values.get("employer_time_zone")
    if employer_zone is not None:
        return Clock(ZoneInfo(employer_zone), writer=zone)
    written = _written(addressee, vocabulary, private=False)
    if not written:
        return clock_of(addressee, None, vocabulary, private=True) if zone is None else Clock(zone)
    if zone is None:
        return Clock(_latest(addressee, written), keeps_offsets=True)
    others = [name for name in written if addressee.offsets[name] != offset_at(zone, addressee.values[name])]
    return Clock(_latest(addressee, others) if others else zone, keeps_offsets=True, writer=zone)


def _sender_zone(subject: Entity, vocabulary: Vocabulary, *, private: bool) -> timezone:
    written = _written(subject, vocabulary, private=private)
    return _latest(subject, written) if written else UTC


def _written(subject: Entity, vocabulary: Vocabulary, *, private: bool) -> list[str]:
    """The fields whose sender wrote an offset; unless `private`, without what only the candidate knows."""
    fields = vocabulary[subject.kind]
    return [
        name
        for name, offset in subject.offsets.items()
        if offset != FIRST_ANYWHERE
        and name in subject.stamps
        and name in fields
        and (private or not fields[name].private)
    ]


def _latest(subject: Entity, names: list[str]) -> timezone:
    return fixed_zone(subject.offsets[max(names, key=lambda name: (subject.stamps[name], name))])
