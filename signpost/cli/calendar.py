"""`signpost calendar`: prints a candidate's calendar, and manages the links by which calendar programs read it."""

from urllib.parse import quote

import click

from signpost.cli.edge import echo, json_option, print_json, settings


@click.command
@click.argument("candidate")
@click.option("--link", is_flag=True, help="Create a link that a calendar program can subscribe to.")
@click.option("--expires", metavar="INSTANT", help="When the new link ends, like 2026-12-31T00:00:00Z; default: never.")
@click.option("--links", is_flag=True, help="List the links.")
@click.option("--revoke", metavar="LINK", help="Revoke the link with this id.")
@json_option
def calendar(candidate: str, link: bool, expires: str | None, links: bool, revoke: str | None, as_json: bool) -> None:
    """Print the calendar of a candidate as iCalendar: answer deadlines, notice dates, interviews and due advice.

    Whoever has a link can read this calendar, so give it to the candidate only. It is shown once.

    \b
    Examples:
      signpost calendar maria > maria.ics
      signpost calendar maria --link
      signpost calendar maria --links
      signpost calendar maria --revoke cal_0728e1e28af2bfd646157b8f
    """
    from signpost.cli.client import open_client, request_json, request_text

    if link + links + (revoke is not None) > 1:
        raise click.UsageError("--link, --links and --revoke exclude each other")
    if expires is not None and not link:
        raise click.UsageError("--expires needs --link")
    base = f"/v1/candidates/{quote(candidate, safe='')}"
    with open_client(settings()) as client:
        if link:
            made = request_json(client, "POST", f"{base}/calendar-links", json={"expires": expires})
            print_json(made) if as_json else echo(f"{made['url']}\n{_line(made)}")
        elif links:
            found = request_json(client, "GET", f"{base}/calendar-links")["items"]
            print_json(found) if as_json else echo("\n".join(map(_line, found)) or f"{candidate} has no links")
        elif revoke is not None:
            request_text(client, "DELETE", f"{base}/calendar-links/{quote(revoke, safe='')}")
            print_json({"revoked": revoke}) if as_json else echo(f"revoked {revoke}")
        else:
            text = request_text(client, "GET", f"{base}/calendar.ics")
            print_json({"calendar": text}) if as_json else click.echo(text.encode(), nl=False)


def _line(link: dict[str, str | None]) -> str:
    return f"{link['id']}  created {link['created']}, expires {link['expires'] or 'never'}"
