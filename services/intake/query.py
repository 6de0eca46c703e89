"""The query parameters of a request: reads them all, then refuses every wrong and every unknown one at once."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Final, TypeVar

from flask import request

from signpost.case.instant import on_calendar, parse_instant
from signpost.names import AUDIENCES
from signpost.schemas.problems import Hints
from signpost.services.intake.problems import BadQuery

PLUS_AS_SPACE: Final = re.compile(r"T[0-9:.]+ [0-9]{2}:[0-9]{2}$")
"""The end of an instant whose offset was written with a plus sign in a query, where that means a space."""
T = TypeVar("T")


class BadValue(ValueError):
    """The value of a parameter is wrong; the message says what it must be."""


class Query:
    """Reads parameters by name. A wrong one is noted and read as if it were absent, so that the others are read too."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values, self._hints = values, Hints()
        self._known: list[str] = []
        self.wrong: dict[str, str] = {}
        """Parameter -> what is wrong with it."""

    def text(self, name: str) -> str | None:
        """The parameter as it was sent; None without it."""
        self._known.append(name)
        return self._values.get(name)

    def read(self, name: str, parse: Callable[[str], T]) -> T | None:
        """The parameter as `parse` reads it, which raises BadValue; None without it."""
        raw = self.text(name)
        try:
            return None if raw is None else parse(raw)
        except BadValue as error:
            self.wrong[name] = str(error)
            return None

    def choice(self, name: str, choices: Sequence[str]) -> str | None:
        """One of the choices; None without it."""
        raw = self.text(name)
        if raw is None or raw in choices:
            return raw
        self.wrong[name] = f"must be one of {', '.join(choices)}{self._hints.did_you_mean(raw, choices)}"
        return None

    def audience(self) -> str | None:
        """The parameter `audience`; None for all audiences."""
        return self.choice("audience", AUDIENCES)

    def limit(self, maximum: int, default: int = 100) -> int:
        """The parameter `limit`, from 1."""
        found = self.whole_number("limit", 1, maximum)
        return default if found is None else found

    def whole_number(self, name: str, least: int, most: int, of: str = "") -> int | None:
        """A whole number from `least` to `most`; None without it. `of`: its unit, in the refusal."""

        def parse(raw: str) -> int:
            if not (raw.isascii() and raw.isdigit() and len(raw) <= 6 and least <= int(raw) <= most):
                raise BadValue(f"must be a whole number{of} from {least} to {most}")
            return int(raw)

        return self.read(name, parse)

    def instant(self, name: str) -> int | None:
        """An instant in microseconds; None without it."""
        return self.read(name, _instant)

    def find_unknown(self) -> dict[str, str]:
        """The parameters that nobody has read -> what is wrong with them."""
        unknown = [name for name in self._values if name not in self._known]
        return {name: f"is not a known parameter{self._hints.did_you_mean(name, self._known)}" for name in unknown}


@contextmanager
def read_query() -> Iterator[Query]:
    """The query of the current request, whose known parameters are those that the block reads. Raises BadQuery at the
    end of the block."""
    query = Query(request.args)
    yield query
    if wrong := query.wrong | _find_repeated() | query.find_unknown():
        raise BadQuery(wrong)


@contextmanager
def read_form() -> Iterator[Query]:
    """The same for a screen of the page: an empty field of a form is none, and there may be others."""
    query = Query({name: value for name, value in request.args.items() if value})
    yield query
    if query.wrong:
        raise BadQuery(query.wrong)


def _find_repeated() -> dict[str, str]:
    """The parameters that stand in the query more than once, whose first value alone would count -> what is wrong."""
    return {name: "must be given once" for name, values in request.args.lists() if len(values) > 1}


def _instant(raw: str) -> int:
    try:
        instant = parse_instant(raw)
    except (ValueError, OverflowError):
        plus = "; write the + of an offset as %2B" if PLUS_AS_SPACE.search(raw) else ""
        raise BadValue(f"must be an instant with an offset, like 2026-03-02T09:00:00Z{plus}") from None
    if on_calendar(instant) is None:
        raise BadValue("must be within the years 1970 to 9999")
    return instant
