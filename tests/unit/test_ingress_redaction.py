"""What a person may be shown of a webhook: how it was built, and nothing about anybody."""

import json
from pathlib import Path
from typing import Any

import pytest

from signpost.case.event import Event
from signpost.ingress.mapping_reader import load_mapping
from signpost.ingress.redaction import MAX_ITEMS, redact
from signpost.ingress.vendor_words import words_of
from signpost.services.intake.delivery_log import WebhookRecord, to_row
from signpost.tenants.model import Source


@pytest.mark.parametrize(
    "shown",
    [
        {"action": "offer_created", "payload": {"id": 12345, "application_id": "a-7"}},
        {"offer_status": "Created", "start_date": "04/15/2026", "sent_at": "2026-03-02T09:00:00Z"},
        {"event": "Offer.changed", "final": True, "round": 2, "closed": None},
        {"salary": {"currency": "USD", "per": "year"}},
    ],
)
def test_structure_ids_words_and_times_are_shown(shown: Any) -> None:
    assert redact(shown) == shown


@pytest.mark.parametrize(
    ("body", "secret"),
    [
        ({"first_name": "Maria"}, "Maria"),
        ({"name": "Maria Lopez"}, "Lopez"),
        ({"candidate": {"email_addresses": [{"value": "m@example.com", "type": "personal"}]}}, "example"),
        ({"phone": "0044123456789"}, "0044"),
        ({"mobile": 44123456789}, "44123456789"),
        ({"custom_fields": {"salary": {"value": {"amount": 80000, "unit": "USD"}}}}, "80000"),
        ({"salary": 80000}, "80000"),
        ({"salary": "80000"}, "80000"),
        ({"compensation": {"min_value": "10000.0"}}, "10000"),
        ({"notes": "she said 2 weeks"}, "weeks"),
        ({"answers": ["I am 40 years old"]}, "40"),
        ({"ssn": "123-45-6789"}, "6789"),
    ],
)
def test_names_contacts_pay_and_free_text_are_not(body: Any, secret: str) -> None:
    assert secret not in str(redact(body))


def test_long_lists_are_cut() -> None:
    assert len(redact({"ids": list(range(1000))})["ids"]) == MAX_ITEMS


def test_the_words_by_which_a_mapping_chooses_items_are_shown() -> None:
    body = {
        "pairs": [{"key": "person.ref", "value": "P-9"}, {"name": "offer.pay_cents", "value": 80000}, {"key": "hobby"}]
    }
    shown = redact(body, words={"person.ref", "offer.pay_cents"})
    assert shown["pairs"][:1] == [{"key": "person.ref", "value": "P-9"}]
    assert shown["pairs"][1:] == [{"name": "offer.pay_cents", "value": "[a number]"}, {"key": "[text of 5 characters]"}]


def test_the_words_of_a_mapping_are_those_of_its_conditions_on_items(tmp_path: Path) -> None:
    lookups = "let: {who: {item_of: pairs, where: [{key: person.ref}, {key: [a, b], kind: {not: 5}}]}}"
    (tmp_path / "x.yaml").write_text(
        f"""title: X
attested: made up
signature: {{scheme: body}}
event: kind
events:
  - on: [k]
    {lookups}
    subject: who.value
    when: {{more: other}}
    emit: [{{type: candidate.erased, id: "x"}}]
samples: []
"""
    )
    assert words_of(load_mapping(tmp_path / "x.yaml")) == {"person.ref", "a", "b"}


def test_the_delivery_log_shows_the_words_of_the_vendor() -> None:
    raw = b'{"team": [{"role": "Hiring Manager", "who": "Ada Byron"}]}'
    event = Event(id="e", source="s", type="offer.declined", time=0, tenant="t", subject="c", data={})
    record = WebhookRecord("d", Source("t", "acme", "ashby", ()), {}, raw, 0, [event], verified=True)
    shown = json.loads(to_row(record, "accepted", (), bodies=False).shown)
    assert shown == {"team": [{"role": "Hiring Manager", "who": "[text of 9 characters]"}]}
