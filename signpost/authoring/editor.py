"""The JSON Schemas that editors check rule files, own fields and timelines with, written beside the rules."""

import json
from pathlib import Path

from signpost.authoring.timelines.schema import timeline_file_schema
from signpost.rulebook.acts import read_acts
from signpost.rulebook.folders import Folders, folders_of, name_of
from signpost.rulebook.own_fields import field_file_schema, read_own_fields
from signpost.rulebook.rulebook import RulebookError
from signpost.rulebook.schema import rule_file_schema
from signpost.rulebook.schema_values import JsonSchema
from signpost.rulebook.sources import FILE, Sources, read_sources
from signpost.yaml_files.problems import Problems, in_folder
from signpost.yaml_files.reader import read

RULE_SCHEMA, TIMELINE_SCHEMA, FIELD_SCHEMA = "rulebook.schema.json", "timelines.schema.json", "fields.schema.json"


def editor_schemas(folders: Folders) -> dict[str, JsonSchema]:
    """File name -> schema, for the rulebook in one folder or several: with the articles, norms and acts that its rules
    can name, and the fields that it declares.

    Raises RulebookError with all problems of the files that declare them.
    """
    problems = Problems()
    vocabulary, acts = read_own_fields(folders, problems), read_acts(folders, problems)
    sources = sources_in(folders, problems)
    if problems.found:
        raise RulebookError(in_folder(problems.found, folders_of(folders)[0]))
    return {
        RULE_SCHEMA: rule_file_schema(sources, vocabulary, acts),
        TIMELINE_SCHEMA: timeline_file_schema(),
        FIELD_SCHEMA: field_file_schema(),
    }


def sources_in(folders: Folders, problems: Problems) -> Sources:
    """The articles and norms of all folders; of a faulty file, what can be read. Adds all problems to `problems`."""
    sources = Sources()
    for file in (folder / FILE for folder in folders_of(folders)):
        if file.is_file():
            read_sources(read(file, name_of(file, folders), problems), problems, sources)
    return sources


def write_schemas(folders: Folders) -> list[Path]:
    """Write all into the last folder; returns the files."""
    found, folder = editor_schemas(folders), folders_of(folders)[-1]
    for name, schema in found.items():
        (folder / name).write_text(json.dumps(schema, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return [folder / name for name in found]
