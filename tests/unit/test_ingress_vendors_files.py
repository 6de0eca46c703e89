"""Mapping files: a new vendor needs no Python, what is wrong is told with its place, and samples are tried."""

import hmac
import json
from pathlib import Path
from textwrap import dedent

import pytest
from click.testing import CliRunner

from signpost.case.instant import parse_instant
from signpost.cli import main
from signpost.ingress.checking import gaps, try_samples
from signpost.ingress.mapping_reader import MappingError, load_mapping
from signpost.ingress.signature_schemes import SCHEMES
from signpost.ingress.signatures import InvalidSignature, verify
from signpost.ingress.vendors import VENDORS
from tests.support.own_mappings import GUIDE

NOW = parse_instant("2026-03-02T14:00:00Z")
MINE = GUIDE.partition("<!-- mapping -->\n```yaml\n")[2].partition("```")[0]


def mine(folder: Path, text: str = MINE) -> Path:
    file = folder / "mine.yaml"
    file.write_text(text)
    (folder / "samples" / "mine").mkdir(parents=True, exist_ok=True)
    (folder / "samples" / "mine" / "hired.json").write_text('{"what": "hired", "person": {"id": 5}}')
    return file


def test_a_new_vendor_with_a_known_scheme_needs_no_python(tmp_path: Path) -> None:
    vendor = load_mapping(mine(tmp_path))
    (tried,) = try_samples(vendor, NOW)
    assert (tried.gave, tried.problem) == (("offer.accepted",), "")
    done = CliRunner().invoke(main, ["sources", "check", str(tmp_path / "mine.yaml")])
    verdict, event, warning, unsigned = done.output.splitlines()
    assert (done.exit_code, verdict) == (0, "mine: valid, 1 sample tested")
    assert event.startswith("  hired: offer.accepted of 5 at ")
    assert event.endswith(' {"offer": "5-offer"}'), "the data show a path that finds nothing"
    assert warning == "  warning: mine.yaml:15:13: the path 'delivery.id' matched nothing in any sample"
    assert unsigned.startswith("  warning: no sample has a recorded signature")


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("scheme: stamped", "scheme: stampd",
         "mine.yaml:4:21: R013 'stampd' is not a known scheme (did you mean stamped?)"),
        ("type: offer.accepted", "type: offer.acepted",
         "mine.yaml:10:15: R013 'offer.acepted' is not a known event type (did you mean offer.accepted"),
        ("data: {offer:", "data: {ofer:", "mine.yaml:12:16: R020 offer.accepted has no field 'ofer' (did you mean"),
        ("data: {offer:", "terms: {custom_visa: x}\n        data: {offer:",
         "mine.yaml:12:17: R020 offer.accepted has no field 'custom_visa' (a field of your own is custom.visa)"),
        ("subject: person.id", "subjekt: person.id", "mine.yaml:8:5: R010 an event has no 'subjekt' (did you"),
        ("subject: person.id", "when: {}", "mine.yaml:10:9: R011 the event has no subject (set subject here or beside"),
        ("subject: person.id", "subject: person id", "mine.yaml:8:14: R022 'person id' is not a path"),
        ("emit:\n      -", "emit:\n      - offers\n      -", "mine.yaml:10:9: R023 there is no shape 'offers'"),
        ("file: hired.json", "file: fired.json",
         "mine.yaml:14:12: R023 there is no fired.json in samples/mine/ (did you mean hired.json?)"),
        ("event: what", "event: what\nevent: which", "mine.yaml:6:1: R004 the key 'event' is repeated"),
        ("title: Mine", "title: no", "mine.yaml:1:8: R005 YAML reads 'no' as a boolean"),
        ("event: what", "success: 302\nevent: what", "mine.yaml:5:10: R021 success must be a status from 200 to 299"),
        ('timestamp: "header:x-mine-at"', "messages: body", "mine.yaml:4:12: R022 the message 'body' has an unknown"),
        ('timestamp: "header:x-mine-at"', 'messages: ["{timestamp}{body}"]',
         "mine.yaml:4:12: R022 parts of the message '{timestamp}{body}' touch"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_with_its_place(tmp_path: Path, old: str, new: str, problem: str) -> None:
    file = mine(tmp_path, MINE.replace(old, new, 1))
    with pytest.raises(MappingError) as caught:
        load_mapping(file)
    assert any(str(found).startswith(problem) for found in caught.value.problems), str(caught.value)


def test_the_guide_says_how_each_scheme_signs() -> None:
    for name, scheme in SCHEMES.items():
        [row] = [line for line in GUIDE.splitlines() if line.startswith(f"  | `{name}` |")]
        signature, time, message = row.split("|")[2:5]
        assert f"`{scheme.header or scheme.member}`" in signature
        assert scheme.prefix in signature
        place = scheme.timestamp.partition(":")[2]
        assert scheme.timestamp.startswith("item:") or f"`{place}`" in time or not place
        assert not scheme.timestamp.startswith(("header", "member")) or scheme.unit in time
        assert f"`{scheme.messages[0]}`" in message


def test_the_example_of_a_message_signs_what_it_says(tmp_path: Path) -> None:
    example = GUIDE.partition("  ```yaml\n  signature:\n")[2].partition("  ```")[0]
    signature = dedent("  signature:\n" + example)
    text = MINE.replace('signature: {scheme: stamped, header: X-Mine, timestamp: "header:x-mine-at"}\n', signature)
    scheme = load_mapping(mine(tmp_path, text)).scheme
    body, stamp = b'{"what": "hired"}', str(NOW // 1000)
    signed = hmac.new(b"k" * 16, f"id-1:{stamp}:".encode() + body, "sha256").hexdigest()
    headers = {"x-vendor-signature": signed, "x-vendor-time": stamp, "x-vendor-id": "id-1"}
    verify(scheme, [b"k" * 16], headers, body, now=NOW)
    with pytest.raises(InvalidSignature, match="lacks header:x-vendor-id"):
        verify(scheme, [b"k" * 16], {**headers, "x-vendor-id": ""}, body, now=NOW)


def test_an_unknown_event_type_is_the_only_problem_of_its_event(tmp_path: Path) -> None:
    text = MINE.replace("type: offer.accepted", "type: application.undone")
    file = mine(tmp_path, text.replace("data: {offer:", "data: {application:"))
    with pytest.raises(MappingError) as caught:
        load_mapping(file)
    assert [problem.code for problem in caught.value.problems] == ["R013"]


def test_a_sample_that_gives_something_else_is_told(tmp_path: Path) -> None:
    file = mine(tmp_path, MINE.replace("gives: [offer.accepted]", "gives: []"))
    done = CliRunner().invoke(main, ["sources", "check", str(file)])
    assert done.exit_code == 1
    assert "mine.yaml:14:5: the sample hired gives offer.accepted, expected nothing" in done.output
    assert list(gaps(load_mapping(file))) == []


def test_a_sample_without_its_event_says_why_an_event_is_left_out(tmp_path: Path) -> None:
    file = mine(tmp_path, MINE.replace("subject: person.id", "subject: person.number"))
    done = CliRunner().invoke(main, ["sources", "check", str(file)])
    why = "emits nothing: mine.yaml:8:14: the subject of offer.accepted is missing, or no id"
    assert f"the sample hired gives nothing, expected offer.accepted ({why})" in done.output


def test_the_mappings_that_come_along_are_in_order() -> None:
    done = CliRunner().invoke(main, ["sources", "check", "--json"])
    assert done.exit_code == 0, done.output
    found = json.loads(done.output)
    assert {one["vendor"] for one in found} == set(VENDORS)
    assert all(sample["attested"] for one in found for sample in one["samples"])
