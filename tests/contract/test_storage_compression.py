"""Compressed values in both databases: a new database has them at once, an upgraded one when an operator says so."""

from collections.abc import Iterator
from dataclasses import replace

import orjson
import pytest
from click.testing import CliRunner
from sqlalchemy import text

from signpost.cli import main
from signpost.messaging import Message
from signpost.storage import Store, open_store
from tests.support.workers_kit import KINDS, System, event, store_plainly, system

COLUMNS = {"cases": ("key", "advice"), "recommendations": ("case_key", "body"), "feed": ("case_key", "body")}


@pytest.fixture(params=KINDS)
def signpost(request: pytest.FixtureRequest) -> Iterator[System]:
    with system(request.param, request) as made:
        yield made


def give_advice(made: System, store: Store, key: str) -> None:
    """Let an advisor with this store handle an offer."""
    replace(made, store=store).handle(event("offer.extended", key, offer="o-1"))


def sizes(store: Store, key: str) -> dict[str, int]:
    """Table -> the bytes that a case takes there."""
    with store.transaction() as transaction:
        run = transaction._connection.execute
        queries = {
            table: f"SELECT sum(length({column})) FROM {table} WHERE {mine} = :key"
            for table, (mine, column) in COLUMNS.items()
        }
        return {table: int(run(text(query), {"key": key}).scalar_one()) for table, query in queries.items()}


def values(store: Store, key: str) -> dict[str, list[bytes]]:
    """Table -> what readers get of a case."""
    case = store.case("acme", key)
    assert case is not None
    feed = [row.body for row in store.feed("acme", limit=1000)[0] if row.case_key == key]
    bodies = [row.body for row in store.recommendations("acme", key)]
    return {"cases": [case.advice], "recommendations": bodies, "feed": feed}


def total(found: dict[str, list[bytes]]) -> dict[str, int]:
    return {table: sum(map(len, bodies)) for table, bodies in found.items()}


def test_a_new_database_compresses_and_every_reader_gets_what_was_stored(signpost: System) -> None:
    give_advice(signpost, signpost.store, "c-1")
    found, taken = values(signpost.store, "c-1"), sizes(signpost.store, "c-1")
    for table, size in total(found).items():
        assert size > 3 * taken[table], table
    assert {orjson.loads(body)["subject"] for body in found["feed"]} == {"c-1"}
    assert sorted(found["feed"]) == sorted(found["recommendations"])


def test_a_message_in_the_outbox_is_compressed_and_comes_back(signpost: System) -> None:
    body = orjson.dumps({"text": "the same again and again " * 50})
    message = Message("x", "k", body, "m-1")
    with signpost.store.transaction() as transaction:
        transaction.enqueue([message], tenant="acme", case_key="c-1", now=0, leased_until=0)
        size = transaction._connection.execute(text("SELECT length(body) FROM outbox")).scalar_one()
    assert size < len(body) / 5
    assert [row.body for row in signpost.store.outbox.claim(1, 2, 10)] == [body]


def test_an_upgraded_database_compresses_when_the_operator_says_so(signpost: System) -> None:
    """Both are read: what was stored before, and after."""
    store_plainly(signpost)
    with open_store(signpost.database_url) as before:
        give_advice(signpost, before, "c-1")
        own = {"SIGNPOST_DATABASE_URL": signpost.database_url, "SIGNPOST_BROKER_URL": signpost.broker_url}
        said = [CliRunner(env=own).invoke(main, ["db", "compress", "--json"]).output for _ in range(2)]
        assert said == ['{"started":true}\n', '{"started":false}\n']
        give_advice(signpost, before, "c-2")
        for key in ("c-1", "c-2"):
            assert sizes(before, key) == total(values(before, key)), "who runs goes on as it began"
    with open_store(signpost.database_url) as after:
        give_advice(signpost, after, "c-3")
        assert sizes(after, "c-3")["feed"] * 3 < total(values(after, "c-3"))["feed"]
        assert sizes(after, "c-1") == total(values(after, "c-1"))
        assert [row.key for row in after.cases("acme")] == ["c-1", "c-2", "c-3"]
