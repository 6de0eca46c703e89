"""A new rule with its timeline, as YAML to start from.

The rule loads, the timeline passes, and the rule is silent in other timelines."""

from collections.abc import Sequence
from dataclasses import dataclass
from textwrap import fill
from typing import Final

_EMPLOYER = "employer: {id: example, name: Example employer}"


@dataclass(frozen=True, slots=True)
class Example:
    """Two conditions, and the events at 0h, 1h and 2h that meet the first, both, and the second alone."""

    conditions: tuple[str, str]
    subject: str
    events: tuple[str, str, str]


EXAMPLES: Final = {
    "offer": Example(
        ("stage: open", "employer_name: Example employer"),
        "offer/o-1",
        ("offer.extended, offer: o-1", f"offer.updated, offer: o-1, {_EMPLOYER}", "offer.declined, offer: o-1"),
    ),
    "interview": Example(
        ("stage: scheduled", "employer_name: Example employer"),
        "interview/i-1",
        (
            "interview.scheduled, interview: i-1",
            f"interview.rescheduled, interview: i-1, {_EMPLOYER}",
            "interview.cancelled, interview: i-1",
        ),
    ),
    "application": Example(
        ("stage: submitted", "employer_name: Example employer"),
        "application/a-1",
        (
            "application.submitted, application: a-1",
            f"application.submitted, application: a-1, {_EMPLOYER}",
            "application.rejected, application: a-1",
        ),
    ),
    "candidate": Example(
        ("any offer: {stage: open}", "region: Example region"),
        "candidate/c-1",
        ("offer.extended, offer: o-1", "candidate.preferences, region: Example region", "offer.declined, offer: o-1"),
    ),
}
"""What a rule is about -> its example."""


CHOOSE_ACT: Final = (
    "What it has the person do: {}, or an act that replaces others. rules/acts.yaml of Signpost says what each"
    " means; `ask employer`"
    " joins the question to the letter to the employer."
)


def rule_text(name: str, about: str, audience: str, source: str, acts: Sequence[str] = ()) -> str:
    """The rule, its keys explained by comments. `acts`: what the rulebook lets it write as its act; the first is it."""
    first, second = EXAMPLES[about].conditions
    field = second.partition(":")[0]
    acting = f"{_comment(CHOOSE_ACT.format(', '.join(acts)))}\n  act: {acts[0]}\n" if acts else ""
    whose = "" if about == "candidate" else " about {{ employer }}"
    return f"""\
{name}:
  # Who gets the advice: candidate or employer.
  audience: {audience}
  # What one recommendation is about: offer, interview, application or candidate.
  about: {about}
{acting}  # The article behind the advice: one that sources.yaml of this folder, or of those before it, names.
  source: {source}
  # All of these must hold. docs/rulebook/fields.md lists the fields, and fields.yaml your own. The example value of
  # {field} keeps the rule silent in other timelines: replace that line by conditions of your own.
  when:
    {first}
    {second}
  # low, normal, high or urgent.
  priority: normal
  # What to do, in one line, and why. A text with a colon in it, or with {{{{ at its start, needs quotes.
  title: Write what to do
  message: Write in a few sentences why it matters{whose}.
"""


def _comment(text: str) -> str:
    return fill(text, 118, initial_indent="  # ", subsequent_indent="  # ", break_on_hyphens=False)


def timeline_text(name: str, about: str) -> str:
    """The timeline, as an item of the list of timelines."""
    example = EXAMPLES[about]
    advice = f"{name}@{example.subject}"
    events = "\n".join(f"    - {{at: {hour}h, type: {event}}}" for hour, event in enumerate(example.events))
    return f"""\
- name: {name} begins and ends
  start: 2026-03-02T09:00:00Z
  # What happens; each time counts from the start.
  events:
{events}
  # What is advised then, as RULE@KIND/ID. Each condition needs a time at which it alone fails.
  expect:
    - {{at: 0h, excludes: [{advice}]}}
    - {{at: 1h, includes: [{advice}]}}
    - {{at: 1h, priority: {{{advice}: normal}}}}
    - {{at: 2h, excludes: [{advice}]}}
"""
