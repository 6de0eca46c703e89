"""A changed rulebook reaches every case, at a bounded pace, shared by clocks, and no worker takes a case back: on both
databases."""

import math
from collections.abc import Iterator
from pathlib import Path

import pytest

from signpost.advice import Engine
from signpost.case.case import Case
from signpost.engine.compiled import Answer, CompiledEngine
from signpost.facts.facts import Facts
from signpost.storage import CaseRow
from signpost.tenants.rulebooks import Engines, load_rulebooks
from signpost.workers.backfill import Backfill
from signpost.workers.process import Clock
from signpost.workers.reevaluation import MAX_BATCH, POSTPONE_US, DueCaseProcessor
from signpost.workers.rulebook_versions import ANNOUNCE_INTERVAL_US, IN_USE_US, RulebookVersions
from tests.support.workers_kit import LEASE, START, FixedEngines, System, event, format_changes, open_system

SECOND = 1_000_000
ASK = "ask:\n  about: offer\n  source: a\n  when: {{stage: open}}\n  priority: high\n  title: {title}\n  message: M\n"


@pytest.fixture(params=["postgresql", "sqlite"])
def signpost(request: pytest.FixtureRequest, tmp_path: Path, sqlite_url: str) -> Iterator[System]:
    """Either database, with the embedded queue."""
    url: str = request.getfixturevalue("postgres_url") if request.param == "postgresql" else sqlite_url
    with open_system(url, sqlite_url) as made:
        made.engines = engines(tmp_path, "First")
        yield made


def engines(folder: Path, *titles: str, turn: int = 0, tenants: str = "") -> Engines[Engine]:
    """Engines of a rulebook with one rule for each title."""
    rules = folder / "rules"
    rules.mkdir(exist_ok=True)
    (rules / "sources.yaml").write_text("articles: {a: An article}\n")
    text = "".join(ASK.format(title=title).replace("ask:", f"rule-{n}:", 1) for n, title in enumerate(titles))
    (rules / "topic.yaml").write_text(text or "{}\n")
    (folder / "tenants.yaml").write_text(f"tenants: {{{tenants}}}\n")
    return Engines(CompiledEngine, load_rulebooks(rules, folder / "tenants.yaml"), turn)


def fill(signpost: System, count: int, tenant: str = "acme") -> None:
    """Cases with an offer each, the first the oldest."""
    for number in range(count):
        signpost.now += 1
        signpost.handle(event("offer.extended", f"c-{number}", offer="o", tenant=tenant))
    signpost.changes()


def backfill(signpost: System, per_second: int) -> Backfill:
    return Backfill(signpost.processor(), signpost.outbox(), per_second)


def versions(signpost: System, count: int) -> list[str]:
    return [signpost.case(f"c-{number}").rulebook for number in range(count)]


def settled(signpost: System, backfill: Backfill, most: int = 100) -> int:
    """Let it work until nothing is left; how many slices that took."""
    for slices in range(most):
        pause = backfill.step(signpost.clock)
        if pause == math.inf:
            return slices
        signpost.now += round(pause * SECOND)
    raise AssertionError("there is no end to it")


def test_every_case_is_brought_to_the_rules_in_force_and_told_of_it(signpost: System, tmp_path: Path) -> None:
    fill(signpost, 3)
    signpost.engines = engines(tmp_path, "Better", turn=1)
    renewed = backfill(signpost, 1000)
    settled(signpost, renewed)
    assert format_changes(emitted := signpost.changes()) == ["updated rule-0@offer/o"] * 3
    assert {one["title"] for one in emitted} == {"Better"}
    assert {one["explanation"]["rulebook"] for one in emitted} == set(versions(signpost, 3))
    settled(signpost, renewed)
    assert signpost.changes() == [], "once is enough"
    assert signpost.standing("c-1") == signpost.expected("c-1")


def test_cases_without_advice_are_reached_too(signpost: System, tmp_path: Path) -> None:
    """Nothing held for them and nothing could: a new rule may."""
    signpost.engines = engines(tmp_path, "First", tenants="acme: {disabled: [rule-0]}")
    fill(signpost, 2)
    assert signpost.case("c-0").next_change is None
    signpost.engines = engines(tmp_path, "First", "Second", turn=1)
    settled(signpost, backfill(signpost, 1000))
    assert format_changes(signpost.changes()) == ["raised rule-0@offer/o", "raised rule-1@offer/o"] * 2


def test_the_pace_is_bounded_and_the_oldest_come_first(signpost: System, tmp_path: Path) -> None:
    fill(signpost, 25)
    signpost.engines = engines(tmp_path, "Better", turn=1)
    version = signpost.engines.rulebooks.default.version
    renewed, began = backfill(signpost, 10), signpost.now
    done: list[int] = []
    while len(done) < 25:
        before = signpost.now
        pause = renewed.step(signpost.clock)
        assert renewed.step(signpost.clock) <= pause, "asked again at once it does nothing"
        done = [number for number, is_at in enumerate(versions(signpost, 25)) if is_at == version]
        assert done == list(range(len(done))), "the oldest first"
        assert len(done) <= 2 + 10 * (signpost.now - began) / SECOND
        signpost.now = before + round(pause * SECOND)
    assert signpost.now - began == pytest.approx(2.6 * SECOND, abs=0.2 * SECOND)


