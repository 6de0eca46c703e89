"""The internal HTTP server of a process or tree: /metrics, /livez, /readyz. A slow client holds up nobody."""

import json
import logging
import socket
import socketserver
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any, Final

from signpost.errors import CallerError
from signpost.metrics.reading import CONTENT_TYPE, RoleHealth, Scrape, read_health

MAX_TURN_S: Final = 120.0
"""Within which the main loop of a living role turns: longer than its longest batch with all timeouts of servers."""
MAX_CONNECTIONS: Final = 16
"""Beyond these, the oldest connection gives way."""
TIMEOUT_S: Final = 5.0
"""How long one read from a client may take."""
NOT_READY: Final = "unavailable"
PART: Final = "does not work as it should; the log has the reason"

log = logging.getLogger(__name__)


class Health:
    """The health of the roles of a tree, read from its folder. `roles`: those that must run."""

    def __init__(
        self,
        folder: Path,
        roles: Sequence[str],
        is_stopping: Callable[[], bool] = lambda: False,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._folder, self._roles, self._is_stopping, self._clock = folder, roles, is_stopping, clock

    def livez(self) -> tuple[int, dict[str, Any]]:
        """The status 200, or 503 if the main loop of a role has not turned in time; and a text for each such role."""
        now, found = self._clock(), read_health(self._folder)
        late = {
            role: f"its main loop has not turned for {now - health.turned_at:.0f} s; restart it"
            for role, health in found.items()
            if now - health.turned_at > MAX_TURN_S
        }
        return (503 if late else 200), {"status": NOT_READY if late else "ok", **late}

    def readyz(self) -> tuple[int, dict[str, Any]]:
        """The status 200 if every role can do its work, else 503; and what is wrong, by role."""
        found = read_health(self._folder)
        parts = {role: _describe(found.get(role)) for role in self._roles}
        is_stopping = self._is_stopping()
        is_ready = not is_stopping and all(_is_ready(found.get(role)) for role in self._roles)
        problems = {role: problem for role, problem in parts.items() if problem}
        status = "stopping" if is_stopping else ("degraded" if problems else "ok") if is_ready else NOT_READY
        return (200 if is_ready else 503), {"status": status, **problems}


def _is_ready(health: RoleHealth | None) -> bool:
    return health is not None and health.is_ready


def _describe(health: RoleHealth | None) -> str | dict[str, str]:
    """What is wrong with a role: part -> text; a text if it is the whole; empty if nothing is."""
    if health is None:
        return "does not run"
    if not health.is_ready and not health.problems:
        return "starts or stops"
    return dict.fromkeys(sorted(health.problems), PART)


class _Handler(BaseHTTPRequestHandler):
    """Answers one request and closes."""

    timeout = TIMEOUT_S
    server: "MetricsServer"

    def do_GET(self) -> None:
        """Answer."""
        path = self.path.partition("?")[0]
        if path == "/metrics":
            self._answer(200, self.server.scrape(), CONTENT_TYPE)
        elif path in ("/livez", "/readyz"):
            health = self.server.health
            status, document = health.livez() if path == "/livez" else health.readyz()
            self._answer(status, json.dumps(document).encode(), "application/json")
        else:
            self._answer(404, b"There are /metrics, /livez and /readyz here.\n", "text/plain")

    def _answer(self, status: int, body: bytes, content_type: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def version_string(self) -> str:
        """Name no versions."""
        return "signpost"

    def log_message(self, format: str, *args: Any) -> None:
        """Log no requests."""


class MetricsServer(socketserver.ThreadingMixIn, HTTPServer):
    """Serves in threads of its own from `start` to `close`. Raises CallerError if it cannot listen at the address."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(
        self,
        address: tuple[str, int],
        folder: Path,
        roles: Sequence[str],
        is_stopping: Callable[[], bool] = lambda: False,
    ) -> None:
        self.scrape, self.health = Scrape(folder), Health(folder, roles, is_stopping)
        self._open: dict[Any, None] = {}
        self._lock = threading.Lock()
        host, port = address
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        try:
            super().__init__((host, port), _Handler)
        except OSError as error:
            raise CallerError(
                f"cannot listen on {host}:{port} for metrics: {error.strerror or error}; "
                "set SIGNPOST_METRICS_BIND to another address, each process on this host to its own"
            ) from None

    def start(self) -> None:
        """Serve in a thread."""
        threading.Thread(target=self.serve_forever, args=(0.2,), name="metrics", daemon=True).start()

    def close(self) -> None:
        """Stop serving."""
        self.shutdown()
        self.server_close()

    def server_bind(self) -> None:
        """Bind without looking up the name of the host, which may take long."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])

    def process_request(self, request: Any, client_address: Any) -> None:
        """Answer in a thread; the oldest connections give way."""
        with self._lock:
            while len(self._open) >= MAX_CONNECTIONS:
                oldest = next(iter(self._open))
                del self._open[oldest]
                with suppress(OSError):
                    oldest.shutdown(socket.SHUT_RDWR)
            self._open[request] = None
        super().process_request(request, client_address)

    def close_request(self, request: Any) -> None:
        """Forget the connection and close it."""
        with self._lock:
            self._open.pop(request, None)
        super().close_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Log what is not the client's."""
        import sys

        error = sys.exc_info()[1]
        if not isinstance(error, OSError):
            log.error("a request for metrics failed", exc_info=error)
