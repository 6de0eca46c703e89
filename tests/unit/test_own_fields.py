"""Own fields and overlays: declared in folders of rules, checked at the intake, folded, and filled by vendors."""

import json
import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from signpost.authoring.inspection import inspect
from signpost.authoring.timelines import TimelineError, find_timelines
from signpost.authoring.timelines import run_timelines as run_timelines_of
from signpost.case import Case, Event
from signpost.case.instant import parse_instant
from signpost.cli.rules.check import check
from signpost.cli.rules.test import test as run_timelines
from signpost.doctor.tellable import own_told_by
from signpost.engine import CompiledEngine, DurableEngine
from signpost.facts.facts import facts_of
from signpost.ingress.checking import try_samples
from signpost.ingress.mapping_reader import MappingError, load_mapping
from signpost.ingress.receipt import Receipt
from signpost.ingress.scope import Trace
from signpost.ingress.translate import translate
from signpost.ingress.unmatched import unmatched
from signpost.ingress.vendors import VENDORS
from signpost.rulebook import RulebookError, load
from signpost.rulebook.own_fields import read_own_fields
from signpost.schemas import InvalidEvent, dump_event, load_event, load_own_event
from signpost.schemas.problems import Hints
from signpost.tenants.live import LiveTenants
from signpost.tenants.live_rulebooks import LiveEngines
from signpost.tenants.loading import TenantsError, load_tenants
from signpost.tenants.model import Source
from signpost.tenants.rulebooks import load_rulebooks
from signpost.yaml_files.problems import Problems
from tests.support.rulebooks import OWN_FIELDS, RULES

NOW = parse_instant("2026-03-02T14:00:00Z")
RULE = """
ask-{name}:
  about: offer
  audience: {audience}
  source: {source}
  when: {{stage: open, {when}}}
  priority: normal
  title: Ask about {{{{ {emitted} }}}}
  message: M
"""


def rule(
    when: str, name: str = "it", audience: str = "candidate", emitted: str = "title", source: str = "a", act: str = ""
) -> str:
    text = RULE.format(when=when, name=name, audience=audience, emitted=emitted, source=source)
    return text.replace("  about: offer\n", f"  about: offer\n  act: {act}\n") if act else text


def folder(path: Path, rules: str = "", fields: str = OWN_FIELDS, sources: str = "articles: {a: An article}\n") -> Path:
    path.mkdir(exist_ok=True)
    for name, text in (("own", rules), ("fields", fields), ("sources", sources)):
        if text:
            (path / f"{name}.yaml").write_text(text, encoding="utf-8")
    return path


def problems(folders: Path | tuple[Path, ...]) -> list[str]:
    with pytest.raises(RulebookError) as caught:
        load(folders)
    return [str(problem) for problem in caught.value.problems]


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


def own(text: str = OWN_FIELDS, path: Path | None = None) -> Any:
    assert path is not None
    found = Problems()
    vocabulary = read_own_fields(folder(path, fields=text), found)
    assert found.found == []
    return vocabulary.own_kinds


# Declarations


@pytest.mark.parametrize(
    ("declared", "problem"),
    [
        ("offer: {salary: {type: money, visible_to: employer}}", "R012 offer has a field 'salary' already"),
        ("offer: {missing: {type: text, visible_to: employer}}", "R012 'missing' has a meaning in rules already"),
        ("offer: {benefits_health: {type: text, visible_to: employer}}", "R012 'benefits_health' has a meaning"),
        ("offer: {Probation: {type: days, visible_to: employer}}", "R012 a field cannot be called 'Probation'"),
        ("offer: {x: {type: day, visible_to: employer}}", "R013 type cannot be 'day' (did you mean days"),
        ("offer: {x: {type: days}}", "R011 the field x must have 'visible_to' (write visible_to: employer if"),
        ("offer: {x: {visible_to: employer}}", "R011 the field x must have 'type' (write type: text, number,"),
        ("offer: {x: {type: days, visible_to: all}}", "R013 visible_to cannot be 'all'"),
        ("offer: {x: {type: days, visible: employer, visible_to: employer}}", "R010 the field x has no 'visible'"),
        ("offer: {x: {type: choice, visible_to: employer}}", "R011 the field x: `choices` goes with type: choice"),
        ("offer: {x: {type: choice, choices: [a b], visible_to: employer}}", "R006 choices must be a list of words"),
        ("offers: {x: {type: days, visible_to: employer}}", "R010 fields has no 'offers' (did you mean offer?)"),
        ("candidate: {x: {type: days, visible_to: employer}}", "R021 x is the candidate's"),
    ],
)
def test_a_faulty_declaration_is_named_with_its_place(tmp_path: Path, declared: str, problem: str) -> None:
    found = problems(folder(tmp_path, rule("title: known"), fields=f"fields:\n  {declared}\n"))
    place = f"{tmp_path}/fields.yaml:2:"
    assert any(one.startswith(place) and problem in one for one in found), found


