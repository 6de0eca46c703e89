"""The servers that tests are given: fresh, reachable, and gone afterwards."""

import pika
import psycopg
import pytest
from sqlalchemy import create_engine, text

from tests.support import private_servers, servers


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


@pytest.mark.slow
def test_a_private_broker_keeps_its_queues_over_a_kill(private_rabbitmq: private_servers.PrivateRabbitMQ) -> None:
    private_rabbitmq.ctl("add_vhost", "kept")
    private_rabbitmq.kill()
    assert not private_servers.listens("127.0.0.1", private_rabbitmq.port)
    private_rabbitmq.start()
    assert "kept" in private_rabbitmq.ctl("list_vhosts")


@pytest.mark.slow
def test_a_private_database_server_keeps_its_data_over_a_kill(
    private_postgres: private_servers.PrivatePostgreSQL,
) -> None:
    with psycopg.connect(private_postgres.url(), autocommit=True) as connection:
        connection.execute("create table kept (id int)")
    private_postgres.kill()
    assert not private_servers.postgresql_answers(private_postgres.url())
    private_postgres.start()
    with psycopg.connect(private_postgres.url()) as connection:
        assert connection.execute("select count(*) from kept").fetchone() == (0,)
