"""Logs: JSON lines for machines, readable lines for people, no password in either."""

import json
import logging
from collections.abc import Iterator

import pytest

from tests.support.own_log import start_own_log


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


def test_a_line_is_one_json_object_with_what_was_passed() -> None:
    _, stream = start_own_log("advisor")
    logging.getLogger("x").info("batch of %d\nsecond line", 3, extra={"case": "c-1"})
    (line,) = stream.getvalue().splitlines()
    found = json.loads(line)
    assert found.pop("time").endswith("Z")
    assert found == {
        "level": "info", "process": "advisor", "logger": "x", "message": "batch of 3\nsecond line", "case": "c-1",
    }  # fmt: skip


@pytest.mark.parametrize("format", ["text", "json"])
def test_passwords_of_addresses_are_masked(format: str) -> None:
    _, stream = start_own_log("relay", format=format)
    try:
        raise RuntimeError("amqp://u:hush@h")
    except RuntimeError:
        logging.getLogger("x").exception("no answer of %s", "amqp://u:hush@h/v")
    assert "hush" not in stream.getvalue()
    assert "RuntimeError" in stream.getvalue()


def test_less_than_the_level_is_not_said() -> None:
    _, stream = start_own_log("clock", "warning", "text")
    logging.getLogger("x").info("nothing")
    logging.getLogger("pika").warning("away")
    assert stream.getvalue().endswith("WARNING away\n")
    assert stream.getvalue().count("\n") == 1
