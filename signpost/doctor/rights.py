"""What the user of each process needs in broker and database. Tests compare it with deploy/."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from signpost.messaging.topology import ADVISOR, BULK, UNROUTED, advisor_queues
from signpost.names import ADVICE, AGENDA, DEAD, EVENTS, QUESTIONS
from signpost.storage import Right
from signpost.storage.tables import metadata

ALL: Final = "all"
"""The role of one user for all processes."""
ROLES: Final = ("intake", "advisor", "clock", "relay", "deliverer", "migrations")
_DEAD_QUEUES: Final = (DEAD, UNROUTED)
_ADVICE: Final = (ADVICE, AGENDA, QUESTIONS)
_EVERYTHING: Final = ("SELECT", "INSERT", "UPDATE", "DELETE")
_RIGHT: Final = re.compile(r"([A-Z]+)(?: \(([a-z_, ]+)\))?")


@dataclass(frozen=True, slots=True)
class BrokerNeeds:
    """Whether a role declares, the exchanges that it publishes to, and the queues that it reads."""

    configure: bool = False
    write: tuple[str, ...] = ()
    read: tuple[str, ...] = ()


_BROKER: Final = {
    "intake": BrokerNeeds(write=(EVENTS,), read=_DEAD_QUEUES),
    "advisor": BrokerNeeds(write=(*_ADVICE, DEAD), read=(ADVISOR, BULK)),
    "clock": BrokerNeeds(write=_ADVICE),
    "relay": BrokerNeeds(write=(*_ADVICE, EVENTS), read=_DEAD_QUEUES),
    "deliverer": BrokerNeeds(),
    "migrations": BrokerNeeds(configure=True, write=(EVENTS,), read=(DEAD,)),
}
_OWN_NAMES: Final = r"^(signpost\.|amq\.gen)"
_PATTERNS: Final = {
    ALL: (_OWN_NAMES, r"^(signpost\.|amq\.gen|amq\.default$)", _OWN_NAMES),
    "migrations": (r"^signpost\.", r"^(signpost\..*|amq\.default)$", r"^signpost\."),
}

GRANTS: Final[Mapping[str, tuple[tuple[str, str], ...]]] = {
    "intake": (
        ("SELECT", "alembic_version, cases, recommendations, feed, feed_heads, feed_erased, standings"),
        ("SELECT, INSERT, UPDATE", "buckets, signed_messages"),
        ("SELECT, INSERT, UPDATE, DELETE", "deliveries, delivery_cases, delivery_ids"),
        ("SELECT, INSERT, DELETE", "calendar_links, page_sessions"),
        ("SELECT", "erasures, digest_keys, usage, options"),
        ("INSERT, SELECT (id, created)", "outbox"),
        ("SELECT, INSERT, UPDATE, DELETE", "endpoints, endpoint_messages"),
        ("SELECT, DELETE", "endpoint_items, endpoint_attempts"),
    ),
    "advisor": (
        ("SELECT", "alembic_version, digest_keys, consumers, usage, options"),
        (
            "SELECT, INSERT, UPDATE, DELETE",
            "cases, seen_events, recommendations, feed, outbox, rulebooks, standings",
        ),
        ("SELECT (id, tenant), DELETE", "deliveries"),
        ("SELECT, DELETE", "delivery_cases, delivery_ids"),
        ("SELECT, INSERT, UPDATE", "erasures, feed_heads"),
        ("SELECT, INSERT", "feed_erased"),
        ("SELECT (tenant, case_key), DELETE", "calendar_links, endpoint_attempts"),
        ("SELECT (tenant)", "endpoints"),
        ("SELECT, INSERT, UPDATE, DELETE", "announcements"),
        ("SELECT (id, tenant, case_key, body), UPDATE (body), DELETE", "endpoint_messages"),
        ("SELECT (tenant, case_key), UPDATE (body)", "endpoint_items"),
    ),
    "clock": (
        ("SELECT", "alembic_version, options"),
        ("SELECT, INSERT, UPDATE", "cases, feed_heads"),
        ("SELECT, INSERT, DELETE", "feed"),
        ("SELECT (tenant, source, id, received_at), DELETE", "seen_events"),
        ("SELECT (tenant, position), DELETE", "feed_erased"),
        ("SELECT, INSERT, DELETE", "standings, usage"),
        ("INSERT, DELETE, SELECT (id)", "outbox"),
        ("SELECT, INSERT, UPDATE, DELETE", "rulebooks, recommendations"),
        ("SELECT, DELETE", "deliveries"),
        ("SELECT (delivery), DELETE", "delivery_cases, delivery_ids"),
        ("SELECT (until), DELETE", "signed_messages"),
        ("SELECT (tenant)", "endpoints"),
        ("INSERT", "announcements"),
    ),
    "relay": (
        ("SELECT, UPDATE, DELETE", "outbox"),
        ("SELECT", "alembic_version, erasures, digest_keys, consumers"),
    ),
    "deliverer": (
        ("SELECT", "alembic_version"),
        ("SELECT, UPDATE", "endpoints"),
        ("SELECT, DELETE", "announcements"),
        ("SELECT, INSERT, UPDATE, DELETE", "endpoint_messages, endpoint_items"),
        ("SELECT, INSERT, DELETE", "endpoint_attempts"),
    ),
}
"""Role -> privileges on tables, as deploy/postgresql/grants.sql grants them."""


def role_of(user: str) -> str:
    """The role of a user named like those of deploy/; ALL for any other."""
    name = user.removeprefix("signpost").lstrip("_-")
    return name if name in ROLES and name != user else ALL


def broker_needs(role: str, partitions: int) -> BrokerNeeds:
    """What a role needs in the broker. `partitions`: of events."""
    if role != ALL:
        needs = _BROKER[role]
        queues = {ADVISOR: advisor_queues(partitions)[:-1]}
        return BrokerNeeds(needs.configure, needs.write, tuple(q for one in needs.read for q in queues.get(one, [one])))
    every = [broker_needs(one, partitions) for one in _BROKER]
    return BrokerNeeds(
        True,
        tuple(dict.fromkeys(name for needs in every for name in needs.write)),
        tuple(dict.fromkeys(name for needs in every for name in needs.read)),
    )


def broker_patterns(role: str) -> tuple[str, str, str]:
    """The patterns of names that a role may configure, write and read, for `rabbitmqctl set_permissions`."""
    if role in _PATTERNS:
        return _PATTERNS[role]
    needs = _BROKER[role]
    reads = {
        (): "^$",
        (ADVISOR, BULK): r"^signpost\.advisor(\.[a-z0-9]+)?$",
        _DEAD_QUEUES: r"^signpost\.(dead|advice\.unrouted|consumer\.[a-z0-9-]+\.dead)$",
    }
    names = "|".join(name.removeprefix("signpost.") for name in needs.write)
    if not names:
        return "^$", "^$", reads[needs.read]
    write = rf"^signpost\.({names})$" if len(needs.write) > 1 else rf"^signpost\.{names}$"
    return "^$", write, reads[needs.read]


def database_rights(role: str) -> Iterator[Right]:
    """The rights of a role on tables. The user of the migrations owns them."""
    if role not in GRANTS:
        for table in sorted(metadata.tables):
            yield from (Right(table, privilege) for privilege in _EVERYTHING)
        return
    for privileges, tables in GRANTS[role]:
        for privilege, columns in _RIGHT.findall(privileges):
            for table in tables.split(", "):
                yield from (Right(table, privilege, column) for column in columns.split(", "))
