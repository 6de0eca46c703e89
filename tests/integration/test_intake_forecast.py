"""Forecasts over HTTP and on the command line, about what is really stored; nothing is kept or published."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from click.testing import CliRunner, Result

from signpost.case.instant import HOUR, format_instant
from signpost.cli import main
from signpost.schemas.forecast import ForecastSchema, TenantForecastSchema
from signpost.services.intake import prices
from signpost.storage import CaseRow, Rate
from tests.integration.test_intake_explaining import described, kept
from tests.integration.test_intake_reading import STRANGE, advise, offer, read
from tests.support.intake_parts import NORTH_KEY, NOW, SOUTH_KEY, Intake, intake_at

PATH = "/v1/candidates/c-1/forecast"


def dated(number: str, subject: str) -> dict[str, Any]:
    document = offer(number, subject)
    return document | {"data": document["data"] | {"respond_by": "2026-03-10T00:00:00Z"}}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("forecast")


@pytest.fixture(scope="module")
def intake(folder: Path) -> Iterator[Intake]:
    parts = intake_at(folder)
    for number, subject in (("1", "c-1"), ("2", "application:a-7"), ("3", STRANGE)):
        assert parts.send(dated(number, subject)).status_code == 202
    advise(parts)
    yield parts
    parts.broker.close()
    parts.store.close()


def test_the_forecast_is_as_documented_and_changes_nothing(intake: Intake, folder: Path) -> None:
    before = kept(folder)
    status, found = read(intake, PATH)
    assert (status, found["candidate"], found["at"]) == (200, "c-1", "2026-03-02T14:00:00Z")
    assert found["until"] == "2026-04-01T14:00:00Z"
    described("Forecast", found)
    assert ForecastSchema().load(found) == found
    changes = [(one["at"], one["change"]) for one in found["items"] if one["rule"] == "respond-before-deadline"]
    assert changes[0] == ("2026-03-07T00:00:00Z", "raised")
    assert changes[-1] == ("2026-03-10T00:00:00Z", "resolved")
    assert kept(folder) == before
    assert len(before) > 20


def test_a_simulation_without_events_finds_the_same(intake: Intake) -> None:
    _, found = read(intake, f"{PATH}?until=2026-04-01T14:00:00Z")
    asked = {"candidate": "c-1", "events": [], "until": found["until"]}
    answer = intake.post("/v1/simulate", json.dumps(asked).encode(), {"Content-Type": "application/json"})
    simulated = {(one["changed_at"], one["id"], one["sequence"]) for one in answer.get_json()["changes"]}
    assert {(one["at"], one["recommendation"], one["sequence"]) for one in found["items"]} == simulated
    assert len(simulated) > 10


@pytest.mark.parametrize("path", [PATH, "/v1/forecast"])
def test_pages_are_the_whole(intake: Intake, path: str) -> None:
    _, whole = read(intake, path)
    items: list[Any] = []
    query: dict[str, Any] = {"limit": 1}
    while True:
        status, page = read(intake, f"{path}?{urlencode(query)}")
        assert (status, len(page["items"])) == (200, 1)
        items += page["items"]
        if page["next"] is None:
            break
        query["after"] = page["next"]
    assert items == whole["items"]


def test_an_employer_is_one_of_several_readers(intake: Intake) -> None:
    _, whole = read(intake, PATH)
    for query, audience in (("audience=candidate", "candidate"), ("audience=employer&employer=acme", "employer")):
        _, found = read(intake, f"{PATH}?{query}")
        assert found["items"] == [one for one in whole["items"] if one["audience"] == audience]
        assert found["items"]
    assert read(intake, f"{PATH}?audience=employer&employer=globex")[1]["items"] == []


@pytest.mark.parametrize("subject", ["application%3Aa-7", "a%2Fb%20c%3Fd%23%C3%BC%252F%22"])
def test_any_id_has_a_forecast(intake: Intake, subject: str) -> None:
    assert read(intake, f"/v1/candidates/{subject}/forecast")[1]["items"]


def test_the_cases_of_a_tenant_by_the_hour(tmp_path: Path) -> None:
    intake = intake_at(tmp_path)
    changes = [NOW - 5, NOW, NOW + 1, NOW + HOUR - 1, NOW + HOUR, NOW + 48 * HOUR, NOW + 800 * HOUR, None]
    rows = [CaseRow("north", f"c-{n}", b"{}", next_change=at) for n, at in enumerate(changes)]
    merged = CaseRow("north", "merged", b"", merged_into="c-0", next_change=NOW + HOUR)
    other = CaseRow("south", "c-0", b"{}", next_change=NOW + HOUR)
    with intake.store.transaction() as transaction:
        transaction.lock_cases([(row.tenant, row.key) for row in (*rows, merged, other)])
        transaction.save_cases([*rows, merged, other])
    status, found = read(intake, "/v1/forecast")
    assert status == 200
    described("TenantForecast", found)
    assert TenantForecastSchema().load(found) == found
    hours = [(NOW, 2), (NOW + HOUR, 1), (NOW + 48 * HOUR, 1)]
    assert found["overdue"] == 2
    assert found["items"] == [{"hour": format_instant(at), "cases": number} for at, number in hours]
    assert read(intake, f"/v1/forecast?until={format_instant(NOW + HOUR)}")[1]["items"] == found["items"][:2]
    assert read(intake, f"/v1/forecast?until={format_instant(NOW + 800 * HOUR)}")[1]["items"][:3] == found["items"]
    assert read(intake, "/v1/forecast", SOUTH_KEY)[1]["items"] == [{"hour": "2026-03-02T15:00:00Z", "cases": 1}]
    intake.broker.close()
    intake.store.close()


@pytest.mark.parametrize("path", [PATH, "/v1/forecast"])
@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("until=tomorrow", "until"),
        ("until=2026-03-02T13:59:59Z", "until"),
        ("until=2027-04-06T14:00:01Z", "until"),
        ("until=2026-03-09T14:00:00", "until"),
        ("limit=0", "limit"),
        ("limit=501", "limit"),
        ("after=x", "after"),
        ("after=-1", "after"),
        ("after=" + "9" * 30, "after"),
    ],
)
def test_what_cannot_be_forecast_is_a_problem(intake: Intake, path: str, query: str, parameter: str) -> None:
    status, found = read(intake, f"{path}?{query}")
    assert (status, found["errors"][0]["pointer"]) == (400, f"?{parameter}")
    described("Problem", found)


@pytest.mark.parametrize(
    ("until", "hint"),
    [
        ("2026-03-09T14:00:00+01:00", "; write the + of an offset as %2B"),
        ("2026-03-09T14:00:00", ""),
        ("2026-03-09%2014:00", ""),
        ("soon+01:00", ""),
    ],
)
def test_an_instant_whose_plus_became_a_space_says_how_to_write_it(intake: Intake, until: str, hint: str) -> None:
    status, found = read(intake, f"{PATH}?until={until}")
    assert status == 400
    assert found["errors"][0]["detail"] == f"must be an instant with an offset, like 2026-03-02T09:00:00Z{hint}"
    assert read(intake, f"{PATH}?until=2026-03-09T14:00:00%2B01:00")[0] == 200


@pytest.mark.parametrize(
    ("query", "parameter"),
    [("audience=nobody", "audience"), ("employer=acme", "employer"), ("audience=candidate&employer=a", "employer")],
)
def test_a_reader_that_does_not_exist_is_a_problem(intake: Intake, query: str, parameter: str) -> None:
    status, found = read(intake, f"{PATH}?{query}")
    assert (status, found["errors"][0]["pointer"]) == (400, f"?{parameter}")


def test_the_longest_horizon_is_accepted(intake: Intake) -> None:
    assert read(intake, f"{PATH}?until=2027-04-06T14:00:00Z")[0] == 200
    assert read(intake, f"{PATH}?until=2026-03-02T14:00:00Z")[1]["items"] == []


def test_nobody_sees_a_neighbours_forecast(intake: Intake) -> None:
    assert read(intake, PATH, SOUTH_KEY)[0] == 404
    assert read(intake, "/v1/candidates/c-none/forecast")[0] == 404
    assert read(intake, "/v1/candidates/c%00/forecast")[0] == 404
    assert read(intake, "/v1/forecast", SOUTH_KEY)[1]["items"] == []
    assert [read(intake, path, "no key")[0] for path in (PATH, "/v1/forecast")] == [401, 401]


@pytest.mark.parametrize("path", [PATH, "/v1/forecast"])
def test_a_forecast_is_charged_for(tmp_path: Path, path: str) -> None:
    parts = intake_at(tmp_path, rate=Rate(1, prices.FORECAST + 1))
    assert parts.send(offer("1", "c-1")).status_code == 202
    advise(parts)
    assert [parts.get(path).status_code for _ in range(2)] == [200, 429]
    parts.broker.close()
    parts.store.close()


def test_a_case_that_is_too_large_asks_for_an_earlier_end(intake: Intake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("signpost.advice.forecast.MAX_WORK", 3)
    status, found = read(intake, PATH)
    assert (status, found["errors"][0]["pointer"]) == (400, "?until")
    assert "must be earlier: the forecast takes too much work beyond 2026-03-0" in found["detail"]


@pytest.fixture
def call(intake: Intake, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The command, against this intake, with small pages."""

    @contextmanager
    def client(_: Any) -> Iterator[None]:
        yield None

    def request(_: Any, method: str, path: str, params: dict[str, Any]) -> Any:
        status, found = read(intake, f"{path}?{urlencode(params)}", NORTH_KEY)
        assert (method, status) == ("GET", 200), found
        return found

    monkeypatch.setattr("signpost.cli.client.open_client", client)
    monkeypatch.setattr("signpost.cli.client.request_json", request)
    monkeypatch.setattr("signpost.cli.forecast.PAGE_ITEMS", 3)
    monkeypatch.setattr("time.time_ns", lambda: NOW * 1000)

    def run(*arguments: str) -> Result:
        return CliRunner().invoke(main, ["forecast", *arguments])

    return run


