"""Links: how one entity of a case belongs to another. Pure."""

from signpost.case.facts import Entity


def is_linked(how: str, item: Entity, subject: Entity) -> bool:
    """`for`: the same offer or application; `same`: the same employer; `another`: another employer for sure.
    Unknown is no link."""
    if how == "for":
        return _is_for(item, subject)
    ours, theirs = item.values.get("employer"), subject.values.get("employer")
    if ours is None or theirs is None:
        return how == "same" and _is_for(item, subject)
    return bool((ours == theirs) == (how == "same"))


def _is_for(item: Entity, subject: Entity) -> bool:
    """By the narrowest thing that both name: the offer, else the application, else the employer."""
    if item.kind == "contact" and subject.kind == "offer" and "offer" in item.values:
        return bool(item.values["offer"] == subject.id)
    for name in ("application", "employer"):
        ours, theirs = item.values.get(name), subject.values.get(name)
        if ours is not None and theirs is not None:
            return bool(ours == theirs)
    return False
