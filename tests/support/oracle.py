"""The test oracle: evaluates each term at one instant, independently of both engines; shares no code with them."""

from datetime import date, datetime, timedelta, timezone, tzinfo
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

from signpost.case.instant import EPOCH
from signpost.case.money import Money
from signpost.facts.facts import Entity, Facts
from signpost.rulebook.terms import (
    Among,
    AnyOf,
    Compare,
    Condition,
    Duration,
    Known,
    Linked,
    Lists,
    Moment,
    OneOf,
    Order,
    Reached,
    Ref,
    Relation,
    Same,
    Scope,
    Term,
)
from signpost.rulebook.typed_rule import Rule


def _state(place: dict[str, Any], key: str) -> Any:
    """A value of an object; the region as the generators' one abbreviation of a US state stands for it."""
    value = place[key]
    return "Ohio" if key == "region" and value in ("OH", "US-OH") else value


def _as_read(text: str) -> list[str]:
    """The words of a text, without what no reader hears: letter case, accents, the kind of a dash, `(m/f/d)`."""
    for written, read in (("ü", "u"), ("é", "e"), ("–", "-"), ("—", "-"), ("(m/f/d)", " "), ("(m/w/d)", " ")):  # noqa: RUF001
        text = text.lower().replace(written, read)
    return text.split()


