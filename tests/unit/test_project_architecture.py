"""docs/architecture.md describes the code as it is: its paths exist, its layers are the contract's."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MAP = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
NAMED = re.findall(r"`([\w./-]+)`", MAP)
TOPS = ("signpost/", "services/", "workers", "schemas", "rules/", "tests/", "examples/", "docs/", "deploy/")
PATHS = sorted({name for name in NAMED if name.startswith(TOPS) or name.endswith((".py", ".yml", ".toml", ".yaml"))})


def section(heading: str) -> str:
    """The text below a heading of the second level."""
    return MAP.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]


def layers() -> list[str]:
    """The layers of the contract in pyproject.toml, the outermost first."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"][
        "contracts"
    ]
    [lines] = [contract["layers"] for contract in contracts if contract["type"] == "layers"]
    return [layer.strip(" ()") for line in lines for layer in line.split("|")]


def test_the_map_names_enough_to_be_a_map() -> None:
    assert len(PATHS) > 60


@pytest.mark.parametrize("path", PATHS)
def test_every_path_of_the_map_exists(path: str) -> None:
    assert (ROOT / path).exists()


def test_the_layers_of_the_map_are_those_of_the_contract_in_its_order() -> None:
    listed = re.findall(r"^\| `(\w+)` \|", section("Layers"), re.MULTILINE)
    assert listed == layers(), "put the layers of pyproject.toml into the table of docs/architecture.md, in their order"


def test_the_steps_of_one_event_are_numbered_without_a_gap() -> None:
    steps = re.findall(r"^(\d+)\. ", section("One event, file by file"), re.MULTILINE)
    assert steps == [str(number) for number in range(1, len(steps) + 1)]


def test_the_glossary_defines_at_least_twenty_terms_in_order() -> None:
    terms = re.findall(r"^\| ([a-z][a-z ]*) \|", section("Glossary"), re.MULTILINE)[1:]
    assert len(terms) >= 20
    assert terms == sorted(terms)
