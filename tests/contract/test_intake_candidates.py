"""The list of candidates over HTTP and on the command line, on both databases."""

import json
from collections.abc import Iterator
from contextlib import nullcontext
from typing import Any
from urllib.parse import quote

import pytest
from click.testing import CliRunner

from signpost.cli import main
from signpost.services.intake import candidates as route
from signpost.storage.candidates import end_of_prefix
from tests.integration.test_intake_explaining import described
from tests.support.intake_parts import NORTH_KEY, SECRET, SOUTH_KEY, TENANTS, Intake, intake_at
from tests.support.workers_kit import HOUR, START, event, open_system

PEOPLE = {
    "c-1": "Maria Silva",
    "c-2": "Jürgen Groß",
    "c-10": None,
    "d-1": 'Ann "Q" O\'Neill',
    "élan": "Zoë",
    "jobs~4411": None,
    "\U0010ffff": None,
}
BOARDS = f"""
  jobs: {{tenant: north, vendor: lever, ids: own, secrets: ["plain:{SECRET}"]}}
  other: {{tenant: south, vendor: lever, ids: own, secrets: ["plain:{SECRET}"]}}
"""


@pytest.fixture(scope="module", params=["postgresql", "sqlite"])
def intake(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Intake]:
    """An intake whose tenant north has PEOPLE, one merged, one erased, and one without a candidate."""
    folder = tmp_path_factory.mktemp("candidates")
    here = f"sqlite:///{folder / 'signpost.db'}"
    with (
        postgres(request) if request.param == "postgresql" else nullcontext(here) as database,
        open_system(database, here) as system,
    ):
        system.now = START + HOUR
        for number, (key, name) in enumerate(PEOPLE.items()):
            system.handle(
                event(
                    "offer.extended",
                    key,
                    tenant="north",
                    id=f"o{number}",
                    offer=f"Off-{number}",
                    application=f"app-{number}",
                )
            )
            if name:
                system.handle(event("candidate.preferences", key, tenant="north", id=f"p{number}", display_name=name))
        system.handle(
            event("offer.extended", "application:loose", tenant="north", offer="o-loose"),
            event("offer.extended", "old-1", tenant="north", offer="o-old"),
            event("candidate.merged", "old-1", tenant="north", into="c-1"),
            event("offer.extended", "gone", tenant="north", offer="o-gone"),
            event("candidate.erased", "gone", tenant="north", at=0.5),
        )
        parts = intake_at(folder, database_url=database, text=TENANTS.rstrip() + BOARDS)
        yield parts
        parts.broker.close()
        parts.store.close()


def postgres(request: pytest.FixtureRequest) -> Any:
    """A database of its own."""
    from tests.support import servers

    return servers.database(request.getfixturevalue("postgres_server"))


def find(intake: Intake, query: str = "", key: str = NORTH_KEY) -> list[str]:
    """The ids of one page."""
    return [item["id"] for item in page(intake, query, key)["items"]]


def page(intake: Intake, query: str = "", key: str = NORTH_KEY) -> dict[str, Any]:
    answer = intake.get(f"/v1/candidates{query}", key)
    assert answer.status_code == 200, answer.data
    document: dict[str, Any] = json.loads(answer.data)
    described("Candidates", document)
    return document


def test_all_candidates_are_listed_by_id_without_merged_and_erased_ones(intake: Intake) -> None:
    assert find(intake) == sorted([*PEOPLE, "application:loose"])
    assert page(intake)["next"] is None


