"""The playground: what a rule would advise, why, and what its tests say. Nothing of it is kept, whatever it is."""

import json
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.test_intake_reading import advise, offer
from tests.support.intake_parts import Intake, intake_at
from tests.support.pages import Element, Reader, sign_in
from tests.support.rulebooks import FEW_RULES, RULES

EVENTS = [
    {
        "specversion": "1.0", "id": "e-1", "source": "s", "type": "signpost.offer.extended.v1", "subject": "c-9",
        "time": "2026-03-02T13:00:00Z",
        "data": {"offer": "o-1", "employer": {"id": "acme", "name": "Acme"}, "respond_by": "2026-03-09T17:00:00Z"},
    }
]  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("playground")


@pytest.fixture(scope="module")
def intake(folder: Path) -> Iterator[Intake]:
    parts = intake_at(folder)
    assert parts.send(offer("1", "c-1")).status_code == 202
    advise(parts)
    yield parts
    parts.broker.close()
    parts.store.close()


@pytest.fixture(scope="module")
def reader(intake: Intake) -> Reader:
    return sign_in(intake)


@pytest.fixture(scope="module")
def few(tmp_path_factory: pytest.TempPathFactory) -> Reader:
    """With few rules, which are loaded soon."""
    return sign_in(intake_at(tmp_path_factory.mktemp("few"), rules=FEW_RULES))


def try_out(reader: Reader, text: str, status: int = 200, **more: str) -> Element:
    values = {"text": text, "timelines": "", "events": "[]", "candidate": "", "at": "", **more}
    return reader.send(reader.get("/page/playground"), "/page/playground", status, **values)


def own_rule(name: str = "ask-response-deadline") -> str:
    """The text of a shipped rule, as its file has it."""
    text = (RULES / "before-accepting.yaml").read_text(encoding="utf-8")
    found: list[str] = re.findall(rf"^{name}:\n(?:(?: .*)?\n)*", text, re.MULTILINE)
    return found[0].rstrip() + "\n"


def test_it_says_that_overrides_do_not_count(few: Reader) -> None:
    assert "Overrides of rules and parameters in the tenants file do not count here" in few.get("/page/playground").text


def test_an_edited_rule_is_tried_on_a_candidate_in_place_of_the_old_one(reader: Reader) -> None:
    text = own_rule().replace("title: Ask", "title: Please ask", 1)
    assert text != own_rule()
    page = try_out(reader, text, candidate="c-1")
    first = page.first("article", class_="tried")
    assert "Please ask Acme" in first.text
    assert (
        page.first("section", class_="explanation")
        .first("h3")
        .text.startswith("ask-response-deadline@offer/o-1: holds")
    )
    assert any("passed" in one.text for one in page.all("li"))


def test_a_rule_is_tried_on_events(reader: Reader) -> None:
    page = try_out(reader, own_rule(), events=json.dumps(EVENTS))
    assert "ask-response-deadline@offer/o-1: does not hold" in page.text
    assert "if offer/o-1 respond_by were unknown" in page.text
    without = [{**EVENTS[0], "data": {"offer": "o-1", "employer": {"id": "acme", "name": "Acme"}}}]
    assert page.first("textarea", id="events").text == json.dumps(EVENTS)
    assert "ask-response-deadline@offer/o-1: holds" in try_out(reader, own_rule(), events=json.dumps(without)).text


def test_problems_have_line_column_and_suggestion(reader: Reader) -> None:
    page = try_out(reader, own_rule().replace("respond_by", "respond_bye", 1))
    problems = page.first("section", role="alert").text
    assert "R020" in problems
    assert "respond_by" in problems
    assert "line " in problems


def test_own_timelines_and_mutants_are_run(reader: Reader) -> None:
    timelines = (
        "timelines:\n- name: mine\n  start: 2026-03-02T09:00:00Z\n  events:\n"
        "  - {at: 0h, type: offer.extended, offer: o-1, employer: {id: acme, name: Acme}}\n"
        "  expect:\n  - {at: 1h, includes: [ask-response-deadline@offer/o-1]}\n"
        "  - {at: 2h, excludes: [ask-response-deadline@offer/o-1]}\n"
    )
    page = try_out(reader, own_rule(), timelines=timelines, mutants="1")
    mine = next(one for one in page.all("li") if one.text.startswith("failed mine"))
    assert "at 2h ask-response-deadline@offer/o-1 is advised" in mine.text
    assert "of the mutants of ask-response-deadline are noticed" in page.first("p", role="status").text


