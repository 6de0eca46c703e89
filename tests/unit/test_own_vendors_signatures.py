"""What `signpost sources check` and `test` tell of the names of headers in an own mapping, and of its signature."""

import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from signpost.cli.client import RequestNotSent, send_request
from signpost.ingress.mapping_reader import MappingError, load_mapping
from tests.support.own_mappings import HUNTFLOW, call, own_mappings

SIGNATURE = "{scheme: body, header: X-Huntflow-Signature}"


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Path]:
    with own_mappings(tmp_path / "vendors") as folder:
        yield folder


def problems(own: Path, old: str, new: str) -> list[str]:
    assert old in HUNTFLOW
    (own / "huntflow.yaml").write_text(HUNTFLOW.replace(old, new))
    [found] = json.loads(call(own.parent, "sources", "check", str(own / "huntflow.yaml"), "--json").output)
    return list(found["problems"])


NO_NAME = "is no name of a header (write one like X-Vendor-Signature)"


@pytest.mark.parametrize(
    ("signature", "told"),
    [
        ('{scheme: body, header: "header:X-Hf"}', "3:35: R021 header takes the bare name: X-Hf"),
        ('{scheme: body, header: "X-Hf:"}', "3:35: R021 header takes the bare name: X-Hf"),
        ("{scheme: body, header: X Hf}", f"3:35: R021 'X Hf' {NO_NAME}"),
        ("{scheme: body, header: X-Häf}", f"3:35: R021 'X-Häf' {NO_NAME}"),
        (
            '{scheme: stamped, timestamp: "header:header:X-At"}',
            "3:41: R021 header: of timestamp takes the bare name: X-At",
        ),
        ('{scheme: stamped, timestamp: "header:X At"}', f"3:41: R021 'x At' {NO_NAME}"),
        ("{scheme: body, needs: [event.id, 'header:(id)']}", f"3:34: R021 '(id)' {NO_NAME}"),
        ('{scheme: in-body, member: "member:sig"}', "3:38: R021 member takes the bare path: sig"),
    ],
)
def test_what_is_no_name_of_a_header_is_a_problem_with_its_place(own: Path, signature: str, told: str) -> None:
    [problem] = problems(own, SIGNATURE, signature)
    assert problem == f"huntflow.yaml:{told}"


def test_a_handshake_and_a_sample_have_names_of_headers_too(own: Path) -> None:
    handshake = "handshake: {header: 'header:x-hook'}\nsuccess: 200\ntitle: Huntflow"
    assert problems(own, "title: Huntflow", handshake) == [
        "huntflow.yaml:1:12: R021 header takes the bare name: x-hook"
    ]
    sample = "attested: made up, headers: {X At: now}, gives"
    [problem] = problems(own, "attested: made up, gives", sample)
    assert problem.endswith(f"R021 'X At' {NO_NAME}")
    assert load_mapping(own / "huntflow.yaml", with_samples=False).name == "huntflow", "the intake needs no samples"
    with pytest.raises(MappingError):
        load_mapping(own / "huntflow.yaml")


@pytest.mark.parametrize("headers", [{"header:x": "1"}, {"x": "é"}, {"x": "a\nb"}])
def test_a_request_that_http_does_not_allow_is_not_said_to_have_no_answer(headers: dict[str, str]) -> None:
    def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.LocalProtocolError("Illegal header name")

    with (
        httpx.Client(base_url="http://intake", transport=httpx.MockTransport(refuse)) as client,
        pytest.raises(RequestNotSent, match="the request was not sent: "),
    ):
        send_request(client, "POST", "/", headers=headers)


@pytest.mark.parametrize(
    ("scheme", "written", "likely"),
    [
        ("listed", "t=", "item:t="),
        ("listed", "at:", "item:at:"),
        ("listed", "X-At", "header:X-At"),
        ("stamped", "X-At", "header:X-At"),
    ],
)
def test_a_time_without_a_place_gets_the_place_that_is_likely(
    own: Path, scheme: str, written: str, likely: str
) -> None:
    [problem] = problems(own, SIGNATURE, f'{{scheme: {scheme}, timestamp: "{written}"}}')
    assert problem.endswith(f" is no place (write header:NAME, member:PATH or item:PREFIX, such as {likely})")


@pytest.mark.parametrize(
    ("written", "told"),
    [
        (",", 'R006 decimal mark must be a text (it is empty; punctuation, like ",", needs quotes)'),
        ("5", 'R006 decimal mark must be a text (write "5" in quotes)'),
        ('"-"', "R013 '-' is not a known decimal mark (known: ,, .)"),
    ],
)
def test_a_word_of_another_type_is_one_problem(own: Path, written: str, told: str) -> None:
    [problem] = problems(own, "formats: {", f"formats: {{decimal: {written}}}\nfetch: nothing # {{")
    assert problem.endswith(told)
