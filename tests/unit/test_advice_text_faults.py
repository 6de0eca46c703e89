"""Texts that cannot be published as their rule writes them: counted, and logged once for each rule."""

import logging
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from signpost.advice.rendering import MAX_TITLE_CHARS, render_text, render_title
from signpost.advice.text_faults import FAULTS, REPLACED, SHORTENED, TextFaults
from signpost.rulebook.texts import Variables


def test_each_fault_counts_and_each_rule_is_logged_once_for_each_kind(caplog: pytest.LogCaptureFixture) -> None:
    faults = TextFaults()
    with caplog.at_level(logging.WARNING, "signpost.advice"):
        for _ in range(3):
            faults.count_shortened("ask", 400)
        faults.count_shortened("thank", 400)
        for _ in range(2):
            faults.count_replaced("ask", ValueError("personal data"))
    assert faults.counts() == {(SHORTENED, "ask"): 3, (SHORTENED, "thank"): 1, (REPLACED, "ask"): 2}
    logged = [(record.levelname, record.getMessage()) for record in caplog.records]
    assert [(level, next(word for word in ("ask", "thank") if word in text)) for level, text in logged] == [
        ("WARNING", "ask"),
        ("WARNING", "thank"),
        ("ERROR", "ask"),
    ]
    assert "400 characters" in logged[0][1]
    assert "ValueError" in logged[2][1]
    assert "personal data" not in caplog.text


def added(render: Callable[..., str], rule: str, source: str, **variables: Any) -> dict[tuple[str, str], int]:
    """What rendering a text adds to the counts of this process."""
    before = Counter(FAULTS.counts())
    render(rule, source, Variables(variables))
    return dict(Counter(FAULTS.counts()) - before)


def test_only_a_title_that_is_too_long_counts_as_shortened() -> None:
    assert added(render_title, "ask", "{{ text }}", text="x" * MAX_TITLE_CHARS) == {}
    assert added(render_title, "ask", "{{ text }}", text="x" * (MAX_TITLE_CHARS + 1)) == {(SHORTENED, "ask"): 1}


def test_a_text_that_fails_counts_as_replaced() -> None:
    assert added(render_text, "ask", "{{ 1 // zero }}", zero=0) == {(REPLACED, "ask"): 1}
