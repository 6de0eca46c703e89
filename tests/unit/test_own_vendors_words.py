"""`sources check` on values of word tables that their field can never have, and on warnings with --strict."""

import hmac
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from signpost.ingress.mapping_reader import load_mapping
from tests.support.own_folders import folder
from tests.support.own_mappings import HUNTFLOW, SECRET, SENT, call, own_mappings

TABLE = "{yearly: year, monthly: month}"
QUIET = HUNTFLOW.replace("          respond_by: event.offer.answer_by\n", "")


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Path]:
    with own_mappings(tmp_path / "vendors") as found:
        yield found


def problems(own: Path, text: str) -> list[str]:
    (own / "huntflow.yaml").write_text(text)
    load_mapping(own / "huntflow.yaml")  # the intake takes it
    [found] = json.loads(call(own.parent, "sources", "check", str(own / "huntflow.yaml"), "--json").output)
    return list(found["problems"])


PER = "per: {path: event.offer.period, words: periods}"
SET = "workplace: {path: event.offer.place, words: {home: remot, TBD: null}}"
NEVER = "can never be a value of"
MONTHLY = f"8:32: the word 'MON' {NEVER} salary; /per must be one of year, month, week, day, hour, not 'monthly'; did"
REMOTE = f"24:62: the word 'home' {NEVER} workplace; must be one of onsite, hybrid, remote, not 'remot'; did you mean"
CUR = "currency: event.offer.currency"


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (
            TABLE,
            "{yearly: year, MON: monthly}",
            MONTHLY,
        ),
        (PER, "per: [event.x, {path: event.y, words: {M: mon}}]", "23:55: the word 'M' can never be a value of salary"),
        (CUR, "currency: {path: event.offer.currency, words: {euro: EURO}}", "22:66: the word 'euro' can never be"),
        (
            "start_date: event.offer.start",
            SET,
            REMOTE,
        ),
        (
            "start_date: event.offer.start",
            "start_date: {path: event.s, words: {soon: later}}",
            "24:53: the word 'soon'",
        ),
    ],
)
def test_a_value_that_its_field_can_never_have_is_a_problem(own: Path, old: str, new: str, told: str) -> None:
    assert old in QUIET
    [problem] = problems(own, QUIET.replace(old, new))
    assert problem.startswith(f"huntflow.yaml:{told}")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (TABLE, "{yearly: year, monthly: null}"),
        (CUR, "currency: {path: event.offer.currency, words: {euro: eur}}"),
        ("title: event.offer.position", "negotiable: {path: event.offer.open, words: {yes: true, no: false}}"),
        ("start_date: event.offer.start", "start_date: {path: event.s, words: {soon: 11.01.2027}}"),
    ],
)
def test_a_value_that_its_field_can_have_is_none(own: Path, old: str, new: str) -> None:
    assert old in QUIET
    assert problems(own, QUIET.replace(old, new)) == []


def test_a_value_of_an_own_field_is_checked_where_it_is_declared(own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fields = "fields:\n  offer:\n    visa: {type: choice, choices: [sponsored, own], visible_to: employer}\n"
    text = QUIET.replace("start_date: event.offer.start", "custom.visa: {path: event.v, words: {s: sponsord}}")
    assert problems(own, text) == []
    monkeypatch.setenv("SIGNPOST_RULES", f"ours:{folder(own.parent / 'rules', fields=fields)}")
    [problem] = problems(own, text)
    assert "24:51: the word 's' can never be a value of custom.visa; must be one of sponsored, own" in problem


def test_warnings_are_failures_with_strict(own: Path) -> None:
    file = str(own / "huntflow.yaml")
    for arguments, status in (([], 0), ([file], 0), (["--strict"], 1), ([file, "--strict"], 1)):
        assert call(own.parent, "sources", "check", *arguments).exit_code == status, arguments
    (own / "huntflow.yaml").unlink()
    assert call(own.parent, "sources", "check", "--strict").exit_code == 0, "warnings about shipped ones are not shown"


def test_a_mapping_without_warnings_passes_with_strict(own: Path) -> None:
    signature = hmac.digest(SECRET.encode(), SENT.encode(), "sha256").hex()
    headers = f"{{headers: {{X-Huntflow-Signature: {signature}}}, secret: {SECRET}, file"
    (own / "huntflow.yaml").write_text(QUIET.replace("{file", headers))
    found = call(own.parent, "sources", "check", "huntflow", "--strict")
    assert (found.exit_code, "warning" in found.output) == (0, False), found.output
