"""`signpost deliveries list`: webhooks that were posted again, unknown sources, and pipes."""

from typing import Any

import pytest
from click.testing import CliRunner

from signpost.cli.deliveries import _repeats, _row, list_
from signpost.schemas.documents.problem_examples import UNSIGNED as PROBLEM_EXAMPLE
from signpost.services.intake.problems import UNSIGNED


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


def listed(monkeypatch: pytest.MonkeyPatch, items: list[dict[str, Any]], source: str, *known: str) -> str:
    def answer(client: object, method: str, path: str, params: dict[str, Any]) -> dict[str, Any]:
        return {"items": [one for one in items if params.get("source") in (None, one["source"])]}

    monkeypatch.setenv("SIGNPOST_API_KEY", "k")
    monkeypatch.setattr("signpost.cli.client.request_json", answer)
    monkeypatch.setattr("signpost.cli.deliveries.known_sources", lambda: set(known))
    return CliRunner().invoke(list_, ["--source", source], catch_exceptions=False).output


def test_no_deliveries_of_an_unknown_source_name_the_one_that_is_meant(monkeypatch: pytest.MonkeyPatch) -> None:
    of_file = listed(monkeypatch, [], "klinik-rekrutk", "klinik-rekrut")
    assert of_file == "no deliveries: there is no source 'klinik-rekrutk'; did you mean klinik-rekrut?\n"
    of_log = listed(monkeypatch, [delivery("one", "e-1", source="board")], "bord")
    assert of_log == "no deliveries: there is no source 'bord'; did you mean board?\n"
    assert listed(monkeypatch, [], "board", "board") == "no deliveries\n"
    assert listed(monkeypatch, [], "board") == "no deliveries\n"


def test_a_delivery_in_a_pipe_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    one = delivery("one", source="board", status="refused") | {"problems": [{"pointer": "/a", "detail": "wrong " * 90}]}
    rows = listed(monkeypatch, [one], "board").splitlines()
    assert [row for row in rows if "wrong" in row] == [row for row in rows if row.lstrip().startswith("one")]
    assert not any(row.endswith(" ") for row in rows)


def test_the_example_of_an_unsigned_webhook_is_the_answer_of_the_intake() -> None:
    assert PROBLEM_EXAMPLE["detail"] == UNSIGNED
    assert "signpost deliveries" in UNSIGNED
    assert "signpost status" in UNSIGNED
