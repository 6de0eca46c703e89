"""Links: how one entity of a case belongs to another. Pure."""

from signpost.case.facts import Entity, is_for


def is_linked(how: str, item: Entity, subject: Entity) -> bool:
    """`for`: the same offer or application; `same`: the same employer; `another`: another employer for sure.
    Unknown is no link."""
    if how == "for":
        return is_for(item, subject)
    ours, theirs = item.values.get("employer"), subject.values.get("employer")
    if ours is None or theirs is None:
        return how == "same" and is_for(item, subject)
    return bool((ours == theirs) == (how == "same"))
