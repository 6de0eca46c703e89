"""Follows events in their case: the advice that they raised or changed, agendas, and what waits in the outbox."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

import orjson

from signpost.case.instant import format_instant
from signpost.doctor.life import Life, data_of, related
from signpost.doctor.site import Site
from signpost.names import AGENDA, QUESTIONS
from signpost.storage import SeenEvent
from signpost.storage.lookup import TracedCase, TracedChange, TracedMessage

MAX_CHANGES: Final = 1_000
"""Latest changes of a case that are looked through."""
RELAY: Final = "signpost relay"


@dataclass(slots=True)
class _Found:
    """A case that lives on, and the events of one life in it."""

    case: TracedCase
    events: list[SeenEvent] = field(default_factory=list)


class CaseTracer:
    """Follows events in their cases; `now` in microseconds."""

    def __init__(self, site: Site, now: int) -> None:
        self._site, self._now = site, now

    def add_events(
        self, life: Life, seen: Sequence[SeenEvent], key: str = "", name: str = "", *, every: bool = False
    ) -> None:
        """Add events in their case, and what became of them there. `key`: of a case without events; `name`: of a
        recommendation; `every`: all advice of the case since the first of the events."""
        found: dict[str, _Found] = {}
        if key:
            self._find(life, found, key)
        for event in seen:
            life.events[event.id] = event.source
            life.folded.add(event.id)
            text = f"event {event.id} of source {event.source} into case {event.case_key}"
            life.add("folded", text, event.received_at, event=event.id, source=event.source, case=event.case_key)
            if (root := self._find(life, found, event.case_key)) is not None:
                root.events.append(event)
        for root in found.values():
            self._add_effects(life, root, name, every=every)

    def _find(self, life: Life, found: dict[str, _Found], key: str) -> _Found | None:
        path = self._site.store.lookup.case_path(life.tenant, key)
        if not path:
            life.gaps.append(f"case {key}: it does not exist any more")
            return None
        root = path[-1]
        if len(path) > 1 and root.key not in found:
            life.add("merged", f"case {key} lives on as {root.key}", case=root.key)
        return found.setdefault(root.key, _Found(root))

    def _add_effects(self, life: Life, found: _Found, name: str, *, every: bool) -> None:
        case, lookup = found.case, self._site.store.lookup
        keys = lookup.keys_of(life.tenant, case.key)
        since = min((event.received_at for event in found.events), default=0)
        changes = lookup.changes(life.tenant, keys, MAX_CHANGES)
        events = {(event.source, event.id): event.received_at for event in found.events}
        how = related(changes, events)
        if every or name:
            how = {one.recommendation_id: "" for one in changes if every or one.recommendation_id == name}
        mine = [one for one in changes if one.recommendation_id in how and (name or one.at >= since)]
        if len(changes) == MAX_CHANGES:
            life.gaps.append(f"changes before the last {MAX_CHANGES} of case {case.key}")
        if not mine:
            days = self._site.settings.feed_days
            life.gaps.append(f"advice: the feed has no change of it; it keeps changes {days} days (SIGNPOST_FEED_DAYS)")
        for change in mine:
            _add_change(life, change, how[change.recommendation_id])
        self._add_standing(life, case, how)
        since = min((change.at for change in mine), default=since) if name else since
        self._add_agendas(life, case, since)
        waiting = [
            one
            for one in lookup.waiting(life.tenant, keys, [])
            if one.message_id in life.messages or (one.exchange in (AGENDA, QUESTIONS) and one.created >= since)
        ]
        self.add_waiting(life, waiting)
        if mine and not waiting:
            life.add("published", "no message of it waits in the outbox: the broker has confirmed all")
        if case.next_change is not None:
            late = ", which is past: no clock runs, or it is late" if case.next_change < self._now else ""
            at = format_instant(case.next_change)
            life.waits.append(f"time: the next change of case {case.key} without an event is at {at}{late}")

    def _add_standing(self, life: Life, case: TracedCase, how: Iterable[str]) -> None:
        rows = {row.id: row for row in self._site.store.recommendations(life.tenant, case.key)}
        active = [rows[one] for one in how if one in rows and rows[one].status == "active"]
        if active:
            text = f"{len(active)} active now: {', '.join(row.rule for row in active)}"
            life.add("standing", text, active=[row.id for row in active])

    def _add_agendas(self, life: Life, case: TracedCase, since: int) -> None:
        """The last agenda of each reader, if it is not older."""
        known = orjson.loads(case.agendas or b"{}")
        for reader, state in known.items():
            audience, _, employer = reader.partition("/")
            whose = f"candidate {case.key}" if audience == "candidate" else f"employer {employer or 'without id'}"
            if state["sequence"] and state["at"] >= since:
                text = f"agenda number {state['sequence']} for {whose}"
                life.add("agenda", text, state["at"], reader=reader, sequence=state["sequence"])
            if held := state.get("since") or state.get("ended"):
                life.waits.append(f"the agenda for {whose}, which has news since {format_instant(held)}, to settle")

    def add_waiting(self, life: Life, waiting: Sequence[TracedMessage]) -> None:
        """Add messages that wait in the outbox, and for what."""
        for one in waiting:
            text = f"{one.message_id} waits for exchange {one.exchange}"
            life.add("outbox", text, one.created, message=one.message_id, leased_until=format_instant(one.leased_until))
        if not waiting:
            return
        leased = max(one.leased_until for one in waiting)
        connections = self._site.store.inspection.connections()
        if leased > self._now:
            life.waits.append(f"the process that leased the outbox rows, until {format_instant(leased)}; then a relay")
        elif connections and RELAY not in connections:
            life.waits.append("a relay: none is connected to the database; run: signpost relay")
        else:
            life.waits.append("a relay: none runs, or the broker refuses the messages, which its log says")


def _add_change(life: Life, change: TracedChange, reason: str) -> None:
    data = data_of(change)
    life.messages.add(f"{change.recommendation_id}.{change.sequence}")
    text = f"{data['rule']} {change.change} for the {change.audience}: {change.recommendation_id}.{change.sequence}"
    life.add(
        "advice",
        text + (f"; {reason}" if reason else ""),
        change.at,
        rule=data["rule"],
        recommendation=change.recommendation_id,
        change=change.change,
        sequence=change.sequence,
        status=data["status"],
        audience=change.audience,
    )
