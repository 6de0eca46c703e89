"""The route that lists and searches the candidates of the caller's tenant."""

import base64
import binascii
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import orjson
from flask import Blueprint, Response

from signpost.case import Case
from signpost.case.erasure import OWN_ID
from signpost.case.identity import APPLICATION
from signpost.case.instant import format_instant
from signpost.facts.facts import facts_of
from signpost.names import AUDIENCES, PRIORITIES
from signpost.services.intake import prices
from signpost.services.intake.context import IntakeContext, reply
from signpost.services.intake.query import BadValue, Query, read_query
from signpost.services.intake.reading import facts_in
from signpost.storage import CandidateRow, Store

MAX_QUERY = 200
CHUNK = 100
"""Cases that one statement reads."""
MAX_SCANNED, MAX_SCANNED_BYTES = 1000, 5_000_000
"""Cases, and bytes of them, that one request reads; its `next` goes on from there."""
BY_KEY, BY_NAME = "k", "n"
"""The two parts of a search: by keys, in the index; then by names and ids, in the cases."""
Position: TypeAlias = tuple[str, str]
"""The part of the search, and the last key that was read."""
EXTERNAL = ("application", "offer", "interview")
"""Kinds whose ids come from other systems."""


def blueprint(context: IntakeContext) -> Blueprint:
    """The route."""
    routes = Blueprint("candidates", __name__)

    @routes.get("/v1/candidates")
    def candidates() -> Response:
        tenant = context.tenant()
        with read_query() as query:
            search, limit = Search.of(query), query.limit(context.limits.max_page_items)
        return reply(list_candidates(context, tenant, search, limit, paid=prices.REQUEST))

    return routes


@dataclass(frozen=True, slots=True)
class Search:
    """Which candidates are asked for, by id or name, and from where on. `text`: "" for all."""

    text: str
    position: Position | None

    @classmethod
    def of(cls, query: Query) -> "Search":
        """The search of the query parameters `q` and `after`."""
        return cls(query.read("q", _text) or "", query.read("after", _decode))


def list_candidates(context: IntakeContext, tenant: str, wanted: Search, limit: int, paid: int) -> dict[str, Any]:
    """A page of the list or the search. `paid`: what was charged before. Raises RateLimited."""
    context.charge(tenant, prices.of_search(limit) if wanted.text else prices.of_candidates(limit), paid)
    page = _Page(context.store, tenant, wanted.text, limit)
    following = page.read(wanted.position)
    counts = context.store.candidates.count_active(tenant, page.found)
    items = [_item(row, counts.get(key, {})) for key, row in page.found.items()]
    return {"items": items, "next": None if following is None else _encode(following)}


@dataclass(slots=True)
class _Page:
    """Finds one page of candidates."""

    store: Store
    tenant: str
    query: str
    limit: int
    found: dict[str, CandidateRow] = field(default_factory=dict)

    def read(self, start: Position | None) -> Position | None:
        """Fill `found`, by key; returns the position of the next page, None after the last one."""
        exact = self._exact()
        if start is None:
            self.found |= exact
        position = start or (BY_KEY, "")
        scanned = size = 0
        for part, row in self._rows(*position):
            if len(self.found) >= self.limit or scanned >= MAX_SCANNED or size >= MAX_SCANNED_BYTES:
                return position
            position, scanned, size = (part, row.key), scanned + 1, size + len(row.state)
            if row.key not in exact and self._is_wanted(part, row):
                self.found[row.key] = row
        return None

    def _exact(self) -> dict[str, CandidateRow]:
        """The cases that this id of a candidate or an application leads to, also where they were merged."""
        keys = (self.query, APPLICATION + self.query) if self.query else ()
        rows = [row for key in keys if (row := self.store.case(self.tenant, key)) is not None]
        return {
            row.key: CandidateRow(row.key, row.state, row.next_change, row.updated)
            for row in rows
            if row.state and facts_in(row.state)
        }

    def _rows(self, part: str, after: str) -> Iterator[tuple[str, CandidateRow]]:
        """The cases to look at from a position on, each with the part of the search."""
        if part == BY_KEY:
            yield from ((BY_KEY, row) for row in self._read(after, self.query))
            after = ""
        if self.query:
            yield from ((BY_NAME, row) for row in self._read(after, ""))

    def _read(self, after: str, prefix: str) -> Iterator[CandidateRow]:
        while rows := self.store.candidates.page(self.tenant, after, CHUNK, prefix):
            yield from rows
            after = rows[-1].key

    def _is_wanted(self, part: str, row: CandidateRow) -> bool:
        """Whether the case has facts and matches. The second part finds what the first has not."""
        if part == BY_KEY:
            return bool(facts_in(row.state))
        wanted = self.query.casefold()
        # Most cases do not contain the text at all, and this is much faster than to parse them
        if row.key.startswith(self.query) or _in_json(wanted) not in row.state.decode().casefold():
            return False
        return wanted in (_name(row) or "").casefold() or any(
            name.casefold().startswith(wanted) for name in _external_ids(row)
        )


def _item(row: CandidateRow, counts: Mapping[tuple[str, str], int]) -> dict[str, Any]:
    """A candidate in the list; every number of active recommendations by audience and priority is there."""
    highest = max((priority for _, priority in counts), key=PRIORITIES.index, default=None)
    return {
        "id": row.key,
        "name": _name(row),
        "active": {
            audience: {priority: counts.get((audience, priority), 0) for priority in PRIORITIES}
            for audience in AUDIENCES
        },
        "highest_priority": highest,
        "next_change": None if row.next_change is None else format_instant(row.next_change),
        "updated": format_instant(row.updated),
    }


def _name(row: CandidateRow) -> str | None:
    """The candidate's own name, as texts use it; None if it is not known."""
    name: str | None = facts_of(Case.from_json(row.state), row.key).candidate.values.get("display_name")
    return name


def _external_ids(row: CandidateRow) -> Iterator[str]:
    """The ids of what the case holds, as Signpost keeps them and as their source writes them."""
    facts = facts_in(row.state)
    for kind in EXTERNAL:
        for name in facts.get(kind, ()):
            yield name
            yield name.partition(OWN_ID)[2] or name


def _in_json(text: str) -> str:
    return orjson.dumps(text).decode()[1:-1]


def _text(raw: str) -> str:
    if len(raw.strip()) > MAX_QUERY or "\0" in raw:
        raise BadValue(f"must be at most {MAX_QUERY} characters, without NUL")
    return raw.strip()


def _encode(position: Position) -> str:
    part, after = position
    return base64.urlsafe_b64encode(f"{part}{after}".encode()).decode().rstrip("=")


def _decode(cursor: str) -> Position:
    """The position of a cursor. Raises BadValue."""
    try:
        text = base64.b64decode(cursor.encode() + b"=" * (-len(cursor) % 4), b"-_", validate=True).decode()
    except (UnicodeError, binascii.Error):
        text = ""
    if text[:1] not in (BY_KEY, BY_NAME) or not text or "\0" in text:
        raise BadValue("must be the `next` of an earlier response")
    return text[0], text[1:]
