"""Logging of every process: readable lines on a terminal, JSON lines elsewhere. Log ids, never names, texts or pay."""

import logging
import sys
from datetime import UTC, datetime
from typing import Any, TextIO

import orjson

from signpost.setting_kinds import masked

_PLAIN = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
_QUIET = {
    "pika": logging.WARNING,
    # Seven lines and a traceback for each failed attempt to connect; we log the cause in one line of ours
    "pika.adapters": logging.CRITICAL,
    "pika.connection": logging.CRITICAL,
    "httpx": logging.WARNING,
    "httpcore": logging.WARNING,
    "alembic": logging.WARNING,
}
"""Libraries that log what is of no use to an operator, and the level from which they are heard."""


class JsonLines(logging.Formatter):
    """One JSON object a line: time, level, process, logger, message, what was passed as `extra`, and the traceback."""

    def __init__(self, process: str) -> None:
        super().__init__()
        self._process = process

    def format(self, record: logging.LogRecord) -> str:
        """The line, without a line break in it."""
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")[:-6] + "Z",
            "level": record.levelname.lower(),
            "process": self._process,
            "logger": record.name,
            "message": masked(record.getMessage()),
            **_extra(record),
        }
        if record.exc_info:
            line["traceback"] = masked(self.formatException(record.exc_info))
        return orjson.dumps(line, default=str, option=orjson.OPT_NON_STR_KEYS).decode()


class Readable(logging.Formatter):
    """Time, level where it is not info, and the message; extras behind it."""

    def format(self, record: logging.LogRecord) -> str:
        """The line, and a traceback under it."""
        time = datetime.fromtimestamp(record.created, UTC).strftime("%H:%M:%S")
        level = "" if record.levelno == logging.INFO else f"{record.levelname} "
        extra = "".join(f" {name}={value}" for name, value in _extra(record).items())
        line = f"{time} {level}{masked(record.getMessage())}{extra}"
        return f"{line}\n{masked(self.formatException(record.exc_info))}" if record.exc_info else line


def set_up_logging(process: str, level: str = "info", format: str = "auto", stream: TextIO | None = None) -> None:
    """Log to `stream` (standard error) from now on. `format`: auto, text or json."""
    stream = stream or sys.stderr
    readable = format == "text" or (format == "auto" and stream.isatty())
    handler = logging.StreamHandler(stream)
    handler.setFormatter(Readable() if readable else JsonLines(process))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name, least in _QUIET.items():
        logging.getLogger(name).setLevel(max(least, root.level))


def _extra(record: logging.LogRecord) -> dict[str, Any]:
    return {name: value for name, value in vars(record).items() if name not in _PLAIN}
