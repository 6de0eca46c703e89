"""The HTTP binding of CloudEvents 1.0: the mode of a request and the document of a binary-mode request. Pure."""

import base64
import binascii
import re
from collections.abc import Mapping
from email.message import Message
from enum import Enum
from typing import Any
from urllib.parse import unquote_to_bytes

from signpost.errors import CallerError
from signpost.ingress.strict_json import MalformedJson, loads
from signpost.names import CLOUDEVENT_JSON, CLOUDEVENTS_BATCH_JSON, JSON
from signpost.schemas import InvalidEvent, Problem
from signpost.schemas.attributes import is_json

SUFFIX, PREFIX = "+json", "ce-"
UTF_8 = ("utf-8", "utf8", "us-ascii", "ascii")
"""Names of UTF-8 and of its part that every sender writes."""
MAX_ORIGIN_CHARS = 253


class UnsupportedMediaType(CallerError):
    """The intake does not support this content type; the message names those it supports."""


class Mode(Enum):
    """How a request carries its events."""

    STRUCTURED = "structured"
    BATCH = "batch"
    BINARY = "binary"


def mode_of(content_type: str, headers: Mapping[str, str]) -> Mode:
    """Return the mode by content type; `headers` by lower-case name. Raises UnsupportedMediaType."""
    media = content_type.partition(";")[0].strip().lower()
    if _charset(content_type) not in UTF_8:
        raise UnsupportedMediaType("events must be in UTF-8; leave out charset or set it to utf-8")
    # The batch type starts with the same characters as the single type, so it is compared first.
    for mode, supported in ((Mode.BATCH, CLOUDEVENTS_BATCH_JSON), (Mode.STRUCTURED, CLOUDEVENT_JSON)):
        if media.startswith(supported.removesuffix(SUFFIX)):
            if media != supported:
                raise UnsupportedMediaType(f"events must be in JSON: send {supported}")
            return mode
    if not any(name.startswith(PREFIX) for name in headers):
        raise UnsupportedMediaType(
            f"the content type {media!r} is not supported: send {CLOUDEVENT_JSON}, {CLOUDEVENTS_BATCH_JSON}, or {JSON} "
            "with the event's attributes as ce- headers"
        )
    if media and not is_json(media):
        raise UnsupportedMediaType(f"the data of a binary-mode event must be {JSON}, not {media!r}")
    return Mode.BINARY


def _charset(content_type: str) -> str:
    """The charset of a content type, in lower case; UTF-8 if it names none."""
    header = Message()
    header["Content-Type"] = content_type
    return str(header.get_param("charset", "utf-8")).lower()


def binary_document(headers: Mapping[str, str], data: Any) -> dict[str, Any]:
    """Return the CloudEvent document of a binary-mode request; `data` is None without a body.

    Attribute values are percent-encoded UTF-8, with or without double quotes. Raises MalformedJson or InvalidEvent.
    """
    document: dict[str, Any] = {}
    for name, value in headers.items():
        if name.startswith(PREFIX):
            document[name.removeprefix(PREFIX)] = _decode_attribute(name, value)
    if "datacontenttype" in document:
        raise InvalidEvent(
            [Problem("/datacontenttype", "must be sent as the Content-Type header, not as a ce- header")]
        )
    if "data" in document or "data_base64" in document:
        raise InvalidEvent([Problem("/data", "must be sent as the body, not as a ce- header")])
    return document if data is None else {**document, "data": data}


def with_data(document: Any) -> Any:
    """Return the document with `data` in place of `data_base64`, which some senders use for JSON too.

    Raises InvalidEvent if it is not base64 of JSON. Any other document is returned unchanged.
    """
    if not isinstance(document, dict) or not isinstance(document.get("data_base64"), str) or "data" in document:
        return document
    try:
        data = loads(base64.b64decode(document["data_base64"], validate=True))
    except (binascii.Error, ValueError, MalformedJson):
        raise InvalidEvent([Problem("/data_base64", "must be base64 of JSON")]) from None
    return {name: value for name, value in document.items() if name != "data_base64"} | {"data": data}


def grant(origin: str) -> dict[str, str]:
    """Return the headers that let a sender deliver, for the origin of its OPTIONS request; none for an odd origin.

    See "Abuse Protection" of the CloudEvents webhook specification. Every delivery still needs its credential.
    """
    if not (0 < len(origin) <= MAX_ORIGIN_CHARS and origin.isascii() and origin.isprintable()):
        return {}
    return {"WebHook-Allowed-Origin": origin, "WebHook-Allowed-Rate": "*"}


_QUOTED_PAIR = re.compile(rb"\\(.)", re.DOTALL)


def _decode_attribute(name: str, value: str) -> str:
    raw = value.strip().encode("latin-1", "replace")
    if len(raw) >= 2 and raw.startswith(b'"') and raw.endswith(b'"'):
        raw = _QUOTED_PAIR.sub(rb"\1", raw[1:-1])
    try:
        return unquote_to_bytes(raw).decode("utf-8")
    except UnicodeDecodeError:
        raise MalformedJson(f"the header {name} is not percent-encoded UTF-8") from None
