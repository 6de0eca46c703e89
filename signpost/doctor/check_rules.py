"""Checks the rulebook of the files, and which one processes have in force."""

from collections.abc import Iterator, Mapping

from signpost.case.instant import MINUTE, SECOND
from signpost.doctor.check_tenants import in_force
from signpost.doctor.commands import quoted
from signpost.doctor.finding import Finding, failed, ok, or_ok, warning
from signpost.doctor.site import Site
from signpost.doctor.tellable import impossible_rules, own_told_by, tellable, told_by
from signpost.ingress.vendors import VENDORS
from signpost.rulebook import RulebookError
from signpost.settings import OURS, Settings, written_folders
from signpost.storage import Store
from signpost.tenants.live import kept_tenants
from signpost.tenants.live_rulebooks import kept_rules

MAX_PROBLEMS = 5
IN_USE_US = MINUTE
"""How long the announcement of a rulebook by a process counts."""
REPLACED_US = 25 * SECOND
"""So long after its last announcement is a version replaced, if others are announced: each process does every 10 s."""


def rules_check(site: Site) -> str:
    """The command that shows all problems of the rules."""
    folders = written_folders(site.settings.rules)
    tenants = ["--tenants", site.settings.tenants] if site.settings.tenants.exists() else []
    return quoted("signpost", "rules", "check", *([] if folders == OURS else [folders]), *tenants)


def rules(site: Site) -> Iterator[Finding]:
    """The rules of the files, with the overrides of tenants."""
    try:
        found = site.rulebooks
    except RulebookError as error:
        lines = str(error).splitlines()
        kept = in_force(kept_rules(site.settings.state_dir, site.settings.rules, site.settings.tenants))
        shows = "checks it again" if len(lines) == 1 else f"shows all {len(lines)} problems"
        step = f"correct the file; `{rules_check(site)}` {shows}. Running processes follow"
        yield from (failed(f"{line}{kept}", step=step) for line in lines[:MAX_PROBLEMS])
        return
    own = f", {len(found.own)} tenants have their own" if found.own else ""
    yield ok(f"{len(found.default.rules)} rules, version {found.default.version}{own}")


def refused_files(site: Site) -> Iterator[Finding]:
    """Whether processes refuse the files as they are, and run with earlier ones."""
    yield from or_ok(_refused(site), "no process has refused a change of rules or tenants")


def _refused(site: Site) -> Iterator[Finding]:
    for what, first in refusals(site.settings):
        text = f"a process refuses the {what} and goes on with the last valid copy: {first}"
        way = f"correct the file; `{rules_check(site)}` shows each problem. A running process follows by itself"
        yield warning(text, step=way)


def refusals(settings: Settings) -> list[tuple[str, str]]:
    """What running processes refuse, each with its first problem: rules first, since both contents have own fields."""
    kept = {
        "rules": kept_rules(settings.state_dir, settings.rules, settings.tenants),
        "tenants file": kept_tenants(settings.state_dir, settings.tenants, settings.rules),
    }
    found = [(what, (one.refusals() or [""])[0]) for what, one in kept.items() if one.is_refused]
    return found[:1] if len({first for _, first in found}) == 1 else found


def versions_in_use(store: Store, now: int) -> set[str]:
    """The versions that running processes have. One that was announced well before the latest has been replaced."""
    rows = [row for row in store.rulebooks().values() if now - row.seen_at < IN_USE_US]
    latest = max((row.seen_at for row in rows), default=now)
    return {row.version for row in rows if latest - row.seen_at < REPLACED_US}


def rules_in_force(site: Site) -> Iterator[Finding]:
    """Whether running processes have the rulebook of the files."""
    mine, running = set(site.rulebooks.versions), versions_in_use(site.store, site.clock())
    if not running:
        yield ok("no running process has announced a rulebook within a minute")
    elif others := sorted(running - mine):
        text = f"a process runs with rulebook {', '.join(others)}; the files here are {', '.join(sorted(mine))}"
        yield warning(text, step="give all processes the same rules and tenants file; SIGHUP makes a process read them")
    else:
        yield ok(f"running processes have rulebook {', '.join(sorted(running))}")


def facts(site: Site) -> Iterator[Finding]:
    """Rules that can never hold, because no source of a tenant tells the facts that they need."""
    yield from or_ok(
        _without_facts(site), "the sources of each tenant can tell what its rules need, or senders use ours"
    )


def _without_facts(site: Site) -> Iterator[Finding]:
    for tenant in site.tenants.tenants:
        sources = [one for one in site.tenants.sources.values() if one.tenant == tenant and not one.problem]
        vendors = [VENDORS[source.vendor] for source in sources]
        # Senders of our own events can tell everything
        if sources and not any(vendor.speaks_ours for vendor in vendors):
            pairs = list(zip(vendors, sources, strict=True))
            told = [told_by(*pair) for pair in pairs]
            own = set[str]().union(*(own_told_by(*pair) for pair in pairs))
            rulebook = site.rulebooks.of(tenant)
            found = impossible_rules(rulebook, tellable(told, own, rulebook.vocabulary))
            if found:
                yield _never(site, tenant, found, len(rulebook.rules))


def _never(site: Site, tenant: str, found: Mapping[str, str], rules: int) -> Finding:
    by_fact: dict[str, list[str]] = {}
    for rule, fact in sorted(found.items()):
        by_fact.setdefault(fact, []).append(rule)
    listed = "; ".join(f"{fact}: {', '.join(names)}" for fact, names in sorted(by_fact.items()))
    text = (
        f"{len(found)} of {rules} rules can never hold for tenant {tenant}, because none of its sources tells {listed}"
    )
    step = (
        f"send these facts with the API key of {tenant}, map them, or name the rules under tenants.{tenant}.disabled in"
        f" {site.settings.tenants}; senders that use the API key already need no change"
    )
    return warning(text, step=step)
