"""The command line `signpost`: a table of commands, each loaded only when it is called. A process edge."""

from typing import Final

from click import version_option

from signpost.cli.lazy import LazyGroup

COMMANDS: Final = {
    "up": ("signpost.cli.up:up", "Start everything here, and keep it running."),
    "send": ("signpost.cli.send:send", "Send CloudEvents from files to the intake."),
    "tail": ("signpost.cli.tail:tail", "Show recommendations, the latest last."),
    "rules": ("signpost.cli.rules:rules", "Write, check, test and explain rules."),
    "consumers": ("signpost.cli.consumers:consumers", "Add, list and remove queues for other systems."),
    "deliveries": ("signpost.cli.deliveries:deliveries", "Look at the webhooks received, and play them again."),
    "tenants": ("signpost.cli.tenants:tenants", "Add tenants and list them."),
    "sources": ("signpost.cli.sources:sources", "Add, list, rotate and try the senders of webhooks."),
    "settings": ("signpost.cli.show_settings:settings", "Show every setting, where it comes from, and what it means."),
    "key": ("signpost.cli.key:key", "Make an API key and the hash to keep of it."),
    "db": ("signpost.cli.db:db", "Bring the database up to date."),
    "topology": ("signpost.cli.topology:topology", "Declare exchanges and queues, or compare them."),
    "intake": ("signpost.cli.processes:intake", "Run the intake: webhooks and events in, over HTTP."),
    "advisor": ("signpost.cli.processes:advisor", "Run an advisor: events to recommendations."),
    "clock": ("signpost.cli.processes:clock", "Run the clock: advice that changes with time alone."),
    "relay": ("signpost.cli.processes:relay", "Run the relay: publishes what another process could not."),
}
"""Command -> where it lives, and the line that `signpost --help` shows."""

HELP: Final = """\
Advice at the right moment between a job offer and the first day: events in by webhook, recommendations out by queue.

\b
  signpost up                      start everything here, embedded
  signpost tail --follow           in a second terminal: watch the advice
  signpost send events.json        send CloudEvents

Settings come from the environment (SIGNPOST_...); `signpost settings` shows them all.

Exit codes: 0 done; 1 something was refused, failed or is away; 2 something has to be set right first.
"""

main: Final = version_option(message="signpost %(version)s", package_name="signpost")(
    LazyGroup("signpost", commands_at=COMMANDS, help=HELP, context_settings={"help_option_names": ["-h", "--help"]})
)
