"""Acts: of two pieces of advice that exclude each other, one takes the place of the other, visibly."""

from pathlib import Path
from typing import Any

import pytest

from signpost.advice.advise import advise
from signpost.advice.records import load_records
from signpost.case import Case, Event
from signpost.case.instant import HOUR, parse_instant
from signpost.engine import CompiledEngine
from signpost.rulebook import RulebookError, load

NOW = parse_instant("2026-03-02T09:00:00Z")
ACTS = """
acts:
  withdraw: {means: W, replaces: {same subject: [wait, ask], other subject: [withdraw]}}
  decline: {means: D, replaces: {same employer: [thank], other employer: [prepare]}}
  wait: {means: W, replaces: {anywhere: [resign]}}
  resign: {means: R}
  ask: {means: A, with: [employer, recruiter]}
  thank: {means: T}
  prepare: {means: P}
"""
RULE = """
{id}:
  about: {about}
  act: {act}
  audience: {audience}
  source: a
  when: {when}
  priority: normal
  title: T
  message: M
"""


def engine(folder: Path, *rules: tuple[str, str, str, str] | tuple[str, str, str, str, str]) -> CompiledEngine:
    """Rules given as (id, about, act, condition, audience)."""
    (folder / "sources.yaml").write_text("articles: {a: A}\n")
    (folder / "acts.yaml").write_text(ACTS)
    texts = [
        RULE.format(id=id, about=about, act=act, when=when, audience=rest[0] if rest else "candidate")
        for id, about, act, when, *rest in rules
    ]
    (folder / "topic.yaml").write_text("".join(texts))
    return CompiledEngine(load(folder))


def states(engine: CompiledEngine, *said: tuple[str, dict[str, Any]]) -> dict[str, str]:
    """Key -> `active`, or the key of what takes its place."""
    events = [
        Event("t", "s", f"e-{hour}", type_, NOW + hour * HOUR, "c-1", data) for hour, (type_, data) in enumerate(said)
    ]
    result = advise(engine, Case().fold(*events), b"", tenant="t", key="c-1", now=NOW + 24 * HOUR)
    return {key: record.by or record.state for key, record in load_records(result.advice_state).items()}


def offer(id: str, employer: str = "acme", name: str = "extended") -> tuple[str, dict[str, Any]]:
    return f"offer.{name}", {"offer": id, "employer": {"id": employer}}


def interview(id: str, employer: str) -> tuple[str, dict[str, Any]]:
    return "interview.scheduled", {"interview": id, "employer": {"id": employer}}


def test_an_act_replaces_others_about_the_same_subject(tmp_path: Path) -> None:
    made = engine(
        tmp_path,
        ("leave", "offer", "withdraw", "{stage: accepted}"),
        ("question", "offer", "ask employer", "{stage: known}"),
    )
    assert states(made, offer("x", name="accepted"), offer("y", "globex")) == {
        "leave@offer/x": "active",
        "question@offer/x": "leave@offer/x",
        "question@offer/y": "active",
    }


def test_an_act_can_reach_the_whole_case(tmp_path: Path) -> None:
    made = engine(
        tmp_path,
        ("hold", "offer", "wait", "{stage: accepted, letter: none}"),
        ("go", "candidate", "resign", "{any offer: {stage: accepted}}"),
    )
    held = states(made, offer("x", name="accepted"), offer("y", "globex", "letter_signed"))
    assert held == {"hold@offer/x": "active", "go@candidate/c-1": "hold@offer/x"}
    assert states(made, offer("y", "globex", "letter_signed")) == {"go@candidate/c-1": "active"}


def test_what_is_replaced_replaces_nothing(tmp_path: Path) -> None:
    made = engine(
        tmp_path,
        ("leave", "offer", "withdraw", "{stage: accepted, letter: none}"),
        ("hold", "offer", "wait", "{stage: accepted, letter: none}"),
        ("go", "candidate", "resign", "{any offer: {stage: accepted}}"),
    )
    assert states(made, offer("x", name="accepted")) == {
        "leave@offer/x": "active",
        "hold@offer/x": "leave@offer/x",
        "go@candidate/c-1": "active",
    }


def test_of_one_act_that_excludes_itself_the_later_subject_counts(tmp_path: Path) -> None:
    made = engine(tmp_path, ("leave", "offer", "withdraw", "{stage: accepted}"))
    assert states(made, offer("x", name="accepted"), offer("y", "globex", "accepted")) == {
        "leave@offer/y": "active",
        "leave@offer/x": "leave@offer/y",
    }


def test_an_act_can_reach_one_employer_or_all_others(tmp_path: Path) -> None:
    made = engine(
        tmp_path,
        ("no", "offer", "decline", "{stage: open}"),
        ("thanks", "interview", "thank", "{stage: upcoming}"),
        ("ready", "interview", "prepare", "{stage: upcoming}"),
    )
    found = states(
        made, offer("x"), interview("i", "acme"), interview("k", "globex"), ("interview.scheduled", {"interview": "u"})
    )
    assert found == {
        "no@offer/x": "active",
        "thanks@interview/i": "no@offer/x",
        "thanks@interview/k": "active",
        "thanks@interview/u": "active",
        "ready@interview/i": "active",
        "ready@interview/k": "no@offer/x",
        "ready@interview/u": "active",
    }


def test_advice_to_another_audience_or_employer_is_never_replaced(tmp_path: Path) -> None:
    made = engine(
        tmp_path,
        ("hold", "offer", "wait", "{stage: open}"),
        ("employers-hold", "offer", "wait", "{stage: open}", "employer"),
        ("employers-go", "offer", "resign", "{stage: accepted}", "employer"),
    )
    found = states(made, offer("x"), offer("y", "globex", "accepted"), offer("z", "acme", "accepted"))
    assert found == {
        "hold@offer/x": "active",
        "employers-hold@offer/x": "active",
        "employers-go@offer/y": "active",
        "employers-go@offer/z": "employers-hold@offer/x",
    }


def test_the_counterpart_is_part_of_the_act(tmp_path: Path) -> None:
    made = engine(tmp_path, ("question", "offer", "ask recruiter", "{stage: open}"))
    act = made.rulebook.rules["question"].act
    assert act is not None
    assert (act.name, act.counterpart, str(act)) == ("ask", "recruiter", "ask recruiter")


@pytest.mark.parametrize("act", ["ask", "ask nobody", "wait employer", "sleep"])
def test_an_act_that_the_table_does_not_know_is_refused(tmp_path: Path, act: str) -> None:
    with pytest.raises(RulebookError, match="R057"):
        engine(tmp_path, ("r", "offer", act, "{stage: open}"))
