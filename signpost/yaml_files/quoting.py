"""Suggestions for unquoted texts that YAML reads as something else. Pure."""

import re
from collections.abc import Sequence
from typing import Any

from signpost.suggestions import in_words

_LINE = re.compile(r"\s*(?P<before>(?:- )?(?:[\w.-]+: +)?)(?P<text>.*?)(?:\s+#.*)?\s*")
_TAB = re.compile(r" *\t")
_BRACES = re.compile("[{},]")
_KEY = re.compile(r"[\w.-]+:")
_TEMPLATE = ("{{", "{%", "{#")
_INDICATORS = tuple("@`%*&!")
"""Characters that cannot start an unquoted text, or have a special meaning there."""

DASHES = "begin all lines of this block with - or none; `when` and other conditions take `key: value` lines without -"


def quote(text: str) -> str:
    """The text in the kind of quotes that needs the least escaping."""
    if '"' in text or "\\" in text:
        return "'" + text.replace("'", "''") + "'"
    return f'"{text}"'


def find_missing_quotes(lines: Sequence[str], *numbers: int | None) -> tuple[str, str] | None:
    """(problem, suggestion) for the first of these lines (0 is the first line of the file) that lacks quotes."""
    for number in numbers:
        if number is not None and number < len(lines):
            for match in filter(None, map(_LINE.fullmatch, (lines[number], *_members(lines[number])))):
                if match["text"].startswith(">") and (words := in_words(match["text"])):
                    return "a text cannot start with >", f"write {words}"
                if problem := "" if _is_key(match) else _problem(match["text"]):
                    return problem, f"quote it: {match['before']}{quote(_without_lone_quote(match['text']))}"
    return None


def find_tab(lines: Sequence[str], *numbers: int) -> tuple[str, str] | None:
    """(problem, suggestion) if a tab indents one of these lines."""
    tabs = any(number < len(lines) and _TAB.match(lines[number]) for number in numbers)
    return ("a tab indents this line", "indent with spaces") if tabs else None


def hint_for_dashes(lines: Sequence[str], *numbers: int) -> str:
    """What to write if of two lines with the same indentation only one starts with `-`; "" for others."""
    found = [lines[number] for number in numbers if number < len(lines)]
    if len(found) != 2 or len({len(line) - len(line.lstrip(" ")) for line in found}) != 1:
        return ""
    is_mixed = len({line.lstrip(" ").startswith("- ") for line in found}) == 2
    return DASHES if is_mixed else ""


def shallow_above(lines: Sequence[str], number: int) -> int:
    """The odd indentation of the line above, whose key has one space too few for this line (0 is the first line); 0
    where it is not so."""
    if not 0 < number < len(lines):  # also of a file whose content no problem quotes
        return 0
    above, here = (len(line) - len(line.lstrip(" ")) for line in lines[number - 1 : number + 1])
    return above if above % 2 and here == above + 1 else 0


def _without_lone_quote(text: str) -> str:
    """The text without a quote at its end whose opening one was forgotten."""
    return text[:-1] if text[-1:] in ('"', "'") and text.count(text[-1]) == 1 else text


def _members(line: str) -> list[str]:
    """The members of `{...}` in a line, except those with quotes."""
    return [part for part in _BRACES.split(line)[1:] if not {'"', "'"} & {*part}]


def _is_key(line: re.Match[str]) -> bool:
    """Whether a line is a key alone, whose value is below it: it lacks no quotes, but may be out of line."""
    return line["before"] in ("", "- ") and _KEY.fullmatch(line["text"]) is not None


def _problem(text: str) -> str:
    if text.startswith(_TEMPLATE):
        return f"a text that starts with {text[:2]} needs quotes"
    if text.startswith(('"', "'")):
        return "the text continues after its closing quote: quote all of it"
    if text.startswith(_INDICATORS):
        return f"a text that starts with {text[0]} needs quotes"
    if text.startswith(("[", "{")):
        return f"a text that starts with {text[0]} needs quotes" if _continues(text) else ""
    if text.startswith(("|", ">")):
        return ""
    return "a text with a colon in it needs quotes" if ": " in text or text.endswith(":") else ""


def _continues(text: str) -> bool:
    """Whether a text goes on after the bracket that closes its first one: `{person.value}-{occurrence}`."""
    depth = 0
    for number, letter in enumerate(text):
        depth += (letter in "[{") - (letter in "]}")
        if not depth:
            rest = text[number + 1 :].lstrip()
            return bool(rest) and rest[0] not in ",:]}"
    return False


def hint_for_mapping(value: object) -> str:
    """How to write a text that YAML reads as a mapping because of its colon or of single braces; "" for other
    values."""
    if not isinstance(value, dict) or len(value) != 1:
        return ""
    [(key, rest)] = value.items()
    if rest is None:
        return f'write "{{{{ {key} }}}}"'
    return f"quote it: {quote(f'{key}: {rest}')}" if isinstance(rest, str) else ""


def excerpt(lines: Sequence[str], start: Any, end: Any = None) -> str:
    """The text between two marks of YAML; over several lines, or without an end, only the first line."""
    if start.line >= len(lines):
        return ""
    last: int | None = end.column if end is not None and end.line == start.line else None
    return str(lines[start.line][start.column : last]).strip()
