"""The HTTP binding of CloudEvents 1.0: which mode a request is in, and the document of a binary-mode one. Pure."""

from collections.abc import Mapping
from enum import Enum
from typing import Any
from urllib.parse import unquote_to_bytes

from signpost.errors import CallerError
from signpost.ingress.strict_json import MalformedJson
from signpost.names import CLOUDEVENT_JSON, CLOUDEVENTS_BATCH_JSON, JSON
from signpost.schemas import InvalidEvent, Problem

SUFFIX, PREFIX = "+json", "ce-"


class UnsupportedMediaType(CallerError):
    """The content type is none that is understood here."""


class Mode(Enum):
    """How a request carries its events."""

    STRUCTURED = "structured"
    BATCH = "batch"
    BINARY = "binary"


def mode_of(content_type: str, headers: Mapping[str, str]) -> Mode:
    """The mode, by content type; `headers` by lower-case name. Raises UnsupportedMediaType."""
    media, _, parameters = (part.strip().lower() for part in content_type.partition(";"))
    if "charset" in parameters and "utf-8" not in parameters:
        raise UnsupportedMediaType("events are understood in UTF-8 only")
    # The batch type begins like the single one, so it is asked for first.
    for mode, understood in ((Mode.BATCH, CLOUDEVENTS_BATCH_JSON), (Mode.STRUCTURED, CLOUDEVENT_JSON)):
        if media.startswith(understood.removesuffix(SUFFIX)):
            if media != understood:
                raise UnsupportedMediaType(f"events are understood in JSON only: send {understood}")
            return mode
    if not any(name.startswith(PREFIX) for name in headers):
        raise UnsupportedMediaType(
            f"send {CLOUDEVENT_JSON}, {CLOUDEVENTS_BATCH_JSON}, or {JSON} with the event's attributes as ce- headers, "
            f"not {media!r}"
        )
    if media not in (JSON, "") and not (media.startswith("application/") and media.endswith(SUFFIX)):
        raise UnsupportedMediaType(f"the data of an event is understood in JSON only, not {media!r}")
    return Mode.BINARY


def binary_document(headers: Mapping[str, str], data: Any) -> dict[str, Any]:
    """The CloudEvent document of a binary-mode request; `data` None where there is no body.

    Attribute values are percent-encoded UTF-8, in double quotes or not. Raises Malformed or Refused.
    """
    document: dict[str, Any] = {}
    for name, value in headers.items():
        if name.startswith(PREFIX):
            document[name.removeprefix(PREFIX)] = _decoded(name, value)
    if "datacontenttype" in document:
        raise InvalidEvent([Problem("/datacontenttype", "travels as Content-Type, not as a ce- header")])
    if "data" in document or "data_base64" in document:
        raise InvalidEvent([Problem("/data", "travels as the body, not as a ce- header")])
    return document if data is None else {**document, "data": data}


def _decoded(name: str, value: str) -> str:
    raw = value.strip().encode("latin-1", "replace")
    if len(raw) >= 2 and raw.startswith(b'"') and raw.endswith(b'"'):
        raw = raw[1:-1].replace(b'\\"', b'"').replace(b"\\\\", b"\\")
    try:
        return unquote_to_bytes(raw).decode("utf-8")
    except UnicodeDecodeError:
        raise MalformedJson(f"the header {name} is not percent-encoded UTF-8") from None
