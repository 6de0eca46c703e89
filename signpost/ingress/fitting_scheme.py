"""Finds how a vendor signs where a mapping says something else: tries common variants with the known secret. Pure."""

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from itertools import product
from typing import Final

from signpost.ingress.first_signature import signed_time_of
from signpost.ingress.signature_hints import separators_in, stamps_in
from signpost.ingress.signature_schemes import ALGORITHMS, ENCODINGS, KEYS, PART, TOUCHING, Scheme
from signpost.ingress.signatures import InvalidSignature, verify

ANY_AGE_US: Final = 10**18
_SEPARATORS: Final = (".", ":", "|", "-", "\n", "")
_OPTIONS: Final = ("separator", "timestamp", "unit", "messages", "algorithm", "encoding", "key")
"""What a variant changes."""


def why_refused(scheme: Scheme, secret: str, headers: Mapping[str, str], body: bytes) -> str:
    """Return why a signature is refused, whatever its age; "" if it fits. `headers` by lower-case name. Raises
    ValueError for a secret that the scheme cannot use."""
    try:
        verify(scheme, [scheme.key_of(secret)], headers, body, now=0, tolerance_us=ANY_AGE_US)
    except InvalidSignature as error:
        return str(error)
    return ""


def what_fits(scheme: Scheme, secret: str, headers: Mapping[str, str], body: bytes) -> str:
    """Return the options of `signature` by which a refused signature fits, as in a mapping; "" if none is found.

    No two variants fit one signature, except those that it does not tell apart; of these, the first counts."""
    for variant in _variants(scheme, headers):
        with suppress(ValueError):
            if not why_refused(variant, secret, headers, body):
                return ", ".join(_changes(scheme, variant))
    return ""


def _variants(scheme: Scheme, headers: Mapping[str, str]) -> Iterator[Scheme]:
    """The scheme with other options. A body that holds its own signature has no variants."""
    encodings = sorted(ENCODINGS, key=lambda one: one != scheme.encoding)
    for base in [] if scheme.member else _bases(scheme, headers):
        for message, algorithm, encoding, key in product(_messages(base), ALGORITHMS, encodings, KEYS):
            yield replace(base, messages=(message,), algorithm=algorithm, encoding=encoding, key=key)


def _bases(scheme: Scheme, headers: Mapping[str, str]) -> Iterator[Scheme]:
    """The scheme with each separator that its header has, and with each place where a time may stand."""
    name, unit = signed_time_of(headers)
    for separator in (scheme.separator, *separators_in(scheme, headers)):
        base = replace(scheme, separator=separator)
        yield base
        if name:
            yield replace(base, timestamp=f"header:{name}", unit=unit)
        yield from (replace(base, timestamp=stamp) for stamp in stamps_in(scheme, headers, separator))


def _messages(scheme: Scheme) -> Iterator[str]:
    """The parts of the message in either order, those that are most common, and the body alone."""
    own = PART.findall(scheme.messages[0])
    common = [["timestamp", "body"], ["body", "timestamp"]] if scheme.timestamp else []
    orders = [own, own[::-1], *common, ["body"]]
    texts = (separator.join(f"{{{part}}}" for part in order) for order in orders for separator in _SEPARATORS)
    yield from dict.fromkeys((scheme.messages[0], *texts))


def _changes(scheme: Scheme, variant: Scheme) -> Iterator[str]:
    """The options of a variant that its scheme has not, as YAML."""
    for name in _OPTIONS:
        value = getattr(variant, name)
        if name == "messages" and value[0] not in scheme.messages:
            touching = " (which a mapping cannot state: its parts touch)" if TOUCHING.search(value[0]) else ""
            yield f"messages: {json.dumps(value[0])}{touching}"
        elif name == "separator" and value != scheme.separator:
            yield f"separator: {json.dumps(value)}"
        elif name not in ("messages", "separator") and value != getattr(scheme, name):
            yield f"{name}: {value}"
