"""Which addresses an endpoint may have: none inside, whatever its name resolves to. Resolves no name."""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from socket import inet_aton
from typing import Final, TypeAlias
from urllib.parse import urlsplit

from signpost.errors import CallerError

Address: TypeAlias = IPv4Address | IPv6Address
Network: TypeAlias = IPv4Network | IPv6Network
MAX_URL_CHARS: Final = 2_000
LOOPBACK: Final[Sequence[Address]] = (IPv4Address("127.0.0.1"), IPv6Address("::1"))
PUBLIC_V6: Final = IPv6Network("2000::/3")
"""All that is assigned for use in public."""
INSIDE: Final[Sequence[Network]] = (
    IPv4Network("168.63.129.16/32"),  # metadata of Azure, on a public address
    IPv4Network("192.88.99.0/24"),
    IPv6Network("2001::/23"),  # special purposes, Teredo among them
    IPv6Network("2002::/16"),  # 6to4: an IPv4 address inside
    IPv6Network("2620:4f:8000::/48"),
)
"""Addresses that count as global in some tables and reach what nobody means."""


class BadUrl(CallerError):
    """The URL cannot be that of an endpoint."""


class Blocked(CallerError):
    """The host has no address at which an endpoint may be."""


def parse_networks(setting: str) -> tuple[Network, ...]:
    """The networks of the setting SIGNPOST_ENDPOINT_NETWORKS."""
    return tuple(ip_network(one) for one in setting.split(",") if one)


def check_url(url: str, networks: Sequence[Network]) -> None:
    """Check all that can be checked without the network. Raises BadUrl. http is for endpoints in `networks` only."""
    if len(url) > MAX_URL_CHARS or not url.isascii() or not url.isprintable() or any(mark in url for mark in ' "<>\\'):
        raise BadUrl(f"a URL has at most {MAX_URL_CHARS} printable ASCII characters, without spaces")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise BadUrl("is not a URL; write https://HOST/PATH") from None
    if not host or port == 0 or parts.scheme not in ("https", "http"):
        raise BadUrl("is not the URL of an endpoint; write https://HOST/PATH")
    if parts.username is not None or parts.password is not None or parts.fragment:
        raise BadUrl("must have no user, password or fragment: the signature identifies the sender")
    if parts.scheme == "http" and not networks:
        raise BadUrl("must begin with https; http is for networks of SIGNPOST_ENDPOINT_NETWORKS")
    if (spelled := _spelled(host)) and not any(is_allowed(one, networks) for one in spelled):
        raise BadUrl(f"{host} is no public address; SIGNPOST_ENDPOINT_NETWORKS allows networks of your own")


def choose(found: Iterable[str], networks: Sequence[Network], *, encrypted: bool) -> list[str]:
    """Of the addresses of a host, those that may be connected to. Raises Blocked if there are none."""
    addresses = [ip_address(one.partition("%")[0]) for one in found]
    inside = [one for one in addresses if _is_in(one, networks)]
    allowed = [one for one in addresses if one in inside or (encrypted and is_public(one))]
    if not allowed:
        what = "no public address" if encrypted else "no address at which http is allowed"
        which = "SIGNPOST_ENDPOINT_NETWORKS of the deliverer (or of `signpost up`)"
        raise Blocked(f"the host has {what}; {which} allows networks of your own")
    return [str(one) for one in dict.fromkeys(allowed)]


def is_allowed(address: Address, networks: Sequence[Network]) -> bool:
    """Whether an endpoint may be there."""
    return _is_in(address, networks) or is_public(address)


def is_public(address: Address) -> bool:
    """Whether anybody may use the address: not private, loopback, link-local, shared, reserved or for groups, nor an
    IPv6 address with an IPv4 address inside."""
    if isinstance(address, IPv6Address) and address not in PUBLIC_V6:
        return False
    return address.is_global and not address.is_multicast and not address.is_reserved and not _is_in(address, INSIDE)


def _is_in(address: Address, networks: Sequence[Network]) -> bool:
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return any(one in network for one in (address, mapped) if one for network in networks)


def _spelled(host: str) -> Sequence[Address]:
    """The addresses that a host spells, also as resolvers read it: 2130706433, 0x7f.1, 0177.0.0.1, localhost (RFC
    6761); none for any other name."""
    plain = host.partition("%")[0].removesuffix(".")
    if plain.lower().rpartition(".")[2] == "localhost":
        return LOOPBACK
    with suppress(ValueError):
        return (ip_address(plain),)
    with suppress(OSError):
        return (IPv4Address(inet_aton(plain)),)
    return ()
