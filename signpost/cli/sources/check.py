"""`signpost sources check`."""

import time
from pathlib import Path
from typing import Any

import click

from signpost.cli.edge import counted, json_option, print_json


@click.command
@click.argument("files", nargs=-1, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--all", "everything", is_flag=True, help="Check the mappings that come with Signpost, too.")
@json_option
def check(files: tuple[Path, ...], everything: bool, as_json: bool) -> None:
    """Check vendors' mapping FILES, and try each on its samples; without FILES, those that come with Signpost.

    A problem has its file, line and column. The samples of a mapping NAME.yaml lie in samples/NAME/ beside it; each is
    signed, sent through verification and reading, and compared with what the mapping says that it gives.

    \b
    Examples:
      signpost sources check
      signpost sources check my-vendor.yaml --json
    """
    from signpost.ingress.vendors import FOLDER

    chosen = [*files, *(sorted(FOLDER.glob("*.yaml")) if everything or not files else ())]
    found = [_checked(file) for file in chosen]
    if as_json:
        print_json(found)
    else:
        for one in found:
            _show(one)
    if any(one["problems"] for one in found):
        raise click.exceptions.Exit(1)


def _checked(file: Path) -> dict[str, Any]:
    from signpost.ingress.checking import gaps, try_samples
    from signpost.ingress.mapping_reader import MappingError, load_mapping

    try:
        vendor = load_mapping(file)
    except MappingError as error:
        return {"vendor": file.stem, "samples": [], "problems": list(map(str, error.problems)), "untried": []}
    tried = try_samples(vendor, time.time_ns() // 1000)
    samples = [
        {"sample": one.sample.name, "attested": one.sample.attested, "gives": list(one.gave), "problem": one.problem}
        for one in tried
    ]
    problems = [f"{file.name}: the sample {one.sample.name} {one.problem}" for one in tried if one.problem]
    return {"vendor": vendor.name, "samples": samples, "problems": problems, "untried": list(gaps(vendor))}


def _show(one: dict[str, Any]) -> None:
    for problem in one["problems"]:
        click.echo(problem)
    untried = f"; no sample of {', '.join(one['untried'])}" if one["untried"] else ""
    verdict = "not in order" if one["problems"] else "in order"
    click.echo(f"{one['vendor']}: {verdict}, {counted(len(one['samples']), 'sample')} tried{untried}")
