"""What `signpost sources check` tells of an own mapping: paths, amounts, lists, samples and signatures."""

import hashlib
import hmac
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from signpost.ingress.expressions import Path as PathIn
from signpost.ingress.formats import Formats
from signpost.ingress.loops import each_item
from signpost.ingress.scope import DeliveryScope
from signpost.ingress.sources import check_vendor
from signpost.ingress.vendors import VENDORS
from tests.support.own_mappings import GUIDE, HUNTFLOW, SECRET, SENT, call, own_mappings


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Path]:
    with own_mappings(tmp_path / "vendors") as folder:
        yield folder


def checked(own: Path, tmp_path: Path, text: str, *more: str) -> dict[str, Any]:
    (own / "huntflow.yaml").write_text(text)
    result = call(tmp_path, "sources", "check", str(own / "huntflow.yaml"), "--json", *more)
    [found] = json.loads(result.output)
    return dict(found)


def test_a_path_and_a_condition_that_match_nothing_are_told(own: Path, tmp_path: Path) -> None:
    condition = "        when: [{event.type: OFFER_SENT, event.test: known}, {event.offer.id: 31}]\n"
    text = HUNTFLOW.replace("        time: event.created\n", f"        time: event.created\n{condition}").replace(
        "title: event.offer.position", "title: [event.offer.position, event.offer.name, header:x-title]"
    )
    assert checked(own, tmp_path, text)["unmatched"] == [
        "huntflow.yaml:16:41: the condition on 'event.test' matched nothing in any sample",
        "huntflow.yaml:20:41: the path 'event.offer.name' matched nothing in any sample",
        "huntflow.yaml:20:59: the path 'header:x-title' matched nothing in any sample",
        "huntflow.yaml:26:23: the path 'event.offer.answer_by' matched nothing in any sample",
    ]


def test_the_path_of_an_own_field_is_tried_too(own: Path, tmp_path: Path) -> None:
    more = "          custom.level: event.offer.period\n          custom.shift: event.offer.shift\n"
    text = HUNTFLOW.replace("          respond_by: event.offer.answer_by\n", more)
    assert checked(own, tmp_path, text)["unmatched"] == [
        "huntflow.yaml:26:25: the path 'event.offer.shift' matched nothing in any sample"
    ]


def test_check_alone_demands_an_occurrence_and_says_what_to_write(own: Path, tmp_path: Path) -> None:
    text = HUNTFLOW.replace("occurrence: event.id\n", "")
    [problem] = checked(own, tmp_path, text)["problems"]
    assert problem.startswith("huntflow.yaml:1:1: occurrence is missing")
    assert "write `occurrence: digest`" in problem
    VENDORS.read_own(own)
    assert check_vendor("huntflow") == "", "the intake takes it"
    assert checked(own, tmp_path, text + "occurrence: digest\n")["problems"] == []


def test_the_example_of_an_array_is_valid(own: Path, tmp_path: Path) -> None:
    text, _, rest = GUIDE.partition("<!-- hireloop -->\n```yaml\n")[2].partition("```")
    (own / "samples" / "hireloop").mkdir()
    (own / "samples" / "hireloop" / "batch.json").write_text(rest.partition("```json\n")[2].partition("```")[0])
    (own / "hireloop.yaml").write_text(text)
    [found] = json.loads(call(tmp_path, "sources", "check", str(own / "hireloop.yaml"), "--json").output)
    assert (found["problems"], found["unmatched"], found["samples"][0]["warnings"]) == ([], [], [])
    offer, *interviews = found["samples"][0]["events"]
    assert (offer["time"], offer["data"]["salary"]["amount"]) == ("2026-11-27T03:19:30Z", "72500")
    assert [one["data"]["interview"] for one in interviews] == ["s-1", "s-2"]


def test_a_path_that_misspells_a_name_of_let_or_each_is_told_which(own: Path, tmp_path: Path) -> None:
    let = "    let: {position: event.offer}\n    subject: event.candidate.id\n"
    text = HUNTFLOW.replace("    subject: event.candidate.id\n", let)
    text = text.replace("title: event.offer.position", "title: positon.position").replace("answer_by", "start")
    [found] = checked(own, tmp_path, text)["unmatched"]
    place = "huntflow.yaml:20:18: the path 'positon.position' matched nothing in any sample"
    assert found == f"{place}; did you mean position.position?"


