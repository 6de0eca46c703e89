"""The one table of metrics. Labels have few values: never a tenant, candidate, source, consumer or id of a message."""

from typing import Final

from signpost.metrics.kinds import Counter, Gauge, Histogram, Metric

INTAKE, ADVISOR, CLOCK, RELAY, DELIVERER = "intake", "advisor", "clock", "relay", "deliverer"
ROLES: Final = (INTAKE, ADVISOR, CLOCK, RELAY, DELIVERER)
EVALUATING: Final = (ADVISOR, CLOCK)
WORKERS: Final = (ADVISOR, CLOCK, RELAY)
PARTS: Final = ("database", "broker", "outbox", "tenants", "sources", "vendors", "rules", "log")
DEAD_LETTER_REASONS: Final = (
    "not an event", "not processable", "quota", "case-full", "feedback refused", "a fault of Signpost",
)  # fmt: skip
"""Beginnings of the reasons that `signpost dead-letters list` shows."""

_FAST: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_AGES: Final = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600, 21600)
_SIZES: Final = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 5000)

# Every process
START_TIME = Gauge(
    "signpost_process_start_time_seconds", "When the latest process of the role started, as Unix time.",
    ("role",), roles=ROLES, merge="max",
)  # fmt: skip
READY = Gauge(
    "signpost_ready", "Whether the role can do its work: 1, or 0 if a part that it needs is away or it stops.",
    ("role",), roles=ROLES, merge="min",
)  # fmt: skip
PROBLEM = Gauge(
    "signpost_problem", "1 while a part does not work as it should, as `/readyz` names it.",
    ("role", "part"), roles=ROLES, merge="max",
)  # fmt: skip
LOOP_TIME = Gauge(
    "signpost_main_loop_timestamp_seconds", "When the main loop last turned, as Unix time; of several, the oldest.",
    ("role",), roles=ROLES, merge="min",
)  # fmt: skip
RECONNECTS = Counter(
    "signpost_reconnects_total", "Connections lost and opened again, by server.",
    ("role", "server"), roles=ROLES, first=(("database",), ("broker",)),
)  # fmt: skip
RELOADS = Counter(
    "signpost_reloads_total", "Changes of files that were taken or refused.",
    ("role", "content", "result"), roles=(INTAKE, ADVISOR, CLOCK),
)  # fmt: skip
FILES_REFUSED = Gauge(
    "signpost_files_refused", "1 while the files are faulty and an earlier version of them is in force.",
    ("role", "content"), roles=(INTAKE, ADVISOR, CLOCK), merge="max",
)  # fmt: skip
RULEBOOK = Gauge(
    "signpost_rulebook_info", "1 for the version of the rulebook in force, without changes of tenants.",
    ("role", "version"), roles=EVALUATING, merge="max",
)  # fmt: skip

# Intake
HTTP_REQUESTS = Counter(
    "signpost_http_requests_total", "Requests, by route as declared, method and class of the status.",
    ("route", "method", "status"), roles=(INTAKE,),
)  # fmt: skip
HTTP_SECONDS = Histogram(
    "signpost_http_request_duration_seconds", "Time from a complete request to its response, waiting included.",
    ("route",), roles=(INTAKE,), buckets=_FAST,
)  # fmt: skip
HTTP_PROBLEMS = Counter(
    "signpost_http_problems_total", "Problem documents, by the last word of their type.", ("kind",), roles=(INTAKE,)
)
EVENTS_ACCEPTED = Counter(
    "signpost_events_accepted_total", "Events stored durably, by the broker or in the outbox.",
    ("stored",), roles=(INTAKE,), first=(("broker",), ("outbox",)),
)  # fmt: skip
EVENTS_REFUSED = Counter(
    "signpost_events_refused_total", "Events refused; a request or webhook that is refused as a whole counts as one.",
    ("reason",), roles=(INTAKE,),
)  # fmt: skip
DELIVERIES = Counter(
    "signpost_deliveries_total", "Verified webhooks by what the mapping made of them; `own`: of own mapping files.",
    ("vendor", "outcome"), roles=(INTAKE,),
)  # fmt: skip
DELIVERIES_LOST = Counter(
    "signpost_deliveries_unlogged_total", "Webhooks that are not in the delivery log; their events are not affected.",
    roles=(INTAKE,),
)  # fmt: skip
RATE_LIMITED = Counter(
    "signpost_rate_limited_total", "Requests refused by the rate limit of their tenant.", roles=(INTAKE,)
)
HTTP_WAITING = Gauge(
    "signpost_http_waiting_requests", "Requests that wait for a change of the feed, streams included.",
    roles=(INTAKE,), merge="sum",
)  # fmt: skip
RATE_UNCHECKED = Counter(
    "signpost_rate_limit_unavailable_total", "Times that the rate limit was suspended, because the database is away.",
    roles=(INTAKE,),
)  # fmt: skip

