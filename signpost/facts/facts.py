"""The facts of a case as rules see them: entities with typed values, each with the event that decided it. Pure."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from signpost.case.case import Case, Register, Registers, Stamp
from signpost.case.fold import CUSTOM, SINGLE
from signpost.case.instant import FIRST_ANYWHERE, fixed_zone, to_datetime
from signpost.facts.accepted_pay import add_accepted_pay
from signpost.facts.applications import End, add_application_stages, recorded_ends
from signpost.facts.clock import Clock, clock_of
from signpost.facts.deadlines import add_deadlines
from signpost.facts.employers import EMPLOYER_FIELDS, resolve_employers
from signpost.facts.employment import EMPLOYMENT_FIELDS, begins_after, employed, of_present_job
from signpost.facts.endings import add_end_times, add_endings, end_accepted_offers
from signpost.facts.entity import Entity, is_for
from signpost.facts.lives import add_beginnings, add_lives, add_present_employer
from signpost.facts.moves import add_moves
from signpost.facts.notice import ANY_DAY, Notice, notice_of
from signpost.facts.panels import add_panels
from signpost.facts.people import add_people
from signpost.facts.places import add_places
from signpost.facts.renewals import add_renewals
from signpost.facts.repeats import add_first_completions, add_first_ends, add_first_extensions
from signpost.facts.replaced_offers import join_replaced_offers
from signpost.facts.stages import DerivedFact, interview_stage, offer_stage
from signpost.facts.talks import add_talks, add_thanks, forget_earlier_talk
from signpost.facts.terms import add_agreed_terms, add_separate_terms
from signpost.facts.unnamed_offers import join_unnamed_offers
from signpost.facts.values import milestone_offset, offset_in, own_value, typed_value
from signpost.facts.vocabulary import KINDS, Field, Vocabulary
from signpost.facts.withdrawals import add_withdrawals

__all__ = ["Entity", "Facts", "facts_of", "is_for"]


@dataclass(slots=True)
class Facts:
    """All entities of a case by kind, sorted by id, and the candidate's time zone (None: unknown).

    `linked` and `sharing`: caches of engines for related entities, shared by all rules; `contexts`: of entities as
    variables of texts; `clocks`: of readers. Never copied to changed facts.
    """

    candidate: Entity
    entities: dict[str, list[Entity]]
    zone: ZoneInfo | None
    vocabulary: Vocabulary = field(repr=False)
    linked: dict[tuple[str, str, str, str], list[Entity]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )
    sharing: dict[str, dict[tuple[str, str], list[Entity]]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )
    contexts: dict[tuple[str, str, Clock, bool], Mapping[str, Any]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )
    clocks: dict[tuple[str, str, bool], Clock] = field(default_factory=dict, init=False, repr=False, compare=False)

    def clock(self, subject: Entity, *, private: bool) -> Clock:
        """The clock of the reader of advice about a subject: the candidate if `private`, else the employer."""
        key = (subject.kind, subject.id, private)
        if key not in self.clocks:
            self.clocks[key] = clock_of(subject, self.zone, self.vocabulary, private=private)
        return self.clocks[key]

    def of_kind(self, kind: str) -> list[Entity]:
        """The entities that a rule about this kind applies to."""
        return [self.candidate] if kind == "candidate" else self.entities.get(kind, [])


def facts_of(case: Case, key: str, vocabulary: Vocabulary = KINDS) -> Facts:
    """The facts of the case with this key ("c-1", "application:a-7"), limited to the fields of a vocabulary."""
    registers = join_replaced_offers(join_unnamed_offers(case.resolved()))
    entities = {
        kind: [_READERS[kind](entity, fields) for entity, fields in sorted(registers.get(kind, {}).items())]
        for kind in ("offer", "interview", "application", "contact")
    }
    for kind in vocabulary.own:
        for entity in entities.get(kind, ()):
            _add_own(entity, registers[kind][entity.id], vocabulary)
    _add_named_applications(entities)
    resolve_employers(entities)
    add_first_completions(entities["interview"], registers.get("interview", {}))
    recorded = recorded_ends(entities["application"])
    ended = add_renewals(entities["offer"], entities["contact"], recorded)
    ends = add_application_stages(entities, registers.get("application", {}))
    add_first_ends(entities["offer"], registers.get("offer", {}))
    add_first_extensions(entities["offer"], registers.get("offer", {}), ended, ends)
    add_agreed_terms(entities["offer"], registers.get("offer", {}), ended)
    add_accepted_pay(entities["offer"], registers.get("offer", {}), ended)
    add_deadlines(entities["offer"], entities["contact"], registers.get("offer", {}), ended)
    add_withdrawals(entities["offer"], entities["contact"])
    add_endings(entities, ends)
    add_moves(entities["interview"], registers.get("interview", {}))
    registers = _with_present_job(registers, entities["offer"], recorded)
    add_end_times(entities["offer"])
    candidate = _candidate(key, registers)
    _add_own(candidate, registers.get("candidate", {}).get(SINGLE, {}), vocabulary)
    add_people(candidate, entities)
    add_talks(entities)
    add_panels(entities["interview"])
    add_thanks(entities)
    _add_notice(candidate, entities["offer"])
    add_places(candidate, entities["offer"])
    add_lives(entities, registers, vocabulary.life)
    add_present_employer(candidate, entities, registers)
    zone = ZoneInfo(candidate.values["time_zone"]) if "time_zone" in candidate.values else None
    return Facts(candidate, entities, zone, vocabulary)


def _offer(entity_id: str, fields: Mapping[str, Register]) -> Entity:
    entity = Entity("offer", entity_id)
    _set_typed(entity, fields)
    _set_instants(entity, fields)
    for derived in offer_stage(fields):
        _set_derived(entity, derived, _offset_at(derived.stamp, fields) if derived.name == "accepted_at" else 0)
    add_separate_terms(entity, fields)
    return entity


def _interview(entity_id: str, fields: Mapping[str, Register]) -> Entity:
    entity = Entity("interview", entity_id)
    _set_typed(entity, fields)
    _set_instants(entity, fields)
    _set_derived(entity, interview_stage(fields, entity.values.get("starts_at")), 0)
    forget_earlier_talk(entity)
    return entity


def _application(entity_id: str, fields: Mapping[str, Register]) -> Entity:
    entity = Entity("application", entity_id)
    _set_typed(entity, fields)
    _set_instants(entity, fields)
    entity.set("application", entity_id, None)
    return entity


def _contact(entity_id: str, fields: Mapping[str, Register]) -> Entity:
    entity = Entity("contact", entity_id)
    _set_typed(entity, fields)
    stamp, value = fields["logged"]
    entity.set("at", stamp[0], stamp, milestone_offset(value) or 0)
    return entity


def _candidate(key: str, registers: Mapping[str, Mapping[str, Mapping[str, Register]]]) -> Entity:
    entity = Entity("candidate", key)
    candidate = registers.get("candidate", {}).get(SINGLE, {})
    employment = registers.get("employment", {}).get(SINGLE, {})
    _set_typed(entity, candidate)
    for person in ("family", "recruiter"):
        if discussed := candidate.get(f"discussed.{person}"):
            stamp, value = discussed
            entity.set(f"discussed_{person}_at", stamp[0], stamp, milestone_offset(value) or 0)
    _employment(entity, employment)
    if found := entity.values.get("market_range"):
        low = found.get("low") and typed_value(KINDS["candidate"]["market_low"], found["low"])
        entity.set("market_low", low, entity.stamps["market_range"])
    return entity


def _with_present_job(registers: Registers, offers: list[Entity], recorded: Mapping[str, list[End]]) -> Registers:
    """The registers of a case with those of the present job only, and since when the job of each offer has begun.
    `recorded`: the ends of applications, which end accepted offers whose job has not begun."""
    employment = registers.get("employment", {}).get(SINGLE, {})
    add_beginnings(offers, employment)
    end_accepted_offers(offers, recorded)
    return {**registers, "employment": {SINGLE: dict(of_present_job(employment, offers))}}


def _employment(entity: Entity, fields: Mapping[str, Register]) -> None:
    """What is known of the present job. Statements about an earlier job no longer count."""
    at = {name: fields[name][0] for name in ("current", "resigned", "ended", "started") if name in fields}
    ended = max((at[name] for name in ("ended", "started") if name in at), default=None)
    resigned = at.get("resigned")
    is_new_job = begins_after(fields, ended)
    has_resigned = resigned is not None and not (is_new_job and ended is not None and resigned < ended)
    _set_typed(entity, {renamed: fields[name] for name, renamed in EMPLOYMENT_FIELDS.items() if name in fields})
    if isinstance(employer := entity.values.get("present_employer"), dict):
        entity.values["present_employer"] = employer.get("name") or employer.get("id")
    if at:
        entity.set("employed", *employed(at, is_new_job))
    entity.set("resigned", has_resigned, resigned if has_resigned else None)
    if has_resigned and resigned is not None:
        entity.set("resigned_at", resigned[0], resigned, milestone_offset(fields["resigned"][1]) or 0)
        _end_notice(entity, fields.get("ended"), resigned)
    else:
        entity.values.pop("last_day", None)
    if "started" in at and not (is_new_job or has_resigned):
        offset = milestone_offset(fields["started"][1]) or 0
        entity.set("new_job_started_at", at["started"][0], at["started"], offset)


def _end_notice(candidate: Entity, ended: Register | None, resigned: Stamp) -> None:
    """Set when the job that the candidate resigned from ended: on its last day, unless an earlier one is known."""
    if ended is None or ended[0][0] < resigned[0]:
        return
    stamp, offset, zone = ended[0], milestone_offset(ended[1]) or 0, candidate.values.get("time_zone")
    candidate.set("job_ended_at", stamp[0], stamp, offset)
    own_zone = ZoneInfo(zone) if zone is not None and offset != FIRST_ANYWHERE else fixed_zone(offset)
    day = to_datetime(stamp[0]).astimezone(own_zone).date()
    if day < candidate.values.get("last_day", date.max):
        candidate.set("last_day", day, stamp)


_READERS: dict[str, Callable[[str, Mapping[str, Register]], Entity]] = {
    "offer": _offer,
    "interview": _interview,
    "application": _application,
    "contact": _contact,
}


def _add_notice(candidate: Entity, offers: Iterable[Entity]) -> None:
    """When notice must be given to start at each offer, and the last day of the present job."""
    if "notice_country" not in candidate.values and "country" in candidate.values:
        candidate.set("notice_country", candidate.values["country"], candidate.stamps["country"])
    owed = notice_of(candidate.values, candidate.stamps)
    stated = [stamp for name, stamp in candidate.stamps.items() if name.startswith("notice_")]
    candidate.set("notice_period", owed and owed.words(), max(stated, default=None))
    for offer in offers:
        if start := offer.values.get("start_date"):
            stamp = offer.stamps["start_date"]
            offer.set("last_day_before", (owed or Notice(0, "days", ANY_DAY)).last_day(start), stamp)
            offer.set("notice_by", owed and owed.latest_day(start), stamp)


def _set_typed(entity: Entity, fields: Mapping[str, Register]) -> None:
    vocabulary = KINDS[entity.kind]
    hours = next((fields[name][1] for name in ("hours_per_week", "present_hours_per_week") if name in fields), None)
    for name, (stamp, value) in fields.items():
        if value is not None and name in vocabulary and not _is_milestone(vocabulary[name], value):
            entity.set(name, typed_value(vocabulary[name], value, hours), stamp, offset_in(vocabulary[name], value))
    for leaf, name in EMPLOYER_FIELDS.items():
        if leaf in fields:
            entity.set(name, fields[leaf][1], fields[leaf][0])


def _is_milestone(declared: Field, value: Any) -> bool:
    """Whether an instant is that of a milestone (`thanked.email`), which `_set_instants` sets."""
    return declared.type == "instant" and milestone_offset(value) is not None


def _add_own(entity: Entity, fields: Mapping[str, Register], vocabulary: Vocabulary) -> None:
    """Set the fields that a rulebook declares. A value that does not fit the current declaration is unknown."""
    for name, declared in vocabulary.own.get(entity.kind, {}).items():
        stamp, value = fields.get(f"{CUSTOM}.{name}", (None, None))
        known = own_value(declared, value, entity.values.get("hours_per_week"))
        entity.set(name, known, stamp, 0 if known is None else offset_in(declared, value))


def _set_instants(entity: Entity, fields: Mapping[str, Register]) -> None:
    """Every milestone `x` is also the instant `x_at`; `prepared.research` and the like keep their names."""
    for name, (stamp, value) in fields.items():
        offset = milestone_offset(value)
        if offset is None:
            continue
        if f"{name}_at" in KINDS[entity.kind] and f"{name}_at" not in entity.values:
            entity.set(f"{name}_at", stamp[0], stamp, offset)
        elif name.startswith("thanked."):
            entity.set(name, stamp[0], stamp, offset)
            if stamp > entity.stamps.get("thanked_at", ()):
                entity.set("thanked_at", stamp[0], stamp, offset)


def _set_derived(entity: Entity, derived: DerivedFact | None, offset: int) -> None:
    if derived is not None:
        entity.values.pop(derived.name, None)
        entity.set(derived.name, derived.value, derived.stamp, offset)


def _offset_at(stamp: Stamp | None, fields: Mapping[str, Register]) -> int:
    """The offset that the sender wrote of the time of the milestone with this stamp."""
    offsets = (milestone_offset(value) for reached, value in fields.values() if reached == stamp)
    return next((offset for offset in offsets if offset), 0)


def _add_named_applications(entities: dict[str, list[Entity]]) -> None:
    """An application exists once any event names it, even before an event about it."""
    known = {entity.id for entity in entities["application"]}
    named = {
        entity.values["application"] for kind in entities.values() for entity in kind if "application" in entity.values
    }
    missing = [Entity("application", name, {"application": name}) for name in named - known]
    entities["application"] = sorted([*entities["application"], *missing], key=lambda entity: entity.id)
