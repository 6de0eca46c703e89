"""The load of a rulebook on its readers, and the comparison of agendas, on journeys that can be counted by hand."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from signpost.advice.agenda import Reader
from signpost.authoring.backtest import AgendaComparison, backtest, histories_of
from signpost.authoring.load_report import Load, LoadReport, RuleLoad, load_report
from signpost.case import Event
from signpost.case.instant import DAY, HOUR, parse_instant
from signpost.cli import main
from signpost.engine import CompiledEngine
from signpost.rulebook import load

START = parse_instant("2026-03-02T09:00:00Z")
RULE = """
{name}:
  about: offer
  source: before-accepting
  when: {{stage: open}}
  priority: {priority}
  title: {name}
  message: Do it.
"""
SOURCES = "articles:\n  before-accepting: Before accepting\n"
TIMELINE = """
timelines:
  - name: two hours
    start: 2026-03-02T09:00:00Z
    events:
      - {at: 0h, type: offer.extended, offer: o, employer: {id: acme}}
      - {at: 2h, type: offer.declined, offer: o}
    expect:
      - {at: 1h, includes: [answer@offer/o]}
"""


def rules(folder: Path, *, answer: str = "high", compare: str = "normal", max_cards: int = 1) -> Path:
    """A folder with two rules about every open offer."""
    (folder / "timelines").mkdir(parents=True)
    texts = (RULE.format(name=name, priority=value) for name, value in (("answer", answer), ("compare", compare)))
    (folder / "topic.yaml").write_text("".join(texts), "utf-8")
    (folder / "sources.yaml").write_text(SOURCES, "utf-8")
    (folder / "agenda.yaml").write_text(f"policy: {{max_cards: {max_cards}}}\n", "utf-8")
    (folder / "timelines" / "topic.yaml").write_text(TIMELINE, "utf-8")
    return folder


def offer(type_: str, after: int) -> Event:
    data = {"offer": "o", "employer": {"id": "acme"}} if type_ == "extended" else {"offer": "o"}
    return Event("t", "s", type_, f"offer.{type_}", START + after, "c-1", data)


def report(folder: Path, *events: Event, patience: int = DAY) -> LoadReport:
    engine = CompiledEngine(load(folder))
    return load_report(engine, ((one.key, one) for one in histories_of(events)), patience=patience)


def test_messages_cards_and_what_is_held_are_counted(tmp_path: Path) -> None:
    found = report(rules(tmp_path / "rules"), offer("extended", 0), offer("declined", 2 * HOUR))
    [reader] = found.readers
    assert (reader.journey, reader.reader, reader.weeks) == ("c-1", Reader("candidate"), 1)
    assert reader.before == Load(messages=4, items=2, first_hour=2, at_once=2)
    assert reader.after == Load(messages=2, items=1, first_hour=1, at_once=1)
    assert found.rules == {
        "answer": RuleLoad(recommendations=1, messages=2, agendas=2),
        "compare": RuleLoad(recommendations=1, messages=2, held=1, longest=2 * HOUR, never=1),
    }


def test_what_still_waits_at_the_end_is_held_but_not_yet_late(tmp_path: Path) -> None:
    found = report(rules(tmp_path / "rules"), offer("extended", 0), patience=14 * DAY)
    assert found.rules["compare"] == RuleLoad(1, 1, held=1, longest=14 * DAY)
    assert found.readers[0].weeks == 2


def test_advice_without_duration_is_never_late(tmp_path: Path) -> None:
    found = report(rules(tmp_path / "rules"), offer("extended", 0), offer("declined", 0))
    assert [rule.never for rule in found.rules.values()] == [0] * len(found.rules)


def compare(folder: Path, **changes: object) -> AgendaComparison:
    old, new = load(rules(folder / "old")), load(rules(folder / "new", **changes))  # type: ignore[arg-type]
    events = [offer("extended", 0), offer("declined", 2 * HOUR)]
    return backtest(old, new, histories_of(events), patience=DAY).agendas


def test_a_backtest_finds_more_cards_where_no_advice_differs(tmp_path: Path) -> None:
    found = compare(tmp_path, max_cards=3)
    assert [(one.messages, one.cards) for one in (found.old, found.new)] == [(2, 1), (2, 2)]
    assert (found.cases, found.first_cards) == (1, 0)
    [example] = found.examples
    assert (example.case, example.reader, example.first_card) == ("c-1", Reader("candidate"), None)


def test_a_backtest_names_the_first_card_that_changed(tmp_path: Path) -> None:
    found = compare(tmp_path, compare="urgent")
    assert (found.cases, found.first_cards) == (1, 1)
    [example] = found.examples
    assert example.first_card is not None
    assert (example.first_card.old, example.first_card.new) == (None, "compare")
    assert example.first_card.at == START


def test_equal_agendas_do_not_differ(tmp_path: Path) -> None:
    found = compare(tmp_path)
    assert (found.old.messages, found.new.messages, found.cases, found.examples) == (2, 2, 0, [])


def call(*arguments: object) -> str:
    result = CliRunner().invoke(main, ["rules", *map(str, arguments)])
    assert result.exit_code == 0, result.output
    return result.output


def recording(folder: Path) -> Path:
    """A file with the event of an offer."""
    event = {"specversion": "1.0", "id": "1", "source": "s", "subject": "c-7", "type": "signpost.offer.extended.v1"}
    path = folder / "events.json"
    path.write_text(json.dumps({**event, "time": "2026-03-02T09:00:00Z", "data": {"offer": "o"}}), "utf-8")
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return rules(tmp_path / "rules")


def test_the_command_replays_timelines(folder: Path) -> None:
    printed = call("load-report", folder)
    assert "1 journey, 1 reader" in printed
    assert "1 of 2 recommendations never on a card in time" in printed
    assert "2.0 on average, at most 2" in printed
    [line] = [line for line in printed.splitlines() if "two hours" in line]
    assert line.split()[-9:] == ["2", "->", "1", "2", "->", "1", "4", "->", "2"]


def test_programs_read_the_load(folder: Path) -> None:
    found = json.loads(call("load-report", folder, "--json", "--top", 0))
    [reader] = found["readers"]
    assert (reader["audience"], reader["readers"], reader["weeks"]) == ("candidate", 1, 1.0)
    assert reader["before"]["per_week"] == 4
    assert reader["after"]["first_hour"] == {"mean": 1, "most": 1}
    assert [(rule["rule"], rule["never"], rule["longest_s"]) for rule in found["rules"]] == [
        ("answer", 0, 0),
        ("compare", 1, 2 * HOUR // 1_000_000),
    ]
    assert found["loads"] == []


def test_the_command_replays_recorded_events_up_to_an_instant(folder: Path, tmp_path: Path) -> None:
    path = recording(tmp_path)
    found = json.loads(call("load-report", folder, "--events", path, "--until", "2026-03-02T09:00:30Z", "--json"))
    [load] = found["loads"]
    assert (load["journey"], load["before"]["messages"], load["after"]["messages"]) == ("c-7", 2, 0)
    result = CliRunner().invoke(main, ["rules", "load-report", str(folder), "--events", str(path), "--stored"])
    assert result.exit_code == 2


def test_a_backtest_prints_how_agendas_differ(folder: Path, tmp_path: Path) -> None:
    path = recording(tmp_path)
    other = rules(tmp_path / "other", answer="low")
    common = ("backtest", "--rulebook", folder, "--against", other, "--events", path, "--jobs", 1)
    at = "2026-03-02T09:01:00Z"
    printed = call(*common)
    assert f'agenda of c-7 for the candidate: first card from {at} "compare"; before, "answer"' in printed
    assert "1 case with a difference, 1 of them with another first card" in printed
    found = json.loads(call(*common, "--json"))["agendas"]
    assert found["examples"][0]["first_card"] == {"at": at, "old": "answer", "new": "compare"}
