"""When an agenda is published: once it has settled, within the policy of its reader, and only if its cards differ from
those published last. Pure; `now` in microseconds."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC
from hashlib import blake2b
from typing import Any, Final

import orjson

from signpost.advice.agenda.agenda import agendas
from signpost.advice.agenda.cards import URGENT, Agenda, Card, Reader
from signpost.advice.agenda.document import agenda_document
from signpost.advice.basis import Basis
from signpost.case.instant import format_instant, on_calendar
from signpost.facts.policy import Policy
from signpost.names import PRIORITIES

_NEVER: Final = 1 << 62


@dataclass(frozen=True, slots=True)
class AgendaChange:
    """One agenda to publish; `priority`: of its first card, or "none"."""

    reader: Reader
    sequence: int
    priority: str
    data: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Standing:
    """The place of a case in the list of an employer: the rank of its first card (0: the most urgent), and until when
    what decides the place of that card is useful."""

    rank: int
    last_useful: int | None


@dataclass(frozen=True, slots=True)
class AgendaUpdate:
    """The new state, the agendas to publish, the next instant at which time alone changes an agenda or makes it
    publishable, and what has changed in the lists of employers (None: nothing left)."""

    state: bytes
    changes: list[AgendaChange]
    next_change: int | None
    standings: Mapping[str, Standing | None]


def update(
    state: bytes | None, basis: Basis | None, policy: Policy, *, tenant: str, key: str, now: int
) -> AgendaUpdate:
    """Compare the agendas of a case with what was published. `basis`: None if the case is merged or erased; then its
    agendas end at once. `policy`: of the tenant."""
    return _Updater(state, basis, policy, tenant, key, now).run()


def sequence_of(state: bytes | None, reader: Reader) -> tuple[int, bool]:
    """The number of the agenda published last to a reader, and whether a newer one is waiting."""
    known = orjson.loads(state).get(_name(reader), {}) if state else {}
    return known.get("sequence", 0), "since" in known or "ended" in known


class _Updater:
    def __init__(
        self, state: bytes | None, basis: Basis | None, policy: Policy, tenant: str, key: str, now: int
    ) -> None:
        self.policy = policy
        self.known: dict[str, dict[str, Any]] = orjson.loads(state) if state else {}
        self.basis, self.tenant, self.key, self.now = basis, tenant, key, now
        self.life = None if basis is None else basis.erased_at or 0
        self.current = agendas(basis, policy, tenant=tenant, key=key, now=now) if basis else {}
        self.changes: list[AgendaChange] = []
        self.standings: dict[str, Standing | None] = {}
        self.instants: list[int | None] = []

    def run(self) -> AgendaUpdate:
        for reader in sorted({*self.current, *map(_reader, self.known)}):
            self._update(_name(reader), self.current.get(reader) or self._empty(reader))
        instants = [instant for instant in map(on_calendar, self.instants) if instant is not None]
        return AgendaUpdate(
            orjson.dumps(self.known, option=orjson.OPT_SORT_KEYS) if self.known else b"",
            self.changes,
            min((instant for instant in instants if instant > self.now), default=None),
            self.standings,
        )

    def _update(self, name: str, agenda: Agenda) -> None:
        seen = self.known.get(name)
        if seen is not None and self.life is not None and seen.setdefault("life", self.life) != self.life:
            self._end(agenda.reader, self.known.pop(name))
            seen = None
        if seen is None and not agenda.cards and not agenda.held:
            return
        known: dict[str, Any] = (
            {"sequence": 0, "at": 0, "life": self.life} if seen is None else self._without_future(seen)
        )
        self.known[name] = known
        self.instants.append(agenda.next_change)
        inputs = _inputs(agenda)
        if inputs != known.get("seen"):
            known["seen"] = inputs
            self._note_standing(agenda)
        if inputs == known.get("inputs"):
            known.pop("since", None)
            known.pop("ended", None)
            return
        self._note_difference(agenda, known)
        ready_at = self._ready_at(agenda, known)
        if ready_at > self.now:
            self.instants.append(ready_at)
            return
        known.pop("since", None)
        known.pop("ended", None)
        known["inputs"] = inputs
        self._publish(agenda, known)

    def _without_future(self, known: dict[str, Any]) -> dict[str, Any]:
        """What was published at an instant still to come, by a clock that ran ahead, counts as published now: the next
        agenda is not held until then."""
        return known | {name: min(known[name], self.now) for name in ("at", "since", "ended") if name in known}

    def _note_difference(self, agenda: Agenda, known: dict[str, Any]) -> None:
        """Note since when an agenda differs from the one published last: by news, or only because cards have ended."""
        name, other = ("ended", "since") if self._only_ends(agenda, known) else ("since", "ended")
        known.pop(other, None)
        known.setdefault(name, self.now)

    def _ready_at(self, agenda: Agenda, known: Mapping[str, Any]) -> int:
        """When a changed agenda is published: news that is urgent at once, other news once it has settled. Where time
        alone has ended cards, which their reader knows, it waits for news, up to the limit of the policy."""
        policy = agenda.policy
        if self.basis is None:
            return self.now
        if "ended" in known:
            return policy.quiet_until(policy.next_digest(int(known["ended"]) + policy.endings_wait))
        since = int(known["since"])
        urgent = [card for card in agenda.cards if card.priority == URGENT and card.id not in known.get("urgent", ())]
        if any(self._cannot_wait(card.last_useful, policy) for card in urgent):
            return self.now
        settled = since if urgent else max(since, int(known["at"])) + policy.settling_time
        return policy.quiet_until(settled if urgent else policy.next_digest(settled))

    def _only_ends(self, agenda: Agenda, known: Mapping[str, Any]) -> bool:
        """Whether the only change since the last agenda is that the time of cards on it is over."""
        until = dict(known.get("until", ()))
        kept = [(id, digest) for id, digest in known.get("parts", ()) if until.get(id, _NEVER) > self.now]
        return bool(until) and kept == [(card.id, _digest(_part(card))) for card in agenda.cards]

    def _cannot_wait(self, last_useful: int | None, policy: Policy) -> bool:
        """Whether an urgent card would be late after the quiet hours."""
        return last_useful is not None and last_useful <= policy.quiet_until(self.now)

    def _publish(self, agenda: Agenda, known: dict[str, Any]) -> None:
        """Publish an agenda if a reader would see a difference."""
        document = agenda_document(agenda, self.basis, self.now) if self.basis else {"cards": [], "held": []}
        cards = {card["id"]: _digest(card) for card in document["cards"]}
        known["urgent"] = [card.id for card in agenda.cards if card.priority == URGENT]
        known["parts"] = [[card.id, _digest(_part(card))] for card in agenda.cards]
        known["until"] = [[card.id, card.ends_at] for card in agenda.cards if card.ends_at is not None]
        if list(cards.items()) != [tuple(card) for card in known.get("cards", ())]:
            self._emit(agenda.reader, known, cards, document, agenda.cards[0].priority if agenda.cards else "none")

    def _end(self, reader: Reader, known: dict[str, Any]) -> None:
        """End the agenda of a candidate who was erased, and of whom more is known since: that is another agenda."""
        if known.get("cards"):
            self._emit(reader, known, {}, {"cards": [], "held": []}, "none")

    def _emit(
        self, reader: Reader, known: dict[str, Any], cards: dict[str, str], document: dict[str, Any], priority: str
    ) -> None:
        before = dict(known.get("cards", ()))
        known |= {"cards": list(cards.items()), "sequence": known["sequence"] + 1, "at": self.now}
        changed = [id for id in cards if id in before and cards[id] != before[id]]
        data = {
            "id": self._id(reader, known),
            "sequence": known["sequence"],
            "audience": reader.audience,
            "candidate": self.key,
            "employer": reader.employer or None,
            "changed_at": format_instant(self.now),
            "changes": {
                "added": [id for id in cards if id not in before],
                "changed": changed,
                "removed": [id for id in before if id not in cards],
            },
            **document,
        }
        self.changes.append(AgendaChange(reader, known["sequence"], priority, data))

    def _note_standing(self, agenda: Agenda) -> None:
        """Note the place in the list of the employer."""
        if agenda.reader.audience == "employer" and agenda.reader.employer:
            first = agenda.cards[0] if agenda.cards else None
            rank = len(PRIORITIES) - 1 - PRIORITIES.index(first.priority) if first else 0
            standing = Standing(rank, first.pressing_until) if first else None
            self.standings[agenda.reader.employer] = standing

    def _empty(self, reader: Reader) -> Agenda:
        """The agenda of a reader without advice, in the zone of the candidate."""
        facts = self.basis.facts if self.basis and reader.audience == "candidate" else None
        policy = self.policy.with_preferences(facts.candidate.values) if facts else self.policy
        return Agenda(reader, (), (), None, policy.in_zone((facts and facts.zone) or UTC))

    def _id(self, reader: Reader, known: Mapping[str, Any]) -> str:
        """The id of an agenda, for the life of its case; another after an erasure."""
        identity = "\0".join((self.tenant, self.key, _name(reader), str(known.get("life") or "")))
        return "agenda_" + blake2b(identity.encode(), digest_size=12).hexdigest()


def _name(reader: Reader) -> str:
    return f"{reader.audience}/{reader.employer}"


def _reader(name: str) -> Reader:
    audience, _, employer = name.partition("/")
    return Reader(audience, employer)


def _inputs(agenda: Agenda) -> str:
    """A digest of everything that the rendered agenda depends on: equal inputs give equal cards."""
    return _digest([_part(card) for card in agenda.cards])


def _part(card: Card) -> list[Any]:
    return [card.id, card.is_last_chance, card.is_near, [_input(item.record) for item in card.items], card.last_useful]


def _input(record: Any) -> list[Any]:
    return [record.id, record.sequence, record.inputs, record.priority, record.due, record.valid_until]


def _digest(value: Any) -> str:
    return blake2b(orjson.dumps(value, option=orjson.OPT_SORT_KEYS), digest_size=12).hexdigest()
