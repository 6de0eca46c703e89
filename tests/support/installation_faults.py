"""Faults of an installation's files, settings and rules, and what a person does about them."""

import contextlib
import os
import resource
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from signpost.case.instant import DAY, SECOND
from signpost.doctor import Limits
from signpost.doctor.site import wall_clock
from signpost.rulebook import load
from signpost.tenants.live_rulebooks import LiveEngines, kept_rules
from tests.support.certificates import Authority
from tests.support.installations import Installation
from tests.support.rulebooks import FEW_RULES

Inject = Callable[[Installation], None]
"""What breaks an installation, or mends it."""
SOURCE = 'sources:\n  greens: {tenant: acme, vendor: greenhouse, secrets: ["file:greens.secret"], employer: {id: g}}\n'


def write(installation: Installation, name: str, text: str, mode: int = 0o600) -> Path:
    """Write a file of the folder; returns its path."""
    file = installation.folder / name
    file.write_text(text)
    file.chmod(mode)
    return file


def setting(name: str, value: str) -> Inject:
    """A variable of the environment that is set."""

    def inject(installation: Installation) -> None:
        installation.environ[name] = value

    return inject


def without(name: str) -> Inject:
    """The environment without a variable."""

    def undo(installation: Installation) -> None:
        del installation.environ[name]

    return undo


def option(name: str, value: object) -> Inject:
    """An option of the examination that is set."""

    def inject(installation: Installation) -> None:
        installation.options[name] = value

    return inject


def forget_options(installation: Installation) -> None:
    """Let all options be as they were."""
    installation.options.clear()


def state_is_a_file(installation: Installation) -> None:
    """Put a file in place of the folder."""
    write(installation, "state", "")


def few_files(installation: Installation) -> None:
    """Allow few open files until the end."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    installation.stack.callback(resource.setrlimit, resource.RLIMIT_NOFILE, before)
    resource.setrlimit(resource.RLIMIT_NOFILE, (200, before[1]))


def more_files(installation: Installation) -> None:
    """A shell has limits of its own: run the command there, and take over what it has then."""
    command = installation.worst("open-files").finding.command
    limit = int(os.popen(f"{command} && ulimit -S -n").read())
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))


def no_engine(installation: Installation) -> None:
    """Choose an engine that cannot be imported."""
    installation.environ["SIGNPOST_ENGINE"] = "durable_rules"
    patch = pytest.MonkeyPatch()
    installation.stack.callback(patch.undo)
    patch.setitem(sys.modules, "durable_rules_engine", None)


def expired_certificate(installation: Installation) -> None:
    """Name a certificate, on a day after its last."""
    file = Authority(installation.folder, "authority").file
    installation.environ["SIGNPOST_BROKER_URL"] = f"amqps://u@127.0.0.1:1/v?cacertfile={file}"
    installation.options["clock"] = lambda: wall_clock() + 3 * DAY


def ends_soon(installation: Installation) -> None:
    """Name a certificate that still holds."""
    expired_certificate(installation)
    del installation.options["clock"]


def new_certificate(installation: Installation) -> None:
    """Warn of the last day alone, as of a certificate that is new."""
    installation.options = {"limits": Limits(certificate_days=1)}


def faulty_mapping(installation: Installation) -> None:
    """Write a mapping that is no YAML."""
    (installation.folder / "vendors").mkdir()
    write(installation, "vendors/own.yaml", "title: Own\nevent: [\n")


def remove(name: str) -> Inject:
    """A file is deleted, as the step says."""
    return lambda installation: (installation.folder / name).unlink()


def removed(name: str) -> Inject:
    """A file that is missing."""
    return lambda installation: (installation.folder / name).unlink()


def broken_tenants(installation: Installation) -> None:
    """Spoil the tenants file, and keep the good one aside."""
    write(installation, "tenants.yaml.good", (installation.folder / "tenants.yaml").read_text())
    write(installation, "tenants.yaml", "tenants: {acme: {api_keys: 3}}\n")


def good_tenants(installation: Installation) -> None:
    """Put the good tenants file back."""
    (installation.folder / "tenants.yaml.good").replace(installation.folder / "tenants.yaml")


def source(secret: str | None, days: int = 0) -> Inject:
    """A source whose secret is missing, or has this text and age."""

    def inject(installation: Installation) -> None:
        file = installation.folder / "tenants.yaml"
        file.write_text(file.read_text() + SOURCE)
        if secret is not None:
            at = wall_clock() / SECOND - days * DAY / SECOND
            os.utime(write(installation, "greens.secret", secret), (at, at))

    return inject


def only_applications(installation: Installation) -> None:
    """A source whose vendor says nothing of offers."""
    source("a" * 20)(installation)
    file = installation.folder / "tenants.yaml"
    file.write_text(file.read_text().replace("vendor: greenhouse", "vendor: recruitee"))


def without_rules_of_offers(installation: Installation) -> None:
    """Name the rules as disabled, as the line says."""
    file = installation.folder / "tenants.yaml"
    rules = ", ".join(load(FEW_RULES).rules)
    file.write_text(file.read_text().replace("  acme:\n", f"  acme:\n    disabled: [{rules}]\n"))


def open_mode(installation: Installation) -> None:
    """Let everybody read the folder and the tenants file."""
    installation.folder.chmod(0o755)
    (installation.folder / "tenants.yaml").chmod(0o644)


def faulty_rules(installation: Installation) -> None:
    """Write a rule that no process can load."""
    shutil.copytree(FEW_RULES, installation.folder / "rules")
    installation.environ["SIGNPOST_RULES"] = str(installation.folder / "rules")
    write(installation, "rules/more.yaml", "more:\n  about: offr\n")


def refused_rules(installation: Installation) -> None:
    """A process that runs refused a change of its files, and has not read them since they were corrected."""
    faulty_rules(installation)
    faulty = installation.folder / "rules/more.yaml"
    aside = faulty.rename(installation.folder / "more.aside")
    engines = live(installation)
    aside.rename(faulty)
    engines.reload_now()
    faulty.unlink()
    installation.processes["running"] = engines.reload_now


def live(installation: Installation) -> LiveEngines[object]:
    """Return the rules of a process that runs."""
    rules, tenants = installation.folder / "rules", installation.folder / "tenants.yaml"
    kept = kept_rules(installation.folder / "state", (rules,), tenants)
    return LiveEngines((rules,), tenants, lambda rulebook: rulebook, lambda seconds: None, lambda *paths: None, kept)


def read_again(installation: Installation) -> None:
    """Let the process look at its files."""
    installation.processes["running"]()


def other_rulebook(installation: Installation) -> None:
    """Let another process announce other rules."""
    with contextlib.closing(installation.system().store) as store:
        store.announce_rulebooks(["other"], wall_clock(), as_newest=True)


def a_minute_later(installation: Installation) -> None:
    """Look again when the announcement has ended."""
    installation.options["clock"] = lambda: wall_clock() + 61 * SECOND
