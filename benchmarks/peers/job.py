"""The job of Celery and Dramatiq: one event in one transaction, with the same rules and tables as the advisor."""

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from signpost.engine import make_engine
from signpost.messaging import Delivery, Message, event_message
from signpost.schemas import dump_event, load_own_event
from signpost.storage import open_store
from signpost.tenants.rulebooks import Engines, load_rulebooks
from signpost.workers.batch import BatchHandler
from signpost.workers.process import wall_clock
from signpost.workers.rulebook_versions import RulebookVersions
from tests.support.workers_kit import FixedEngines

RULES = Path(__file__).parents[2] / "rules"
LEASE_US = 30_000_000


class Job:
    """Handles one event: commits, publishes what changed, and forgets what is published."""

    def __init__(self, database_url: str, publish: Callable[[Message], None]) -> None:
        engines: Any = Engines(partial(make_engine, "auto"), load_rulebooks(RULES))
        self._opened = open_store(database_url)
        self._store = self._opened.__enter__()
        self._handler = BatchHandler(
            self._store, RulebookVersions(self._store, FixedEngines(lambda: engines)), LEASE_US
        )
        self._publish = publish

    def run(self, document: dict[str, Any]) -> None:
        """Handle the event of a document."""
        event = load_own_event(document)
        sent = event_message(dump_event(event), event, accepted_at=wall_clock())
        delivery = Delivery(
            sent.body, sent.headers, sent.routing_key, sent.message_id, sent.content_type, False, 0, None, sent.exchange
        )
        result = self._handler.handle([delivery], wall_clock)
        for each in result.outgoing:
            self._publish(each.message)
        self._store.outbox.delete([each.id for each in result.outgoing])


def read_documents(path: str) -> list[dict[str, Any]]:
    """The events to handle."""
    found: list[dict[str, Any]] = json.loads(Path(path).read_text(encoding="utf-8"))
    return found
