"""Erasures that took place, as keyed digests of what they covered: no id can be read from them."""

import hmac
from collections.abc import Collection, Iterable, Iterator, Sequence

from sqlalchemy import Connection, func, select, text

from signpost.storage.tables import digest_keys, erasures

MAX_PARAMETERS = 5000
KEY = "erasures"
INSERT = text(
    "INSERT INTO erasures (tenant, digest, erased_at, recorded_at) VALUES (:tenant, :digest, :erased_at, :recorded_at)"
    " ON CONFLICT (tenant, digest) DO UPDATE SET erased_at = excluded.erased_at, recorded_at = excluded.recorded_at"
    " WHERE erasures.erased_at < excluded.erased_at"
)


class Digests:
    """Computes digests with the key of this database."""

    def __init__(self, connection: Connection) -> None:
        """Read the key with `connection`."""
        self._key = bytes(connection.execute(select(digest_keys.c.value).where(digest_keys.c.name == KEY)).scalar_one())

    def of(self, tenant: str, identity: str) -> bytes:
        """The digest of an identity (`case.erasure`) of a tenant."""
        return hmac.digest(self._key, f"{tenant}\0{identity}".encode(errors="replace"), "sha256")


def find(connection: Connection, tenant: str, identities: Collection[str]) -> dict[str, int]:
    """Identity -> its latest erasure (microseconds), of those that were erased."""
    mine = erasures.c.tenant == tenant
    if not identities or connection.execute(select(erasures.c.tenant).where(mine).limit(1)).first() is None:
        return {}
    digests = Digests(connection)
    names = {digests.of(tenant, identity): identity for identity in identities}
    found: dict[str, int] = {}
    for chunk in _chunks(sorted(names)):
        query = select(erasures.c.digest, erasures.c.erased_at).where(mine, erasures.c.digest.in_(chunk))
        found |= {names[bytes(digest)]: at for digest, at in connection.execute(query)}
    return found


def add(connection: Connection, tenant: str, identities: Iterable[str], erased_at: int, now: int) -> None:
    """Record an erasure of these identities."""
    digests = Digests(connection)
    rows = [
        {"tenant": tenant, "digest": digest, "erased_at": erased_at, "recorded_at": now}
        for digest in sorted({digests.of(tenant, identity) for identity in identities})
    ]
    if rows:
        connection.execute(INSERT, rows)


def latest(connection: Connection) -> int | None:
    """When the latest erasure was recorded (microseconds); None if there is none."""
    found: int | None = connection.execute(select(func.max(erasures.c.recorded_at))).scalar_one()
    return found


def _chunks(digests: Sequence[bytes]) -> Iterator[tuple[bytes, ...]]:
    for start in range(0, len(digests), MAX_PARAMETERS):
        yield tuple(digests[start : start + MAX_PARAMETERS])