@pytest.mark.parametrize(
    "declared",
    [
        "offer: {probation: {type: days}}",
        "offer: {probation: {type: day, visible_to: employer}}",
        "offers: {probation: {type: days, visible_to: employer}}",
        "offer: {Probation: {type: days, visible_to: employer}}",
        "offer: [probation: {type: days, visible_to: employer}]",
        "offer: {probation: {type: days, label: months: at most, visible_to: employer}}",
    ],
)
def test_what_follows_from_a_faulty_declaration_is_not_reported(tmp_path: Path, declared: str) -> None:
    path = folder(tmp_path, rule("probation: above 60", emitted="probation"), fields=f"fields:\n  {declared}\n")
    (path / "timelines").mkdir()
    (path / "timelines" / "t.yaml").write_text(
        "timelines:\n  - name: t\n    start: 2026-03-02T09:00:00Z\n    events:\n"
        "      - {at: 0h, type: offer.extended, offer: o, custom: {probation: 90}}\n"
        "    expect:\n      - {at: 1h, includes: [ask-it@offer/o]}\n"
    )
    _, found = inspect(path, date(2026, 12, 1))
    assert [one.position.file.rpartition("/")[2] for one in found] == ["fields.yaml"]
    with pytest.raises(RulebookError):  # and no R021 of the timeline
        run_timelines_of([path], path)


@pytest.mark.parametrize(("condition", "days"), [("above 90d", 90), ("at least 90 days", 90), ("below 2w", 14)])
def test_a_number_of_days_has_no_unit(tmp_path: Path, condition: str, days: int) -> None:
    [found] = problems(folder(tmp_path, rule(f"probation_period: {condition}")))
    assert f"does not fit days (write the number of days without a unit: {days})" in found


def test_rules_name_declared_fields_and_misspelt_ones_are_problems(tmp_path: Path) -> None:
    rulebook = load(folder(tmp_path, rule("probation_period: above 60", emitted="probation_period")))
    assert list(rulebook.vocabulary.own["candidate"]) == ["needs_visa", "most_probation", "available_on"]
    [found] = problems(folder(tmp_path, rule("probation_perod: above 60")))
    assert "R020 offer has no field 'probation_perod' (did you mean probation_period?)" in found
    [found] = problems(folder(tmp_path, rule("candidate: {needs_visa: not true}")))
    assert "write false or, if it may be unknown, any of: [{needs_visa: false}, {needs_visa: unknown}]" in found
    [found] = problems(folder(tmp_path, rule("shift: evening")))
    assert "R021 'evening' does not fit shift (choice)" in found
    [found] = problems(folder(tmp_path, rule("title: known", emitted="probation")))
    assert "R041 unknown variable 'probation'" in found
    [found] = problems(folder(tmp_path, rule("probation_period: above zzz")))
    names = ", ".join(rulebook.vocabulary.own["offer"])
    assert f"(docs/rulebook/fields.md lists the fields of an offer; fields.yaml declares {names})" in found


def test_what_follows_from_a_wrong_audience_is_not_reported(tmp_path: Path) -> None:
    text = rule("fit: above 1", audience="employer") + "  item: how it fits\n  question: Does it?\n"
    found = problems(folder(tmp_path, text))
    assert {one.split()[1] for one in found} == {"R060"}, found


@pytest.mark.parametrize(
    ("when", "emitted"),
    [
        ("fit: above 1", "title"),
        ("title: known", "fit"),
        ("candidate: {needs_visa: true}", "title"),
        ("any other offer: {probation_period: above 60}", "title"),
        ("any interview: {for: this one, stage: known, impression: known}", "title"),
    ],
)
def test_an_employers_rule_that_could_see_too_much_is_refused(tmp_path: Path, when: str, emitted: str) -> None:
    assert "ask-it" in load(folder(tmp_path, rule(when, emitted=emitted))).rules
    assert any(
        "R060" in one or "R041" in one for one in problems(folder(tmp_path, rule(when, "it", "employer", emitted)))
    )
    assert "ask-it" in load(folder(tmp_path, rule("probation_period: above 60", "it", "employer", "shift"))).rules


# Overlays


