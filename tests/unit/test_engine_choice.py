"""Which engine a process uses, and why: with durable-rules, and where it cannot be imported."""

import logging
import sys
import threading
from pathlib import Path

import pytest

from signpost.engine import choose_engine, make_engine
from signpost.errors import CallerError
from signpost.rulebook import load
from signpost.settings import read_settings
from signpost.workers import process
from tests.support.rulebooks import RULES


@pytest.fixture
def without_durable_rules(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "durable_rules_engine", None)


@pytest.mark.durable_rules
@pytest.mark.parametrize("setting", ["auto", "durable_rules"])
def test_durable_rules_is_used_where_it_can_be_imported(setting: str) -> None:
    choice = choose_engine(setting)
    assert (choice.name, choice.reason) == (
        "durable_rules",
        f"SIGNPOST_ENGINE={setting}, and durable-rules can be imported",
    )
    assert make_engine(setting, load(RULES)).name == "durable_rules"


@pytest.mark.usefixtures("without_durable_rules")
def test_auto_is_compiled_where_durable_rules_cannot_be_imported() -> None:
    choice = choose_engine("auto")
    assert choice.name == "compiled"
    assert choice.reason.startswith("durable-rules cannot be imported (")
    assert make_engine("auto", load(RULES)).name == "compiled"


@pytest.mark.usefixtures("without_durable_rules")
def test_durable_rules_asked_for_but_missing_is_an_error_that_says_what_to_do() -> None:
    with pytest.raises(CallerError, match=r"SIGNPOST_ENGINE=durable_rules, but .* set SIGNPOST_ENGINE=auto") as caught:
        make_engine("durable_rules", load(RULES))
    assert "pip install 'signpost[durable-rules]'" in str(caught.value)


def test_compiled_needs_no_import_and_other_engines_do_not_exist() -> None:
    assert choose_engine("compiled").reason == "SIGNPOST_ENGINE=compiled"
    with pytest.raises(CallerError, match="may be auto, durable_rules or compiled"):
        choose_engine("clips")


@pytest.mark.usefixtures("without_durable_rules")
def test_a_worker_logs_which_engine_it_uses_and_why(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    stop = threading.Event()
    stop.set()
    with caplog.at_level(logging.INFO, "signpost.process"):
        engines = process._load_rules(read_settings({"SIGNPOST_DATA_DIR": str(tmp_path)}), stop, threading.Event())
    lines = [record.getMessage() for record in caplog.records if record.name == "signpost.process"]
    assert len(lines) == 1
    assert lines[0].startswith("engine compiled: durable-rules cannot be imported (")
    assert engines.now().of("acme").rulebook.rules


@pytest.mark.usefixtures("without_durable_rules")
def test_a_worker_that_must_have_durable_rules_does_not_start_without_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = read_settings({"SIGNPOST_DATA_DIR": str(tmp_path), "SIGNPOST_ENGINE": "durable_rules"})
    with pytest.raises(CallerError, match="SIGNPOST_ENGINE=durable_rules, but durable-rules cannot be imported"):
        process._load_rules(settings, threading.Event(), threading.Event())
