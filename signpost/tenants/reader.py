"""Reads the parts of a tenants file and collects every problem. Secrets never appear in a problem."""

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from signpost.case.instant import DAY, MINUTE
from signpost.facts.vocabulary import KINDS, Vocabulary
from signpost.regular_files import read_regular
from signpost.rulebook.values import parse_duration
from signpost.schemas.event_parts import OfferTerms
from signpost.schemas.fields import PERIODS
from signpost.schemas.own_places import OWN
from signpost.suggestions import meant
from signpost.tenants.model import Source, Tenant, length_problem
from signpost.tenants.quotas import Quota, read_quota
from signpost.yaml_files.fields import FieldReader
from signpost.yaml_files.problems import Position, Problems
from signpost.yaml_files.reader import Node

NAME: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?")
"""A tenant is one segment of routing keys, so it has no dot."""
MAX_SECRET_BYTES: Final = 8_000
SECRET_HINT: Final = f"a secret is a regular file of at most {MAX_SECRET_BYTES} bytes"
HASH: Final = re.compile("sha256:[0-9a-f]{64}")
WAYS: Final = "env:NAME, file:PATH"
MAX_SKEW_US: Final = DAY
DEFAULT_SKEW_US: Final = 5 * MINUTE
TERMS: Final = tuple(OfferTerms().fields)
"""Terms of an offer that a sender's custom fields can have, beside the fields that the rulebook declares."""
TENANT_KEYS: Final = ("api_keys", "params", "disabled", "rules", "quota")
SOURCE_KEYS: Final = (
    "tenant",
    "vendor",
    "secrets",
    "time_zone",
    "employer",
    "clock_skew",
    "fields",
    "ids",
    "pay_period",
    "disabled",
)
IDS: Final = ("own", "shared")
SWITCHED_OFF: Final = "it is switched off; `signpost sources enable {}` switches it on"
SPEAKS_OURS: Final = "standard"
"""The vendor whose senders choose the ids of events themselves."""


def read_skew(text: object) -> int | None:
    """The tolerance of a signed time in microseconds; None if it is no duration, or one beyond the limit."""
    duration = parse_duration(text) if isinstance(text, str) else None
    if duration is None or duration.business_days or not 0 < duration.total <= MAX_SKEW_US:
        return None
    return duration.total


