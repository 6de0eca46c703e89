"""Guesses how a recorded webhook is signed, for a first mapping that a person completes. Pure."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from signpost.ingress.signature_schemes import SCHEMES

EPOCH: Final = re.compile("1[0-9]{9}(?:[0-9]{3})?")
"""Seconds or milliseconds since 1970, of the years 2001 to 2033."""
_NAMED: Final = re.compile("signature|hmac|digest|(?:^|[-_])sig(?:$|[-_])", re.IGNORECASE)
_PERHAPS_NAMED: Final = re.compile("auth|sign|verif|(?:^|[-_])(?:mac|hash|check)", re.IGNORECASE)
_OTHER: Final = re.compile(
    r"\A(?:content-|repr-|want-)?digest\Z|(?:\A|[-_])(?:id|etag|cookie|key|token)\Z", re.IGNORECASE
)
"""Names of headers whose digests are no signatures: HTTP's own digests, which need no key, ids, and secrets as such."""
_LOGIN: Final = re.compile("(?:Bearer|Basic) ", re.IGNORECASE)
_DIGEST: Final = re.compile(
    r"(?<![\w+/-])(?:[0-9a-f]{128}|[0-9a-f]{64}|[0-9a-f]{40}|[\w+/-]{86}==|[\w+/-]{43}=|[\w+/-]{27}=)(?![\w+/=-])",
    re.ASCII | re.IGNORECASE,
)
_SIZES: Final = {40: "sha1", 64: "sha256", 128: "sha512", 28: "sha1", 44: "sha256", 88: "sha512"}
"""Characters of a digest, in hex or base64 -> its algorithm."""
_MAC_KEY: Final = re.compile("(?:^|[;,&| ])(?:h?mac|sig|sign|signature|v[0-9])[:=](?=.)", re.IGNORECASE)
TIME_KEY: Final = re.compile("(?:at|ts?|time|timestamp|date|epoch)[:=]", re.IGNORECASE)
_ITEM: Final = re.compile(r"\A([^:=]*[:=])(.+)")
SEPARATORS: Final = (";", ",", "&", "|", " ")
_NO_SIGNATURE: Final = 4


class _Parts(NamedTuple):
    """What the value of a signature's header consists of; "" for what it has not. `prefix`: the text before the digest;
    `stamp`: the text before the time."""

    separator: str
    prefix: str
    digest: str
    stamp: str = ""
    time: str = ""


def signature_of(headers: Mapping[str, str]) -> tuple[str, str]:
    """Return the name and the value of the header that looks most like a signature, by its name and its value; two
    empty texts if none does."""
    best = min(headers.items(), key=_rank, default=("", ""))
    return best if _rank(best) < _NO_SIGNATURE else ("", "")


def signed_time_of(headers: Mapping[str, str]) -> tuple[str, str]:
    """Return the name of the header that has the time of the request, and its unit; two empty texts without one."""
    found = ((name, _unit(value)) for name, value in headers.items() if EPOCH.fullmatch(value))
    return next(found, ("", ""))


def first_signature(name: str, headers: Mapping[str, str]) -> str:
    """Return the value of `signature` in the first mapping of a vendor, as YAML; a guess without a recorded one."""
    header, value = signature_of(headers)
    if not header:
        return f"{{scheme: body, header: {json.dumps(f'X-{name.capitalize()}-Signature')}}}"
    if header.lower() == "webhook-signature":
        return "{scheme: standard-webhooks}"
    parts = _split(value)
    options = {"header": header, **_digest_options(parts.digest), "separator": parts.separator, "prefix": parts.prefix}
    scheme = "listed" if parts.time else "body"
    if parts.time:
        options |= {"timestamp": f"item:{parts.stamp}", "unit": _unit(parts.time)}
        options = {key: text for key, text in options.items() if text != getattr(SCHEMES[scheme], key)}
    elif (timed := signed_time_of(headers))[0]:
        scheme, options = "stamped", options | {"timestamp": f"header:{timed[0]}", "unit": timed[1]}
    return "{" + ", ".join((f"scheme: {scheme}", *_written(options))) + "}"


def _rank(header: tuple[str, str]) -> int:
    """How little a header looks like a signature."""
    name, value = header
    if _LOGIN.match(value) or (_OTHER.search(name) and not _MAC_KEY.search(value)):
        return _NO_SIGNATURE
    is_digest = bool(_DIGEST.search(value))
    if _NAMED.search(name):
        return 0 if is_digest else 2
    if _PERHAPS_NAMED.search(name) and (is_digest or _MAC_KEY.search(value)):
        return 1
    return 3 if is_digest else _NO_SIGNATURE


def _split(value: str) -> _Parts:
    for separator in SEPARATORS:
        found = [_ITEM.fullmatch(item.strip()) for item in value.split(separator)]
        items = [(item[1], item[2]) for item in found if item]
        if len(items) == len(found) > 1 and (mac := _mac_of(items)):
            times = (item for item in items if item[1].isdigit() and (EPOCH.fullmatch(item[1]) or _is_time(item[0])))
            return _Parts(separator, *_prefixed("".join(mac)), *next(times, ("", "")))
    return _Parts("", *_prefixed(value))


def _is_time(key: str) -> bool:
    return TIME_KEY.fullmatch(key.rpartition(" ")[2]) is not None


def _mac_of(items: Sequence[tuple[str, str]]) -> tuple[str, str] | None:
    """The item with the signature: one that is called so, else one that is a digest."""
    named = [item for item in items if _MAC_KEY.match("".join(item))]
    digests = [item for item in items if _DIGEST.search(item[1])]
    return next(iter([item for item in named if item in digests] or named or digests), None)


def _prefixed(text: str) -> tuple[str, str]:
    """A signature without what stands before it, and that first."""
    digest = _DIGEST.search(text)
    start = digest.start() if digest else key.end() if (key := _MAC_KEY.match(text)) else 0
    return text[:start], digest[0] if digest else text[start:]


def _digest_options(digest: str) -> dict[str, str]:
    is_hex = re.fullmatch("[0-9a-fA-F]+|<hex>", digest) is not None
    encoding = "" if is_hex else "base64url" if re.search("[_-]", digest) else "base64"
    return {"algorithm": _SIZES.get(len(digest), "sha256"), "encoding": encoding}


def _unit(digits: str) -> str:
    return "milliseconds" if len(digits) == 13 else "seconds"


def _written(options: Mapping[str, str]) -> Iterator[str]:
    """The options as YAML; in quotation marks those that are no word of Signpost."""
    words = ("algorithm", "encoding", "unit")
    for name, text in options.items():
        if text:
            yield f"{name}: {text if name in words else json.dumps(text, ensure_ascii=False)}"
