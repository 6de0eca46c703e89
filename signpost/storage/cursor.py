"""The feed cursor: an opaque position in the feed. Runs no query."""

import base64
import binascii
import re

from signpost.storage.errors import BadCursor

POSITION = re.compile(rb"(0|[1-9][0-9]{0,18})\.(0|[1-9][0-9]{0,18})")
MAX_POSITION = 2**63 - 1
START = (0, 0)
INVALID = "not a cursor of this feed; use the cursor that the previous page returned, or none to start over"


def encode_cursor(position: int, row_id: int) -> str:
    """The cursor of the position after a row."""
    return base64.urlsafe_b64encode(f"{position}.{row_id}".encode()).decode().rstrip("=")


def decode_cursor(cursor: str | None) -> tuple[int, int]:
    """(position, id) of the row to continue after; None means the beginning. Raises BadCursor."""
    if cursor is None:
        return START
    try:
        raw = base64.b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
    except (UnicodeEncodeError, binascii.Error):
        raise BadCursor(INVALID) from None
    match = POSITION.fullmatch(raw)
    if match is None:
        raise BadCursor(INVALID)
    position = (int(match[1]), int(match[2]))
    # base64 can encode one value in several ways; only the canonical cursor is valid.
    if max(position) > MAX_POSITION or encode_cursor(*position) != cursor:
        raise BadCursor(INVALID)
    return position
