"""Which log lines are due."""

import json
import logging
from collections.abc import Iterator

import pytest

from signpost.repeats import MAX_VARIANTS, RepeatFilter, Repeats
from tests.support.own_log import start_own_log


@pytest.fixture
def restored_root() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


def test_a_line_is_due_when_it_changes_and_now_and_then() -> None:
    now = [0.0]
    lines = Repeats(every_s=60, monotonic=lambda: now[0])
    assert [lines.is_due("away"), lines.is_due("away"), lines.is_due("refused"), lines.is_due("away")] == [
        True,
        False,
        True,
        True,
    ]
    now[0] = 59.9
    assert not lines.is_due("away")
    now[0] = 60
    assert lines.is_due("away")
    lines.reset()
    assert lines.is_due("away")


def test_a_loop_that_fails_every_20_ms_logs_one_line_a_minute(restored_root: None) -> None:
    handler, stream = start_own_log("advisor")
    now = [0.0]
    handler.filters[0] = RepeatFilter(lambda: now[0])
    for turn in range(50 * 600):
        now[0] = turn * 0.02
        logging.getLogger("x").warning("queue %s: cannot %s, will retry: %s", "q", "receive", "disk is full")
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert len(lines) == 10
    assert [line.get("repeated", 0) for line in lines[:2]] == [0, 2999]


def test_lines_with_other_values_are_bounded_too(restored_root: None) -> None:
    _, stream = start_own_log("advisor", format="text")
    for number in range(10_000):
        logging.getLogger("x").error("row %d cannot be published", number)
        logging.getLogger("x").info("batch %d", number)
    assert stream.getvalue().count("cannot be published") == MAX_VARIANTS
    assert stream.getvalue().count("batch") == 10_000


def test_a_line_with_wrong_arguments_ends_nothing(restored_root: None) -> None:
    _, stream = start_own_log("advisor", format="text")
    logging.getLogger("x").error("row %d", "one")
    logging.getLogger("x").error("on")
    assert stream.getvalue().endswith("ERROR on\n")
