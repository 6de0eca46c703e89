"""Finds the end of a chunked body that is still arriving. Judges nothing: gunicorn's parser reads it afterwards."""

import re
from typing import Final

CRLF: Final = b"\r\n"
MAX_LINE_BYTES: Final = 8190
"""The longest chunk-size line that gunicorn accepts."""
MAX_TRAILER_BYTES: Final = 65_536
MAX_CHUNKS: Final = 10_000
_SIZE: Final = re.compile(rb"([0-9A-Fa-f]{1,16})[ \t]*(?:;|$)")


class ChunkScanner:
    """Follows the chunks in a growing buffer.

    `ended`: the last chunk and the trailers have arrived. `malformed`: what has arrived is no chunked body, so waiting
    for more of it makes no difference.
    """

    def __init__(self) -> None:
        self.ended = self.malformed = False
        self.chunks = 0
        self._at = 0
        """Where the next chunk-size line starts; it may lie beyond the end of the buffer."""
        self._announced_bytes = 0
        self._is_last = False

    def scan(self, buffer: bytearray) -> None:
        """Continue with all that has arrived; `buffer` starts with the body and only grows."""
        while not (self.ended or self.malformed) and self._at < len(buffer):
            end = buffer.find(CRLF * 2, self._at) if self._is_last else buffer.find(CRLF, self._at)
            if end < 0:
                limit = MAX_TRAILER_BYTES if self._is_last else MAX_LINE_BYTES
                self.malformed = len(buffer) - self._at > limit
                return
            if self._is_last:
                self.ended = True
            else:
                self._enter_chunk(bytes(buffer[self._at : end]), end)

    def data_bytes(self, buffer: bytearray) -> int:
        """How much of the body has arrived, without the framing."""
        return self._announced_bytes - max(0, self._at - len(buffer))

    def _enter_chunk(self, line: bytes, end: int) -> None:
        found = _SIZE.match(line)
        if found is None:
            self.malformed = True
            return
        size = int(found[1], 16)
        self.chunks += 1
        self._announced_bytes += size
        # Without trailers, the line break of the last chunk is the first half of the empty line.
        self._is_last = size == 0
        self._at = end + len(CRLF) + size + len(CRLF) if size else end
