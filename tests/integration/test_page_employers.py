"""The screens for an employer show what it may see, byte for byte the same whatever it does not know."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from signpost.storage import StandingRow
from signpost.storage.tables import standings
from tests.integration.test_intake_reading import advise, envelope
from tests.integration.test_page_sessions import make_link
from tests.support.intake_parts import Intake, intake_at
from tests.support.pages import Reader, follow_link, links_of
from tests.support.rulebooks import shipped_engine

ACME = {"id": "acme", "name": "Acme"}
GLOBEX = {"id": "globex", "name": "Globex Secret"}
NAME = "Ada Lovelace"
PRIVATE: list[tuple[str, dict[str, Any]]] = [
    ("candidate.preferences", {"salary_floor": {"amount": 98765, "currency": "USD", "per": "year"}}),
    ("employment.current", {"employer": {"name": "Hooli Secret"}}),
    ("offer.extended", {"offer": "g-1", "employer": GLOBEX, "candidate_name": "Secret Countess"}),
    ("offer.accepted", {"offer": "g-1"}),
]


def open_intake(folder: Path, *, private: bool) -> Intake:
    parts = intake_at(folder)
    events = [
        ("offer.extended", {"offer": "o-1", "employer": ACME, "candidate_name": NAME}),
        *(PRIVATE if private else []),
    ]
    for number, (short, data) in enumerate(events):
        event = envelope(f"e-{number}", "c-1", short, f"2026-03-02T13:0{number}:00Z") | {"data": data}
        answer = parts.send(event)
        assert answer.status_code == 202, answer.text
    advise(parts)
    place = StandingRow("north", "acme", "c-1", 1, 9_000_000_000_000_000)
    with parts.store._write_connection() as connection:
        connection.execute(standings.insert().values(
            tenant=place.tenant, employer=place.employer, case_key=place.case_key, rank=place.rank,
            last_useful=place.last_useful,
        ))  # fmt: skip
    return parts


@pytest.fixture(scope="module")
def intakes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Intake]]:
    """One that knows only what Acme knows, and one that knows more."""
    parts = [open_intake(tmp_path_factory.mktemp("employers"), private=private) for private in (False, True)]
    yield parts
    for one in parts:
        one.broker.close()
        one.store.close()


@pytest.fixture(scope="module")
def readers(intakes: list[Intake]) -> list[Reader]:
    return [follow_link(one, make_link(one, role="employer", employer="acme")) for one in intakes]


def raw(reader: Reader, path: str) -> str:
    return re.sub(r'name="form" value="\w+"', "", reader.client.get(path).text)


def test_the_screens_are_the_same_whatever_the_employer_does_not_know(readers: list[Reader]) -> None:
    knows_less, knows_more = readers
    paths = {"/page/employer"} | {link for link in links_of(knows_less.get("/page/employer")) if "/employer/" in link}
    for path in [*paths]:
        paths |= {link for link in links_of(knows_less.get(path)) if "/employer/" in link}
    assert len(paths) >= 4
    for path in sorted(paths):
        assert raw(knows_less, path) == raw(knows_more, path), path
        text = raw(knows_more, path)
        assert not re.search("Secret|98765|globex|g-1|hooli", text, re.IGNORECASE)


def test_a_candidate_has_the_name_that_the_employer_knows(readers: list[Reader]) -> None:
    for path, tag in (("/page/employer", "h2"), ("/page/employer/c-1", "h1")):
        assert re.search(rf"<{tag}>.*{NAME}.*c-1.*</{tag}>", raw(readers[1], path)), path


def test_the_employer_has_its_name_where_it_is_known(intakes: list[Intake], readers: list[Reader]) -> None:
    home = raw(readers[1], "/page/employer")
    assert "What Acme should do for each" in home
    explained = next(link for link in links_of(readers[1].get("/page/employer/c-1")) if "/rules/" in link)
    for path in ("/page/employer", "/page/employer/c-1", explained):
        assert "<span>Acme, employer</span>" in raw(readers[1], path), path
    other = follow_link(intakes[1], make_link(intakes[1], role="employer", employer="initech"))
    assert "<span>initech, employer</span>" in raw(other, "/page/employer")


def test_no_rule_for_candidates_is_shown_or_explained(readers: list[Reader]) -> None:
    own, text = readers[1], raw(readers[1], "/page/employer/c-1")
    for rule in shipped_engine().rulebook.rules.values():
        if rule.audience == "candidate":
            assert f"rules/{rule.id}/" not in text
    assert own.client.get("/page/employer/c-1/rules/ask-response-deadline/offer/o-1").status_code == 404


@pytest.mark.parametrize(
    "path",
    [
        "/page/employer/nobody",
        "/page/employer/c-1/rules/explain-growth/offer/g-1",
        "/page/employer/c-1/rules/explain-growth/offer/none",
        "/page/employer/c-1/rules/none/offer/o-1",
        "/page/employer/c-1/rules/compare-offers/candidate/c-1",
    ],
)
def test_what_is_not_theirs_is_like_what_does_not_exist(readers: list[Reader], path: str) -> None:
    answer = readers[1].client.get(path)
    assert answer.status_code == 404
    assert "there is no advice to you about this" in answer.text


def test_an_employer_of_nobody_sees_nobody(intakes: list[Intake]) -> None:
    other = follow_link(intakes[1], make_link(intakes[1], role="employer", employer="initech"))
    assert "There is nothing to do." in other.get("/page/employer").text
    assert other.client.get("/page/employer/c-1").status_code == 404


def test_an_employer_reaches_no_other_screen(intakes: list[Intake], readers: list[Reader]) -> None:
    rules = [rule for rule in intakes[1].client.application.url_map.iter_rules() if rule.endpoint.startswith("page.")]
    token = readers[1].get("/page/employer").first("input", name="form").attributes["value"]
    tried = 0
    for rule in rules:
        if rule.rule.startswith(("/page/employer", "/page/log", "/page/link", "/page/static")) or rule.rule == "/page/":
            continue
        path = re.sub("<[^>]+>", "c-1", rule.rule)
        for method in {"GET", "POST"} & (rule.methods or set()):
            answer = readers[1].client.open(path, method=method, data={"form": token, "text": "a: b", "reason": "x"})
            assert answer.status_code in (404, 405), (method, path)
            tried += 1
    assert tried > 12


def test_the_past_is_not_shown(readers: list[Reader]) -> None:
    assert readers[1].client.get("/page/employer/c-1?at=2026-03-01T00:00:00Z").status_code == 400
    page = readers[1].get("/page/employer/c-1?at=2026-03-10T00:00:00Z")
    assert "forecast" in page.text
