"""Reads the parts of a mapping file about deliveries: signature, responses, formats, and samples."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from signpost.ingress.date_patterns import DatePattern, clash, read_pattern
from signpost.ingress.event_types import meant_type
from signpost.ingress.expression_reader import HEADER
from signpost.ingress.formats import AMOUNTS, Formats
from signpost.ingress.mapping import Handshake, Pings, Sample
from signpost.ingress.part_reader import PartReader
from signpost.ingress.signature_schemes import (
    ALGORITHMS,
    ENCODINGS,
    KEYS,
    PART,
    PLACES,
    SCHEMES,
    TOUCHING,
    UNITS,
    Scheme,
)
from signpost.schemas import EVENT_SCHEMAS
from signpost.suggestions import meant
from signpost.tenants.reader import read_skew
from signpost.yaml_files.problems import Position
from signpost.yaml_files.reader import Node

SCHEME_KEYS: Final = tuple(option.name for option in fields(Scheme))
SAMPLE_KEYS: Final = ("file", "attested", "headers", "gives", "secret")
NEVER: Final = "never"
US_DATE: Final = read_pattern("MM/DD/YYYY")
_HEADER_NAME: Final = re.compile("header:[A-Za-z0-9-]+")
_TOKEN: Final = re.compile("[!#$%&'*+.^_`|~0-9A-Za-z-]+")
"""A name that HTTP allows a header to have."""


class DeliveryReader(PartReader):
    """Reads the nodes of one file."""

    def one_of(self, node: Node | None, words: Iterable[str], what: str, hint: str = "") -> str:
        """Read one of these words; the first for a missing node. `hint`: what to write, if it is known."""
        text, known = self.text(node, what), tuple(words)
        if node is not None and isinstance(node.value, str) and text not in known:
            self.problems.add("R013", node.position, f"{text!r} is not a known {what}", hint or meant(text, known))
        return text if text in known else known[0]

    def success(self, node: Node | None) -> int:
        """Read a status that the vendor takes for success."""
        if node is None:
            return 202
        if not isinstance(node.value, int) or not 200 <= node.value <= 299:
            self.problems.add("R021", node.position, "success must be a status from 200 to 299")
            return 202
        return node.value

    def clock_skew(self, node: Node | None) -> str:
        """Read the tolerance of a signed time that a new source gets; "" for the usual one."""
        if node is None:
            return ""
        if read_skew(node.value) is None:
            self.problems.add("R021", node.position, "clock_skew must be a duration up to 1d, like 5m")
        return str(node.value)

    def retries(self, node: Node | None) -> int | None:
        """Read the status after which the vendor sends again."""
        if node is None:
            return 503
        if node.value not in (429, 503, NEVER):
            self.problems.add("R021", node.position, f"retries must be 429, 503 or {NEVER}")
        return None if node.value == NEVER else 429 if node.value == 429 else 503

    def scheme(self, node: Node | None) -> Scheme:
        """Read how the vendor signs."""
        if node is None:
            return SCHEMES["body"]
        members = self.members(node, "signature", ("scheme", *SCHEME_KEYS), ("scheme",))
        chosen = SCHEMES[self.one_of(members.pop("scheme", None), SCHEMES, "scheme")]
        scheme = replace(chosen, **{name: self._option(name, inner) for name, inner in members.items()})
        for text in scheme.messages:
            if not PART.search(text) or "{" in PART.sub("", text):
                hint = "its parts are {body}, {timestamp}, {header:NAME}, {member:PATH} and {raw:NAME}"
                self.problems.add("R022", node.position, f"the message {text!r} has an unknown part, or none", hint)
        self._check_places(scheme, members)
        for text in filter(TOUCHING.search, scheme.messages):
            hint = "write a separator between them; only {timestamp}, which is canonical, may follow a part directly"
            self.problems.add("R022", node.position, f"parts of the message {text!r} touch", hint)
        return scheme

    def _check_places(self, scheme: Scheme, members: Mapping[str, Node]) -> None:
        """Check the places that a signature names: of the time, and of what it needs."""
        place, _, name = scheme.timestamp.partition(":")
        if "timestamp" in members and scheme.timestamp and (place not in PLACES or not name):
            is_prefix = scheme.separator and scheme.timestamp.endswith(("=", ":"))
            likely = f"{'item' if is_prefix else 'header'}:{scheme.timestamp}"
            hint = f"write header:NAME, member:PATH or item:PREFIX, such as {likely}"
            where = members["timestamp"].position
            self.problems.add("R022", where, f"timestamp {scheme.timestamp!r} is no place", hint)
        for option, text in (("timestamp", scheme.timestamp), *(("needs", text) for text in scheme.needs)):
            if option in members and text.startswith(HEADER):
                self._check_header(text.removeprefix(HEADER), members[option].position, f"header: of {option}")

    def _check_header(self, text: str, where: Position, what: str) -> None:
        """Report what no header of a request can be called."""
        bare = text.removeprefix(HEADER).strip(": ")
        if text and not _TOKEN.fullmatch(text):
            is_near = _TOKEN.fullmatch(bare)
            message = f"{what} takes the bare name: {bare}" if is_near else f"{text!r} is no name of a header"
            self.problems.add("R021", where, message, "" if is_near else "write one like X-Vendor-Signature")

    def _option(self, name: str, node: Node) -> Any:
        if name == "wrapped":
            return self.flag(node)
        if name in ("messages", "needs"):
            return tuple(map(_lower_headers, self.texts(node, name)))
        words = {"algorithm": ALGORITHMS, "encoding": ENCODINGS, "unit": UNITS, "key": KEYS}.get(name)
        if words is not None:
            return self.one_of(node, words, name)
        text = self.text(node, name)
        if name == "header":
            self._check_header(text, node.position, name)
        elif name == "member" and text.startswith(f"{name}:"):
            self.problems.add("R021", node.position, f"member takes the bare path: {text.removeprefix(f'{name}:')}")
        return text.lower() if name == "header" else _lower_headers(text)

    def formats(self, node: Node | None) -> Formats:
        """Read how the vendor writes times, days and amounts."""
        members = self.members(node, "formats", ("unit", "month_first", "zone", "dates", "decimal")) if node else {}
        zone = self.text(members.get("zone"), "zone")
        unit = self.one_of(members.get("unit"), UNITS, "unit")
        patterns = tuple(self._patterns(members.get("dates")))
        if self.flag(members.get("month_first")):
            patterns = (*patterns, US_DATE)
        if node is not None and (both := clash(patterns)):
            hint = "keep one; where the vendor writes both, give the others by path: {path: ..., format: ...}"
            self.problems.add("R021", node.position, f"one text can be read by {both}", hint)
        decimal = self.one_of(members["decimal"], AMOUNTS, "decimal mark") if "decimal" in members else ""
        return Formats(unit, self._zone(members, zone) if zone else None, patterns, "unit" in members, decimal)

    def _patterns(self, node: Node | None) -> Iterator[DatePattern]:
        nodes = [] if node is None else node.value if isinstance(node.value, list) else [node]
        for inner in nodes:
            if (pattern := self.pattern(inner)) is not None:
                yield pattern

    def _zone(self, members: Mapping[str, Node], name: str) -> ZoneInfo | None:
        try:
            return ZoneInfo(name)
        except (ValueError, OSError, LookupError):
            self.problems.add(
                "R021",
                members["zone"].position,
                f"{name!r} is not a time zone",
                "write an IANA name, like Europe/Paris",
            )
            return None

    def pings(self, node: Node | None) -> Pings:
        """Read the vendor's test requests."""
        members = self.members(node, "pings", ("events", "bodies", "unsigned")) if node else {}
        bodies = members["bodies"].plain() if "bodies" in members else []
        return Pings(self.texts(members.get("events"), "events"), tuple(bodies), self.flag(members.get("unsigned")))

    def handshake(self, node: Node | None) -> Handshake | None:
        """Read the header that is echoed."""
        if node is None:
            return None
        members = self.members(node, "handshake", ("header", "status"), ("header",))
        header = self.text(members.get("header"), "header")
        self._check_header(header, node.position, "header")
        return Handshake(header, self.success(members.get("status")))

    def samples(self, node: Node | None, folder: Path, *, must_exist: bool) -> tuple[Sample, ...]:
        """Read the samples, of which the files are in `folder`."""
        if node is None or not isinstance(node.value, list):
            return ()
        return tuple(self._sample(inner, folder, must_exist) for inner in node.value)

    def _sample(self, node: Node, folder: Path, must_exist: bool) -> Sample:
        members = self.members(node, "a sample", SAMPLE_KEYS, ("file", "attested", "gives"))
        name = self.text(members.get("file"), "file")
        file = folder / name
        if "file" in members and must_exist and not file.is_file():
            message = f"there is no {file.name} in {folder.parent.name}/{folder.name}/"
            self.problems.add("R023", members["file"].position, message, meant(name, _files_in(folder)))
        headers = {name: self.text(inner, name) for name, inner in self._headers(members)}
        for name in headers if must_exist else ():  # the intake needs no samples
            self._check_header(name, members["headers"].key_position(name), "a header of a sample")
        gives = self.texts(members.get("gives"), "gives")
        for name in gives:
            if name not in EVENT_SCHEMAS:
                self.problems.add(
                    "R013", members["gives"].position, f"{name!r} is not a known event type", meant_type(name)
                )
        attested, secret = self.text(members.get("attested"), "attested"), self.text(members.get("secret"), "secret")
        return Sample(file, attested, headers, gives, secret, node.position)

    def _headers(self, members: Mapping[str, Node]) -> Iterable[tuple[str, Node]]:
        return self.members(members["headers"], "headers").items() if "headers" in members else ()


def _files_in(folder: Path) -> set[str]:
    return {file.name for file in folder.iterdir()} if folder.is_dir() else set()


def _lower_headers(text: str) -> str:
    """Return an option of a signature with its names of headers in lower case, as requests have them."""
    return _HEADER_NAME.sub(lambda found: found[0].lower(), text)
