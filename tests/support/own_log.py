"""A log with the lines of the test alone: threads that an earlier test left behind may log at any moment."""

import io
import logging
import threading

from signpost.logs import set_up_logging


def start_own_log(process: str, level: str = "info", format: str = "json") -> tuple[logging.Handler, io.StringIO]:
    """Set logging up as `process` does; returns its handler and what it writes of this thread's lines."""
    stream, thread = io.StringIO(), threading.get_ident()
    set_up_logging(process, level, format, stream)
    handler = logging.getLogger().handlers[0]
    handler.addFilter(lambda record: record.thread == thread)
    return handler, stream
