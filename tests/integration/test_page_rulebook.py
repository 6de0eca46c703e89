"""The screens of the rulebook: every rule, its relations, its tests, and what became of its advice."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from signpost.authoring.mutation.mutants import mutants
from signpost.services.intake.page.rulebook_jobs import timelines_in
from signpost.storage.outcomes import Outcomes
from tests.integration.test_intake_reading import advise, offer
from tests.support.intake_parts import SOUTH_KEY, Intake, intake_at
from tests.support.pages import Element, Reader, links_of, sign_in
from tests.support.rulebooks import FEW_RULES, RULES, shipped_engine

RULE = "/page/rulebook/ask-response-deadline"


@pytest.fixture(scope="module")
def intake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Intake]:
    parts = intake_at(tmp_path_factory.mktemp("rulebook"))
    for number in range(3):
        assert parts.send(offer(str(number), f"c-{number}")).status_code == 202
    advise(parts)
    yield parts
    parts.broker.close()
    parts.store.close()


@pytest.fixture(scope="module")
def reader(intake: Intake) -> Reader:
    return sign_in(intake)


def described(page: Element) -> dict[str, str]:
    """The terms of all lists, with their descriptions."""
    terms = [(one.text, other.text) for one, other in zip(page.all("dt"), page.all("dd"), strict=True)]
    return dict(terms)


def test_the_list_has_every_rule_with_its_numbers(reader: Reader) -> None:
    page = reader.get("/page/rulebook")
    rows = {row.first("a").text: [cell.text for cell in row.all("td")] for row in page.all("tr") if row.all("a")}
    assert set(rows) == set(shipped_engine().rulebook.rules)
    raised, active = rows["ask-response-deadline"][5:7]
    assert (raised, active) == ("3", "3")
    assert int(rows["ask-response-deadline"][4]) > 0


def test_the_search_finds_rules_by_their_article(reader: Reader) -> None:
    page = reader.get("/page/rulebook?q=back+out")
    assert 0 < len(page.all("tbody")) < 5
    assert "withdraw-promptly" in page.text


def test_numbers_are_those_of_the_tenant(intake: Intake) -> None:
    page = sign_in(intake, SOUTH_KEY).get(RULE)
    assert described(page)["raised"] == "0"


def test_a_large_number_of_recommendations_is_sampled(intake: Intake) -> None:
    every, some = intake.store.outcomes.of_tenant("north"), intake.store.outcomes.of_tenant("north", 5)
    assert not every.is_sample
    assert some.is_sample
    assert sum(number for one in some.counts.values() for number in one.values()) == 5
    assert intake.store.outcomes.of_tenant("nobody") == Outcomes({}, False)


def test_a_rule_shows_its_conditions_source_and_relations(reader: Reader) -> None:
    page, rule = reader.get("/page/rulebook/withdraw-promptly"), shipped_engine().rulebook.rules["withdraw-promptly"]
    shown = described(page)
    words = [one.text for one in page.first("ul").all("code")]
    assert words[:2] == ["stage: accepted", "any other offer"]
    assert rule.source.title in page.text
    assert all(norm["claim"] in page.text for norm in rule.source.norms)
    assert shown["Priority"] == "high: from the start; urgent: 24h after accepted_at of other"
    assert "until the offer is over" in shown["Ends"]
    assert shown["When done"] == "states offer.withdrawn"
    assert "accept-in-writing" in shown["Takes the place of"]
    assert "consider-counteroffer" in shown["Gives way to"]
    assert "withdraw-promptly:" in page.text


def test_every_rule_has_a_screen_whose_links_work(reader: Reader) -> None:
    """Some rules of each shape; all would take long."""
    names = list(shipped_engine().rulebook.rules)[::30]
    for name in names:
        page = reader.get(f"/page/rulebook/{name}")
        assert page.first("h1").text == name
        linked = {link.rpartition("/")[2] for link in links_of(page) if link.startswith("/page/rulebook/")}
        assert linked <= set(shipped_engine().rulebook.rules)


def test_the_mutants_of_a_rule_are_tried_on_its_timelines(reader: Reader) -> None:
    page = reader.send(reader.get(RULE), f"{RULE}/mutants")
    number = len(mutants(shipped_engine().rulebook.rules["ask-response-deadline"]))
    assert number > 5
    # `make rules` requires as much
    assert page.first("p", role="status").text == f"100 % of its mutants are noticed: {number} of {number}."


def test_an_unknown_rule_is_not_found(reader: Reader) -> None:
    page = reader.get("/page/rulebook/ask-respnse-deadline", 404)
    assert "ask-response-deadline" in page.text


def test_a_changed_timeline_is_read_again(tmp_path: Path) -> None:
    file = tmp_path / "timelines" / "pay.yaml"
    file.parent.mkdir()
    file.write_bytes((RULES / "timelines" / "pay.yaml").read_bytes())
    before = timelines_in(tmp_path)
    assert len(before) > 3
    assert timelines_in(tmp_path) is before
    os.utime(file, ns=(1, 1))
    assert timelines_in(tmp_path) == before
    assert timelines_in(tmp_path) is not before


def test_a_rulebook_without_timelines_is_shown_without_them(tmp_path: Path) -> None:
    parts = intake_at(tmp_path, rules=FEW_RULES)
    reader = sign_in(parts)
    page = reader.get("/page/rulebook")
    name = page.first("tbody").first("a").text
    assert "No timeline names it." in reader.get(f"/page/rulebook/{name}").text
