"""Names in advice: drafts use those that are known, and no employer learns of another's people."""

from pathlib import Path
from typing import Any

import pytest

from signpost.advice import advise
from signpost.case import Case, Event
from signpost.case.instant import HOUR, parse_instant
from signpost.engine import CompiledEngine
from signpost.facts.facts import Facts, facts_of
from signpost.rulebook import load
from tests.support.rulebooks import shipped

START = parse_instant("2026-03-02T09:00:00Z")
ACME, GLOBEX = {"id": "acme", "name": "Acme"}, {"id": "globex", "name": "Globex"}
ANN: dict[str, Any] = {"contact_name": "Ann Lee", "contact_role": "recruiter"}
RULES = """
write-to-employer:
  about: offer
  source: a
  when: {stage: open}
  priority: normal
  title: T
  message: M
  drafts:
    letter: {title: "To {{ employer }}", body: "{{ salutation }}, ... {{ signature }}"}
write-of-interview:
  about: candidate
  source: a
  when: {any interview: {stage: scheduled}}
  priority: normal
  title: T
  message: M
  drafts:
    letter: {title: Hello, body: "{{ interview.salutation }}, ... {{ signature }}"}
write-to-candidate:
  audience: employer
  about: offer
  source: a
  when: {stage: open}
  priority: normal
  title: Write to {{ the_candidate }}
  message: M
  drafts:
    letter: {title: Hello, body: "{{ salutation }}, ... {{ signature }}"}
"""


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> CompiledEngine:
    folder = tmp_path_factory.mktemp("rules")
    (folder / "sources.yaml").write_text("articles: {a: A}\n")
    (folder / "own.yaml").write_text(RULES)
    return CompiledEngine(load(folder))


def case(*events: tuple[str, dict[str, Any]]) -> Case:
    dated = [
        Event("t", "s", f"e-{at}", type_, START + at * HOUR, "c-1", data) for at, (type_, data) in enumerate(events)
    ]
    return Case().fold(*dated)


def facts(*events: tuple[str, dict[str, Any]]) -> Facts:
    return facts_of(case(*events), "c-1")


def drafts(engine: CompiledEngine, *events: tuple[str, dict[str, Any]]) -> dict[str, str]:
    """Rule and subject -> the body of its draft."""
    advised = advise(engine, case(*events), b"", tenant="t", key="c-1", now=START + 24 * HOUR)
    return {f"{one.data['rule']}@{one.data['subject']['id']}": one.data["drafts"][0]["body"] for one in advised.changes}


def offer(name: str, employer: dict[str, str] | None = ACME, **data: Any) -> tuple[str, dict[str, Any]]:
    return "offer.extended", {"offer": name, **({"employer": employer} if employer else {}), **data}


def test_a_draft_has_places_to_fill_in_where_no_name_is_known(engine: CompiledEngine) -> None:
    assert drafts(engine, offer("o"), ("interview.scheduled", {"interview": "i"})) == {
        "write-to-employer@o": "Dear [hiring manager's name], ... [your name]",
        "write-to-candidate@o": "Dear [candidate's name], ... [your name]",
        "write-of-interview@c-1": "Dear [interviewer's name], ... [your name]",
    }


@pytest.mark.parametrize(
    ("data", "named"),
    [
        ({"candidate_name": "Maria Silva", "application": "a"}, "Maria Silva"),
        ({"application": "a"}, "the candidate of application a"),
        ({}, "the candidate of offer o"),
    ],
)
def test_texts_for_employers_name_the_candidate_or_what_they_are_about(
    engine: CompiledEngine, data: dict[str, Any], named: str
) -> None:
    advised = advise(engine, case(offer("o", **data)), b"", tenant="t", key="c-1", now=START + HOUR)
    assert f"Write to {named}" in [one.data["title"] for one in advised.changes]


@pytest.mark.parametrize(("employer", "named"), [(ACME, "To Acme"), ({"id": "a"}, "To [name of the employer]")])
def test_a_draft_leaves_room_for_an_employer_without_a_name(
    engine: CompiledEngine, employer: dict[str, str], named: str
) -> None:
    advised = advise(engine, case(offer("o", employer)), b"", tenant="t", key="c-1", now=START + HOUR)
    assert named in [one.data["drafts"][0]["title"] for one in advised.changes]


def test_a_draft_is_ready_to_send_where_the_names_are_known(engine: CompiledEngine) -> None:
    assert drafts(engine, offer("o", **ANN, candidate_name="Maria Silva")) == {
        "write-to-employer@o": "Dear Ann Lee, ... Maria Silva",
        "write-to-candidate@o": "Dear Maria Silva, ... Ann Lee",
    }


