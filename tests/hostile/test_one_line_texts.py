"""Texts on one line: what a sender hides in a name reaches no title, no terminal and no log."""

import json
import logging
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from marshmallow import ValidationError

from signpost.cli.tail import format_change
from signpost.ingress.vendors import VENDORS
from signpost.names import CLOUDEVENT_JSON
from signpost.printable import escape
from signpost.schemas import EVENT_SCHEMAS
from signpost.schemas.containers import Items, Object
from signpost.schemas.fields import Id, Line, Text
from signpost.schemas.texts import free_text, one_line
from tests.support.intake_parts import Intake, intake_at, sign_greenhouse, sign_standard
from tests.support.own_log import start_own_log

HOSTILE = {
    "line breaks": "Acme\r\nBcc: all@example.org",
    "other line breaks": "Acme\x0b\x0c\x85\u2028\u2029Inc",
    "escape sequences": "Acme\x1b[2J\x1b]0;owned\x07",
    "eight-bit controls": "Acme\x9b31m\x90",
    "bidi": "Acme\u202eevil\u2066\u200f",
    "zero width": "Ac\u200bme\ufeff\u2060\u00ad",
    "joiners": "Ac\u200cme\u200d",
    "tags": "Acme\U000e0041\U000e007f",
    "tabs and spaces": "  Acme \t  Inc ",
}
UNFIT = re.compile("[\x00-\x1f\x7f-\x9f\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\U000e0000-\U000e007f]")
"""Written down a second time, so that an error in the table of the schemas shows."""
FREE = {"growth_path", "team", "work_life", "commission", "equity"}
"""Texts of several lines; every other text is on one line."""


@pytest.fixture
def intake(tmp_path: Path) -> Iterator[Intake]:
    intake = intake_at(tmp_path)
    yield intake
    intake.store.close()
    intake.broker.close()


def offer(name: str, offer_id: str = "o") -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": "e",
        "source": "s",
        "type": "signpost.offer.extended.v1",
        "time": "2026-03-02T13:00:00Z",
        "subject": "c",
        "data": {
            "offer": offer_id,
            "title": name,
            "employer": {"id": "acme", "name": name},
            "location": {"city": name, "region": name},
            "highlights": [name],
            "team": f"{name}\nsecond line",
        },
    }


@pytest.mark.parametrize("name", HOSTILE)
def test_an_event_is_taken_and_its_texts_are_fit(intake: Intake, name: str) -> None:
    assert intake.send(offer(HOSTILE[name]), CLOUDEVENT_JSON).status_code == 202
    [event] = intake.queued()
    data = event["data"]
    lines = [data["title"], data["employer"]["name"], *data["location"].values(), *data["highlights"]]
    for line in lines:
        assert line
        assert not UNFIT.search(line)
        assert line == " ".join(line.split())
    assert not UNFIT.search(data["team"].replace("\n", "").replace("\t", ""))
    assert data["team"].endswith("\nsecond line")


@pytest.mark.parametrize("name", HOSTILE)
def test_no_title_holds_what_a_mail_header_must_not(intake: Intake, name: str) -> None:
    answer = intake.post("/v1/simulate", json.dumps({"events": [offer(HOSTILE[name])]}).encode(), {})
    assert answer.status_code == 200
    changes = answer.get_json()["changes"]
    titles = [change["title"] for change in changes]
    assert any("Ac" in title for title in titles), "the name is in a title"
    for title in titles + [change["employer"]["name"] for change in changes if change["employer"]]:
        assert not UNFIT.search(title)


@pytest.mark.parametrize("name", [name for name in HOSTILE if name != "tabs and spaces"])
def test_an_id_is_refused_instead_of_changed(intake: Intake, name: str) -> None:
    answer = intake.send(offer("Acme", HOSTILE[name]), CLOUDEVENT_JSON)
    assert answer.status_code == 422
    assert [found["pointer"] for found in answer.get_json()["errors"]] == ["/data/offer"]
    for attribute in ("id", "source", "subject"):
        answer = intake.send(offer("Acme") | {attribute: HOSTILE[name]}, CLOUDEVENT_JSON)
        assert f"/{attribute}" in {found["pointer"] for found in answer.get_json()["errors"]}


def test_every_text_is_of_one_line_or_free() -> None:
    found = set()
    for schema in EVENT_SCHEMAS.values():
        found |= set(_texts(schema()))
    assert {name for name, is_line in found if not is_line} == FREE


