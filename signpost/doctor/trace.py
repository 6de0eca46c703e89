"""Follows one event, webhook, recommendation or candidate through database and broker, by its id. Changes nothing."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

import orjson

from signpost.case.erasure import of_case, of_event
from signpost.case.instant import format_instant
from signpost.doctor.life import Life, evidence_of
from signpost.doctor.site import Site
from signpost.doctor.status import NO_DATABASE, Document, Part
from signpost.doctor.trace_broker import look_into_broker
from signpost.doctor.trace_case import CaseTracer
from signpost.errors import CallerError, MisconfiguredError, TransientError
from signpost.storage import SeenEvent
from signpost.storage.lookup import MAX_DELIVERIES, MAX_PLACES, MAX_WAITING, TracedDelivery

MAX_EVENTS: Final = 50
"""Events of a webhook or candidate that are followed."""
MAX_LIVES: Final = 20


class NotFound(CallerError):
    """Nothing of this id is stored."""


class NotReadable(TransientError):
    """The database does not answer."""


class Tracer:
    """Follows ids. `tenant` and `source`: "" for all."""

    def __init__(self, site: Site, tenant: str = "", source: str = "", last: int = MAX_EVENTS) -> None:
        self._site, self._tenant, self._source, self._last = site, tenant, source, last
        self._now = site.clock()
        self._cases = CaseTracer(site, self._now)

    def trace(self, name: str) -> Document:
        """What is known of an id, as JSON. Raises NotFound, NotReadable, MisconfiguredError."""
        lives: list[Life] = []

        def read() -> Document:
            lives.extend(self._read(name))
            return {}

        def look() -> Document:
            look_into_broker(self._site, lives, name)
            return {}

        database = Part(read)
        if database.wait():
            if isinstance(database.error, MisconfiguredError):
                raise database.error
            raise NotReadable(f"the database cannot be read: {database.problem}")
        if not lives:
            raise NotFound(self._explain_absence(name))
        broker = Part(look)
        if broker.wait():
            for life in lives:
                life.gaps.append(f"what lies in queues and dead letters: {broker.problem}")
        if not any(life.steps for life in lives):
            raise NotFound(self._explain_absence(name))
        return {
            "id": name,
            "at": format_instant(self._now),
            "lives": [life.to_document() for life in lives if life.steps],
        }

    def _read(self, name: str) -> list[Life]:
        site = self._site
        if site.database_file is not None and not site.database_file.is_file():
            raise FileNotFoundError(NO_DATABASE.format(site.database_file))
        if name.startswith("dlv_"):
            delivery = site.store.lookup.delivery(name)
            return [self._of_delivery(delivery)] if delivery and self._is_asked_for(delivery) else []
        if name.startswith("rec_"):
            return [self._of_recommendation(tenant, name) for tenant in self._tenants("recommendation", name)]
        seen = site.store.lookup.events(name, self._tenant, self._source)[:MAX_LIVES]
        lives = [self._of_event(event) for event in seen]
        if not self._source:
            lives += [self._of_candidate(tenant, name) for tenant in self._tenants("case", name)]
        return lives or [*self._of_erased(name), self._of_unfolded(name)]

    def _tenants(self, kind: str, name: str) -> list[str]:
        lookup = self._site.store.lookup
        found = lookup.tenants_with_case(name) if kind == "case" else lookup.tenants_with_recommendation(name)
        return [one for one in found if self._tenant in ("", one)][:MAX_LIVES]

    def _is_asked_for(self, delivery: TracedDelivery) -> bool:
        """By tenant and source; that of its events is VENDOR/SOURCE."""
        return self._tenant in ("", delivery.tenant) and f"/{self._source}".endswith(("/", f"/{delivery.source}"))

    def _of_delivery(self, delivery: TracedDelivery) -> Life:
        life = Life("webhook", delivery.id, delivery.tenant)
        events = self._add_delivery(life, delivery)
        seen: list[SeenEvent] = []
        for event in events[:MAX_EVENTS]:
            found = self._site.store.lookup.events(event["id"], delivery.tenant)
            mine = [one for one in found if one.source.endswith(f"/{delivery.source}")]
            seen += mine
            if not mine:
                self._add_unfolded(life, event["id"], event["subject"])
        if len(events) > MAX_EVENTS:
            life.gaps.append(f"the other {len(events) - MAX_EVENTS} events of it: trace them by their ids")
        self._cases.add_events(life, seen)
        return life

    def _of_event(self, event: SeenEvent) -> Life:
        life, lookup = Life("event", event.id, event.tenant), self._site.store.lookup
        keys = lookup.keys_of(event.tenant, event.case_key)
        self._add_deliveries(life, lookup.deliveries_of(event.tenant, keys, event.id), event.id)
        self._cases.add_events(life, [event])
        return life

    def _of_erased(self, name: str) -> Iterator[Life]:
        """Of a candidate without a case: only that it was erased is kept."""
        erasures = self._site.store.erasures
        for tenant in [self._tenant] if self._tenant else erasures.tenants():
            for erased_at in erasures.find(tenant, [of_case(name)]).values():
                life = Life("candidate", name, tenant)
                life.add("erased", "the candidate was erased; nothing from before is stored", erased_at)
                yield life

    def _of_unfolded(self, name: str) -> Life:
        """Perhaps an event that no case has yet, or had to have."""
        life = Life("event", name, self._tenant)
        latest = self._site.store.lookup.latest_deliveries_of(self._tenant, name)
        found = [one for one in latest if self._is_asked_for(one)]
        for delivery in found:
            life.tenant = delivery.tenant
            self._add_delivery(life, delivery)
        subjects = {event["subject"] for one in found for event in orjson.loads(one.events) if event["id"] == name}
        self._add_unfolded(life, name, next(iter(subjects), ""))
        return life

    def _of_recommendation(self, tenant: str, name: str) -> Life:
        life, row = Life("recommendation", name, tenant), self._site.store.recommendation(tenant, name)
        if row is None:
            return life
        named = evidence_of(orjson.loads(row.body)["data"])
        seen = [
            event
            for source, event_id in sorted(named)[:MAX_EVENTS]
            for event in self._site.store.lookup.events(event_id, tenant, source)
        ]
        keys = self._site.store.lookup.keys_of(tenant, row.case_key)
        for event in seen:
            for delivery in self._site.store.lookup.deliveries_of(tenant, keys, event.id):
                life.add("received", *_received(delivery), **_ids_of(delivery))
        if not named:
            life.gaps.append("the events behind it: its last change names none")
        self._cases.add_events(life, seen, row.case_key, name)
        return life

    def _of_candidate(self, tenant: str, name: str) -> Life:
        life, lookup = Life("candidate", name, tenant), self._site.store.lookup
        seen = lookup.events_of_case(tenant, lookup.keys_of(tenant, name), self._last + 1)
        if len(seen) > self._last:
            life.gaps.append(f"events before the last {self._last}: --last shows more")
        self._cases.add_events(life, seen[-self._last :], name, every=True)
        return life

    def _add_deliveries(self, life: Life, found: Sequence[TracedDelivery], event_id: str) -> None:
        for delivery in found:
            self._add_delivery(life, delivery)
        if not found:
            life.gaps.append(
                f"how it was received: no stored webhook has it; webhooks are kept for"
                f" {self._site.settings.delivery_days} days (SIGNPOST_DELIVERY_DAYS), and what came over /v1/events is"
                " known from its case on"
            )

    def _add_delivery(self, life: Life, delivery: TracedDelivery) -> list[dict[str, str]]:
        events: list[dict[str, str]] = orjson.loads(delivery.events)
        at = delivery.received_at
        life.add("received", *_received(delivery), **_ids_of(delivery))
        for event in events[:MAX_EVENTS]:
            kind = event["type"].removeprefix("signpost.").removesuffix(".v1")
            text = f"{kind} of {event['subject']}: event {event['id']}"
            life.add("translated", text, at, event=event["id"], type=kind, candidate=event["subject"])
        pointers = [problem["pointer"] or "the body" for problem in orjson.loads(delivery.problems)]
        if delivery.status in ("refused", "unsigned", "unavailable"):
            life.settled |= {event["id"] for event in events} if delivery.status == "refused" else set()
            place = f" at {', '.join(pointers[:5])}" if pointers else ""
            why = f"`signpost deliveries show {delivery.id}` says why"
            life.waits.append(f"its sender: the webhook was {delivery.status}{place}; {why}")
        elif not events:
            why = f"`signpost deliveries show {delivery.id}` says why"
            life.add("accepted", f"no event came of it, so it has no effect; {why}", at)
        return events

    def _add_unfolded(self, life: Life, event_id: str, subject: str) -> None:
        """An event that no case has: erased, in the outbox, or still to be looked for in the broker."""
        store = self._site.store
        life.events[event_id] = ""
        sources = [self._source] if self._source else []
        names = [of_event(source, event_id) for source in sources] + ([of_case(subject)] if subject else [])
        for erased_at in store.erasures.find(life.tenant, names).values() if life.tenant else ():
            life.add("erased", "the candidate was erased; events from before have no effect", erased_at)
            life.settled.add(event_id)
        waiting = store.lookup.waiting(life.tenant, [], [event_id])
        for message in waiting:
            life.tenant = life.tenant or message.tenant
            life.settled.add(event_id)
        self._cases.add_waiting(life, waiting)

    def _explain_absence(self, name: str) -> str:
        settings = self._site.settings
        if name.startswith("dlv_"):
            kept = f"webhooks are kept for {settings.delivery_days} days (SIGNPOST_DELIVERY_DAYS)"
        elif name.startswith("rec_"):
            kept = f"ended advice is kept for {settings.ended_advice_days} days (SIGNPOST_ENDED_ADVICE_DAYS)"
        else:
            kept = (
                f"looked at: cases, events of {MAX_PLACES} sources, {MAX_WAITING} messages of the outbox, the latest"
                f" {MAX_DELIVERIES} webhooks, dead letters. An event may also wait in a queue, where its id cannot be"
                f" seen (`signpost status` shows the queues); ids are forgotten after {settings.seen_event_days} days"
                " (SIGNPOST_SEEN_EVENT_DAYS)"
            )
        return f"nothing is stored of {name!r}{f' of tenant {self._tenant}' if self._tenant else ''}: {kept}"


def _received(delivery: TracedDelivery) -> tuple[str, int]:
    checked = "" if delivery.verified else ", signature not checked"
    return f"webhook {delivery.id} of source {delivery.source}: {delivery.status}{checked}", delivery.received_at


def _ids_of(delivery: TracedDelivery) -> dict[str, Any]:
    return {"delivery": delivery.id, "source": delivery.source, "status": delivery.status}
