"""The terms of a Greenhouse offer: its dates and the custom fields that most accounts keep salaries in. Pure."""

import re
from collections.abc import Mapping
from typing import Any

from schemas.events import OfferTerms

US_DATE = re.compile("([0-9]{2})/([0-9]{2})/([0-9]{4})")
PERIODS = {
    "annually": "year",
    "annual": "year",
    "yearly": "year",
    "monthly": "month",
    "weekly": "week",
    "daily": "day",
    "hourly": "hour",
}
MONEY = {
    "salary": "salary",
    "base_salary": "salary",
    "annual_salary": "salary",
    "compensation": "salary",
    "bonus": "bonus",
    "annual_bonus": "bonus",
}
"""Slug of a currency field -> our field."""
WORDS = {"equity": "equity", "commission": "commission", "job_title": "title", "title": "title"}
"""Slug of a text field -> our field."""
INSTANTS = {"respond_by": "respond_by", "offer_deadline": "respond_by", "offer_expiration": "respond_by"}
"""Slug of a field that holds an instant with its offset -> our field; a date alone is no deadline."""


def terms(offer: Mapping[str, Any], title: Any = None) -> dict[str, Any]:
    """What an offer states of our terms. A field that is not as our vocabulary says is left out: unknown, not wrong."""
    found: dict[str, Any] = {"title": title, "start_date": iso_date(offer.get("start_date") or offer.get("starts_at"))}
    fields = offer.get("custom_fields")
    for slug, custom in fields.items() if isinstance(fields, Mapping) else ():
        if isinstance(custom, Mapping):
            found |= _custom(slug, custom)
    said = {name: value for name, value in found.items() if value is not None}
    wrong = OfferTerms().validate(said)
    return {name: value for name, value in said.items() if name not in wrong}


def _custom(slug: str, custom: Mapping[str, Any]) -> dict[str, Any]:
    value = custom.get("value")
    if slug in MONEY and isinstance(value, Mapping):
        return {MONEY[slug]: _money(value, custom.get("frequency"))}
    if slug in WORDS and value:
        return {WORDS[slug]: value}
    if slug in INSTANTS and value:
        return {INSTANTS[slug]: value}
    if slug == "start_date" and value:
        return {"start_date": iso_date(value)}
    return {}


def _money(value: Mapping[str, Any], frequency: Any) -> dict[str, Any]:
    """Greenhouse states a frequency for compensation fields only; everything else is by the year."""
    per = PERIODS.get(frequency.lower(), frequency) if isinstance(frequency, str) else "year"
    return {"amount": value.get("amount"), "currency": value.get("unit"), "per": per}


def iso_date(value: Any) -> Any:
    """ "04/15/2013" (month first) as "2013-04-15"; anything else as it is."""
    found = US_DATE.fullmatch(value) if isinstance(value, str) else None
    return f"{found[3]}-{found[1]}-{found[2]}" if found else value
