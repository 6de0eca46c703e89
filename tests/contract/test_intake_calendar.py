"""Calendars over HTTP, their links, and the command, on both databases: who can read what, and what is left."""

import json
import logging
from collections.abc import Iterator
from contextlib import nullcontext
from typing import Any
from urllib.parse import urlsplit

import pytest
from click.testing import CliRunner
from sqlalchemy import create_engine, select
from werkzeug.test import TestResponse

from signpost.cli import main
from signpost.services.intake import prices
from signpost.services.intake.calendars import MAX_LINKS, digest
from signpost.storage import Rate
from signpost.storage.engines import parse_url
from signpost.storage.tables import metadata
from tests.integration.test_intake_explaining import described
from tests.support import servers
from tests.support.calendars import Event, read_calendar
from tests.support.intake_parts import NORTH_KEY, NOW, SOUTH_KEY, Intake, intake_at
from tests.support.workers_kit import System, event, open_system

ACME = {"id": "acme", "name": "Acme"}


class Calendars:
    """The workers and an intake of one database; each test uses candidates of its own."""

    def __init__(self, system: System, intake: Intake) -> None:
        self.system, self.intake = system, intake

    def begin(self, who: str, tenant: str = "north") -> None:
        self.system.handle(
            event("offer.extended", who, tenant=tenant, offer="o", employer=ACME, respond_by="2026-03-09T12:00:00Z"),
            event(
                "interview.scheduled",
                who,
                tenant=tenant,
                interview="i",
                employer=ACME,
                starts_at="2026-03-29T09:00:00+02:00",
            ),
            event("interview.completed", who, tenant=tenant, interview="held", employer={"name": "Initech"}, at=1),
            event("candidate.preferences", who, tenant=tenant, time_zone="Europe/Berlin", display_name="Maria"),
        )

    def calendar(self, who: str) -> dict[str, Event]:
        answer = self.intake.get(f"/v1/candidates/{who}/calendar.ics")
        assert answer.status_code == 200, answer.data
        return read_calendar(answer.data)

    def link(self, who: str, **body: Any) -> dict[str, Any]:
        answer = self.intake.post(
            f"/v1/candidates/{who}/calendar-links", json.dumps(body).encode() if body else b"", {}
        )
        assert answer.status_code == 201, answer.data
        described("CalendarLink", answer.get_json())
        link: dict[str, Any] = answer.get_json()
        return link

    def links(self, who: str) -> list[dict[str, Any]]:
        answer = self.intake.get(f"/v1/candidates/{who}/calendar-links").get_json()
        described("CalendarLinks", answer)
        items: list[dict[str, Any]] = answer["items"]
        return items

    def open(self, link: dict[str, Any], method: str = "GET", **headers: str) -> TestResponse:
        """Read a link as a calendar program does, without an API key."""
        return self.intake.client.open(urlsplit(link["url"]).path, method=method, headers=headers)

    def delete(self, who: str, name: str, key: str = NORTH_KEY) -> int:
        path = f"/v1/candidates/{who}/calendar-links/{name}"
        return self.intake.client.delete(path, headers={"Authorization": f"Bearer {key}"}).status_code


@pytest.fixture(scope="module", params=["postgresql", "sqlite"])
def signpost(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Calendars]:
    folder = tmp_path_factory.mktemp("calendars")
    here = f"sqlite:///{folder / 'signpost.db'}"
    server = nullcontext(here)
    if request.param == "postgresql":
        server = servers.database(request.getfixturevalue("postgres_server"))  # type: ignore[assignment]
    with server as database, open_system(database, here) as system:
        system.now = NOW
        parts = intake_at(folder, database_url=database)
        yield Calendars(system, parts)
        parts.broker.close()
        parts.store.close()


def test_the_calendar_has_what_is_dated(signpost: Calendars) -> None:
    signpost.begin("all")
    found = signpost.calendar("all")
    advice = signpost.intake.get("/v1/candidates/all/advice?audience=candidate").get_json()["active"]
    instants = {"2026-03-09T12:00:00Z", "2026-03-29T07:00:00Z"}
    own = {f"{one['id']}@signpost" for one in advice if one["due"] and one["due"] not in instants}
    assert own == {uid for uid in found if uid.startswith("rec_")}
    assert own
    titles = sorted(one.title for uid, one in found.items() if uid not in own)
    assert titles == ["Answer Acme about the offer", "Interview with Acme"]
    listed = "\n".join(one.description for one in found.values())
    assert all(one["title"] in listed for one in advice if one["due"] in instants)


def test_answered_and_employers_advice_is_not_shown_as_due(signpost: Calendars) -> None:
    signpost.begin("answered")
    uid = next(uid for uid in signpost.calendar("answered") if uid.startswith("rec_"))
    signpost.system.handle(
        event("advice.done", "answered", tenant="north", recommendation=uid.removesuffix("@signpost"), at=4)
    )
    assert signpost.calendar("answered")[uid].status == "CANCELLED"
    employers = {
        one["id"]
        for one in signpost.intake.get("/v1/candidates/answered/advice?audience=employer").get_json()["active"]
    }
    assert employers
    assert not {f"{name}@signpost" for name in employers} & set(signpost.calendar("answered"))


