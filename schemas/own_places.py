"""Which events state own fields, and what to say of one that stands elsewhere. The only place that lists the events."""

from collections.abc import Mapping
from typing import Final

from signpost.case.fold import CUSTOM
from signpost.schemas.custom import OwnKinds
from signpost.schemas.events import EVENT_SCHEMAS
from signpost.schemas.problems import CUSTOM_HINT

OWN: Final = f"{CUSTOM}."
"""Before the name of an own field, where it stands beside shipped fields."""
TAKE_OWN: Final = tuple(type_ for type_, schema in EVENT_SCHEMAS.items() if CUSTOM in schema().fields)
"""The events whose data takes own fields, under `custom`."""


def hints_for_misplaced(type_: str, own: OwnKinds) -> Mapping[str, str]:
    """Name in the data of an event -> the end of the message that refuses it there: of `own` fields, and of `custom`
    itself in an event that takes none."""
    declared = own.get(type_.partition(".")[0], {})
    if type_ in TAKE_OWN:
        written = (form for name in declared for form in (name, f"{CUSTOM}_{name}", f"{OWN}{name}"))
        return dict.fromkeys(written, CUSTOM_HINT)
    return dict.fromkeys((CUSTOM, *declared), f"; the events that take fields of your own are {', '.join(TAKE_OWN)}")
