"""Wakes requests that wait for the feed of their tenant: one thread of a process asks the database for all of them."""

import logging
import threading
from collections.abc import Callable
from typing import Any, Final

from signpost.errors import TransientError
from signpost.repeats import Repeats
from signpost.services.intake.holding import Wake, Watch
from signpost.storage import Store

log = logging.getLogger(__name__)

INTERVAL_S: Final = 0.2
"""How often the database is asked while a request waits: half of it is added to the way of a change."""


class FeedWatch:
    """Watches the feeds of the tenants whose requests wait. Its thread starts with the first of them."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._waiting: dict[Wake, tuple[str, int]] = {}
        """Wake -> the tenant, and the position of its feed that the request has seen."""
        self._changed = threading.Condition()
        self._is_started = False

    def after(self, tenant: str, position: int) -> Watch:
        """Wakes when the feed of the tenant goes beyond the position."""

        def watch(wake: Wake) -> Callable[[], Any]:
            with self._changed:
                self._start()
                self._waiting[wake] = (tenant, position)
                self._changed.notify()
            return lambda: self._forget(wake)

        return watch

    def turn(self) -> None:
        """Wake the requests whose feed has changed. Raises TransientError."""
        with self._changed:
            waiting = dict(self._waiting)
        positions = self._store.feed_positions({tenant for tenant, _ in waiting.values()}) if waiting else {}
        for wake, (tenant, seen) in waiting.items():
            if positions.get(tenant, 0) > seen and self._forget(wake):
                wake()

    def _forget(self, wake: Wake) -> bool:
        with self._changed:
            return self._waiting.pop(wake, None) is not None

    def _start(self) -> None:
        if not self._is_started:
            threading.Thread(target=self._run, name="feed watch", daemon=True).start()
            self._is_started = True

    def _run(self) -> None:
        lines, pause = Repeats(), threading.Event()
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting)
            try:
                self.turn()
                lines.reset()
            except TransientError as error:
                if lines.is_due(str(error)):
                    log.warning("requests that wait for the feed are not woken: %s", error)
            except Exception as error:
                # The thread goes on: without it, open streams would look alive and have no news
                if lines.is_due(repr(error)):
                    log.exception("requests that wait for the feed are not woken because of a bug")
            pause.wait(INTERVAL_S)
