"""The questions to candidates as messages: published when they change, once, and in the transaction of the advice."""

from collections.abc import Iterator
from typing import Any

import orjson
import pytest
from jsonschema import Draft202012Validator

from signpost.names import QUESTIONS
from signpost.schemas.documents.generate import questions_document
from signpost.schemas.questions import QuestionListSchema
from tests.support.workers_kit import HOUR, KINDS, START, System, event, system

ACME: dict[str, Any] = {"employer": {"id": "acme", "name": "Acme"}}


@pytest.fixture(params=KINDS)
def signpost(request: pytest.FixtureRequest) -> Iterator[System]:
    with system(request.param, request) as made:
        made.now, made.ask = START + 10 * HOUR, True
        yield made


def lists(signpost: System) -> list[tuple[str, dict[str, Any]]]:
    """Take the published lists: (routing key, document)."""
    found = [(each.routing_key, orjson.loads(each.body)) for each in signpost.published() if each.exchange == QUESTIONS]
    for _, document in found:
        assert [error.message for error in Draft202012Validator(questions_document()).iter_errors(document)] == []
        assert QuestionListSchema().load(document["data"]) == document["data"]
    return found


def facts_of(document: dict[str, Any]) -> list[str]:
    return [question["fact"] for question in document["data"]["questions"]]


def test_a_list_is_published_when_it_changes_and_an_answer_takes_its_question_away(signpost: System) -> None:
    signpost.handle(event("offer.extended", offer="o-1", **ACME))
    [(key, first)] = lists(signpost)
    assert (key, first["type"], first["subject"]) == ("acme.candidate.urgent", "signpost.questions.changed.v1", "c-1")
    assert (first["data"]["sequence"], facts_of(first)[0]) == (1, "offer/o-1 respond_by")

    signpost.handle(event("offer.extended", offer="o-1", **ACME), event("offer.extended", at=0.5, offer="o-1"))
    assert lists(signpost) == [], "a repeat, and an event that changes no question"

    signpost.handle(event("offer.updated", at=1, offer="o-1", respond_by="2026-03-20T09:00:00Z"))
    [(_, second)] = lists(signpost)
    assert (second["id"], second["data"]["sequence"]) == (f"{first['data']['id']}.2", 2)
    assert "offer/o-1 respond_by" not in facts_of(second)


def test_time_changes_the_list_and_ends_it_with_the_offer(signpost: System) -> None:
    signpost.handle(event("offer.extended", offer="o-1", **ACME))
    [(_, before)] = lists(signpost)
    while (due := signpost.case("c-1").next_change) is not None:
        signpost.now = due
        _, outgoing = signpost.processor().wake(lambda: due)
        for item in outgoing:
            if item.message.exchange == QUESTIONS:
                after = orjson.loads(item.message.body)
                assert after["data"]["sequence"] == before["data"]["sequence"] + 1
                assert after["data"]["questions"] != before["data"]["questions"]
                before = after
    assert before["data"]["sequence"] > 1
    assert not [fact for fact in facts_of(before) if fact.startswith("offer/")]


def test_an_erasure_leaves_an_empty_list_and_no_text(signpost: System) -> None:
    signpost.handle(event("offer.extended", offer="o-1", **ACME))
    [(_, first)] = lists(signpost)
    signpost.handle(event("candidate.erased", at=5))
    [(key, last)] = lists(signpost)
    assert (key, last["data"]["questions"]) == ("acme.candidate.none", [])
    assert (last["data"]["id"], last["data"]["sequence"]) == (first["data"]["id"], 2)
    signpost.handle(event("offer.extended", at=6, offer="o-2", **ACME))
    [(_, again)] = lists(signpost)
    assert again["data"]["id"] != first["data"]["id"]
    assert again["data"]["sequence"] == 1


def test_a_merge_empties_the_list_of_the_absorbed_case(signpost: System) -> None:
    signpost.handle(event("offer.extended", "c-2", offer="o-1", **ACME))
    lists(signpost)
    signpost.handle(event("candidate.merged", "c-2", at=1, into="c-1"))
    found = {document["subject"]: document for _, document in lists(signpost)}
    assert facts_of(found["c-2"]) == []
    assert facts_of(found["c-1"])[0] == "offer/o-1 respond_by"


def test_nothing_is_published_unless_it_is_wanted(signpost: System) -> None:
    signpost.ask = False
    signpost.handle(event("offer.extended", offer="o-1", **ACME))
    assert lists(signpost) == []
    assert signpost.case("c-1").asked is None
