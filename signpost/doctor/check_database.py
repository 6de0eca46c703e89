"""Checks the database: reachable, version, tables, rights, clock, and what waits in it."""

import os
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from signpost.case.instant import SECOND, format_instant
from signpost.doctor.commands import Database, grants, quoted, then
from signpost.doctor.finding import Finding, failed, ok, or_ok, warning
from signpost.doctor.rights import ALL, database_rights, role_of
from signpost.doctor.site import Site
from signpost.errors import MisconfiguredError, TransientError
from signpost.storage import Right, head_revision, known_revisions
from signpost.storage.endpoint_rows import BY_HAND

UPGRADE: Final = "signpost db upgrade"
OLDEST_POSTGRESQL: Final = 13
OLDEST_SQLITE: Final = (3, 35)
MAX_COUNTED: Final = 10_000


def database(site: Site) -> Iterator[Finding]:
    """Whether the database takes this user."""
    if site.database_file is not None and not site.database_file.is_file():
        yield failed(f"there is no database {site.database_file}", create_file(site.database_file))
        return
    try:
        site.store.ping()
    except MisconfiguredError as error:
        yield _refusal(site, str(error))
    except TransientError as error:
        yield failed(f"the database cannot be used: {error}", step=_start_step(site))
    else:
        yield ok(f"answers at {site.database_file or Database(site.settings.database_url).place}")


def create_file(file: Path) -> str:
    """The command that creates an embedded database with its tables."""
    folder = "" if file.parent.exists() else quoted("mkdir", "-p", "-m", "700", file.parent)
    return then(folder, UPGRADE)


def _start_step(site: Site) -> str:
    if site.database_file is not None:
        return "stop what holds the file, or free space on its disk"
    place = Database(site.settings.database_url)
    ready = quoted("pg_isready", "-h", place.host or "localhost", "-p", place.port)
    return f"start PostgreSQL at {place.place} or correct SIGNPOST_DATABASE_URL; `{ready}` says whether it answers"


def _refusal(site: Site, text: str) -> Finding:
    if site.database_file is not None:
        file = site.database_file
        if "not an SQLite database" in text:
            return failed(text, then(quoted("mv", file, f"{file}.old"), UPGRADE), "or restore a backup of it")
        return failed(text, quoted("sudo", "chown", "-R", os.getuid(), file.parent))
    database = Database(site.settings.database_url)
    if f'database "{database.name}" does not exist' in text:
        return failed(text, database.create())
    if f'role "{database.user}" does not exist' in text:
        host = ["-h", database.host] if database.host else []
        return failed(
            text, quoted("createuser", *host, "-p", database.port, "-U", "postgres", "--pwprompt", database.user)
        )
    if "authentication failed" in text:
        command = database.psql(f"\\password {database.user}", "postgres")
        return failed(text, command, "and write this password into SIGNPOST_DATABASE_URL")
    if "not permitted to log in" in text:
        return failed(text, database.psql(f'ALTER ROLE "{database.user}" LOGIN', "postgres"))
    return failed(text, step="do what the line says")


def version(site: Site) -> Iterator[Finding]:
    """Whether Signpost is tested with this version."""
    server = site.store.inspection.server()
    text = f"{server.product} {server.version}"
    numbers = tuple(int(part) for part in server.version.split(" ")[0].split(".") if part.isdigit())
    oldest = (OLDEST_POSTGRESQL,) if server.product == "PostgreSQL" else OLDEST_SQLITE
    if numbers < oldest:
        named = ".".join(map(str, oldest))
        yield warning(f"{text} is older than {server.product} {named}, the oldest supported", step="upgrade the server")
    else:
        yield ok(text)


def migrations(site: Site) -> Iterator[Finding]:
    """Whether the tables are those of this version of Signpost."""
    found, wanted = site.store.inspection.revision(), head_revision()
    if found == wanted:
        yield ok(f"the tables are at revision {found}")
    elif found is None:
        yield failed("the database has no tables of Signpost", UPGRADE)
    elif found in known_revisions():
        yield failed(f"the tables are at revision {found}; this version needs {wanted}", UPGRADE)
    else:
        step = "run the version of Signpost that upgraded the database, or restore the backup from before the upgrade"
        yield failed(f"the tables are at revision {found}, of a newer version of Signpost than this", step=step)


def rights(site: Site) -> Iterator[Finding]:
    """Whether the user may do the work of its role."""
    if site.database_file is not None:
        yield ok("SQLite knows no users")
        return
    database = Database(site.settings.database_url)
    user = site.store.inspection.server().user
    role = site.role or role_of(user)
    missing = site.store.inspection.missing_rights(database_rights(role))
    named = "all processes" if role == ALL else f"the role {role}"
    yield from or_ok(_missing(database, user, named, missing), f"{user} has the rights of {named}")