def test_the_command_prints_a_table_of_changes(call: Any, intake: Intake) -> None:
    shown = call("c-1", "--until", "8d")
    assert shown.exit_code == 0, shown.output
    number = len(read(intake, f"{PATH}?until=2026-03-10T14:00:00Z")[1]["items"])
    assert f"c-1: {number} changes until 2026-03-10 14:00 UTC if nothing else happens" in shown.output
    [line] = [line for line in shown.output.splitlines() if "2026-03-07 00:00" in line and "respond-before" in line]
    assert line.split()[2:4] == ["raised", "normal"]
    assert line.split()[-4:] == ["2026-03-10", "00:00", "candidate", "respond-before-deadline@offer/o-1"]
    assert "(its conditions no longer hold)" in shown.output
    assert "no change until" in call("c-1", "--audience", "employer", "--employer", "globex").output


def test_the_command_prints_the_hours_of_all_cases(call: Any, intake: Intake) -> None:
    shown = call("--until", "2026-03-30T00:00:00Z")
    assert shown.exit_code == 0, shown.output
    assert "3 cases will change next until 2026-03-30 00:00 UTC" in shown.output
    hours = read(intake, "/v1/forecast")[1]["items"]
    for hour in hours:
        assert f"{hour['hour'][:10]} {hour['hour'][11:16]}  {hour['cases']}  █" in shown.output


def test_json_has_all_pages(call: Any, intake: Intake) -> None:
    assert json.loads(call("c-1", "--json").output) == read(intake, f"{PATH}?limit=500")[1]
    assert json.loads(call("--json").output) == read(intake, "/v1/forecast")[1]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("c-1", "--until", "soon"), "'soon' is neither an instant nor a duration"),
        (("c-1", "--until", "5bd"), "'5bd' is neither an instant nor a duration"),
        (("c-1", "--until", "99999999d"), "is outside the calendar"),
        (("--audience", "employer"), "--audience and --employer need a candidate"),
    ],
)
def test_what_the_command_cannot_read_is_an_error(call: Any, arguments: tuple[str, ...], message: str) -> None:
    shown = call(*arguments)
    assert shown.exit_code == 2
    assert message in shown.output
