"""`sources check` says where a problem is and what to write instead."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.own_mappings import HUNTFLOW, SENT, call, own_mappings


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Path]:
    with own_mappings(tmp_path / "vendors") as folder:
        yield folder


def found(own: Path, part: str, old: str, new: str) -> str:
    """The first line about a mapping in which one text is another."""
    assert old in HUNTFLOW
    (own / "huntflow.yaml").write_text(HUNTFLOW.replace(old, new))
    [one] = json.loads(call(own.parent, "sources", "check", "huntflow", "--json").output)
    return str(one[part][0])


def test_an_id_without_the_occurrence_is_shown_with_it(own: Path) -> None:
    line = found(own, "problems", "extended-{occurrence}", "{header:X-Id}")
    assert line.startswith("huntflow.yaml:14:13: the id of offer.extended does not name {occurrence}, so")
    assert line.endswith('repeat; write id: "offer-{event.offer.id}-{header:x-id}-{occurrence}"')
    assert found(own, "problems", '"offer-{event.offer.id}-extended-{occurrence}"', "one").startswith(
        "huntflow.yaml: the id of"
    )


def test_a_sample_that_differs_has_its_line(own: Path) -> None:
    assert found(own, "problems", "gives: [offer.extended]", "gives: []").startswith(
        "huntflow.yaml:27:5: the sample offer-sent gives offer.extended, expected nothing"
    )
    signed = "headers: {X-Huntflow-Signature: ab}, secret: s, gives:"
    assert found(own, "problems", "gives:", signed).startswith("huntflow.yaml:27:5: the sample offer-sent has a sig")


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ('event.type == "OFFER_SENT"', "write {event.type: OFFER_SENT}"),
        ("event.type = x", "write {event.type: x}"),
        ("known", "write it like {item.op: x}"),
        ("event.type ==", "write it like {item.op: x}"),
    ],
)
def test_a_condition_that_is_a_text_says_how_to_write_it(own: Path, text: str, hint: str) -> None:
    line = found(own, "problems", "        time:", f"        when: '{text}'\n        time:")
    assert line == f"huntflow.yaml:15:15: R006 a condition must be a mapping ({hint})"


def test_a_type_named_created_means_the_beginning(own: Path) -> None:
    line = found(own, "problems", "type: offer.extended", "type: offer.created")
    assert line.endswith("R013 'offer.created' is not a known event type (did you mean offer.extended?)")


@pytest.mark.parametrize(
    ("path", "hint"),
    [
        (
            "event.offers.title",
            "event.offers is a list, which needs a * or an index: event.offers.*.title, event",
        ),
        ("$.event.offers.title", "event.offers is a list, which needs a *"),
        ("event.offers.0.tags.x", "event.offers.0.tags is a list, which needs a * or an index"),
    ],
)
def test_a_path_into_a_list_says_what_a_list_needs(own: Path, path: str, hint: str) -> None:
    sent = json.loads(SENT)
    sent["event"]["offers"] = [{"title": "x", "tags": []}]
    (own / "samples" / "huntflow" / "offer-sent.json").write_text(json.dumps(sent))
    line = found(own, "unmatched", "event.offer.position", path)
    assert f"the path {path!r} matched nothing in any sample; {hint}" in line


def test_the_help_says_what_is_checked(own: Path) -> None:
    text = " ".join(call(own.parent, "sources", "check", "--help").output.split())
    assert "Without FILES, all are checked" in text
    assert "--all Check the shipped mappings beside FILES." in text
