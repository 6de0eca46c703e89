"""Signed messages of webhooks and the digest of the body that each first came with. Knows no signature scheme."""

from sqlalchemy import Connection, delete, select, text

from signpost.storage.deliveries import OpenConnection
from signpost.storage.delivery_tables import signed_messages

CLAIM = text(
    "INSERT INTO signed_messages (key, digest, until) VALUES (:key, :digest, :until)"
    " ON CONFLICT (key) DO UPDATE SET digest = excluded.digest, until = excluded.until"
    " WHERE signed_messages.until < :now"
)


class SignedMessageStore:
    """The signed messages of one database. Every method may raise a TransientError."""

    def __init__(self, write: OpenConnection) -> None:
        """`write` opens a write transaction."""
        self._write_connection = write

    def claim(self, key: bytes, digest: bytes, *, until: int, now: int) -> bool:
        """Bind `key` to `digest` until an instant (microseconds); False if it is bound to another digest now."""
        with self._write_connection() as connection:
            connection.execute(CLAIM, {"key": key, "digest": digest, "until": until, "now": now})
            return _digest(connection, key) == digest

    def prune(self, now: int) -> None:
        """Delete what is not bound any more."""
        with self._write_connection() as connection:
            connection.execute(delete(signed_messages).where(signed_messages.c.until < now))


def _digest(connection: Connection, key: bytes) -> bytes:
    return bytes(connection.execute(select(signed_messages.c.digest).where(signed_messages.c.key == key)).scalar_one())