def test_a_form_of_address_is_used_only_where_it_is_stated(engine: CompiledEngine) -> None:
    said = drafts(engine, offer("o", **ANN, contact_addressed_as="Ms Lee"))
    assert said["write-to-employer@o"] == "Dear Ms Lee, ... [your name]"


def test_the_candidates_own_name_is_not_told_to_employers(engine: CompiledEngine) -> None:
    assert drafts(engine, ("candidate.preferences", {"display_name": "Maria S."}), offer("o")) == {
        "write-to-employer@o": "Dear [hiring manager's name], ... Maria S.",
        "write-to-candidate@o": "Dear [candidate's name], ... [your name]",
    }


def test_the_candidates_own_name_comes_before_that_of_an_application(engine: CompiledEngine) -> None:
    own = ("candidate.preferences", {"display_name": "Maria S."})
    assert drafts(engine, own, offer("o", candidate_name="Silva, Maria Ana"))["write-to-employer@o"].endswith(
        "Maria S."
    )


def test_names_of_an_application_are_those_of_its_offers_and_interviews() -> None:
    submitted = ("application.submitted", {"application": "a", "employer": ACME, "candidate_name": "Maria", **ANN})
    found = facts(
        submitted, offer("o", None, application="a"), ("interview.scheduled", {"interview": "i", "application": "a"})
    )
    for entity in (*found.entities["offer"], *found.entities["interview"]):
        assert {"candidate_name": "Maria", **ANN}.items() <= entity.values.items()
    assert found.candidate.values["display_name"] == "Maria"


def test_a_contact_person_of_one_application_is_not_that_of_another_but_the_candidate_is_the_same() -> None:
    first = ("application.submitted", {"application": "a", "employer": ACME, "candidate_name": "Maria", **ANN})
    values = facts(first, offer("o", application="b")).entities["offer"][0].values
    assert "contact_name" not in values
    assert values["candidate_name"] == "Maria"


def test_an_offer_without_an_application_has_the_contact_person_of_its_employer() -> None:
    values = (
        facts(("interview.scheduled", {"interview": "i", "employer": ACME, **ANN}), offer("o"))
        .entities["offer"][0]
        .values
    )
    assert ANN.items() <= values.items()


@pytest.mark.parametrize("link", [{}, {"application": "a"}])
def test_no_name_crosses_from_one_employer_to_another(link: dict[str, Any]) -> None:
    """Not even where two employers claim one application."""
    found = facts(offer("o", **ANN, candidate_name="Maria", **link), offer("p", GLOBEX, **link)).entities["offer"]
    assert not {"candidate_name", *ANN} & found[1].values.keys()


def test_an_own_contact_person_replaces_the_shared_one_as_a_whole() -> None:
    shared = ("application.submitted", {"application": "a", "employer": ACME, **ANN, "contact_addressed_as": "Ms Lee"})
    values = facts(shared, offer("o", application="a", contact_name="Bob Ray")).entities["offer"][0].values
    assert values["contact_name"] == "Bob Ray"
    assert not {"contact_role", "contact_addressed_as"} & values.keys()


def test_the_role_of_a_predecessor_is_dropped() -> None:
    said = (
        offer("o", **ANN, contact_addressed_as="Ms Lee"),
        ("offer.updated", {"offer": "o", "contact_name": "Bob Ray"}),
    )
    values = facts(*said).entities["offer"][0].values
    assert values["contact_name"] == "Bob Ray"
    assert not {"contact_role", "contact_addressed_as"} & values.keys()


def test_a_name_that_is_taken_back_is_unknown(engine: CompiledEngine) -> None:
    said = offer("o", **ANN), ("offer.updated", {"offer": "o", "contact_name": None})
    assert drafts(engine, *said)["write-to-employer@o"].startswith("Dear [hiring manager's name]")


def test_texts_about_a_candidate_have_no_salutation_of_their_own(tmp_path: Path) -> None:
    (tmp_path / "sources.yaml").write_text("articles: {a: A}\n")
    (tmp_path / "own.yaml").write_text(RULES.replace("interview.salutation", "salutation"))
    with pytest.raises(Exception, match="unknown variable 'salutation'"):
        load(tmp_path)


SHIPPED = shipped()
LETTERS = [
    pytest.param(draft.body, id=f"{rule.id}-{draft.name}")
    for rule in SHIPPED.rules.values()
    for draft in rule.texts.drafts
    if "regards" in draft.body or draft.body.startswith("Dear")
]


@pytest.mark.parametrize("letter", LETTERS)
def test_shipped_letters_use_the_names_that_are_known(letter: str) -> None:
    assert "your name" not in letter
    assert "{{ signature }}" in letter
    assert "salutation }}" in letter.splitlines()[0] or "manager's name]" in letter.splitlines()[0]
