"""Computes when each entity is over although nobody says so: by time, or because another job began. And what
is of the present employer. Pure.

Reads no clock: the end is an instant, from what was stated and the durations of the rulebook."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from math import inf

from signpost.case.case import Register, Registers
from signpost.case.fold import CUSTOM, SINGLE
from signpost.case.instant import DAY
from signpost.facts.employer_names import plain
from signpost.facts.employment import is_promotion, joined_at, midnight_utc
from signpost.facts.entity import Entity, is_for, links_of
from signpost.facts.life import LIVE_STAGES, OVER, OVER_TO_EMPLOYER, Life
from signpost.facts.stages import ENDED

_PRIVATE = ("acceptance_planned", "withdrawal_planned", "withdrawal_reasons", "bottom_line", "commute_minutes")
"""Statements about an offer that its employer does not know."""
_MAYBE_PRIVATE = ("updated", CUSTOM, "prepared")
"""Beginnings of names of statements that can be the candidate's alone."""
_NOT_BEGUN = ("accepted", "accepted.verbal", "accepted.written", "letter_received", "letter_signed", "countered")
"""Statements that, made after the start date, contradict that the job has begun."""
_EMPLOYER_NAMES = (("employer", "id"), ("employer_name", "name"))
"""Field of an offer and member of a stated employer that are the same of one employer."""
_LIVE = LIVE_STAGES["offer"]
_OVER_STAGES = {"interview": ("completed", "cancelled"), "application": ("rejected", "withdrawn"), "offer": ENDED}


def add_beginnings(offers: Iterable[Entity], employment: Mapping[str, Register]) -> None:
    """Set when the job of each offer began. Offers must have their ends."""
    for offer in offers:
        offer.set("began_at", _began_at(offer.values, employment), None)


def add_lives(entities: Mapping[str, list[Entity]], registers: Registers, life: Life) -> None:
    """Set when each entity is over although nobody says so, as the candidate and as the employer can know it."""
    belonging = _find_belonging(entities)
    employment = registers.get("employment", {}).get(SINGLE, {})
    ended = employment.get("ended", ((0,), None))[0][0]
    begun = [one for one in entities["offer"] if _instant(one, "began_at") >= max(ended, 1) and _is_signed(one)]
    begun = [one for one in begun if not is_promotion(one, employment)]  # a promotion ends no search
    for field, by_employer in ((OVER, False), (OVER_TO_EMPLOYER, True)):
        offers = () if by_employer else entities["offer"]
        lives = _Lives(belonging, registers, life, by_employer, () if by_employer else begun, offers)
        for kind in ("offer", "interview", "application"):
            for entity in entities[kind]:
                entity.set(field, min(lives.over_at(entity), lives.left_at(entity)), None)
    for interview in entities["interview"]:
        if interview.values.get("stage") == "scheduled":  # without a start: until it is quiet to both sides
            until = interview.values.get("starts_at", interview.values[OVER_TO_EMPLOYER])
            interview.set("upcoming_until", until, interview.stamps.get("starts_at"))


def add_present_employer(candidate: Entity, entities: Mapping[str, list[Entity]], registers: Registers) -> None:
    """Set whether each offer, interview and application is one of the employer that the candidate works for."""
    stamp, stated = registers.get("employment", {}).get(SINGLE, {}).get("employer", (None, None))
    for entity in (one for kind in ("offer", "interview", "application") for one in entities[kind]):
        internal = candidate.values.get("employed") is True and _is_employer_of(stated, entity)
        entity.set("internal", internal, stamp if internal else None)