@pytest.mark.parametrize(
    ("amount", "currency", "read"),
    [
        ("450000", "EUR", "4500"), ('"450050"', "EUR", "4500.5"), ("450000.0", "USD", "4500"),
        ("450000", "JPY", "450000"), ("1250500", "kwd", "1250.5"), ("1", "EUR", "0.01"), ('"a lot"', "EUR", None),
        ('"1e999999999"', "EUR", None), ('"1e-999999999"', "EUR", None),
        ('"NaN"', "EUR", None), ("4.5e5", "EUR", "4500"),
    ],
)  # fmt: skip
def test_an_amount_in_minor_units_is_converted(
    own: Path, tmp_path: Path, amount: str, currency: str, read: str | None
) -> None:
    sent = SENT.replace("60000", amount).replace("EUR", currency)
    (own / "samples" / "huntflow" / "offer-sent.json").write_text(sent)
    text = HUNTFLOW.replace(
        "currency: event.offer.currency", "currency: event.offer.currency\n            minor_units: true"
    )
    [sample] = checked(own, tmp_path, text)["samples"]
    salary = sample["events"][0]["data"].get("salary")
    assert (salary and salary["amount"]) == read
    assert any("salary was left out" in one for one in sample["warnings"]) == (read is None)


@pytest.mark.parametrize(
    ("right", "wrong", "warning"),
    [
        ("subject: event.candidate.id", "subject: event.candidat.id",
         "11:14: the path 'event.candidat.id'; event.candidate.id"),
        ("data: {offer: event.offer.id}", "data: {offer: event.offers.id}",
         "16:23: the path 'event.offers.id'; event.offer.id"),
        ("    emit:\n", "    when: {event.type: SENT}\n    emit:\n", "12:12: the condition on 'event.type';"),
        ("    emit:\n", "    each: {one: event.ofers}\n    emit:\n", "12:17: the path 'event.ofers'; event.offer"),
        ("      - type: offer.extended\n", "      - type: offer.extended\n        each: {one: event.ofers}\n",
         "14:21: the path 'event.ofers'; event.offer"),
    ],
)  # fmt: skip
def test_one_mistake_gives_one_warning(own: Path, tmp_path: Path, right: str, wrong: str, warning: str) -> None:
    found = checked(own, tmp_path, HUNTFLOW.replace(right, wrong, 1))
    place, _, near = warning.partition(";")
    hint = f"; did you mean{near}?" if near else ""
    assert found["unmatched"] == [f"huntflow.yaml:{place} matched nothing in any sample{hint}"]
    assert len(found["problems"]) == 1


@pytest.mark.parametrize("name", ["salary", "currency"])
def test_a_misspelt_part_of_an_amount_is_told_without_its_period(own: Path, tmp_path: Path, name: str) -> None:
    text = HUNTFLOW.replace(f"event.offer.{name}", f"event.offer.{name}x")
    text = text.replace("answer_by", "start")  # which the sample has
    [found] = checked(own, tmp_path, text)["unmatched"]
    assert found.endswith(f"did you mean event.offer.{name}?")


def test_a_fixed_word_that_is_written_as_a_path_is_explained(own: Path, tmp_path: Path) -> None:
    text = HUNTFLOW.replace("per: {path: event.offer.period, words: periods}", "per: annual")
    assert any(
        one.endswith("in any sample; a fixed word is {is: annual}") for one in checked(own, tmp_path, text)["unmatched"]
    )


@pytest.mark.parametrize("each", ['"$"', "{}"])
def test_an_each_of_another_form_is_one_problem(own: Path, tmp_path: Path, each: str) -> None:
    text = HUNTFLOW.replace("    subject: event", f"    each: {each}\n    subject: event")
    assert checked(own, tmp_path, text)["problems"] == [
        'huntflow.yaml:11:11: R006 each must be names with the paths of lists, like {item: "*"}'
    ]


ROUNDS = [
    {"name": "screening", "slots": [{"id": "s-1", "with": [{"name": "Ada"}, {"name": "Bo"}]}, {"id": "s-2"}]},
    {"name": "final", "slots": [{"id": "s-3", "with": [{"name": "Cy"}]}]},
]


