"""The problems of a document, one for each invalid field with its JSON pointer, and the error that carries them."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from marshmallow import Schema

from signpost.case.fold import CUSTOM
from signpost.errors import CallerError
from signpost.schemas.containers import Items, Object
from signpost.suggestions import did_you_mean

_CUSTOM_HINT: Final = f"; a field of your own belongs under {CUSTOM!r}"


@dataclass(frozen=True, slots=True)
class Problem:
    """The problem of one field: `pointer` is a JSON pointer (RFC 6901) into the document, "" the document itself."""

    pointer: str
    message: str

    def __str__(self) -> str:
        return f"{self.pointer or 'the document'}: {self.message}"


class InvalidEvent(CallerError):
    """The document is well formed but invalid; `problems` names every invalid field."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = list(problems)
        super().__init__("; ".join(map(str, self.problems)))


def pointer(*steps: str | int) -> str:
    """Return the JSON pointer of a path."""
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in steps)


def problems_of(schema: Schema | None, errors: Mapping[Any, Any], at: str) -> Iterator[Problem]:
    """Yield marshmallow's nested messages as problems below the pointer `at`; suggests a name for an unknown field."""
    declared = {field.data_key or name: field for name, field in schema.fields.items()} if schema else {}
    for name, found in errors.items():
        here = at if name == "_schema" else at + pointer(name)
        if isinstance(found, Mapping):
            yield from problems_of(_schema_of(declared.get(name)), found, here)
        elif schema and name not in declared and name != "_schema":
            hint = did_you_mean(str(name), declared) or _CUSTOM_HINT * (CUSTOM in declared)
            yield Problem(here, f"is not a field of this event{hint}")
        else:
            yield from (Problem(here, str(message)) for message in found)


def _schema_of(field: Any) -> Schema | None:
    inner = field.item if isinstance(field, Items) else field
    return inner.schema() if isinstance(inner, Object) else None
