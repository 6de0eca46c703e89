"""`signpost sources new-vendor`: writes a first mapping for a recorded webhook."""

import tempfile
import time
from pathlib import Path
from typing import Any

import click

from signpost.cli.edge import echo, json_option, print_json, settings
from signpost.cli.sources.vendors import load_vendors
from signpost.errors import CallerError


class CannotWrite(CallerError):
    """The sample cannot be used, or the mapping is there already."""


@click.command("new-vendor")
@click.argument("name")
@click.option(
    "--from",
    "sample",
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="File with the body of a recorded webhook, byte for byte.",
)
@click.option("--header", "headers", multiple=True, help="A header of the request, NAME: VALUE; repeat for more.")
@json_option
def new_vendor(name: str, sample: Path, headers: tuple[str, ...], as_json: bool) -> None:
    """Write a first mapping for the vendor NAME into SIGNPOST_VENDORS, from a recorded webhook.

    It is a start: it guesses what the members mean, and its comments say what you have to fill in.

    \b
    Examples:
      signpost sources new-vendor huntflow --from offer.json
      signpost sources new-vendor huntflow --from offer.json --header "X-Huntflow-Signature: 3b1f..."
    """
    folder = settings().vendors
    file, copy = folder / f"{name}.yaml", folder / "samples" / name / f"{sample.stem}.json"
    if problem := load_vendors().name_problem(f"{name}.yaml"):
        raise CannotWrite(problem.replace("rename the file", "choose another name"))
    if taken := [one for one in (file, copy) if one.exists()]:
        names = " and ".join(map(str, taken))
        raise CannotWrite(f"{names}: there already, and not replaced; remove it, or choose another name")
    raw, sent = sample.read_bytes(), dict(_header(one) for one in headers)
    text, gives = make_mapping(name, copy.name, raw, sent)
    try:
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(raw)
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise CannotWrite(f"{folder} cannot be written: {error.strerror}; set SIGNPOST_VENDORS to a folder") from None
    if as_json:
        print_json({"vendor": name, "mapping": str(file), "sample": str(copy), "gives": gives})
        return
    echo(f"Wrote {file} and {copy}.\nIt gives: {', '.join(gives) or 'no event yet'}.\n")
    if not gives:
        echo("Its event is in `ignored`, where the mapping says why: under `events`, say what it means and whom it is")
        echo("about, as docs/vendors.md shows.\n")
    echo(f"Next: correct the lines with FILL IN, then\n  signpost sources check {file}")
    echo(f"  signpost sources add NAME --vendor {name} --secret-file FILE")


def _header(text: str) -> tuple[str, str]:
    name, colon, value = text.partition(":")
    if not colon or not name.strip() or not text.isprintable():
        raise click.BadParameter(f"{text!r} is not NAME: VALUE", param_hint="--header")
    return name.strip(), value.strip()


def make_mapping(name: str, file: str, raw: bytes, headers: dict[str, str]) -> tuple[str, list[str]]:
    """The text of the mapping and the types of its events. Raises CannotWrite for a body of no objects."""
    from signpost.ingress.first_mapping import first_mapping
    from signpost.ingress.strict_json import loads_of_others

    try:
        body: Any = loads_of_others(raw)
    except CallerError as error:
        raise CannotWrite(f"the sample is no body of a webhook: {error}") from None
    items = body if isinstance(body, list) else [body]
    if not items or not all(isinstance(item, dict) and item for item in items):
        raise CannotWrite(f"the sample {file} must be a JSON object with members, or an array of such objects")
    text = first_mapping(name, file, body, headers)
    gives = _try(name, file, raw, text)
    if gives is None:
        text = first_mapping(name, file, body, headers, emits=False)
        gives = _try(name, file, raw, text)
    if gives is None:
        raise CannotWrite("no mapping could be written for this sample; docs/vendors.md has an example to start from")
    return text, gives


def _try(name: str, file: str, raw: bytes, text: str) -> list[str] | None:
    """The types of the events that a mapping gives for its sample; None if `sources check` would not accept it."""
    from signpost.ingress.checking import try_samples, unordered
    from signpost.ingress.mapping_reader import load_mapping

    with tempfile.TemporaryDirectory(prefix="signpost-") as place:
        folder = Path(place)
        (folder / "samples" / name).mkdir(parents=True)
        (folder / "samples" / name / file).write_bytes(raw)
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
        try:
            vendor = load_mapping(folder / f"{name}.yaml")
            tried = try_samples(vendor, time.time_ns() // 1000)
        except CallerError:
            return None
        return None if any(one.problem for one in tried) or any(unordered(vendor)) else list(tried[0].gave)
