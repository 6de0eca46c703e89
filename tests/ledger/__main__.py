"""`make faults`: breaks every part of a running system in turn, then in pairs, then at every crash point; prints the
ledger, and fails on any violation."""

import argparse
import logging
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.ledger.deployment import EmbeddedDeployment, ServerDeployment, private_servers
from tests.ledger.plan import baseline, embedded_steps, found_steps, play, server_steps
from tests.ledger.report import as_json, summary, table
from tests.ledger.run import Ledger
from tests.ledger.soak import soak
from tests.support.private_servers import ServerMissing

EMBEDDED_KILLS = 8
DEFECTS = ("acknowledge before the commit", "skip the outbox", "count repeats")
"""See `site/sitecustomize.py`."""
DEFECT_SETTLING_S = 10.0


def main(arguments: Sequence[str] | None = None) -> int:
    """Run and print; 0: nothing lost and nothing invented."""
    options = _options(arguments)
    # A `kill` of this process ends its servers and processes too
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    logging.getLogger("signpost").setLevel(logging.CRITICAL)
    begun = time.monotonic()

    def say(line: str) -> None:
        print(f"{time.monotonic() - begun:7.1f} s  {line}", file=sys.stderr, flush=True)

    say(f"seed {options.seed}")
    clean = True
    if options.only_on in ("", "servers"):
        clean &= _servers(options, say)
    if options.only_on in ("", "embedded") and not options.soak:
        clean &= _embedded(options, say)
    if options.only_on in ("", "defects") and not options.soak:
        for defect in DEFECTS:
            clean &= _finds(defect, options, say)
    say("done")
    return 0 if clean else 1


def _servers(options: argparse.Namespace, say: Callable[[str], None]) -> bool:
    try:
        with private_servers() as (rabbit, postgres), tempfile.TemporaryDirectory() as folder:
            deployment = ServerDeployment(Path(folder), rabbit, postgres, options.defect)
            with deployment.run():
                ledger = Ledger(deployment, options.seed, say)
                grown = _play(ledger, deployment, options)
                return _finish(ledger, options) and not grown
    except ServerMissing as missing:
        say(f"NOT TESTED on servers: {missing}")
        return False


def _play(ledger: Ledger, deployment: ServerDeployment, options: argparse.Namespace) -> list[str]:
    """The rounds; what has grown meanwhile, if that is asked for."""
    if not options.soak:
        baseline(ledger, deployment)
        play(ledger, server_steps(ledger, deployment, options.pairs), _filter(options))
        return []
    grown = soak(ledger, deployment, options.soak)
    for one in grown:
        ledger.say(f"GROWN: {one}")
    return grown


def _embedded(options: argparse.Namespace, say: Callable[[str], None]) -> bool:
    with tempfile.TemporaryDirectory() as folder:
        deployment = EmbeddedDeployment(Path(folder), options.defect)
        with deployment.run():
            ledger = Ledger(deployment, options.seed, say)
            play(ledger, embedded_steps(ledger, EMBEDDED_KILLS), _filter(options))
            return _finish(ledger, options)


def _finds(defect: str, options: argparse.Namespace, say: Callable[[str], None]) -> bool:
    """Whether the ledger notices a planted defect."""
    say(f"plants a defect: {defect}")
    with tempfile.TemporaryDirectory() as folder:
        deployment = EmbeddedDeployment(Path(folder), defect)
        with deployment.run():
            ledger = Ledger(deployment, options.seed, lambda line: None, DEFECT_SETTLING_S)
            play(ledger, found_steps(ledger))
            verdict = ledger.finish()
    found = f"found: {'; '.join(verdict.violations)}" if not verdict.is_clean else "NOT FOUND"
    say(found)
    print(f"planted defect: {defect}: {found}", flush=True)
    return not verdict.is_clean


def _finish(ledger: Ledger, options: argparse.Namespace) -> bool:
    verdict = ledger.finish()
    if options.json:
        print(as_json(ledger.deployment.kind, options.seed, ledger.entries, verdict))
    else:
        print(table(ledger.entries))
        print(summary(ledger.deployment.kind, ledger.entries, verdict), flush=True)
    return verdict.is_clean


def _filter(options: argparse.Namespace) -> Callable[[str], bool]:
    return lambda name: not options.names or any(part in name for part in options.names)


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.ledger", description=__doc__)
    parser.add_argument("names", nargs="*", help="only rounds whose name contains one of these")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--pairs", type=int, default=50, help="pairs of faults, drawn by the seed")
    parser.add_argument("--on", dest="only_on", choices=("servers", "embedded", "defects"), default="")
    parser.add_argument("--soak", type=float, default=0, metavar="MINUTES", help="only random faults, for so long")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--defect", choices=DEFECTS, default="", help="plant a defect that the ledger must find")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
