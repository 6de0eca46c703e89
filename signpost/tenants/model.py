"""The content of the tenants file: tenants with API keys, and sources with secrets. Reads no file."""

import hmac
import secrets as randomness
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Final

from signpost.case.erasure import OWN_ID
from signpost.case.instant import MINUTE
from signpost.facts.vocabulary import KINDS, Vocabulary
from signpost.schemas.custom import OwnKinds

KEY_PREFIX: Final = "sp_"
MIN_SECRET_BYTES: Final = 16
"""The shortest secret of a source, and the shortest API key: fewer bytes can be guessed."""


@dataclass(frozen=True, slots=True)
class Tenant:
    """`api_keys`: hashes as `hash_key` makes them. For its rule overrides see `overrides`."""

    name: str
    api_keys: tuple[str, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Source:
    """A sender of webhooks. `secrets`: any of them can sign. `employer`: {id, name} if the sender is one employer.
    `clock_skew`: the largest accepted error of a signed time, in microseconds. `fields`: our term of
    an offer, or `custom.NAME` -> the sender's field with its value. `vocabulary`: the tenant's."""

    name: str
    tenant: str
    vendor: str
    secrets: tuple[str, ...] = field(repr=False)
    time_zone: str | None = None
    employer: Mapping[str, str] = field(default_factory=dict)
    clock_skew: int = 5 * MINUTE
    fields: Mapping[str, str] = field(default_factory=dict)
    vocabulary: Vocabulary = field(default=KINDS, repr=False)
    pay_period: str = ""
    """The period of its amounts, where its webhooks state none; "" leaves it unknown."""
    own_ids: bool = False
    """Whether its ids are its own, so that `own_id` keeps them apart from those of the tenant's other sources."""
    problem: str = ""
    """Why it is disabled and what to do; "" for a source whose webhooks are accepted."""
    is_switched_off: bool = False
    """Whether it is disabled on purpose."""

    def own_id(self, value: str) -> str:
        """The id under which the tenant knows what this source calls `value`."""
        return f"{self.name}{OWN_ID}{value}" if self.own_ids else value


@dataclass(frozen=True, slots=True)
class Tenants:
    """Tenants and sources by name. `files`: the files that secrets were read from. `vocabularies`: tenant ->
    vocabulary, if its rulebook declares fields."""

    tenants: Mapping[str, Tenant]
    sources: Mapping[str, Source]
    files: frozenset[Path] = frozenset()
    vocabularies: Mapping[str, Vocabulary] = field(default_factory=dict)

    def own_fields(self, tenant: str) -> OwnKinds:
        """The fields that the rulebook of a tenant declares."""
        return self.vocabularies.get(tenant, KINDS).own_kinds

    def tenant_of_key(self, key: str) -> str | None:
        """The tenant that an API key belongs to; None for a key that is too short. Takes constant time."""
        hashed = hash_key(key).encode()
        owner = None
        for tenant in self.tenants.values():
            for known in tenant.api_keys:
                if hmac.compare_digest(hashed, known.encode()):
                    owner = tenant.name
        return None if length_problem(key) else owner

    def admits(self, tenant: str, hashed: str) -> bool:
        """Whether the tenant exists and still has the API key of this hash; "" stands for no key."""
        known = self.tenants.get(tenant)
        return known is not None and (not hashed or hashed in known.api_keys)

    def source(self, name: str) -> Source | None:
        """The source with this name."""
        return self.sources.get(name)

    def own_ids_of(self, tenant: str, value: str) -> list[str]:
        """The ids under which a tenant knows what its sources with ids of their own call `value`."""
        return [one.own_id(value) for one in self.sources.values() if one.tenant == tenant and one.own_ids]


def length_problem(secret: str) -> str:
    """What makes a secret too short; "" if it is long enough. The text does not contain the secret."""
    size = len(secret.encode("utf-8", "surrogatepass"))
    return f"has {size} bytes and must have at least {MIN_SECRET_BYTES}" if size < MIN_SECRET_BYTES else ""


def hash_key(key: str) -> str:
    """The stored form of an API key. A plain digest is enough, because a key is 256 random bits."""
    return "sha256:" + sha256(key.encode("utf-8", "surrogatepass")).hexdigest()


def new_key() -> str:
    """A new random API key."""
    return KEY_PREFIX + randomness.token_urlsafe(32)
