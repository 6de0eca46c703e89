"""Hostile texts: of rule authors, which must stay within a budget, and of senders, which must stay readable."""

import time
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from signpost.advice.case_set import CaseSet
from signpost.advice.rendering import MAX_TEXT_CHARS, MAX_TITLE_CHARS, SHORTENED_MARK
from signpost.advice.text_faults import FAULTS, REPLACED, SHORTENED
from signpost.authoring.inspection import inspect
from signpost.case.event import Event
from signpost.case.instant import parse_instant
from signpost.engine.compiled import CompiledEngine
from signpost.rulebook import load
from signpost.rulebook.budget import MAX_COST
from signpost.rulebook.loader import find_problems
from signpost.rulebook.text_values import MAX_CHARS
from signpost.rulebook.texts import Variables, render_within
from signpost.rulebook.wording import text_cost
from signpost.settings import SHIPPED_RULES

TODAY = date(2026, 11, 26)
SOURCES = "articles: {a: A}\n"
DOUBLED = "{% set x = employer %}" + "{% set x = x ~ x %}" * 26 + "{{ x }}"
LOOPS = "{% for a in contacts %}" * 3 + "{{ a.channel }}" + "{% endfor %}" * 3
TEXTS = {
    "a text doubled": (DOUBLED, "longer than 200000 characters"),
    "a list doubled": ("{% set x = ['ab'] %}" + "{% set x = x + x %}" * 26 + "{{ x | listed }}", "longer than"),
    "a text doubled by replacing": (
        "{% set x = 'ab' %}" + "{% set x = x | replace('a', 'aaaaaaaaaaaaaaaaaaaaaaaa') %}" * 9 + "{{ x }}",
        "longer than",
    ),
    "a text doubled between its letters": (
        "{{ " + " | replace('', 'aaaaaaaaa')".join(["'ab'", *[""] * 9]) + " }}",
        "longer",
    ),
    "a list times a number": ("{% set x = ['ab'] * 1 %}", ""),
    "a number squared": ("{% set x = 999999999 %}" + "{% set x = x * x %}" * 20 + "{{ x }}", "more than 100 digits"),
    "a number of a fact squared": (
        "{% set x = hours_per_week %}" + "{% set x = x * x %}" * 20 + "{{ x }}",
        "more than 100 digits",
    ),
    "a power": ("{{ 9 ** 9 ** 9 }}", ""),
    "a long text times a number": ("{{ 'a' * 1000000000 }}", ""),
    "many decimals": ("{{ hours_per_week | round(999999999) }}", "decimals"),
    "many decimals by name": ("{{ hours_per_week | round(precision=999999999, method='ceil') }}", "decimals"),
    "decimals of a fact": ("{{ hours_per_week | round(commute_minutes) }}", "decimals"),
    "loops in loops": (LOOPS, "steps"),
    "loops in loops that show nothing": (
        LOOPS.replace("{{ a.channel }}", "{% if a.channel == 'x' %}y{% endif %}"),
        "steps",
    ),
    "list filters in loops": (
        "{% for a in contacts %}{{ contacts | map(attribute='channel') | sort | listed }}{% endfor %}",
        "steps",
    ),
    "lists in lists": ("{{ [[['a', 'b'], ['c']]] | length }}", "list of lists"),
    "a text doubled in a branch": (
        "{% set x = employer %}" + "{% if title %}{% set x = x ~ x %}{% else %}{% set x = 'a' %}{% endif %}" * 26,
        "longer than",
    ),
    "nested brackets": ("{{ " + "(" * 5000 + "1" + ")" * 5000 + " }}", "nested"),
    "nested additions": ("{{ " + "+".join(["1"] * 5000) + " }}", "nested"),
    "nested branches": ("{% if title %}" * 500 + "x" + "{% endif %}" * 500, "nested"),
    "nested lists": ("{{ " + "[" * 3000 + "]" * 3000 + " }}", "nested"),
    "nested negations": ("{{ " + "not " * 900 + "title }}", "nested"),
}
"""What makes a text too large -> (text, part of the problem; "" where another problem already says it)."""


def rule(message: str, more: str = "") -> str:
    text = message.replace("\\", "\\\\").replace('"', '\\"')
    return (
        "r:\n  about: offer\n  source: a\n  when:\n    stage: open\n    any contact: {for: this one, channel: email}\n"
        f'  priority: high\n  title: T\n  message: "{text}"\n{more}'
    )


def folder(path: Path, message: str, more: str = "") -> Path:
    (path / "sources.yaml").write_text(SOURCES)
    (path / "topic.yaml").write_text(rule(message, more))
    return path


@pytest.mark.parametrize("name", TEXTS)
def test_a_text_beyond_its_budget_is_refused_at_once_with_its_place(tmp_path: Path, name: str) -> None:
    text, problem = TEXTS[name]
    started = time.process_time()
    _, found = inspect(folder(tmp_path, text), TODAY)
    assert time.process_time() - started < 5
    [first, *_] = [one for one in found if one.code != "R070"]
    assert (first.position.line, first.position.column) == (9, 12)
    assert first.code == ("R046" if problem else "R043")
    assert problem in first.message
    assert not problem or first.suggestion