def _missing(database: Database, user: str, role: str, missing: list[Right]) -> Iterator[Finding]:
    if not missing:
        return
    by_table: dict[str, list[str]] = defaultdict(list)
    for right in missing:
        by_table[right.table].append(f"{right.privilege} ({right.column})" if right.column else right.privilege)
    tables: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for table, privileges in by_table.items():
        tables[tuple(privileges)].append(table)
    statement = "; ".join(grants(privileges, names, user) for privileges, names in tables.items())
    first = ", ".join(f"{', '.join(privileges)} on {', '.join(names)}" for privileges, names in tables.items())
    yield failed(f"{user} lacks rights of {role}: {first}", database.psql(statement))


def clock(site: Site) -> Iterator[Finding]:
    """How far the clock of the server is from ours. A statement takes a moment, so ours is taken around it."""
    before = site.clock()
    server = site.store.inspection.server()
    if server.clock is None:
        yield ok("SQLite has no clock of its own")
        return
    skew = max(0, before - server.clock, server.clock - site.clock()) / SECOND
    text = f"the clock of the database differs from this machine's by {skew:.1f} s"
    command, step = "sudo timedatectl set-ntp true", "on each machine whose clock is wrong"
    if skew > site.limits.skew_failed_s:
        yield failed(text, command, step)
    elif skew > site.limits.skew_warning_s:
        yield warning(text, command, step)
    else:
        yield ok(text)


def future(site: Site) -> Iterator[Finding]:
    """Whether a machine whose clock runs ahead has stored something."""
    latest = site.clock() + int(site.limits.skew_failed_s * SECOND)
    ahead = {what: at for what, at in site.store.inspection.latest_instants().items() if at > latest}
    yield from or_ok((_ahead(what, at) for what, at in ahead.items()), "nothing is stored with a time in the future")


def _ahead(what: str, at: int) -> Finding:
    text = f"a {what} has the time {format_instant(at)}, in the future: the clock of a machine ran ahead"
    if what == "case":
        return warning(text, "signpost clock", "set the clock of that machine right first; a clock corrects the cases")
    return warning(text, "sudo timedatectl set-ntp true", "on the machine of the intake; the line goes with its time")


def outbox(site: Site) -> Iterator[Finding]:
    """What waits to be published."""
    waiting = site.store.inspection.outbox(MAX_COUNTED)
    if waiting.since is None:
        yield ok("nothing waits in the outbox")
        return
    age = (site.clock() - waiting.since) / SECOND
    more = "at least " if waiting.number == MAX_COUNTED else ""
    text = f"{more}{waiting.number} messages wait in the outbox, the oldest for {age:.0f} s"
    step = "if a relay runs, its log says what the broker refuses; `signpost topology apply` restores lost bindings"
    lease = site.settings.outbox_lease
    if age > lease + site.limits.outbox_margin_s:
        yield failed(f"{text}: no relay runs, or the broker refuses them", "signpost relay", step)
    elif age > lease + site.limits.due_warning_s:
        yield warning(text, "signpost relay", step)
    else:
        yield ok(text)


def endpoints(site: Site) -> Iterator[Finding]:
    """Endpoints that get nothing, and messages that no deliverer sends."""
    now = site.clock()
    rows = site.store.endpoints.all()
    for row in rows:
        if not row.enabled and row.reason != BY_HAND:
            text = f"endpoint {row.id} of tenant {row.tenant} is disabled: {row.reason}"
            yield warning(
                text, f"signpost endpoints enable {row.id}", "mend the receiver first; then it gets today's state"
            )
        elif row.failing_since is not None:
            text = f"endpoint {row.id} of tenant {row.tenant} fails since {format_instant(row.failing_since)}"
            last = site.store.endpoints.attempts(row.tenant, row.id, limit=1)
            text += "".join(f": {one.detail}" for one in last if one.detail)
            yield warning(text, f"signpost endpoints attempts {row.id}", "the attempts say what its receiver answers")
    if (age := site.store.outgoing.announced_age(now) / SECOND) > site.limits.outbox_margin_s:
        text = f"messages for endpoints wait for {age:.0f} s: no deliverer runs"
        yield failed(text, "signpost deliverer", "if one runs, its log says why it does not work")
    elif all(row.enabled and row.failing_since is None for row in rows):
        yield ok(f"{len(rows)} endpoints of webhooks" if rows else "there are no endpoints of webhooks")


def due_cases(site: Site) -> Iterator[Finding]:
    """Cases whose advice should have changed."""
    now = site.clock()
    due = site.store.inspection.due(now, MAX_COUNTED)
    if due.since is None:
        yield ok("no case waits for a clock")
        return
    lag = (now - due.since) / SECOND
    more = "at least " if due.number == MAX_COUNTED else ""
    text = f"{more}{due.number} cases are due, the first for {lag:.0f} s"
    if lag > site.limits.due_failed_s:
        yield failed(f"{text}: no clock runs, or it is too slow", "signpost clock", "several share the work")
    elif lag > site.limits.due_warning_s:
        yield warning(text, "signpost clock", "several share the work")
    else:
        yield ok(text)
