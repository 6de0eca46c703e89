"""The names of events and of values in an own mapping: numbers among them, and what `sources check` tells of others."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.own_mappings import HUNTFLOW, SENT, call, own_mappings


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Path]:
    with own_mappings(tmp_path / "vendors") as folder:
        yield folder


def checked(own: Path, text: str, sent: str = SENT) -> dict[str, Any]:
    (own / "huntflow.yaml").write_text(text)
    (own / "samples" / "huntflow" / "offer-sent.json").write_text(sent)
    [found] = json.loads(call(own.parent, "sources", "check", str(own / "huntflow.yaml"), "--json").output)
    return dict(found)


@pytest.mark.parametrize(("sent", "is_read"), [("203", True), ("203.0", True), ("203.5", False), ("true", False)])
def test_a_whole_number_is_a_name_of_an_event(own: Path, sent: str, is_read: bool) -> None:
    text = HUNTFLOW.replace("[OFFER_SENT]", '["203"]')
    found = checked(own, text, SENT.replace('"OFFER_SENT"', sent))
    assert (found["problems"] == []) is is_read


@pytest.mark.parametrize(
    ("written", "hint"), [("203", ' (write "203" in quotes)'), ("true", ' (write "true" in quotes)'), ("2.5", "")]
)
def test_a_number_that_stands_for_a_name_is_told_to_be_quoted(own: Path, written: str, hint: str) -> None:
    [problem] = checked(own, HUNTFLOW.replace("[OFFER_SENT]", f"[{written}]"))["problems"]
    assert problem == f"huntflow.yaml:10:10: R006 on must be a text{hint}"


def test_an_event_that_no_entry_has_is_named(own: Path) -> None:
    [problem] = checked(own, HUNTFLOW.replace("[OFFER_SENT]", "[OFFER_SNT]"))["problems"]
    assert problem.endswith(
        "gives nothing, expected offer.extended (it names the unknown event 'OFFER_SENT'; did you mean OFFER_SNT?; no"
        " entry of events (on) or ignored has it)"
    )
