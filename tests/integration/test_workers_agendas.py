"""Agendas as messages: published once they have settled, in the transaction of the case, and ended with it."""

from collections.abc import Iterator
from typing import Any

import orjson
import pytest
from jsonschema import Draft202012Validator

from signpost.case.instant import MINUTE
from signpost.names import AGENDA
from signpost.schemas.agenda import AgendaSchema
from signpost.schemas.documents.generate import agenda_document
from tests.support.workers_kit import HOUR, KINDS, START, System, event, system

ACME: dict[str, Any] = {"employer": {"id": "acme", "name": "Acme"}}


@pytest.fixture(params=KINDS)
def signpost(request: pytest.FixtureRequest) -> Iterator[System]:
    with system(request.param, request) as made:
        made.now = START + 10 * HOUR
        yield made


def checked(key: str, body: bytes) -> tuple[str, dict[str, Any]]:
    document = orjson.loads(body)
    assert [error.message for error in Draft202012Validator(agenda_document()).iter_errors(document)] == []
    assert AgendaSchema().load(document["data"]) == document["data"]
    return key, document


def published(signpost: System) -> list[tuple[str, dict[str, Any]]]:
    """Take what was published: (routing key, document)."""
    return [checked(each.routing_key, each.body) for each in signpost.published() if each.exchange == AGENDA]


def settle(signpost: System) -> list[tuple[str, dict[str, Any]]]:
    """Wake the case after a minute; returns what that publishes."""
    signpost.now += MINUTE
    _, outgoing = signpost.processor().wake(signpost.clock)
    messages = [item.message for item in outgoing if item.message.exchange == AGENDA]
    return [checked(message.routing_key, message.body) for message in messages]


def test_a_burst_is_published_once_it_has_settled(signpost: System) -> None:
    signpost.handle(event("offer.extended", offer="o-1", **ACME))
    signpost.now += MINUTE // 2
    signpost.handle(event("offer.updated", at=0.5, offer="o-1", title="Designer", **ACME))
    assert published(signpost) == []
    assert signpost.case("c-1").next_change == signpost.now + MINUTE // 2
    signpost.now -= MINUTE // 2
    found = dict(settle(signpost))
    assert sorted(found) == ["acme.candidate.high", "acme.employer.normal"]
    mine = found["acme.candidate.high"]
    assert (mine["type"], mine["subject"]) == ("signpost.agenda.changed.v1", "c-1")
    assert (mine["data"]["sequence"], mine["data"]["changes"]["removed"]) == (1, [])
    assert mine["data"]["changes"]["added"] == [card["id"] for card in mine["data"]["cards"]]
    assert found["acme.employer.normal"]["data"]["employer"] == "acme"
    assert settle(signpost) == [], "nothing has changed"


def test_a_repeat_and_what_changes_nothing_publishes_nothing(signpost: System) -> None:
    signpost.handle(event("offer.extended", offer="o-1", **ACME))
    assert settle(signpost)
    same = event("offer.updated", at=0.5, offer="o-1", custom={"colour": "blue"})
    signpost.handle(event("offer.extended", offer="o-1", **ACME), same)
    assert published(signpost) == []
    assert settle(signpost) == []


def test_an_urgent_card_does_not_wait(signpost: System) -> None:
    signpost.handle(event("offer.extended", offer="o-1", respond_by="2026-03-02T16:00:00Z", **ACME))
    found = dict(published(signpost))
    assert found["acme.candidate.urgent"]["data"]["cards"][0]["priority"] == "urgent"


def test_an_erasure_and_a_merge_end_the_agendas(signpost: System) -> None:
    signpost.handle(event("offer.extended", "c-2", offer="o-1", **ACME))
    assert len(settle(signpost)) == 2
    signpost.handle(event("candidate.merged", "c-2", at=1, into="c-1"))
    ended = dict(published(signpost))
    assert sorted(ended) == ["acme.candidate.none", "acme.employer.none"]
    assert {(one["subject"], one["data"]["sequence"]) for one in ended.values()} == {("c-2", 2)}
    assert [place.case_key for place in signpost.store.standings("acme", "acme")] == ["c-1"]

    assert len(settle(signpost)) == 2
    signpost.handle(event("candidate.erased", "c-1", at=5))
    ended = dict(published(signpost))
    assert sorted(ended) == ["acme.candidate.none", "acme.employer.none"]
    assert all(one["data"]["cards"] == one["data"]["held"] == [] for one in ended.values())
    assert signpost.store.standings("acme", "acme") == []


def test_an_answer_settles_what_it_is_about(signpost: System) -> None:
    signpost.handle(event("offer.extended", offer="o-1", **ACME))
    before = dict(settle(signpost))["acme.employer.normal"]["data"]
    [card] = before["cards"]
    answers = [event("advice.done", at=1, id=f"done-{name}", recommendation=name) for name in card["recommendations"]]
    signpost.handle(*answers)
    after = dict(settle(signpost))["acme.employer.none"]["data"]
    assert (after["id"], after["sequence"], after["cards"]) == (before["id"], 2, [])
    assert after["changes"]["removed"] == [card["id"]]


def test_the_list_of_an_employer_has_the_most_pressing_first(signpost: System) -> None:
    signpost.handle(event("offer.extended", "c-1", offer="o-1", **ACME))
    signpost.handle(event("offer.extended", "c-2", at=-150, offer="o-2", **ACME))
    signpost.handle(event("offer.extended", "c-3", at=0.3, offer="o-3", employer={"id": "globex"}))
    places = signpost.store.standings("acme", "acme")
    assert [place.case_key for place in places] == ["c-2", "c-1"]
    assert signpost.store.standings("acme", "acme", (places[0].rank, places[0].last_useful, "c-2")) == places[1:]
    assert signpost.store.standings("acme", "acme", limit=1) == places[:1]
    assert [place.case_key for place in signpost.store.standings("acme", "globex")] == ["c-3"]
    assert signpost.store.standings("other", "acme") == []
