"""The order of what one source says about one entity: which of its statements count, and since when. Pure.

A webhook seldom states when everything in it became true. So statements of a webhook source are kept beside the plain
registers: under `FIELD@SOURCE` where the vendor states a time, under `FIELD~SOURCE` where only the time of receipt is
known. Within a source the vendor's own order decides (see `Placed`); between sources a stated time beats a time of
receipt, and of two stated times the later one counts. `resolve` applies this when a case is read, so the join stays
"the greater statement wins".
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple, TypeAlias

from signpost.case.event import Turn

Stamp: TypeAlias = tuple[int, str, str]
"""(event time in microseconds, event source, event id). Of two statements about a field the greater stamp wins."""
Placed: TypeAlias = tuple[int, str, str, int, int, int]
"""A stamp, then the vendor's own order (0: unknown), the time of receipt, and the `Turn`."""
Register: TypeAlias = tuple[Stamp, Any]
"""The winning statement about one field: its stamp and its value (None: retracted)."""
RawRegister: TypeAlias = tuple[Stamp | Placed, Any]
STATED, RECEIVED = "@", "~"
FIRST: Final = "first~"
"""Before the vendor's order and the source, in the name of the register of the first opening received; the least one
wins."""
JOINED: Final = "joined"
"""Beginning of the fields of which the earliest statement counts: when an employer was first named as the present
one, and when a deadline or the pay of an offer was first stated."""
NAMED: Final = "named"
"""Beginning of the fields of an offer with the same order: when each of its conditions was first named."""
REACHED: Final = "reached"
"""Beginning of the fields with the same order: when a milestone of an offer was first stated, and when a time or format
of an interview was and by which milestone."""
EARLIEST: Final = (f"{JOINED}.", f"{NAMED}.", f"{REACHED}.")
"""All of them. A case whose candidate was erased keeps none: of statements on both sides of the erasure, the first of
those that remain is not known."""
OPENINGS: Final = {
    "offer": ("extended",),
    "interview": ("scheduled", "rescheduled"),
    "application": ("submitted",),
}
"""Kind -> milestones that begin a state; stated again after a decision, they take the decision back."""
DECISIONS: Final = {
    "offer": (
        "accepted",
        "accepted.verbal",
        "accepted.written",
        "letter_signed",
        "declined",
        "withdrawn",
        "rescinded",
        "expired",
    ),
    "interview": ("cancelled", "completed"),
    "application": ("rejected", "withdrawn"),
}


_FIRST_TIME: Final = 10**15
"""Microseconds in 2001: a vendor's order above it is a time, one below it the number of a version."""
_YES: Final = frozenset({"accepted", "accepted.verbal", "accepted.written", "letter_signed"})
_DECIDED: Final = frozenset(name for names in DECISIONS.values() for name in names)


def is_greater(name: str, challenger: tuple[Any, ...], holder: tuple[Any, ...]) -> bool:
    """Whether the stamp of a challenger wins the register of this name; the stamps must differ."""
    if name.startswith(FIRST):
        return (challenger[4], *challenger) < (holder[4], *holder)
    if name.startswith(EARLIEST):
        return challenger < holder
    return _position(name, challenger) > _position(name, holder)


def _position(name: str, stamp: tuple[Any, ...]) -> tuple[Any, ...]:
    """By the vendor's order, then by the stated time, then by receipt. One decision that is stated
    twice was received when it was first received; what is implied twice began when it was first true."""
    if len(stamp) == 3:
        return stamp
    time, source, id, as_of, received, turn = stamp
    bare, mark = _split_name(name, source)
    if mark == RECEIVED:
        return (as_of, turn, 0, received, id, time)
    since = -time if turn == Turn.IMPLIED else time
    return (as_of, turn, since, -received if bare in _DECIDED else received, id, time)


def _split_name(name: str, source: str) -> tuple[str, str]:
    """The field and the mark in the name of a register of this source."""
    end = len(name) - len(source) - 1
    return name[:end], name[end]


