"""After an erasure consumers know of the end of everything they have received, also of what had not been published yet;
and what is known since is complete."""

from collections.abc import Iterator
from typing import Any

import orjson
import pytest

from signpost.case.event import Event
from signpost.case.instant import DAY, MINUTE
from signpost.messaging import Delivery
from signpost.names import ADVICE, AGENDA
from signpost.storage import Announcement, EndpointRow, OutboxRow
from tests.support.receivers import endpoint
from tests.support.workers_kit import START, System, event, message, open_system

ACME = {"id": "e", "name": "Unspeakable Industries"}


@pytest.fixture(params=["postgresql", "sqlite"])
def signpost(request: pytest.FixtureRequest, sqlite_url: str) -> Iterator[System]:
    """Either database, with the embedded queue."""
    url: str = request.getfixturevalue("postgres_url") if request.param == "postgresql" else sqlite_url
    with open_system(url, sqlite_url) as made:
        made.now = START + MINUTE
        yield made


def handle(signpost: System, *events: Event) -> None:
    """Commit events in one transaction, whose process ends before it publishes anything."""
    sent = [message(one) for one in events]
    deliveries = [Delivery(one.body, {}, one.routing_key, one.message_id, "", False, 0, None) for one in sent]
    assert len(signpost.handler().handle(deliveries, signpost.clock).settlements) == len(events)


def waiting(signpost: System, exchange: str) -> list[OutboxRow]:
    rows = signpost.store.outbox.claim(signpost.now + DAY, signpost.now, 1000)
    return [row for row in rows if row.exchange == exchange]


def data(rows: list[OutboxRow]) -> list[dict[str, Any]]:
    return [orjson.loads(row.body)["data"] for row in rows]


def offer(at: float, name: str = "o") -> Event:
    return event("offer.extended", at=at, offer=name, employer=ACME)


def test_an_end_that_waited_in_the_outbox_is_published_without_content(signpost: System) -> None:
    handle(signpost, offer(0))
    raised = {one["id"] for one in data(waiting(signpost, ADVICE)) if one["change"] == "raised"}
    signpost.store.outbox.delete([row.id for row in waiting(signpost, ADVICE)])
    handle(signpost, event("offer.declined", at=0.01, offer="o"))
    ended = {one["id"] for one in data(waiting(signpost, ADVICE)) if one["status"] == "resolved"}
    assert ended & raised
    handle(signpost, event("candidate.erased", at=0.016))
    rows = waiting(signpost, ADVICE)
    assert raised <= {one["id"] for one in data(rows) if one["status"] not in ("active", "snoozed")}
    assert [row.message_id for row in rows if ACME["name"].encode() in row.body] == []
    assert ended <= {row.recommendation_id for row in signpost.store.feed("acme")[0]}


def test_what_began_and_was_not_published_is_not_published_after_an_erasure(signpost: System) -> None:
    handle(signpost, offer(0))
    assert waiting(signpost, ADVICE)
    handle(signpost, event("candidate.erased", at=0.016))
    assert [one for one in data(waiting(signpost, ADVICE)) if one["status"] == "active"] == []


def spread(signpost: System) -> list[dict[str, Any]]:
    """Take what waits to be handed to the endpoints."""
    found: list[dict[str, Any]] = []

    def take(_endpoint: EndpointRow, row: Announcement) -> None:
        found.append(orjson.loads(row.body)["data"])

    signpost.store.outgoing.spread("acme", 1000, signpost.now, take)
    return found


def test_an_end_that_waited_for_an_endpoint_is_sent_without_content(signpost: System) -> None:
    assert signpost.store.endpoints.add(endpoint(), 1)
    handle(signpost, offer(0))
    sent = {one["id"] for one in spread(signpost) if one.get("change") == "raised"}
    handle(signpost, event("offer.declined", at=0.01, offer="o"), event("offer.extended", at=0.011, offer="unsent"))
    signpost.store.outbox.delete([row.id for row in waiting(signpost, ADVICE)])
    handle(signpost, event("candidate.erased", at=0.016))
    left = [one for one in spread(signpost) if "status" in one]
    assert sent
    assert sent <= {one["id"] for one in left}
    assert [one for one in left if one["status"] == "active" or ACME["name"] in str(one)] == []


def agendas(signpost: System) -> dict[str, list[str]]:
    """Id of an agenda -> its latest cards, in order of publication."""
    rows = sorted(waiting(signpost, AGENDA), key=lambda row: row.id)
    return {one["id"]: [card["id"] for card in one["cards"]] for one in data(rows)}


def settle(signpost: System) -> None:
    signpost.now += 2 * MINUTE
    signpost.processor().wake(signpost.clock)


def test_the_agenda_of_an_erased_candidate_ends_although_more_is_known_since(signpost: System) -> None:
    handle(signpost, offer(0))
    settle(signpost)
    before = agendas(signpost)
    assert before
    assert all(before.values())
    signpost.store.outbox.delete([row.id for row in waiting(signpost, AGENDA)])
    handle(signpost, offer(0.04, "later"), event("candidate.erased", at=0.03))
    settle(signpost)
    after = agendas(signpost)
    assert {name: after.pop(name) for name in before} == {name: [] for name in before}
    assert after
    assert all(after.values())
    signpost.store.outbox.delete([row.id for row in waiting(signpost, AGENDA)])
    handle(signpost, event("candidate.merged", at=0.05, into="c-2"))
    assert agendas(signpost) == {name: [] for name in after}, "the end of the second agenda names the second"


def test_an_empty_agenda_that_waited_in_the_outbox_is_published(signpost: System) -> None:
    handle(signpost, offer(0))
    settle(signpost)
    before = agendas(signpost)
    signpost.store.outbox.delete([row.id for row in waiting(signpost, AGENDA)])
    handle(signpost, event("offer.declined", at=0.01, offer="o"))
    signpost.now += DAY
    settle(signpost)
    assert agendas(signpost) == {name: [] for name in before}
    handle(signpost, event("candidate.erased", at=0.02))
    assert agendas(signpost) == {name: [] for name in before}


def test_a_candidate_who_comes_back_is_in_the_list_of_the_employer(signpost: System) -> None:
    handle(signpost, offer(-100))
    assert [row.case_key for row in signpost.store.standings("acme", "e")] == ["c-1"]
    handle(signpost, offer(-99, "later"), event("candidate.erased", at=-99.5))
    assert [row.case_key for row in signpost.store.standings("acme", "e")] == ["c-1"]
