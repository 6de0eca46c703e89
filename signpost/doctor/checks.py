"""The table of all checks, in the order in which they run."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from signpost.doctor import (
    check_broker,
    check_database,
    check_outside,
    check_rules,
    check_settings,
    check_tenants,
)
from signpost.doctor.finding import Finding
from signpost.doctor.site import Site

BOUND_S: Final = 8.0
"""How long a check may take; a server that does not answer holds up no other check."""
SLOW_S: Final = 60.0
"""The same for checks that only compute."""


@dataclass(frozen=True, slots=True)
class Check:
    """`needs`: the checks without which it cannot look."""

    name: str
    about: str
    run: Callable[[Site], Iterable[Finding]]
    needs: tuple[str, ...] = ()
    bound_s: float = BOUND_S


SETTINGS: Final = "settings"
"""The check on which all others build."""
CHECKS: Final = {
    check.name: check
    for check in (
        Check("folders", "folders that processes write", check_settings.folders),
        Check("disk", "free disk space", check_settings.disk),
        Check("open-files", "limit of open files", check_settings.open_files),
        Check("engine", "the rule engine", check_settings.engine),
        Check("secrets", "secrets in settings", check_settings.secrets),
        Check("certificates", "certificate files", check_outside.certificates),
        Check("vendors", "own mappings of vendors", check_tenants.mappings, bound_s=SLOW_S),
        Check("tenants", "the tenants file", check_tenants.tenants, bound_s=SLOW_S),
        Check("sources", "sources that are disabled", check_tenants.sources, ("tenants",)),
        Check("private-files", "modes of files with secrets", check_tenants.private_files),
        Check("source-secrets", "age of the secrets of sources", check_tenants.secrets_of_sources, ("tenants",)),
        Check("rules", "the rulebook", check_rules.rules, bound_s=SLOW_S),
        Check(
            "refused-files", "changes that processes refused", check_rules.refused_files, ("tenants", "rules"), SLOW_S
        ),
        Check("facts", "facts that no source tells", check_rules.facts, ("tenants", "rules"), SLOW_S),
        Check("broker", "connection to the broker", check_broker.broker),
        Check("broker-version", "version of the broker", check_broker.version, ("broker",)),
        Check("topology", "exchanges and queues", check_broker.topology, ("broker",)),
        Check("broker-alarm", "memory and disk of the broker", check_broker.alarm, ("broker", "topology")),
        Check("broker-rights", "rights in the broker", check_broker.rights, ("broker", "topology", "broker-alarm")),
        Check("queues", "queues of events", check_broker.queues, ("broker", "topology")),
        Check("dead-letters", "what could not be processed", check_broker.dead_letters, ("broker", "topology")),
        Check("database", "connection to the database", check_database.database),
        Check("database-version", "version of the database", check_database.version, ("database",)),
        Check("database-clock", "clock of the database", check_database.clock, ("database",)),
        Check("migrations", "tables of the database", check_database.migrations, ("database",)),
        Check("database-rights", "rights in the database", check_database.rights, ("database",)),
        Check("future-times", "times in the future", check_database.future, ("database", "migrations")),
        Check("outbox", "messages that wait to be published", check_database.outbox, ("database", "migrations")),
        Check("due-cases", "cases that wait for a clock", check_database.due_cases, ("database", "migrations")),
        Check("endpoints", "endpoints of webhooks", check_database.endpoints, ("database", "migrations")),
        Check("rules-in-force", "rulebook of running processes", check_rules.rules_in_force, ("rules", "migrations")),
        Check("consumers", "queues of consumers", check_broker.consumers, ("broker", "migrations")),
        Check("intake", "the intake's own report", check_outside.intake),
    )
}
"""Name -> check."""
