"""The intake on real parts for its tests: a SQLite store, the queue embedded in it, and two tenants."""

import base64
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from services.intake import Limits, create_app
from signpost.case.instant import SECOND, parse_instant
from signpost.messaging import Bounds, Broker, connect
from signpost.storage import Store, open_store, upgrade

NOW = parse_instant("2026-03-02T14:00:00Z")
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OLDER = "whsec_" + base64.b64encode(b"the secret before the last").decode()
GREENHOUSE = "what was typed into the form"


@dataclass(frozen=True)
class NamedSource:
    name: str
    tenant: str
    vendor: str
    secrets: tuple[str, ...]


@dataclass(frozen=True)
class TwoTenants:
    keys: Mapping[str, str] = field(default_factory=lambda: {"key-north": "north", "key-south": "south"})
    sources: tuple[NamedSource, ...] = (
        NamedSource("careers", "north", "standard", (SECRET, OLDER)),
        NamedSource("acme", "north", "greenhouse", ("older", GREENHOUSE)),
    )

    def tenant_of_key(self, key: str) -> str | None:
        return self.keys.get(key)

    def source(self, name: str) -> NamedSource | None:
        return next((source for source in self.sources if source.name == name), None)


@dataclass
class Intake:
    """The intake under test, and the parts behind it."""

    client: FlaskClient
    store: Store
    broker: Broker

    def send(self, document: Any, content_type: str = "application/cloudevents+json", **headers: str) -> TestResponse:
        body = document if isinstance(document, bytes) else json.dumps(document).encode()
        return self.post("/v1/events", body, {"Content-Type": content_type, **headers})

    def post(self, path: str, body: bytes, headers: Mapping[str, str], key: str = "key-north") -> TestResponse:
        return self.client.post(path, data=body, headers={"Authorization": f"Bearer {key}", **headers})

    def get(self, path: str, key: str = "key-north") -> TestResponse:
        return self.client.get(path, headers={"Authorization": f"Bearer {key}"})

    def queued(self) -> list[dict[str, Any]]:
        """The event documents that reached the advisor's queue, taken off it."""
        return [json.loads(delivery.body) for delivery in self.broker.get("signpost.advisor", 1000)]

    def boxed(self) -> list[dict[str, Any]]:
        """The event documents in the outbox."""
        rows = self.store.claim_outbox(NOW, NOW + SECOND, 1000)
        return [json.loads(row.body) for row in rows]


def intake_at(folder: Path, broker_url: str = "", database_url: str = "", **limits: Any) -> Intake:
    """An intake on a new database; the broker and the database may be named otherwise, for instance as dead ones."""
    here = f"sqlite:///{folder / 'signpost.db'}"
    if not database_url:
        upgrade(here)
    store = open_store(database_url or here, connect_timeout=1, pool_timeout=1)
    broker = connect(broker_url or here, bounds=Bounds(publish_timeout=1, connect_timeout=1))
    if not broker_url:
        broker.apply_topology()
    app = create_app(store, broker.publisher, TwoTenants(), limits=Limits(**limits), clock=lambda: NOW)
    return Intake(app.test_client(), store, broker)


def signed(body: bytes, at: int = NOW, secret: str = SECRET, name: str = "msg_1") -> dict[str, str]:
    """The headers of Standard Webhooks."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    stamp = str(at // SECOND)
    digest = hmac.digest(key, b".".join((name.encode(), stamp.encode(), body)), sha256)
    signature = f"v1,{base64.b64encode(digest).decode()}"
    return {
        "webhook-id": name,
        "webhook-timestamp": stamp,
        "webhook-signature": signature,
        "Content-Type": "application/json",
    }


def signed_by_greenhouse(body: bytes, secret: str = GREENHOUSE) -> dict[str, str]:
    """Greenhouse's headers."""
    signature = f"sha256 {hmac.digest(secret.encode(), body, sha256).hex()}"
    return {"Signature": signature, "Content-Type": "application/json", "Greenhouse-Event-ID": "1"}
