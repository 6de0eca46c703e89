"""Names that several layers share: media types, exchanges, and the words of a recommendation. Data only."""

from typing import Final

JSON: Final = "application/json"
CLOUDEVENT_JSON: Final = "application/cloudevents+json"
CLOUDEVENTS_BATCH_JSON: Final = "application/cloudevents-batch+json"
PROBLEM_JSON: Final = "application/problem+json"

EVENTS: Final = "signpost.events"
"""Exchange of events that were taken in."""
ADVICE: Final = "signpost.advice"
"""Exchange of recommendations; consumers bind to it."""
DEAD: Final = "signpost.dead"
"""Exchange of dead letters, and the queue that holds them."""
FEEDBACK: Final = "signpost.feedback"
"""Exchange to which consumers publish what they did with a recommendation: done, dismissed or snoozed."""

AUDIENCES: Final = ("candidate", "employer")
SUBJECTS: Final = ("offer", "interview", "application", "candidate")
PRIORITIES: Final = ("low", "normal", "high", "urgent")
"""The lowest first."""
ANSWERS: Final = ("done", "dismissed", "snoozed")
"""What a consumer may answer to a recommendation."""
_ENDINGS: Final = ("resolved", "expired", "superseded", *ANSWERS)
CHANGES: Final = ("raised", "updated", *_ENDINGS)
"""What may become of a recommendation."""
STATUSES: Final = ("active", *_ENDINGS)
"""Where it then stands."""
