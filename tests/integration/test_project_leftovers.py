"""What killed test processes have left on the shared servers is deleted by the next one; what others use stays."""

import os
import subprocess
import sys

import psycopg
import pytest
from psycopg import sql

from tests.support import owners, servers
from tests.support.private_servers import PrivateRabbitMQ


@pytest.fixture
def ended() -> int:
    """The id of a process that has ended."""
    process = subprocess.Popen([sys.executable, "-IS", "-c", ""])
    process.wait()
    return process.pid


def test_only_names_of_ended_processes_of_this_host_are_left(ended: int) -> None:
    dead = [owners.prefix("-", ended) + "a1", owners.prefix("_", ended) + "a1"]
    elsewhere = dead[0].replace(owners.HOST, "0" * 8)
    mine = owners.prefix("-") + "a1"
    assert owners.left(["/", "signpost", "signpost-test-a1b2c3d4-e5f6a7b8", mine, elsewhere, *dead]) == dead


def test_virtual_hosts(ended: int, rabbitmq_server: servers.SharedRabbitMQ | PrivateRabbitMQ) -> None:
    left = owners.prefix("-", ended) + "left"
    rabbitmq_server.ctl("add_vhost", left)
    with servers.vhost(rabbitmq_server) as url:
        mine = url.rpartition("/")[2]
        rabbitmq_server.vhosts.delete_left(["/", mine, left])
        assert {"/", mine, left} & set(rabbitmq_server.ctl("list_vhosts").split()) == {"/", mine}


def test_databases(ended: int, postgres_server: str) -> None:
    names = [owners.prefix("_", pid) + "left" for pid in (ended, os.getpid())]
    with psycopg.connect(postgres_server, autocommit=True) as connection:
        for name in names:
            connection.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(name)))
        try:
            servers.drop_left(postgres_server)
            found = {name for (name,) in connection.execute("SELECT datname FROM pg_database")}
            assert set(names) & found == {names[1]}
        finally:
            connection.execute(sql.SQL("DROP DATABASE {}").format(sql.Identifier(names[1])))
