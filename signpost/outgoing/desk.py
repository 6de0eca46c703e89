"""What people do with endpoints: add, test, replay, rotate, enable, remove. For HTTP, the command line and pages."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from signpost.case.instant import format_instant
from signpost.outgoing.addresses import Network
from signpost.outgoing.documents import attempt_document, endpoint_document
from signpost.outgoing.items import item_for, topic_of
from signpost.outgoing.registry import (
    MAX_ENDPOINTS,
    OVERLAP_US,
    SECRET_BYTES,
    InvalidEndpoint,
    NoEndpoint,
    new_endpoint,
    secret_of,
    test_message,
)
from signpost.schemas import Problem
from signpost.storage import Announcement, EndpointRow, Store
from signpost.storage.endpoint_rows import BY_HAND

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class EndpointDesk:
    """The endpoints of one tenant. `random`: so many random bytes; the caller passes `now` in microseconds."""

    store: Store
    tenant: str
    networks: Sequence[Network]
    random: Callable[[int], bytes]

    def all(self, now: int) -> list[Document]:
        """Its endpoints, the oldest first."""
        counts = self.store.endpoints.counts(now, self.tenant)
        return [endpoint_document(row, counts.get(row.id), now) for row in self.store.endpoints.all(self.tenant)]

    def add(self, url: str, patterns: Sequence[str], *, every_change: bool, now: int) -> Document:
        """Add an endpoint; only this document has its secret. Raises InvalidEndpoint."""
        row = new_endpoint(
            self.tenant,
            f"ep_{self.random(12).hex()}",
            url,
            patterns,
            secret=secret_of(self.random(SECRET_BYTES)),
            every_change=every_change,
            networks=self.networks,
            now=now,
        )
        if not self.store.endpoints.add(row, MAX_ENDPOINTS):
            raise InvalidEndpoint([Problem("", f"this tenant has {MAX_ENDPOINTS} endpoints; remove one first")])
        return {**endpoint_document(row, None, now), "secret": row.secret}

    def row(self, name: str) -> EndpointRow:
        """The endpoint of this id. Raises NoEndpoint."""
        found = self.store.endpoints.get(self.tenant, name) if "\0" not in name else None
        if found is None:
            raise NoEndpoint("no endpoint has this id")
        return found

    def show(self, name: str, now: int) -> Document:
        """An endpoint with what waits for it. Raises NoEndpoint."""
        row = self.row(name)
        return endpoint_document(row, self.store.endpoints.counts(now, self.tenant).get(row.id), now)

    def attempts(self, name: str, *, before: int | None, limit: int, message: str | None) -> Document:
        """A page of attempts, the latest first. Raises NoEndpoint."""
        row = self.row(name)
        found = self.store.endpoints.attempts(self.tenant, row.id, before=before, limit=limit, message=message)
        last = str(found[-1].id) if len(found) == limit else None
        return {"items": [attempt_document(one) for one in found], "next": last}

    def test(self, name: str, now: int) -> str:
        """Let a test message wait, which a deliverer sends also while the endpoint is disabled; returns its id."""
        row = self.row(name)
        message, item = test_message(row, f"test_{self.random(12).hex()}", now)
        self.store.outgoing.queue(row, message, item, now)
        return message.message_id

    def replay(self, name: str, now: int, candidate: str | None = None) -> int:
        """Send today's state again: active recommendations, and the latest agendas that the endpoint got. Returns how
        many messages. Raises NoEndpoint."""
        row, sent = self.row(name), 0
        self.store.endpoints.resume(self.tenant, row.id, now)
        for message, item in self.store.outgoing.known(row, now):
            if candidate in (None, message.case_key):
                sent += self.store.outgoing.queue_again(row, message, item, now)
        for found in self.store.endpoints.active(self.tenant, candidate):
            data = orjson.loads(found.body)["data"]
            topic, name_of = topic_of(data, self.tenant), f"{found.id}.{found.sequence}"
            message = Announcement(self.tenant, found.case_key, topic, name_of, now, found.body)
            if (wanted := item_for(row, message)) is not None:
                sent += self.store.outgoing.queue_again(row, message, wanted, now)
        return sent

    def rotate(self, name: str, now: int, overlap_us: int = OVERLAP_US) -> Document:
        """Sign with a new secret, and with the present one as well for a time. Raises NoEndpoint."""
        row, secret = self.row(name), secret_of(self.random(SECRET_BYTES))
        self.store.endpoints.rotate(self.tenant, row.id, secret, now + overlap_us)
        return {"id": row.id, "secret": secret, "previous_until": format_instant(now + overlap_us)}

    def enable(self, name: str, now: int) -> Document:
        """Let an endpoint get today's state. Raises NoEndpoint."""
        self.store.endpoints.enable(self.tenant, self.row(name).id, now)
        return self.show(name, now)

    def disable(self, name: str, now: int) -> Document:
        """Send nothing to an endpoint until it is enabled. Raises NoEndpoint."""
        self.store.endpoints.disable(self.tenant, self.row(name).id, BY_HAND, now)
        return self.show(name, now)

    def remove(self, name: str) -> None:
        """Delete an endpoint and all that is stored for it. Raises NoEndpoint."""
        self.store.endpoints.remove(self.tenant, self.row(name).id)
