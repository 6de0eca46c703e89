"""The command line `signpost`: a table of commands, each imported on its first call. A process edge."""

from typing import Final

from click import version_option

from signpost.cli.lazy import LazyGroup

COMMANDS: Final = {
    "up": ("signpost.cli.up:up", "Start the whole system and keep it running."),
    "send": ("signpost.cli.send:send", "Send CloudEvents from files to the intake."),
    "tail": ("signpost.cli.tail:tail", "Show recommendations, the latest last."),
    "candidates": ("signpost.cli.candidates:candidates", "List candidates, or search for one."),
    "agenda": ("signpost.cli.agenda:agenda", "Show what to do next, the most pressing first."),
    "calendar": ("signpost.cli.calendar:calendar", "Print a candidate's calendar, or make a link to it."),
    "questions": ("signpost.cli.questions:questions", "List the facts that a candidate could be asked for."),
    "forecast": ("signpost.cli.forecast:forecast", "Show what time alone will change, for a candidate or for all."),
    "rules": ("signpost.cli.rules:rules", "Write, check, test and explain rules."),
    "consumers": ("signpost.cli.consumers:consumers", "Add, list and remove queues for other systems."),
    "endpoints": ("signpost.cli.endpoints:endpoints", "Add, list, test and repair endpoints of webhooks."),
    "deliveries": ("signpost.cli.deliveries:deliveries", "Inspect received webhooks and replay them."),
    "dead-letters": (
        "signpost.cli.dead_letters:dead_letters",
        "List, show, requeue and drop messages that could not be processed.",
    ),
    "page": ("signpost.cli.page:page", "Make one-time links to the page for people."),
    "trace": ("signpost.cli.trace:trace", "Show the life of a webhook, event, recommendation or candidate."),
    "status": ("signpost.cli.status:status", "Show what happens: processes, queues, lags, versions, errors."),
    "doctor": ("signpost.cli.doctor:doctor", "Find what is wrong, and the command that mends it."),
    "erase": ("signpost.cli.erase:erase", "Erase a candidate and show what is left where."),
    "tenants": ("signpost.cli.tenants:tenants", "Add tenants and list them."),
    "sources": ("signpost.cli.sources:sources", "Add, list, rotate and test sources of webhooks."),
    "settings": ("signpost.cli.show_settings:settings", "Show all settings with their origin and meaning."),
    "key": ("signpost.cli.key:key", "Create an API key and its hash."),
    "db": ("signpost.cli.db:db", "Upgrade the database schema, or show its revision."),
    "topology": ("signpost.cli.topology:topology", "Declare exchanges and queues, or check them."),
    "intake": ("signpost.cli.processes:intake", "Run the intake: receives webhooks and events over HTTP."),
    "advisor": ("signpost.cli.processes:advisor", "Run an advisor: turns events into recommendations."),
    "clock": ("signpost.cli.processes:clock", "Run the clock: re-evaluates cases when time changes their advice."),
    "relay": ("signpost.cli.processes:relay", "Run the relay: publishes what other processes could not."),
    "deliverer": ("signpost.cli.processes:deliverer", "Run a deliverer: posts webhooks to endpoints."),
}
"""Command -> its module and attribute, and its line in `signpost --help`."""

HELP: Final = """\
Advice at the right moment between a job offer and the first day: receives events, publishes recommendations.

\b
  signpost up                      start the whole system, embedded
  signpost tail --follow           in a second terminal: follow the advice
  signpost send events.json        send CloudEvents

Settings come from the environment (SIGNPOST_...); `signpost settings` shows all of them.

Exit codes: 0 success; 1 rejected, failed or unavailable; 2 something needs to be corrected first.
"""

main: Final = version_option(message="signpost %(version)s", package_name="signpost")(
    LazyGroup("signpost", commands_at=COMMANDS, help=HELP, context_settings={"help_option_names": ["-h", "--help"]})
)
