"""Excerpts of rule files, as written by the author."""

from collections.abc import Mapping
from pathlib import Path
from textwrap import dedent

import yaml


def excerpts(file: Path) -> dict[str, Mapping[str, str]]:
    """Rule id -> key -> the text of its value as the file has it, indentation removed. The file must be valid."""
    text = file.read_text("utf-8")
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    assert isinstance(root, yaml.MappingNode)
    return {key.value: {name.value: _source(text, value) for name, value in rule.value} for key, rule in root.value}


def _source(text: str, node: yaml.Node) -> str:
    start, end = node.start_mark, node.end_mark
    return dedent(" " * start.column + text[start.index : end.index]).strip()