def _texts(schema: Any) -> Iterator[tuple[str, bool]]:
    for name, field in schema.fields.items():
        inner = field.item if isinstance(field, Items) else field
        if isinstance(inner, Object):
            yield from _texts(inner.schema())
        elif isinstance(inner, Text) and not isinstance(inner, Id):
            yield name, isinstance(inner, Line)


@given(st.text(st.characters() | st.sampled_from("\u200c\u200d \n\x1b\u202eé")))
def test_a_text_is_changed_once(text: str) -> None:
    for change in (one_line, free_text):
        assert change(change(text)) == change(text)
        change(text).encode()


def test_joiners_stay_where_writing_needs_them() -> None:
    for text in ("\u0645\u06cc\u200c\u062e", "\U0001f469\u200d\U0001f4bb", "\u0d9a\u0dca\u200d\u0dbb"):
        assert one_line(text) == text


HIRED = next(sample.body().decode() for sample in VENDORS["greenhouse"].samples if b"hire_candidate" in sample.body())


@pytest.mark.parametrize(
    ("name", "unread"),
    [
        ("A\\u001b[2J\\r\\nB", "1"),
        ("A\\u0000B", "1"),
        ("A\\ud800B", "1"),
        ("A\x1bB", "1"),
        ("A\u202eB", "1"),
        ("plain", "1" * 60),
        ("plain", "1e99999"),
        ("plain", "-Infinity"),
    ],
)
def test_a_webhook_is_taken_whatever_its_texts_hold(intake: Intake, name: str, unread: str) -> None:
    changed = HIRED.replace('"Developer"', f'"{name}"').replace('"Monster"', f'"{name}", "unread": {unread}')
    assert changed.count(name) > 1
    body = b"\xef\xbb\xbf" + changed.encode()
    answer = intake.post("/v1/webhooks/acme", body, sign_greenhouse(body))
    assert answer.status_code == 200, answer.data
    events = intake.queued()
    assert any(event["data"].get("title") for event in events)
    assert not UNFIT.search(json.dumps(events, ensure_ascii=False))


def test_the_delivery_notes_what_was_changed(intake: Intake) -> None:
    payload = {"type": "offer.extended", "timestamp": "2026-03-02T13:00:00Z"}
    body = json.dumps(payload | {"data": {"candidate": "c", "offer": "o", "title": "A\x1b[2J\nB"}}).encode()
    assert intake.post("/v1/webhooks/careers", body, sign_standard(body)).status_code == 202
    [delivery] = intake.get("/v1/deliveries").get_json()["items"]
    assert delivery["status"] == "accepted"
    [note] = delivery["problems"]
    assert note["pointer"] == "/data/title"
    assert "replaced or removed" in note["detail"]


def test_the_command_line_prints_no_control_character() -> None:
    bad = "".join(HOSTILE.values())
    data = {
        "subject": {"kind": "offer", "id": bad}, "change": "raised", "priority": "high", "rule": "r",
        "audience": "candidate", "title": bad, "due": None, "reason": bad, "status": "resolved",
    }  # fmt: skip
    printed = format_change({"time": "2026-03-02T14:00:00Z", "subject": bad, "data": data})
    styled = re.sub("\x1b\\[[0-9;]*m", "", printed)
    assert not UNFIT.search(styled.replace("\n", ""))
    assert styled.count("\n") == 1


@pytest.mark.parametrize("format", ["text", "json"])
def test_a_log_line_holds_no_control_character(format: str) -> None:
    bad = "".join(HOSTILE.values())
    root = logging.getLogger()
    handlers = root.handlers[:]
    try:
        _, stream = start_own_log("x", format=format)
        try:
            raise RuntimeError(bad)
        except RuntimeError:
            logging.getLogger("x").exception("no answer of %s", bad, extra={"of": bad})
    finally:
        root.handlers[:] = handlers
    written = stream.getvalue()
    assert not UNFIT.search(written.replace("\n", ""))
    first, *rest = written.splitlines()
    assert all(line.startswith(" ") for line in rest), "a forged line is seen to be one"
    if format == "json":
        assert json.loads(first)["of"] == bad


def test_escapes_are_readable() -> None:
    assert escape("a\x1b\u202e\nb") == "a\\x1b\\u202e\\nb"
    assert escape("a\nb", "\n") == "a\nb"
    assert escape("Zoë 👩") == "Zoë 👩"


def test_an_own_text_is_one_line() -> None:
    from signpost.rulebook.own_fields import TYPES

    assert TYPES["text"]().canonical("a\nb") == "a b"
    with pytest.raises(ValidationError):
        TYPES["text"]().canonical(1)
