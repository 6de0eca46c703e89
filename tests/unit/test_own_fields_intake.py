"""Own fields at the intake: values are checked and canonical, and what no longer fits stays in the case."""

import re
from pathlib import Path
from typing import Any

import pytest

from signpost.authoring.timelines import TimelineError, find_timelines
from signpost.case import Case, Event
from signpost.case.instant import parse_instant
from signpost.engine import CompiledEngine, DurableEngine
from signpost.facts.facts import facts_of
from signpost.rulebook import load
from signpost.schemas import InvalidEvent, dump_event, load_event, load_own_event
from signpost.schemas.fields import Line
from signpost.schemas.problems import Hints
from tests.support.own_folders import folder, own, rule

NOW = parse_instant("2026-03-02T14:00:00Z")


def event(type_: str = "offer.extended", **data: Any) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": "e-1",
        "source": "ats",
        "type": f"signpost.{type_}.v1",
        "time": "2026-03-02T13:00:00Z",
        "subject": "c-1",
        "data": data,
    }


def test_the_intake_refuses_unknown_names_and_other_types(tmp_path: Path) -> None:
    declared = own(path=tmp_path)
    sent = {"probation_perod": 90, "shift": "evening", "sign_on": {"amount": "x", "currency": "USD", "per": "year"}}
    with pytest.raises(InvalidEvent) as caught:
        load_event(event(offer="o", custom=sent), tenant="t", now=NOW, own=declared)
    found = {problem.pointer: problem.message for problem in caught.value.problems}
    assert found.keys() == {"/data/custom/probation_perod", "/data/custom/shift", "/data/custom/sign_on/amount"}
    assert "did you mean probation_period?" in found["/data/custom/probation_perod"]
    assert found["/data/custom/shift"] == "must be one of day, night, not 'evening'"
    there = "it is a field of the candidate: send it with candidate.preferences"
    with pytest.raises(InvalidEvent, match=f"/data/custom/needs_visa: is not declared for this event.*; {there}"):
        load_event(event(offer="o", custom={"needs_visa": True}), tenant="t", now=NOW, own=declared)
    with pytest.raises(InvalidEvent, match=r"/data/custom/shift: .* no field in fields\.yaml; .*=ours:DIR"):
        load_event(event(offer="o", custom={"shift": "day"}), tenant="t", now=NOW)
    with pytest.raises(InvalidEvent, match=r"in fields\.yaml; declared: none"):
        load_event(event(offer="o", custom={"shift": "day"}), tenant="t", now=NOW, own={"candidate": {"a": Line()}})
    with pytest.raises(InvalidEvent, match=r"/data/car: is not a known field; .* belongs under 'custom'"):
        load_event(event(offer="o", car=True), tenant="t", now=NOW, own=declared)
    with pytest.raises(InvalidEvent, match=TAKEN_ELSEWHERE.format("custom")):
        load_event(event("offer.countered", offer="o", custom={"shift": "day"}), tenant="t", now=NOW, own=declared)


TAKEN_ELSEWHERE = "/data/{}: is not a known field; the events that take fields of your own are offer.extended, "


def test_a_field_of_ones_own_beside_shipped_ones_is_sent_to_custom(tmp_path: Path) -> None:
    declared = own("fields: {offer: {relocation_allowance: {type: money, visible_to: employer}}}\n", tmp_path)
    with pytest.raises(InvalidEvent, match=r"field; a field of your own belongs under 'custom'$"):
        load_event(event(offer="o", relocation_allowance=1), tenant="t", now=NOW, own=declared)
    with pytest.raises(InvalidEvent, match=r"field; a field of your own belongs under 'custom'$"):
        load_event(event(offer="o", custom_relocation_allowance=1), tenant="t", now=NOW, own=declared)
    with pytest.raises(InvalidEvent, match=TAKEN_ELSEWHERE.format("relocation_allowance")):
        load_event(event("offer.accepted", offer="o", relocation_allowance=1), tenant="t", now=NOW, own=declared)
    with pytest.raises(InvalidEvent, match=r"field; did you mean relocation\?$"):
        load_event(event(offer="o", relocation_allowance=1), tenant="t", now=NOW)
    line = "{at: 1h, type: offer.extended, offer: o, relocation_allowance: 1}"
    timeline = f"{{name: x, start: 2026-03-02T09:00:00Z, events: [{line}], expect: [{{at: 1h, includes: []}}]}}"
    (tmp_path / "t.yaml").write_text(f"timelines: [{timeline}]")
    with pytest.raises(TimelineError, match=r"extended: relocation_allowance .* belongs under 'custom'"):
        find_timelines([tmp_path / "t.yaml"], declared)


def test_values_are_canonical_and_survive_the_queue_without_a_declaration(tmp_path: Path) -> None:
    money = {"amount": 5000.50, "currency": "USD", "per": "year"}
    sent = event(offer="o", custom={"sign_on": money, "decided_at": "2026-03-01T10:00:00+01:00", "car": None})
    taken = load_event(sent, tenant="t", now=NOW, own=own(path=tmp_path))
    assert taken.data["custom"] == {
        "sign_on": {**money, "amount": "5000.5"},
        "decided_at": "2026-03-01T09:00:00Z",
        "car": None,
    }
    assert load_own_event(dump_event(taken)) == taken


def test_a_value_that_no_longer_fits_is_unknown_and_stays_in_the_case(tmp_path: Path) -> None:
    rulebook = load(folder(tmp_path, rule("shift: known")))
    said = Event(
        "t", "ats", "e", "offer.extended", NOW - 2, "c-1", {"offer": "o", "custom": {"shift": "noon", "gone": 1}}
    )
    case = Case().fold(said)
    assert case.registers["offer"]["o"]["custom.gone"][1] == 1
    [offer] = facts_of(case, "c-1", rulebook.vocabulary).entities["offer"]
    assert "shift" not in offer.values
    assert "gone" not in offer.values
    assert CompiledEngine(rulebook).answers(facts_of(case, "c-1", rulebook.vocabulary)) == []
    earlier = Event("t", "ats", "d", "offer.updated", NOW - 1, "c-1", {"offer": "o", "custom": {"shift": "night"}})
    facts = facts_of(case.fold(earlier), "c-1", rulebook.vocabulary)
    matches = CompiledEngine(rulebook).matches(facts, NOW)
    assert {match.rule for match in matches} == {"ask-it"}
    assert DurableEngine(rulebook).matches(facts, NOW) == matches


def test_a_refused_choice_is_repeated_with_the_nearest_one(tmp_path: Path) -> None:
    for value, end in (("on-site", "'on-site'; did you mean onsite?"), (7, "a number"), ("x" * 99, f"'{'x' * 59}…'")):
        with pytest.raises(
            InvalidEvent, match=f"/data/workplace: must be one of onsite, hybrid, remote, not {re.escape(end)}$"
        ):
            load_event(event(offer="o", workplace=value), tenant="t", now=NOW)
    many = event("candidate.preferences", priorities=[f"pa{number}" for number in range(100)])
    with pytest.raises(InvalidEvent) as caught:
        load_event(many, tenant="t", now=NOW, hints=Hints(3))
    assert sum("did you mean pay?" in problem.message for problem in caught.value.problems) == 3


def test_the_refusal_of_money_says_what_may_be_left_out() -> None:
    with pytest.raises(
        InvalidEvent, match="/data/salary: must be an object of amount, currency and optionally per, is a number"
    ):
        load_event(event(offer="o", salary=1), tenant="t", now=NOW)
