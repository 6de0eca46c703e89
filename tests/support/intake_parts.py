"""The intake with real parts for tests: a SQLite store, the queue embedded in it, and two tenants."""

import base64
import hmac
import itertools
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from signpost.case.instant import SECOND, parse_instant
from signpost.ingress.sources import source_problem
from signpost.messaging import Bounds, Broker, advisor_queues, connect
from signpost.names import CLOUDEVENT_JSON, JSON
from signpost.rulebook.folders import Folders
from signpost.services.intake import Limits, create_app
from signpost.services.intake.analysis import LocalAnalyst
from signpost.services.intake.delivery_log import Deliveries
from signpost.services.intake.engines import TenantEngines
from signpost.services.intake.page import OperatorView, PageFiles
from signpost.storage import Rate, Store, open_store
from signpost.tenants.live import LiveTenants
from signpost.tenants.loading import load_tenants
from signpost.tenants.model import Tenants, hash_key
from signpost.tenants.quotas import Quotas
from tests.support.databases import migrate
from tests.support.rulebooks import RULES

NOW = parse_instant("2026-03-02T14:00:00Z")
DEAD_BROKER = "amqp://guest:guest@127.0.0.1:1/none"
DEAD_DATABASE = "postgresql://nobody@127.0.0.1:1/none"
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OLDER = "whsec_" + base64.b64encode(b"the secret before the last").decode()
GREENHOUSE = "what was typed into the form"
OLDER_GREENHOUSE = "what was typed in before"
NORTH_KEY, SOUTH_KEY = "sp_the_key_of_north", "sp_the_key_of_south"


TENANTS = f"""
tenants:
  north: {{api_keys: ["{hash_key(NORTH_KEY)}"]}}
  south: {{api_keys: ["{hash_key(SOUTH_KEY)}"]}}
sources:
  careers: {{tenant: north, vendor: standard, secrets: ["plain:{SECRET}", "plain:{OLDER}"]}}
  acme:
    tenant: north
    vendor: greenhouse
    secrets: ["plain:{OLDER_GREENHOUSE}", "plain:{GREENHOUSE}"]
    employer: {{id: acme, name: Acme}}
"""


def tenants_in(folder: Path, text: str = TENANTS, rules: Folders | None = None) -> Tenants:
    """Write a tenants file with this text and load it."""
    file = folder / "tenants.yaml"
    file.write_text(text, encoding="utf-8")
    return load_tenants(file, {}, source_problem, rules)


@dataclass
class Intake:
    """The intake under test with its store and broker."""

    client: FlaskClient
    store: Store
    broker: Broker
    quotas: Quotas

    def send(self, document: Any, content_type: str = CLOUDEVENT_JSON, **headers: str) -> TestResponse:
        body = document if isinstance(document, bytes) else json.dumps(document).encode()
        return self.post("/v1/events", body, {"Content-Type": content_type, **headers})

    def post(self, path: str, body: bytes, headers: Mapping[str, str], key: str = NORTH_KEY) -> TestResponse:
        return self.client.post(path, data=body, headers={"Authorization": f"Bearer {key}", **headers})

    def get(self, path: str, key: str = NORTH_KEY) -> TestResponse:
        return self.client.get(path, headers={"Authorization": f"Bearer {key}"})

    def queued(self) -> list[dict[str, Any]]:
        """Take the event documents from the advisors' queues and return them."""
        return [json.loads(delivery.body) for queue in advisor_queues() for delivery in self.broker.get(queue, 1000)]

    def outbox_events(self) -> list[dict[str, Any]]:
        """Take the event documents from the outbox and return them."""
        rows = self.store.outbox.claim(NOW, NOW + SECOND, 1000)
        self.store.outbox.delete([row.id for row in rows])
        return [json.loads(row.body) for row in rows]


def intake_at(
    folder: Path,
    broker_url: str = "",
    database_url: str = "",
    rate: Rate | None = None,
    text: str = TENANTS,
    rules: Folders = RULES,
    tenants: LiveTenants | None = None,
    scrape: Callable[[], bytes] | None = None,
    operator: OperatorView | None = None,
    clock: Callable[[], int] = lambda: NOW,
    **limits: Any,
) -> Intake:
    """Return an intake on a new database; other URLs, such as those of dead servers, replace broker or database.
    `tenants`: instead of those of `text`. `scrape`: the metrics, for /metrics. `operator`: what operators see."""
    here = f"sqlite:///{folder / 'signpost.db'}"
    if database_url != DEAD_DATABASE:
        migrate(database_url or here)
    store = open_store(database_url or here, connect_timeout_s=1, pool_timeout_s=1)
    timeout_s = 1 if broker_url == DEAD_BROKER else 30
    broker = connect(broker_url or here, bounds=Bounds(publish_timeout_s=timeout_s, connect_timeout_s=timeout_s))
    if not broker_url or broker_url == here:
        broker.apply_topology()
    known = tenants or tenants_in(folder, text, rules)
    analyst = LocalAnalyst(TenantEngines(rules, folder / "tenants.yaml", 1).of)
    numbers, quotas = itertools.count(1), Quotas(store)
    app = create_app(
        store,
        broker.publisher,
        known,
        analyst,
        limits=Limits(**limits),
        clock=clock,
        rate=rate,
        deliveries=Deliveries(store, lambda: f"dlv_{next(numbers)}"),
        quotas=quotas,
        broker=broker,
        scrape=scrape,
        files=PageFiles(rules, folder / "tenants.yaml"),
        operator=operator,
    )
    return Intake(app.test_client(), store, broker, quotas)


def sign_standard(body: bytes, at: int = NOW, secret: str = SECRET, name: str = "msg_1") -> dict[str, str]:
    """Return the headers of Standard Webhooks."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    stamp = str(at // SECOND)
    digest = hmac.digest(key, b".".join((name.encode(), stamp.encode(), body)), sha256)
    signature = f"v1,{base64.b64encode(digest).decode()}"
    return {
        "webhook-id": name,
        "webhook-timestamp": stamp,
        "webhook-signature": signature,
        "Content-Type": JSON,
    }


def sign_greenhouse(body: bytes, secret: str = GREENHOUSE) -> dict[str, str]:
    """Return the headers that Greenhouse sends."""
    signature = f"sha256 {hmac.digest(secret.encode(), body, sha256).hex()}"
    return {"Signature": signature, "Content-Type": JSON, "Greenhouse-Event-ID": "1"}
