"""Sends the requests of a round to the intake, as senders do: from several threads, with retries until an answer."""

import http.client
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import pairwise

from signpost.case.instant import SECOND
from tests.ledger.events import Identity, Request
from tests.support.intake_parts import sign_standard

THREADS = 6
TIMEOUT_S = 20.0
PAUSE_S = 0.2
PATIENCE_S = 150.0
"""How long a sender tries to get rid of one request."""


@dataclass(slots=True)
class Answers:
    """What the door answered. `accepted`: events that were answered with success; `sent`: events that left."""

    attempts: int = 0
    refusals: Counter[str] = field(default_factory=Counter)
    retries: int = 0
    repeats: int = 0
    accepted: set[Identity] = field(default_factory=set)
    sent: set[Identity] = field(default_factory=set)
    wrongly_accepted: list[str] = field(default_factory=list)
    unanswered: list[str] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    """From the first attempt to the success, of each request."""
    successes: list[float] = field(default_factory=list)
    """When (monotonic clock)."""

    def longest_outage_s(self) -> float:
        """The longest time between two successes."""
        return max((later - earlier for earlier, later in pairwise(sorted(self.successes))), default=0.0)


class Sender:
    """Sends requests at a steady pace over `spread_s` seconds. `now`: the clock of the intake, for signatures."""

    def __init__(self, port: Callable[[], int], now: Callable[[], int], requests: Iterable[Request], spread_s: float):
        self.answers, self._port, self._now = Answers(), port, now
        self._requests = list(requests)
        self._next, self._lock = 0, threading.Lock()
        self._spread_s, self._begun = spread_s, 0.0
        self._threads = [threading.Thread(target=self._run, name=f"sender {n}") for n in range(THREADS)]

    @property
    def share(self) -> float:
        """The share of the requests that have been begun."""
        return self._next / max(1, len(self._requests))

    def start(self) -> None:
        """Begin."""
        self._begun = time.monotonic()
        for thread in self._threads:
            thread.start()

    def join(self) -> Answers:
        """Wait until every request is answered or given up."""
        for thread in self._threads:
            thread.join()
        return self.answers

    def _run(self) -> None:
        connection: http.client.HTTPConnection | None = None
        while (request := self._take()) is not None:
            connection = self._deliver(request, connection)
        if connection is not None:
            connection.close()

    def _take(self) -> Request | None:
        with self._lock:
            if self._next == len(self._requests):
                return None
            place, self._next = self._next, self._next + 1
        wait_s = self._begun + self._spread_s * place / len(self._requests) - time.monotonic()
        if wait_s > 0:
            time.sleep(wait_s)
        return self._requests[place]

    def _deliver(
        self, request: Request, connection: http.client.HTTPConnection | None
    ) -> http.client.HTTPConnection | None:
        begun = time.monotonic()
        while True:
            with self._lock:
                self.answers.attempts += 1
                self.answers.sent |= set(request.identities)
            try:
                connection = connection or http.client.HTTPConnection("127.0.0.1", self._port(), timeout=TIMEOUT_S)
                status = self._post(connection, request)
            except (OSError, http.client.HTTPException) as error:
                if connection is not None:
                    connection.close()
                connection, status = None, 0
                self._count(type(error).__name__)
            if self._is_final(request, status, begun):
                return connection
            if time.monotonic() - begun > PATIENCE_S:
                with self._lock:
                    self.answers.unanswered.append(f"{request.identities or request.name}: last answer {status}")
                return connection
            time.sleep(PAUSE_S)

    def _post(self, connection: http.client.HTTPConnection, request: Request) -> int:
        headers = {"Content-Type": request.content_type}
        if request.key:
            headers["Authorization"] = f"Bearer {request.key}"
        if request.secret:
            at = self._now() // SECOND * SECOND
            headers |= sign_standard(request.body, at=at, secret=request.secret, name=request.name)
        connection.request("POST", request.path, request.body, headers)
        answer = connection.getresponse()
        answer.read()
        return answer.status

    def _is_final(self, request: Request, status: int, begun: float) -> bool:
        with self._lock:
            if request.is_refused:
                if status in (200, 202, 207):
                    self.answers.wrongly_accepted.append(f"{request.path} {request.name} {request.body[:200]!r}")
                self.answers.refusals[str(status)] += bool(status)
                return 400 <= status < 500 or 200 <= status < 300
            if status in (200, 202):
                ended = time.monotonic()
                self.answers.repeats += len(self.answers.accepted & set(request.identities))
                self.answers.accepted |= set(request.identities)
                self.answers.seconds.append(ended - begun)
                self.answers.successes.append(ended)
                return True
            self.answers.retries += 1
            if status:
                self.answers.refusals[str(status)] += 1
            # A correct signature is refused only while clocks differ; then it is made again
            return False

    def _count(self, what: str) -> None:
        with self._lock:
            self.answers.refusals[what] += 1
