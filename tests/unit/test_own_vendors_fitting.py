"""Which options of `signature` fit a recorded signature, where the mapping has others."""

import base64
import hmac
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from signpost.cli import client
from signpost.ingress.fitting_scheme import what_fits, why_refused
from signpost.ingress.mapping import Sample
from signpost.ingress.recorded import check_recorded
from signpost.ingress.signature_hints import in_place_of, missing_header, separators_in, stamps_in
from signpost.ingress.signature_schemes import SCHEMES, Scheme
from tests.support.own_mappings import HUNTFLOW, SECRET, call, own_mappings

BODY = b'{"a": 1}'
TIME = "1795860000123"
STAMPED = Scheme("x-auth", timestamp="header:x-time", messages=("{timestamp}.{body}",), unit="milliseconds")
BASE64_SECRET = base64.b64encode(SECRET.encode()).decode()


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Path]:
    with own_mappings(tmp_path / "vendors") as folder:
        yield folder


def signed(message: str, algorithm: str = "sha256", encoding: str = "hex", key: str = SECRET) -> dict[str, str]:
    text = message.format(time=TIME, body=BODY.decode()).encode()
    digest = hmac.digest(key.encode(), text, algorithm)
    return {"x-auth": digest.hex() if encoding == "hex" else base64.b64encode(digest).decode(), "x-time": TIME}


@pytest.mark.parametrize(
    ("message", "told"),
    [
        ("{time}:{body}", "{timestamp}:{body}"),
        ("{time}|{body}", "{timestamp}|{body}"),
        ("{time}-{body}", "{timestamp}-{body}"),
        ("{time}\n{body}", "{timestamp}\\n{body}"),
        ("{body}.{time}", "{body}.{timestamp}"),
        ("{body}{time}", "{body}{timestamp}"),
        ("{body}", "{body}"),
    ],
)
def test_a_message_with_another_separator_or_order_is_found(message: str, told: str) -> None:
    assert why_refused(STAMPED, SECRET, signed(message), BODY)
    assert what_fits(STAMPED, SECRET, signed(message), BODY) == f'messages: "{told}"'


def test_a_message_whose_parts_touch_is_found_and_told_to_be_impossible() -> None:
    found = what_fits(STAMPED, SECRET, signed("{time}{body}"), BODY)
    assert found == 'messages: "{timestamp}{body}" (which a mapping cannot state: its parts touch)'


@pytest.mark.parametrize(
    ("algorithm", "encoding", "told"),
    [
        ("sha1", "hex", "algorithm: sha1"),
        ("sha512", "hex", "algorithm: sha512"),
        ("sha256", "base64", "encoding: base64"),
        ("sha1", "base64", "algorithm: sha1, encoding: base64"),
    ],
)
def test_another_algorithm_and_another_encoding_are_found(algorithm: str, encoding: str, told: str) -> None:
    assert what_fits(STAMPED, SECRET, signed("{time}.{body}", algorithm, encoding), BODY) == told


def test_a_secret_in_base64_and_the_time_of_another_header_are_found() -> None:
    assert what_fits(STAMPED, BASE64_SECRET, signed("{time}.{body}"), BODY) == "key: standard"
    untimed = Scheme("x-auth")
    told = 'timestamp: header:x-time, unit: milliseconds, messages: "{timestamp}:{body}"'
    assert what_fits(untimed, SECRET, signed("{time}:{body}"), BODY) == told


@pytest.mark.parametrize("message", ["{time}+{body}", "x", "{body} "])
def test_nothing_is_told_of_a_signature_that_no_variant_fits(message: str) -> None:
    assert what_fits(STAMPED, SECRET, signed(message), BODY) == ""
    assert what_fits(SCHEMES["in-body"], SECRET, signed("{time}:{body}"), BODY) == ""


def test_a_line_end_of_the_file_is_told_beside_what_fits(tmp_path: Path) -> None:
    (tmp_path / "hook.json").write_bytes(BODY + b"\n")
    sample = Sample(tmp_path / "hook.json", "made up", signed("{time}:{body}"), ())
    found = check_recorded(STAMPED, sample, SECRET)
    assert found.is_verified is False
    assert found.problem.startswith(
        'has a signature that does not fit: it fits with messages: "{timestamp}:{body}"; the'
    )
    assert found.problem.endswith("ends with a line end that the vendor did not send; remove it")


