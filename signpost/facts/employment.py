"""Which statements about employment concern the present job, and the names of their fields. Pure."""

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time
from math import inf
from typing import Final, NamedTuple

from signpost.case.case import Register, Stamp
from signpost.case.fold import BENEFITS
from signpost.case.instant import DAY, from_datetime
from signpost.case.order import JOINED
from signpost.facts.employer_names import plain
from signpost.facts.entity import Entity
from signpost.facts.notice import UNITS
from signpost.facts.vocabulary import PRESENT_TERMS

EMPLOYMENT_FIELDS: Final[Mapping[str, str]] = {
    "employer": "present_employer",
    "title": "present_title",
    "manages_people": "manages_people",
    **{f"notice_period_{unit}": f"notice_period_{unit}" for unit in UNITS},
    "notice_to": "notice_to",
    "last_day": "last_day",
    "resignation_planned": "resignation_planned",
    **{name: f"present_{name}" for name in (*PRESENT_TERMS, *(f"benefits.{benefit}" for benefit in BENEFITS))},
}
"""Field of employment -> field of the candidate."""
_OF_A_RESIGNATION: Final = ("resigned", "resignation_planned", "last_day")
_OF_A_JOB: Final = frozenset(name.partition(".")[0] for name in EMPLOYMENT_FIELDS)


def begins_after(fields: Mapping[str, Register], ended: Stamp | None) -> bool:
    """Whether the present job was stated after another one had ended. Where both have one time, it was if a job was
    started then, or if its employer was first named then."""
    if ended is None or "current" not in fields:
        return False
    current = fields["current"][0]
    if current[0] != ended[0]:
        return current > ended
    stopped = fields["ended"][0][0] if "ended" in fields else 0
    return stopped < current[0] or _is_first_named_at(current[0], fields)


def employed(at: Mapping[str, Stamp], is_new_job: bool) -> tuple[bool, Stamp | None]:
    """Whether the candidate has a job, and since which statement: the current job is known and its end is not, or the
    job of an offer began then or later. `at`: the times of `current`, `resigned`, `ended` and `started`."""
    current, ended, started = (at.get(name) for name in ("current", "ended", "started"))
    begun = started if started and (ended is None or started[0] >= ended[0]) else None
    is_employed = begun is not None or (current is not None and (is_new_job or ended is None))
    counted = (current, ended, begun) if current else (ended, started)
    return is_employed, max((one for one in counted if one), default=None)


def _is_first_named_at(time: int, fields: Mapping[str, Register]) -> bool:
    employer = fields["employer"][1] if "employer" in fields else None
    key = (employer.get("id") or employer.get("name")) if isinstance(employer, dict) else None
    joined = joined_at(fields)
    since = joined.get(plain(key))
    return since is not None and since[0] == time and min(joined.values())[0] < time


def of_present_job(fields: Mapping[str, Register], offers: Iterable[Entity]) -> Mapping[str, Register]:
    """Without what was stated of earlier jobs, and without a resignation that was taken back. Since the job of an
    offer began, its employer is the present one. Offers must have `began_at` and their ends."""
    begun = max((offer for offer in offers if "began_at" in offer.values), key=_began, default=None)
    job = _present_job(fields, begun)
    stale = _stale_profile(fields, begun, offers) if begun is not None else None
    kept = {
        name: register
        for name, register in fields.items()
        if job.has(name, register[0][0]) and not (register[0] == stale and name.partition(".")[0] in _OF_A_JOB)
    }
    if begun is not None and "employer" not in kept and "started_at" in begun.stamps:
        named = {key: begun.values.get(name) for key, name in (("id", "employer"), ("name", "employer_name"))}
        kept["employer"] = (begun.stamps["started_at"], named)
    if _is_taken_back(kept, offers):
        resigned = kept["resigned"][0][0]
        return {name: one for name, one in kept.items() if name not in _OF_A_RESIGNATION or one[0][0] > resigned}
    return kept


def _stale_profile(fields: Mapping[str, Register], begun: Entity, offers: Iterable[Entity]) -> Stamp | None:
    """The statement of an employer that the candidate had resigned from before the job of an offer started: a profile
    that repeats it is out of date, unless that job is one of this employer too or has ended, or this employer's offer
    was accepted since."""
    if "started_at" not in begun.stamps or not {"employer", "resigned"} <= fields.keys():
        return None
    (stamp, employer), resigned, began = fields["employer"], fields["resigned"][0], _began(begun)
    names = [plain(one) for one in (employer or {}).values()]
    left = {name: since for name, since in joined_at(fields).items() if since <= resigned}
    if not left or max(left, key=lambda name: left[name]) not in names or not resigned[0] <= began <= stamp[0]:
        return None
    is_back = any(one is begun or _accepted_at(one) >= began for one in offers if _is_last_of(left, one))
    has_ended = "ended" in fields and fields["ended"][0][0] > began
    return None if is_back or has_ended else stamp


class _Job(NamedTuple):
    """Since when the present job is known, when an earlier one was left (up to then a resignation was from that), and
    since when the notice period is one of this employer."""

    since: int
    left_at: int
    employer_since: int

    def has(self, name: str, time: int) -> bool:
        """Whether a statement is about this job. Of one time, the resignation comes before the new job."""
        if name in _OF_A_RESIGNATION:
            return time > self.left_at
        since = self.employer_since if name.startswith("notice_") else self.since
        return time >= since or name.partition(".")[0] not in _OF_A_JOB


