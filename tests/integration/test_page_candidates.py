"""The screens of candidates show what `signpost rules explain --json` says, then as now, and to their tenant only."""

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from click.testing import CliRunner

from examples.play import expand
from signpost.authoring.backtest import history_of_case
from signpost.case import Case
from signpost.case.instant import parse_instant, to_datetime
from signpost.cli import main
from signpost.explain import explain_all
from tests.integration.test_intake_reading import advise
from tests.support.intake_parts import NOW, SOUTH_KEY, Intake, intake_at
from tests.support.pages import Element, Reader, links_of, sign_in
from tests.support.rulebooks import RULES, shipped_engine

JOURNEY = Path(__file__).parents[2] / "examples" / "journeys" / "second-acceptance.json"
MARIA = "/page/candidates/maria-1"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("page")


@pytest.fixture(scope="module")
def intake(folder: Path) -> Iterator[Intake]:
    parts = intake_at(folder)
    for event in expand(JOURNEY.read_text(encoding="utf-8"), to_datetime(NOW), "1"):
        assert parts.send(event).status_code == 202
    advise(parts)
    yield parts
    parts.broker.close()
    parts.store.close()


@pytest.fixture(scope="module")
def reader(intake: Intake) -> Reader:
    return sign_in(intake)


@cache
def explain(folder: Path, rule: str, at: str) -> list[dict[str, Any]]:
    """What the command says."""
    environ = {
        "SIGNPOST_DATA_DIR": str(folder),
        "SIGNPOST_DATABASE_URL": f"sqlite:///{folder}/signpost.db",
        "SIGNPOST_RULES": str(RULES),
    }
    arguments = ["rules", "explain", rule, "--candidate", "maria-1", "--tenant", "north", "--at", at, "--json"]
    result = CliRunner(env=environ).invoke(main, arguments)
    assert result.exit_code == 0, result.output
    found: list[dict[str, Any]] = json.loads(result.output)
    return found


def instants(page: Element) -> list[str]:
    """Where the slider stops; "" is now."""
    return [one.attributes["value"] for one in page.first("select", id="at").all("option")]


def advised(page: Element) -> dict[str, str]:
    """RULE@SUBJECT of what the table shows -> its priority."""
    rows = page.all("tr")
    links = [
        (row, row.all("a")[0].attributes["href"])
        for row in rows
        if row.all("a") and "/rules/" in str(row.all("a")[0].attributes)
    ]
    return {
        f"{urlsplit(href).path.rpartition('/')[2]}@{parse_qs(urlsplit(href).query)['subject'][0]}": row.first(
            "span", class_="tag"
        ).text
        for row, href in links
    }


def test_at_every_instant_the_page_shows_exactly_what_holds(intake: Intake, reader: Reader) -> None:
    stops = instants(reader.get(MARIA))
    assert len(stops) >= 10
    assert stops.count("") == 1
    rules = sorted({one.partition("@")[0] for at in stops for one in advised(reader.get(f"{MARIA}?at={at}"))})
    assert len(rules) > 15
    engine, row = shipped_engine(), intake.store.case("north", "maria-1")
    assert row is not None
    history = history_of_case(row.key, Case.from_json(row.state))
    for at in filter(None, stops[::3]):
        page, now = reader.get(f"{MARIA}?at={at}"), parse_instant(at)
        # As the command does, without loading the rules each time; below, the command itself is asked
        said = [one for rule in rules for one in explain_all(engine, history.case(now), row.key, rule, now)]
        holding = {
            f"{one['rule']}@{one['subject']['kind']}/{one['subject']['id']}": one["priority"]
            for one in said
            if one["holds"]
        }
        assert advised(page) == holding, at
        options = {one.attributes["value"] for one in page.first("select", id="rule").all("option")}
        quiet = {f"{one['rule']}@{one['subject']['kind']}/{one['subject']['id']}" for one in said if not one["holds"]}
        assert quiet <= options
        assert not holding.keys() & options


@pytest.mark.parametrize("rule", ["withdraw-promptly", "send-the-letter", "compare-offers", "ask-response-deadline"])
def test_why_shows_every_condition_fact_and_change_of_the_explanation(reader: Reader, folder: Path, rule: str) -> None:
    for at in ("2026-02-28T15:00:00Z", "2026-03-09T00:00:00Z"):
        page = reader.get(f"{MARIA}/rules/{rule}?at={at}")
        said = explain(folder, rule, at)
        sections = page.all("section", class_="explanation")
        assert len(sections) == len(said)
        for section, one in zip(sections, said, strict=True):
            verdict = f"holds , {one['priority']}" if one["holds"] else "does not hold"
            assert section.first("h2").text == f"{one['subject']['kind']}/{one['subject']['id']}: {verdict}"
            assert conditions(section) == [(each["answer"], each["condition"]) for each in one["because"]]
            for fact in facts(one["because"]):
                assert fact in section.text
            would = {item.text for item in section.all("li")}
            assert {change["words"] for change in one["if_changed"]} <= would


