"""`signpost trace`: prints the life of one event or webhook. It is read in signpost/doctor."""

from typing import Any

import click

from signpost.cli.edge import echo, json_option, no_tenant, print_json, print_table, settings

UNITS = ((86_400, "d"), (3_600, "h"), (60, "min"))


@click.command
@click.argument("id", metavar="ID")
@click.option("--tenant", default="", help="Only of this tenant; default: of all.")
@click.option("--source", default="", help="Source of the event, if several have one of this id.")
@click.option(
    "--last", "-n", type=click.IntRange(1, 500), default=20, show_default=True, help="Events of a candidate at most."
)
@json_option
def trace(id: str, tenant: str, source: str, last: int, as_json: bool) -> None:
    """Show the life of a webhook, event, recommendation or candidate: each step with its time, and what it waits for.

    ID is that of a delivery (dlv_...), an event, a recommendation (rec_...), or the subject of a candidate's events.
    It reads database and broker and changes neither; run it where the settings of the processes apply, as `signpost
    doctor`. It prints ids, no content. Exit code 2 if nothing of the id is stored.

    \b
    Examples:
      signpost trace dlv_4f6d0c1a2b3e4d5f60718293
      signpost trace 7d1c --tenant acme --source greenhouse/acme-greenhouse
      signpost trace c-1042 --json
    """
    from signpost.doctor import Site
    from signpost.doctor.trace import NotFound, Tracer

    site = Site(settings())
    try:
        found = Tracer(site, tenant, source, last).trace(id)
    except NotFound as absent:
        raise NotFound((tenant and no_tenant(tenant)) or str(absent)) from None
    finally:
        site.close()
    if as_json:
        print_json(found)
        return
    for number, life in enumerate(found["lives"]):
        if number:
            echo()
        _show(life)


def _show(life: dict[str, Any]) -> None:
    echo(f"{life['kind']} {life['id']}" + (f" of tenant {life['tenant']}" if life["tenant"] else ""))
    print_table(("time (UTC)", "after", "step", "what"), map(_row, life["steps"]))
    for title, texts in (("waits for", life["waits_for"]), ("not known", life["not_known"])):
        for text in dict.fromkeys(texts):
            echo(f"{click.style(title, bold=True)}  {text}")


def _row(step: dict[str, Any]) -> tuple[str, str, str, str]:
    at = (step["at"] or "").replace("T", " ").removesuffix("Z")[:23]
    return at, duration(step["after_s"]), step["step"], step["text"]


def duration(seconds: float | None) -> str:
    """A time between two steps: `+12 ms`, `+3.4 s`, `+2 d 3 h`."""
    if seconds is None:
        return ""
    if seconds < 1:
        return f"+{seconds * 1000:.0f} ms"
    if seconds < UNITS[-1][0]:
        return f"+{seconds:.1f} s"
    parts, left = [], int(seconds)
    for size, unit in UNITS:
        if left >= size:
            parts.append(f"{left // size} {unit}")
            left %= size
    return "+" + " ".join(parts[:2])
