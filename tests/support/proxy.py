"""A TCP proxy that injects faults: passes, swallows, delays or cuts traffic, and counts what it did."""

import contextlib
import socket
import struct
import threading
import time
from enum import Enum

CHUNK = 65536
MIN_HALVED = 64
"""A smaller piece is no message that a cut could hurt."""
RESET_ON_CLOSE = struct.pack("ii", 1, 0)


class Mode(Enum):
    """PASS: forward. BLACK_HOLE: swallow both directions. DEAF: swallow only the server's responses. RESET: cut all.
    SLOW: forward each piece `delay_s` later. HALF: of what a client sends next, forward one half and cut."""

    PASS = "pass"
    BLACK_HOLE = "black hole"
    DEAF = "deaf"
    RESET = "reset"
    SLOW = "slow"
    HALF = "half"


SWALLOWING = (Mode.BLACK_HOLE, Mode.DEAF)


class Proxy:
    """Listens on a free port of 127.0.0.1 and forwards to `host`:`port`. Use as a context manager.

    `swallowed` counts the swallowed bytes of clients, `answers_swallowed` those of the server, `resets` the cut
    connections, `connections` the accepted ones, `delayed` the delayed pieces, `halved` the pieces that were cut. With
    them a test proves that its fault took place.
    """

    delay_s = 0.05

    def __init__(self, host: str, port: int) -> None:
        self._target = (host, port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._mode = Mode.PASS
        self._lock = threading.Lock()
        self._changed = threading.Condition(self._lock)
        self._open: set[socket.socket] = set()
        self.swallowed = 0
        self.answers_swallowed = 0
        self.resets = 0
        self.connections = 0
        self.delayed = 0
        self.halved = 0

    @property
    def port(self) -> int:
        """Return the port that it listens on."""
        return int(self._listener.getsockname()[1])

    @property
    def open_connections(self) -> int:
        """How many pass through it now."""
        with self._lock:
            return len(self._open) // 2

    def __enter__(self) -> "Proxy":
        threading.Thread(target=self._accept, name="proxy", daemon=True).start()
        return self

    def __exit__(self, *error: object) -> None:
        self._listener.close()
        self._cut()

    def become(self, mode: Mode) -> None:
        """Switch the mode of all connections. RESET cuts them; so does leaving a swallowing mode, which broke them."""
        with self._lock:
            cut = mode is Mode.RESET or self._mode in SWALLOWING
            self._mode = mode
        if cut:
            self._cut()

    def redirect(self, host: str, port: int) -> None:
        """Let new connections go to another server; cut those that are open."""
        self._target = (host, port)
        self._cut()

    def wait_for(self, what: str, least: int, timeout_s: float = 60.0) -> None:
        """Wait until the counter named `what` is at least `least`. Raises AssertionError after the timeout."""
        with self._changed:
            assert self._changed.wait_for(lambda: getattr(self, what) >= least, timeout_s), (
                f"{what} stayed below {least} for {timeout_s:.0f} s"
            )

    def _cut(self) -> None:
        with self._changed:
            sockets, self._open = self._open, set()
            self.resets += len(sockets) // 2
            self._changed.notify_all()
        for each in sockets:
            with contextlib.suppress(OSError):
                each.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
                # Wakes the thread that reads from it; the close then sends the reset
                each.shutdown(socket.SHUT_RD)
            with contextlib.suppress(OSError):
                each.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), name="proxy", daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        try:
            server = socket.create_connection(self._target, timeout=60)
        except OSError:
            client.close()
            return
        server.settimeout(None)
        with self._changed:
            self.connections += 1
            self._open |= {client, server}
            refused = self._mode is Mode.RESET
            self._changed.notify_all()
        if refused:
            self._cut()
            return
        threading.Thread(target=self._pump, args=(server, client, False), name="proxy", daemon=True).start()
        self._pump(client, server, True)

    def _pump(self, source: socket.socket, sink: socket.socket, from_client: bool) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(CHUNK):
                if self._swallows(from_client, len(data)):
                    continue
                self._wait_if_slow()
                if from_client and self._is_to_halve(len(data)):
                    sink.sendall(data[: len(data) // 2])
                    break
                sink.sendall(data)
        with self._lock:
            # A black hole also hides that the other side has closed
            while self._mode in SWALLOWING and source in self._open:
                self._changed.wait(0.1)
            # Only the thread that removes a pair from the set closes it; a concurrent close may leave it open
            mine = {source, sink} & self._open
            self._open -= mine
        for each in mine:
            with contextlib.suppress(OSError):
                # Wakes the other pump, which reads from it
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def _wait_if_slow(self) -> None:
        if self._mode is Mode.SLOW:
            time.sleep(self.delay_s)
            with self._changed:
                self.delayed += 1
                self._changed.notify_all()

    def _is_to_halve(self, size: int) -> bool:
        with self._changed:
            if self._mode is not Mode.HALF or size < MIN_HALVED:
                return False
            self.halved += 1
            self._changed.notify_all()
            return True

    def _swallows(self, from_client: bool, size: int) -> bool:
        with self._changed:
            if self._mode not in SWALLOWING or (self._mode is Mode.DEAF and from_client):
                return False
            if from_client:
                self.swallowed += size
            else:
                self.answers_swallowed += size
            self._changed.notify_all()
            return True
