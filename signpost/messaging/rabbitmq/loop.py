"""pika's event loop, except that an error in one timer does not lose the timers that were due with it."""

from collections.abc import Callable
from functools import partial
from typing import Any

from pika.adapters.select_connection import IOLoop


class SafeTimersLoop(IOLoop):  # type: ignore[misc]
    """Raises the error of a timer out of `start` as that of a callback.

    pika takes all timers that are due off its list before it runs the first: one that raised would take the others
    along, the next attempt to connect and the check for overdue messages among them.
    """

    def call_later(self, delay: float, callback: Callable[[], None]) -> Any:
        """Run `callback` in `delay` seconds. Returns a handle for `remove_timeout`."""
        return super().call_later(delay, partial(self._run_timer, callback))

    def _run_timer(self, callback: Callable[[], None]) -> None:
        try:
            callback()
        except Exception as error:
            self.add_callback_threadsafe(partial(_raise, error))


def _raise(error: Exception) -> None:
    raise error
