"""docs/changing-rules.md: the log lines are those of a running process, and the YAML in it is accepted."""

import logging
import re
from pathlib import Path

import pytest
import yaml

from signpost.engine.compiled import CompiledEngine
from signpost.logs import TextLines
from signpost.rulebook import load
from signpost.settings import SHIPPED_RULES, read_settings
from signpost.tenants.live_rulebooks import LiveEngines
from signpost.tenants.rulebooks import load_rulebooks
from tests.support.guides import DOCS, blocks, comparable

GUIDE = blocks("changing-rules.md")
RULE = "do-it:\n  about: offer\n  source: a\n  when: {stage: open}\n  priority: high\n  title: T\n  message: M\n"


def test_the_log_lines_are_those_of_a_change_taken_and_one_refused(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    folder = Path("rules")
    folder.mkdir()
    rules = folder / "topic.yaml"
    (folder / "sources.yaml").write_text("articles: {a: An article}\n")
    rules.write_text(RULE)
    engines = LiveEngines(folder, tmp_path / "tenants.yaml", CompiledEngine, lambda seconds: None)
    shown = [block.text for block in GUIDE if block.language == "text"]
    with caplog.at_level(logging.INFO):
        for text in (RULE.replace("T\n", "Other\n"), RULE.replace("open", "opne")):
            caplog.clear()
            rules.write_text(text)
            engines.reload_now()
            # Threads that other tests have left log too
            records = [record for record in caplog.records if record.name.startswith("signpost.rulebook")]
            lines = "\n".join(map(TextLines().format, records))
            assert _untimed(lines) == _untimed(shown.pop(0))
    assert shown == []


def _untimed(text: str) -> list[str]:
    return comparable(re.sub(r"^\d\d:\d\d:\d\d ", "", text, flags=re.MULTILINE))


def test_its_tenants_file_fits_the_shipped_rules(tmp_path: Path) -> None:
    [text] = [block.text for block in GUIDE if block.language == "yaml" and block.text.startswith("tenants:")]
    (tmp_path / "tenants.yaml").write_text(text)
    own = load_rulebooks(SHIPPED_RULES, tmp_path / "tenants.yaml").own["acme"]
    assert own.rules["respond-before-deadline"].params["urgent_before"] == "36h"
    assert set(load(SHIPPED_RULES).rules) - set(own.rules) == {"send-thank-you"}


def test_its_words_fit_the_shipped_rules(tmp_path: Path) -> None:
    [block] = [block for block in GUIDE if block.name == "words"]
    (tmp_path / "words.yaml").write_text(block.text)
    reworded = load((SHIPPED_RULES, tmp_path)).rules["ask-response-deadline"]
    assert reworded.texts.title == "When does {{ employer }} need your answer?"


def test_its_services_and_settings_exist() -> None:
    compose = yaml.safe_load((SHIPPED_RULES.parent / "docker-compose.yml").read_text())
    assert {"advisor", "clock"} <= set(compose["services"])
    named = set(re.findall(r"SIGNPOST_[A-Z_]+", (DOCS / "changing-rules.md").read_text()))
    values = {"SIGNPOST_RULES": "rules", "SIGNPOST_RELOAD_INTERVAL": "1", "SIGNPOST_REEVALUATE_PER_SECOND": "200"}
    assert named == set(values)
    settings = read_settings(values)
    assert (settings.reload_interval, settings.reevaluate_per_second) == (1, 200)
    assert (settings.reload_interval, settings.reevaluate_per_second) == (
        read_settings({}).reload_interval,
        read_settings({}).reevaluate_per_second,
    )
