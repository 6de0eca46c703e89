"""A process that had no descriptor left for a while: its connections come back, and it does not spin meanwhile."""

import os
import resource
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.support.private_servers import wait_until
from tests.support.proxy import Mode, Proxy
from tests.support.workers_kit import addresses, open_system
from tests.support.workers_kit import recent_event as event
from tests.support.workers_processes import WorkerProcess, count_seen_events, kill_afterwards

MAX_CPU_S = 1.0
"""What a process may use while it can do nothing for MISERY_S; it was all that there is."""
MISERY_S = 1.5


def cpu_s(pid: int) -> float:
    """The processor time that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def times_connected(worker: WorkerProcess) -> int:
    """How often the publisher of a worker has connected."""
    return worker.log.read_text().count("publisher: connected")


def test_an_advisor_without_descriptors_recovers_when_there_are_some(
    request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    with addresses("rabbitmq", request) as (database_url, broker_url), open_system(database_url, broker_url) as system:
        parts = urlsplit(broker_url)
        with Proxy(parts.hostname or "", parts.port or 5672) as proxy:
            url = broker_url.replace(f":{parts.port}/", f":{proxy.port}/")
            advisor = WorkerProcess("advisor", tmp_path, database_url, url, engine="compiled")
            with kill_afterwards(advisor), count_seen_events(database_url) as seen:
                system.send(event("offer.extended", "c-1", offer="o-1"))
                wait_until(lambda: seen() == 1, "the first event to be seen")
                wait_until(lambda: times_connected(advisor) == 1, "its publisher, which may be later, to be there")
                before = resource.prlimit(advisor.pid, resource.RLIMIT_NOFILE)
                resource.prlimit(advisor.pid, resource.RLIMIT_NOFILE, (3, before[1]))
                proxy.become(Mode.RESET)
                proxy.become(Mode.PASS)
                wait_until(lambda: "Too many open files" in advisor.log.read_text(), "the advisor to have none")
                used = cpu_s(advisor.pid)
                system.send(event("offer.extended", "c-2", offer="o-2"))
                time.sleep(MISERY_S)  # there is nothing to wait for: nothing may happen
                assert seen() == 1
                assert cpu_s(advisor.pid) - used < MAX_CPU_S
                resource.prlimit(advisor.pid, resource.RLIMIT_NOFILE, before)
                wait_until(lambda: seen() == 2, "the second event to be seen")
                wait_until(lambda: times_connected(advisor) == 2, "its publisher to be back")
                assert advisor.stop() == 0