def test_an_overlay_adds_rules_sources_and_fields(tmp_path: Path) -> None:
    overlay = folder(tmp_path / "more", rule("shift: night", source="before-accepting"), sources="")
    shipped, joined = load(RULES), load((RULES, overlay))
    assert set(joined.rules) - set(shipped.rules) == {"ask-it"}
    assert joined.version != shipped.version == load((RULES,)).version
    fields = overlay / "fields.yaml"
    fields.write_text(fields.read_text() + "    arrived: {type: boolean, visible_to: candidate}\n")
    assert load((RULES, overlay)).version != joined.version


def test_what_stands_twice_is_named_with_both_places(tmp_path: Path) -> None:
    one, two = (folder(tmp_path / name, rule("title: known")) for name in ("one", "two"))
    found = problems((one, two))
    assert f"{two}/own.yaml:2:1: R012 the rule ask-it stands already at own.yaml:3:3" in found
    assert any(
        f"{two}/sources.yaml:1:12: R012 the article a is declared already at sources.yaml:1:12" in p for p in found
    )
    assert any("R012 offer.car is declared already at fields.yaml:" in one for one in found)


@pytest.mark.long
def test_the_command_line_takes_ours_and_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    folder(Path("mine"), rule("shift: night", source="before-accepting", act="decide"), sources="")
    found = CliRunner().invoke(check, ["ours:mine"])
    assert found.exit_code == 1
    assert found.output.splitlines()[0].startswith("mine/own.yaml:3:3: R070 no timeline expects ask-it")
    Path("mine/timelines").mkdir()
    line = "{at: 0m, type: offer.extended, offer: o, custom: {shift: night}}"
    text = "timelines:\n  - name: t\n    start: 2026-03-02T09:00:00Z\n    events:\n      - %s\n    expect:\n%s"
    expected = "      - {at: 0m, includes: [ask-it@offer/o]}\n"
    Path("mine/timelines/t.yaml").write_text(text % (line, expected))
    checked = CliRunner().invoke(check, ["ours:mine"]).output
    assert f"{len(load(RULES).rules) + 1} rules, 15 own fields, no problem" in checked
    ran = CliRunner().invoke(run_timelines, ["mine/timelines", "--rulebook", "ours:mine"])
    assert (ran.exit_code, ran.output) == (0, "1 timeline, 1 expectation, 0 failed\n")
    Path("mine/timelines/t.yaml").write_text(text % (line.replace("shift: night", "shft: night"), expected))
    ran = CliRunner().invoke(run_timelines, ["mine/timelines", "--rulebook", "ours:mine"])
    assert "R021 offer.extended: shft is not declared" in str(ran.exception)
    assert CliRunner().invoke(check, ["ours:nowhere"]).exit_code == 2


# The intake


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
    with pytest.raises(InvalidEvent, match="declared: none"):
        load_event(event(offer="o", custom={"shift": "day"}), tenant="t", now=NOW)
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


# Tenants


TENANTS = """tenants:
  north: {{api_keys: [], rules: north}}
  south: {{api_keys: []}}
sources:
  careers: {{tenant: north, vendor: ashby, secrets: ["plain:sixteen bytes ok"], fields: {{custom.{name}: Probation}}}}
"""


def test_a_tenant_has_rules_and_fields_of_its_own(tmp_path: Path) -> None:
    folder(tmp_path / "north", rule("shift: night", source="before-accepting"), sources="")
    file = tmp_path / "tenants.yaml"
    file.write_text(TENANTS.format(name="probation_period"))
    found = load_rulebooks(RULES, file)
    assert "ask-it" in found.of("north").rules
    assert "ask-it" not in found.of("south").rules
    tenants = load_tenants(file, {}, rules=RULES)
    assert "shift" in tenants.own_fields("north")["offer"]
    assert tenants.own_fields("south")["offer"] == {}
    file.write_text(TENANTS.format(name="probation"))
    problem = load_tenants(file, {}, rules=RULES).sources["careers"].problem
    assert re.search(r"custom\.probation' is not declared in fields\.yaml \(did you mean", problem)
    file.write_text(TENANTS.format(name="shift").replace("rules: north", "rules: nowhere"))
    with pytest.raises(TenantsError, match=r"tenants\.north\.rules must name a folder of rules; there is none at"):
        load_tenants(file, {}, rules=RULES)


