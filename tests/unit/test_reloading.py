"""Changed rules are taken whole and sound, or not at all; what is in force stays in force meanwhile."""

import gc
import logging
import os
import threading
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from signpost.engine import make_engine
from signpost.engine.compiled import CompiledEngine
from signpost.rulebook import Rulebook, RulebookError
from signpost.tenants.live_rulebooks import LiveEngines, _summary
from signpost.tenants.rulebooks import Rulebooks, load_rulebooks
from signpost.watching import SETTLE_S
from tests.support.private_servers import wait_until

RULE = (
    "{name}:\n  about: offer\n  source: a\n  when: {{stage: open}}\n  priority: high\n  title: {title}\n  message: M\n"
)


def write(folder: Path, **titles: str) -> None:
    """One file for each rule."""
    (folder / "sources.yaml").write_text("articles: {a: An article}\n")
    for name, title in titles.items():
        (folder / f"{name}.yaml").write_text(RULE.format(name=name, title=title))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "rules"
    folder.mkdir()
    write(folder, one="First")
    return folder


@pytest.fixture
def tenants(tmp_path: Path) -> Path:
    return tmp_path / "tenants.yaml"


def no_trial(folders: object, tenants: object) -> None:
    """Without a child process for each reload: tests/hostile has its tests."""


def live(
    folder: Path, tenants: Path, wait: Callable[[float], object] = lambda seconds: None
) -> LiveEngines[CompiledEngine]:
    return LiveEngines(folder, tenants, CompiledEngine, wait, no_trial)


def titles(engines: LiveEngines[CompiledEngine], tenant: str = "acme") -> dict[str, str]:
    return {rule.id: rule.texts.title for rule in engines.now().of(tenant).rulebook.rules.values()}


def taken(engines: LiveEngines[CompiledEngine]) -> bool:
    """Whether two looks, as far apart as they should be, leave nothing to take."""
    return not engines.poll(engines.poll())


def test_a_change_is_taken_at_the_second_look_that_finds_it_the_same(folder: Path, tenants: Path) -> None:
    engines = live(folder, tenants)
    assert engines.poll() == ""
    write(folder, one="Better")
    seen = engines.poll()
    assert seen
    assert titles(engines) == {"one": "First"}
    write(folder, two="Second")
    again = engines.poll(seen)
    assert again not in ("", seen), "the files were still being written"
    assert titles(engines) == {"one": "First"}
    assert engines.poll(again) == ""
    assert titles(engines) == {"one": "Better", "two": "Second"}
    assert engines.now().turn == 1


def test_looks_of_two_threads_do_not_add_up(folder: Path, tenants: Path) -> None:
    engines = live(folder, tenants)
    write(folder, one="Better")
    assert engines.poll() == engines.poll() != ""
    assert titles(engines) == {"one": "First"}


def test_a_batch_works_to_its_end_with_what_it_began_with(folder: Path, tenants: Path) -> None:
    engines = live(folder, tenants)
    mine = engines.now()
    write(folder, one="Better")
    assert taken(engines)
    assert mine.of("acme").rulebook.rules["one"].texts.title == "First"
    assert engines.now() is not mine
    assert engines.now().rulebooks.versions != mine.rulebooks.versions


