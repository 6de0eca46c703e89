"""Texts that cannot be published as their rule writes them: counted, and logged once for each rule."""

import logging

import pytest

from signpost.advice.text_faults import REPLACED, SHORTENED, TextFaults


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
