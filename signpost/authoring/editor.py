"""The JSON Schemas that editors check rule files and timelines with, written beside the rules."""

import json
from pathlib import Path

from signpost.authoring.timelines.schema import timeline_file_schema
from signpost.rulebook.schema import rule_file_schema
from signpost.rulebook.schema_values import JsonSchema
from signpost.rulebook.sources import FILE, read_sources
from signpost.yaml_files.problems import Problems
from signpost.yaml_files.reader import read

RULE_SCHEMA, TIMELINE_SCHEMA = "rulebook.schema.json", "timelines.schema.json"


def editor_schemas(folder: Path) -> dict[str, JsonSchema]:
    """File name -> schema, for the rulebook in a folder, whose articles and norms its rules can name."""
    problems = Problems()
    sources = read_sources(read(folder / FILE, FILE, problems) if (folder / FILE).is_file() else None, problems)
    return {RULE_SCHEMA: rule_file_schema(sources), TIMELINE_SCHEMA: timeline_file_schema()}


def write_schemas(folder: Path) -> list[Path]:
    """Write both into the folder; returns the files."""
    found = editor_schemas(folder)
    for name, schema in found.items():
        (folder / name).write_text(json.dumps(schema, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return [folder / name for name in found]
