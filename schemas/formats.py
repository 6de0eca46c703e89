"""The fields of events whose text has one format: instants, dates, countries, time zones, languages."""

import re
from datetime import date
from typing import Any, ClassVar

from marshmallow import ValidationError

from signpost.case.instant import format_instant, parse_instant
from signpost.schemas.codes import COUNTRIES, time_zones
from signpost.schemas.fields import JsonSchema, Kind, check_text, json_type

INSTANT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?([Zz]|[+-][0-9]{2}:[0-9]{2})")
DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
LOCALE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8}){0,6}")
YEARS = range(1970, 9999)
"""The years of valid instants and dates."""


class Patterned(Kind):
    """A string in one format."""

    format: ClassVar[str]
    json: ClassVar[JsonSchema]

    def canonical(self, value: Any) -> str:
        if not isinstance(value, str):
            raise ValidationError(f"must be {self.format}: it is {json_type(value)}")
        text = check_text(value)
        try:
            return self.read(text)
        except (ValueError, OverflowError) as error:
            # Without the value: problems go to logs and dead letters, which hold no personal data
            raise ValidationError(f"must be {self.format}{_format_reason(error)}") from None

    def read(self, text: str) -> str:
        """Return the canonical text. Raises ValueError for any other format."""
        raise NotImplementedError

    def json_schema(self) -> JsonSchema:
        return {"type": "string", **self.json}


def _format_reason(error: Exception) -> str:
    return f": {error}" if str(error) else ""


def _check_year(text: str, years: range) -> None:
    """Raise ValueError if a text does not begin with one of the years."""
    if int(text[:4]) not in years:
        raise ValueError(f"the year must be from {years.start} to {years.stop - 1}")


class Instant(Patterned):
    """RFC 3339 with an offset; canonical in UTC with "Z" and a fraction only if it is not zero."""

    kind = "instant"
    format = 'an instant with its offset, like "2026-03-02T14:00:00Z" or "2026-03-02T15:00:00+01:00"'
    json: ClassVar[JsonSchema] = {"format": "date-time"}

    def read(self, text: str) -> str:
        if not INSTANT.fullmatch(text):
            naive = re.fullmatch(DATE.pattern + r"[Tt ][0-9:.]+", text)
            raise ValueError("it has no offset from UTC" if naive else "")
        _check_year(text, YEARS)
        try:
            canonical = format_instant(parse_instant(text.upper()))
        except ValueError:
            raise ValueError("there is no such instant") from None
        _check_year(canonical, YEARS)  # which the offset can change
        return canonical


class Date(Patterned):
    """YYYY-MM-DD."""

    kind = "date"
    format = 'a date like "2026-03-02"'
    json: ClassVar[JsonSchema] = {"format": "date"}
    years = YEARS

    def read(self, text: str) -> str:
        if not DATE.fullmatch(text):
            raise ValueError
        _check_year(text, self.years)
        try:
            return date.fromisoformat(text).isoformat()
        except ValueError:
            raise ValueError("there is no such day") from None


class Deadline(Instant):
    """RFC 3339 with an offset, or a date: the end of that day where the sender is."""

    format = 'an instant with its offset, like "2026-03-02T15:00:00+01:00", or a date like "2026-03-02"'
    json: ClassVar[JsonSchema] = {"anyOf": [{"format": "date-time"}, {"format": "date"}]}

    def read(self, text: str) -> str:
        return Date().read(text) if DATE.fullmatch(text) else super().read(text)


class Country(Patterned):
    """ISO 3166-1 alpha-2, upper case."""

    format = 'a country code of ISO 3166-1 alpha-2, like "DE"'
    json: ClassVar[JsonSchema] = {"pattern": "^[A-Z]{2}$", "description": "ISO 3166-1 alpha-2"}

    def read(self, text: str) -> str:
        if text not in COUNTRIES:
            raise ValueError
        return text


class TimeZone(Patterned):
    """A name of the IANA time zone database."""

    format = 'an IANA time zone, like "Europe/Berlin"'
    json: ClassVar[JsonSchema] = {"description": "IANA time zone name", "maxLength": 64}

    def read(self, text: str) -> str:
        if text not in time_zones():
            raise ValueError
        return text


class Locale(Patterned):
    """A BCP 47 language tag."""

    format = 'a BCP 47 language tag, like "de-AT"'
    json: ClassVar[JsonSchema] = {"pattern": f"^{LOCALE.pattern}$", "description": "BCP 47"}

    def read(self, text: str) -> str:
        if not LOCALE.fullmatch(text):
            raise ValueError
        return text
