"""`signpost endpoints`: where webhooks are posted to. Works on the database of the settings, for all tenants."""

import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

import click

from signpost.cli.edge import echo, json_option, parse_age, print_json, print_table, settings, warn_of_tenants
from signpost.errors import TransientError

if TYPE_CHECKING:
    from signpost.outgoing.desk import EndpointDesk
    from signpost.storage import Store

TEST_WAIT_S: Final = 30.0
POLL_S: Final = 0.25


class NotSent(TransientError):
    """No deliverer has sent the test message."""


@click.group
def endpoints() -> None:
    """Add, list, test and repair endpoints of webhooks."""


@endpoints.command
@click.argument("url")
@click.option("--bind", "patterns", multiple=True, required=True, help="Pattern of the messages to post; repeatable.")
@click.option("--every-change", is_flag=True, help="Post also what is outdated before it could be delivered.")
@json_option
def add(url: str, patterns: tuple[str, ...], every_change: bool, as_json: bool) -> None:
    """Post recommendations and agendas to a URL from now on, and show the secret that signs them.

    Patterns match TENANT.AUDIENCE.TOPIC.PRIORITY.CHANGE as in `signpost consumers add`; with `agenda:` before it, a
    pattern matches agendas, TENANT.AUDIENCE.PRIORITY; with `questions:`, the questions to candidates. All begin with
    the same tenant.

    \b
    Examples:
      signpost endpoints add https://hooks.acme.example/signpost --bind 'acme.candidate.#'
      signpost endpoints add https://hooks.acme.example/agenda --bind 'agenda:acme.candidate.#'
    """
    from signpost.outgoing.registry import tenant_of

    with _store() as store:
        made = _desk(store, tenant_of(patterns)).add(url, patterns, every_change=every_change, now=_now())
    warn_of_tenants(patterns)
    if as_json:
        print_json(made)
        return
    echo(f"Endpoint {made['id']} gets what changes from now on: {', '.join(patterns)}")
    echo(f"Its secret, which is not shown again: {made['secret']}")
    echo(f"`signpost endpoints test {made['id']}` sends a test message; docs/consuming.md shows how to verify it.")


@endpoints.command("list")
@click.option("--tenant", help="Only of this tenant.")
@json_option
def list_(tenant: str | None, as_json: bool) -> None:
    """List endpoints with their state and what waits for them."""
    from signpost.outgoing.documents import endpoint_document

    with _store() as store:
        now, counts = _now(), store.endpoints.counts(_now(), tenant)
        rows = [
            {"tenant": row.tenant, **endpoint_document(row, counts.get(row.id), now)}
            for row in store.endpoints.all(tenant)
        ]
    if as_json:
        print_json(rows)
        return
    columns = ("endpoint", "tenant", "state", "waiting", "set aside", "last success", "url", "bind")
    print_table(columns, map(_row, rows))
    for row in rows:
        if row["state"] == "disabled":
            echo(f"{row['id']} is disabled: {row['reason']}; `signpost endpoints enable {row['id']}` enables it")


@endpoints.command
@click.argument("endpoint")
@json_option
def show(endpoint: str, as_json: bool) -> None:
    """Show one endpoint."""
    with _desk_of(endpoint) as desk:
        _show(desk.show(endpoint, _now()), as_json)


@endpoints.command
@click.argument("endpoint")
@click.option("--message", help="Only of this message, by its webhook-id.")
@click.option("--last", "-n", type=click.IntRange(1, 500), default=50, show_default=True, help="How many.")
@json_option
def attempts(endpoint: str, message: str | None, last: int, as_json: bool) -> None:
    """List the latest attempts, with status and beginning of each response."""
    with _desk_of(endpoint) as desk:
        found = desk.attempts(endpoint, before=None, limit=last, message=message)["items"]
    if as_json:
        print_json(found)
        return
    columns = ("at", "message", "attempt", "outcome", "status", "ms", "detail", "response")
    print_table(columns, map(_attempt_row, found))


@endpoints.command
@click.argument("endpoint")
@json_option
def test(endpoint: str, as_json: bool) -> None:
    """Send a test message, also to a disabled endpoint, and show what the receiver answers."""
    with _desk_of(endpoint) as desk:
        found = _wait_for_attempt(desk, endpoint, desk.test(endpoint, _now()))
    if as_json:
        print_json(found)
    else:
        status = "" if found["status"] is None else f" with {found['status']}"
        answer = found["detail"] or found["response"] or "taken"
        echo(f"{found['outcome']}{status} in {found['duration_ms']} ms: {answer}")
    if found["outcome"] != "delivered":
        raise SystemExit(1)


