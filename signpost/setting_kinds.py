"""Parsers of the values of settings: text to typed value, or ValueError. Also masks passwords. No settings here."""

import re
from collections.abc import Callable
from ipaddress import ip_network
from pathlib import Path
from typing import Final, NamedTuple
from urllib.parse import urlsplit

MAX_PORT: Final = 65_535
_WORD = re.compile(r"\S+")
_QUERY = re.compile(r"(?P<before>[?&;](?:password|sslpassword|passwd|secret|token)=)[^&;\s]*", re.IGNORECASE)


class Bind(NamedTuple):
    """An address to listen on."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def mask_passwords(text: str) -> str:
    """Replace the passwords of URLs in a text by asterisks. Linear in the length of the text."""
    return _QUERY.sub(r"\g<before>********", _WORD.sub(_mask_word, text))


def _mask_word(word: re.Match[str]) -> str:
    """A word with what stands between the first user name of a URL and the last "@" masked."""
    scheme, separator, rest = word[0].partition("://")
    before, at, host = rest.rpartition("@")
    user, colon, _ = before.partition(":")
    return f"{scheme}{separator}{user}:********@{host}" if separator and at and colon else word[0]


def token(value: str) -> str:
    """Printable ASCII, as in an HTTP header."""
    if value and not (value.isascii() and value.isprintable()):
        raise ValueError("must be one line of printable ASCII characters")
    return value


def path(value: str) -> Path:
    """A path; "~" is the home folder."""
    if not value:
        raise ValueError("must not be empty")
    return Path(value).expanduser()


def choice(*words: str) -> Callable[[str], str]:
    """One of these words."""

    def parse(value: str) -> str:
        if value not in words:
            raise ValueError(f"must be {', '.join(words[:-1])} or {words[-1]}")
        return value

    return parse


def number(minimum: int, maximum: int) -> Callable[[str], int]:
    """A whole number from `minimum` to `maximum`."""

    def parse(value: str) -> int:
        if not re.fullmatch("[0-9]{1,12}", value, re.ASCII) or not minimum <= int(value) <= maximum:
            raise ValueError(f"must be a whole number from {minimum} to {maximum}")
        return int(value)

    return parse


def seconds(minimum: float, maximum: float) -> Callable[[str], float]:
    """Seconds from `minimum` to `maximum`, with an optional fraction."""

    def parse(value: str) -> float:
        if not re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,9})?", value, re.ASCII) or not minimum <= float(value) <= maximum:
            raise ValueError(f"must be seconds from {minimum:g} to {maximum:g}")
        return float(value)

    return parse


def networks(value: str) -> str:
    """IP addresses and networks with commas between them, or nothing. The normal form has no spaces."""
    found = [one.strip() for one in value.split(",")] if value else []
    for one in found:
        try:
            ip_network(one)
        except ValueError:
            raise ValueError("must be IP addresses or networks, for example 10.0.0.5,192.168.7.0/24") from None
    return ",".join(found)


def bind(value: str) -> Bind:
    """HOST:PORT, an IPv6 host in brackets."""
    host, colon, port = value.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not colon or not host or not re.fullmatch("[0-9]{1,12}", port, re.ASCII):
        raise ValueError("must be HOST:PORT, for example 127.0.0.1:8080")
    _check_port(port)
    return Bind(host, int(port))


def _check_port(text: str) -> None:
    """Raises ValueError for a number that is too large."""
    if re.fullmatch("[0-9]{1,12}", text, re.ASCII) and int(text) > MAX_PORT:
        raise ValueError(f"the port must be at most {MAX_PORT}")


def optional_bind(value: str) -> Bind | None:
    """HOST:PORT, or nothing."""
    return bind(value) if value else None


def address(value: str) -> str:
    """http://HOST:PORT or https://HOST, without a trailing slash."""
    return _url(value, ("http", "https"), "http://HOST:PORT or https://HOST").rstrip("/")


def database(value: str) -> str:
    """The URL of a database."""
    return _url(value, ("postgresql", "postgresql+psycopg", "sqlite"), "postgresql://USER@HOST/NAME or sqlite:///FILE")


def queue(value: str) -> str:
    """The URL of a broker."""
    if not value:
        raise ValueError(
            "must be set, because PostgreSQL has no embedded queue; for example amqp://USER:PASSWORD@HOST/VHOST"
        )
    return _url(value, ("amqp", "amqps", "sqlite"), "amqp://USER:PASSWORD@HOST/VHOST or sqlite:///FILE")


def _url(value: str, schemes: tuple[str, ...], example: str) -> str:
    _check_port(value.partition("//")[2].partition("/")[0].rpartition(":")[2])
    try:
        parts = urlsplit(value)
        is_file = value.startswith("sqlite:///") and parts.path.strip("/")
        complete = is_file if parts.scheme == "sqlite" else parts.hostname and parts.port != 0
    except ValueError:
        raise ValueError(f"must be {example}") from None
    if parts.scheme not in schemes or not complete:
        raise ValueError(f"must be {example}")
    return value