def test_changed_overlays_and_declarations_are_taken_up(tmp_path: Path) -> None:
    north, more = (
        folder(tmp_path / "north", rule("shift: night", source="before-accepting"), sources=""),
        tmp_path / "m",
    )
    folder(more, rule("title: known", "more", source="before-accepting"), fields="", sources="")
    file = tmp_path / "tenants.yaml"
    file.write_text(TENANTS.format(name="probation_period"))
    engines = LiveEngines((RULES, more), file, CompiledEngine, lambda seconds: None)
    tenants = LiveTenants(file, {}, rules=(RULES, more))
    folder(north, rule("shift: day", "north", source="before-accepting"), OWN_FIELDS.replace("car:", "bike:"), "")
    folder(more, rule("title: known", "moved", source="before-accepting"), fields="", sources="")
    engines.reload_now()
    assert engines.refused == []
    assert {"ask-north", "ask-moved"} <= engines.now().of("north").rulebook.rules.keys()
    assert tenants.poll(tenants.poll()) == ""
    assert "bike" in tenants.own_fields("north")["offer"]


def test_vendors_custom_fields_are_told_as_own_fields(tmp_path: Path) -> None:
    custom = {"probation": {"type": "short_text", "value": "90"}, "shift": {"type": "x", "value": "dusk"}}
    payload = {"id": 7, "application_id": 8, "sent_on": "2026-03-01", "offer_status": "Created"}
    body = {"action": "offer_created", "payload": payload | {"custom_fields": custom}}
    fields = {"custom.probation_period": "probation", "custom.shift": "shift", "custom.needs_visa": "probation"}
    receipt = Receipt("greenhouse/acme", NOW, "d", fields=fields, own=own(path=tmp_path))
    notes: list[str] = []
    documents = translate(VENDORS["greenhouse"], {}, body, receipt, notes)
    emitted = {one["type"]: one["data"].get("custom") for one in documents}
    assert emitted["signpost.offer.updated.v1"] == {"probation_period": 90}
    place = "custom.shift (fields of source acme: shift)"
    assert any(note.startswith(f"{place} was left out: its value cannot be read; ") for note in notes)


PEOPLE = """
title: People
attested: made up
signature: {scheme: body}
event: kind
occurrence: id
events:
  - on: [deal]
    subject: person.id
    emit:
      - type: offer.extended
        each: {person: people}
        id: "{person.id}-{occurrence}"
        data: {offer: person.id}
        terms:
          title: person.role
          CUSTOM: person.deal.days
samples: []
"""


@pytest.mark.parametrize("by", ["mapping", "source"])
def test_own_fields_are_mapped_for_each_item_of_a_list(tmp_path: Path, by: str) -> None:
    file = tmp_path / "people.yaml"
    file.write_text(PEOPLE.replace("CUSTOM", "custom.probation_period" if by == "mapping" else "location"))
    people = [
        {"id": 1, "deal": {"days": 90}},
        {"id": 2},
        {"id": 3, "deal": {"days": "120"}},
        {"id": 4, "deal": {"days": []}},
    ]
    people.append({"id": 5, "deal": {"days": "long"}})
    fields = {"custom.probation_period": "person.deal.days"} if by == "source" else {}
    receipt, notes = Receipt("people/acme", NOW, "d", fields=fields, own=own(path=tmp_path / "own")), list[str]()
    documents = list(translate(load_mapping(file), {}, {"kind": "deal", "id": "e", "people": people}, receipt, notes))
    custom = {one["subject"]: one["data"].get("custom") for one in documents}
    assert custom == {"1": {"probation_period": 90}, "2": None, "3": {"probation_period": 120}, "4": None, "5": None}
    [note] = [one for one in notes if "probation_period" in one]
    place = "people.yaml:17:36: custom.probation_period"
    if by == "source":
        place = "custom.probation_period (fields of source acme: person.deal.days)"
    assert note.startswith(f"{place} was left out: ")
    assert note.endswith(" (first in person 5 of 5)")


def test_a_mapped_own_field_that_no_rulebook_declares_leaves_a_note(tmp_path: Path) -> None:
    file = tmp_path / "people.yaml"
    file.write_text(PEOPLE.replace("CUSTOM", "custom.probation_perod"))
    vendor, receipt = load_mapping(file), Receipt("people/acme", NOW, "d", own=own(path=tmp_path / "own"))

    def notes_about(deal: dict[str, int]) -> list[str]:
        notes: list[str] = []
        body = {"kind": "deal", "id": "e", "people": [{"id": 1, "deal": deal}]}
        assert len(list(translate(vendor, {}, body, receipt, notes))) == 1
        return [one for one in notes if "custom" in one]

    [note] = notes_about({"days": 90})
    assert note.startswith("people.yaml:17:35: custom.probation_perod was left out: no fields.yaml declares it")
    assert note.endswith(" as a field of offer; did you mean probation_period?")
    assert notes_about({}) == [], "no value is left out"