def test_a_link_shows_the_same_without_a_key(signpost: Calendars) -> None:
    signpost.begin("linked")
    link = signpost.link("linked")
    answer = signpost.open(link)
    assert (answer.status_code, answer.mimetype) == (200, "text/calendar")
    assert answer.data == signpost.intake.get("/v1/candidates/linked/calendar.ics").data
    assert answer.headers["Cache-Control"] == "private, no-store"
    head = signpost.open(link, "HEAD")
    assert (head.status_code, head.data, head.headers["ETag"]) == (200, b"", answer.headers["ETag"])
    unchanged = signpost.open(link, **{"If-None-Match": answer.headers["ETag"]})
    assert (unchanged.status_code, unchanged.data) == (304, b"")
    signpost.system.handle(event("interview.cancelled", "linked", tenant="north", interview="i", at=2))
    changed = signpost.open(link, **{"If-None-Match": answer.headers["ETag"]})
    assert b"STATUS:CANCELLED" in changed.data


def test_a_revoked_an_expired_and_an_unknown_link_look_alike(
    signpost: Calendars, monkeypatch: pytest.MonkeyPatch
) -> None:
    signpost.begin("revoked")
    first, second = signpost.link("revoked"), signpost.link("revoked", expires="2026-03-02T14:00:01Z")
    assert [one["id"] for one in signpost.links("revoked")] == sorted(one["id"] for one in (first, second))
    assert signpost.open(second).status_code == 200
    assert [signpost.delete("revoked", first["id"]) for _ in range(2)] == [204, 404]
    unknown = {"url": "http://localhost/v1/calendars/none.ics"}
    answers = [signpost.open(one) for one in (first, unknown, {"url": first["url"].replace(".ics", "\u00e9.ics")})]
    assert {(one.status_code, one.data) for one in answers} == {(404, answers[0].data)}
    assert len({tuple(one.headers) for one in answers}) == 1
    assert signpost.intake.store.calendar_links.by_digest(digest(_token(second)), NOW + 1_000_001) is None
    assert [one["id"] for one in signpost.links("revoked")] == [second["id"]]


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"expires": "2026-03-02T13:00:00Z"}, "/expires"),
        ({"expires": "soon"}, "/expires"),
        ({"until": None}, "/until"),
        ([], ""),
    ],
)
def test_a_bad_request_is_refused(signpost: Calendars, body: Any, pointer: str) -> None:
    signpost.begin("bad")
    answer = signpost.intake.post("/v1/candidates/bad/calendar-links", json.dumps(body).encode(), {})
    assert (answer.status_code, [one["pointer"] for one in answer.get_json()["errors"]]) == (422, [pointer])


def test_a_candidate_has_a_limited_number_of_links(signpost: Calendars) -> None:
    signpost.begin("many")
    made = [signpost.link("many") for _ in range(MAX_LINKS)]
    assert signpost.intake.post("/v1/candidates/many/calendar-links", b"", {}).status_code == 422
    assert signpost.delete("many", made[0]["id"]) == 204
    signpost.link("many")


def test_a_neighbour_cannot_read_make_or_revoke_a_link(signpost: Calendars) -> None:
    signpost.begin("mine")
    signpost.begin("mine", "south")
    signpost.begin("other")
    link = signpost.link("mine")
    assert signpost.delete("mine", link["id"], SOUTH_KEY) == 404
    assert signpost.delete("other", link["id"]) == 404
    assert signpost.intake.get("/v1/candidates/mine/calendar-links", SOUTH_KEY).get_json() == {"items": []}
    assert signpost.open(link).status_code == 200
    assert not set(signpost.calendar("mine")) & set(
        read_calendar(signpost.intake.get("/v1/candidates/mine/calendar.ics", SOUTH_KEY).data)
    )


def test_a_link_follows_a_merge(signpost: Calendars) -> None:
    signpost.begin("before")
    link = signpost.link("before")
    signpost.system.handle(
        event(
            "offer.extended",
            "after",
            tenant="north",
            offer="o2",
            employer={"name": "Globex"},
            respond_by="2026-03-20T12:00:00Z",
        ),
        event("candidate.merged", "before", tenant="north", into="after", at=1),
    )
    titles = {one.title for one in read_calendar(signpost.open(link).data).values()}
    assert {"Answer Acme about the offer", "Answer Globex about the offer"} <= titles
    assert [one["id"] for one in signpost.links("after")] == [link["id"]]
    assert signpost.delete("after", link["id"]) == 204
    assert signpost.open(link).status_code == 404