def _present_job(fields: Mapping[str, Register], begun: Entity | None) -> _Job:
    """Another employer that is named before the stated last day leaves no job: it is a second one, or the same by
    another name. The beginning of an offer's job does."""
    began, joined = _began(begun) if begun else 0, joined_at(fields)
    since = max(began, _last_change(joined))
    last_day = _last_day(fields)
    left_at = since if last_day is None or since >= midnight_utc(last_day) else began
    before = {name: stamp for name, stamp in joined.items() if stamp[0] < began}
    is_move = begun is not None and since == began and _is_last_of(before, begun)
    return _Job(since, left_at, _last_change(before) if is_move else since)


def is_promotion(offer: Entity, fields: Mapping[str, Register]) -> bool:
    """Whether the candidate who accepted an offer worked for its employer already."""
    accepted = _accepted_at(offer)
    return _is_last_of({name: stamp for name, stamp in joined_at(fields).items() if stamp[0] <= accepted}, offer)


def _last_change(joined: Mapping[str, Stamp]) -> int:
    """When the candidate was last named as working for another employer than before; 0: never."""
    return max(joined.values())[0] if len(joined) > 1 else 0


def _is_last_of(joined: Mapping[str, Stamp], offer: Entity) -> bool:
    """Whether the employer that was named last is the one of an offer. A promotion changes no notice period."""
    ours = [plain(offer.values[name]) for name in ("employer", "employer_name") if name in offer.values]
    return bool(joined) and max(joined, key=lambda name: joined[name]) in ours


def _is_taken_back(fields: Mapping[str, Register], offers: Iterable[Entity]) -> bool:
    """Whether the candidate plans no longer to resign after resigning, has accepted during the notice to stay, or
    states the same job as the present one although it should be over and no new one is ahead. Before the last day that
    says nothing new, because the candidate works out the notice. Without a last day it counts once all reasons to
    resign have ended."""
    if "resigned" not in fields:
        return False
    resigned, last_day = fields["resigned"][0][0], _last_day(fields)
    planned, current = fields.get("resignation_planned"), fields.get("current")
    if planned is not None and planned[1] is False and planned[0][0] > resigned:
        return True
    gone_at = inf if last_day is None else midnight_utc(last_day) + 2 * DAY  # wherever the candidate lives
    stays, others = _to_stay_and_others(fields, offers)
    if any(resigned < _accepted_at(stay) < gone_at and _ended_at(stay) == inf for stay in stays):
        return True
    if current is None or current[0][0] <= resigned:
        return False
    now = current[0][0]
    if last_day is None:
        return _has_no_reason(resigned, now, others)
    reasons = _reasons(resigned, gone_at, others)
    return now >= gone_at and all(min(_ended_at(reason), _starts_at(reason)) <= now for reason in reasons)


def _to_stay_and_others(fields: Mapping[str, Register], offers: Iterable[Entity]) -> tuple[list[Entity], list[Entity]]:
    """The offers of the employer that the candidate resigned from, which are no reason to resign, and the others."""
    left = {name: since for name, since in joined_at(fields).items() if since <= fields["resigned"][0]}
    stays: list[Entity] = []
    others: list[Entity] = []
    for offer in offers:
        (stays if _is_last_of(left, offer) else others).append(offer)
    return stays, others


def _last_day(fields: Mapping[str, Register]) -> date | None:
    last_day = fields.get("last_day", (None, None))[1]
    return None if last_day is None else date.fromisoformat(last_day)


def _has_no_reason(resigned: int, now: int, offers: Iterable[Entity]) -> bool:
    """Whether the offers that were a reason to resign have ended since then."""
    reasons = _reasons(resigned, resigned, offers)
    return bool(reasons) and all(_ended_at(reason) <= now for reason in reasons)


def _reasons(resigned: int, until: float, offers: Iterable[Entity]) -> list[Entity]:
    """The offers that were accepted until a time, and each that was accepted before the last of them ended: the
    candidate resigns for it from then on. Without those that had ended at the resignation."""
    reasons = []
    for offer in sorted(offers, key=_accepted_at):
        if _accepted_at(offer) <= until and (end := _ended_at(offer)) > resigned:
            reasons.append(offer)
            until = max(until, end)
    return reasons


def _accepted_at(offer: Entity) -> float:
    accepted: int | float = offer.values.get("accepted_at", inf)
    return accepted


def _ended_at(offer: Entity) -> float:
    end: int | float = offer.values.get(f"{offer.values.get('stage')}_at", inf)
    return end if offer.values.get("ended") else inf


def _starts_at(offer: Entity) -> float:
    start = offer.values.get("start_date")
    return midnight_utc(start) if isinstance(start, date) else inf


def midnight_utc(day: date) -> int:
    """The first instant of a day in UTC: both sides count the same days, wherever the candidate lives."""
    return from_datetime(datetime.combine(day, time(), UTC))


def _began(offer: Entity) -> int:
    began: int = offer.values["began_at"]
    return began


def joined_at(fields: Mapping[str, Register]) -> dict[str, Stamp]:
    """When each employer was first named as the present one. Of a candidate who was erased, this is not known: since
    when the last one was named."""
    joined: dict[str, Stamp] = {}
    for name, (stamp, _) in fields.items():
        if name.startswith(f"{JOINED}."):
            key = plain(name.removeprefix(f"{JOINED}."))
            joined[key] = min(stamp, joined.get(key, stamp))
    return joined or _named_last(fields)


def _named_last(fields: Mapping[str, Register]) -> dict[str, Stamp]:
    if "employer" not in fields:
        return {}
    stamp, employer = fields["employer"]
    if not isinstance(employer, dict):
        return {}
    return {plain(employer.get("id") or employer.get("name")): stamp}
