"""Provides servers for tests: a running one with a fresh vhost or database, or else a private one."""

import contextlib
import os
import secrets
import shutil
import subprocess
from collections.abc import Callable, Iterable, Iterator

import psycopg
from psycopg import sql

from tests.support import owners
from tests.support.private_servers import (
    MAX_COMMAND_S,
    PrivatePostgreSQL,
    PrivateRabbitMQ,
    ServerMissing,
    listens,
    postgresql_answers,
)
from tests.support.vhosts import VirtualHosts

DATABASES = owners.prefix("_")
"""Begin of the names of all databases of this process and of its children."""


class ServerFailed(RuntimeError):
    """A server of the tests did not do what a test needs. It says nothing about the code."""


class SharedRabbitMQ:
    """A running broker; tests only add and delete virtual hosts."""

    def __init__(self, host: str, port: int) -> None:
        self._address = f"{host}:{port}"
        self.vhosts = VirtualHosts(self.ctl)

    def url(self, vhost: str = "%2F") -> str:
        """Return the URL of a virtual host."""
        return f"amqp://guest:guest@{self._address}/{vhost}"

    def is_ours(self) -> bool:
        """Return whether tests may administer it. Deletes what killed tests have left in it."""
        with contextlib.suppress(ServerFailed):
            self.vhosts.delete_left(self.ctl("list_vhosts").split())
            return True
        return False

    def ctl(self, *arguments: str) -> str:
        """Run rabbitmqctl on this broker's node. Return its output. Raises ServerFailed."""
        command = ["rabbitmqctl", "-q", *arguments]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=MAX_COMMAND_S, check=False)
        except subprocess.TimeoutExpired as error:
            raise ServerFailed(f"rabbitmqctl {arguments[0]} took more than {MAX_COMMAND_S} s") from error
        if done.returncode:
            raise ServerFailed(f"rabbitmqctl {arguments[0]}: {done.stderr or done.stdout}")
        return done.stdout


@contextlib.contextmanager
def rabbitmq() -> Iterator[SharedRabbitMQ | PrivateRabbitMQ]:
    """Provide the running broker if tests may administer it, else a private one. Raises ServerMissing."""
    if listens("127.0.0.1", 5672) and shutil.which("rabbitmqctl"):
        shared = SharedRabbitMQ("127.0.0.1", 5672)
        if shared.is_ours():
            with contextlib.closing(shared.vhosts):
                yield shared
            return
    with PrivateRabbitMQ() as private:
        yield private


@contextlib.contextmanager
def vhost(broker: SharedRabbitMQ | PrivateRabbitMQ) -> Iterator[str]:
    """Provide the URL of a fresh virtual host, which is deleted later, with others."""
    name = broker.vhosts.take()
    try:
        yield broker.url(name)
    finally:
        broker.vhosts.give_back(name)


@contextlib.contextmanager
def postgresql() -> Iterator[str]:
    """Provide the libpq URL of a server that allows creating databases: SIGNPOST_TEST_POSTGRES, the usual port, or a
    private one. Raises ServerMissing."""
    named = os.environ.get("SIGNPOST_TEST_POSTGRES")
    for url in (named,) if named else ("postgresql://postgres@127.0.0.1:5432/postgres",):
        if postgresql_answers(url):
            drop_left(url)
            yield url
            _drop(url, _of_this_process)
            return
    if named:
        raise ServerMissing("the server in SIGNPOST_TEST_POSTGRES does not respond; start it or unset the variable")
    with PrivatePostgreSQL() as private:
        yield private.url()


@contextlib.contextmanager
def database(server: str) -> Iterator[str]:
    """Provide the SQLAlchemy URL of a fresh database; drop it afterwards."""
    name = f"{DATABASES}{secrets.token_hex(4)}"
    identifier = sql.Identifier(name)
    _administer(server, sql.SQL("CREATE DATABASE {} TEMPLATE template0 ENCODING 'UTF8'").format(identifier))
    try:
        info = psycopg.conninfo.conninfo_to_dict(server)
        login = f"{info.get('user', 'postgres')}{':' + str(info['password']) if info.get('password') else ''}"
        yield f"postgresql+psycopg://{login}@{info.get('host', '127.0.0.1')}:{info.get('port', 5432)}/{name}"
    finally:
        _administer(server, sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(identifier))


def drop_left(server: str) -> None:
    """Drop the databases that killed tests have left."""
    _drop(server, owners.left)


def _of_this_process(names: Iterable[str]) -> list[str]:
    """Also what killed children of `make mutants` have left."""
    return [name for name in names if name.startswith(DATABASES)]


def _drop(server: str, choose: Callable[[Iterable[str]], list[str]]) -> None:
    with psycopg.connect(server) as connection:
        names = [name for (name,) in connection.execute("SELECT datname FROM pg_database")]
    for name in choose(names):
        _administer(server, sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def _administer(server: str, statement: sql.Composed) -> None:
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(statement)
