"""Commands that mend, with the real names filled in. Runs none."""

import shlex
from collections.abc import Sequence
from typing import Final
from urllib.parse import unquote, urlsplit

from signpost.doctor.rights import broker_patterns

SUPERUSER: Final = "postgres"


def quoted(*words: object) -> str:
    """Words as one line of a shell."""
    return shlex.join(map(str, words))


def then(*commands: str) -> str:
    """Commands of which each runs only after the one before."""
    return " && ".join(command for command in commands if command)


class Database:
    """The database of an address, in commands for its superuser."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self.host, self.port = parts.hostname or "", parts.port or 5432
        self.user, self.name = unquote(parts.username or ""), unquote(parts.path.lstrip("/"))

    @property
    def place(self) -> str:
        """HOST:PORT."""
        return f"{self.host or 'this machine'}:{self.port}"

    def psql(self, statement: str, database: str = "") -> str:
        """A statement, run in this database or another."""
        host = ["-h", self.host] if self.host else []
        return quoted(
            "psql", *host, "-p", self.port, "-U", SUPERUSER, "-d", database or self.name, "-q", "-c", statement
        )

    def create(self) -> str:
        """Create the database and its tables."""
        owner = f" OWNER {identifier(self.user)}" if self.user else ""
        return then(self.psql(f"CREATE DATABASE {identifier(self.name)}{owner}", SUPERUSER), "signpost db upgrade")


class Broker:
    """The virtual host of an address, in commands for the host of RabbitMQ."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self.host, self.port = parts.hostname or "localhost", parts.port or (5671 if parts.scheme == "amqps" else 5672)
        self.user = unquote(parts.username or "guest")
        self.vhost = unquote(parts.path[1:]) if len(parts.path) > 1 else "/"

    @property
    def place(self) -> str:
        """HOST:PORT."""
        return f"{self.host}:{self.port}"

    def ctl(self, command: str, *words: str) -> str:
        """A command on this virtual host."""
        return quoted("rabbitmqctl", "-q", command, "--vhost", self.vhost, *words)

    def permit(self, role: str) -> str:
        """Give the user what a role needs."""
        return self.ctl("set_permissions", self.user, *broker_patterns(role))

    def create_vhost(self, role: str) -> str:
        """Create the virtual host with all that belongs into it."""
        return then(quoted("rabbitmqctl", "-q", "add_vhost", self.vhost), self.permit(role), "signpost topology apply")

    def change_password(self) -> str:
        """Ask for a password and set it."""
        return then("read -rs PASSWORD", f'rabbitmqctl -q change_password {shlex.quote(self.user)} "$PASSWORD"')

    def delete_exchange(self, name: str) -> str:
        """Delete an exchange, for which rabbitmqctl has no command."""
        resource = f'rabbit_misc:r(<<"{self.vhost}">>, exchange, <<"{name}">>)'
        return quoted("rabbitmqctl", "-q", "eval", f'rabbit_exchange:delete({resource}, false, <<"signpost">>).')


def identifier(name: str) -> str:
    """A name in SQL."""
    escaped = name.replace('"', '""')
    return f'"{escaped}"'


def grants(privileges: Sequence[str], tables: Sequence[str], user: str) -> str:
    """A statement that grants rights on tables."""
    return f"GRANT {', '.join(privileges)} ON {', '.join(tables)} TO {identifier(user)}"
