"""Logging of every process: readable lines on a terminal, JSON lines elsewhere. Log ids, never names, texts or pay."""

import json
import logging
import sys
from datetime import UTC, datetime
from functools import partial
from typing import Any, TextIO

import orjson

from signpost.printable import escape, escape_json
from signpost.repeats import RepeatFilter
from signpost.setting_kinds import mask_passwords
from signpost.standard_error import LineStream, describe_loss

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
_MIN_LEVELS = {
    "pika": logging.WARNING,
    # pika logs seven lines and a traceback for each failed attempt to connect; Signpost logs the cause in one line
    "pika.adapters": logging.CRITICAL,
    "pika.connection": logging.CRITICAL,
    "httpx": logging.WARNING,
    "httpcore": logging.WARNING,
    "alembic": logging.WARNING,
}
"""Library whose log lines do not help an operator -> the lowest level that is logged."""


class JsonLines(logging.Formatter):
    """One JSON object per line: time, level, process, logger, message, the fields of `extra`, and the traceback."""

    def __init__(self, process: str) -> None:
        super().__init__()
        self._process = process

    def format(self, record: logging.LogRecord) -> str:
        """The line, without a line break."""
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")[:-6] + "Z",
            "level": record.levelname.lower(),
            "process": self._process,
            "logger": record.name,
            "message": mask_passwords(record.getMessage()),
            **_extra(record),
        }
        if record.exc_info:
            line["traceback"] = mask_passwords(self.formatException(record.exc_info))
        return escape_json(_dump(line))


class TextLines(logging.Formatter):
    """Time, level unless it is info, message, and the fields of `extra`."""

    def format(self, record: logging.LogRecord) -> str:
        """The line; further lines of the message and the traceback are indented, so that no sender can forge a line."""
        time = datetime.fromtimestamp(record.created, UTC).strftime("%H:%M:%S")
        level = "" if record.levelno == logging.INFO else f"{record.levelname} "
        extra = "".join(f" {name}={value}" for name, value in _extra(record).items())
        line = f"{time} {level}{mask_passwords(record.getMessage())}{extra}"
        if record.exc_info:
            line += f"\n{mask_passwords(self.formatException(record.exc_info))}"
        return escape(line, keep="\n").replace("\n", "\n    ")


def set_up_logging(process: str, level: str = "info", format: str = "auto", stream: TextIO | None = None) -> None:
    """Log to `stream` (default: standard error). `format`: auto, text or json."""
    stream = stream or sys.stderr
    readable = format == "text" or (format == "auto" and stream.isatty())
    handler = logging.StreamHandler(stream)
    formatter = TextLines() if readable else JsonLines(process)
    handler.setFormatter(formatter)
    handler.addFilter(RepeatFilter())
    if isinstance(stream, LineStream):
        stream.describe_loss = partial(_format_loss, formatter)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name, minimum in _MIN_LEVELS.items():
        logging.getLogger(name).setLevel(max(minimum, root.level))


def _format_loss(formatter: logging.Formatter, lines: int) -> str:
    record = logging.LogRecord("signpost.log", logging.WARNING, "", 0, describe_loss(lines), None, None)
    record.lost = lines
    return formatter.format(record)


def _dump(line: dict[str, Any]) -> str:
    try:
        return orjson.dumps(line, default=str, option=orjson.OPT_NON_STR_KEYS).decode()
    except orjson.JSONEncodeError:  # lone surrogates, huge integers
        return json.dumps(line, default=str, skipkeys=True)


def _extra(record: logging.LogRecord) -> dict[str, Any]:
    return {name: value for name, value in vars(record).items() if name not in _STANDARD}