class Oracle:
    """Evaluates one rule for one subject at one instant."""

    def __init__(self, rule: Rule, subject: Entity, facts: Facts, now: int) -> None:
        self.rule, self.subject, self.facts, self.now = rule, subject, facts, now
        self.zone = self.reader_zone()

    def reader_zone(self) -> tzinfo:
        """The candidate's zone; else the employer's; else the offset that was written last about the subject."""
        is_candidate, values = self.rule.audience == "candidate", self.subject.values
        if is_candidate and "time_zone" in self.facts.candidate.values:
            return ZoneInfo(self.facts.candidate.values["time_zone"])
        if "employer_time_zone" in values:
            return ZoneInfo(values["employer_time_zone"])
        offset, latest = 0, ((0, "", ""), "")
        for name, minutes in self.subject.offsets.items():
            stamp, field = self.subject.stamps.get(name), self.facts.vocabulary[self.subject.kind].get(name)
            readable = field is not None and (is_candidate or not field.private)
            readable = readable and minutes != 14 * 60
            if readable and stamp is not None and (stamp, name) > latest:
                offset, latest = minutes, (stamp, name)
        return timezone(timedelta(minutes=offset))

    def holds(self) -> bool:
        if self.rule.valid is not None:
            end = self.instant(self.rule.valid, self.subject)
            if end is not None and self.now >= end:
                return False
        return self.all(self.rule.when, self.subject)

    def priority(self) -> str:
        return [level.priority for level in self.rule.levels if self.all(level.when, self.subject)][-1]

    def all(self, condition: Condition, item: Entity) -> bool:
        return all(self.term(term, item) for term in condition)

    def term(self, term: Term, item: Entity) -> bool:
        match term:
            case Known():
                return (self.value(term.ref, item) is None) != term.known
            case OneOf():
                value = self.value(term.ref, item)
                return value is not None and (value in term.values) != term.negated
            case Compare():
                return self.compare(self.value(term.ref, item), term.operator, self.operand(term, item))
            case Same():
                return self.same(self.value(term.ref, item), self.value(term.other, item), term.same)
            case Among():
                value, listed = self.value(term.ref, item), self.value(term.other, item)
                return value is not None and any(self.equal(value, one) for one in listed or ())
            case Lists():
                return self.lists(term, self.value(term.ref, item))
            case Reached():
                instant = self.instant(term.moment, item)
                return instant is not None and (self.now >= instant) == term.reached
            case Order():
                return self.compare(self.instant(term.left, item), term.operator, self.instant(term.right, item))
            case Linked():
                return self.linked(term.how, item)
            case AnyOf():
                return any(self.all(alternative, item) for alternative in term.alternatives)
            case Relation():
                return self.relation(term)
        raise TypeError(f"the oracle does not know the term {type(term).__name__}; add it")

    def value(self, ref: Ref, item: Entity) -> Any:
        if ref.scope == Scope.DEFINED:
            return self.defined(ref.name)
        entity = {Scope.ITEM: item, Scope.SUBJECT: self.subject, Scope.CANDIDATE: self.facts.candidate}[ref.scope]
        return entity.values.get(ref.name)

    def operand(self, term: Compare, item: Entity) -> Any:
        return self.value(term.operand, item) if isinstance(term.operand, Ref) else term.operand

    def compare(self, ours: Any, operator: str, theirs: Any) -> bool:
        if isinstance(ours, Money) != isinstance(theirs, Money):
            return False
        if isinstance(ours, Money):
            if ours.currency != theirs.currency or not (ours.per and theirs.per):
                return False
            ours, theirs = self.in_one_unit(ours, theirs)
        if ours is None or theirs is None:
            return False
        return bool({"<": ours < theirs, "<=": ours <= theirs, ">": ours > theirs, ">=": ours >= theirs}[operator])

    def in_one_unit(self, ours: Money, theirs: Money) -> tuple[Fraction, Fraction]:
        amounts = Fraction(ours.amount), Fraction(theirs.amount)
        if ours.per == theirs.per:
            return amounts
        times = self.times_a_year(ours, theirs)
        return amounts[0] * times[ours.per], amounts[1] * times[theirs.per]

    def times_a_year(self, ours: Money, theirs: Money) -> dict[str, int | Fraction]:
        by_the_hour = [money.hours for money in (ours, theirs) if money.per == "hour" and money.hours]
        hours = next(iter([*by_the_hour, *(each for each in (ours.hours, theirs.hours) if each)]), Fraction(40))
        return {"year": 1, "month": 12, "week": 52, "day": 260, "hour": 52 * hours}

    def smallest_steps(self, ours: Money, theirs: Money) -> list[Fraction]:
        """The smallest step of each amount, a year: a cent; a whole unit of yen, or of whole weekly or monthly pay."""
        times = self.times_a_year(ours, theirs)
        steps = []
        for one in (ours, theirs):
            in_cents = one.per not in ("week", "month") or "." in one.amount
            step = Fraction(1, 100) if in_cents and one.currency not in ("JPY", "KRW") else Fraction(1)
            steps.append(step * times[one.per])
        return steps

    def same(self, ours: Any, theirs: Any, expected: bool) -> bool:
        return ours is not None and theirs is not None and self.equal(ours, theirs) == expected

    def equal(self, ours: Any, theirs: Any) -> bool | None:
        if isinstance(ours, Money) and isinstance(theirs, Money):
            if ours.currency != theirs.currency:
                return False
            if not (ours.per and theirs.per):
                return None
            first, second = self.in_one_unit(ours, theirs)
            if ours.per == theirs.per:
                return first == second
            return abs(first - second) < max(self.smallest_steps(ours, theirs))
        if isinstance(ours, str) and isinstance(theirs, str):
            return _as_read(ours) == _as_read(theirs)
        if isinstance(ours, dict) and isinstance(theirs, dict):
            known = {key for key in ours if ours[key] is not None} & {key for key in theirs if theirs[key] is not None}
            return all(self.equal(_state(ours, key), _state(theirs, key)) is not False for key in known)
        return bool(ours == theirs)

    def lists(self, term: Lists, value: Any) -> bool:
        if value is None:
            return False
        inside, outside = [one for one in value if one in term.values], [one for one in value if one not in term.values]
        return bool(
            {
                "includes": inside,
                "only": inside and not outside,
                "beyond": outside,
                "empty": not value,
                "some": value,
            }[term.mode]
        )

    def linked(self, how: str, item: Entity) -> bool:
        same, application = self.same_employer(item), self.agrees(item, "application")
        if how == "another":
            return same is False and True not in (application, self.agrees(item, "employer_name"))
        if how == "same" and same is not None:
            return same
        if item.kind == "contact" and self.subject.kind == "offer" and "offer" in item.values:
            return bool(item.values["offer"] == self.subject.id)
        if {item.kind, self.subject.kind} == {"interview", "application"} and self.is_of_earlier(item, application):
            return False
        return bool(same if application is None else application)

    def is_of_earlier(self, item: Entity, same: bool | None) -> bool:
        """Whether of an interview and an application the interview was held before the submission."""
        talk, sent = (item, self.subject) if item.kind == "interview" else (self.subject, item)
        if talk.values.get("stage") != "completed" or "submitted_at" not in sent.values:
            return False
        counts = "application" not in talk.values if same is None else item is talk and sent.is_renewed
        return counts and talk.values["completed_at"] < sent.values["submitted_at"]

    def same_employer(self, item: Entity) -> bool | None:
        """By id, else by name as people write it; None if unknown."""
        same = self.agrees(item, "employer")
        return self.agrees(item, "employer_name") if same is None else same

    def agrees(self, item: Entity, name: str) -> bool | None:
        ours, theirs = (entity.values.get(name) for entity in (item, self.subject))
        if ours is None or theirs is None:
            return None
        return bool(ours == theirs) if name != "employer_name" else ours.lower().split() == theirs.lower().split()

    def relation(self, term: Relation) -> bool:
        items = [item for item in self.facts.of_kind(term.kind) if not (term.other and item is self.subject)]
        found = sum(self.all(term.where, item) for item in items)
        return (found < term.number) == term.fewer

    def defined(self, name: str) -> Any:
        [defined] = [one for one in self.rule.defined if one.name == name]
        for choice in defined.choices:
            if self.all(choice.when, self.subject):
                value = choice.value
                if isinstance(value, Ref):
                    value = self.value(value, self.subject)
                elif isinstance(value, Moment):
                    value = self.move(value, self.subject)
                if isinstance(value, date) and defined.type == "instant":
                    return self.midnight(value)
                if value is not None:
                    return value
        return None

    def instant(self, moment: Moment, item: Entity) -> int | None:
        value = self.move(moment, item)
        if isinstance(value, date):
            day = value + timedelta(days=1) if moment.end else value
            return self.midnight(day)
        return None if value is None else int(value)

    def midnight(self, day: date) -> int:
        return (datetime(day.year, day.month, day.day, tzinfo=self.zone) - EPOCH) // timedelta(microseconds=1)

    def on_business_day(self, day: date, number: int) -> date:
        step = timedelta(days=1 if number > 0 else -1)
        while number:
            day += step
            number -= step.days if day.weekday() < 5 else 0
        return day

    def move(self, moment: Moment, item: Entity) -> Any:
        base = self.value(moment.base, item)
        offset = self.value(moment.offset, item) if isinstance(moment.offset, Ref) else moment.offset
        if base is None or offset is None:
            return None
        offset = offset if isinstance(offset, Duration) else Duration(int(offset))
        if isinstance(base, date):
            moved = self.on_business_day(base, moment.sign * offset.business_days)
            moved += moment.sign * timedelta(days=offset.days)
            while moment.back_to and not self.is_end(moved, moment.back_to):
                moved -= timedelta(days=1)
            rest = offset.microseconds
            return self.midnight(moved) + moment.sign * rest if rest else moved
        if offset.business_days:
            local = (EPOCH + timedelta(microseconds=base)).astimezone(self.zone)
            day = self.on_business_day(local.date(), moment.sign * offset.business_days)
            local = local.replace(year=day.year, month=day.month, day=day.day)
            base = (local - EPOCH) // timedelta(microseconds=1)
        return base + moment.sign * (offset.days * 86_400_000_000 + offset.microseconds)

    def is_end(self, day: date, back_to: str) -> bool:
        return (day + timedelta(days=1)).month != day.month or (back_to == "15th or month end" and day.day == 15)