def cloud_event(name: str, **data: Any) -> dict[str, Any]:
    attributes = {"specversion": "1.0", "id": name, "source": "ats", "subject": "c-1", "time": "2026-03-02T12:00:00Z"}
    return {**attributes, "type": f"signpost.offer.{name}.v1", "data": {"offer": "o-1", **data}}


def test_why_names_the_subject_of_what_takes_its_place(tmp_path: Path) -> None:
    parts = intake_at(tmp_path)
    pay, less = ({"amount": amount, "currency": "USD", "per": "year"} for amount in ("90000", "85000"))
    for event in (cloud_event("extended", salary=pay), cloud_event("letter_received", letter={"salary": less})):
        assert parts.send(event).status_code == 202
    advise(parts)
    reader = sign_in(parts)
    rows = [row for row in reader.get("/page/candidates/c-1").all("tr")
            for cell in row.all("td", **{"data-name": "State"}) if " by " in cell.text]  # fmt: skip
    assert rows
    for row in rows:
        by = row.all("td")[3].first("span").text
        page = reader.get(row.first("a").attributes["href"])
        assert f"Suppressed by {by}" in page.first("section", class_="explanation").text
    parts.broker.close()
    parts.store.close()


def conditions(section: Element) -> list[tuple[str, str]]:
    """The answer and the words of each condition."""
    return [(one.first("span").text, one.first("code").text) for one in section.all("summary")]


def facts(reasons: list[dict[str, Any]]) -> Iterator[str]:
    for reason in reasons:
        yield from (f"{fact['fact']} :" for fact in reason["seen"])
        yield from facts(reason["parts"])


def test_the_changes_of_a_condition_are_beside_it(reader: Reader) -> None:
    page = reader.get(f"{MARIA}/rules/withdraw-promptly?subject=offer/acme&at=2026-03-02T14:00:00Z")
    failing = [one for one in page.all("details") if one.first("summary").text.startswith("no")]
    assert failing
    assert any("if offer/acme stage were accepted" in one.text for one in failing)


def test_two_offers_are_compared_on_every_row_of_the_chart(reader: Reader) -> None:
    at = instants(reader.get(MARIA))[5]
    chart = reader.get(f"{MARIA}?at={at}").first("table", class_="chart")
    heads = [one.text for one in chart.first("thead").all("th")]
    assert heads[0] == "What"
    assert {"Acme", "Globex"} <= {head.partition(":")[0] for head in heads}
    assert all(len(row.all("td")) == len(heads) - 1 for row in chart.first("tbody").all("tr"))


def test_the_events_and_the_lives_are_there(reader: Reader) -> None:
    page = reader.get(MARIA)
    assert "1-maria-2" in page.text
    assert "offer/acme extended" in page.text
    withdraw = [row.text for row in page.all("tr") if "withdraw-promptly@offer/acme" in row.text]
    assert withdraw
    assert "its conditions no longer hold" in withdraw[-1]


def test_every_link_of_the_screens_leads_somewhere(reader: Reader) -> None:
    pages = [reader.get(path) for path in ("/page/candidates", MARIA, f"{MARIA}?at={instants(reader.get(MARIA))[4]}")]
    for link in sorted({link for page in pages for link in links_of(page)}):
        assert reader.client.get(link, follow_redirects=True).status_code == 200, link


def test_the_choice_of_a_rule_leads_to_its_explanation(reader: Reader) -> None:
    answer = reader.client.get(f"{MARIA}/explain?rule=send-the-letter@offer/acme&at=2026-03-02T14:00:00Z")
    assert (
        answer.headers["Location"] == f"{MARIA}/rules/send-the-letter?subject=offer%2Facme&at=2026-03-02T14%3A00%3A00Z"
    )


def test_the_search_finds_a_candidate_by_a_part_of_its_id(reader: Reader) -> None:
    assert "maria-1" in reader.get("/page/candidates?q=mar").text
    assert "No candidate matches" in reader.get("/page/candidates?q=nobody").text


def test_no_other_tenant_sees_the_candidate(intake: Intake) -> None:
    other = sign_in(intake, SOUTH_KEY)
    assert "maria" not in other.get("/page/candidates").text
    for path in (MARIA, f"{MARIA}/rules/send-the-letter", f"{MARIA}/explain?rule=send-the-letter@offer/acme"):
        other.client.get(path)
        answer = other.client.get(path, follow_redirects=True)
        assert answer.status_code == 404, path


@pytest.mark.parametrize("path", [f"{MARIA}?at=yesterday", f"{MARIA}?at=9999-99-99", f"{MARIA}/rules/no-such-rule"])
def test_what_cannot_be_shown_is_a_page_that_says_why(reader: Reader, path: str) -> None:
    answer = reader.client.get(path)
    assert answer.status_code in (400, 404)
    assert answer.mimetype == "text/html"
