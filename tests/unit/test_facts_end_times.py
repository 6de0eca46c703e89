"""When an offer ended, in whichever way it did."""

from typing import Any

import pytest

from signpost.case import Case, Event
from signpost.case.instant import HOUR, parse_instant
from signpost.facts.facts import facts_of

START = parse_instant("2026-03-02T12:00:00Z")
TOLD = {"offer": "o", "by": "candidate", "purpose": "withdrawal"}
Said = tuple[str, dict[str, Any]]


def offer(name: str) -> Said:
    return f"offer.{name}", {"offer": "o", "application": "a"}


@pytest.mark.parametrize(
    "said",
    [
        *([offer("extended"), offer(end)] for end in ("declined", "withdrawn", "rescinded", "expired")),
        [offer("extended"), ("application.rejected", {"application": "a"})],
        [offer("extended"), offer("accepted"), ("application.withdrawn", {"application": "a"})],
        [offer("accepted"), *(("contact.logged", TOLD | {"channel": channel}) for channel in ("phone", "email"))],
    ],
)
def test_an_offer_ended_with_the_last_event_that_ends_it(said: list[Said]) -> None:
    events = [
        Event("t", "s", f"e-{hours}", type_, START + hours * HOUR, "c-1", data, offsets={"time": 60 + hours})
        for hours, (type_, data) in enumerate(said)
    ]
    [found] = facts_of(Case().fold(*events), "c-1").entities["offer"]
    last = len(said) - 1
    assert (found.values["ended_at"], found.offsets["ended_at"]) == (START + last * HOUR, 60 + last)
    assert found.stamps["ended_at"][2] == f"e-{last}"
    [open_] = facts_of(Case().fold(events[0]), "c-1").entities["offer"]
    assert "ended_at" not in open_.values