# Advisor
EVENTS_FOLDED = Counter(
    "signpost_events_folded_total", "Events that took effect in a case for the first time.", roles=(ADVISOR,)
)
EVENTS_DUPLICATE = Counter(
    "signpost_events_duplicate_total", "Events that were known already and changed nothing.", roles=(ADVISOR,)
)
EVENTS_ERASED = Counter(
    "signpost_events_erased_total", "Events dropped because their candidate was erased.", roles=(ADVISOR,)
)
EVENT_AGE = Histogram(
    "signpost_event_age_seconds", "Time from the acceptance of an event to the commit of its effect.",
    roles=(ADVISOR,), buckets=_AGES,
)  # fmt: skip
BATCH_EVENTS = Histogram(
    "signpost_batch_events", "Deliveries in one transaction of an advisor.", roles=(ADVISOR,), buckets=_SIZES
)
BATCH_SECONDS = Histogram(
    "signpost_batch_duration_seconds", "Time from the first attempt at a batch to its commit, retries included.",
    roles=(ADVISOR,), buckets=(*_FAST, 30, 120),
)  # fmt: skip
BATCH_RETRIES = Counter(
    "signpost_batch_retries_total", "Batches tried again because the database was away or in conflict.",
    roles=(ADVISOR,),
)  # fmt: skip
DEAD_LETTERS = Counter(
    "signpost_dead_letters_total", "Messages moved to the dead letters by an advisor, by the beginning of the reason.",
    ("reason",), roles=(ADVISOR,), first=[(reason,) for reason in DEAD_LETTER_REASONS],
)  # fmt: skip

# Advisor and clock
EVALUATIONS = Counter("signpost_evaluations_total", "Evaluations of a case.", ("role", "engine"), roles=EVALUATING)
EVALUATION_SECONDS = Counter(
    "signpost_evaluation_seconds_total", "Time spent on evaluating cases and writing their texts.",
    ("role", "engine"), roles=EVALUATING,
)  # fmt: skip
ENGINE_FAULTS = Counter(
    "signpost_engine_faults_total", "Answers in which durable-rules differs from the compiled evaluator, or failed.",
    ("role", "fault", "rule"), roles=EVALUATING,
)  # fmt: skip
TEXT_FAULTS = Counter(
    "signpost_text_faults_total", "Texts of rules that were shortened or replaced, because they failed or grew.",
    ("role", "fault", "rule"), roles=EVALUATING,
)  # fmt: skip
ADVICE_CHANGES = Counter(
    "signpost_advice_changes_total", "Changes of recommendations (raised, updated, resolved, ...) by rule.",
    ("role", "change", "rule"), roles=EVALUATING,
)  # fmt: skip
AGENDAS = Counter(
    "signpost_agendas_published_total", "Published agendas, by reader.",
    ("role", "audience"), roles=EVALUATING,
)  # fmt: skip
AGENDA_CARDS = Counter(
    "signpost_agenda_cards_total", "Cards on published agendas.", ("role", "audience"), roles=EVALUATING
)
AGENDA_HELD = Counter(
    "signpost_agenda_held_total", "Advice that published agendas hold back.", ("role", "audience"), roles=EVALUATING
)

# Clock
CASES_WOKEN = Counter("signpost_cases_woken_total", "Cases that were due and were evaluated again.", roles=(CLOCK,))
CASES_REEVALUATED = Counter(
    "signpost_cases_reevaluated_total", "Cases evaluated again after a change of the rules.", roles=(CLOCK,)
)
CASES_DUE = Gauge(
    "signpost_cases_due", "Cases that are due and not evaluated yet, up to 10,000 of each tenant.",
    roles=(CLOCK,), merge="mostrecent",
)  # fmt: skip
CLOCK_LAG = Gauge(
    "signpost_clock_lag_seconds", "For how long the oldest of them is due.", roles=(CLOCK,), merge="mostrecent"
)

