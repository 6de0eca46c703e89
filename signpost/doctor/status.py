"""What happens in an installation now, for one screen: processes, queues, lags, versions, errors. Prints nothing.

Every part is read within a bound; one that cannot be read says why and hides no other.
"""

import sys
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import orjson

from signpost.case.instant import DAY, HOUR, SECOND, format_instant
from signpost.dead_letters import Choice, DeadLetterQueue, groups_of
from signpost.doctor.check_outside import intake_report
from signpost.doctor.check_rules import refusals, versions_in_use
from signpost.doctor.site import NAME, Site
from signpost.engine import choose_engine
from signpost.errors import CallerError, MisconfiguredError, SignpostError, TransientError
from signpost.messaging import Bounds, advisor_queues, connect
from signpost.messaging.topology import UNROUTED, consumer_queue, dead_letter_queue
from signpost.names import DEAD, NO_SOURCE
from signpost.storage import head_revision
from signpost.storage.inspection import LATEST
from signpost.suggestions import did_you_mean

Document = dict[str, Any]
PART_BOUND_S: Final = 8.0
MAX_BROWSED: Final = 1_000
"""Dead letters up to which they are read to count their reasons: a queue is empty for others while it is read."""
MAX_ERRORS: Final = 5
NO_DATABASE: Final = (
    "there is no database {}; run this in the folder where `signpost up` runs, or set SIGNPOST_DATA_DIR to its data"
    " folder"
)
UP_LOCK: Final = "up.lock"


class StatusReader:
    """Reads the status again and again. `site.clock` decides what is late."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._reasons: dict[str, tuple[int, list[Document]]] = {}
        """Queue of dead letters -> its depth, and the groups of that time."""

    def read(self) -> Document:
        """The status as JSON. `problems`: part -> why it cannot be read."""
        parts = {"local": self._local, "database": self._database, "broker": self._broker, "intake": self._intake}
        found = {name: Part(read) for name, read in parts.items()}
        problems = {name: part.problem for name, part in found.items() if part.wait()}
        document: Document = {"at": format_instant(self._site.clock()), "problems": problems}
        for part in found.values():
            document |= part.document
        document["running"] = self._running(document)
        document["errors"] = [*document.pop("refusals", []), *document.pop("refused", [])]
        return document

    def _local(self) -> Document:
        settings = self._site.settings
        versions = {"signpost": version("signpost"), "python": sys.version.partition(" ")[0]}
        refused = [_error(f"{what} refused", first) for what, first in refusals(settings)]
        versions["engine"] = choose_engine(settings.engine).name
        return {"versions_here": versions, "refusals": refused, "up": _pid_of_up(settings.data_dir)}

    def _database(self) -> Document:
        site, now = self._site, self._site.clock()
        if site.database_file is not None and not site.database_file.is_file():
            raise FileNotFoundError(NO_DATABASE.format(site.database_file))
        look = site.store.inspection
        server, waiting, due = look.server(), look.outbox(LATEST), look.due(now, LATEST)
        since = look.since([now - HOUR, now - DAY])
        return {
            "database": {"product": server.product, "version": server.version.partition(" ")[0]},
            "migration": {"revision": look.revision(), "wanted": head_revision()},
            "outbox": {"waiting": waiting.number, "oldest_s": _age(now, waiting.since)},
            "clock": {"due": due.number, "lag_s": _age(now, due.since)},
            "endpoints": self._endpoints(now),
            "cases": look.cases(),
            "last": {what: {"hour": hour, "day": day} for what, (hour, day) in since.items()},
            "rulebooks": sorted(versions_in_use(site.store, now)),
            "connections": look.connections(),
            "refused": [self._refused(row) for row in look.refused(MAX_ERRORS)],
        }

    def _refused(self, row: Any) -> Document:
        """A webhook that was refused. One to a name of no source is in no tenant's log: its source is empty."""
        problems = orjson.loads(row.problems)
        detail = f"{problems[0]['pointer']}: {problems[0]['detail']}".removeprefix(": ") if problems else ""
        text = f"{row.id} of source {row.source}: {detail}" if row.source else f"{detail}{self._meant(detail)}"
        return _error(f"webhook {row.status}", text, row.received_at)

    def _meant(self, detail: str) -> str:
        """The source whose name is like the one of no source."""
        with suppress(CallerError):  # another part says what is wrong with the file
            return did_you_mean(detail.removeprefix(NO_SOURCE).strip("'\""), self._site.tenants.sources)
        return ""

    def _endpoints(self, now: int) -> Document | None:
        """The endpoints of webhooks; None if this user may not see them."""
        try:
            found = self._site.store.outgoing.summary(now)
        except MisconfiguredError:
            return None
        return {
            "number": found.endpoints,
            "failing": found.failing,
            "disabled": found.disabled,
            "waiting": found.waiting,
            "oldest_s": round(found.oldest / SECOND, 1) if found.oldest else None,
            "set_aside": found.set_aside,
        }

    def _broker(self) -> Document:
        site = self._site
        names = [*advisor_queues(site.settings.partitions), DEAD, UNROUTED]
        with site.broker() as found:
            if site.is_rabbitmq:
                with suppress(TransientError):  # the part of the database says why
                    names += [name for consumer in site.consumers for name in _queues_of(consumer)]
            counts = {name: found.counts(name) for name in names}
            product = {"product": found.product, "version": found.version}
        queues = [
            {"queue": name, "waiting": one.waiting, "consumers": None if _is_dead(name) else one.consumers}
            for name, one in counts.items()
            if one is not None
        ]
        letters = [name for name in names if _is_dead(name) and (site.is_rabbitmq or name != UNROUTED)]
        dead = {name: one.waiting for name in letters if (one := counts[name]) and one.waiting}
        return {"broker": product, "queues": queues, "dead_letters": self._dead_letters(dead)}

    def _dead_letters(self, waiting: Mapping[str, int]) -> list[Document]:
        """By reason; read again only if their number has changed."""
        found = {name: self._groups(name, number) for name, number in waiting.items()}
        return [{"queue": name, "number": waiting[name], "groups": groups} for name, groups in found.items()]

    def _groups(self, queue: str, number: int) -> list[Document]:
        if number > MAX_BROWSED:
            return []
        if self._reasons.get(queue, (0,))[0] != number:
            broker = connect(self._site.settings.broker_url, bounds=Bounds(connect_timeout_s=3), name=NAME)
            try:
                letters = DeadLetterQueue(broker, queue, examine=MAX_BROWSED).browse(Choice()).letters
            finally:
                broker.close()
            self._reasons[queue] = number, [group.to_document() for group in groups_of(letters)]
        return self._reasons[queue][1]

    def _intake(self) -> Document:
        report = intake_report(self._site.settings.url)
        return {"intake": {"url": self._site.settings.url, "report": report}}

    def _running(self, document: Document) -> list[Document]:
        """The processes that can be seen from here, each with the way by which it is seen."""
        found: dict[str, Document] = {}
        for name in document.pop("connections", {}):
            role = name.removeprefix("signpost ")
            if role in ("advisor", "clock", "relay", "deliverer", "intake"):
                found[role] = {"role": role, "number": None, "by": "its connections to the database"}
        consumers = [one["consumers"] for one in document.get("queues", []) if not _is_dead(one["queue"])]
        work = consumers[: len(advisor_queues(self._site.settings.partitions))]
        if any(work):
            found["advisor"] = {"role": "advisor", "number": max(work), "by": "its consumers"}
        if document.get("intake", {}).get("report"):
            found["intake"] = {"role": "intake", "number": None, "by": "its answer"}
        if pid := document.pop("up", None):
            found["up"] = {"role": "up", "number": 1, "by": f"process {pid} of this machine"}
        return list(found.values())


