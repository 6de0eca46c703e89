"""`signpost sources check` tells the cause of what found nothing, and not what follows from it."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.own_mappings import HUNTFLOW, call, own_mappings

BODY = {
    "event": {
        "type": "OFFER_SENT",
        "id": "e-1",
        "created": "24.11.2026 10:15",
        "candidate": {"id": 4},
        "day": "11.01.2027",
    },
    "parts": [{"tag": "deal", "attrs": [{"key": "pay", "value": "5"}, {"key": "ref", "value": 31}]}],
    "pay": {"sum": 5},
}
LET = """    let:
      deal: {item_of: parts, where: {tag: deal}}
      ref: {item_of: deal.attrs, where: {key: ref}}
      pay: {item_of: deal.attrs, where: {key: pay}}
"""
MAPPING = (
    HUNTFLOW[: HUNTFLOW.index("    subject:")]
    + """LET
    subject: event.candidate.id
    emit:
      - type: offer.extended
        id: "offer-{event.id}-{occurrence}"
        time: event.created
        when: [{ref.value: known}, {pay.value: known}, {event.id: known}]
        data: {offer: [ref.value, event.id]}
        terms: {title: pay.value, start_date: event.day}
"""
    + HUNTFLOW[HUNTFLOW.index("samples:") :]
)
AT = "matched nothing in any sample"


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Path]:
    with own_mappings(tmp_path / "vendors") as folder:
        yield folder


def unmatched(own: Path, let: str) -> list[str]:
    (own / "samples" / "huntflow" / "offer-sent.json").write_text(json.dumps(BODY))
    (own / "huntflow.yaml").write_text(MAPPING.replace("LET\n", let))
    [found] = json.loads(call(own.parent, "sources", "check", "huntflow", "--json").output)
    assert found["problems"] == []
    return [str(one).removeprefix("huntflow.yaml:") for one in found["unmatched"]]


def test_a_mapping_without_a_mistake_has_no_cause(own: Path) -> None:
    assert unmatched(own, LET) == []


@pytest.mark.parametrize(
    ("right", "wrong", "told"),
    [
        ("tag: deal", "tag: dael", f"12:38: the condition on 'tag' {AT}; did you mean deal?"),
        ("tag: deal", "tga: deal", f"12:38: the condition on 'tga' {AT}"),
        ("item_of: parts", "item_of: prats", f"12:23: the path 'prats' {AT}; did you mean parts?"),
        ("key: pay", "key: wage", f"14:42: the condition on 'key' {AT}"),
        ("deal.attrs, where: {key: pay", "deal.atrs, where: {key: pay", f"14:22: the path 'deal.atrs' {AT}; did "),
        (
            "{item_of: deal.attrs, where: {key: pay}}",
            "pay.smu",
            f"14:12: the path 'pay.smu' {AT}; did you mean pay.sum?",
        ),
    ],
)
def test_what_follows_from_a_wrong_word_is_not_told(own: Path, right: str, wrong: str, told: str) -> None:
    assert right in LET
    [found] = unmatched(own, LET.replace(right, wrong))
    assert found.startswith(told)


def test_a_wrong_path_under_a_name_with_a_value_is_told(own: Path) -> None:
    let = LET.replace("{item_of: deal.attrs, where: {key: pay}}", "{is: x}")
    assert [one.partition(":")[0] for one in unmatched(own, let)] == ["20", "22"]


def test_items_that_meet_no_condition_together_are_told_by_their_paths(own: Path) -> None:
    """Each word is right, and no item has both, so no word is the cause."""
    let = LET.replace("where: {key: pay}", "where: {key: pay, value: 31}")
    assert [one.partition(":")[0] for one in unmatched(own, let)] == ["20", "22"]
