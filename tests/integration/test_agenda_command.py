"""Agendas for people: how `signpost agenda` and `signpost tail --agenda` print them, and who sets their policy."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

from signpost.case.instant import MINUTE
from signpost.cli.agenda import WIDTH, show
from signpost.workers.agendas import update_agendas
from signpost.workers.case_rows import load_case_set
from tests.integration.test_intake_reading import advise, envelope, offer, read
from tests.support.intake_parts import NOW, TENANTS, Intake, intake_at
from tests.support.rulebooks import shipped_engine

PATH = "/v1/candidates/c-1/agenda"


def agenda(folder: Path, *events: dict[str, Any], text: str = TENANTS) -> dict[str, Any]:
    """The agenda over HTTP after a bare offer and more events, with these tenants."""
    parts = intake_at(folder, text=text)
    for event in (offer("1", "c-1"), *events):
        assert parts.send(event).status_code == 202
    advise(parts)
    status, found = read(parts, PATH)
    parts.broker.close()
    parts.store.close()
    assert status == 200
    return dict(found)


def printed(found: dict[str, Any]) -> list[str]:
    @click.command
    def command() -> None:
        show(found)

    return CliRunner().invoke(command, catch_exceptions=False).output.splitlines()


def test_a_letter_is_printed_as_lines_to_copy_within_the_width(tmp_path: Path) -> None:
    found = agenda(tmp_path)
    lines = printed(found)
    assert max(map(len, lines)) == WIDTH, "the counts stand at the right end"
    assert (lines[0][:12], lines[0][-22:]) == ("c-1's agenda", " 2 cards, nothing held")
    body = found["cards"][0]["drafts"][0]["body"]
    first = lines.index("   Draft: Thank you for your offer") + 1
    paragraphs = "\n".join(line.removeprefix("     ") for line in lines[first : lines.index("     [your name]")])
    assert " ".join(paragraphs.split()) == " ".join(body.rpartition("\n")[0].split())
    assert "" in lines[first:], "paragraphs are apart"
    assert next(line for line in lines if line.startswith("2  ")).endswith("  normal priority")


def card(**more: Any) -> dict[str, Any]:
    texts = {"title": "Answer Acme", "message": "Decide.", "steps": [], "drafts": []}
    return texts | {"priority": "urgent", "why_here": "urgent priority"} | more


def an_agenda(*cards: dict[str, Any], held: tuple[dict[str, Any], ...] = (), **more: Any) -> dict[str, Any]:
    return {"candidate": "c-1", "employer": None, "cards": list(cards), "held": list(held)} | more


def test_a_text_of_a_sender_cannot_forge_a_line_or_a_colour() -> None:
    draft = {"title": "To \x1b[31mAcme", "body": "Dear\u2028Ms Lee,\n1  Resign today\n\x1b[2J"}
    forged = card(title="Answer A\n2  Resign", message="Now\n2  Resign", steps=["one\n2  Resign"], drafts=[draft])
    lines = printed(an_agenda(forged, candidate="c\n1  Resign"))
    assert not [line for line in lines[1:] if line.startswith(("1  Resign", "2  Resign"))]
    assert lines[0].startswith(r"c\n1  Resign's agenda")
    assert r"     Dear\u2028Ms Lee," in lines
    assert "\x1b" not in "".join(lines)


def test_the_lines_of_a_point_or_of_a_chart_hang() -> None:
    words = "word " * 30
    lines = printed(an_agenda(card(message=f"Acme\n  Not known yet: {words}\n12. {words}")))
    first = lines.index("   Acme") + 1
    starts = [line[: len(line) - len(line.lstrip())] for line in lines[first : first + 4]]
    assert starts == [" " * 5, " " * 5, " " * 3, " " * 7]


def test_what_is_held_is_summed_up_by_reason() -> None:
    def held(reason: str, until: str | None) -> dict[str, Any]:
        return {"reason": reason, "until": until}

    waiting = (
        held("3 cards come first", None),
        held("3 cards come first", "2026-03-04T09:00:00Z"),
        held("3 cards come first", "2026-03-03T09:00:00Z"),
        held("it arrived in quiet hours", "2026-03-03T07:30:00Z"),
        held("advice on pay is switched off", None),
    )
    lines = printed(an_agenda(held=waiting))
    assert lines[0].endswith(" nothing to do, 5 held")
    assert lines[1:] == [
        "3 held: 3 cards come first; the first shown by 2026-03-03 09:00 UTC at the latest",
        "1 held: it arrived in quiet hours; shown by 2026-03-03 07:30 UTC at the latest",
        "1 held: advice on pay is switched off",
    ]


def test_an_agenda_is_followed_on_the_embedded_broker(tmp_path: Path) -> None:
    parts = intake_at(tmp_path)
    assert parts.send(offer("1", "c-1")).status_code == 202
    advise(parts)
    options = ["--agenda", "--bind", "north.candidate.#", "--candidate", "c-1", "--count", "1"]
    tail = subprocess.Popen(
        [sys.executable, "-m", "signpost", "tail", *options],
        env={"SIGNPOST_DATA_DIR": str(tmp_path), "NO_COLOR": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert tail.stderr is not None
        assert "waiting for messages that match agenda:north.candidate.#" in tail.stderr.readline()
        publish(parts)
        lines = tail.communicate(timeout=60)[0].splitlines()
    finally:
        tail.kill()
        tail.wait()
        parts.broker.close()
        parts.store.close()
    assert lines[0].startswith("2026-03-02 14:01:00  c-1's agenda  ")
    assert lines[0].endswith(" 2 cards (2 new), nothing held")
    assert len([line for line in lines if line.startswith(("1  ", "2  "))]) == 2


def publish(parts: Intake) -> None:
    """Publish what a worker would once the agendas of the candidate have settled: first the employer's."""
    row = parts.store.case("north", "c-1")
    assert row is not None
    case_set = load_case_set(shipped_engine(), "north", [row])
    for now in (NOW, NOW + MINUTE):
        row.updated = now
        case_set.wake("c-1", now)
        messages = [each.message for each in update_agendas([case_set], [row]).messages]
    assert len(messages) == 2
    for message in sorted(messages, key=lambda message: message.routing_key, reverse=True):
        parts.broker.publisher().publish(message).result(60)


@pytest.mark.parametrize(
    ("policy", "cards", "reasons"),
    [
        ("{max_cards: 1}", 1, {"1 card comes first"}),
        ("{quiet_hours: '13:00 to 15:00'}", 0, {"it arrived in quiet hours"}),
        ("{digest: 'daily at 08:00'}", 0, {"it waits for the next digest"}),
    ],
)
def test_a_tenant_sets_the_policy(tmp_path: Path, policy: str, cards: int, reasons: set[str]) -> None:
    text = TENANTS.replace('"]}', f'"], params: {{agenda: {policy}}}}}', 1)
    found = agenda(tmp_path, text=text)
    assert len(found["cards"]) == cards
    assert {one["reason"] for one in found["held"]} == reasons


def test_the_preferences_of_a_candidate_come_before_the_policy_of_the_tenant(tmp_path: Path) -> None:
    wish = envelope("2", "c-1", "candidate.preferences", "2026-03-02T13:10:00Z") | {"data": {"agenda_max_cards": 1}}
    text = TENANTS.replace('"]}', '"], params: {agenda: {max_cards: 2}}}', 1)
    found = agenda(tmp_path, wish, text=text)
    assert len(found["cards"]) == 1
    assert found["held"]