@pytest.mark.parametrize(
    ("lists", "emitted"),
    [
        ("{round: event.rounds, slot: round.slots}", [("s-1", "screening"), ("s-2", "screening"), ("s-3", "final")]),
        ('{slot: "event.rounds.*.slots.*"}', [("s-1", ""), ("s-2", ""), ("s-3", "")]),
        (
            "{round: event.rounds, slot: round.slots, person: slot.with}",
            [("s-1", "screening"), ("s-1", "screening"), ("s-3", "final")],
        ),
    ],
)
def test_each_walks_lists_inside_lists(own: Path, tmp_path: Path, lists: str, emitted: list[tuple[str, str]]) -> None:
    event = json.loads(SENT)["event"] | {"rounds": ROUNDS}
    (own / "samples" / "huntflow" / "offer-sent.json").write_text(json.dumps({"event": event}))
    start = HUNTFLOW.partition("      - type")[0]
    text = f"""{start}      - type: interview.scheduled
        each: {lists}
        id: "interview-{{slot.id}}-{{person.name}}-{{occurrence}}"
        time: event.created
        data: {{interview: slot.id}}
        terms: {{application: round.name}}
samples: [{{file: offer-sent.json, attested: made up, gives: [{", ".join(["interview.scheduled"] * len(emitted))}]}}]
"""
    found = checked(own, tmp_path, text)
    assert found["problems"] == []
    [sample] = found["samples"]
    assert [(one["data"]["interview"], one["data"].get("application", "")) for one in sample["events"]] == emitted


def test_each_takes_the_first_thousand_items_of_all_lists_together() -> None:
    rounds, slots = PathIn(("rounds",)), PathIn(("round", "slots"))
    body = {"rounds": [{"slots": [1] * 600}, {"slots": [2] * 600}]}
    scope = DeliveryScope(body, {}, {}, Formats(), 0)
    scopes = each_item((("round", rounds), ("slot", slots)), scope)
    assert [one.names["slot"] for one in scopes] == [1] * 600 + [2] * 400
    assert scope.notes == ["'slot' has 1200 items: those after the first 1000 were left out"]


def test_an_event_without_a_sample_is_told_once_and_not_by_its_paths(own: Path, tmp_path: Path) -> None:
    more = """  - on: [OFFER_GONE]
    subject: event.nobody
    emit: [{type: offer.rescinded, id: "{event.nothing}-{occurrence}", time: event.created, data: {offer: event.none}}]
"""
    found = checked(own, tmp_path, HUNTFLOW.replace("samples:", more + "samples:"))
    assert found["untried"] == ["OFFER_GONE"]
    assert len(found["unmatched"]) == 1


@pytest.mark.parametrize(
    ("old", "new", "warning"),
    [
        (
            "event.offer.start\n",
            "event.offer.position\n",
            "huntflow.yaml:24:23: start_date was left out: its value cannot be read: it is 'Data engineer'; ",
        ),
        (
            "{yearly: year",
            "{yearl: year",
            "event.offer.period: the word table periods has no 'yearly', so it is unknown; did you mean yearl?",
        ),
        (", zone: Europe/Berlin", "", "is '24.11.2026 10:15', which has no offset, and neither formats nor the source"),
        (
            "time: event.created",
            "time: event.candidate.name",
            "is 'Anna Petrova', which is neither ISO 8601 nor",
        ),
        ("time: event.created", "time: event.offer.start", "is '11.01.2027', a day; write {day: PATH}"),
        (
            "time: event.created",
            "time: {earliest: [event.created, event.candidate.name]}",
            "a time is left out: it is 'Anna Petrova', which is neither",
        ),
        ("time: event.created", "time: {day: event.offer.start}", "the time of offer.extended is in the future"),
        ("event.offer.start\n", "{path: event.offer.start, format: YYYY/MM/DD}\n", "is not written as YYYY/MM/DD"),
    ],
)
def test_what_is_left_out_is_a_warning(own: Path, tmp_path: Path, old: str, new: str, warning: str) -> None:
    [sample] = checked(own, tmp_path, HUNTFLOW.replace(old, new))["samples"]
    assert any(warning in one for one in sample["warnings"]), sample["warnings"]
    assert sample["gives"] == ["offer.extended"]
    text = call(tmp_path, "sources", "check", str(own / "huntflow.yaml")).output
    assert f"  offer-sent: warning: {sample['warnings'][0]}" in text


