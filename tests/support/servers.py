"""Which servers a test gets: one that runs already, with a corner of its own in it, or a private one."""

import contextlib
import os
import secrets
import shutil
import subprocess
from collections.abc import Iterator

import psycopg
from psycopg import sql

from tests.support.private_servers import (
    COMMAND_SECONDS,
    PrivatePostgreSQL,
    PrivateRabbitMQ,
    ServerMissing,
    listens,
    postgresql_answers,
)


class SharedRabbitMQ:
    """A broker that runs already; we only add and remove virtual hosts."""

    def __init__(self, host: str, port: int) -> None:
        self._address = f"{host}:{port}"

    def url(self, vhost: str = "%2F") -> str:
        """The address of a virtual host."""
        return f"amqp://guest:guest@{self._address}/{vhost}"

    def is_ours(self) -> bool:
        """Whether we may administer it."""
        with contextlib.suppress(RuntimeError):
            self.ctl("list_vhosts")
            return True
        return False

    def ctl(self, *arguments: str) -> str:
        """Run rabbitmqctl on this broker's node; its output."""
        done = subprocess.run(
            ["rabbitmqctl", "-q", *arguments], capture_output=True, text=True, timeout=COMMAND_SECONDS, check=False
        )
        if done.returncode:
            raise RuntimeError(f"rabbitmqctl {arguments[0]}: {done.stderr or done.stdout}")
        return done.stdout


@contextlib.contextmanager
def rabbitmq() -> Iterator[SharedRabbitMQ | PrivateRabbitMQ]:
    """The running broker where we may administer it, else a private one; ServerMissing without either."""
    if listens("127.0.0.1", 5672) and shutil.which("rabbitmqctl"):
        shared = SharedRabbitMQ("127.0.0.1", 5672)
        if shared.is_ours():
            yield shared
            return
    with PrivateRabbitMQ() as private:
        yield private


@contextlib.contextmanager
def vhost(broker: SharedRabbitMQ | PrivateRabbitMQ) -> Iterator[str]:
    """The address of a fresh virtual host, deleted afterwards."""
    name = f"signpost-test-{secrets.token_hex(6)}"
    broker.ctl("add_vhost", name)
    try:
        broker.ctl("set_permissions", "-p", name, "guest", ".*", ".*", ".*")
        yield broker.url(name)
    finally:
        broker.ctl("delete_vhost", name)


@contextlib.contextmanager
def postgresql() -> Iterator[str]:
    """libpq's address of a server where we may create databases (SIGNPOST_TEST_POSTGRES, the usual port, or a private
    one)."""
    named = os.environ.get("SIGNPOST_TEST_POSTGRES")
    for url in (named,) if named else ("postgresql://postgres@127.0.0.1:5432/postgres",):
        if postgresql_answers(url):
            yield url
            return
    if named:
        raise ServerMissing("SIGNPOST_TEST_POSTGRES names a server that does not answer")
    with PrivatePostgreSQL() as private:
        yield private.url()


@contextlib.contextmanager
def database(server: str) -> Iterator[str]:
    """SQLAlchemy's address of a fresh database, dropped afterwards."""
    name = f"signpost_test_{secrets.token_hex(6)}"
    identifier = sql.Identifier(name)
    _administer(server, sql.SQL("CREATE DATABASE {} TEMPLATE template0 ENCODING 'UTF8'").format(identifier))
    try:
        info = psycopg.conninfo.conninfo_to_dict(server)
        login = f"{info.get('user', 'postgres')}{':' + str(info['password']) if info.get('password') else ''}"
        yield f"postgresql+psycopg://{login}@{info.get('host', '127.0.0.1')}:{info.get('port', 5432)}/{name}"
    finally:
        _administer(server, sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(identifier))


def _administer(server: str, statement: sql.Composed) -> None:
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(statement)