@dataclass(frozen=True, slots=True)
class _Lives:
    """`belonging`: see `_find_belonging`. `by_employer`: use only what the employer of an entity knows too. `begun`:
    the offers that the candidate signed and whose job began and goes on. `offers`: all. Employers know of neither."""

    belonging: Mapping[tuple[str, str], list[Entity]]
    registers: Registers
    life: Life
    by_employer: bool
    begun: Iterable[Entity]
    offers: Iterable[Entity]

    def left_at(self, entity: Entity) -> float:
        """When the candidate began another job that was accepted and signed, if nothing was stated since about the
        entity or what belongs to it: what waited then is past. An employer that waits for the candidate's first day is
        to be told, so an accepted offer is past only if its own start date was."""
        stated = max(map(self._stated, (entity, *self.belonging.get((entity.kind, entity.id), ()))))
        others = (_instant(offer, "began_at") for offer in self.begun if offer is not entity)
        return min((began for began in others if stated <= began and not _waits(entity, began)), default=inf)

    def over_at(self, entity: Entity) -> int:
        values, stage = entity.values, entity.values.get("stage")
        if stage in _OVER_STAGES[entity.kind]:
            return _instant(entity, f"{stage}_at") + self.life.past_end
        heard = max(self._heard(entity))
        if entity.kind == "interview" and "starts_at" in values:
            return _instant(entity, "starts_at") + self.life.past_end
        if "began_at" in values:
            return _instant(entity, "began_at")
        if stage == "open" and not self.by_employer and (answered := self._answered_at(entity)):
            return answered
        if stage == "open" and heard <= _instant(entity, "respond_by"):
            return _instant(entity, "respond_by") + self.life.past_deadline
        if stage == "accepted" and isinstance(start := values.get("start_date"), date):
            return self._accepted_over_at(entity, midnight_utc(start))
        return max(heard, self._rival_heard(entity, heard)) + self.life.quiet_after

    def _answered_at(self, offer: Entity) -> int:
        """When the candidate gave an answer to an offer, if nothing was stated about the offer since; 0: never. Which
        answer it was, a later statement says."""
        contacts = (item.values for item in self.belonging.get((offer.kind, offer.id), ()) if item.kind == "contact")
        answers = (one["at"] for one in contacts if one.get("by") == "candidate" and one.get("purpose") == "answer")
        answered = max((at for at in answers if isinstance(at, int)), default=0)
        return answered if answered >= self._stated(offer) else 0

    def _rival_heard(self, offer: Entity, heard: int) -> int:
        """When something was stated about another live offer that came while the employer of a signed one, `heard` of
        last, still waited for a first day that nobody has named; 0: never."""
        if not _is_signed(offer) or self._works_at(offer):
            return 0
        live = (one for one in self.offers if one is not offer and one.values.get("stage") in _LIVE)
        until = heard + self.life.signed_waits
        return max((self._stated(one) for one in live if _came_at(one) <= until), default=0)

    def _accepted_over_at(self, offer: Entity, start: int) -> int:
        """Some days after the start date; later if a statement after it shows that the job has not begun."""
        fields = self._fields(offer)
        contradicting = [fields[name][0][0] for name in _NOT_BEGUN if name in fields]
        if not self.by_employer:
            contradicting.append(self._works_elsewhere_at(offer))
        latest = max(contradicting, default=0)
        return max(start + self.life.past_start, latest + self.life.quiet_after if latest > start else 0)

    def _works_elsewhere_at(self, offer: Entity) -> int:
        """When the candidate was last stated to work for another employer than the one of an offer; 0: never."""
        stated = self._present_employer()
        return 0 if stated is None or self._works_at(offer) else stated[0][0]

    def _works_at(self, offer: Entity) -> bool:
        stated = self._present_employer()
        return stated is not None and _is_employer_of(stated[1], offer)

    def _present_employer(self) -> Register | None:
        return self.registers.get("employment", {}).get(SINGLE, {}).get("employer")

    def _heard(self, entity: Entity) -> Iterator[int]:
        """When something was stated about an entity and about what belongs to it, when its interviews begin, and when
        the days are over by which the employer promised an answer."""
        yield self._stated(entity)
        for item in self.belonging.get((entity.kind, entity.id), ()):
            yield self._stated(item)
            yield _instant(item, "starts_at")
            if isinstance(promised := item.values.get("word_by"), date):
                yield midnight_utc(promised) + DAY

    def _stated(self, entity: Entity) -> int:
        """When anything was last stated about an entity; 0: never."""
        stated = (
            stamp[0]
            for name, (stamp, _) in self._fields(entity).items()
            if not (self.by_employer and (name in _PRIVATE or name.partition(".")[0] in _MAYBE_PRIVATE))
        )
        return max(stated, default=0)

    def _fields(self, entity: Entity) -> Mapping[str, Register]:
        return self.registers.get(entity.kind, {}).get(entity.id, {})


_BELONGS = {"offer": ("contact",), "application": ("contact", "offer", "interview")}
"""Kind -> the kinds of entities that can belong to it."""


def _find_belonging(entities: Mapping[str, list[Entity]]) -> dict[tuple[str, str], list[Entity]]:
    """(kind, id) of each offer and application -> the entities that belong to it. Looks only at entities that share an
    id with it, because a case can have many."""
    sharing: dict[tuple[str, str, str], list[Entity]] = {}
    for kind in {kind for kinds in _BELONGS.values() for kind in kinds}:
        for item in entities[kind]:
            for link, value in links_of(item).items():
                sharing.setdefault((kind, link, value), []).append(item)
    found: dict[tuple[str, str], list[Entity]] = {}
    for owner_kind, kinds in _BELONGS.items():
        for owner in entities[owner_kind]:
            shared = {
                (item.kind, item.id): item
                for kind in kinds
                for link, value in links_of(owner).items()
                for item in sharing.get((kind, link, value), ())
            }
            found[owner_kind, owner.id] = [item for item in shared.values() if is_for(item, owner)]
    return found


def _waits(entity: Entity, now: int) -> bool:
    """Whether an offer is accepted and its start date is ahead or unknown: its employer waits for the candidate."""
    start = entity.values.get("start_date")
    is_ahead = not isinstance(start, date) or midnight_utc(start) > now
    return entity.kind == "offer" and entity.values.get("stage") == "accepted" and is_ahead


def _came_at(offer: Entity) -> int:
    return _instant(offer, "extended_at") or _instant(offer, "accepted_at")


def _is_signed(offer: Entity) -> bool:
    return offer.values.get("stage") == "accepted" and offer.values.get("letter") == "signed"


def _began_at(values: Mapping[str, object], employment: Mapping[str, Register]) -> int | None:
    """When the job of an offer began: stated, or first stated as the present job after the offer was accepted.

    Whoever worked for this employer already begins nothing by still working there (a promotion)."""
    if isinstance(started := values.get("started_at"), int):
        return started
    accepted = values.get("accepted_at")
    if not isinstance(accepted, int) or values.get("stage") != "accepted":
        return None
    names = [plain(values[name]) for name in ("employer", "employer_name") if name in values]
    joined = min((stamp[0] for name, stamp in joined_at(employment).items() if name in names), default=0)
    return joined if joined > accepted else None


def _is_employer_of(stated: object, entity: Entity) -> bool:
    """Whether a stated employer (`{"id"?, "name"?}`) is the one of an entity, by its id or its name: two systems have
    their own ids of one employer."""
    present = stated if isinstance(stated, dict) else {}
    pairs = [(entity.values.get(ours), present.get(theirs)) for ours, theirs in _EMPLOYER_NAMES]
    return any(plain(ours) == plain(theirs) for ours, theirs in pairs if None not in (ours, theirs))


def _instant(entity: Entity, name: str) -> int:
    value = entity.values.get(name)
    return value if isinstance(value, int) else 0
