"""`signpost sources check`: checks mappings of vendors and their samples. The checks are in signpost/ingress."""

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from signpost.cli.edge import count_noun, echo, json_option, print_json, settings
from signpost.suggestions import did_you_mean

if TYPE_CHECKING:
    from signpost.case.event import Event
    from signpost.facts.vocabulary import Vocabulary
    from signpost.ingress.checking import SampleResult


class _MappingFile(click.Path):
    """A file, or the name of a vendor whose mapping is in SIGNPOST_VENDORS."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The path of the file, which exists."""
        own = settings().vendors / f"{value}.yaml"
        if not Path(value).exists() and own.is_file():
            return own
        try:
            return super().convert(value, param, ctx)
        except click.BadParameter as error:
            if Path(value).name == value and not Path(value).suffix:
                near = did_you_mean(value, [one.stem for one in own.parent.glob("*.yaml")])
                self.fail(f"no file and no vendor {value!r}{near}", param, ctx)
            near = did_you_mean(Path(value).name, [one.name for one in Path(value).parent.glob("*.yaml")])
            self.fail(f"{error.message.rstrip('.')}{near}", param, ctx)


@click.command
@click.argument("files", nargs=-1, type=_MappingFile(exists=True, dir_okay=False, path_type=Path))
@click.option("--all", "everything", is_flag=True, help="Check the shipped mappings beside FILES.")
@click.option(
    "--secret-file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="File with the secret by which the samples were signed when they were recorded.",
)
@click.option("--strict", is_flag=True, help="Count the warnings about your own mappings as problems.")
@json_option
def check(files: tuple[Path, ...], everything: bool, secret_file: Path | None, strict: bool, as_json: bool) -> None:
    """Check mapping FILES of vendors, or vendors by name, and test each on its samples. Without FILES, all are checked:
    your own in SIGNPOST_VENDORS and those shipped with Signpost. With FILES, these alone; with --all, the shipped too.

    Each problem has a file, line and column. The samples of NAME.yaml are in the folder samples/NAME/ beside it; each
    is signed, verified, translated, and compared with the events that the mapping declares for it. The events of your
    mappings are shown with their data, and warnings say what was left out, which path or condition matched nothing in
    any sample, and which recorded signature was not verified. Exit code 1 if there is a problem.

    \b
    Examples:
      signpost sources check
      signpost sources check my-vendor.yaml --json
      signpost sources check --strict
      signpost sources check my-vendor.yaml --secret-file vendor.secret
    """
    from signpost.ingress.vendors import FOLDER, own_files

    own = list(files) or own_files(settings().vendors)
    shipped = sorted(FOLDER.glob("*.yaml")) if everything or not files else []
    secret = secret_file.read_text("utf-8").strip() if secret_file else ""
    vocabulary = _vocabulary()
    found = [_check_mapping(file, vocabulary, secret) for file in own]
    found += [_check_mapping(file, vocabulary) for file in shipped]
    if as_json:
        print_json(found)
    else:
        for number, one in enumerate(found):
            _show(one, with_events=number < len(own))
    if any(one["problems"] for one in found) or (strict and any(map(_has_warnings, found[: len(own)]))):
        raise click.exceptions.Exit(1)


def _vocabulary() -> "Vocabulary":
    """The fields that the folders of SIGNPOST_RULES declare; none of one's own if a declaration has a problem."""
    from signpost.facts.vocabulary import KINDS
    from signpost.rulebook.own_fields import read_own_fields
    from signpost.yaml_files.problems import Problems

    problems = Problems()
    vocabulary = read_own_fields(settings().rules, problems)
    return KINDS if problems.found else vocabulary


def _check_mapping(file: Path, vocabulary: "Vocabulary", secret: str = "") -> dict[str, Any]:
    from signpost.ingress.checking import gaps, try_samples, unordered
    from signpost.ingress.mapping_reader import MappingError, load_mapping
    from signpost.ingress.recorded import why_unsigned
    from signpost.ingress.scope import Trace
    from signpost.ingress.unfit_words import unfit_words
    from signpost.ingress.unmatched import unmatched
    from signpost.ingress.vendors import FOLDER, VENDORS

    name = "" if file.resolve().parent == FOLDER else VENDORS.name_problem(file.name)
    named = [f"{file.name}: {name}"] if name else []
    try:
        vendor = load_mapping(file)
    except MappingError as error:
        problems = [*named, *map(str, error.problems)]
        return {
            "vendor": file.stem,
            "samples": [],
            "problems": problems,
            "untried": [],
            "unmatched": [],
            "unsigned": "",
        }
    trace = Trace()
    tried = try_samples(vendor, time.time_ns() // 1000, secret, trace, vocabulary)
    problems = [
        f"{one.sample.position or file.name}: the sample {one.sample.name} {one.problem}"
        for one in tried
        if one.problem
    ]
    problems += [*(f"{file.name}:{problem}" for problem in unordered(vendor)), *unfit_words(vendor, vocabulary)]
    return {
        "vendor": vendor.name,
        "samples": [_to_sample(one) for one in tried],
        "problems": named + problems,
        "untried": list(gaps(vendor)),
        "unmatched": list(unmatched(vendor, trace)),
        "unsigned": why_unsigned(vendor) if tried and all(one.is_verified is None for one in tried) else "",
    }


def _to_sample(result: "SampleResult") -> dict[str, Any]:
    return {
        "sample": result.sample.name,
        "attested": result.sample.attested,
        "gives": list(result.gave),
        "events": [_to_document(event) for event in result.events],
        "problem": result.problem,
        "warnings": list(result.warnings),
        "verified": result.is_verified,
    }


def _to_document(event: "Event") -> dict[str, Any]:
    from signpost.case.instant import format_instant

    return {"type": event.type, "subject": event.subject, "time": format_instant(event.time), "data": event.data}


def _has_warnings(one: dict[str, Any]) -> bool:
    return bool(one["unmatched"] or one["unsigned"] or any(sample["warnings"] for sample in one["samples"]))


def _show(one: dict[str, Any], with_events: bool) -> None:
    for problem in one["problems"]:
        echo(problem)
    untried = f"; no sample for {', '.join(one['untried'])}" if one["untried"] else ""
    verdict = "invalid" if one["problems"] else "valid"
    echo(f"{one['vendor']}: {verdict}, {count_noun(len(one['samples']), 'sample')} tested{untried}")
    if not with_events:
        return
    for sample in one["samples"]:
        for event in sample["events"]:
            data = json.dumps(event["data"], ensure_ascii=False)
            echo(f"  {sample['sample']}: {event['type']} of {event['subject']} at {event['time']} {data}")
        if sample["verified"]:
            echo(f"  {sample['sample']}: its recorded signature fits")
        for warning in sample["warnings"]:
            echo(f"  {sample['sample']}: warning: {warning}")
    for unmatched in one["unmatched"]:
        echo(f"  warning: {unmatched}")
    if one["unsigned"]:
        echo(f"  warning: {one['unsigned']}")
