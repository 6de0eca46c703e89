"""The prices of requests: how many events of the rate limit each costs, in proportion to its work. Charges nothing."""

from typing import Final

REQUEST: Final = 1
"""An event, a webhook, a read of one thing; the processor time of the intake is about a millisecond."""
PAGE_ITEMS: Final = 100
"""Items of a page that cost as much as one event."""
BODY_BYTES: Final = 100_000
"""Bytes of a body that cost as much as one event."""
CANDIDATES: Final = 4
"""Candidates of a page that cost as much as one event."""
SEARCH: Final = 25
"""A search reads up to a thousand cases."""
CALENDAR: Final = 10
EXPLANATION: Final = 50
AGENDA: Final = 10
QUESTIONS: Final = 50
FORECAST: Final = 50
"""A page of a forecast, of one candidate or of all."""
DEAD_LETTERS: Final = 50
"""Any request that reads a queue of dead letters."""
TIMELINE: Final = 100
"""The screen of a candidate: its history, its forecast and all rules at one instant."""
RULEBOOK: Final = 25
"""A screen about rules."""
MUTANTS: Final = 250
SIMULATION: Final = 100
SIMULATED_EVENT: Final = 25


def of_body(size: int) -> int:
    """The price of a request with one event and a body of `size` bytes."""
    return max(REQUEST, -(-size // BODY_BYTES))


def of_events(events: int, size: int) -> int:
    """The price of a batch, or of a webhook that came to so many events."""
    return max(events, of_body(size))


def of_page(limit: int) -> int:
    """The price of a page of at most `limit` items."""
    return max(REQUEST, -(-limit // PAGE_ITEMS))


def of_candidates(limit: int) -> int:
    """The price of a page of at most `limit` candidates."""
    return max(REQUEST, -(-limit // CANDIDATES))


def of_search(limit: int) -> int:
    """The price of a page of a search for candidates."""
    return SEARCH + of_candidates(limit)


def of_agendas(number: int) -> int:
    """The price of so many agendas."""
    return max(REQUEST, AGENDA * number)


def of_simulation(events: int, size: int) -> int:
    """The price of a simulation of so many events."""
    return max(SIMULATION + SIMULATED_EVENT * events, of_body(size))