@pytest.mark.parametrize("per_second", [1, 3, 7, 200, 10_000])
def test_no_second_sees_more_than_its_share(per_second: int) -> None:
    claims: list[tuple[int, int]] = []

    class Counting(DueCaseProcessor):
        def __init__(self) -> None: ...

        def reevaluate(self, clock: Clock, limit: int) -> tuple[int, list[object]]:  # type: ignore[override]
            claims.append((clock(), limit))
            return limit, []

        def count_outdated(self, now: int) -> int:
            return 1

    class Silent:
        def send(self, outgoing: list[object]) -> None: ...

    renewed, now = Backfill(Counting(), Silent(), per_second), START  # type: ignore[arg-type]
    while now < START + 3 * SECOND:
        pause = renewed.step(lambda at=now: at)  # type: ignore[misc]
        now += max(1, min(round(pause * SECOND), 10_000))
    for begin, _ in claims:
        assert sum(limit for at, limit in claims if begin <= at < begin + SECOND) <= per_second + MAX_BATCH * (
            per_second > 500
        )
    assert sum(limit for _, limit in claims) >= 3 * per_second * 0.9


def test_two_clocks_share_the_work(signpost: System, tmp_path: Path) -> None:
    fill(signpost, 20)
    signpost.engines = engines(tmp_path, "Better", turn=1)
    both = [backfill(signpost, 25), backfill(signpost, 25)]
    for _ in range(3):
        for one in both:
            one.step(signpost.clock)
        signpost.now += SECOND
    emitted = signpost.changes()
    assert sorted(one["candidate"] for one in emitted) == sorted(f"c-{number}" for number in range(20)), (
        "each case once"
    )


def test_only_the_tenant_whose_choices_changed_is_renewed(signpost: System, tmp_path: Path) -> None:
    fill(signpost, 2)
    fill(signpost, 2, "other")
    before = signpost.case("c-0", "other")
    signpost.engines = engines(tmp_path, "First", turn=1, tenants="acme: {disabled: [rule-0]}")
    settled(signpost, backfill(signpost, 1000))
    emitted = signpost.changes()
    assert format_changes(emitted) == ["resolved rule-0@offer/o"] * 2
    assert {one["reason"] for one in emitted} == {"the rule was withdrawn"}
    assert {one["explanation"]["rulebook"] for one in emitted} == {signpost.engines.rulebooks.of("acme").version}
    assert signpost.case("c-0", "other") == before
    signpost.engines = engines(tmp_path, "First", turn=2)
    settled(signpost, backfill(signpost, 1000))
    assert format_changes(signpost.changes()) == ["raised rule-0@offer/o"] * 2, (
        "back to a version that others have had all the time"
    )


def test_a_case_that_cannot_be_advised_holds_up_no_other(signpost: System, tmp_path: Path) -> None:
    class Faulty(CompiledEngine):
        def answers(self, facts: Facts) -> list[Answer]:
            if facts.candidate.id == "c-0":
                raise KeyError("what Jane Doe said")
            return super().answers(facts)

    fill(signpost, 3)
    sound = engines(tmp_path, "Better", turn=1)
    signpost.engines = Engines(Faulty, sound.rulebooks, 1)
    assert settled(signpost, backfill(signpost, 5)) == 3, "the faulty one takes its turn once"
    assert sorted(one["candidate"] for one in signpost.changes()) == ["c-1", "c-2"]
    signpost.engines, signpost.now = sound, signpost.now + POSTPONE_US
    clock = signpost.case_clock()
    assert (clock.step(), clock.step()) == (3, 0), "tried again later, when the agendas of the others are due too"
    assert [one["candidate"] for one in signpost.changes() if "rule" in one] == ["c-0"]


class Fleet:
    """Two processes on one system, each with the rules that it has noticed so far."""

    def __init__(self, signpost: System, folder: Path) -> None:
        self.old, self.new = signpost.engines, engines(folder, "Better", turn=1)
        self.signpost = signpost
        self.noticing = False
        """Whether the process that is behind finds the new rules when it looks."""
        self.looked = 0
        self.current = {"stale": self.old, "fresh": self.new}
        self.successions = {name: RulebookVersions(signpost.store, self.source(name)) for name in self.current}

    def source(self, name: str) -> FixedEngines:
        fleet = self

        class Source(FixedEngines):
            def reload_now(self) -> None:
                fleet.looked += 1
                if fleet.noticing:
                    fleet.current[name] = fleet.new

        return Source(lambda: fleet.current[name])

    def processor(self, name: str) -> DueCaseProcessor:
        return DueCaseProcessor(self.signpost.store, self.successions[name], LEASE)

    def renew(self, name: str) -> int:
        """How many cases this process brings to its own rules."""
        return self.processor(name).reevaluate(self.signpost.clock, 100)[0]

    def title(self) -> str:
        """Whose words the case has."""
        row = self.signpost.case("c-0")
        named = {each.rulebooks.default.version: each for each in (self.old, self.new)}
        return str(named[row.rulebook].of("acme").rulebook.rules["rule-0"].texts.title)