@pytest.mark.parametrize("who", ["gone", "gone-merged"])
def test_an_erasure_removes_the_links_for_good(signpost: Calendars, who: str) -> None:
    signpost.begin(who)
    link = signpost.link(who)
    survivor = who
    if who == "gone-merged":
        survivor = "gone-survivor"
        signpost.system.handle(event("candidate.merged", who, tenant="north", into=survivor, at=1))
    signpost.system.handle(event("candidate.erased", survivor, tenant="north", at=2))
    assert signpost.open(link).status_code == 404
    assert link["id"] not in stored(signpost)
    signpost.system.handle(
        event(
            "offer.extended",
            survivor,
            tenant="north",
            offer="new",
            employer=ACME,
            respond_by="2026-03-20T12:00:00Z",
            at=3,
        )
    )
    assert signpost.open(link).status_code == 404


def test_a_link_made_during_the_erasure_shows_nothing(signpost: Calendars) -> None:
    """Stored after the erasure by a request that began before it."""
    signpost.begin("raced")
    link = signpost.link("raced")
    [row] = signpost.intake.store.calendar_links.of_case("north", "raced", NOW)
    signpost.system.handle(event("candidate.erased", "raced", tenant="north", at=6))
    assert signpost.intake.store.calendar_links.add(row, NOW, MAX_LINKS)
    assert signpost.open(link).status_code == 404
    signpost.system.handle(
        event(
            "offer.extended",
            "raced",
            tenant="north",
            offer="new",
            employer=ACME,
            respond_by="2026-03-20T12:00:00Z",
            at=7,
        )
    )
    assert signpost.open(link).status_code == 404


def test_the_secret_is_stored_and_logged_nowhere(
    signpost: Calendars, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    signpost.begin("secret")
    link = signpost.link("secret")
    with caplog.at_level(logging.DEBUG):
        assert signpost.open(link).status_code == 200
        monkeypatch.setattr("signpost.services.intake.calendars.write_ics", lambda *_args, **_named: 1 / 0)
        assert signpost.open(link).status_code == 500
    assert caplog.records
    formatted = [logging.Formatter().format(record) for record in caplog.records]
    assert not [line for line in formatted if _token(link) in line]
    assert _token(link) not in stored(signpost)


def test_a_link_costs_the_tenant_as_much_as_a_request_with_a_key(tmp_path: Any) -> None:
    here = f"sqlite:///{tmp_path / 'signpost.db'}"
    with open_system(here, here) as system:
        parts = intake_at(tmp_path, rate=Rate(1, 2 * prices.CALENDAR + 1))
        calendars = Calendars(system, parts)
        calendars.begin("c-1")
        link = calendars.link("c-1")
        assert [calendars.open(link).status_code for _ in range(3)] == [200, 200, 429]
        parts.broker.close()
        parts.store.close()


def test_the_command_prints_links_and_revokes(signpost: Calendars, monkeypatch: pytest.MonkeyPatch) -> None:
    signpost.begin("shell")

    def send(_client: Any, method: str, path: str, **request: Any) -> TestResponse:
        answer = signpost.intake.client.open(
            path, method=method, json=request.get("json"), headers={"Authorization": f"Bearer {NORTH_KEY}"}
        )
        assert answer.status_code < 300, answer.data
        return answer

    monkeypatch.setattr("signpost.cli.client.open_client", lambda _: nullcontext())
    monkeypatch.setattr("signpost.cli.client.request_json", lambda *args, **named: send(*args, **named).get_json())
    monkeypatch.setattr("signpost.cli.client.request_text", lambda *args, **named: send(*args, **named).text)
    printed = CliRunner().invoke(main, ["calendar", "shell"])
    assert read_calendar(printed.stdout_bytes).keys() == signpost.calendar("shell").keys()
    url, line = (
        CliRunner()
        .invoke(main, ["calendar", "shell", "--link", "--expires", "2027-01-01T00:00:00Z"])
        .output.splitlines()
    )
    assert signpost.open({"url": url}).status_code == 200
    assert line.endswith("expires 2027-01-01T00:00:00Z")
    assert CliRunner().invoke(main, ["calendar", "shell", "--links"]).output.strip() == line
    assert (
        CliRunner().invoke(main, ["calendar", "shell", "--revoke", line.split()[0]]).output.startswith("revoked cal_")
    )
    assert signpost.open({"url": url}).status_code == 404
    assert CliRunner().invoke(main, ["calendar", "shell", "--links"]).output == "shell has no links\n"
    assert CliRunner().invoke(main, ["calendar", "shell", "--link", "--links"]).exit_code == 2


def stored(signpost: Calendars) -> str:
    """Everything in the database, as text."""
    engine = create_engine(parse_url(signpost.system.database_url))
    with engine.connect() as connection:
        rows = [row for table in metadata.sorted_tables for row in connection.execute(select(table))]
    engine.dispose()
    return "\n".join(str([bytes(cell) if isinstance(cell, memoryview) else cell for cell in row]) for row in rows)


def _token(link: dict[str, Any]) -> str:
    return str(urlsplit(link["url"]).path).rpartition("/")[2].removesuffix(".ics")
