"""Names that several layers share: media types, exchanges, and the enumerations of a recommendation. Data only."""

from typing import Final

JSON: Final = "application/json"
CLOUDEVENT_JSON: Final = "application/cloudevents+json"
EVENT_STREAM: Final = "text/event-stream"
CLOUDEVENTS_BATCH_JSON: Final = "application/cloudevents-batch+json"
PROBLEM_JSON: Final = "application/problem+json"

EVENTS: Final = "signpost.events"
"""Exchange of accepted events."""
ADVICE: Final = "signpost.advice"
"""Exchange of recommendations; consumers bind to it."""
AGENDA: Final = "signpost.agenda"
"""Exchange of the agendas of candidates and employers; consumers bind to it."""
QUESTIONS: Final = "signpost.questions"
"""Exchange of the questions to candidates; consumers bind to it."""
DEAD: Final = "signpost.dead"
"""Exchange of dead letters, and the queue that holds them."""
FEEDBACK: Final = "signpost.feedback"
"""Exchange for the feedback of consumers on recommendations."""
FEEDBACK_SOURCE: Final = "signpost/feedback"
"""Source of feedback events; what came by the exchange has "/USER/SOURCE" after it."""
FEEDBACK_TYPES: Final = "advice."
"""Prefix of the short types of feedback events."""

AUDIENCES: Final = ("candidate", "employer")
SUBJECTS: Final = ("offer", "interview", "application", "candidate")
PRIORITIES: Final = ("low", "normal", "high", "urgent")
"""In ascending order."""
ANSWERS: Final = ("done", "dismissed", "snoozed")
"""Feedback that a consumer can send on a recommendation."""
_ENDINGS: Final = ("resolved", "expired", "superseded", *ANSWERS)
CHANGES: Final = ("raised", "updated", *_ENDINGS)
"""Changes of a recommendation."""
STATUSES: Final = ("active", *_ENDINGS)
"""Status of a recommendation after a change."""

PRIVATE_UMASK: Final = 0o077
"""Umask of every process: only the account of a process may read the files that it creates."""
NO_SOURCE: Final = "no source is called "
"""How the reason begins for which a webhook to an unknown source is refused; the name follows, in quotes."""
NO_FACTS: Final = "no facts are known about this candidate"
"""How the answer about an unknown candidate begins. It names none; commands add the name, and where to look."""