@pytest.fixture
def fleet(signpost: System, tmp_path: Path) -> Fleet:
    fill(signpost, 1)
    return Fleet(signpost, tmp_path)


def test_a_clock_that_is_behind_takes_nothing_back(fleet: Fleet) -> None:
    assert fleet.renew("stale") == 0
    assert fleet.renew("fresh") == 1
    for _ in range(20):
        fleet.signpost.now += ANNOUNCE_INTERVAL_US
        assert (fleet.renew("stale"), fleet.renew("fresh")) == (0, 0)
    assert fleet.title() == "Better"


def test_who_is_behind_looks_before_it_touches_a_case(fleet: Fleet) -> None:
    """An event and a due case alike: the change is noticed at once, and the case stays with the new rules."""
    fleet.renew("stale")
    fleet.renew("fresh")
    fleet.noticing = True
    due(fleet.signpost, "c-0")
    assert fleet.processor("stale").wake(fleet.signpost.clock)[0] == 1
    assert (fleet.looked, fleet.title()) == (1, "Better")
    assert fleet.current["stale"] is fleet.new


def test_events_do_not_wait_for_whoever_has_other_rules_for_good(
    fleet: Fleet, caplog: pytest.LogCaptureFixture
) -> None:
    fleet.renew("stale")
    fleet.renew("fresh")
    for turn in range(3):
        due(fleet.signpost, "c-0")
        assert fleet.processor("stale").wake(fleet.signpost.clock)[0] == 1
        assert fleet.title() == "First"
        assert fleet.renew("fresh") == 1, "the one ahead brings it back"
        assert fleet.looked == 1, f"turn {turn}: it looks once"
    assert [record.getMessage().partition(";")[0] for record in caplog.records] == [
        "another process has a later rulebook"
    ]


def test_a_rulebook_that_nobody_uses_any_more_gives_way(fleet: Fleet) -> None:
    """Everything was started again with the rules of before: known, but not the latest that was announced."""
    fleet.renew("stale")
    fleet.renew("fresh")
    assert fleet.renew("stale") == 0
    fleet.signpost.now += IN_USE_US + 1
    assert fleet.renew("stale") == 1
    assert fleet.title() == "First"


def test_going_back_in_the_files_needs_no_waiting(fleet: Fleet, tmp_path: Path) -> None:
    fleet.renew("stale")
    fleet.renew("fresh")
    fleet.current["fresh"] = engines(tmp_path, "First", turn=2)
    assert fleet.renew("fresh") == 1
    assert fleet.title() == "First"
    assert fleet.renew("stale") == 0, "the same rules"


def test_who_starts_with_rules_that_nobody_knows_is_ahead(fleet: Fleet, tmp_path: Path) -> None:
    """They were changed while nothing ran."""
    fleet.renew("stale")
    fleet.renew("fresh")
    third = engines(tmp_path, "Third")
    processor = DueCaseProcessor(
        fleet.signpost.store, RulebookVersions(fleet.signpost.store, FixedEngines(lambda: third)), LEASE
    )
    assert processor.reevaluate(fleet.signpost.clock, 100)[0] == 1
    assert (fleet.renew("stale"), fleet.renew("fresh")) == (0, 0)


def test_an_event_meets_the_new_rules_wherever_it_is_handled(fleet: Fleet) -> None:
    from signpost.workers.batch import BatchHandler

    fleet.renew("stale")
    fleet.renew("fresh")
    fleet.noticing = True
    signpost = fleet.signpost
    signpost.changes()
    signpost.send(event("offer.declined", "c-0", at=1, offer="o"))
    [delivery] = signpost.broker.consumer("signpost.advisor", 10).receive(1, 5)
    handled = BatchHandler(signpost.store, fleet.successions["stale"], LEASE).handle([delivery], signpost.clock)
    assert (handled.fresh, fleet.looked, fleet.title()) == (1, 1, "Better")


def due(signpost: System, key: str) -> None:
    """Have the clock find a case."""
    with signpost.store.transaction() as tx:
        [row] = tx.lock_cases([("acme", key)]).values()
        assert isinstance(row, CaseRow)
        assert not Case.from_json(row.state).is_empty
        row.next_change = signpost.now
        tx.save_cases([row])
