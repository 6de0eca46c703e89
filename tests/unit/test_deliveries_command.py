"""`signpost deliveries list` marks a webhook that was posted again."""

from typing import Any

from signpost.cli.deliveries import _repeats, _row


def delivery(name: str, *events: str, source: str = "ats", status: str = "accepted") -> dict[str, Any]:
    listed = [{"type": "signpost.offer.extended.v1", "id": event, "subject": "c-1"} for event in events]
    head = {"received_at": "2026-03-02T09:00:00Z", "source": source, "status": status, "problems": []}
    return {"id": name, "events": listed, **head}


def test_the_later_of_two_deliveries_with_the_same_events_is_marked() -> None:
    found = [
        delivery("third", "e-1"),
        delivery("other", "e-2"),
        delivery("elsewhere", "e-1", source="board"),
        delivery("second", "e-1"),
        delivery("first", "e-1"),
    ]
    assert _repeats(found) == {"second", "third"}
    assert _row(found[0], again=True)[3] == "accepted, again"
    assert _row(found[1], again=False)[3] == "accepted"


def test_what_had_no_effect_before_is_not_repeated() -> None:
    refused, empty = delivery("refused", "e-1", status="unavailable"), delivery("empty", status="ignored")
    assert _repeats([delivery("now", "e-1"), refused, empty, empty]) == set()
