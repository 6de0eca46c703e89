"""Runs the tests nearest to a module once with a tracer, then against each mutant in a forked process."""

import contextlib
import gc
import os
import select
import signal
import sys
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any, Final

import pytest
from _pytest.runner import runtestprotocol
from hypothesis import HealthCheck, Phase, settings

from tests.mutants.by_hand import AnyMutant
from tests.mutants.nearest import Timing, nearest_to
from tests.mutants.patching import NotApplicable, apply, live_path, prepare
from tests.support.servers import ServerFailed

MAX_TEST_S: Final = 6.0
"""Slower tests are left out. The time that a test spends waiting for a processor does not count."""
MAX_CASES: Final = 24
"""Journeys for each property test that draws them by a seed."""
GRACE_S: Final = 4.0
SLOWER: Final = 8
"""How many times as long a test may take as without the change, and GRACE_S, before it counts as hanging."""

SCHEDULER: Final = Path("/proc/thread-self/schedstat")
"""Of Linux: the nanoseconds that a thread ran, and those that it waited for a processor."""

SERVERS: Final = ("rabbitmq_server", "postgres_server")
PRIVATE_SERVERS: Final = ("private_rabbitmq", "private_postgres")
"""Fixtures. A server of one's own takes too long to start for each mutant."""

KILLED, TIMEOUT, SURVIVED, UNTESTED, INVALID = "killed", "timeout", "survived", "untested", "invalid"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a mutant; `by` names the test that noticed."""

    mutant: AnyMutant
    outcome: str
    by: str = ""

    @property
    def is_killed(self) -> bool:
        """Whether the tests noticed the change."""
        return self.outcome in (KILLED, TIMEOUT)

    def __str__(self) -> str:
        mutant = self.mutant
        number = f" [{mutant.number}]" if mutant.number > 1 else ""
        before, after = (" ".join(text.split()) for text in (mutant.before, mutant.after))
        change = f"{before}  ->  {after}{number}"
        return f"{mutant.module}:{mutant.line}: {self.outcome} in {mutant.within}: {change}"


class StartedPrograms:
    """Whether a test has started a program of this project, which runs the code as it is on disk: such a test can
    notice no mutant, but may fail for want of time."""

    def __init__(self) -> None:
        self._seen: list[str] = []
        sys.addaudithook(self._audit)

    def __bool__(self) -> bool:
        return bool(self._seen)

    def clear(self) -> None:
        """Forget those of the test before."""
        self._seen.clear()

    def _audit(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event != "subprocess.Popen":
            return
        words = [str(word) for word in (arguments[1] if isinstance(arguments[1], list | tuple) else [arguments[1]])]
        if str(arguments[0]).startswith(str(Path(sys.executable).parent)) and any("signpost" in word for word in words):
            self._seen.append(str(arguments[0]))


class Trial:
    """A pytest plugin: instead of running the tests once, it runs them against mutants."""

    def __init__(self, mutants: Sequence[AnyMutant], jobs: int, servers: bool, progress: Callable[[str], None]) -> None:
        """`servers`: whether tests of RabbitMQ and PostgreSQL run. They share what a server holds, so that mutants are
        then tried one after the other."""
        self._mutants, self._jobs, self._progress = mutants, 1 if servers else jobs, progress
        self._without = PRIVATE_SERVERS if servers else (*PRIVATE_SERVERS, *SERVERS)
        self._started = StartedPrograms()
        self._paths = {live_path(module): module for module in {mutant.module for mutant in mutants}}
        self._noticed: defaultdict[tuple[str, str], Counter[str]] = defaultdict(Counter)
        """How many mutants of a function each test has killed: the same test often kills the next, so it goes first."""
        self.verdicts: list[Verdict] = []
        self.broken: list[str] = []
        """Tests that fail on the unchanged code."""

    def pytest_collection(self) -> None:
        """Make property tests quick and repeatable before the test modules are imported."""
        quick = settings(
            derandomize=True,
            database=None,
            deadline=None,
            max_examples=25,
            phases=(Phase.explicit, Phase.generate),
            suppress_health_check=list(HealthCheck),
        )
        settings.register_profile("mutants", quick)
        settings.load_profile("mutants")
        os.environ.setdefault("SIGNPOST_TEST_CASES", str(MAX_CASES))

    @pytest.hookimpl(tryfirst=True)
    def pytest_fixture_setup(self, fixturedef: pytest.FixtureDef[Any]) -> None:
        """Skip tests of servers that are not to be used."""
        if fixturedef.argname in self._without:
            fixturedef.func = lambda: pytest.skip("without servers")  # type: ignore[misc]

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Trace every test, then try every mutant."""
        timings = [timing for item in session.items if (timing := self._trace(session, item)) is not None]
        timings.sort(key=lambda timing: timing.own_seconds)
        self._progress(f"{len(timings)} tests run in {sum(each.own_seconds for each in timings):.0f} s")
        # Frozen objects cannot be searched for references to what a mutant replaces
        gc.unfreeze()
        for module in self._paths.values():
            prepare(module)
        gc.freeze()
        for verdict in self._try_all(session, timings):
            self.verdicts.append(verdict)
            self._noticed[verdict.mutant.module, verdict.mutant.within][verdict.by] += 1
            self._report(verdict)
        return True

    def _report(self, verdict: Verdict) -> None:
        """Show each survivor at once, so that a run that is interrupted was not in vain."""
        tried = [each for each in self.verdicts if each.outcome != INVALID]
        killed = sum(each.is_killed for each in tried)
        score = f"{killed} of {len(tried)} killed, {len(self._mutants) - len(self.verdicts)} to try"
        if not verdict.is_killed and verdict.outcome != INVALID:
            self._progress(f"{verdict} ({score})")
        elif len(self.verdicts) % 100 == 0:
            self._progress(score)

    def _trace(self, session: pytest.Session, item: pytest.Item) -> Timing | None:
        lines: dict[str, set[int]] = {module: set() for module in self._paths.values()}
        begin, waited = time.monotonic(), _waited_s()
        self._started.clear()
        with _tracing({path: lines[module] for path, module in self._paths.items()}):
            reports = _reports(session, item)
        seconds = time.monotonic() - begin
        own_seconds = seconds - (_waited_s() - waited)
        if any(report.failed for report in reports):
            if not _passes(session, item):
                self.broken.append(item.nodeid)
            return None  # the tracer was too slow for it
        passed = any(report.passed and report.when == "call" for report in reports)
        is_quick = own_seconds <= MAX_TEST_S
        return Timing(item, seconds, own_seconds, lines) if passed and is_quick and not self._started else None

    def _try_all(self, session: pytest.Session, timings: list[Timing]) -> Iterator[Verdict]:
        running: list[_Child] = []
        waiting = list(self._mutants)
        while waiting or running:
            while waiting and len(running) < self._jobs:
                mutant = waiting.pop(0)
                noticed = self._noticed[mutant.module, mutant.within]
                likely = sorted(timings, key=lambda each: -noticed[each.item.nodeid])
                if nearest := nearest_to(mutant, likely):
                    running.append(_Child(session, mutant, nearest))
                else:
                    yield Verdict(mutant, UNTESTED)
            ready, _, _ = select.select([child.pipe for child in running], [], [], 0.2)
            for child in [child for child in running if child.pipe in ready or child.is_late]:
                running.remove(child)
                yield child.finish()


