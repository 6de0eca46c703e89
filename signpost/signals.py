"""Signals from the first moment of a process on; imports nothing heavy, since it comes before all else."""

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from queue import SimpleQueue
from types import FrameType
from typing import Final

STOPS: Final = frozenset({signal.SIGTERM, signal.SIGINT})
ALL: Final = STOPS | {signal.SIGHUP}
_END: Final = 0
_remembered: Final[list[int]] = []


def hold() -> None:
    """Survive signals while the process starts: SIGHUP is remembered, SIGTERM and SIGINT end it with exit code 0.

    Signals that were blocked in the parent and arrived since take effect now. Under nohup, SIGHUP stays
    ignored.
    """
    for number in ALL:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _handle_early)
    unblock()


def _handle_early(number: int, frame: FrameType | None) -> None:
    if number in STOPS:
        # No SystemExit, which would leave an import half done with its traceback. Nothing has begun that could be lost.
        os._exit(0)
    _remembered.append(number)


def block() -> None:
    """Let signals wait, here and in processes started from now on, until `unblock` or `hold`."""
    signal.pthread_sigmask(signal.SIG_BLOCK, ALL)


def unblock() -> None:
    """Let signals through, those that waited first."""
    signal.pthread_sigmask(signal.SIG_UNBLOCK, ALL)


@contextmanager
def blocked() -> Iterator[None]:
    """Start processes that call `hold` in this block: their signals wait until they do."""
    block()
    try:
        yield
    finally:
        unblock()


@contextmanager
def dispatched(stop: Callable[[], object], reload: Callable[[], object]) -> Iterator[None]:
    """In this block, call `stop` for each SIGTERM and SIGINT and `reload` for each SIGHUP, one that came before too.

    They are called in a thread. A handler interrupts the main thread anywhere; if it calls `Event.set` while the main
    thread is inside `Event.wait`, it waits for a lock of its own thread. So the handlers only write to a queue.
    """
    received: SimpleQueue[int] = SimpleQueue()
    before = {number: signal.signal(number, lambda number, frame: received.put(number)) for number in ALL}
    for number in _remembered:
        received.put(number)
    thread = threading.Thread(target=_dispatch, args=(received, stop, reload), name="signals", daemon=True)
    thread.start()
    try:
        yield
    finally:
        for number, handler in before.items():
            # None is a handler that was not set from Python
            with suppress(TypeError):
                signal.signal(number, handler)
        received.put(_END)
        thread.join()


def _dispatch(received: "SimpleQueue[int]", stop: Callable[[], object], reload: Callable[[], object]) -> None:
    while number := received.get():
        (stop if number in STOPS else reload)()
