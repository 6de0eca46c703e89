"""Checks the broker: reachable, version, rights, topology, alarms, and what waits in its queues."""

import re
import time
from collections.abc import Iterator, Mapping
from typing import Final

from signpost.doctor.check_database import create_file
from signpost.doctor.commands import Broker, quoted, then
from signpost.doctor.finding import Finding, failed, ok, or_ok, warning
from signpost.doctor.rights import ALL, broker_needs
from signpost.doctor.site import Site
from signpost.errors import MisconfiguredError, TransientError
from signpost.messaging import BrokerBlocked, Counts, Inspection, advisor_queues
from signpost.messaging.topology import MAX_WORK_MESSAGES, NOT_NEEDED, UNROUTED, consumer_queue, dead_letter_queue
from signpost.names import DEAD
from signpost.storage import ConsumerRow

APPLY: Final = "signpost topology apply"
KNOWN: Final = ((3, 10), (4, 99))
"""The oldest and the newest supported version."""
FULL_SHARE: Final = 0.8
GROWTH_S: Final = 1.0
"""Time between two looks at a long queue."""
_NAMED: Final = re.compile(r"(exchange|queue) (\S+): (.*)", re.DOTALL)


def broker(site: Site) -> Iterator[Finding]:
    """Whether the broker takes this user."""
    try:
        with site.broker() as found:
            place = Broker(site.settings.broker_url).place if site.is_rabbitmq else site.settings.broker_url
            yield ok(f"{found.product} answers at {place}")
    except MisconfiguredError as error:
        yield _refusal(site, str(error))
    except TransientError as error:
        place = Broker(site.settings.broker_url).place
        step = f"start RabbitMQ at {place}, or correct SIGNPOST_BROKER_URL"
        yield failed(str(error), step=step)


def _refusal(site: Site, text: str) -> Finding:
    if not site.is_rabbitmq:
        return failed(text, then(create_file(site.database_file), APPLY) if site.database_file else APPLY)
    server, role = Broker(site.settings.broker_url), site.broker_role
    if "refuses the user or the password" in text:
        return failed(text, server.change_password(), "and write this password into SIGNPOST_BROKER_URL")
    if "not found" in text and "vhost" in text:
        return failed(text, server.create_vhost(role))
    if "refused for user" in text:
        return failed(text, server.permit(role))
    return failed(text, step="do what the line says")


def version(site: Site) -> Iterator[Finding]:
    """Whether Signpost is tested with this version."""
    with site.broker() as found:
        text = f"{found.product} {found.version or 'of an unknown version'}"
        numbers = tuple(int(part) for part in re.findall(r"\d+", found.version)[:2])
        if site.is_rabbitmq and not KNOWN[0] <= numbers <= KNOWN[1]:
            step = "install RabbitMQ 3.10 to 4.x; Signpost is tested with these"
            yield warning(f"{text} is not a known version", step=step)
        else:
            yield ok(text)


def topology(site: Site) -> Iterator[Finding]:
    """Exchanges and queues, as they are declared."""
    with site.broker() as found:
        differences = found.differences()
    bindings = "; RabbitMQ does not show bindings" if site.is_rabbitmq else ""
    yield from or_ok(_differences(site, differences), f"exchanges and queues are as declared{bindings}")


def _differences(site: Site, differences: list[str]) -> Iterator[Finding]:
    missing = [one.removesuffix(": is missing").removesuffix(": are missing") for one in differences if _misses(one)]
    if missing:
        yield failed(f"missing: {', '.join(missing)}", APPLY)
    yield from (_difference(site, one) for one in differences if not _misses(one))


def _misses(difference: str) -> bool:
    return difference.endswith((": is missing", ": are missing"))


def _difference(site: Site, difference: str) -> Finding:
    named = _NAMED.fullmatch(difference)
    if named is None or not site.is_rabbitmq:
        return failed(difference, step="rename or delete it, then `signpost topology apply`")
    kind, name, _ = named.groups()
    server = Broker(site.settings.broker_url)
    if "another number of partitions" in difference:
        if difference.endswith(NOT_NEEDED):
            return warning(difference, server.ctl("delete_queue", name))
        return warning(difference, step="let an advisor with the earlier SIGNPOST_PARTITIONS empty it, and end that")
    delete = server.ctl("delete_queue", name) if kind == "queue" else server.delete_exchange(name)
    step = "its messages are lost: let advisors empty it, or requeue what is in it, before" if kind == "queue" else ""
    return failed(difference, then(delete, APPLY), step)


def rights(site: Site) -> Iterator[Finding]:
    """Whether the user may do the work of its role."""
    role = site.broker_role
    needs = broker_needs(role, site.settings.partitions)
    with site.broker() as found:
        lacks = [f"configure {DEAD}"] if needs.configure and not found.may_configure(DEAD) else []
        lacks += [f"read {queue}" for queue in needs.read if not found.may_read(queue)]
        lacks += [f"write {exchange}" for exchange in needs.write if not found.may_write(exchange)]
    named = "all processes" if role == ALL else f"the role {role}"
    if not lacks:
        yield ok(f"the user has the rights of {named}")
    elif not site.is_rabbitmq:
        yield failed("the file of the embedded queue cannot be written", step="give this account the file")
    else:
        server = Broker(site.settings.broker_url)
        text = f"{server.user} may not {', '.join(lacks)}, which {named} must"
        yield failed(text, server.permit(role))