class Part:
    """A part that is read in a thread of its own, so that a frozen server holds up no other."""

    def __init__(self, read: Callable[[], Document]) -> None:
        self.document: Document = {}
        self.problem = f"no answer within {PART_BOUND_S:g} s"
        self.error: Exception | None = None
        self._thread = threading.Thread(target=self._run, args=(read,), daemon=True)
        self._thread.start()

    def _run(self, read: Callable[[], Document]) -> None:
        try:
            self.document, self.problem = read(), ""
        except (SignpostError, OSError) as error:
            self.problem, self.error = str(error), error

    def wait(self) -> bool:
        """Wait for it within the bound; whether it failed."""
        self._thread.join(PART_BOUND_S)
        return bool(self.problem)


def _is_dead(queue: str) -> bool:
    return queue in (DEAD, UNROUTED) or queue.endswith(".dead")


def _queues_of(consumer: str) -> tuple[str, str]:
    return consumer_queue(consumer), dead_letter_queue(consumer)


def _age(now: int, since: int | None) -> float | None:
    return None if since is None else round((now - since) / SECOND, 1)


def _error(what: str, text: str, at: int | None = None) -> Document:
    return {"at": None if at is None else format_instant(at), "what": what, "text": text}


def _pid_of_up(data_dir: Path) -> int | None:
    """The process of `signpost up` that holds the data folder; None if there is none, or the system does not tell."""
    try:
        inode = (data_dir / UP_LOCK).stat().st_ino
        lines = Path("/proc/locks").read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    held = (line.split() for line in lines)
    return next((int(words[4]) for words in held if words[1] == "FLOCK" and words[5].endswith(f":{inode}")), None)
