"""Size: what a candidate takes in the database, throughput and memory with many stored cases, cases that are due at
one instant, memory over a day of load, one case with many events, and embedded mode.

Stored cases beyond the first thousand are copies made by the database, as evaluating a million takes an hour.
"""

import os
import tempfile
from typing import TYPE_CHECKING

from sqlalchemy import create_engine, text

from benchmarks import day, due
from benchmarks.day import resident_mb
from benchmarks.plots import write_plot
from benchmarks.rows import AT_LEAST, AT_MOST, Goal, Row, progress
from benchmarks.stage import LEASE_US, RULES, Stage, advise, events, handle, make_event, open_stage
from signpost.case.event import Event
from signpost.engine import CompiledEngine
from signpost.rulebook import load
from signpost.storage import open_store, upgrade
from signpost.tenants.rulebooks import Engines, load_rulebooks
from signpost.workers.batch import BatchHandler
from signpost.workers.rulebook_versions import RulebookVersions
from tests.support.workers_kit import FixedEngines

if TYPE_CHECKING:
    from benchmarks.__main__ import Options

CANDIDATES = 1_000
DUE, LONG_DUE = 1_000, 100_000
SIZES, LONG_SIZES = (1_000, 10_000), (10_000, 100_000, 1_000_000)
EVENTS, CASE_EVENTS, SHORT_DAY = 1_000, 1_000, 2_000
OFFER = {"offer": "o", "employer": {"id": "e", "name": "Acme"}, "title": "Engineer"}
COPIES = text(
    """
    INSERT INTO cases (tenant, key, state, advice, rulebook, updated, rulebook_since, agendas)
    SELECT tenant, key || '-copy-' || number, state, advice, rulebook, updated, rulebook_since, agendas
    FROM cases CROSS JOIN generate_series(1, :times) AS number WHERE key LIKE 'offer-%' AND key NOT LIKE '%copy%'
    """
)
SIZE_OF_TABLES = text(
    """
    SELECT sum(pg_total_relation_size(oid)) FROM pg_class
    WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND relname <> 'outbox'
    """
)


def measure(options: "Options") -> list[Row]:
    """All sizes in turn, the largest last."""
    with open_stage() as stage:
        rows = [_stored(stage), *_long_case(stage)]
        rates = {size: _rate_with(stage, size) for size in (LONG_SIZES if options.long else SIZES)}
        first = next(iter(rates.values()))
        smallest = min(rates)
        for size, rate in rates.items():
            beside = f"{smallest:,} cases" if size != smallest else ""
            known = first if beside else None
            goal = Goal(AT_LEAST, 0.8) if beside else None
            rows.append(Row(f"advisor with {size:,} stored cases", rate, "events/s", beside, known, goal))
        rows.append(Row("resident memory of this process at the end", resident_mb(os.getpid()), "MB"))
    with open_stage() as stage:
        rows += due.measure(stage, LONG_DUE if options.long else DUE)
    with open_stage() as stage:
        rows += day.measure(stage, day.EVENTS if options.long else SHORT_DAY)
    if options.plots:
        series = {"advisor": list(rates.items())}
        write_plot(options.plots / "scale.svg", "Throughput by size", "stored cases", "events per second", series)
    return [*rows, _embedded()]


def _stored(stage: Stage) -> Row:
    """The bytes of all tables for a candidate with one offer; the outbox aside, which empties."""
    before = _database_bytes(stage)
    handle(stage.handler("compiled"), stage.store, _offers(CANDIDATES))
    taken = (_database_bytes(stage) - before) / CANDIDATES
    return Row("stored for a candidate with one offer", taken, "bytes", goal=Goal(AT_MOST, 20_000, of_value=True))


def _offers(count: int) -> list[Event]:
    return [make_event(f"offer-{number}", 1, "offer.extended", OFFER) for number in range(count)]


def _database_bytes(stage: Stage) -> float:
    engine = create_engine(stage.database_url)
    with engine.begin() as connection:
        size = float(connection.execute(SIZE_OF_TABLES).scalar_one())
    engine.dispose()
    return size


def _execute(stage: Stage, statement: object, **values: int) -> None:
    engine = create_engine(stage.database_url)
    with engine.begin() as connection:
        connection.execute(statement, values)  # type: ignore[call-overload]
    engine.dispose()


def _long_case(stage: Stage) -> list[Row]:
    """One case with many events: the first and the last tenth, a batch of ten events at a time.

    Half of them are contacts, of which a case holds 500; the others change the offer.
    """
    contact = {"offer": "o", "by": "candidate", "channel": "phone", "purpose": "deadline"}
    sent = [
        make_event("long", number, "offer.updated", {"offer": "o", "title": f"Engineer {number}"})
        if number % 2
        else make_event("long", number, "contact.logged", contact)
        for number in range(CASE_EVENTS)
    ]
    handler, part = stage.handler("compiled"), CASE_EVENTS // 10
    first = handle(handler, stage.store, sent[:part], 10) / part * 1000
    handle(handler, stage.store, sent[part:-part], 10)
    last = handle(handler, stage.store, sent[-part:], 10) / part * 1000
    return [Row(f"event {CASE_EVENTS} of one case", last, "ms", f"first {part} events", first)]


def _rate_with(stage: Stage, size: int) -> float:
    """Events per second of an advisor while so many cases are stored."""
    times = size // CANDIDATES - 1
    progress(f"storing {size:,} cases")
    _execute(stage, text("DELETE FROM cases WHERE key LIKE '%copy%'"))
    _execute(stage, COPIES, times=times)
    _execute(stage, text("ANALYZE cases"))
    sent = events(EVENTS, f"with-{size}")
    stage.fill(sent)
    rate = len(sent) / advise(stage, len(sent), "compiled")
    stage.purge_published()
    progress(f"{size:,} stored cases: {rate:.0f} events/s, {resident_mb(os.getpid()):.0f} MB")
    return rate


def _embedded() -> Row:
    """Events per second of the handler on SQLite."""
    engines = Engines(lambda _: CompiledEngine(load(RULES)), load_rulebooks(RULES))
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/signpost.db"
        upgrade(url)
        with open_store(url) as store:
            handler = BatchHandler(store, RulebookVersions(store, FixedEngines(lambda: engines)), LEASE_US)
            sent = events(EVENTS, "embedded")
            return Row("batch handler, embedded (SQLite)", len(sent) / handle(handler, store, sent), "events/s")