@endpoints.command
@click.argument("endpoint")
@click.option("--candidate", help="Only of this candidate.")
@json_option
def replay(endpoint: str, candidate: str | None, as_json: bool) -> None:
    """Send today's state again: active recommendations, the agendas that it has had, and what was set aside."""
    with _desk_of(endpoint) as desk:
        number, is_enabled = desk.replay(endpoint, _now(), candidate), desk.row(endpoint).enabled
    if as_json:
        print_json({"messages": number})
    else:
        when = "" if is_enabled else f" once it is enabled: `signpost endpoints enable {endpoint}`"
        echo(f"{number} messages are sent again{when or '.'}")


@endpoints.command
@click.argument("endpoint")
@click.option("--overlap", default="24h", show_default=True, help="For how long both secrets sign, like 36h or 7d.")
@json_option
def rotate(endpoint: str, overlap: str, as_json: bool) -> None:
    """Sign with a new secret; until the overlap ends, the previous one signs as well."""
    with _desk_of(endpoint) as desk:
        made = desk.rotate(endpoint, _now(), parse_age(overlap, "--overlap"))
    if as_json:
        print_json(made)
        return
    echo(f"The new secret of {endpoint}, which is not shown again: {made['secret']}")
    echo(f"Messages have both signatures until {made['previous_until']}.")


@endpoints.command
@click.argument("endpoint")
@json_option
def enable(endpoint: str, as_json: bool) -> None:
    """Enable an endpoint: it gets today's state, and nothing of what came and went meanwhile."""
    with _desk_of(endpoint) as desk:
        _show(desk.enable(endpoint, _now()), as_json)


@endpoints.command
@click.argument("endpoint")
@json_option
def disable(endpoint: str, as_json: bool) -> None:
    """Send nothing to an endpoint until it is enabled."""
    with _desk_of(endpoint) as desk:
        _show(desk.disable(endpoint, _now()), as_json)


@endpoints.command
@click.argument("endpoint")
def remove(endpoint: str) -> None:
    """Delete an endpoint and all that is stored for it."""
    with _desk_of(endpoint) as desk:
        desk.remove(endpoint)
    echo(f"Endpoint {endpoint} is removed.")


def _now() -> int:
    return time.time_ns() // 1000


@contextmanager
def _store() -> "Iterator[Store]":
    from signpost.storage import open_store, require_tables

    with open_store(settings().database_url, name="signpost endpoints") as store:
        require_tables(store)
        yield store


@contextmanager
def _desk_of(endpoint: str) -> "Iterator[EndpointDesk]":
    """The desk of the tenant of an endpoint. Raises NoEndpoint."""
    from signpost.outgoing.registry import NoEndpoint

    with _store() as store:
        row = store.endpoints.find(endpoint)
        if row is None:
            raise NoEndpoint(f"no endpoint {endpoint!r}; `signpost endpoints list` shows all endpoints")
        yield _desk(store, row.tenant)


def _desk(store: "Store", tenant: str) -> "EndpointDesk":
    from signpost.outgoing.addresses import parse_networks
    from signpost.outgoing.desk import EndpointDesk

    return EndpointDesk(store, tenant, parse_networks(settings().endpoint_networks), secrets.token_bytes)


def _wait_for_attempt(desk: "EndpointDesk", endpoint: str, message: str) -> dict[str, Any]:
    end = time.monotonic() + TEST_WAIT_S
    while time.monotonic() < end:
        if found := desk.attempts(endpoint, before=None, limit=1, message=message)["items"]:
            return dict(found[0])
        time.sleep(POLL_S)
    raise NotSent(f"no deliverer has sent it within {TEST_WAIT_S:g} s; check that `signpost deliverer` runs")


def _row(one: dict[str, Any]) -> tuple[str, ...]:
    numbers = (str(one["waiting"]), str(one["set_aside"]))
    last = one["last_success"] or ""
    return one["id"], one["tenant"], one["state"], *numbers, last, one["url"], ", ".join(one["patterns"])


def _attempt_row(one: dict[str, Any]) -> tuple[str, ...]:
    status = "" if one["status"] is None else str(one["status"])
    response = " ".join(one["response"].split())[:60]
    return (
        one["at"], one["message"], str(one["number"]), one["outcome"], status, str(one["duration_ms"]), one["detail"],
        response,
    )  # fmt: skip


def _show(one: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print_json(one)
        return
    for name, value in one.items():
        if value not in (None, ""):
            shown = ", ".join(value) if isinstance(value, list) else value
            echo(f"{name.replace('_', ' '):<14} {shown}")
