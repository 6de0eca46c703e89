"""The servers that tests are given: fresh, reachable, and gone afterwards."""

import os
from contextlib import closing

import pika
import psycopg
import pytest
from sqlalchemy import create_engine, text

from signpost.storage import is_current
from tests.support import private_servers, servers
from tests.support.databases import MAX_ROWS, MigratedDatabases
from tests.support.vhosts import VirtualHosts


def test_the_virtual_host_is_usable_and_empty(rabbitmq_url: str) -> None:
    connection = pika.BlockingConnection(pika.URLParameters(rabbitmq_url))
    channel = connection.channel()
    queue = channel.queue_declare("", exclusive=True).method.queue
    channel.basic_publish("", queue, b"x")
    connection.close()


def test_a_database_is_empty_and_dropped_afterwards(postgres_server: str) -> None:
    with servers.database(postgres_server) as url:
        with create_engine(url).connect() as connection:
            tables = connection.execute(text("select count(*) from pg_tables where schemaname = 'public'")).scalar()
        name = url.rpartition("/")[2]
    assert tables == 0
    with psycopg.connect(postgres_server) as connection:
        found = connection.execute("select count(*) from pg_database where datname = %s", (name,)).fetchone()
    assert found == (0,)


def fill(url: str, rows: int) -> int:
    """Store messages. Return the id of the first."""
    columns = "tenant, case_key, exchange, routing_key, message_id, headers, content_type, body, created, leased_until"
    values = "'t', 'c', 'x', 'k', 'm', '{}', 'text/plain', '', 1, 1"
    statement = f"INSERT INTO outbox ({columns}) SELECT {values} FROM generate_series(1, {rows}) RETURNING id"
    engine = create_engine(url)
    with engine.begin() as connection:
        first = min(connection.execute(text(statement)).scalars())
    engine.dispose()
    return int(first)


def test_a_migrated_database_is_used_again_without_rows(postgres_server: str) -> None:
    with closing(MigratedDatabases(postgres_server)) as databases:
        with databases.take() as first, databases.take() as other:
            assert first != other
            assert is_current(first)
            assert fill(first, 3) == 1
            left_open = psycopg.connect(first.replace("+psycopg", ""))
            left_open.execute("LOCK TABLE outbox")
        with databases.take() as one, databases.take() as two:
            assert {one, two} == {first, other}
            assert fill(first, 1) == 1


def test_a_changed_database_is_not_used_again(postgres_server: str) -> None:
    used = set()
    with closing(MigratedDatabases(postgres_server)) as databases:
        for change in ("DROP INDEX cases_due", "ALTER TABLE cases ADD COLUMN x TEXT"):
            with databases.take() as url, psycopg.connect(url.replace("+psycopg", "")) as connection:
                connection.execute(change.encode())
                used.add(url)
        with databases.take() as url:
            fill(url, MAX_ROWS + 1)
            used.add(url)
        with databases.take() as url:
            assert url not in used
    assert len(used) == 3


@pytest.mark.long
def test_a_forked_child_deletes_the_virtual_hosts_of_the_last_one_only(
    rabbitmq_server: servers.SharedRabbitMQ | private_servers.PrivateRabbitMQ,
) -> None:
    with closing(VirtualHosts(rabbitmq_server.ctl)) as hosts:
        own, shares = hosts.take(), []
        for _ in range(2):
            read, write = os.pipe()
            if (child := os.fork()) == 0:
                try:
                    os.write(write, hosts.take().encode())
                finally:
                    os._exit(0)
            os.close(write)
            os.waitpid(child, 0)
            with os.fdopen(read) as pipe:
                shares.append(pipe.read())
        present = rabbitmq_server.ctl("list_vhosts").split()
        assert [name in present for name in (own, *shares)] == [True, False, True]
    assert not {own, *shares} & {*rabbitmq_server.ctl("list_vhosts").split()}


def test_virtual_hosts_are_used_once_and_all_deleted(
    rabbitmq_server: servers.SharedRabbitMQ | private_servers.PrivateRabbitMQ,
) -> None:
    with closing(VirtualHosts(rabbitmq_server.ctl)) as hosts:
        taken = [hosts.take() for _ in range(4)]
        assert len(set(taken)) == 4
        assert set(taken) <= {*rabbitmq_server.ctl("list_vhosts").split()}
        hosts.give_back(taken[0])
    assert not {*taken} & {*rabbitmq_server.ctl("list_vhosts").split()}
