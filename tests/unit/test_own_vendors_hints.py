"""What `signpost sources check` says of likely mistakes in an own mapping: which word, name or header was meant."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from signpost.ingress.mapping_reader import load_mapping
from signpost.ingress.receiving import WebhookRequest, read
from signpost.tenants.model import Source
from tests.support.own_mappings import HUNTFLOW, SENT, call, own_mappings

RIGHT = "no sample has a recorded signature; one, with --secret-file, shows if `signature` is right"


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Path]:
    with own_mappings(tmp_path / "vendors") as folder:
        yield folder


def checked(own: Path, text: str) -> dict[str, Any]:
    (own / "huntflow.yaml").write_text(text)
    [found] = json.loads(call(own.parent, "sources", "check", str(own / "huntflow.yaml"), "--json").output)
    return dict(found)


def with_headers(headers: str) -> str:
    return HUNTFLOW.replace("attested: made up, gives", f"attested: made up, headers: {{{headers}}}, gives")


@pytest.mark.parametrize(
    ("headers", "told"),
    [
        ("X-Hf-Signature: 3b1f", "no sample has the header x-huntflow-signature; did you mean x-hf-signature?"),
        (f"X-Hf-Check: {'3b' * 32}", "no sample has the header x-huntflow-signature; did you mean x-hf-check?"),
        ("X-Huntflow-Signatory: Ada", RIGHT),
        ("X-Hf-Event: sent", RIGHT),
        ("X-Huntflow-Signature: 3b1f", ""),
    ],
)
def test_a_signature_under_another_header_is_named(own: Path, headers: str, told: str) -> None:
    assert checked(own, with_headers(headers))["unsigned"] == told
    output = call(own.parent, "sources", "check", str(own / "huntflow.yaml")).output
    assert (f"  warning: {told}\n" in output) == bool(told)


@pytest.mark.parametrize("text", ["title: [", HUNTFLOW.partition("samples:")[0] + "samples: []\n"])
def test_without_a_sample_nothing_is_said_of_its_signature(own: Path, text: str) -> None:
    assert checked(own, text)["samples"] == []
    assert "recorded signature" not in call(own.parent, "sources", "check", str(own / "huntflow.yaml")).output


def with_term(term: str) -> str:
    return HUNTFLOW.replace("respond_by: event.offer.answer_by", f"{term}: event.offer.period")


@pytest.mark.parametrize(
    ("term", "hint"),
    [
        ("rival_ban_months", "(a field of your own is custom.rival_ban_months)"),
        ("respond_bye", "(did you mean respond_by?)"),
        ("custom_level", "(a field of your own is custom.level)"),
    ],
)
def test_a_bare_name_of_an_own_field_is_told_how_to_write_it(own: Path, term: str, hint: str) -> None:
    [problem] = checked(own, with_term(term))["problems"]
    assert problem.endswith(f"R020 offer.extended has no field {term!r} {hint}")


FIELDS = """fields:
  offer:
    pay_rhythm: {type: choice, choices: [yearly, monthly], visible_to: employer}
