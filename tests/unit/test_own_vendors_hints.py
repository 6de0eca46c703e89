"""What `signpost sources check` says of likely mistakes in an own mapping: which word, name or header was meant."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.own_mappings import HUNTFLOW, call, own_mappings

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
