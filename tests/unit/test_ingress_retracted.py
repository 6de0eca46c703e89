"""Where null takes a term back, and where it says nothing."""

from pathlib import Path as File
from typing import Any

import pytest

from signpost.case.instant import parse_instant
from signpost.ingress.amounts import Amount
from signpost.ingress.custom_fields import Nested
from signpost.ingress.date_patterns import read_pattern
from signpost.ingress.expression_reader import NOTHING
from signpost.ingress.expressions import Coalesce, DayStart, Expression, Extreme, Path, ValueMap
from signpost.ingress.formats import Formats
from signpost.ingress.mapping_reader import load_mapping
from signpost.ingress.receipt import Receipt
from signpost.ingress.retracted import is_null, is_unread
from signpost.ingress.scope import DeliveryScope
from signpost.ingress.translate import translate
from signpost.ingress.written import Written
from signpost.schemas.fields import Integer, Text
from signpost.schemas.unreadable import Unreadable

NOW = parse_instant("2026-11-25T21:00:00Z")
START = Path(("offer", "start"))
PLAIN = Amount((), Path(("offer", "pay", "value")), Path(("offer", "pay", "unit")), NOTHING)
LISTED = Amount((Path(("offer", "pay")),), Path(("value", "amount")), Path(("value", "unit")), NOTHING)


@pytest.mark.parametrize(
    ("expression", "offer", "expected"),
    [
        (START, {"start": None}, True),
        (START, {"start": ""}, False),
        (START, {}, False),
        (START, None, False),
        (START, [], False),
        (Path(("offer",)), None, False),
        (Coalesce((Path(("offer", "begin")), START)), {"start": None}, True),
        (Coalesce((Path(("offer", "begin")), START)), {}, False),
        (DayStart(START), {"start": None}, True),
        (ValueMap(START, {}), {"start": None}, True),
        (Written(START, read_pattern("DD.MM.YYYY")), {"start": None}, True),
        (Extreme((START,), latest=True), {"start": None}, False),
        (PLAIN, {"pay": {"value": None}}, True),
        (PLAIN, {"pay": None}, True),
        (PLAIN, {"pay": {"unit": None}}, False),
        (PLAIN, None, False),
        (LISTED, {"pay": None}, True),
        (LISTED, {"pay": {"value": None}}, True),
        (LISTED, {"pay": {"value": {"amount": None}}}, True),
        (LISTED, {"pay": {"value": {"unit": None}}}, False),
        (LISTED, {"pay": {}}, False),
        (LISTED, {}, False),
    ],
)
def test_only_null_in_the_place_of_a_term_takes_it_back(expression: Expression, offer: Any, expected: bool) -> None:
    assert is_null(expression, DeliveryScope({"offer": offer}, {}, {}, Formats(), NOW)) is expected


@pytest.mark.parametrize(
    ("expression", "offer", "expected"),
    [
        (START, {"start": Unreadable("too long")}, True),
        (START, {"start": None}, False),
        (START, {}, False),
        (ValueMap(START, {"a": "b"}), {"start": "c"}, True),
        (ValueMap(START, {"a": "b"}), {}, False),
        (Written(START, read_pattern("DD.MM.YYYY")), {"start": "soon"}, True),
        (Coalesce((Path(("offer", "begin")), DayStart(START))), {"start": Unreadable("too long")}, True),
        (Nested(Path(("offer",)), Path(("start",))), {"start": Unreadable("too long")}, True),
        (Extreme((START,), latest=True), {}, False),
    ],
)
def test_what_is_stated_and_has_no_value_is_unread(expression: Expression, offer: Any, expected: bool) -> None:
    assert is_unread(expression, DeliveryScope({"offer": offer}, {}, {}, Formats(), NOW)) is expected


MAPPING = """
title: Mine
attested: by me
signature: {scheme: body, header: X-Mine}
event: what
occurrence: id
order: {as_of: changed}
samples: []
events:
  - on: [offered]
    subject: person
    emit:
      - type: offer.updated
        id: "{occurrence}"
        time: changed
        data: {offer: offer}
        only_with_terms: true
        terms:
          {application: record.application, title: record.title, custom.visa: record.visa, custom.days: record.days}
"""


def emitted(folder: File, changed: str | None, record: Any) -> list[Any]:
    file = folder / "mine.yaml"
    file.write_text(MAPPING)
    body = {"what": "offered", "id": "1", "person": "c-1", "offer": "o-1", "changed": changed, "record": record}
    receipt = Receipt("mine/acme", NOW, "d", own={"offer": {"visa": Text(), "days": Integer()}})
    return [document["data"] for document in translate(load_mapping(file), {}, body, receipt)]


def test_fields_of_a_rulebook_are_taken_back_and_links_are_not(tmp_path: File) -> None:
    since = "2026-11-24T10:00:00Z"
    nothing = {"application": None, "title": None, "visa": None}
    assert emitted(tmp_path, since, nothing) == [{"offer": "o-1", "title": None, "custom": {"visa": None}}]
    assert emitted(tmp_path, since, {"application": None, "visa": "H-1B"}) == [
        {"offer": "o-1", "custom": {"visa": "H-1B"}}
    ]
    assert emitted(tmp_path, since, {"application": None}) == []
    days = {"visa": 5, "days": "a week"}
    assert emitted(tmp_path, since, days) == [{"offer": "o-1", "custom": {"visa": None, "days": None}}]
    assert emitted(tmp_path, None, nothing) == [], "a body without an order may be older than what was stated"
