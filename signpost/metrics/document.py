"""The page docs/metrics.md, from the table. Must not import prometheus_client."""

from signpost.metrics import table
from signpost.metrics.kinds import Metric

_HEAD = """\
# Metrics

<!-- `make generate` writes this page from signpost/metrics/table.py. -->

Where they are served, and what must not reach them, is in [operating.md](operating.md#watch-it). The
alerts in [deploy/prometheus/alerts.yaml](../deploy/prometheus/alerts.yaml) and the dashboard in
[deploy/grafana/signpost.json](../deploy/grafana/signpost.json) use only these; each alert has a
[runbook](runbooks/README.md).

- Labels have few values. None is a tenant, a candidate, a source, a consumer or an id. `rule` and
  `version` have at most 300 values in each process; further ones count as `other`.
- A counter goes on where it was when its process is started again under the same supervisor.
- The processes of one `signpost up`, and those of one intake, are one target: counters are added up,
  and of the gauges the worst or the latest value is shown. Several relays or clocks in containers of
  their own show the same depths: take their `max`, never their `sum`.
- Depths and ages are sampled every 5 seconds by the relay and the clock, more rarely when a sample
  takes long; a scrape asks no server. `NaN` means that the server did not answer.
- AMQP does not say how old the first message of a queue is. `signpost_event_age_seconds` is the age of
  each event at its effect, so it contains the time in the queue.
"""
_SECTIONS = (
    ("Every process", ("intake", "advisor", "clock", "relay", "deliverer")),
    ("Intake", ("intake",)),
    ("Advisor", ("advisor",)),
    ("Advisor and clock", ("advisor", "clock")),
    ("Clock", ("clock",)),
    ("Relay", ("relay",)),
    ("Deliverer", ("deliverer",)),
    ("Several roles", ()),
)


def page() -> str:
    """The page as Markdown."""
    named = {roles for _, roles in _SECTIONS}
    parts = [_HEAD]
    for title, roles in _SECTIONS:
        rows = [one for one in table.TABLE if one.roles == roles or (not roles and one.roles not in named)]
        lines = [f"| `{row.name}` | {row.kind} | {_labels(row)} | {_about(row)} |" for row in rows]
        parts.append(
            "\n".join(
                [f"## {title}", "", "| name | type | labels | meaning |", "| --- | --- | --- | --- |", *lines, ""]
            )
        )
    return "\n".join(parts)


def _labels(metric: Metric) -> str:
    return ", ".join(f"`{label}`" for label in metric.labels) or "-"


def _about(metric: Metric) -> str:
    own = metric.roles not in {roles for _, roles in _SECTIONS}
    return metric.about + (f" Of {', '.join(metric.roles)}." if own else "")
