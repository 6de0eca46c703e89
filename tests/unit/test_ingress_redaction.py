"""What a person may be shown of a webhook: how it was built, and nothing about anybody."""

from typing import Any

import pytest

from signpost.ingress.redaction import MAX_ITEMS, redact


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
