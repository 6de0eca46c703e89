"""The advisor: events on a quorum queue to confirmed recommendations, beside the limit loop, Celery and Dramatiq."""

import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.peers.environment import run_peer
from benchmarks.rows import AT_LEAST, Goal, Rounds, Row
from benchmarks.stage import LimitLoop as Loop
from benchmarks.stage import Output, Stage, advise, events, open_stage
from signpost.schemas import dump_event

if TYPE_CHECKING:
    from benchmarks.__main__ import Options

EVENTS, LIMIT_EVENTS, PEER_EVENTS = 1_000, 500, 100
LIMIT, COMPILED, DEFAULT = "limit loop", "compiled", "default engine"
PEERS = ("celery", "dramatiq")
PER_S = "events/s"


def measure(options: "Options") -> list[Row]:
    """Events per second of each way."""
    with open_stage() as stage:
        output = _published(stage)
        ways: dict[str, Callable[[int], float]] = {
            LIMIT: lambda number: _rate(stage, f"limit{number}", lambda: Loop(stage.url, output).run()),
            COMPILED: lambda number: _advised(stage, f"compiled{number}", "compiled"),
            DEFAULT: lambda number: _advised(stage, f"default{number}", "auto"),
        }
        ways |= {peer: lambda number, peer=peer: _peer(stage, f"{peer}{number}", peer) for peer in PEERS}  # type: ignore[misc]
        rounds = Rounds(options.rounds)
        rounds.run(ways)
    return [
        rounds.row("advisor, compiled engine / limit loop", COMPILED, PER_S, LIMIT, Goal(AT_LEAST, 0.5)),
        rounds.row("advisor, default engine / limit loop", DEFAULT, PER_S, LIMIT, Goal(AT_LEAST, 0.4)),
        *(rounds.row(f"advisor / {peer}", DEFAULT, PER_S, peer, Goal(AT_LEAST, 10)) for peer in PEERS),
        Row("messages for each event", len(output.sizes) / output.events, "messages"),
        Row("bytes of a message", sum(output.sizes) / len(output.sizes), "bytes"),
    ]


def _published(stage: Stage) -> Output:
    """The messages that an advisor publishes for each event; also a warm-up."""
    sent = events(LIMIT_EVENTS, "sizes")
    stage.fill(sent)
    advise(stage, len(sent), "compiled")
    sizes = [len(body) for body in _bodies(stage)]
    stage.purge_published()
    return Output(len(sent), sizes)


def _bodies(stage: Stage) -> list[bytes]:
    return [body for _, body in stage.store.latest_changes(1_000_000)]


def _rate(stage: Stage, seed: str, run: Callable[[], float]) -> float:
    sent = events(LIMIT_EVENTS, seed)
    stage.fill(sent)
    rate = len(sent) / run()
    stage.purge_published()
    return rate


def _advised(stage: Stage, seed: str, engine: str) -> float:
    sent = events(EVENTS, seed)
    stage.fill(sent)
    rate = len(sent) / advise(stage, len(sent), engine)
    stage.purge_published()
    return rate


def _peer(stage: Stage, seed: str, peer: str) -> float:
    """A peer sends itself the events, and then handles them in one process."""
    sent = events(PEER_EVENTS, seed)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "events.json"
        path.write_text(json.dumps([dump_event(one) for one in sent]), encoding="utf-8")
        elapsed_s = float(run_peer(f"{peer}_app", stage.url, stage.database_url, str(path)))
    stage.purge_published()
    return len(sent) / elapsed_s
