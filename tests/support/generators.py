"""Random events over the whole vocabulary, from a seed. Few ids and round times, so that facts collide and thresholds
are hit."""

from random import Random
from typing import Any

from signpost.case import Case, Event
from signpost.case.instant import DAY, HOUR, format_instant, parse_instant
from signpost.facts.facts import Facts, facts_of
from signpost.facts.vocabulary import KINDS, Vocabulary
from signpost.schemas import EVENT_SCHEMAS

START = parse_instant("2026-03-02T00:00:00Z")
TYPES = [name for name in EVENT_SCHEMAS if name not in ("candidate.merged", "candidate.erased")]
FREQUENT = ["offer.extended", "offer.updated", "offer.accepted", "interview.scheduled", "contact.logged"] * 4
CURRENCIES = ["USD", "USD", "USD", "EUR"]
IDS = {"offer": ["o1", "o2", "o3"], "interview": ["i1", "i2"], "application": ["a1", "a2"], "recommendation": ["r1"]}
OWN_TYPES = {
    "offer": {
        "probation_period": "integer",
        "sign_on": "money",
        "visa_sponsored": "boolean",
        "shift": "shift",
        "ends_on": "date",
        "car": "text",
        "fit": "signed",
        "decided_at": "instant",
    },
    "interview": {"panel_size": "integer", "impression": "text"},
    "application": {"referred": "boolean", "fit": "signed"},
    "candidate": {"needs_visa": "boolean", "most_probation": "integer", "available_on": "date"},
}
"""The fields that `own_fields.yaml` declares, and those of their values here."""
OFFSETS = [0, 0, 0, -480, -300, 60, 330, 840]
"""In minutes, as senders write times."""
ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Pacific/Kiritimati"]


def random_event(random: Random, number: int, subject: str = "c-1") -> Event:
    """Return a valid event in canonical form, within three weeks of START."""
    type_ = random.choice(TYPES + FREQUENT)
    data = {}
    for name, declared in EVENT_SCHEMAS[type_]().fields.items():
        key = declared.data_key or name
        if declared.required or key == "offer" or random.random() < 0.4:
            data[key] = None if declared.allow_none and random.random() < 0.05 else _value(random, key, declared, type_)
    if type_ == "contact.logged" and data.get("offer") is None:
        data["offer"] = random.choice(IDS["offer"])
    places = ["time", *(name for name, value in data.items() if str(value).endswith("Z"))]
    offsets = {place: offset for place in places if (offset := random.choice(OFFSETS))}
    sender, time = random.choice(["ats", "board"]), _instant(random, 20)
    return Event("acme", sender, f"e-{number}", type_, time, subject, data, offsets=offsets)


def random_events(random: Random, most: int = 9) -> list[Event]:
    """One to `most` events of one candidate, now and then said of an application that is theirs."""
    return [
        random_event(random, number, "application:a1" if random.random() < 0.1 else "c-1")
        for number in range(random.randint(1, most))
    ]


def random_facts(random: Random, vocabulary: Vocabulary = KINDS) -> Facts:
    """Return the facts of a random case."""
    return facts_of(Case().fold(*random_events(random)), "c-1", vocabulary)


def random_now(random: Random) -> int:
    """Return an instant near those of the events: often exactly on a threshold or one microsecond beside it."""
    return _instant(random, 40) + random.choice([0, 0, 0, -1, 1, HOUR])


def _instant(random: Random, days: int) -> int:
    return START + random.randint(0, days * 2) * (DAY // 2)


def _value(random: Random, name: str, declared: Any, event: str) -> Any:
    if name == "custom":
        return _custom(random, event.partition(".")[0])
    if name in IDS:
        return random.choice(IDS[name])
    if declared.choices and declared.kind == "choices":
        return random.sample(declared.choices, random.randint(0, 2))
    if declared.choices:
        return random.choice(declared.choices)
    return _VALUES.get(name, _VALUES.get(declared.kind, lambda random: "x"))(random)


def _custom(random: Random, kind: str) -> dict[str, Any]:
    """Values of declared fields, now and then one taken back, of another type, or of a field that nobody declares."""
    types = OWN_TYPES[kind] | {"declared_no_longer": "text"}
    found = {name: _VALUES[type_](random) for name, type_ in types.items() if random.random() < 0.5}
    return {
        name: value if (odd := random.random()) < 0.9 else None if odd < 0.95 else "x" for name, value in found.items()
    }


def _money(random: Random) -> dict[str, str]:
    amount = str(random.choice([20, 40, 800, 4000, 60000, 80000, 90000]))
    return {
        "amount": amount,
        "currency": random.choice(CURRENCIES),
        **random.choice([{"per": "year"}, {"per": "year"}, {"per": "month"}, {"per": "hour"}, {}]),
    }


_VALUES: dict[str, Any] = {
    "text": lambda random: random.choice(["x", "y", "Y "]),
    "texts": lambda random: random.sample(["x", "y"], random.randint(0, 2)),
    "boolean": lambda random: random.random() < 0.5,
    "integer": lambda random: random.choice([0, 1, 7, 14, 30, 60, 90]),
    "number": lambda random: random.choice([0, 20, 37.5, 40, 50, 60]),
    "instant": lambda random: format_instant(_instant(random, 30)),
    "respond_by": lambda random: _VALUES["date"](random) if random.random() < 0.2 else _VALUES["instant"](random),
    "date": lambda random: format_instant(_instant(random, 60))[:10],
    "money": _money,
    "money_or_false": lambda random: False if random.random() < 0.3 else _money(random),
    "text_or_false": lambda random: False if random.random() < 0.3 else "x",
    "range": lambda random: {"low": _money(random), "high": _money(random)},
    "region": lambda random: random.choice(["r", "R", "s", "OH", "Ohio"]),
    "unwanted_regions": lambda random: random.sample(["r", "s"], random.randint(0, 2)),
    "employer": lambda random: random.choice(
        [
            {"id": "acme", "name": "Acme"},
            {"id": "globex"},
            {"name": "Acme"},
            {"id": "globex", "time_zone": "Asia/Kolkata"},
        ]
    ),
    "benefits": lambda random: {name: random.random() < 0.5 for name in ("health", "dental", "retirement_match")},
    "location": lambda random: random.choice(
        [{"city": "x"}, {"city": "y", "region": "r"}, {"region": "r"}, {"region": "OH"}, {"country": "US"}]
    ),
    "letter": lambda random: random.choice(
        [{}, {"title": "x"}, {"salary": _money(random), "start_date": "2026-03-20"}, {"location": {"region": "Ohio"}}]
    ),
    "country": lambda random: random.choice(["DE", "US"]),
    "notice_country": lambda random: random.choice(["DE", "US"]),
    "time_zone": lambda random: random.choice(ZONES),
    "locale": lambda random: "en-US",
    "agenda_max_cards": lambda random: random.randint(1, 4),
    "agenda_quiet_hours": lambda random: random.choice(["none", "21:00 to 07:30", "12:00 to 13:00"]),
    "agenda_digest": lambda random: random.choice(["none", "none", "daily at 08:00", "weekly on Monday at 08:00"]),
    "agenda_settling_time": lambda random: random.choice(["0s", "60s", "2h"]),
    "agenda_topics_off": lambda random: random.sample(["pay", "interviews"], random.randint(0, 1)),
    "shift": lambda random: random.choice(["day", "night"]),
    "signed": lambda random: random.choice([-7, -0.5, 0, 1, 2.5, 1_000_000_000]),
    "into": lambda random: "c-2",
}
