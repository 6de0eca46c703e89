"""Reads a text without facts: the names in it, its problems, and its cost."""

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import TypeAlias

from jinja2 import TemplateError, TemplateSyntaxError, nodes

from signpost.rulebook.budget import TextTooLarge, cost_of
from signpost.rulebook.shapes import Shape
from signpost.rulebook.text_checker import Finding, TextChecker
from signpost.rulebook.texts import ENVIRONMENT

MAX_SOURCE_CHARS = 20_000
MAX_DEPTH = 60
"""Levels of a text's syntax tree; each `+` of a sum is one."""
_TOO_DEEP = TextTooLarge("the text is nested too deeply", "use fewer brackets, operators and nested branches")
_UNKNOWN_TAG = re.compile(r"unknown tag '(\w+)'")
Variables: TypeAlias = frozenset[tuple[str, Shape]]
"""The variables of a text, as a set that keeps its hash: one serves all texts of a rule."""


@lru_cache(maxsize=4096)
def names_in(source: str) -> frozenset[str]:
    """The names in a text: `salary`, `candidate`, `candidate.salary_target`, and the variables that it sets; none
    if it cannot be parsed."""
    try:
        tree = _parse(source)
    except (TemplateError, TextTooLarge):
        return frozenset()
    return frozenset(filter(None, map(_name_of, tree.find_all((nodes.Name, nodes.Getattr, nodes.Getitem)))))


@lru_cache(maxsize=4096)
def variables_in(source: str) -> frozenset[tuple[str, str]]:
    """The names in a text with the part that it reads: ("candidate", "salary_target"), ("salary", ""); an empty part
    means all. None if the text cannot be parsed."""
    if "{" not in source:
        return frozenset()
    try:
        tree = _parse(source)
    except (TemplateError, TextTooLarge):
        return frozenset()
    parts = [node for node in tree.find_all((nodes.Getattr, nodes.Getitem)) if _name_of(node)]
    read = {id(next(node.iter_child_nodes())) for node in parts}
    found = [name.partition(".") for name in map(_name_of, parts) if name]
    whole = [name.name for name in tree.find_all(nodes.Name) if id(name) not in read]
    return frozenset([*((first, last) for first, _, last in found), *((name, "") for name in whole)])


def _name_of(node: nodes.Expr) -> str | None:
    if isinstance(node, nodes.Name):
        return node.name
    if not isinstance(node, nodes.Getattr | nodes.Getitem) or not isinstance(node.node, nodes.Name):
        return None
    key = node.attr if isinstance(node, nodes.Getattr) else getattr(node.arg, "value", None)
    return f"{node.node.name}.{key}" if isinstance(key, str) else None


@lru_cache(maxsize=4096)
def find_text_problems(source: str, variables: Variables, attached: str | None = None) -> tuple[Finding, ...]:
    """The problems of a text with these variables. `attached`: the variable that is as long as a document.

    Cached: a rulebook is loaded once for each set of parameters, with the same texts.
    """
    try:
        tree = _parse(source)
    except TemplateSyntaxError as error:
        hint = _syntax_hint(source, error.message or "", dict(variables))
        return (("R040", f"line {error.lineno} of the text: {error.message}", hint),)
    except TextTooLarge as error:
        return (("R046", error.message, error.suggestion),)
    checker = TextChecker()
    checker.statements(tree.body, dict(variables))
    if checker.found:
        return tuple(dict.fromkeys(checker.found))
    try:
        cost_of_text(source, variables, attached)
    except TextTooLarge as error:
        return (("R046", error.message, error.suggestion),)
    return tuple(_find_compile_problems(source)) if checker.can_fail_to_compile else ()


def _syntax_hint(source: str, message: str, variables: Mapping[str, Shape]) -> str:
    """What to write for a text that Jinja refuses; "" if that cannot be told."""
    if (tag := _UNKNOWN_TAG.search(message)) and tag[1] in variables:
        return f"write {{{{ {tag[1]} }}}}"
    if "{{{" in source:
        return "write {{ with two braces"
    balanced = all(source.count(begin) == source.count(end) for begin, end in (("{{", "}}"), ("{%", "%}")))
    return "" if balanced else "close {{ with }}, and {% with %}"


@lru_cache(maxsize=4096)
def cost_of_text(source: str, variables: Variables, attached: str | None) -> int:
    """The steps to render a text without problems; see `budget`. Raises TextTooLarge."""
    return cost_of(_parse(source), dict(variables), attached)


@lru_cache(maxsize=64)
def _parse(source: str) -> nodes.Template:
    """The syntax tree, not to be changed. Raises TextTooLarge before anything recurses too deeply, TemplateSyntaxError.

    Cached: the checks of a rule parse each of its texts. Small, because trees take much memory.
    """
    if len(source) > MAX_SOURCE_CHARS:
        raise TextTooLarge(f"the text is longer than {MAX_SOURCE_CHARS} characters", "split it, or shorten it")
    try:
        tree = ENVIRONMENT.parse(source)
    except RecursionError:
        raise _TOO_DEEP from None
    except ValueError:  # of int()
        raise TextTooLarge("a number in the text has too many digits", "write fewer digits") from None
    level: list[nodes.Node] = [tree]
    for _ in range(MAX_DEPTH):
        level = [child for node in level for child in node.iter_child_nodes()]
    if level:
        raise _TOO_DEEP
    return tree


def _find_compile_problems(source: str) -> Iterator[Finding]:
    """Problems that only compiling shows, such as an unknown test. Compiling calculates what is constant, so the text
    must be within its budget."""
    try:
        ENVIRONMENT.compile(source)
    except TemplateError as error:
        yield ("R040", str(error), "")
