"""Renders the texts of one recommendation: within a length, on one line where they have one, and without failing."""

import re
from typing import Final

from signpost.advice.text_faults import FAULTS
from signpost.rulebook.text_values import shorten
from signpost.rulebook.texts import Variables, render_within
from signpost.schemas.texts import free_text, one_line

MAX_TITLE_CHARS: Final = 200
MAX_TEXT_CHARS: Final = 20_000
"""As the schema of recommendations allows."""
SHORTENED_MARK: Final = "… (shortened)"
_SECOND_POSSESSIVE: Final = re.compile("(?<=['\u2019][sS])['\u2019]s\\b")


def render_title(rule: str, source: str, context: Variables) -> str:
    """A title of a rule: one line of at most MAX_TITLE_CHARS characters."""
    return shorten(one_line(_render(rule, source, context, MAX_TITLE_CHARS)), MAX_TITLE_CHARS)


def render_text(rule: str, source: str, context: Variables) -> str:
    """A message, step or body of a rule, of at most MAX_TEXT_CHARS characters; a longer one ends with a mark."""
    text = free_text(_render(rule, source, context, MAX_TEXT_CHARS))
    if len(text) <= MAX_TEXT_CHARS:
        return text
    return text[: MAX_TEXT_CHARS - len(SHORTENED_MARK)].rstrip() + SHORTENED_MARK


def render_line(rule: str, source: str, context: Variables) -> str:
    """Sentences of a rule on one line, of at most MAX_TEXT_CHARS characters."""
    return one_line(render_text(rule, source, context))


def _render(rule: str, source: str, context: Variables, max_chars: int) -> str:
    """The beginning of the text; the name of the rule if the text fails, so that the event is processed anyway. A name
    that ends with a possessive takes no second one: "St. Mary's letter"."""
    try:
        text = render_within(source, context, max_chars)
    except Exception as error:  # whatever an author's expression can raise
        FAULTS.count_replaced(rule, error)
        return rule.replace("-", " ").capitalize()
    if len(text) > max_chars:
        FAULTS.count_shortened(rule, max_chars)
        return text
    return _SECOND_POSSESSIVE.sub("", text)
