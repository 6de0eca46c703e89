"""The child process of explanations and simulations: reads jobs on standard input, writes answers to standard output.

A process edge. It runs at low priority, so that events come first, and within limits of memory and processor time.
"""

import os
import pickle
import resource
import signal
import sys

from signpost import garbage, standard_error
from signpost.errors import CallerError
from signpost.kept_files import KeptFiles
from signpost.logs import set_up_logging
from signpost.services.intake.analysis import Job, LocalAnalyst
from signpost.services.intake.analysis_processes import ChildSettings
from signpost.services.intake.engines import TenantEngines
from signpost.settings import read_settings
from signpost.tenants.live_rulebooks import kept_rules

NICENESS = 10


def main() -> None:
    """Answer jobs until the standard input closes."""
    garbage.collect_rarely()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends it
    os.nice(NICENESS)
    requests, answers = sys.stdin.buffer, os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # nothing else may be written between answers
    settings: ChildSettings = pickle.load(requests)  # written by our own parent
    resource.setrlimit(resource.RLIMIT_AS, (settings.max_memory_bytes, settings.max_memory_bytes))
    engines = TenantEngines(tuple(settings.rules), settings.tenants, settings.reload_interval_s, kept=_kept(settings))
    analyst = LocalAnalyst(engines.of)
    while True:
        try:
            job: Job = pickle.load(requests)
        except EOFError:
            return
        pickle.dump(_answer(analyst, engines, job, settings.max_cpu_s), answers)
        answers.flush()


def _kept(settings: ChildSettings) -> KeptFiles | None:
    state_dir = settings.state_dir
    return None if state_dir is None else kept_rules(state_dir, tuple(settings.rules), settings.tenants)


def _answer(analyst: LocalAnalyst, engines: TenantEngines, job: Job, max_cpu_s: int) -> tuple[str, object]:
    """("", JSON), or the name and the message of an error."""
    try:
        engines.of(job.tenant)  # loads changed rules before the time counts
        _limit_cpu(max_cpu_s)
        return "", analyst.run(job)
    except CallerError as error:
        return type(error).__name__, str(error)


def _limit_cpu(seconds: int) -> None:
    """End the process after so many more seconds of processor time."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (int(used.ru_utime + used.ru_stime) + 1 + seconds, hard))


if __name__ == "__main__":
    standard_error.install()
    log_settings = read_settings(os.environ)
    set_up_logging("intake", log_settings.log_level, log_settings.log_format)
    main()