# Outbox and queues
OUTBOX_PUBLISHED = Counter(
    "signpost_outbox_published_total", "Messages of the outbox that the broker confirmed.", ("role",), roles=WORKERS,
    first=((),),
)  # fmt: skip
OUTBOX_UNCONFIRMED = Counter(
    "signpost_outbox_unconfirmed_total", "Messages of the outbox that stay there, because no confirm came.",
    ("role",), roles=WORKERS, first=((),),
)  # fmt: skip
OUTBOX_RETRIED = Counter(
    "signpost_outbox_retried_total", "Messages that the relay took over from their writers.", roles=(RELAY,)
)
OUTBOX_MESSAGES = Gauge("signpost_outbox_messages", "Messages in the outbox.", roles=(RELAY,), merge="mostrecent")
OUTBOX_AGE = Gauge(
    "signpost_outbox_oldest_age_seconds", "Age of the oldest message in the outbox.", roles=(RELAY,),
    merge="mostrecent",
)  # fmt: skip
QUEUE_READY = Gauge(
    "signpost_queue_messages_ready", "Messages that wait in a queue of Signpost.", ("queue",), roles=(RELAY,),
    merge="mostrecent",
)  # fmt: skip
QUEUE_CONSUMERS = Gauge(
    "signpost_queue_consumers", "Consumers of a queue of Signpost.", ("queue",), roles=(RELAY,), merge="mostrecent"
)
CONSUMERS_READY = Gauge(
    "signpost_consumer_queues_messages_ready", "Messages that wait in the queues of all registered consumers.",
    roles=(RELAY,), merge="mostrecent",
)  # fmt: skip
CONSUMERS_DEEPEST = Gauge(
    "signpost_consumer_queue_deepest_messages_ready", "Messages that wait in the longest of these queues.",
    roles=(RELAY,), merge="mostrecent",
)  # fmt: skip
CONSUMERS_DEAD = Gauge(
    "signpost_consumer_queues_dead_letters", "Dead letters of all registered consumers.",
    roles=(RELAY,), merge="mostrecent",
)  # fmt: skip
DEAD_REDELIVERED = Counter(
    "signpost_dead_letters_redelivered_total", "Dead letters that the relay gave back to the advisors.",
    roles=(RELAY,),
)  # fmt: skip

# Deliverer
WEBHOOKS_SENT = Counter(
    "signpost_webhooks_sent_total", "Attempts at webhooks: delivered, refused by the receiver, failed, or blocked.",
    ("outcome",), roles=(DELIVERER,), first=(("delivered",), ("refused",), ("failed",), ("blocked",)),
)  # fmt: skip
WEBHOOK_SECONDS = Histogram(
    "signpost_webhook_duration_seconds", "Time of an attempt, name and response included.", roles=(DELIVERER,),
    buckets=(*_FAST, 30, 60),
)  # fmt: skip
WEBHOOK_AGE = Histogram(
    "signpost_webhook_age_seconds", "Time from the commit of a change to its delivery to an endpoint.",
    roles=(DELIVERER,), buckets=_AGES,
)  # fmt: skip
WEBHOOKS_WAITING = Gauge(
    "signpost_webhook_messages", "Messages that wait for endpoints, those of disabled ones included.",
    roles=(DELIVERER,), merge="mostrecent",
)  # fmt: skip
WEBHOOKS_OLDEST = Gauge(
    "signpost_webhook_oldest_age_seconds", "Age of the oldest message that waits for an enabled endpoint.",
    roles=(DELIVERER,), merge="mostrecent",
)  # fmt: skip
WEBHOOKS_SET_ASIDE = Gauge(
    "signpost_webhook_set_aside_messages", "Messages that an endpoint refused for days while it took others.",
    roles=(DELIVERER,), merge="mostrecent",
)  # fmt: skip
ENDPOINTS_FAILING = Gauge(
    "signpost_endpoints_failing", "Enabled endpoints whose last attempt failed.", roles=(DELIVERER,),
    merge="mostrecent",
)  # fmt: skip
ENDPOINTS_DISABLED = Gauge(
    "signpost_endpoints_disabled",
    "Endpoints that are disabled, and not by hand.",
    roles=(DELIVERER,),
    merge="mostrecent",
)

TABLE: Final[tuple[Metric, ...]] = tuple(one for one in list(globals().values()) if isinstance(one, Metric))