@dataclass(slots=True)
class _Voice:
    """What one source says about one entity: registers with a stated time, registers by receipt only, and the receipt
    of its first opening by the vendor's order."""

    stated: dict[str, RawRegister] = field(default_factory=dict)
    received: dict[str, RawRegister] = field(default_factory=dict)
    first: dict[int, int] = field(default_factory=dict)

    def is_later(self, one: tuple[Any, ...], other: tuple[Any, ...]) -> bool:
        """Whether `one` was said after `other`: by the vendor's order, else by receipt, unless `one` can be the late
        delivery of what began the state."""
        as_of, received, turn = one[3:]
        if as_of and other[3] and as_of != other[3]:
            return bool(as_of > other[3])
        if turn <= Turn.FIRST or received <= other[4]:
            return False
        return bool(turn == Turn.AGAIN or received > self.first.get(as_of, received))

    def choose(self, name: str) -> tuple[RawRegister, bool]:
        """The register of a field, and whether its time counts as stated."""
        stated, received = self.stated.get(name), self.received.get(name)
        is_first = name.startswith(EARLIEST)
        if stated is not None and (received is None or is_first or not self.is_later(received[0], stated[0])):
            return stated, True
        assert received is not None
        return received, stated is not None


class _Opening(NamedTuple):
    """An opening of one source, placed among decisions."""

    name: str
    stamp: tuple[Any, ...]
    value: Any
    since: int
    again: bool
    """Whether it takes a decision back."""
    counts: bool
    """Whether its time counts as stated."""


def resolve(kind: str, fields: Mapping[str, RawRegister]) -> dict[str, Register]:
    """The registers of one entity as rules see them: one for each field, with the time since when it counts. What a
    webhook source has taken back it states no more; what others state remains."""
    plain, voices = _split(fields)
    if not voices:
        return plain
    ranked: dict[str, list[tuple[bool, Register]]] = {name: [(True, register)] for name, register in plain.items()}
    for voice in voices.values():
        for name, register, counts in _since(kind, voice, plain):
            if register[1] is None:
                continue
            ranked.setdefault(name, []).append((counts, register))
    return {name: _choose(name, found) for name, found in ranked.items()}


def _choose(name: str, found: list[tuple[bool, Register]]) -> Register:
    """Of the registers of several sources (whether its time counts as stated, the register), the one that counts."""
    best = min if name.startswith(EARLIEST) else max
    return best(found, key=lambda item: (item[0], item[1][0]))[1]


def _split(fields: Mapping[str, RawRegister]) -> tuple[dict[str, Register], dict[str, _Voice]]:
    plain: dict[str, Register] = {}
    voices: dict[str, _Voice] = {}
    for name, (stamp, value) in fields.items():
        if len(stamp) == 3:
            plain[name] = (stamp, value)
            continue
        voice = voices.setdefault(stamp[1], _Voice())
        bare, mark = _split_name(name, stamp[1])
        if name.startswith(FIRST):
            voice.first[stamp[3]] = stamp[4]
        else:
            (voice.stated if mark == STATED else voice.received)[bare] = (stamp, value)
    return plain, voices


