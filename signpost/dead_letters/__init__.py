"""Dead letters for people: what lies in a dead-letter queue, why and whose fault; requeued or dropped by filter."""

from signpost.dead_letters.choosing import Choice
from signpost.dead_letters.groups import Group, groups_of
from signpost.dead_letters.letter import KINDS, DeadLetter
from signpost.dead_letters.queue import MAX_EXAMINED, DeadLetterQueue, Listing, Result, queue_of
from signpost.dead_letters.route import NotRequeueable, original_message

__all__ = [
    "KINDS",
    "MAX_EXAMINED",
    "Choice",
    "DeadLetter",
    "DeadLetterQueue",
    "Group",
    "Listing",
    "NotRequeueable",
    "Result",
    "groups_of",
    "original_message",
    "queue_of",
]
