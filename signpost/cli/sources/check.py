"""`signpost sources check`: checks mappings of vendors and their samples. The checks are in signpost/ingress."""

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from signpost.cli.edge import count_noun, echo, json_option, print_json

if TYPE_CHECKING:
    from signpost.case.event import Event


@click.command
@click.argument("files", nargs=-1, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--all", "everything", is_flag=True, help="Also check the mappings shipped with Signpost.")
@json_option
def check(files: tuple[Path, ...], everything: bool, as_json: bool) -> None:
    """Check mapping FILES of vendors and test each on its samples; without FILES, the shipped mappings.

    Each problem has a file, line and column. The samples of NAME.yaml are in the folder samples/NAME/ beside it; each
    is signed, verified, translated, and compared with the events that the mapping declares for it. The events of FILES
    are shown with their data: compare them with the sample, because a wrong path only leaves a field out.

    \b
    Examples:
      signpost sources check
      signpost sources check my-vendor.yaml --json
    """
    from signpost.ingress.vendors import FOLDER

    chosen = [*files, *(sorted(FOLDER.glob("*.yaml")) if everything or not files else ())]
    found = [_check_mapping(file) for file in chosen]
    if as_json:
        print_json(found)
    else:
        for one in found:
            _show(one, with_events=bool(files))
    if any(one["problems"] for one in found):
        raise click.exceptions.Exit(1)


def _check_mapping(file: Path) -> dict[str, Any]:
    from signpost.ingress.checking import gaps, try_samples, unordered
    from signpost.ingress.mapping_reader import MappingError, load_mapping

    try:
        vendor = load_mapping(file)
    except MappingError as error:
        return {"vendor": file.stem, "samples": [], "problems": list(map(str, error.problems)), "untried": []}
    tried = try_samples(vendor, time.time_ns() // 1000)
    samples = [
        {
            "sample": one.sample.name,
            "attested": one.sample.attested,
            "gives": list(one.gave),
            "events": [_to_document(event) for event in one.events],
            "problem": one.problem,
        }
        for one in tried
    ]
    problems = [f"{file.name}: the sample {one.sample.name} {one.problem}" for one in tried if one.problem]
    problems += [f"{file.name}: {problem}" for problem in unordered(vendor)]
    return {"vendor": vendor.name, "samples": samples, "problems": problems, "untried": list(gaps(vendor))}


def _to_document(event: "Event") -> dict[str, Any]:
    from signpost.case.instant import format_instant

    return {"type": event.type, "subject": event.subject, "time": format_instant(event.time), "data": event.data}


def _show(one: dict[str, Any], with_events: bool) -> None:
    for problem in one["problems"]:
        echo(problem)
    untried = f"; no sample for {', '.join(one['untried'])}" if one["untried"] else ""
    verdict = "invalid" if one["problems"] else "valid"
    echo(f"{one['vendor']}: {verdict}, {count_noun(len(one['samples']), 'sample')} tested{untried}")
    for sample in one["samples"] if with_events else ():
        for event in sample["events"]:
            data = json.dumps(event["data"], ensure_ascii=False)
            echo(f"  {sample['sample']}: {event['type']} of {event['subject']} at {event['time']} {data}")
