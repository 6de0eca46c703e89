"""One client connection of the intake: collects a request until it is complete, and a response until it is sent.

It never waits for the client. gunicorn's parser alone decides what a request is; here is decided only when it is asked.
"""

import re
import socket
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, Final, TypeAlias

from gunicorn.http.body import ChunkedReader
from gunicorn.http.parser import RequestParser

from signpost.services.intake.framing import MAX_CHUNKS, ChunkScanner
from signpost.services.intake.holding import Hold

READ_BYTES: Final = 65_536
MAX_HEAD_BYTES: Final = 65_536
FRAMING_BYTES: Final = 65_536
"""How much the framing of a chunked body may add to twice the maximum of its data."""
_HEAD_END: Final = re.compile(rb"\r\n\r\n|(?<!\r)\n")
"""The end of a head, or a line break after which gunicorn refuses it."""
_NO_REQUEST: Final = "The request is no HTTP. The intake serves no TLS: a proxy in front of it does."


class Refusal(Exception):
    """The request is answered with this status without reading more of it. `detail`: what is wrong; "": the status
    says it."""

    def __init__(self, status: int, detail: str = "") -> None:
        super().__init__(status)
        self.status, self.detail = status, detail


class ResponseBuffer(bytearray):
    """What gunicorn takes for the client's socket while it writes a response."""

    sendall = bytearray.extend

    def gettimeout(self) -> float:
        """Report a socket that does not block."""
        return 0.0

    def shutdown(self, how: int) -> None:
        """Refuse: the response is not on its way yet. gunicorn gives up closing gracefully."""
        raise OSError("the response is not sent yet")

    def close(self) -> None:
        """Do nothing: the event loop closes the connection."""


class Connection:
    """A connection in one of these states: receiving, handled by a thread, sending, closing.

    `sock` is the ResponseBuffer that gunicorn writes to, and `socket` the client's. `step` is called when the socket is
    ready, in the states in which the event loop owns the connection; `deadline` (monotonic, seconds) ends such a state.
    """

    step: Callable[["Connection"], None]

    def __init__(self, cfg: Any, client_socket: socket.socket, client: Any, server: Any, max_body_bytes: int) -> None:
        self.socket, self.client, self.server = client_socket, client, server
        self.sock = ResponseBuffer()
        self.parser = RequestParser(cfg, (), client)
        self.deadline = 0.0
        self.pool: Pool | None = None
        """The connections among which the event loop keeps this one while it waits for the client."""
        self.hold: Hold | None = None
        """Whether the request waits for something else than the client."""
        self.is_closed = False
        self.counted_bytes = 0
        """What the worker has accounted for of `buffered_bytes`."""
        self.received = bytearray()
        self.request: Any = None
        self.is_complete = False
        """Whether the request has arrived completely: otherwise the place of the next one is unknown."""
        self.expects_continue = False
        """Whether the client waits for `100 Continue` before it sends the body."""
        self.reuse = True
        self._max_body_bytes = max_body_bytes
        self._searched = self._handed_bytes = 0
        self._chunks: ChunkScanner | None = None

    @property
    def buffered_bytes(self) -> int:
        """How much memory the buffers take."""
        return len(self.received) + self._handed_bytes + len(self.sock)

    @property
    def is_silent(self) -> bool:
        """Whether no byte of a request has arrived."""
        return self.request is None and not self.received

    def receive(self) -> bool:
        """Collect what has arrived; False at the end of the stream. Raises OSError."""
        data = self.socket.recv(READ_BYTES)
        self.received += data
        return bool(data)

    def has_request(self) -> bool:
        """Parse as far as possible; whether a thread can handle the request: no more of it is needed.

        Raises Refusal, and what gunicorn raises for an invalid head.
        """
        if self.request is None and not self._parse_head():
            return False
        if not self._has_body():
            return False
        self.parser.unreader.unread(bytes(self.received))
        self._handed_bytes = len(self.received)
        self.received.clear()
        return True

    def next_request(self) -> None:
        """Prepare for the request after the one that is answered, whose first bytes may be here already."""
        self.received = bytearray(self.parser.unreader.take_buffered())
        self.request, self.is_complete, self._chunks, self._searched, self._handed_bytes = None, False, None, 0, 0

    def send(self) -> bool:
        """Send as much as the client takes now; whether everything is sent. Raises OSError."""
        try:
            while self.sock:
                del self.sock[: self.socket.send(self.sock)]
        except BlockingIOError:
            return False
        return True

    def _parse_head(self) -> bool:
        if not _HEAD_END.search(self.received, max(0, self._searched - 3)):
            if self.received and not self.received[:1].isupper():
                raise Refusal(400, _NO_REQUEST)  # such as a TLS handshake, whose client waits for an answer
            if len(self.received) > MAX_HEAD_BYTES:
                raise Refusal(431 if b"\r\n" in self.received else 414)
            self._searched = len(self.received)
            return False
        self.parser.unreader.unread(bytes(self.received))
        self.request = next(self.parser)
        self.received = bytearray(self.parser.unreader.take_buffered())
        _check_head(self.request.version, self.request.headers)
        self.expects_continue, self.request._expected_100_continue = self.request._expected_100_continue, False
        self._chunks = ChunkScanner() if isinstance(self.request.body.reader, ChunkedReader) else None
        return True

    def _has_body(self) -> bool:
        """Whether the body is here, or is refused by the application without being here."""
        if self._chunks is not None:
            return self._has_chunks(self._chunks)
        length = self.request.body.reader.length
        self.is_complete = len(self.received) >= length
        return self.is_complete or length > self._max_body_bytes

    def _has_chunks(self, chunks: ChunkScanner) -> bool:
        chunks.scan(self.received)
        if chunks.chunks > MAX_CHUNKS or len(self.received) > 2 * self._max_body_bytes + FRAMING_BYTES:
            raise Refusal(413)
        self.is_complete = chunks.ended
        return chunks.ended or chunks.malformed or chunks.data_bytes(self.received) > self._max_body_bytes


Pool: TypeAlias = dict[Connection, None]
"""Connections in the order in which they came."""


def _check_head(version: tuple[int, int], headers: Sequence[tuple[str, str]]) -> None:
    """Refuse what WSGI hides from the application: it joins headers of one name. Raises Refusal."""
    counts = Counter(name for name, _ in headers)
    if version >= (1, 1) and not counts["HOST"]:
        raise Refusal(400, "The request has no Host header.")
    repeated = next((name for name, count in counts.items() if count > 1 and name.startswith("CE-")), None)
    if repeated:
        raise Refusal(400, f"The header {repeated.lower()} came {counts[repeated]} times; send each attribute once.")
    codings = [
        coding.strip().lower() for name, value in headers if name == "TRANSFER-ENCODING" for coding in value.split(",")
    ]
    if any(coding not in ("chunked", "identity", "") for coding in codings):
        raise Refusal(501, "Of the transfer codings, only chunked is supported.")
