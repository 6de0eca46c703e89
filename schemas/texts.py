"""The two kinds of text that senders write, one line and free, and what becomes of characters in neither. Pure."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from signpost.printable import shorten

_INVISIBLE = (
    "\u00ad\u034f\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb"
    "\U000e0000-\U000e007f"
)
"""Zero-width characters, marks of writing direction and tags: a reader does not see them, a program obeys them."""
_JOINERS = "\u200c\u200d"
"""Persian, the scripts of India and emoji need them between two characters; nothing else does."""
_CONTROLS = "\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\ud800-\udfff"
_SPACES = "\t-\r\x1c-\x1f\x85\u2028\u2029"

INVISIBLE: Final = re.compile(f"[{_INVISIBLE}]")
STRAY_JOINER: Final = re.compile(f"(?<![^\x00-\x7f{_JOINERS}])[{_JOINERS}]|[{_JOINERS}](?![^\x00-\x7f{_JOINERS}])")
CONTROL: Final = re.compile(f"[{_CONTROLS}]")
LINE_BREAK: Final = re.compile("\r\n|[\r\v\f\x1c-\x1e\x85\u2028\u2029]")
NOT_IN_ID: Final = re.compile(f"[{_CONTROLS}{_SPACES}{_INVISIBLE}{_JOINERS}]")
UNPRINTABLE: Final = re.compile(f"[{_CONTROLS}{_INVISIBLE}\ufffd]")
REPLACEMENT: Final = "\ufffd"


def one_line(text: str) -> str:
    """The text on one line: white space collapsed, control characters replaced, invisible characters removed."""
    return " ".join((text if text.isprintable() else _replace(text)).split())


def free_text(text: str) -> str:
    """The text with its lines and tabs: control characters replaced, invisible characters removed."""
    return text if text.replace("\n", "").isprintable() else _replace(LINE_BREAK.sub("\n", text).replace("\x1f", " "))


def _replace(text: str) -> str:
    return STRAY_JOINER.sub("", INVISIBLE.sub("", CONTROL.sub(REPLACEMENT, text)))


def find_unprintable(value: Any, at: str = "") -> Iterator[str]:
    """Yield the pointers of texts in a JSON value that have, or had, characters that are replaced or removed."""
    if isinstance(value, str):
        if UNPRINTABLE.search(value):
            yield at
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            yield from find_unprintable(inner, f"{at}/{name}")
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from find_unprintable(inner, f"{at}/{index}")


class NotAChoice(str):
    """The message that refuses a value which is none of the `choices`. The list of problems adds the nearest one, for
    only it knows how many suggestions the request may still get, and whether its reader may see the value."""

    word: str
    choices: Sequence[str]

    def __new__(cls, value: object, choices: Sequence[str], type_: str) -> "NotAChoice":
        """`type_`: that of the value, with its article."""
        is_word = isinstance(value, str)
        one = super().__new__(cls, f"must be one of {', '.join(choices)}" + ("" if is_word else f", not {type_}"))
        one.word, one.choices = str(value) if is_word else "", choices
        return one

    def with_word(self) -> str:
        """The message with the refused word, which may be personal."""
        return f"{self}, not {shorten(self.word)!r}" if self.word else str(self)