"""


@pytest.mark.parametrize(("term", "shown"), [("custom.pay_rhythm", True), ("custom.pay_rythm", False)])
def test_own_fields_that_the_rules_declare_are_checked_and_shown(
    own: Path, monkeypatch: pytest.MonkeyPatch, term: str, shown: bool
) -> None:
    rules = own.parent / "my-rules"
    rules.mkdir()
    (rules / "fields.yaml").write_text(FIELDS)
    [sample] = checked(own, with_term(term))["samples"]
    assert "custom" not in sample["events"][0]["data"]
    [warning] = sample["warnings"]
    assert warning.endswith(
        " was left out here: the rules of SIGNPOST_RULES declare no field of your own; if `rules` of the tenant do, "
        "it is emitted"
    )
    monkeypatch.setenv("SIGNPOST_RULES", f"ours:{rules}")
    [sample] = checked(own, with_term(term))["samples"]
    assert sample["events"][0]["data"].get("custom") == ({"pay_rhythm": "yearly"} if shown else None)
    told = "huntflow.yaml:25:29: custom.pay_rythm was left out: no fields.yaml declares it as a field of offer"
    assert sample["warnings"] == ([] if shown else [f"{told}; did you mean pay_rhythm?"])
    (rules / "fields.yaml").write_text("offer: 5")
    assert checked(own, with_term(term))["samples"][0]["warnings"] == [warning], "`rules check` says why"


@pytest.mark.parametrize(
    ("expected", "sent", "hint"),
    [
        ('"true"', "true", "; the samples have true, a boolean: write it without quotes"),
        ('"true"', "false", "; the samples have false, a boolean: write it without quotes"),
        ("'yes'", "true", "; the samples have true, a boolean"),
        ('"31"', "31", "; the samples have 31, a number: write it without quotes"),
        ("31", '"31"', '; the samples have "31", a text: write it in quotes'),
        ("moved", '"made"', ""),
        ("31", "32", ""),
    ],
)
def test_a_condition_of_another_type_says_what_the_samples_have(own: Path, expected: str, sent: str, hint: str) -> None:
    sample = own / "samples" / "huntflow" / "offer-sent.json"
    sample.write_text(sample.read_text().replace('"offer": {', f'"moved": {sent}, "offer": {{'))
    when = f"        when: {{event.moved: {expected}}}\n        time:"
    unmatched = checked(own, HUNTFLOW.replace("        time:", when))["unmatched"]
    assert f"huntflow.yaml:15:16: the condition on 'event.moved' matched nothing in any sample{hint}" in unmatched


@pytest.mark.parametrize(
    ("expected", "sent", "hint"),
    [
        ('"true"', "true", "; the samples have true, a boolean: write it without quotes"),
        ("31", '"31"', '; the samples have "31", a text: write it in quotes'),
        ('[made, "31"]', "31", "; the samples have 31, a number: write it without quotes"),
        ('"moved"', "31", "; the samples have 31, a number"),
        ("31", "32", None),
        ("true", "false", None),
    ],
)
def test_an_exclusion_of_another_type_says_that_it_excludes_nothing(
    own: Path, expected: str, sent: str, hint: str | None
) -> None:
    sample = own / "samples" / "huntflow" / "offer-sent.json"
    sample.write_text(sample.read_text().replace('"offer": {', f'"moved": {sent}, "offer": {{'))
    when = f"        when: {{event.moved: {{not: {expected}}}}}\n        time:"
    unmatched = checked(own, HUNTFLOW.replace("        time:", when))["unmatched"]
    found = [one for one in unmatched if "'event.moved'" in one]
    message = f"huntflow.yaml:15:16: the condition on 'event.moved' excludes nothing in any sample{hint}"
    assert found == ([message] if hint else [])


@pytest.mark.parametrize(("expected", "is_met"), [("true", True), ("false", False), ("{not: true}", False)])
def test_a_text_of_a_boolean_is_one_where_a_condition_expects_one(own: Path, expected: str, is_met: bool) -> None:
    sample = own / "samples" / "huntflow" / "offer-sent.json"
    sample.write_text(sample.read_text().replace('"offer": {', '"moved": "True", "offer": {'))
    when = f"        when: {{event.moved: {expected}}}\n        time:"
    found = checked(own, HUNTFLOW.replace("        time:", when))
    assert bool(found["samples"][0]["events"]) is is_met
    at = "huntflow.yaml:15:16: the condition on 'event.moved' matched nothing in any sample"
    assert [one for one in found["unmatched"] if "event.moved" in one] == ([] if is_met else [at])


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("offer.refused", "offer.declined"),
        ("offer.turned_down", "offer.declined"),
        ("offer.rejected", "offer.declined"),
        ("offer.sent", "offer.extended"),
        ("candidate.hired", "offer.accepted"),
        ("interview.booked", "interview.scheduled"),
        ("interview.moved", "interview.rescheduled"),
        ("offer.accpted", "offer.accepted"),
    ],
)
def test_another_word_for_an_event_type_is_understood(own: Path, written: str, meant: str) -> None:
    text = (
        HUNTFLOW.replace("gives: [offer.extended]", f"gives: [{written}]") + f"order: {{receipt: {{{written}: x}}}}\n"
    )
    problems = checked(own, text.replace("type: offer.extended", f"type: {written}"))["problems"]
    told = [one for one in problems if f"{written!r} is not a known event type (did you mean {meant}" in one]
    assert len(told) == len(problems) == 3, problems


def test_a_misspelt_event_is_named_in_the_delivery_log_and_by_the_check(own: Path) -> None:
    [problem] = checked(own, HUNTFLOW.replace("[OFFER_SENT]", "[OFFER_SNT]"))["problems"]
    assert "expected offer.extended" in problem
    vendor = load_mapping(own / "huntflow.yaml")
    result = read(WebhookRequest(vendor, Source("s", "acme", "huntflow", ()), (), {}, SENT.encode(), 0))
    why = "event 'OFFER_SENT': no entry of events (on) or ignored names it; did you mean OFFER_SNT?"
    assert [one.message for one in result.problems] == [f"unknown {why}"]
    text = HUNTFLOW.replace("[OFFER_SENT]", "[OFFER_SNT]").replace("gives: [offer.extended]", "gives: []")
    [problem] = checked(own, text)["problems"]
    assert "names the unknown event 'OFFER_SENT'; did you mean OFFER_SNT?" in problem


def test_a_header_that_is_written_as_a_path_is_suggested(own: Path) -> None:
    text = HUNTFLOW.replace("subject: event.candidate.id", "subject: [X-Quill-Who, event.candidate.id]")
    headed = text.replace("{file: offer-sent.json,", "{file: offer-sent.json, headers: {x-quill-who: Ada},")
    assert headed != text
    for sent, hint in ((headed, "did you mean header:X-Quill-Who?"), (text, "a fixed word is {is: X-Quill-Who}")):
        assert any(one.endswith(f"matched nothing in any sample; {hint}") for one in checked(own, sent)["unmatched"])


def test_a_misspelt_kind_of_expression_is_named(own: Path) -> None:
    [problem] = checked(
        own, HUNTFLOW.replace("subject: event.candidate.id", "subject: {itemof: event.all, where: {a: b}}")
    )["problems"]
    assert "R022 this is not an expression (did you mean item_of?)" in problem


def test_a_misspelt_sample_is_named_with_its_folder(own: Path) -> None:
    [problem] = checked(own, HUNTFLOW.replace("file: offer-sent.json", "file: offer-snt.json"))["problems"]
    assert problem.endswith("R023 there is no offer-snt.json in samples/huntflow/ (did you mean offer-sent.json?)")


TERMS = HUNTFLOW[HUNTFLOW.index("        terms:") : HUNTFLOW.index("samples:")]


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("subject: event.candidate.id", "subject: event.who", "huntflow.yaml:11:14: the subject of offer.extended is"),
        ("{offer: event.offer.id}", "{offer: event.no}", "huntflow.yaml:16:23: the offer of offer.extended is missing"),
        ("        time:", "        when: {event.id: no-such}\n        time:", "its conditions (when) do not hold"),
        ("        time:", "        each: {one: event.all}\n        time:", "event.all has no list"),
        (
            "        time:",
            "        each: {one: event.offer}\n        time:",
            "event.offer is an object, and each",
        ),
        (
            "    subject:",
            "    each: {one: event.offer}\n    subject:",
            "event.offer is an object, and each",
        ),
        (
            TERMS,
            "        only_with_terms: true\n        terms: {title: event.none}\n",
            "offer.extended has none of its",
        ),
    ],
)
def test_a_webhook_without_events_says_what_is_missing(own: Path, old: str, new: str, why: str) -> None:
    assert old in HUNTFLOW
    [problem] = checked(own, HUNTFLOW.replace(old, new, 1))["problems"]
    assert f"gives nothing, expected offer.extended (emits nothing: {why}" in problem
    vendor = load_mapping(own / "huntflow.yaml")
    result = read(WebhookRequest(vendor, Source("s", "acme", "huntflow", ()), (), {}, SENT.encode(), 0))
    assert result.reason.startswith(f"emits nothing: {why}")


def test_a_mapping_is_checked_by_the_name_of_its_vendor(own: Path) -> None:
    (own / "huntflow.yaml").write_text(HUNTFLOW)
    assert "huntflow: valid" in call(own.parent, "sources", "check", "huntflow").output
    near = call(own.parent, "sources", "check", str(own / "huntflw.yaml"))
    assert "huntflw.yaml' does not exist; did you mean huntflow.yaml?" in near.output
    for written, hint in (("huntflw", "; did you mean huntflow?"), ("xyz", "")):
        other = call(own.parent, "sources", "check", written).output
        assert f"no file and no vendor '{written}'{hint}\n" in other


def test_a_condition_names_the_value_that_it_would_meet(own: Path) -> None:
    sample = own / "samples" / "huntflow" / "offer-sent.json"
    sample.write_text(
        sample.read_text().replace('"offer": {', '"parts": [{"moved": true}, {"moved": false}], "offer": {')
    )
    when = '        when: {part.moved: "true"}\n        each: {part: event.parts}\n        time:'
    unmatched = checked(own, HUNTFLOW.replace("        time:", when))["unmatched"]
    assert any(one.endswith("; the samples have true, a boolean: write it without quotes") for one in unmatched)


@pytest.mark.parametrize("expected", ["{not: lost}", "unknown", "{not: [lost, void]}"])
@pytest.mark.parametrize(("path", "hint"), [("event.movd", "event.moved"), ("event.zzz", None), ("event.moved", None)])
def test_a_misspelt_path_is_found_where_the_condition_holds_without_it(
    own: Path, expected: str, path: str, hint: str | None
) -> None:
    sample = own / "samples" / "huntflow" / "offer-sent.json"
    sample.write_text(sample.read_text().replace('"offer": {', '"moved": "made", "offer": {'))
    when = f"        when: {{{path}: {expected}}}\n        time:"
    unmatched = checked(own, HUNTFLOW.replace("        time:", when))["unmatched"]
    found = [one for one in unmatched if f"'{path}'" in one and "did you mean" in one]
    message = f"huntflow.yaml:15:16: the condition on '{path}' matched nothing in any sample; did you mean {hint}?"
    assert found == ([message] if hint else [])


def test_paths_are_not_missed_where_no_sample_has_a_mapped_event(own: Path) -> None:
    text = HUNTFLOW.partition("events:")[0] + "occurrence: event.id\nevents: []\nignored: [offer_sent]\n"
    found = checked(own, text + "samples: [{file: offer-sent.json, attested: made up, gives: []}]\n")
    assert [one for one in found["unmatched"] if "event.id" in one] == []