def test_many_texts_of_one_rule_share_one_budget(tmp_path: Path) -> None:
    step = "{% for a in contacts %}" + "{{ a.channel }}" * 6 + "{% endfor %}x"
    steps = "  steps:\n" + f'    - "{step}"\n' * 3
    _, problems = find_problems(folder(tmp_path, "M", steps))
    assert [(one.code, one.position.line) for one in problems.found] == [("R046", 13)]


def test_the_shipped_rules_take_less_than_half_of_the_budget() -> None:
    """So the budget is far from what rules need, and no rule grows unseen into the limit."""
    rulebook = load(SHIPPED_RULES)
    costs = {rule.id: text_cost(rule) for rule in rulebook.rules.values()}
    assert 0 < max(costs.values()) < MAX_COST / 2


RUNTIME = """
long:
  about: offer
  source: a
  when: {stage: open}
  priority: high
  title: "T {{ hours_per_week }}{% for n in conditions %} {{ n }}{% endfor %}"
  message: "{% for n in conditions %}{{ n }}, {{ n }}\\n{% endfor %}"
fails:
  about: offer
  source: a
  when: {stage: open}
  priority: high
  title: "{{ 10 / hours_per_week }} for {{ employer }}"
  message: "{{ 10 / hours_per_week }}"
  steps: ["{{ 10 / hours_per_week }}"]
plain:
  about: offer
  source: a
  when: {stage: open}
  priority: high
  title: Answer {{ employer }}
  message: "Answer {{ employer | upper }} about {{ title }}.\\n\\nSoon."
  drafts: {d: {title: "To {{ employer }}", body: "Hello {{ employer }}"}}
compared:
  about: candidate
  source: a
  when: {any offer: {stage: open}}
  priority: high
  attaches: comparison
  title: Compare
  message: "{{ comparison }}"
"""
NOW = parse_instant("2026-03-02T14:00:00Z")
EVIL = "Ac\rme\r\nBcc: all@x\t\x1b[31m \u202eltd\u2066\u200b \x85\u2028 inc" + "x" * 5000


def advise(tmp_path: Path, data: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Rule -> the recommendation that it raises for one open offer with this data."""
    (tmp_path / "sources.yaml").write_text(SOURCES)
    (tmp_path / "topic.yaml").write_text(RUNTIME)
    cases = CaseSet(CompiledEngine(load(tmp_path)), "acme", {})
    event = Event("acme", "s", "e", "offer.extended", NOW, "c-1", {"offer": "o-1", **data})
    return {change.rule: change.data for _, change in cases.handle(event, NOW)}


def test_a_text_beyond_the_limit_is_published_with_a_mark(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    conditions = [f"{number} {'x' * 2000}"[:2000] for number in range(100)]
    found = [advise(tmp_path, {"conditions": conditions, "hours_per_week": 40}) for _ in range(2)]
    for changes in found:
        assert len(changes["long"]["message"]) <= MAX_TEXT_CHARS
        assert changes["long"]["message"].endswith(SHORTENED_MARK)
        assert len(changes["long"]["title"]) == MAX_TITLE_CHARS
        assert changes["long"]["title"].endswith("…")
    assert found[0]["plain"]["message"].endswith("Soon.")
    lines = [line for line in caplog.messages if "published shortened" in line]
    assert len([line for line in lines if "rule long " in line]) <= 1
    assert FAULTS.counts()[SHORTENED, "long"] >= 4


def test_rendering_stops_at_the_limit() -> None:
    """However much would follow: the loops below write 10 GB."""
    context = Variables(many=["x" * 100] * 10_000)
    started = time.process_time()
    text = render_within("{% for a in many %}{% for b in many %}{{ b }}{% endfor %}{% endfor %}", context, 20_000)
    assert 20_000 < len(text) <= 20_100
    assert time.process_time() - started < 1


def test_a_text_that_fails_costs_no_event(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    changes = advise(tmp_path, {"hours_per_week": 0, "employer": {"id": "e", "name": "Acme"}})
    assert changes["plain"]["title"] == "Answer Acme"
    assert (changes["fails"]["title"], changes["fails"]["message"]) == ("Fails", "Fails")
    again = advise(tmp_path, {"hours_per_week": 0})
    assert again["fails"]["title"] == "Fails"
    assert len([line for line in caplog.messages if "a text of rule fails fails (ZeroDivisionError)" in line]) <= 1
    assert FAULTS.counts()[REPLACED, "fails"] == 6


def test_no_control_character_or_long_name_of_a_sender_reaches_a_text(tmp_path: Path) -> None:
    changes = advise(tmp_path, {"employer": {"id": "e", "name": EVIL}, "title": EVIL, "hours_per_week": 9})
    texts = [changes["plain"][key] for key in ("title", "message")] + [changes["compared"]["message"]]
    texts += [part for draft in changes["plain"]["drafts"] for part in draft.values()]
    texts += [option["label"] for option in changes["compared"]["comparison"]["options"]]
    for text in texts:
        assert all(char.isprintable() or char == "\n" for char in text), text
        assert "x" * (MAX_CHARS + 1) not in text
    assert "\n" not in changes["plain"]["title"] + changes["plain"]["drafts"][0]["title"]
    assert changes["plain"]["message"].count("\n") == 2
    assert changes["plain"]["title"].startswith("Answer Ac me Bcc: all@x \ufffd[31m ltd")
    assert changes["plain"]["title"].endswith("…")
    assert len(changes["plain"]["title"]) == len("Answer ") + MAX_CHARS