def _since(kind: str, voice: _Voice, plain: Mapping[str, Register]) -> Iterator[tuple[str, Register, bool]]:
    """Yield (field, register, whether its time counts as stated) of one source, openings placed among decisions,
    decisions after those that they replace, and all else not before the openings."""
    openings = list(_place_openings(kind, voice, plain))
    for opening in openings:
        yield opening.name, ((opening.since, *opening.stamp[1:3]), opening.value), opening.counts
    names = (voice.stated.keys() | voice.received.keys()).difference(OPENINGS.get(kind, ()))
    chosen = {name: voice.choose(name) for name in names}
    places = {name: _place_other(stamp, openings) for name, ((stamp, _), _) in chosen.items()}
    decided = sorted((_as_of(chosen[name][0][0]), name) for name in DECISIONS.get(kind, ()) if name in chosen)
    for as_of, name in decided:
        replaced = [other for before, other in decided if 0 < before < as_of and _answer(other) != _answer(name)]
        places[name] = max([places[name], *(places[other] + 1 for other in replaced)])
        if kind == "application":  # where a withdrawal counts whatever its time
            chosen = {other: found for other, found in chosen.items() if other not in replaced}
    if kind == "application":  # whose end also ends its offers and interviews, until it is taken back
        back = [one.stamp for one in openings if one.again]
        chosen = {
            name: found
            for name, found in chosen.items()
            if name not in DECISIONS[kind] or not any(voice.is_later(one, found[0][0]) for one in back)
        }
    for name, ((stamp, value), counts) in chosen.items():
        yield name, ((places[name], *stamp[1:3]), value), counts


def _as_of(stamp: tuple[Any, ...]) -> int:
    return int(stamp[3])


def _answer(decision: str) -> str:
    """What a decision comes to: of one source, one of a higher order replaces those that come to something else."""
    return "accepted" if decision in _YES else decision


def _place_openings(kind: str, voice: _Voice, plain: Mapping[str, Register]) -> Iterator[_Opening]:
    registers = [voice.stated, voice.received]
    names = [name for name in DECISIONS.get(kind, ()) if any(name in found for found in registers)]
    decisions = [voice.choose(name)[0][0] for name in names]
    others = [plain[name][0] for name in DECISIONS.get(kind, ()) if name in plain]
    for name in OPENINGS.get(kind, ()):
        for found in registers:
            if name in found:
                (stamp, value), stated = found[name], found is voice.stated
                since, again = _place(stamp, stated, voice, decisions, others)
                yield _Opening(name, stamp, value, since, again, stated or again)


def _place_other(stamp: tuple[Any, ...], openings: Iterable[_Opening]) -> int:
    """When a term or a decision counts from: not before an opening that it came with, or followed, and that takes a
    decision back.

    Both can state one time, such as the day of the offer, but that opening counts from after the decision. A term that
    stayed at its stated time would belong to what the decision ended."""
    since = [one.since for one in openings if one.again and not _is_before(stamp, one.stamp)]
    return max([int(stamp[0]), *since])


def _is_before(one: tuple[Any, ...], other: tuple[Any, ...]) -> bool:
    """Whether `one` was said before `other`: by the vendor's order, else by receipt."""
    if one[3] and other[3] and one[3] != other[3]:
        return bool(one[3] < other[3])
    return bool(one[4] < other[4])


def _place(
    stamp: tuple[Any, ...], stated: bool, voice: _Voice, decisions: Iterable[tuple[Any, ...]], others: Iterable[Stamp]
) -> tuple[int, bool]:
    """When an opening counts from, and whether it takes a decision back: after the decisions that it follows, and
    before all others. A receipt alone does not follow what another source states."""
    followed = [decision[0] for decision in decisions if voice.is_later(stamp, decision)]
    led = [decision[0] for decision in decisions if not voice.is_later(stamp, decision)]
    again = bool(followed) or stamp[5] == Turn.AGAIN
    if not (stated or again):
        led += [other[0] for other in others]
    begun = _taken_back_at(stamp, stated, max(followed, default=0)) if again else stamp[0]
    time = min([begun, *(at - 1 for at in led)])
    return max([time, *(at + 1 for at in followed)]), again


def _taken_back_at(stamp: tuple[Any, ...], stated: bool, decided: int) -> int:
    """When an opening takes back what was decided: at its own time, if that is later (what is set back can still state
    its first time); else when the vendor modified it; else at its receipt, which an outage delays."""
    time, as_of, received = stamp[0], stamp[3], stamp[4]
    if stated and time > decided:
        return int(time)
    return int(as_of if max(decided, _FIRST_TIME) < as_of <= received else received)
