"""Random rules about offers with conditions on few fields, so that they contradict and repeat each other."""

from pathlib import Path
from random import Random

LONG = ("short", "day", "long", "work")
PARAMS = "{short: 12h, day: 1d, long: 3d, work: 2bd}"
DEFINE = "{last_day: [day before start_date], answer: [respond_by, start_date], soon: [long after extended_at]}"
USED = " ".join(f"{{{{ params.{name} }}}}" for name in LONG)
TIMES = ("passed", "ahead", "known", "unknown", "within {}", "at least {} ago", "less than {} ago")
MOMENTS = ("respond_by", "start_date", "extended_at", "accepted_at", "letter_start_date")
ORDERS = ("before", "after", "at or before", "at or after")
MONEY = ("salary", "counteroffer_salary", "bottom_line", "candidate's salary_target", "candidate's salary_floor")
AMOUNTS = ("at least", "at most", "above", "below")
MODES = ("only", "includes", "includes anything beyond")
REASONS = ("compensation", "growth", "compensation or growth", "benefits or family")
STAGES = ("open", "accepted", "declined")
FACTS = (
    "stage: {}",
    "stage: not {}",
    "ended: true",
    "ended: false",
    "letter: not signed",
    "letter: received",
    "letter_received_at: known",
    "workplace: same as candidate's workplace",
    "workplace: differs from letter_workplace",
    "workplace: [onsite, hybrid]",
    "workplace: not remote",
    "candidate: {{workplace: remote}}",
    "candidate: {{resigned: true}}",
    "candidate: {{last_day: known}}",
    "highlights: empty",
    "highlights: not empty",
)
RELATIONS = ("any other offer", "no other offer", "no offer", "fewer than 2 offers", "any offer as x")


def write_rules(folder: Path, random: Random, number: int) -> Path:
    """Write a rulebook of `number` rules with two to five conditions each. Return the folder."""
    (folder / "sources.yaml").write_text("articles: {a: An article}\n")
    (folder / "topic.yaml").write_text("".join(_rule(f"r-{n}", random) for n in range(number)))
    return folder


def _rule(name: str, random: Random) -> str:
    conditions = "".join(f"      - {{{_condition(random)}}}\n" for _ in range(random.randint(2, 5)))
    head = f"{name}:\n  about: offer\n  source: a\n  params: {PARAMS}\n  define: {DEFINE}\n  priority: low\n"
    return f'{head}  title: T\n  message: "{USED}"\n  when:\n    all of:\n{conditions}'


def _condition(random: Random) -> str:
    """Return one condition, or several under an `any of` or a relation."""
    kind = random.randrange(6)
    if kind == 0:
        return f"any of: [{{{_line(random)}}}, {{{_line(random)}}}]"
    if kind == 1:
        return f"{random.choice(RELATIONS)}: {{{random.choice(FACTS[:6]).format(random.choice(STAGES))}}}"
    return _line(random)


def _line(random: Random) -> str:
    kind = random.randrange(8)
    if kind < 2:
        return f"{random.choice(MOMENTS)}: {random.choice(TIMES).format(random.choice(LONG))}"
    if kind == 2:
        first, second = random.sample(MOMENTS, 2)
        moved = random.choice(["", f"{random.choice(LONG)} after ", f"{random.choice(LONG)} before "])
        return f"{first}: {random.choice(ORDERS)} {moved}{second}"
    if kind == 3:
        return f"{random.choice(['last_day', 'answer', 'soon'])}: {random.choice(TIMES[:2])}"
    if kind == 4:
        return f"{random.choice(MONEY[:3])}: {random.choice(AMOUNTS)} {random.choice(MONEY)}"
    if kind == 5:
        return f"hours_per_week: {random.choice(AMOUNTS)} {random.choice([20, 40, 50])}"
    if kind == 6:
        return f"withdrawal_reasons: {random.choice(MODES)} {random.choice(REASONS)}"
    return random.choice(FACTS).format(random.choice(STAGES))