def test_a_sample_with_nothing_but_an_own_field_gives_its_event(tmp_path: Path) -> None:
    """Samples are tried without a rulebook, which could declare the field."""
    text = PEOPLE.replace("CUSTOM", "custom.probation_period").replace("          title: person.role\n", "")
    file = tmp_path / "people.yaml"
    file.write_text(
        text.replace(
            "samples: []",
            "        only_with_terms: true\nsamples: [{file: one.json, attested: made up, gives: [offer.extended]}]",
        )
    )
    (tmp_path / "samples" / "people").mkdir(parents=True)
    sample = {"kind": "deal", "id": "e", "people": [{"id": 1, "deal": {"days": 90}}, {"id": 2}]}
    (tmp_path / "samples" / "people" / "one.json").write_text(json.dumps(sample))
    vendor, trace = load_mapping(file), Trace()
    [tried] = try_samples(vendor, NOW, trace=trace)
    assert (tried.gave, tried.problem) == (("offer.extended",), "")
    assert list(unmatched(vendor, trace)) == []
    source = Source("s", "acme", "people", ("x" * 16,), fields={"custom.shift": "shift", "title": "role"})
    assert own_told_by(vendor, source) == {"probation_period", "shift"}


def test_a_mapping_gives_own_fields_only_to_events_that_take_them(tmp_path: Path) -> None:
    file = tmp_path / "people.yaml"
    text = PEOPLE.replace("CUSTOM", "custom.probation_period").replace("offer.extended", "offer.accepted")
    file.write_text(text.replace("title: person.role", "by: person.by"))
    with pytest.raises(MappingError) as caught:
        load_mapping(file)
    [problem] = caught.value.problems
    assert str(problem).startswith(
        "people.yaml:17:11: R020 offer.accepted has no field 'custom.probation_period' (events with fields of your own"
    )


# Messages that lead an author on


def test_money_compares_only_with_an_amount(tmp_path: Path) -> None:
    for operand in ("2000", "2000.50", "EUR 2000", "€2000", "-5"):
        [found] = problems(folder(tmp_path, rule(f"sign_on: below {operand}")))
        assert "R021 sign_on is of type money and cannot be compared with a plain value (write at least" in found
        assert found.endswith("above / below and another amount of money)")
    text = rule("sign_on: below cap").replace("  priority", "  params: {cap: 2000}\n  priority")
    found = problems(folder(tmp_path, text))[0]
    assert found.endswith(
        "is 2000, which does not fit money (write at least / at most / above / below and another amount of money)"
    )


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


@pytest.mark.parametrize(
    ("act", "hint"),
    [
        ("ask", "known: ask employer, ask present employer"),
        ("ask emploier", "did you mean ask employer or ask present employer?"),
        ("aks employer", "did you mean ask employer or thank employer?"),
        ("telephone", "acts.yaml lists the known ones"),
    ],
)
def test_an_unknown_act_leads_to_known_ones(tmp_path: Path, act: str, hint: str) -> None:
    found = problems((RULES, folder(tmp_path, rule("title: known", act=act))))
    assert [one.partition("R057 ")[2] for one in found] == [f"there is no act {act!r} ({hint})"]


def test_a_folder_that_adds_to_the_shipped_rules_is_led_there_when_it_stands_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    mine = folder(Path("mine"), rule("title: known", act="ask employer"), sources="")
    (mine / "timelines").mkdir()
    (mine / "timelines" / "t.yaml").write_text(
        "timelines:\n  - name: t\n    start: 2026-03-02T09:00:00Z\n    events:\n"
        "      - {at: 0h, type: offer.extended, offer: o, custom: {shift: day}}\n"
        "    expect:\n      - {at: 1h, includes: [ask-it@offer/o]}\n"
    )
    output = CliRunner().invoke(check, ["mine"]).output
    assert "R002 sources.yaml is missing (it declares the articles and norms that rules use; if" in output
    assert "adds to the shipped rules, name ours:mine)" in output
    assert "(declare it in acts.yaml, or use those of the shipped rules: ours:DIR for a folder DIR)" in output
    for path in ("mine", "mine/timelines", "mine/timelines/t.yaml"):
        ran = CliRunner().invoke(run_timelines, [path])
        assert ran.stderr.endswith("the shipped rules alone; with rules of your own: --rulebook ours:mine\n")
