"""What benchmarks print, and the comparison with the baseline."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks import __main__ as command
from benchmarks import regression
from benchmarks.evaluate import _multiply
from benchmarks.http_load import quantile
from benchmarks.plots import write_plot
from benchmarks.rows import AT_LEAST, AT_MOST, Goal, Rounds, Row
from benchmarks.stage import Output, events

FAST = Row("advisor", 300.0, "events/s", "limit loop", 1000.0, Goal(AT_LEAST, 0.5))
SMALL = Row("stored", 15_000.0, "bytes", goal=Goal(AT_MOST, 20_000, of_value=True))


def test_a_row_says_its_ratio_and_whether_its_goal_is_met() -> None:
    assert FAST.to_json() == {
        "name": "advisor",
        "value": 300.0,
        "unit": "events/s",
        "yardstick": "limit loop",
        "yardstick_value": 1000.0,
        "ratio": 0.3,
        "goal": "at least 0.5",
        "met": False,
    }
    assert (SMALL.ratio, SMALL.met) == (None, True)
    assert Row("x", 1.0, "s").to_json()["met"] is None


def test_all_ways_take_their_turn_in_each_round(capsys: pytest.CaptureFixture[str]) -> None:
    order: list[str] = []

    def way(name: str) -> Callable[[int], float]:
        def measure(number: int) -> float:
            order.append(name)
            return number + 1.0

        return measure

    rounds = Rounds(3)
    rounds.run({"a": way("a"), "b": way("b")})
    assert order == ["a", "b"] * 3
    row = rounds.row("a / b", "a", "us", "b")
    assert (row.value, row.yardstick_value, row.spread) == (2.0, 2.0, (1.0, 3.0))
    assert "round 3 of 3: b: 3" in capsys.readouterr().err


def test_the_command_prints_one_json_document(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("benchmarks.intake.measure", lambda options: [FAST, SMALL])
    assert command.main(["intake", "--json"]) == 0
    assert [row["name"] for row in json.loads(capsys.readouterr().out)["rows"]] == ["advisor", "stored"]
    assert command.main(["intake"]) == 0
    assert "limit loop" in capsys.readouterr().out


def test_only_ratios_that_are_far_worse_fail() -> None:
    assert regression.find_worse([FAST, SMALL], {"advisor": [0.4, "more"], "stored": [1, "less"]}) == []
    [line] = regression.find_worse([FAST], {"advisor": [0.9, "more"]})
    assert line == "advisor: ratio 0.3, was 0.9: 3.0 times worse"
    slow = Row("p99", 30.0, "ms", "round trip", 10.0, Goal(AT_MOST, 5))
    assert regression.find_worse([slow], {"p99": [1.0, "less"]})
    assert regression.find_worse([slow], {"p99": [3.0, "less"], "gone": [1, "less"]}) == []


def test_the_baseline_is_saved_and_compared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(regression, "BASELINE", tmp_path / "baseline.json")
    regression.save([FAST, SMALL])
    assert json.loads((tmp_path / "baseline.json").read_text()) == {"advisor": [0.3, "more"]}
    assert regression.compare([FAST]) == 0
    assert regression.compare([Row("advisor", 100.0, "events/s", "limit loop", 1000.0)]) == 1


def test_the_committed_baseline_can_be_read() -> None:
    baseline = json.loads(regression.BASELINE.read_text())
    assert all(better in ("more", "less") and ratio > 0 for ratio, better in baseline.values())


def test_a_plot_has_a_point_for_each_size(tmp_path: Path) -> None:
    write_plot(tmp_path / "new" / "p.svg", "a < b", "x", "y", {"one": [(1, 2), (10, 20)], "other": [(0, 1), (5, 5)]})
    drawn = (tmp_path / "new" / "p.svg").read_text()
    assert drawn.count("<circle") == 3
    assert "a &lt; b" in drawn


def test_the_limit_loop_publishes_what_an_advisor_does() -> None:
    output = Output(4, [1, 2, 3, 4, 5, 6])
    assert [size for number in range(4) for size in output.of(number)] == [1, 2, 3, 4, 5, 6]
    assert len(events(50, "x")) == 50
    assert quantile([3.0, 1.0, 2.0], 0.5) == 2.0


def test_a_multiplied_rulebook_has_as_many_copies_of_each_rule() -> None:
    once, twice = _multiply(1), _multiply(2)
    assert len(twice.rules) == 2 * len(once.rules)