@pytest.mark.parametrize(
    ("written", "mark", "amount"),
    [
        ("72.500,00", ",", "72500"),
        ("72 500,50", ",", "72500.5"),
        ("1\u202f072\u202f500", ",", "1072500"),
        ("72500,25", ",", "72500.25"),
        ("72,500.25", ".", "72500.25"),
        ("72.500,00", ".", None),
        ("72.50", ",", "72.5"),
        ("1.072 500", ",", None),
        ("72.500,00 EUR", ",", None),
    ],
)
def test_a_decimal_mark_is_read_as_the_mapping_says(
    own: Path, tmp_path: Path, written: str, mark: str, amount: str | None
) -> None:
    (own / "samples" / "huntflow" / "offer-sent.json").write_text(SENT.replace("60000", f'"{written}"'))
    text = HUNTFLOW.replace("formats: {", f'formats: {{decimal: "{mark}", ')
    [sample] = checked(own, tmp_path, text)["samples"]
    assert sample["events"][0]["data"].get("salary", {}).get("amount") == amount
    told = [one for one in sample["warnings"] if "salary was left out" in one]
    if amount is None:
        assert told[0].startswith("huntflow.yaml:21:21: salary was left out: its value cannot be read: it is {'amount'")
        assert written in told[0]
        assert told[0].endswith(('{decimal: ","}', "without a currency")), told[0]
    else:
        assert told == []


def test_a_decimal_mark_is_a_comma_or_a_point(own: Path, tmp_path: Path) -> None:
    [problem] = checked(own, tmp_path, HUNTFLOW.replace("formats: {", 'formats: {decimal: ";", '))["problems"]
    assert "';' is not a known decimal mark" in problem


def test_quoted_seconds_are_read_where_the_unit_is_given(own: Path, tmp_path: Path) -> None:
    text = HUNTFLOW.replace("time: event.created", "time: {earliest: [event.offer.start, event.created]}")
    (own / "samples" / "huntflow" / "offer-sent.json").write_text(SENT.replace("24.11.2026 10:15", "1795749570"))
    [sample] = checked(own, tmp_path, text)["samples"]
    assert any("it is '1795749570', digits in quotation marks: formats reads 10" in one for one in sample["warnings"])
    [sample] = checked(own, tmp_path, text.replace("formats: {", "formats: {unit: seconds, "))["samples"]
    assert sample["events"][0]["time"] == "2026-11-27T03:19:30Z"
    assert not any("digits" in one for one in sample["warnings"])


def recorded(signature: str, more: str = "") -> str:
    sample = "{file: offer-sent.json, attested: made up, gives: [offer.extended]"
    return HUNTFLOW.replace(sample, f"{sample}, headers: {{X-Huntflow-Signature: {signature}}}{more}")


def test_a_recorded_signature_is_verified(own: Path, tmp_path: Path) -> None:
    right = hmac.digest(SECRET.encode(), SENT.encode(), "sha256").hex()
    (tmp_path / "secret").write_text(f"{SECRET}\n")
    given = ("--secret-file", str(tmp_path / "secret"))
    [sample] = checked(own, tmp_path, recorded(right))["samples"]
    assert "was not verified; give the secret with --secret-file" in sample["warnings"][0]
    for mapping, more in ((recorded(right), given), (recorded(right, f", secret: {SECRET}"), ())):
        found = checked(own, tmp_path, mapping, *more)
        assert (found["problems"], found["samples"][0]["warnings"]) == ([], [])
        assert found["samples"][0]["verified"]
    file = str(own / "huntflow.yaml")
    assert "  offer-sent: its recorded signature fits\n" in call(tmp_path, "sources", "check", file).output
    [sample] = checked(own, tmp_path, HUNTFLOW, *given)["samples"]
    assert "it has no header x-huntflow-signature, so no signature was verified" in sample["warnings"]
    assert not sample["verified"]
    wrong = hashlib.sha256(b"x").hexdigest()
    [problem] = checked(own, tmp_path, recorded(wrong), *given)["problems"]
    assert "has a signature that does not fit: the signature does not match the body" in problem
    stripped = hmac.digest(SECRET.encode(), SENT.strip().encode(), "sha256").hex()
    [problem] = checked(own, tmp_path, recorded(stripped), *given)["problems"]
    assert "ends with a line end that the vendor did not send" in problem
