"""Handles signals from the start of a process. Imports nothing heavy, since it runs before all other imports."""

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
    """Handle signals while the process starts: SIGHUP is remembered, SIGTERM and SIGINT exit with code 0.

    Signals that arrived while the parent blocked them take effect now. Under nohup, SIGHUP stays ignored.
    """
    for number in ALL:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _handle_early)
    unblock()


def _handle_early(number: int, frame: FrameType | None) -> None:
    if number in STOPS:
        # Not SystemExit, which would interrupt an import with a traceback. No work has started that could be lost.
        os._exit(0)
    _remembered.append(number)


def block() -> None:
    """Block signals in this process and its later children, until `unblock` or `hold`."""
    signal.pthread_sigmask(signal.SIG_BLOCK, ALL)


def unblock() -> None:
    """Unblock signals; pending ones are delivered."""
    signal.pthread_sigmask(signal.SIG_UNBLOCK, ALL)


@contextmanager
def block_while_starting() -> Iterator[None]:
    """Block signals while starting processes that call `hold`, which unblocks them."""
    block()
    try:
        yield
    finally:
        unblock()


@contextmanager
def dispatch_to(stop: Callable[[], object], reload: Callable[[], object]) -> Iterator[None]:
    """Within the block, call `stop` on SIGTERM and SIGINT and `reload` on SIGHUP, including a remembered one.

    Both run in a thread. A handler interrupts the main thread anywhere; if it calls `Event.set` while the main
    thread is inside `Event.wait`, it deadlocks on a lock of its own thread. So the handlers only write to a queue.
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
            # None: the handler was not set from Python
            with suppress(TypeError):
                signal.signal(number, handler)
        received.put(_END)
        thread.join()


def _dispatch(received: "SimpleQueue[int]", stop: Callable[[], object], reload: Callable[[], object]) -> None:
    while number := received.get():
        (stop if number in STOPS else reload)()
