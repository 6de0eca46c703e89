"""The feed's cursor: a position that callers keep without looking inside."""

import base64
import binascii
import re

from signpost.storage.errors import BadCursor

POSITION = re.compile(rb"(0|[1-9][0-9]{0,18})\.(0|[1-9][0-9]{0,18})")
LARGEST = 2**63 - 1
START = (0, 0)


def encode_cursor(xid: int, row_id: int) -> str:
    """The cursor that continues after a row."""
    return base64.urlsafe_b64encode(f"{xid}.{row_id}".encode()).decode().rstrip("=")


def decode_cursor(cursor: str | None) -> tuple[int, int]:
    """(xid, id) of the row to continue after; None is the beginning. Raises BadCursor."""
    if cursor is None:
        return START
    try:
        raw = base64.b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
    except (UnicodeEncodeError, binascii.Error):
        raise BadCursor("not a cursor of this feed") from None
    match = POSITION.fullmatch(raw)
    if match is None:
        raise BadCursor("not a cursor of this feed")
    position = (int(match[1]), int(match[2]))
    # base64 has several spellings of one value; a cursor has one.
    if max(position) > LARGEST or encode_cursor(*position) != cursor:
        raise BadCursor("not a cursor of this feed")
    return position