def alarm(site: Site) -> Iterator[Finding]:
    """Whether the broker takes messages now. It tells only who publishes."""
    needs = broker_needs(site.broker_role, site.settings.partitions)
    try:
        with site.broker() as found:
            found.may_write(needs.write[0])
    except BrokerBlocked as error:
        step = "free memory or disk of RabbitMQ; `rabbitmq-diagnostics -q alarms` says which is full"
        yield failed(str(error), step=step)
        return
    yield ok("publishers are not blocked")


def queues(site: Site) -> Iterator[Finding]:
    """The queues that advisors consume."""
    names = advisor_queues(site.settings.partitions)
    with site.broker() as found:
        counts = {name: one for name in names if (one := found.counts(name)) is not None}
        lines = [
            *_unread(site, counts),
            *(line for name, one in counts.items() for line in _queue(site, found, name, one)),
        ]
    yield from or_ok(lines, "advisors consume every queue of events")


def _unread(site: Site, counts: Mapping[str, Counts]) -> Iterator[Finding]:
    unread = [name for name, one in counts.items() if not one.consumers]
    waiting = sum(counts[name].waiting for name in unread)
    if unread:
        make = failed if waiting else warning
        step = "" if site.is_rabbitmq else "or run `signpost up`, which starts all processes"
        yield make(f"no advisor consumes {', '.join(unread)}; {waiting} messages wait", "signpost advisor", step)


def _queue(site: Site, found: Inspection, name: str, counts: Counts) -> Iterator[Finding]:
    if counts.waiting >= FULL_SHARE * MAX_WORK_MESSAGES:
        text = f"{counts.waiting:,} of at most {MAX_WORK_MESSAGES:,} messages wait in {name}; a full queue refuses more"
        yield failed(text, "signpost advisor", "start more advisors, or find in their log why they are slow")
    elif counts.consumers:
        yield from _long(site, found, name, counts.waiting, "signpost advisor", "several share the work")


def _long(site: Site, found: Inspection, name: str, waiting: int, command: str, step: str) -> Iterator[Finding]:
    """A long queue is worth a line if it does not become shorter."""
    if waiting < site.limits.long_queue:
        return
    time.sleep(GROWTH_S)
    later = found.counts(name)
    if later is not None and later.waiting >= waiting:
        growing = "does not become shorter" if later.waiting == waiting else "grows"
        yield warning(f"{later.waiting:,} messages wait in {name}, and it {growing}", command, step)


def consumers(site: Site) -> Iterator[Finding]:
    """The queues of consumers."""
    if not site.is_rabbitmq:
        yield ok("consumers read the feed: the embedded queue has no queues for them")
        return
    rows = site.consumers
    with site.broker() as found:
        lines = [line for name, row in rows.items() for line in _consumer(site, found, name, row)]
    yield from or_ok(lines, f"{len(rows)} consumers read their queues")


def _consumer(site: Site, found: Inspection, name: str, row: ConsumerRow) -> Iterator[Finding]:
    queue = consumer_queue(name)
    counts, dead = found.counts(queue), found.counts(dead_letter_queue(name))
    if counts is None or dead is None:
        user = ["--user", row.user] if row.user else []
        binds = [word for pattern in row.patterns for word in ("--bind", pattern)]
        yield failed(
            f"a queue of consumer {name} is missing", quoted("signpost", "consumers", "add", name, *binds, *user)
        )
        return
    if not counts.consumers:
        step = f"start consumer {name}; or, if it is gone for good, `signpost consumers remove {name} --force`"
        yield warning(f"nobody reads the queue of consumer {name}, in which {counts.waiting} messages wait", step=step)
    else:
        yield from _long(site, found, queue, counts.waiting, "", f"start more processes of consumer {name}")
    if dead.waiting:
        requeue = quoted("signpost", "dead-letters", "requeue", "--consumer", name, "--all")
        step = f"`signpost consumers dead-letters {name}` says which; correct the consumer first"
        yield warning(f"consumer {name} rejected {dead.waiting} messages", requeue, step)


def dead_letters(site: Site) -> Iterator[Finding]:
    """What could not be processed, and advice that reaches nobody. The embedded queue has no consumers of advice."""
    with site.broker() as found:
        counts = {name: found.counts(name) for name in ((DEAD, UNROUTED) if site.is_rabbitmq else (DEAD,))}
    yield from or_ok(_letters({name: one.waiting for name, one in counts.items() if one}), "no dead letters")


def _letters(waiting: dict[str, int]) -> Iterator[Finding]:
    if number := waiting.get(DEAD):
        step = "`signpost dead-letters list` says why; correct the cause first, or `signpost dead-letters drop`"
        yield warning(f"{number} dead letters in {DEAD}", "signpost dead-letters requeue --all", step)
    if number := waiting.get(UNROUTED):
        step = "add a consumer with `signpost consumers add`; the feed has all advice, so what lies here can go"
        drop = "signpost dead-letters drop --unrouted --all --yes"
        yield warning(f"{number} changes of advice match no consumer's pattern ({UNROUTED})", drop, step)