def test_an_item_counts_the_active_advice(intake: Intake) -> None:
    [one] = [item for item in page(intake)["items"] if item["id"] == "c-1"]
    advice = intake.get("/v1/candidates/c-1/advice").get_json()["active"]
    for audience, counts in one["active"].items():
        mine = [each["priority"] for each in advice if each["audience"] == audience]
        assert counts == {priority: mine.count(priority) for priority in counts}
        assert mine
    assert one["highest_priority"] == advice[0]["priority"]
    assert one["name"] == "Maria Silva"
    assert one["next_change"] == intake.get("/v1/candidates/c-1/case").get_json()["next_change"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("c-1", ["c-1", "c-10"]),
        ("c-", ["c-1", "c-10", "c-2"]),
        ("é", ["élan"]),
        ("\U0010ffff", ["\U0010ffff"]),
        ("maria", ["c-1"]),
        ("SILVA", ["c-1"]),
        ("gross", ["c-2"]),
        ('"q" o\'n', ["d-1"]),
        ("zoë", ["élan"]),
        ("app-3", ["d-1"]),
        ("off-1", ["c-2"]),
        ("loose", ["application:loose"]),
        ("old-1", ["c-1"]),
        ("o-old", ["c-1"]),
        ("gone", []),
        ("o-gone", []),
        ("lva", ["c-1"]),
        ("%", []),
        ("display_name", []),
        ("\\", []),
    ],
)
def test_a_search_finds_ids_names_and_external_ids(intake: Intake, text: str, found: list[str]) -> None:
    assert find(intake, f"?q={quote(text)}") == found


@pytest.mark.parametrize("query", ["", "q=c-", "q=i"])
@pytest.mark.parametrize(("limit", "scanned"), [(1, 1000), (2, 1000), (500, 1), (3, 2)])
def test_pages_join_to_the_whole_list(
    intake: Intake, monkeypatch: pytest.MonkeyPatch, query: str, limit: int, scanned: int
) -> None:
    whole = find(intake, f"?{query}")
    assert whole
    monkeypatch.setattr(route, "MAX_SCANNED", scanned)
    ids, after = [], ""
    for _ in range(40):
        answer = page(intake, f"?{query}&limit={limit}{after}")
        assert len(answer["items"]) <= limit
        ids += [item["id"] for item in answer["items"]]
        if answer["next"] is None:
            break
        after = f"&after={answer['next']}"
    assert ids == whole


@pytest.mark.parametrize(
    "query", ["?after=%00", "?after=eA", "?after=!", "?q=%00", f"?q={'x' * 201}", "?limit=0", "?after="]
)
def test_a_bad_parameter_is_named(intake: Intake, query: str) -> None:
    answer = intake.get(f"/v1/candidates{query}")
    assert answer.status_code == 400
    assert answer.get_json()["errors"][0]["pointer"] == query.partition("=")[0]


def test_an_id_as_a_source_with_ids_of_its_own_writes_it_is_suggested_in_full(intake: Intake) -> None:
    hint = "; did you mean jobs~4411? Ids of a source have its name before them"
    for key, end in ((NORTH_KEY, hint), (SOUTH_KEY, "")):
        answer = intake.get("/v1/candidates/4411/advice", key)
        assert answer.status_code == 404
        assert json.loads(answer.data)["detail"] == f"no facts are known about this candidate{end}"


def test_a_neighbour_finds_nothing(intake: Intake) -> None:
    for query in ("", "?q=c-1", "?q=maria", "?q=loose", "?after=a2MtMQ"):
        assert find(intake, query, SOUTH_KEY) == []


def test_the_end_of_a_prefix() -> None:
    ends = {"": None, "a": "b", "az": "a{", "a\U0010ffff": "b", "\U0010ffff": None, "\ud7ff": "\ue000"}
    assert {prefix: end_of_prefix(prefix) for prefix in ends} == ends


def test_the_command_prints_names_and_counts(intake: Intake, monkeypatch: pytest.MonkeyPatch) -> None:
    def request(_client: Any, _method: str, path: str, *, params: dict[str, Any]) -> Any:
        return intake.client.get(path, query_string=params, headers={"Authorization": f"Bearer {NORTH_KEY}"}).get_json()

    monkeypatch.setattr("signpost.cli.client.open_client", lambda _: nullcontext())
    monkeypatch.setattr("signpost.cli.client.request_json", request)
    lines = CliRunner().invoke(main, ["candidates", "maria"]).output
    assert "c-1" in lines
    assert "Maria Silva" in lines
    assert " high" in lines
    printed = json.loads(CliRunner().invoke(main, ["candidates", "--json", "-n", "2"]).output)
    assert [item["id"] for item in printed] == find(intake)[:2]
    assert "no candidate matches nobody" in CliRunner().invoke(main, ["candidates", "nobody"]).output
