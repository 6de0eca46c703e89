"""A value of a JSON document that no type can hold, such as a number of a million digits."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Stands for the value; no field accepts it."""

    why: str

    def __str__(self) -> str:
        return f"[{self.why}]"