@pytest.mark.parametrize(
    "text", ["", "nothing", "- a list", "a: b: c", "x" * 20_000, "{{{{", "\x00", "a: &x [*x, *x]", "[" * 9_000]
)
def test_any_text_is_answered(few: Reader, text: str) -> None:
    page = try_out(few, text)
    assert page.all("", role="alert")


@pytest.mark.parametrize(
    ("more", "shown"),
    [
        ({"events": "{"}, "malformed"),
        ({"events": '[{"id": "x"}]'}, "/events/0"),
        ({"events": json.dumps(EVENTS * 51)}, "at most 50"),
        ({"at": "tomorrow", "candidate": "c-1"}, "must be an instant like"),
        ({"candidate": "nobody"}, "no facts are known"),
        ({"text": "x" * 20_001}, "at most 20000"),
    ],
)
def test_what_cannot_be_tried_is_said(reader: Reader, more: dict[str, str], shown: str) -> None:
    token = reader.get("/page/playground").first("input", name="form").attributes["value"]
    data = {"form": token, "text": own_rule(), "timelines": "", "events": "[]", "candidate": "", "at": "", **more}
    answer = reader.client.post("/page/playground", data=data)
    assert answer.status_code < 500
    assert shown in answer.text


def test_nothing_is_kept(
    reader: Reader, folder: Path, intake: Intake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Not the folder in which other tests use the playground meanwhile
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    made: list[str] = []
    make = tempfile.mkdtemp

    def mkdtemp(*given: str | None) -> str:
        made.append(make(*given))
        return made[-1]

    monkeypatch.setattr(tempfile, "mkdtemp", mkdtemp)
    before = {file: file.read_bytes() for file in RULES.rglob("*.yaml")}
    tried = try_out(reader, own_rule().replace("title: Ask", "title: Never ask", 1), candidate="c-1")
    assert "Never ask" in tried.text
    assert {file: file.read_bytes() for file in RULES.rglob("*.yaml")} == before
    assert [Path(one).parent for one in made] == [tmp_path]
    assert list(tmp_path.iterdir()) == []
    assert "Never ask" not in reader.get("/page/candidates/c-1").text
    stored = b"".join(file.read_bytes() for file in folder.rglob("*") if file.is_file())
    assert b"Never ask" not in stored


def test_the_rule_is_exported_as_a_file(reader: Reader) -> None:
    token = reader.get("/page/playground").first("input", name="form").attributes["value"]
    answer = reader.client.post(
        "/page/playground/export", data={"form": token, "text": own_rule().replace("\n", "\r\n")}
    )
    assert answer.headers["Content-Disposition"] == 'attachment; filename="playground.yaml"'
    assert answer.text == own_rule()


def test_a_rule_of_the_rulebook_can_be_edited(reader: Reader) -> None:
    page = reader.get("/page/playground?rule=ask-response-deadline")
    assert page.first("textarea", id="text").text == " ".join(own_rule().split())
    assert reader.client.get("/page/playground?rule=none").status_code == 404


def test_the_first_text_is_a_rule_that_has_no_problem(reader: Reader) -> None:
    page = reader.get("/page/playground")
    text = "".join(str(one) for one in page.first("textarea", id="text").children)
    timelines = "".join(str(one) for one in page.first("textarea", id="timelines").children)
    tried = try_out(reader, text, timelines=timelines, events=json.dumps(EVENTS))
    assert tried.all("section", role="alert") == []
    assert "passed" in tried.text


def test_the_editor_completes_the_words_of_the_schema(reader: Reader) -> None:
    words = {one["word"]: one["about"] for one in reader.client.get("/page/playground/words").get_json()}
    assert words["priority"]
    assert words["respond_by"].startswith("offer: ")
    assert words["when"] == "key of a rule"
    assert "accepted" in words