class _Child:
    """A forked process that runs tests against one mutant until one fails."""

    def __init__(self, session: pytest.Session, mutant: AnyMutant, nearest: Sequence[Timing]) -> None:
        self.mutant = mutant
        self.deadline = time.monotonic() + SLOWER * sum(each.seconds for each in nearest) + GRACE_S
        self.pipe, write = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            os.setsid()
            os.close(self.pipe)
            try:
                os.write(write, _run(session, mutant, nearest).encode())
            finally:
                os._exit(0)
        os.close(write)

    @property
    def is_late(self) -> bool:
        return time.monotonic() > self.deadline

    def finish(self) -> Verdict:
        """End the process and its own; a process that ended without a word died of the mutant."""
        late = not select.select([self.pipe], [], [], 0)[0]
        text = "" if late else os.read(self.pipe, 4096).decode()
        os.close(self.pipe)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
        _, status = os.waitpid(self.pid, 0)
        late |= os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGALRM
        outcome, _, by = text.partition(" ")
        return Verdict(self.mutant, TIMEOUT if late else outcome or KILLED, by)


def _run(session: pytest.Session, mutant: AnyMutant, nearest: Sequence[Timing]) -> str:
    try:
        apply(mutant)
    except NotApplicable:
        return INVALID
    except Exception as error:
        return f"{KILLED} import: {type(error).__name__}"
    for each in nearest:
        signal.setitimer(signal.ITIMER_REAL, SLOWER * each.seconds + GRACE_S)  # ends this process
        failed = [report for report in _reports(session, each.item) if report.failed]
        if any(ServerFailed.__name__ in report.longreprtext for report in failed if report.when != "call"):
            return UNTESTED
        if failed:
            return f"{KILLED} {each.item.nodeid}"
    return SURVIVED


def _waited_s() -> float:
    """How long this thread was ready to run and did not; 0 on systems that do not tell."""
    try:
        return int(SCHEDULER.read_text().split()[1]) / 1e9
    except (OSError, IndexError):
        return 0.0


def _passes(session: pytest.Session, item: pytest.Item) -> bool:
    return not any(report.failed for report in _reports(session, item))


def _reports(session: pytest.Session, item: pytest.Item) -> list[pytest.TestReport]:
    return runtestprotocol(item, log=False, nextitem=session)  # type: ignore[arg-type]


@contextlib.contextmanager
def _tracing(lines: dict[str, set[int]]) -> Iterator[None]:
    """Note the lines that run of these files, in every thread that starts meanwhile."""

    def trace(frame: FrameType, event: str, argument: Any) -> Any:
        seen = lines.get(frame.f_code.co_filename)
        if seen is None:
            return None

        def trace_line(frame: FrameType, event: str, argument: Any) -> Any:
            seen.add(frame.f_lineno)
            return trace_line

        return trace_line

    threading.settrace(trace)
    sys.settrace(trace)
    try:
        yield
    finally:
        sys.settrace(None)
        threading.settrace(None)