def test_a_secret_that_the_scheme_cannot_use_is_told(tmp_path: Path) -> None:
    (tmp_path / "hook.json").write_bytes(BODY)
    sample = Sample(tmp_path / "hook.json", "made up", signed("{body}"), ())
    found = check_recorded(Scheme("x-auth", key="standard"), sample, SECRET)
    assert found.problem.startswith("has a signature that cannot be verified: a Standard Webhooks secret must")


def test_what_fits_is_a_mapping_whose_recorded_signature_fits(own: Path, tmp_path: Path) -> None:
    raw = (own / "samples" / "huntflow" / "offer-sent.json").read_bytes()
    mac = base64.b64encode(hmac.digest(SECRET.encode(), TIME.encode() + b"\n" + raw, "sha512")).decode()
    more = f'attested: made up, secret: {SECRET}, headers: {{X-Auth: "at:{TIME}; mac:{mac}"}}, gives'
    text = HUNTFLOW.replace("attested: made up, gives", more)
    options = 'header: X-Auth, separator: ";", prefix: "mac:", timestamp: "item:at:", unit: milliseconds'
    text = text.replace("{scheme: body, header: X-Huntflow-Signature}", f"{{scheme: listed, {options}}}")
    told = 'messages: "{timestamp}\\n{body}", algorithm: sha512, encoding: base64'
    for mapping, problem in ((text, told), (text.replace(options, f"{options}, {told}"), "")):
        (own / "huntflow.yaml").write_text(mapping)
        [found] = json.loads(call(tmp_path, "sources", "check", "huntflow", "--json").output)
        [sample] = found["samples"]
        assert sample["verified"] is not bool(problem)
        assert sample["problem"].endswith(f"it fits with {problem}" if problem else ""), found


@pytest.mark.parametrize("separator", [":", "."])
def test_a_tried_source_tells_what_fits_its_recorded_signature(
    own: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, separator: str
) -> None:
    raw = (own / "samples" / "huntflow" / "offer-sent.json").read_bytes()
    mac = hmac.digest(SECRET.encode(), f"{TIME}{separator}".encode() + raw, "sha256").hex()
    text = HUNTFLOW.replace("made up, gives", f"made up, headers: {{X-Auth: {mac}, X-At: '{TIME}'}}, gives")
    scheme = "{scheme: stamped, header: X-Auth, timestamp: header:X-At, unit: milliseconds}"
    (own / "huntflow.yaml").write_text(text.replace("{scheme: body, header: X-Huntflow-Signature}", scheme))
    (tmp_path / "secret").write_text(SECRET)
    call(tmp_path, "tenants", "add", "acme")
    call(tmp_path, "sources", "add", "hunters", "--vendor", "huntflow", "--secret-file", str(tmp_path / "secret"))
    answer = httpx.MockTransport(lambda _: httpx.Response(202, json={}))
    monkeypatch.setattr(
        client, "open_client", lambda _: httpx.Client(base_url="http://intake.example", transport=answer)
    )
    output = call(tmp_path, "sources", "test", "hunters").output
    told = 'the recorded signature does not fit the mapping; it fits with messages: "{timestamp}:{body}"\n'
    assert "answer     202" in output, output
    assert (told in output) == (separator == ":"), output


LISTED = Scheme(
    "x-auth", separator=";", prefix="mac=", timestamp="item:ts=", messages=("{timestamp}.{header:x-request}.{body}",)
)


def recorded(tmp_path: Path, scheme: Scheme, secret: str = SECRET) -> str:
    (tmp_path / "hook.json").write_bytes(BODY)
    mac = hmac.digest(SECRET.encode(), b"1795860000.r-1." + BODY, "sha256").hex()
    headers = {"X-Auth": f"ts=1795860000; mac={mac}", "X-Request": "r-1"}
    assert check_recorded(LISTED, Sample(tmp_path / "hook.json", "made up", headers, ()), SECRET).is_verified
    return check_recorded(scheme, Sample(tmp_path / "hook.json", "made up", headers, ()), secret).problem


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"separator": ","}, 'it fits with separator: ";"'),
        ({"timestamp": "item:t="}, "it fits with timestamp: item:ts="),
        ({"separator": ",", "timestamp": "item:t="}, 'it fits with separator: ";", timestamp: item:ts='),
        (
            {"messages": ("{timestamp}.{header:x-requst}.{body}",)},
            "the sample has no header x-requst; did you mean x-request?",
        ),
        ({"messages": ("{header:other-name}.{body}",)}, "the sample has no header other-name"),
        ({"timestamp": "header:x-stamp", "messages": ("{timestamp}",)}, "the sample has no header x-stamp"),
        ({"messages": ("{header:x-aut}.{body}",)}, "the sample has no header x-aut"),
        ({"messages": ("{header:x-request}{header:x-requests}",)}, "the sample has no header x-requests"),
    ],
)
def test_a_header_that_is_read_wrongly_is_told(tmp_path: Path, changed: dict[str, Any], told: str) -> None:
    assert recorded(tmp_path, replace(LISTED, **changed)) == f"has a signature that does not fit: {told}"


