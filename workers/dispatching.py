"""Sends claimed messages in an event loop of its own thread. A process edge: reads clocks. Uses no database."""

import asyncio
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from queue import Empty, SimpleQueue

from signpost.outgoing.sender import Sender, Webhook
from signpost.storage import Claimed
from signpost.workers.delivering import Result
from signpost.workers.process import Clock

STOP_S = 5.0


class LoopDispatcher:
    """See `delivering.Dispatcher`. Used by one thread."""

    def __init__(self, loop: asyncio.AbstractEventLoop, sender: Sender, clock: Clock) -> None:
        """`loop` runs in another thread; `sender` belongs to it."""
        self._loop, self._sender, self._clock = loop, sender, clock
        self._results: SimpleQueue[Result] = SimpleQueue()

    def start(self, claimed: Claimed, within_s: float) -> None:
        """Send a message in the loop."""
        asyncio.run_coroutine_threadsafe(self._send(claimed, time.monotonic() + within_s), self._loop)

    def finished(self, wait_s: float) -> Sequence[Result]:
        """What has ended."""
        found: list[Result] = []
        try:
            found.append(self._results.get(timeout=wait_s) if wait_s else self._results.get_nowait())
            while True:
                found.append(self._results.get_nowait())
        except Empty:
            return found

    async def _send(self, claimed: Claimed, latest: float) -> None:
        endpoint, message = claimed
        now, began = self._clock(), time.monotonic()
        if began > latest:
            # The process was stopped for a while: another one may have taken the message over
            self._results.put(Result(claimed, now, 0, None))
            return
        webhook = Webhook(endpoint.url, endpoint.secrets(now), message.message_id, message.body)
        reply = await self._sender.send(webhook, now)
        self._results.put(Result(claimed, now, int((time.monotonic() - began) * 1_000_000), reply))


@contextmanager
def dispatching(make: Callable[[], Sender], clock: Clock) -> Iterator[LoopDispatcher]:
    """A dispatcher for the block; what is not sent at its end is cancelled."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="webhooks", daemon=True)
    sender = make()
    thread.start()
    try:
        yield LoopDispatcher(loop, sender, clock)
    finally:
        asyncio.run_coroutine_threadsafe(_finish(sender), loop).result(STOP_S)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(STOP_S)
        loop.close()


async def _finish(sender: Sender) -> None:
    mine = asyncio.current_task()
    others = [task for task in asyncio.all_tasks() if task is not mine]
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
    await sender.close()
