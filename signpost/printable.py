"""Texts of others made fit to print: shortened, and with everything that a terminal or log would obey escaped."""

MAX_QUOTED = 60
"""Characters of a name or value that a message quotes."""


def shorten(text: str, limit: int = MAX_QUOTED) -> str:
    """The text, cut to `limit` characters; an ellipsis marks the cut."""
    return text if len(text) <= limit else text[: limit - 1] + "…"


def escape(text: str, keep: str = "") -> str:
    """The text with all unprintable characters (controls, bidirectional and invisible ones) as escapes, except those in
    `keep`."""
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() or one in keep else ascii(one)[1:-1] for one in text)