class TenantsReader(FieldReader):
    """Reads one tenants file; `folder`: the folder of the file."""

    def __init__(
        self,
        folder: Path,
        environ: Mapping[str, str],
        problems: Problems,
        check: Callable[[str, tuple[str, ...]], str],
        strict: Collection[str] = (),
    ) -> None:
        """`check`, `strict`: see `load_tenants`."""
        super().__init__(problems)
        self._strict = strict
        self._folder, self._environ, self._check = folder, environ, check
        self.files: set[Path] = set()
        self._tenants: set[str] = set()

    def tenants(self, node: Node) -> dict[str, Tenant]:
        """The tenants, by name."""
        tenants = {}
        for name, inner in self._named("tenants", node):
            body = self.members(inner, f"tenants.{name}", TENANT_KEYS)
            tenants[name] = Tenant(name, self._hashes(f"tenants.{name}.api_keys", body.get("api_keys")))
            read_quota(self, f"tenants.{name}.quota", body.get("quota"), Quota())  # the clock applies it
        if not tenants:
            self.problems.add("R002", node.position, "tenants is empty")
        self._tenants = set(tenants)
        return tenants

    def sources(self, node: Node | None, vocabularies: Mapping[str, Vocabulary]) -> dict[str, Source]:
        """The sources, by name; `tenants` must have been read before. `vocabularies`: of the tenants whose
        declared fields are known; those of other tenants are not checked."""
        found: dict[str, Source] = {}
        for name, body in self._named("sources", node):
            found[name] = self._source_alone(name, body, vocabularies, found)
        return found

    def _source_alone(
        self, name: str, node: Node, vocabularies: Mapping[str, Vocabulary], before: Mapping[str, Source]
    ) -> Source:
        """A source that its own mistakes disable, and no other. An unknown tenant is a problem of the file: which
        ids the other sources of the tenant have depends on it."""
        whole, self.problems = self.problems, Problems()
        body = self.members(node, f"sources.{name}", SOURCE_KEYS, ("tenant", "vendor", "secrets"))
        source = self._source(name, body, vocabularies, whole)
        others = [one for one in before.values() if one.tenant == source.tenant and one.vendor != SPEAKS_OURS]
        source = replace(source, own_ids=self._has_own_ids(source, body.get("ids"), bool(others)))
        mistakes, self.problems = self.problems.found, whole
        if mistakes and (name in self._strict or source.tenant not in self._tenants):
            whole.found += mistakes
        return replace(source, problem="; ".join(map(str, mistakes))) if mistakes else source

    def _has_own_ids(self, source: Source, node: Node | None, is_further: bool) -> bool:
        """The first source of a tenant has the ids of the tenant; each further one numbers candidates for itself."""
        text = self._choice(node, f"sources.{source.name}.ids", IDS)
        return text == "own" or (text != "shared" and is_further and source.vendor != SPEAKS_OURS)

    def _hashes(self, at: str, node: Node | None) -> tuple[str, ...]:
        """The hashes of a tenant's API keys."""
        hashes = []
        for place, item in self._texts(at, node):
            text = item.value
            value = text if text.startswith("sha256:") else self._resolve(place, item, ("env", "file"), self.problems)
            if value is not None and not HASH.fullmatch(value):
                message = f"{place} must be sha256: and 64 hex digits, or {WAYS}"
                self.problems.add("R021", item.position, message, "`signpost key` creates one")
            elif value is not None:
                hashes.append(value)
        return tuple(hashes)

    def _source(
        self, name: str, body: Mapping[str, Node], vocabularies: Mapping[str, Vocabulary], whole: Problems
    ) -> Source:
        at, unreadable = f"sources.{name}", Problems()
        vendor = self.text(body.get("vendor"), f"{at}.vendor")
        secrets = self._secrets(name, body.get("secrets"), unreadable)
        tenant = self._tenant(f"{at}.tenant", body.get("tenant"), whole)
        is_off = self._flag(f"{at}.disabled", body.get("disabled"))
        vocabulary = vocabularies.get(tenant)
        return Source(
            name=name,
            tenant=tenant,
            vendor=vendor,
            secrets=secrets,
            problem=SWITCHED_OFF.format(name)
            if is_off
            else "; ".join(map(str, unreadable.found)) or self._check(vendor, secrets),
            is_switched_off=is_off,
            time_zone=self._zone(f"{at}.time_zone", body.get("time_zone")),
            employer=self._employer(f"{at}.employer", body.get("employer")),
            clock_skew=self._skew(f"{at}.clock_skew", body.get("clock_skew")),
            fields=self._fields(f"{at}.fields", body.get("fields"), vocabulary),
            vocabulary=vocabulary or KINDS,
            pay_period=self._choice(body.get("pay_period"), f"{at}.pay_period", PERIODS),
        )

    def _flag(self, at: str, node: Node | None) -> bool:
        if node is not None and not isinstance(node.value, bool):
            self.problems.add("R006", node.position, f"{at} must be true or false")
        return node is not None and node.value is True

    def _tenant(self, at: str, node: Node | None, whole: Problems) -> str:
        name = self.text(node, at)
        if node is not None and name not in self._tenants:
            whole.add("R023", node.position, f"{at} must be one of the tenants", meant(name, self._tenants))
        return name

    def _secrets(self, source: str, node: Node | None, unreadable: Problems) -> tuple[str, ...]:
        at, ways, secrets = f"sources.{source}.secrets", ("env", "file", "plain"), []
        references = list(self._texts(at, node))
        for place, item in references:
            secret = self._resolve(place, item, ways, unreadable)
            if secret and (problem := length_problem(secret)):
                hint = f"`signpost sources rotate {source}` creates one"
                unreadable.add("R021", item.position, f"{place} {problem}", hint)
            elif secret:
                secrets.append(secret)
        if node is not None and not references:
            hint = "unsigned webhooks are refused"
            self.problems.add("R002", node.position, f"{at} must name at least one secret", hint)
        return tuple(secrets)

    def _resolve(self, at: str, node: Node, ways: tuple[str, ...], unreadable: Problems) -> str | None:
        """The value of a reference; None if it has none, which is added to `unreadable`."""
        way, _, rest = node.value.partition(":")
        if way not in ways or not rest:
            allowed = f"{WAYS}{' or plain:SECRET' if 'plain' in ways else ''}"
            self.problems.add("R021", node.position, f"{at} must be {allowed}")
            return None
        value = {"env": self._from_environment, "file": self._from_file}.get(way, str)(rest)
        if not value:
            message = f"{at}: {way}:{rest} is missing, unreadable or empty"
            unreadable.add("R023", node.position, message, SECRET_HINT if way == "file" else "")
        return value or None

    def _from_environment(self, name: str) -> str:
        return self._environ.get(name, "").strip()

    def _from_file(self, name: str) -> str:
        try:
            path = self._folder / Path(name).expanduser()
            self.files.add(path)
            data = read_regular(path, MAX_SECRET_BYTES)
        except (OSError, RuntimeError):  # RuntimeError: unknown home directory
            return ""
        try:
            return data.decode("utf-8").strip() if len(data) <= MAX_SECRET_BYTES else ""
        except UnicodeDecodeError:
            return ""

    def _zone(self, at: str, node: Node | None) -> str | None:
        if node is None or node.value is None:
            return None
        try:
            return ZoneInfo(self.text(node, at)).key
        except (ValueError, OSError, LookupError):
            found = f"; it is {node.value!r}" if isinstance(node.value, str) else ""
            self.problems.add("R021", node.position, f"{at} must be a time zone such as Europe/Paris{found}")
            return None

    def _choice(self, node: Node | None, at: str, choices: Sequence[str]) -> str:
        """One of these words; "" for any other, and without a node."""
        word = self.text(node, at)
        if node is not None and word not in choices:
            message = f"{word!r} is not one of {', '.join(choices)}"
            self.problems.add("R013", node.position, message, meant(word, choices))
        return word if word in choices else ""

    def _employer(self, at: str, node: Node | None) -> Mapping[str, str]:
        if node is None or node.value is None:
            return {}
        body = self.members(node, at, ("id", "name"), ("id",))
        return {name: self.text(inner, f"{at}.{name}") for name, inner in body.items()}

    def _skew(self, at: str, node: Node | None) -> int:
        if node is None:
            return DEFAULT_SKEW_US
        skew = read_skew(node.value)
        if skew is None:
            self.problems.add("R021", node.position, f"{at} must be a duration up to 1d, like 5m")
        return skew or 0

    def _fields(self, at: str, node: Node | None, vocabulary: Vocabulary | None) -> Mapping[str, str]:
        """Our term of an offer, or `custom.NAME` -> the sender's field with its value."""
        if node is None:
            return {}
        found = self.members(node, at)
        places = {name: self.text(inner, f"{at}.{name}") for name, inner in found.items()}
        for name, place in places.items():
            if name not in TERMS:
                self._check_own(at, name, node.key_position(name), vocabulary)
            if not place:
                message = f"{at}.{name} must be the name of the sender's own field"
                self.problems.add("R021", found[name].position, message)
        return places

    def _check_own(self, at: str, name: str, where: Position, vocabulary: Vocabulary | None) -> None:
        """`custom.NAME` must be a field that the rulebook of the source's tenant declares."""
        fields = vocabulary.own.values() if vocabulary is not None else ()
        declared = {f"{OWN}{own}": own for kind in fields for own in sorted(kind)}
        if not name.startswith(OWN):
            near = next((path for path, own in declared.items() if name in (own, path.replace(".", "_"))), "")
            hint = f"did you mean {near}?" if near else meant(name, [*TERMS, *declared])
            self.problems.add("R010", where, f"{at} has no {name!r}", hint)
        elif vocabulary is not None and name not in declared:
            hint = meant(name, sorted(declared)) or "none is declared"
            self.problems.add("R010", where, f"{at}: {name!r} is not declared in fields.yaml", hint)

    def _texts(self, at: str, node: Node | None) -> Iterator[tuple[str, Node]]:
        if node is not None and not isinstance(node.value, list):
            self.problems.add("R006", node.position, f"{at} must be a list")
        elif node is not None:
            for number, item in enumerate(node.value):
                self.text(item, f"{at}[{number}]")
                if isinstance(item.value, str):
                    yield f"{at}[{number}]", item

    def _named(self, part: str, node: Node | None) -> Iterator[tuple[str, Node]]:
        if node is None:
            return
        for name, body in self.members(node, part).items():
            if NAME.fullmatch(name):
                yield name, body
            else:
                message = f"{part}.{name}: a name is lower-case letters, digits and hyphens, 64 at most"
                self.problems.add("R012", node.key_position(name), message)
