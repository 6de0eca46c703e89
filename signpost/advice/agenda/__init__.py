"""The agenda: joins what one action settles into cards, in order, and holds back the rest with a reason. Pure."""

from signpost.advice.agenda.agenda import agendas
from signpost.advice.agenda.cards import Agenda, Card, Held, Item, Reader
from signpost.advice.agenda.document import agenda_document
from signpost.advice.agenda.publishing import AgendaChange, AgendaUpdate, sequence_of, update

__all__ = [
    "Agenda",
    "AgendaChange",
    "AgendaUpdate",
    "Card",
    "Held",
    "Item",
    "Reader",
    "agenda_document",
    "agendas",
    "sequence_of",
    "update",
]