def test_nothing_is_taken_that_changes_while_it_is_read(
    folder: Path, tenants: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engines = live(folder, tenants)
    write(folder, one="Half", two="Half")
    seen = engines.poll()

    def loading(at: Path, file: Path) -> object:
        write(folder, one="Whole")
        return load_rulebooks(at, file)

    with monkeypatch.context() as patch:
        patch.setattr("signpost.tenants.live_rulebooks.load_rulebooks", loading)
        assert engines.poll(seen) == seen
    assert titles(engines) == {"one": "First"}
    assert taken(engines)
    assert titles(engines) == {"one": "Whole", "two": "Half"}


def test_a_start_reads_again_what_changed_while_it_was_read(
    folder: Path, tenants: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first reading finds a file half written: no reason to give up."""
    (folder / "two.yaml").write_text("two:\n  about: of")
    calls: list[Path] = []

    def loading(at: Path, file: Path) -> object:
        calls.append(at)
        if len(calls) == 1:
            try:
                return load_rulebooks(at, file)
            finally:
                write(folder, two="Second")
        return load_rulebooks(at, file)

    monkeypatch.setattr("signpost.tenants.live_rulebooks.load_rulebooks", loading)
    assert titles(live(folder, tenants)) == {"one": "First", "two": "Second"}
    assert len(calls) == 2


def test_a_start_on_broken_rules_says_every_problem(folder: Path, tenants: Path) -> None:
    (folder / "one.yaml").write_text(RULE.format(name="one", title="One").replace("offer", "ofer"))
    tenants.write_text("tenants: {acme: {disabled: one}}\n")
    with pytest.raises(RulebookError, match=r"(?s)R013.*R006"):
        live(folder, tenants)


def broken_yaml(folder: Path, tenants: Path) -> None:
    (folder / "one.yaml").write_text("one: [")


def broken_rule(folder: Path, tenants: Path) -> None:
    write(folder, one="To {{ emplyer }}", two="To {{ emplyer }}")


def nothing_there(folder: Path, tenants: Path) -> None:
    for file in folder.iterdir():
        file.unlink()


def folder_gone(folder: Path, tenants: Path) -> None:
    folder.rename(folder.with_name("elsewhere"))


def a_folder_for_a_file(folder: Path, tenants: Path) -> None:
    (folder / "two.yaml").mkdir()


def deeply_nested(folder: Path, tenants: Path) -> None:
    (folder / "two.yaml").write_text("[" * 100_000)


def unknown_choice(folder: Path, tenants: Path) -> None:
    tenants.write_text("tenants: {acme: {disabled: [on]}}\n")


BREAKING = [broken_yaml, broken_rule, nothing_there, folder_gone, a_folder_for_a_file, deeply_nested, unknown_choice]


@pytest.mark.parametrize("spoil", BREAKING)
def test_broken_files_change_nothing_and_are_complained_of_once(
    folder: Path, tenants: Path, spoil: Callable[[Path, Path], None], caplog: pytest.LogCaptureFixture
) -> None:
    engines = live(folder, tenants)
    before = engines.now()
    spoil(folder, tenants)
    assert taken(engines)
    assert engines.now() is before
    assert engines.refused
    assert taken(engines)
    lines = [record.getMessage() for record in caplog.records if record.levelno == logging.ERROR]
    assert [line for line in lines if line.startswith("rulebook problem: ")] == [
        f"rulebook problem: {one}" for one in engines.refused
    ]
    assert lines.count("rulebook change refused: the previous version stays in force until the problems are fixed") == 1


def test_every_problem_is_logged_with_its_place(folder: Path, tenants: Path, caplog: pytest.LogCaptureFixture) -> None:
    engines = live(folder, tenants)
    broken_rule(folder, tenants)
    assert taken(engines)
    assert [problem.partition(" ")[0] for problem in engines.refused] == [
        f"{folder}/one.yaml:6:10:",
        f"{folder}/two.yaml:6:10:",
    ]
    assert all("R041" in problem for problem in engines.refused)


def test_mended_files_are_taken(folder: Path, tenants: Path) -> None:
    engines = live(folder, tenants)
    broken_yaml(folder, tenants)
    assert taken(engines)
    write(folder, one="Mended")
    assert taken(engines)
    assert (titles(engines), engines.refused) == ({"one": "Mended"}, [])


def test_changed_rules_are_tried_in_a_child_and_those_of_the_start_are_not(folder: Path, tenants: Path) -> None:
    """They may exhaust the process that loads them."""
    tried: list[object] = []
    engines = LiveEngines(folder, tenants, CompiledEngine, lambda _: None, lambda folders, _: tried.append(folders))
    assert tried == []
    write(folder, one="Better")
    assert taken(engines)
    assert tried == [(folder,)]


def test_going_back_to_what_is_in_force_is_no_switch(folder: Path, tenants: Path) -> None:
    engines = live(folder, tenants)
    before = engines.now()
    broken_yaml(folder, tenants)
    assert taken(engines)
    write(folder, one="First")
    assert taken(engines)
    assert engines.now() is before
    assert engines.refused == []
    assert not engines.is_degraded


def test_the_tenants_file_counts_where_it_speaks_of_rules(folder: Path, tenants: Path) -> None:
    engines = live(folder, tenants)
    write(folder, two="Second")
    assert taken(engines)
    before = engines.now()
    tenants.write_text("tenants: {acme: {disabled: [one]}}\n")
    assert taken(engines)
    assert (titles(engines), titles(engines, "other")) == ({"two": "Second"}, {"one": "First", "two": "Second"})
    assert engines.now().rulebooks.default.version == before.rulebooks.default.version
    acme = engines.now()
    tenants.write_text("tenants: {acme: {disabled: [one], api_keys: [new]}}\n")
    assert taken(engines)
    assert engines.now() is acme, "a key is no rule"
    assert not engines.is_degraded
    tenants.unlink()
    assert taken(engines)
    assert engines.now().rulebooks.is_same(before.rulebooks)


def test_the_folder_of_a_tenant_that_comes_after_its_name_is_taken(folder: Path, tenants: Path) -> None:
    engines = live(folder, tenants)
    tenants.write_text("tenants: {acme: {api_keys: [], rules: north}}\n")
    assert taken(engines)
    assert engines.refused
    north = tenants.parent / "north"
    north.mkdir()
    (north / "two.yaml").write_text(RULE.format(name="two", title="Second"))
    assert taken(engines)
    assert (engines.refused, titles(engines)) == ([], {"one": "First", "two": "Second"})


def test_catching_up_takes_a_change_at_once_and_waits_no_longer_than_it_must(folder: Path, tenants: Path) -> None:
    waits: list[float] = []
    engines = live(folder, tenants, waits.append)
    engines.reload_now()
    assert waits == []
    write(folder, one="Better")
    engines.reload_now()
    assert titles(engines) == {"one": "Better"}
    assert waits == [SETTLE_S]


def test_catching_up_gives_up_on_files_that_never_come_to_rest(folder: Path, tenants: Path) -> None:
    waits: list[float] = []

    def wait(seconds: float) -> None:
        waits.append(seconds)
        write(folder, one=f"Title {len(waits)}")

    engines = live(folder, tenants, wait)
    write(folder, one="Title")
    engines.reload_now()
    assert titles(engines) == {"one": "First"}
    assert 2 < sum(waits) < 5


def test_a_folder_that_is_swapped_as_one_is_seen(folder: Path, tenants: Path) -> None:
    other, current = folder.with_name("other"), folder.with_name("current")
    other.mkdir()
    write(other, two="Second")
    current.symlink_to(folder)
    engines = live(current, tenants)
    swapped = folder.with_name("swapped")
    swapped.symlink_to(other)
    os.replace(swapped, current)
    assert taken(engines)
    assert titles(engines) == {"two": "Second"}


def test_a_watch_takes_changes_by_itself_and_at_once_when_asked(folder: Path, tenants: Path) -> None:
    engines = live(folder, tenants)
    stop, asked = threading.Event(), threading.Event()
    thread = threading.Thread(target=engines.watch, args=(stop, 0.05, asked))
    thread.start()
    try:
        write(folder, one="Seen")
        wait_until(lambda: titles(engines) == {"one": "Seen"}, "the change to be taken", 10)
    finally:
        stop.set()
        thread.join(60)
    stop.clear()
    patient = threading.Thread(target=engines.watch, args=(stop, 3600.0, asked))
    patient.start()
    try:
        wait_until(lambda: not asked.is_set(), "the watch to begin", 10)
        write(folder, one="Asked")
        asked.set()
        wait_until(lambda: titles(engines) == {"one": "Asked"}, "the change to be taken", 10)
    finally:
        stop.set()
        asked.set()
        patient.join(60)
    assert not thread.is_alive()
    assert not patient.is_alive()


def test_a_rulebook_that_no_engine_can_be_made_of_is_refused(folder: Path, tenants: Path) -> None:
    def make(rulebook: Rulebook) -> CompiledEngine:
        if "two" in rulebook.rules:
            raise ZeroDivisionError("too many")
        return CompiledEngine(rulebook)

    engines = LiveEngines(folder, tenants, make, trial=no_trial)
    write(folder, two="Second")
    assert taken(engines)
    assert (titles(engines), engines.refused) == ({"one": "First"}, ["ZeroDivisionError: too many"])


@pytest.mark.durable_rules
def test_engines_out_of_force_give_their_memory_back(folder: Path, tenants: Path) -> None:
    """The rulesets of durable-rules live outside Python: without being deleted, fifty of these take 10 MB."""
    write(folder, **{f"rule-{number}": f"Title {number}" for number in range(40)})
    engines = LiveEngines(folder, tenants, lambda rulebook: make_engine("durable_rules", rulebook))

    def resident() -> int:
        gc.collect()
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    def renew(times: int) -> None:
        for _ in range(times):
            make_engine("durable_rules", engines.now().of("acme").rulebook)
            # Else the heap grows by what waits to be collected
            gc.collect()

    # All that other tests have left would be scanned seventy times
    gc.freeze()
    try:
        renew(20)
        before = resident()
        renew(50)
        assert resident() - before < 5_000_000
    finally:
        gc.unfreeze()


def test_the_log_names_the_versions_of_the_tenants_with_rules_of_their_own() -> None:
    def rulebook(version: str) -> Any:
        return SimpleNamespace(version=version, rules={"a": None})

    own = {f"t{number}": rulebook(f"v{number}") for number in range(7, 0, -1)}
    summary = _summary(Rulebooks(rulebook("ours"), own), None)
    named = {f"rulebook_of_t{number}": f"v{number}" for number in range(1, 6)}
    assert summary == {"rulebook": "ours", "rules": 1, "tenants_with_overrides": 7, **named}


def test_a_change_is_logged_with_the_version_that_it_replaces(
    folder: Path, tenants: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "signpost.rulebook")
    engines = live(folder, tenants)
    first = engines.now().rulebooks.default.version
    write(folder, two="Second")
    assert taken(engines)
    in_force = [vars(record) for record in caplog.records if record.getMessage() == "rulebook in force"]
    assert [[record.get(name) for name in ("rulebook", "rules", "before")] for record in in_force] == [
        [first, 1, None],
        [engines.now().rulebooks.default.version, 2, first],
    ]


def test_rules_that_nothing_reads_are_logged_with_each_change(
    folder: Path, tenants: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for name in ("more", "north"):
        (folder / name).mkdir()
        (folder / name / "two.yaml").write_text(RULE.format(name="two", title="Second"))
    tenants.write_text(f"tenants: {{acme: {{api_keys: [], rules: {folder}/north}}}}\n")
    engines = live(folder, tenants)
    said = f"rulebook problem: {folder}/more/two.yaml:1:1: R008 warning: this file is not read: rule files stand in"
    assert [one[: len(said)] for one in caplog.messages if "R008" in one] == [said]
    write(folder, one="Changed")
    engines.poll(engines.poll())
    assert len([one for one in caplog.messages if "R008" in one]) == 2
