"""The problems of a document, one for each invalid field with its JSON pointer, and the error that carries them."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from types import MappingProxyType
from typing import Any, Final

from marshmallow import Schema

from signpost.case.fold import CUSTOM
from signpost.errors import CallerError
from signpost.printable import shorten
from signpost.schemas.containers import Items, Object
from signpost.schemas.texts import NotAChoice
from signpost.suggestions import did_you_mean

CUSTOM_HINT: Final = f"; a field of your own belongs under {CUSTOM!r}"
MAX_PROBLEMS: Final = 50
"""Problems that one answer lists; the rest are only counted."""


@dataclass(frozen=True, slots=True)
class Problem:
    """The problem of one field: `pointer` is a JSON pointer (RFC 6901) into the document, "" the document itself."""

    pointer: str
    message: str

    def __str__(self) -> str:
        return f"{self.pointer or 'the document'}: {self.message}"


class InvalidEvent(CallerError):
    """The document is well formed but invalid; `problems` names the first invalid fields, `more` counts the rest."""

    def __init__(self, problems: Iterable[Problem], more: int = 0) -> None:
        found = iter(problems)
        self.problems = list(islice(found, MAX_PROBLEMS))
        self.more = more + sum(1 for _ in found)
        rest = [count_more(self.more)] if self.more else []
        super().__init__("; ".join([*map(str, self.problems), *rest]))


def count_more(more: int) -> str:
    """ "1 more problem", "2 more problems"."""
    return f"{more} more problem{'' if more == 1 else 's'}"


class Hints:
    """The suggestions that one request may still get: each costs a comparison with all known names. `meant`: a word of
    another place -> what it is called here. `quotes`: whether messages repeat a refused word; what is stored does not,
    because it may be personal."""

    def __init__(
        self, left: int = MAX_PROBLEMS, meant: Mapping[str, str] = MappingProxyType({}), *, quotes: bool = True
    ) -> None:
        self._left, self._meant, self.quotes = left, meant, quotes

    def did_you_mean(self, word: str, known: Iterable[str]) -> str:
        """The end of a message, as `signpost.suggestions.did_you_mean`; "" when the suggestions are used up."""
        self._left -= 1
        if word in self._meant:
            return f"; did you mean {self._meant[word]}?"
        return did_you_mean(word, known) if self._left >= 0 else ""


def pointer(*steps: str | int) -> str:
    """Return the JSON pointer of a path; a long name in it is cut."""
    return "".join("/" + shorten(str(step)).replace("~", "~0").replace("/", "~1") for step in steps)


def problems_of(
    schema: Schema | None,
    errors: Mapping[Any, Any],
    at: str,
    hints: Hints | None = None,
    misplaced: Mapping[str, str] = MappingProxyType({}),
) -> Iterator[Problem]:
    """Yield marshmallow's nested messages as problems below the pointer `at`; suggests a name for an unknown field.
    `misplaced`: name that belongs elsewhere -> the end of its message."""
    hints = hints or Hints()
    declared = {field.data_key or name: field for name, field in schema.fields.items()} if schema else {}
    for name, found in errors.items():
        here = at if name == "_schema" else at + pointer(name)
        if isinstance(found, Mapping):
            yield from problems_of(_schema_of(declared.get(name)), found, here, hints)
        elif schema and name not in declared and name != "_schema":
            hint = misplaced.get(str(name)) or hints.did_you_mean(str(name), declared)
            hint = hint or CUSTOM_HINT * (CUSTOM in declared)
            yield Problem(here, f"is not a known field{hint}")
        else:
            yield from (Problem(here, _with_hint(message, hints)) for message in found)


def _with_hint(message: object, hints: Hints) -> str:
    """The message, with the nearest choice if it refuses a word."""
    if not isinstance(message, NotAChoice):
        return str(message)
    text = message.with_word() if hints.quotes else str(message)
    return text + hints.did_you_mean(message.word, message.choices)


def _schema_of(field: Any) -> Schema | None:
    inner = field.item if isinstance(field, Items) else field
    return inner.schema() if isinstance(inner, Object) else None
