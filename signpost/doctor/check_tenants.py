"""Checks the tenants file, its secrets, and own mappings of vendors."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from signpost.case.instant import DAY, SECOND
from signpost.doctor.commands import quoted, then
from signpost.doctor.finding import Finding, failed, ok, or_ok, skipped, warning
from signpost.doctor.site import Site, first_line
from signpost.errors import CallerError
from signpost.ingress.checking import try_samples
from signpost.ingress.mapping_reader import MappingError, load_mapping
from signpost.ingress.vendors import VENDORS, own_files
from signpost.kept_files import KeptFiles
from signpost.rulebook import RulebookError
from signpost.settings_reader import CLIENT_FILE
from signpost.tenants.editing import TenantsFile
from signpost.tenants.live import kept_tenants
from signpost.tenants.model import Source

WORKERS: Final = ("advisor", "clock", "relay", "deliverer", "migrations")
SECRET_MOUNTS: Final = ("/run/secrets/", "/var/run/secrets/")
"""Where a container engine mounts secrets, with modes of its own."""
EXAMPLE: Final = re.compile(r"(?i)(whsec_)?(?:(?:your|the|secret|change|me|example|password|test|x)[-_ ]?)+")
_MISSING_FILE: Final = re.compile(r"(env|file):(\S+) is missing")
_TOO_SHORT: Final = "must have at least"


def tenants(site: Site) -> Iterator[Finding]:
    """Whether the tenants file can be read."""
    file = site.settings.tenants
    try:
        found = site.tenants
    except RulebookError:
        yield skipped("own fields that the rules declare have a problem: see `rules`")
        return
    except CallerError as error:
        if not file.exists():
            yield failed(f"there is no tenants file {file}", "signpost tenants add demo", "or another name than demo")
            return
        kept = kept_tenants(site.settings.state_dir, file, site.settings.rules)
        yield failed(f"{first_line(error)}{in_force(kept)}", step=f"correct it in {file}; running processes follow")
        return
    counts = (_counted(len(each), name) for each, name in ((found.tenants, "tenant"), (found.sources, "source")))
    yield ok(f"{' and '.join(counts)} in {file}")


def sources(site: Site) -> Iterator[Finding]:
    """Each source that its own mistake disables. One that is switched off is as its operator wants it."""
    if site.broker_role in WORKERS:
        yield skipped(f"only the intake reads the secrets of sources, and these are the settings of {site.broker_role}")
        return
    found = site.tenants.sources.values()
    disabled = [source for source in found if source.problem and not source.is_switched_off]
    yield from or_ok(
        (_disabled(site, source) for source in disabled), f"{len(found)} sources, none disabled by a mistake"
    )


def _disabled(site: Site, source: Source) -> Finding:
    text = f"source {source.name} is disabled, its webhooks get 503: {source.problem}"
    if _TOO_SHORT in source.problem or _MISSING_FILE.search(source.problem):
        rotate = quoted("signpost", "sources", "rotate", source.name)
        return failed(text, then(rotate, f"{rotate} --retire"), "then enter the new secret at the vendor")
    if file := VENDORS.faulty_file(source.vendor):
        return failed(text, step=f"correct {file}; `signpost sources check` shows each problem")
    return failed(text, step=f"correct it in {site.settings.tenants}, or `signpost sources disable {source.name}`")


def in_force(kept: KeptFiles) -> str:
    """Whether processes go on with earlier files."""
    if kept.exists:
        return f"; processes go on with the last valid copy, {kept.path}"
    return "; no valid copy is kept, so no process can start"


def private_files(site: Site) -> Iterator[Finding]:
    """Files with secrets or data that other accounts may read."""
    yield from or_ok(map(_open_to_others, _readable_by_others(site)), "files with secrets and data are private")


def _readable_by_others(site: Site) -> list[Path]:
    files = [site.settings.data_dir / CLIENT_FILE, *site.settings.data_dir.glob("*.secret")]
    files += [site.settings.tenants] if site.settings.tenants.parent == site.settings.data_dir else []
    files += [site.database_file] if site.database_file else []
    files += [
        Path(path) for name, path in site.environ.items() if name.startswith("SIGNPOST_") and name.endswith("_FILE")
    ]
    files += _secret_files(site)
    return [file for file in dict.fromkeys(files) if not str(file).startswith(SECRET_MOUNTS) and _is_open(file)]


def _is_open(file: Path) -> bool:
    """Whether neither the file nor its folder keeps other accounts out."""
    return file.is_file() and bool(file.stat().st_mode & 0o077) and bool(file.parent.stat().st_mode & 0o011)


def _open_to_others(file: Path) -> Finding:
    return warning(f"{file} can be read by other accounts", quoted("chmod", "600", file))


def secrets_of_sources(site: Site) -> Iterator[Finding]:
    """Secrets of sources that are old, or those of examples."""
    days = site.limits.secret_days
    yield from or_ok(_old_secrets(site), f"no secret of a source is older than {days} days or an example")


def _old_secrets(site: Site) -> Iterator[Finding]:
    for source in site.tenants.sources.values():
        rotate = quoted("signpost", "sources", "rotate", source.name)
        if any(EXAMPLE.fullmatch(secret) for secret in source.secrets):
            yield failed(f"source {source.name} has the secret of an example", then(rotate, f"{rotate} --retire"))
        found = (_age_days(file, site.clock()) for file in _references(site, source.name))
        ages = [age for age in found if age is not None]
        if ages and max(ages) > site.limits.secret_days:
            text = f"source {source.name} has a secret that is {max(ages)} days old"
            begun = len(ages) > 1 and min(ages) <= site.limits.secret_days
            step = "the new secret is active; retire the old one" if begun else "enter the new secret at the vendor"
            yield warning(text, f"{rotate} --retire" if begun else rotate, step)


def _age_days(file: Path, now: int) -> int | None:
    """The age of a file in whole days; None without one."""
    return int((now - file.stat().st_mtime * SECOND) // DAY) if file.is_file() else None


def _references(site: Site, source: str) -> list[Path]:
    """The files of a source's secrets."""
    names = TenantsFile(site.settings.tenants).secrets(source)
    return [site.settings.tenants.parent / name.removeprefix("file:") for name in names if name.startswith("file:")]


def _secret_files(site: Site) -> list[Path]:
    try:
        return sorted(site.tenants.files)
    except CallerError:
        return []


def mappings(site: Site) -> Iterator[Finding]:
    """Own mapping files of vendors, and their samples."""
    files = own_files(site.settings.vendors)
    yield from or_ok(
        _mapping_problems(site, files), f"{_counted(len(files), 'own mapping file')} in {site.settings.vendors}"
    )


def _mapping_problems(site: Site, files: list[Path]) -> Iterator[Finding]:
    VENDORS.read_own(site.settings.vendors)
    for file in files:
        check = quoted("signpost", "sources", "check", file)
        if fault := VENDORS.faults.get(str(file)):
            text = f"{file} is disabled, and every source of its vendor: {fault}"
            yield failed(text, step=f"correct it; `{check}` shows each problem")
            continue
        for problem in _sample_problems(site, file):
            yield warning(f"{file}: {problem}", step=f"correct mapping or sample; `{check}` shows each problem")


def _sample_problems(site: Site, file: Path) -> Iterator[str]:
    try:
        vendor = load_mapping(file)
    except MappingError:
        return  # only of the samples, which the intake does not need
    yield from (f"sample {one.sample.name} {one.problem}" for one in try_samples(vendor, site.clock()) if one.problem)


def _counted(number: int, name: str) -> str:
    return f"{number} {name}{'' if number == 1 else 's'}"
