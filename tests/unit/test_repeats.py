"""Which log lines are due."""

from signpost.repeats import Repeats


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
