"""Links: how one entity of a case belongs to another. Pure."""

from signpost.case.facts import Entity, Facts, is_for


def is_linked(how: str, item: Entity, subject: Entity) -> bool:
    """`for`: the same offer or application; `same`: the same employer; `another`: another employer for sure.
    Unknown is no link."""
    if how == "for":
        return is_for(item, subject)
    ours, theirs = item.values.get("employer"), subject.values.get("employer")
    if ours is None or theirs is None:
        return how == "same" and is_for(item, subject)
    return bool((ours == theirs) == (how == "same"))


def linked(how: str, kind: str, subject: Entity, facts: Facts) -> list[Entity]:
    """The entities of a kind that are linked to a subject, in their order. Many rules ask for the same ones, and each
    answer takes a look at all entities of the kind: so it is kept with the facts."""
    key = (how, kind, subject.kind, subject.id)
    found = facts.linked.get(key)
    if found is None:
        found = facts.linked[key] = [item for item in facts.of_kind(kind) if is_linked(how, item, subject)]
    return found
