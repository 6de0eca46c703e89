"""Reads the parts of a tenants file and collects every problem. Secrets never appear in a problem."""

import difflib
import re
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from signpost.case.instant import DAY
from signpost.rulebook.values import parse_duration
from signpost.schemas.events import OfferTerms

NAME: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?")
"""A tenant is a word of every routing key, so it holds no dot."""
HASH: Final = re.compile("sha256:[0-9a-f]{64}")
WAYS: Final = "env:NAME, file:PATH"
MOST_SKEW: Final = DAY
TERMS: Final = tuple(OfferTerms().fields)
"""What may lie in a sender's custom fields."""


class TenantsReader:
    """One reading of one file; `folder` is where it lies."""

    def __init__(self, folder: Path, environ: Mapping[str, str]) -> None:
        self.problems: list[str] = []
        self._folder, self._environ = folder, environ
        self.files: set[Path] = set()
        self._names: set[str] = set()

    def tenants(self, document: Any) -> Iterator[tuple[str, str, dict[str, Any]]]:
        """(name, place, body) of each tenant."""
        whole = self._mapping("the file", document, ("tenants", "sources"))
        found = list(self._named("tenants", whole.get("tenants", {}), ("api_keys", "params", "disabled")))
        self._names = {name for name, _, _ in found}
        if not found and not self.problems:
            self.problems.append("tenants: names none")
        yield from found

    def sources(self, document: Any) -> Iterator[tuple[str, str, dict[str, Any]]]:
        """(name, place, body) of each source."""
        whole = document if isinstance(document, dict) else {}
        allowed = ("tenant", "vendor", "secrets", "time_zone", "employer", "clock_skew", "fields")
        yield from self._named("sources", whole.get("sources", {}), allowed)

    def hashes(self, at: str, body: dict[str, Any]) -> tuple[str, ...]:
        """The hashes of a tenant's API keys."""
        found = []
        for place, text in self._texts(f"{at}.api_keys", body.get("api_keys", [])):
            value = text if text.startswith("sha256:") else self._resolved(place, text, ("env", "file"))
            if value is not None and not HASH.fullmatch(value):
                self.problems.append(
                    f"{place}: must be sha256: and 64 hex digits (`signpost key` makes one), or {WAYS}"
                )
            elif value is not None:
                found.append(value)
        return tuple(found)

    def source(self, at: str, body: dict[str, Any]) -> dict[str, Any]:
        """The fields of a source but its name."""
        return {
            "tenant": self._tenant(at, body.get("tenant")),
            "vendor": self._text(f"{at}.vendor", body.get("vendor")),
            "secrets": self._secrets(f"{at}.secrets", body.get("secrets", [])),
            "time_zone": self._zone(f"{at}.time_zone", body.get("time_zone")),
            "employer": self._employer(f"{at}.employer", body.get("employer")),
            "clock_skew": self._skew(f"{at}.clock_skew", body.get("clock_skew", "5m")),
            "fields": self._fields(f"{at}.fields", body.get("fields", {})),
        }

    def _tenant(self, at: str, name: Any) -> str:
        if name not in self._names:
            self.problems.append(f"{at}.tenant: must be one of the tenants{_meant(name, self._names)}")
        return str(name)

    def _secrets(self, at: str, given: Any) -> tuple[str, ...]:
        found = [self._resolved(place, text, ("env", "file", "plain")) for place, text in self._texts(at, given)]
        if not found:
            self.problems.append(f"{at}: at least one is needed, because unsigned webhooks are refused")
        return tuple(secret for secret in found if secret)

    def _resolved(self, at: str, text: str, ways: tuple[str, ...]) -> str | None:
        """What a reference stands for."""
        way, _, rest = text.partition(":")
        if way not in ways or not rest:
            self.problems.append(f"{at}: must be {WAYS}{' or plain:SECRET' if 'plain' in ways else ''}")
            return None
        value = {"env": self._from_environment, "file": self._from_file, "plain": _plain}[way](rest)
        if not value:
            self.problems.append(f"{at}: {way}:{rest} names nothing that can be read, or something empty")
        return value or None

    def _from_environment(self, name: str) -> str:
        return self._environ.get(name, "").strip()

    def _from_file(self, name: str) -> str:
        path = self._folder / Path(name).expanduser()
        self.files.add(path)
        try:
            return path.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError):
            return ""

    def _zone(self, at: str, name: Any) -> str | None:
        if name is None:
            return None
        try:
            return ZoneInfo(name).key
        except (TypeError, ValueError, OSError, LookupError):
            self.problems.append(f"{at}: must be a time zone such as Europe/Paris")
            return None

    def _employer(self, at: str, given: Any) -> Mapping[str, str]:
        if given is None:
            return {}
        body = self._mapping(at, given, ("id", "name"))
        if not isinstance(body.get("id"), str) or not isinstance(body.get("name", ""), str):
            self.problems.append(f"{at}: must have an id, and may have a name, both texts")
            return {}
        return body

    def _skew(self, at: str, given: Any) -> int:
        duration = parse_duration(given) if isinstance(given, str) else None
        if duration is None or duration.business_days or not 0 < duration.total <= MOST_SKEW:
            self.problems.append(f"{at}: must be a duration up to 1d, like 5m")
            return 0
        return duration.total

    def _fields(self, at: str, given: Any) -> Mapping[str, str]:
        """Our term of an offer -> where this sender keeps it."""
        found = self._mapping(at, given, TERMS)
        for name, place in found.items():
            if not isinstance(place, str) or not place:
                self.problems.append(f"{at}.{name}: must be the name of the sender's own field")
        return {name: place for name, place in found.items() if isinstance(place, str)}

    def _text(self, at: str, given: Any) -> str:
        if not isinstance(given, str) or not given:
            self.problems.append(f"{at}: must be a text")
        return str(given)

    def _texts(self, at: str, given: Any) -> Iterator[tuple[str, str]]:
        if not isinstance(given, list):
            self.problems.append(f"{at}: must be a list")
            return
        for number, text in enumerate(given):
            if isinstance(text, str):
                yield f"{at}[{number}]", text
            else:
                self.problems.append(f"{at}[{number}]: must be a text")

    def _named(self, at: str, given: Any, allowed: Collection[str]) -> Iterator[tuple[str, str, dict[str, Any]]]:
        for name, body in self._mapping(at, given).items():
            place = f"{at}.{name}"
            if not isinstance(name, str) or not NAME.fullmatch(name):
                self.problems.append(f"{place}: a name is lower-case letters, digits and hyphens, 64 at most")
            else:
                yield name, place, self._mapping(place, body, allowed)

    def _mapping(self, at: str, given: Any, allowed: Collection[str] = ()) -> dict[str, Any]:
        if not isinstance(given, dict):
            self.problems.append(f"{at}: must hold names and values")
            return {}
        for name in given:
            if allowed and name not in allowed:
                self.problems.append(f"{at}: {name!r} is not known{_meant(name, allowed)}")
        return given


def _plain(value: str) -> str:
    return value


def _meant(word: Any, words: Collection[str]) -> str:
    near = difflib.get_close_matches(str(word), words, n=1)
    return f"; did you mean {near[0]}?" if near else ""
