"""The data of a published change: its norms, its employer, and what comes first."""

from pathlib import Path
from typing import Any

import pytest

from signpost.advice import advise
from signpost.advice.document import employer_of, urgency
from signpost.case import Case, Event
from signpost.case.instant import parse_instant
from signpost.engine import CompiledEngine
from signpost.facts.entity import Entity
from signpost.rulebook import load

START = parse_instant("2026-03-02T14:00:00Z")
NORM = {"claim": "Ask on receipt.", "source": "A survey", "quality": "B", "place": "US", "reviewed": "2026-03-01"}
RULE = "  {about: offer, source: a, when: {stage: open}, priority: low, title: Ask, message: Ask.%s}\n"


def test_a_change_shows_the_norms_behind_its_rule(tmp_path: Path) -> None:
    (tmp_path / "sources.yaml").write_text(
        "articles: {a: An article}\n"
        "norms: {in-time: {claim: Ask on receipt., source: A survey, quality: B, place: US, reviewed: 2026-03-01}}\n"
    )
    with_norm, without = RULE % ", norms: [in-time]", RULE % ""
    (tmp_path / "topic.yaml").write_text(f"one:\n{with_norm}two:\n{without}")
    case = Case().fold(Event("acme", "test", "e", "offer.extended", START, "c-1", {"offer": "o"}))
    changes = advise(CompiledEngine(load(tmp_path)), case, b"", tenant="acme", key="c-1", now=START).changes
    norms = {change.rule: change.data["explanation"]["norms"] for change in changes}
    assert norms == {"one": [{"id": "in-time", **NORM}], "two": []}


@pytest.mark.parametrize(
    ("values", "employer"),
    [
        ({}, None),
        ({"employer": "acme"}, {"id": "acme", "name": None}),
        ({"employer_name": "Acme"}, {"id": None, "name": "Acme"}),
        ({"employer": "acme", "employer_name": "Acme"}, {"id": "acme", "name": "Acme"}),
    ],
)
def test_a_change_names_the_employer_as_far_as_it_is_known(values: dict[str, Any], employer: Any) -> None:
    assert employer_of(Entity("offer", "o", values)) == employer


def test_of_equal_priority_the_first_to_be_due_comes_first_and_what_is_never_due_last() -> None:
    def advice(rule: str, priority: str, due: str | None) -> dict[str, Any]:
        return {"rule": rule, "priority": priority, "due": due, "subject": {"kind": "offer", "id": "o"}}

    listed = [
        advice("never", "high", None),
        advice("late", "high", "2026-03-10T14:00:00Z"),
        advice("soon", "high", "2026-03-09T23:00:00-05:00"),
        advice("urgent", "urgent", None),
    ]
    assert [one["rule"] for one in sorted(listed, key=urgency)] == ["urgent", "soon", "late", "never"]
