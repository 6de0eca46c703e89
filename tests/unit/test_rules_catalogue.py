"""The catalogue stands in the repository as the rules make it."""

import re
from pathlib import Path

import pytest

from signpost.authoring.catalogue import pages
from signpost.authoring.catalogue.statements import events_by_field
from signpost.facts.life import OVER, OVER_TO_EMPLOYER
from signpost.facts.vocabulary import KINDS
from signpost.schemas.meanings import MEANINGS

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def made() -> dict[str, str]:
    """Name of a page -> its text."""
    return pages(ROOT / "rules", "../../rules")


def test_the_pages_are_up_to_date(made: dict[str, str]) -> None:
    found = {path.name: path.read_text("utf-8") for path in (ROOT / "docs" / "rulebook").glob("*.md")}
    assert found == made, "run: python -m signpost.authoring.catalogue"


def test_every_rule_shows_a_sample_and_its_timelines(made: dict[str, str]) -> None:
    rules = [part for name, text in made.items() if name != "fields.md" for part in text.split("\n## ")[1:]]
    described = [part for part in rules if "\nWhen:\n" in part]
    assert described
    for part in described:
        assert "For example:" in part, part.splitlines()[0]
        assert part.count(".yaml#L") >= 1, part.splitlines()[0]


def test_every_field_has_a_meaning_and_every_meaning_a_field() -> None:
    assert {kind: set(said) for kind, said in MEANINGS.items()} == {kind: set(fields) for kind, fields in KINDS.items()}
    sentences = [sentence for said in MEANINGS.values() for sentence in said.values()]
    assert [one for one in sentences if not re.fullmatch(r"[A-Z].{10,}[.]", one) or len(one) > 110] == []


def test_every_field_names_the_events_that_state_it() -> None:
    stated = events_by_field()
    without = {f"{kind}.{name}" for kind, fields in stated.items() for name, types in fields.items() if not types}
    always = ("internal", OVER, OVER_TO_EMPLOYER)
    over = {f"{kind}.{name}" for kind in ("offer", "interview", "application") for name in always}
    follow = {
        "application.application",
        "candidate.job_ended_at",
        "contact.employer",
        "contact.employer_name",
        "contact.employer_time_zone",
        "interview.second_record",
        "offer.accepted_salary",
        "offer.began_at",
        "offer.notice_by",
        "offer.more_time_answered_at",
        "offer.withdrawing_since",
    }
    places = ("offer.away", "offer.unwanted_place")
    assert without == {*follow, *over, "offer.began_at", "offer.notice_by", *places}, "facts that follow"
    assert stated["offer"]["accepted_at"] == ("offer.accepted", "offer.letter_signed")
    assert stated["application"]["word_by"] == ("interview.scheduled", "interview.rescheduled")
    assert stated["interview"]["thanked.handwritten"] == ("interview.thanked",)