def test_of_several_headers_that_are_not_there_the_first_in_the_alphabet_is_told() -> None:
    """So that each run of the command says the same."""
    for family in "abcdefgh":
        scheme = replace(LISTED, messages=tuple(f"{{header:{family}-{number}}}" for number in (3, 1, 2, 0, 4)))
        assert missing_header(scheme, {}) == f"the sample has no header {family}-0"


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        (
            {"separator": ","},
            "the expected format, hex of 64 characters (sha256) after 'mac='; the header is split at ','",
        ),
        ({"timestamp": "item:t="}, "is missing from the header x-auth, after 't='; the header has ts="),
    ],
)
def test_what_a_header_has_instead_is_told_with_another_secret(
    tmp_path: Path, changed: dict[str, Any], told: str
) -> None:
    assert told in recorded(tmp_path, replace(LISTED, **changed), SECRET + "x")


WRONG = "has the wrong signature"


@pytest.mark.parametrize(
    ("changed", "header", "told"),
    [
        ({}, "ts=1;mac=2", WRONG),
        ({"separator": "|"}, "ts=1;mac=2,3", f"{WRONG}; the header is split at '|', but has ';' and ','"),
        ({"separator": "|"}, "ts=1|mac=2;", WRONG),
        ({"separator": "|"}, "mac=2", WRONG),
        ({"separator": "|"}, " mac=2 ", WRONG),
        ({"separator": "|", "wrapped": True}, "ts=1;mac=2", WRONG),
        ({"separator": ""}, "ts=1;mac=2", WRONG),
        ({"timestamp": "item:t="}, "ts=1;mac=2", f"{WRONG}; the header has ts="),
        ({"timestamp": "item:t="}, "ts=1; at:3;mac=2", f"{WRONG}; the header has ts= and at:"),
        ({"timestamp": "item:t="}, "ts=1;mac=2;t=3", WRONG),
        ({"timestamp": "item:t="}, "id=1;mac=2;3", WRONG),
        ({"timestamp": "item:t=", "wrapped": True}, "ts=1;mac=2", WRONG),
        ({"timestamp": "header:x-at"}, "ts=1;mac=2", WRONG),
        ({"timestamp": "item:t=", "header": "x-other"}, "ts=1;mac=2", WRONG),
    ],
)
def test_a_refusal_says_what_the_header_has_in_place_of_what_the_mapping_names(
    changed: dict[str, Any], header: str, told: str
) -> None:
    assert in_place_of(replace(LISTED, **changed), {"x-auth": header}, WRONG) == told


def test_a_refusal_that_asks_for_a_time_does_not_ask_for_what_was_sent_under_another_name() -> None:
    scheme = replace(LISTED, timestamp="item:t=")
    assert in_place_of(scheme, {"x-auth": "ts=1;mac=2"}, "is missing; send it") == "is missing; the header has ts="
    assert in_place_of(scheme, {"x-auth": "id=1;mac=2"}, "is missing; send it") == "is missing; send it"


@pytest.mark.parametrize(
    ("header", "found"), [("a;b,c", [","]), ("a&b", ["&"]), (" a ", []), ("a b|c", ["|", " "]), ("a;b", [])]
)
def test_the_separators_to_try_are_those_of_the_header_and_not_that_of_the_scheme(
    header: str, found: list[str]
) -> None:
    assert separators_in(LISTED, {"x-auth": header}) == found
    assert separators_in(replace(LISTED, wrapped=True), {"x-auth": header}) == []
    assert separators_in(LISTED, {}) == []


def test_the_times_to_try_are_the_items_with_the_name_of_a_time() -> None:
    headers = {"x-auth": "ts=1; at:2;id=3;mac=4;timestamp=;t;=5;status=6"}
    assert [*stamps_in(LISTED, headers, ";")] == ["item:ts=", "item:at:", "item:timestamp="]
    assert [*stamps_in(LISTED, headers, "")] == []
    assert [*stamps_in(LISTED, {}, ";")] == []
    assert [*stamps_in(replace(LISTED, wrapped=True), headers, ";")] == []
