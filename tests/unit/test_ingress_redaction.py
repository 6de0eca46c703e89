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
        {
            "createdAt": 1431454329000,
            "job_ids": [1, 2],
            "interviewerUserIds": ["caea4d97-331d"],
            "stage": "Interview 2",
        },
        {"candidate": "c-1", "reason": "63dd55b2-a99f-4e7b-985f-22c7bf6b8a3e", "ends": "2026-03-02 09:00:00+0100"},
        {"custom_fields": [{"id": 7, "type": "date", "value": None}]},
        {"remote_data": [{"data": {"id": "r-1", "status": "hired"}}]},
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
        ({"date_of_birth": "1990-01-31"}, "1990"),
        ({"birthday": {"date": "1990-01-31", "day": 31}}, "31"),
        ({"birthDate": 633744000}, "633744000"),
        ({"passport": "X1234567"}, "1234567"),
        ({"passport_id": "X1234567"}, "1234567"),
        ({"iban": "DE89370400440532013000"}, "370"),
        ({"badge": 4711}, "4711"),
        ({"desired": "K-4711"}, "4711"),
        ({"married_since_1990": "yes1990"}, "yes"),
        ({"created_by": "Maria Lopez"}, "Maria"),
        ({"marital_status": "divorced"}, "divorced"),
        ({"customFields": [{"id": "f-1", "title": "SSN", "value": 123456789}]}, "123456789"),
        ({"custom_fields": {"status": "divorced", "driver_id": "D-77", "left_at": "2020-01-01"}}, "divorced"),
        ({"custom_fields": {"status": "divorced", "driver_id": "D-77", "left_at": "2020-01-01"}}, "D-77"),
        ({"custom_fields": {"left_at": {"value": "2020-01-01", "date": "2020-01-01"}}}, "2020"),
        ({"custom": {"has_child": True}}, "True"),
        (
            {"remote_data": [{"path": "/x", "data": {"ssn": "123-45-6789", "base": 9000, "hired_on": "1999-01-01"}}]},
            "9",
        ),
        ({"answers": [{"question": {"id": "q"}, "value": 40, "date": "1990-01-31", "body": "I"}]}, "40"),
        ({"educations": [{"id": "e", "end_date": "1999-06-30"}]}, "1999"),
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
    assert shown["pairs"][:1] == [{"key": "person.ref", "value": "[text of 3 characters]"}]
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


def test_the_delivery_log_shows_the_words_of_the_vendor_and_the_ids_of_the_events() -> None:
    raw = b'{"team": [{"role": "Hiring Manager", "who": "Ada Byron"}], "pairs": ["P-9", "A-1", "O-4", "SSN-5"]}'
    data = {"offer": "ats~O-4", "application": "ats~A-1"}
    event = Event("acme", "s", "e", "offer.declined", 0, "application:ats~A-1", data)
    record = WebhookRecord("d", Source("ats", "acme", "ashby", (), own_ids=True), {}, raw, 0, [event], verified=True)
    shown = json.loads(to_row(record, "accepted", (), bodies=False).shown)
    assert shown["team"] == [{"role": "Hiring Manager", "who": "[text of 9 characters]"}]
    assert shown["pairs"] == ["[text of 3 characters]", "A-1", "O-4", "[text of 5 characters]"]
