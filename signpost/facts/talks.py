"""What follows from interviews that were held: when an application's latest one was, by when an answer was promised,
and whether the candidate gave thanks. Pure."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from math import inf

from signpost.facts.entity import Entity, agree, is_for

_TO_TAKE_ALONG = ("outfit", "bag")
"""What is prepared for one visit only."""


def forget_earlier_talk(interview: Entity) -> None:
    """An interview that takes place again under its id is another talk: forget the thanks for the one before, and what
    was taken along to it. Thanks after the start count, though the interview is recorded as held after them."""
    held, stage = interview.values.get("completed_at"), interview.values.get("stage")
    if held is None:
        return
    if stage == "completed":
        began = min(held, interview.values.get("starts_at", held))
        for name in [one for one in interview.values if one.startswith("thanked")]:
            if interview.values[name] < began:
                interview.forget(name)
    elif stage == "scheduled":
        for name in (f"prepared.{step}" for step in _TO_TAKE_ALONG):
            if name in interview.stamps and interview.stamps[name][0] <= held:
                interview.forget(name)


def add_talks(entities: Mapping[str, list[Entity]]) -> None:
    """Set when an application's latest interview was held, and by when an answer was promised. Only interviews for
    this application count, since advice to employers can use these fields."""
    held = [entity for entity in entities["interview"] if entity.values.get("stage") == "completed"]
    for application in entities["application"]:
        latest = max((interview for interview in held if is_for(interview, application)), key=_held_at, default=None)
        if latest is not None:
            offset = latest.offsets.get("completed_at", 0)
            application.set("interviewed_at", latest.values["completed_at"], latest.stamps["completed_at"], offset)
            if _is_ahead(latest.values.get("word_by"), latest):
                application.set("word_by", latest.values["word_by"], latest.stamps["word_by"])


def add_thanks(entities: Mapping[str, list[Entity]]) -> None:
    """Set when the candidate thanked for an interview in a contact about it, unless a channel is stated."""
    offers = {one.id: one for one in entities["offer"]}
    thanks = [one for one in entities["contact"] if one.values.get("purpose") == "thanks"]
    thanks = [one for one in thanks if one.values.get("by") == "candidate"]
    for interview in entities["interview"] if thanks else ():
        held = interview.values.get("completed_at", inf)
        later = [one for one in thanks if one.values["at"] >= held and _is_about(one, interview, offers)]
        first = min(later, key=lambda one: one.stamps["at"], default=None)
        if first is not None and "thanked_at" not in interview.values:
            interview.set("thanked_at", first.values["at"], first.stamps["at"], first.offsets.get("at", 0))


def _is_about(contact: Entity, interview: Entity, offers: Mapping[str, Entity]) -> bool:
    """Whether a contact can be about an interview: it names no other application, and no offer of another one."""
    offer = offers.get(contact.values.get("offer", ""))
    is_of_another = offer is not None and agree(offer, interview, "application") is False
    return is_for(contact, interview) and not is_of_another


def _is_ahead(promised: object, interview: Entity) -> bool:
    """Whether the day of a promise is not over when the interview is held: one that was named for an earlier time
    of it is void."""
    offset = timedelta(minutes=interview.offsets.get("completed_at", 0))
    day = datetime.fromtimestamp(interview.values["completed_at"] // 1_000_000, UTC) + offset
    return isinstance(promised, date) and promised >= day.date()


def _held_at(interview: Entity) -> tuple[int, str]:
    return interview.values["completed_at"], interview.id
