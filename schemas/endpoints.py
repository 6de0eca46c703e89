"""The requests about endpoints of webhooks: their schemas and loaders. What a URL may be is not decided here."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from marshmallow import RAISE, Schema, ValidationError

from signpost.schemas.containers import Items
from signpost.schemas.fields import Boolean, Integer, Line, json_type
from signpost.schemas.problems import Hints, InvalidEvent, Problem, problems_of
from signpost.schemas.recommendation import Key

MAX_OVERLAP_HOURS = 720
OPTIONS = {"bind": "patterns", "overlap": "overlap_hours"}
"""Options of the command -> their fields."""


class EndpointSchema(Schema):
    """A new endpoint. `patterns` as for consumers, of the own tenant; `every_change`: also what is outdated before it
    was delivered."""

    class Meta:
        unknown = RAISE

    url = Line(required=True)
    patterns = Items(Line(), required=True, min_items=1, max_items=20)
    every_change = Boolean()


class EndpointReplaySchema(Schema):
    """`candidate`: only of this one."""

    class Meta:
        unknown = RAISE

    candidate = Key()


class EndpointRotationSchema(Schema):
    """`overlap_hours`: for how long the previous secret signs as well; 24 without it."""

    class Meta:
        unknown = RAISE

    overlap_hours = Integer(minimum=0, maximum=MAX_OVERLAP_HOURS)


def load_endpoint(document: Any, problems_in: Callable[[Mapping[str, Any]], Sequence[Problem]]) -> dict[str, Any]:
    """A request for a new endpoint. Raises InvalidEvent with every problem, also those of the members that the schema
    takes."""
    return _load(EndpointSchema(), document, problems_in)


def load_replay(document: Any) -> str | None:
    """The candidate of a replay, or None for all. Raises InvalidEvent."""
    found: str | None = _load(EndpointReplaySchema(), document).get("candidate")
    return found


def load_rotation(document: Any) -> int:
    """The overlap of a rotation in hours. Raises InvalidEvent."""
    return int(_load(EndpointRotationSchema(), document).get("overlap_hours", 24))


def _no_problems(_valid: Mapping[str, Any]) -> Sequence[Problem]:
    return ()


def _load(
    schema: Schema, document: Any, problems_in: Callable[[Mapping[str, Any]], Sequence[Problem]] = _no_problems
) -> dict[str, Any]:
    if not isinstance(document, Mapping):
        raise InvalidEvent([Problem("", f"must be an object, is {json_type(document)}")])
    problems: list[Problem] = []
    try:
        valid = dict(schema.load({name: value for name, value in document.items() if value is not None}))
    except ValidationError as error:
        valid = dict(error.valid_data) if isinstance(error.valid_data, Mapping) else {}
        problems += problems_of(schema, error.messages_dict, "", Hints(meant=OPTIONS))
    if problems := [*problems, *problems_in(valid)]:
        raise InvalidEvent(problems)
    return valid
