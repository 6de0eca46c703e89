"""Which modules are mutated, and which tests are nearest to them. Tests that start processes are left out: they take
seconds, and a fault that only they notice is found late."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.mutants.mutants import ROOT


@dataclass(frozen=True, slots=True)
class Group:
    """Modules and tests, as patterns of paths below the project."""

    modules: tuple[str, ...]
    tests: tuple[str, ...]
    without: tuple[str, ...] = ()
    """Modules that only declare, which other tests compare with what they declare, and those of a group of their own:
    of code that runs at import only so many tests are tried."""
    servers: bool = False
    """Whether the modules are about RabbitMQ or PostgreSQL; tests of them are slow, and run one at a time."""

    def paths(self) -> list[str]:
        """The modules; at least one for each pattern."""
        return [path for path in _expand(self.modules) if path not in self.without and _has_code(path)]

    def test_paths(self) -> list[str]:
        """The files of tests."""
        return _expand(self.tests)


FOLD: Final = ("tests/unit/test_case_*.py", "tests/property/test_case_fold.py")
TIMELINES: Final = "tests/mutants/timelines.py"
WORKERS: Final = (
    "tests/unit/test_workers_*.py",
    "tests/unit/test_traces.py",
    "tests/contract/test_workers_*.py",
    "tests/property/test_workers_b*.py",
    "tests/integration/test_workers_[beqs]*.py",
    "tests/integration/test_workers_f[el]*.py",
)
GROUPS: Final = {
    "case": Group(
        ("signpost/case/*.py",),
        (
            *FOLD,
            "tests/unit/test_zones.py",
            "tests/property/test_ingress_order.py",
            "tests/unit/test_advice_life*.py",
            "tests/unit/test_facts_*.py",
        ),
    ),
    "vocabulary": Group(
        ("signpost/facts/vocabulary.py", "signpost/facts/life.py"),
        ("tests/unit/test_facts_vocabulary*.py", "tests/unit/test_rulebook_life.py"),
    ),
    "notice": Group(("signpost/facts/notice.py",), ("tests/unit/test_facts_notice*.py",)),
    "facts": Group(
        ("signpost/facts/*.py",),
        (
            *(*FOLD, TIMELINES),
            "tests/unit/test_facts_*.py",
            "tests/unit/test_zones.py",
            "tests/unit/test_advice_letters.py",
            "tests/unit/test_own_*.py",
            "tests/unit/test_agenda_times.py",
            "tests/unit/test_advice_names.py",
            "tests/unit/test_rulebook_life.py",
            "tests/property/test_advice_barrier.py",
        ),
        without=("signpost/facts/vocabulary.py", "signpost/facts/life.py", "signpost/facts/notice.py"),
    ),
    "workers": Group(
        tuple(
            f"workers/{name}.py"
            for name in (
                *("batch", "batch_transaction", "case_rows", "relay", "clock", "pruning", "sharing"),
                *("feedback", "erasing", "rulebook_versions", "reevaluation", "outbox_publisher"),
            )
        ),
        WORKERS,
    ),
    "storage": Group(
        ("signpost/storage/*.py",),
        (
            "tests/contract/test_storage_*.py",
            "tests/contract/test_intake_ca*.py",
            "tests/contract/test_outgoing_*.py",
            "tests/unit/test_storage_*.py",
            "tests/unit/test_permanent_faults.py",
            "tests/unit/test_workers_wake.py",
            "tests/integration/test_quotas.py",
            "tests/integration/test_page_sessions.py",
            "tests/integration/test_workers_erasure.py",
        ),
        without=("signpost/storage/tables.py", "signpost/storage/delivery_tables.py"),
        servers=True,
    ),
    "bounds": Group(("signpost/messaging/bounds.py",), ("tests/unit/test_messaging_bounds.py",)),
    "messaging": Group(
        ("signpost/messaging/*.py", "signpost/messaging/embedded/*.py"),
        (
            "tests/unit/test_messaging_*.py",
            "tests/unit/test_dead_letters.py",
            "tests/unit/test_suggestions.py",
            "tests/unit/test_outgoing_rules.py",
            "tests/contract/test_messaging_*.py",
            "tests/contract/test_dead_letters.py",
        ),
        without=("signpost/messaging/bounds.py",),
    ),
    "rabbitmq": Group(
        ("signpost/messaging/rabbitmq/*.py",),
        (
            "tests/unit/test_messaging_*.py",
            "tests/contract/test_messaging_*.py",
            "tests/integration/test_messaging_rabbitmq.py",
            "tests/integration/test_messaging_window.py",
        ),
        servers=True,
    ),
    "intake": Group(
        ("services/intake/acceptance.py", "services/intake/rate.py"),
        (
            "tests/unit/test_intake_*.py",
            "tests/unit/test_own_vendors*.py",
            "tests/unit/test_traces.py",
            "tests/integration/test_intake_fair_share.py",
        ),
    ),
    "advice": Group(
        ("signpost/advice/*.py",),
        (
            "tests/unit/test_advice_*.py",
            "tests/contract/test_advice_contract.py",
            "tests/unit/test_agenda_variables.py",
            "tests/unit/test_agenda_letters.py",
            "tests/unit/test_agenda_overlays.py",
            "tests/unit/test_agenda_texts.py",
            TIMELINES,
            "tests/unit/test_case_*.py",
            "tests/property/test_advice_*.py",
        ),
    ),
    "deliveries": Group(
        ("workers/delivering.py", "signpost/outgoing/*.py"),
        (
            "tests/unit/test_outgoing_*.py",
            "tests/contract/test_outgoing_*.py",
            "tests/contract/test_intake_endpoints.py",
            "tests/contract/test_storage_endpoints.py",
            "tests/contract/test_storage_locks.py",
        ),
        servers=True,
    ),
    "engine": Group(
        ("signpost/engine/compiled.py", "signpost/engine/durable.py"),
        (
            "tests/unit/test_engine_*.py",
            "tests/integration/test_engine_faults.py",
            "tests/property/test_engine_differential.py",
            TIMELINES,
        ),
    ),
    "agenda": Group(
        ("signpost/advice/agenda/*.py",),
        (
            "tests/unit/test_agenda_*.py",
            "tests/property/test_agenda.py",
            "tests/unit/test_advice_calendar*.py",
        ),
    ),
    "signatures": Group(
        ("signpost/ingress/signature*.py",),
        (
            "tests/unit/test_ingress_signatures.py",
            "tests/unit/test_ingress_standard.py",
            "tests/unit/test_ingress_vendors*.py",
            "tests/unit/test_own_vendors*.py",
            "tests/unit/test_project_tenants.py",
        ),
    ),
    "tenants": Group(
        ("signpost/tenants/*.py",),
        (
            "tests/unit/test_project_tenants.py",
            "tests/unit/test_tenants_*.py",
            "tests/unit/test_rulebooks.py",
            "tests/unit/test_reloading.py",
            "tests/unit/test_sources_commands.py",
            "tests/unit/test_own_fields*.py",
            "tests/unit/test_own_vendors*.py",
            "tests/unit/test_kept_files.py",
            "tests/integration/test_intake_two_sources.py",
            "tests/integration/test_quotas.py",
        ),
    ),
}


def _expand(patterns: tuple[str, ...]) -> list[str]:
    return sorted({str(path.relative_to(ROOT)) for pattern in patterns for path in ROOT.glob(pattern)})


def _has_code(path: str) -> bool:
    return len(Path(ROOT, path).read_text(encoding="utf-8").splitlines()) > 3
