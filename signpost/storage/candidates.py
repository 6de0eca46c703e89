"""The cases of one tenant as a list: in order of their keys, by prefix, with counts of their advice."""

from collections.abc import Callable, Collection
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TypeAlias

from sqlalchemy import Connection, func, select

from signpost.storage.tables import cases, recommendations

OpenConnection: TypeAlias = Callable[[], AbstractContextManager[Connection]]
Counts: TypeAlias = dict[tuple[str, str], int]
"""(audience, priority) -> number of active recommendations."""
SURROGATES = range(0xD800, 0xE000)
LAST = 0x10FFFF


@dataclass(frozen=True, slots=True)
class CandidateRow:
    """A case as lists show it. `state` is canonical JSON; times in microseconds."""

    key: str
    state: bytes
    next_change: int | None
    updated: int


class CandidateStore:
    """The candidates of one database. Every method may raise a TransientError."""

    def __init__(self, read: OpenConnection) -> None:
        """`read` opens a connection for reading."""
        self._read_connection = read

    def page(self, tenant: str, after: str, limit: int, prefix: str = "") -> list[CandidateRow]:
        """Cases with a key after `after` that begins with `prefix`, by key; neither merged ones nor ones without a
        state. Reads a range of the primary key."""
        query = select(cases.c.key, cases.c.state, cases.c.next_change, cases.c.updated).where(
            cases.c.tenant == tenant,
            cases.c.key > after,
            cases.c.key >= prefix,
            cases.c.merged_into.is_(None),
            cases.c.state != b"",
        )
        end = end_of_prefix(prefix)
        if end is not None:
            query = query.where(cases.c.key < end)
        with self._read_connection() as connection:
            return [CandidateRow(*row) for row in connection.execute(query.order_by(cases.c.key).limit(limit))]

    def count_active(self, tenant: str, keys: Collection[str]) -> dict[str, Counts]:
        """Case key -> its active recommendations; without the keys that have none."""
        row = recommendations.c
        group = (row.case_key, row.audience, row.priority)
        mine = (row.tenant == tenant, row.case_key.in_(sorted(keys)), row.status == "active")
        counts: dict[str, Counts] = {}
        with self._read_connection() as connection:
            for key, audience, priority, number in connection.execute(
                select(*group, func.count()).where(*mine).group_by(*group)
            ):
                counts.setdefault(key, {})[audience, priority] = number
        return counts


def end_of_prefix(prefix: str) -> str | None:
    """The first text, by code points, after all texts that begin with a prefix; None if there is none."""
    kept = prefix.rstrip(chr(LAST))
    if not kept:
        return None
    following = ord(kept[-1]) + 1
    return kept[:-1] + chr(SURROGATES.stop if following in SURROGATES else following)
