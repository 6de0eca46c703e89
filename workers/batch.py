"""Handles one batch of events in one transaction: parse, admit, set apart what fails. Uses no broker."""

from collections.abc import Sequence

from signpost.case.event import Event
from signpost.crash_points import reach
from signpost.errors import CallerError, TransientError
from signpost.ingress import strict_json
from signpost.messaging.message import Delivery
from signpost.names import FEEDBACK, FEEDBACK_TYPES
from signpost.schemas import load_own_event
from signpost.storage import Store, Transaction
from signpost.tenants.quotas import Quotas
from signpost.workers.batch_result import BatchResult, ReceivedEvent, dead_letter, format_reason
from signpost.workers.batch_transaction import BatchTransaction
from signpost.workers.feedback import FeedbackDesk, InvalidFeedback
from signpost.workers.process import Clock
from signpost.workers.rulebook_versions import RulebookVersions, StaleRulebook


class BatchHandler:
    """Handles batches against a store. `lease` (microseconds): how long its outbox rows are leased to this process;
    `ask`: whether to publish the questions to candidates."""

    def __init__(self, store: Store, versions: RulebookVersions, lease: int, *, ask: bool = False) -> None:
        self._store, self._versions, self._lease, self._ask = store, versions, lease, ask
        self._quotas = Quotas(store)

    def announce_rulebooks(self, now: int) -> bool:
        """Keep announcing this process's rulebooks while it is idle; whether the database took them."""
        try:
            self._versions.engines(now)
        except TransientError:
            return False
        return True

    def handle(self, deliveries: Sequence[Delivery], clock: Clock) -> BatchResult:
        """Commit a batch. An unprocessable message becomes a dead letter without failing the others.

        Raises TransientError; then nothing is committed and the batch may be retried.
        """
        result = BatchResult()
        self._quotas.refresh(clock())
        received: list[ReceivedEvent] = []
        for delivery in deliveries:
            try:
                received.append(ReceivedEvent(delivery, read_event(delivery)))
            except CallerError as error:
                result.add(dead_letter(delivery, f"not an event: {error}"))
        if received:
            result.add(self._handle(received, clock))
        return result

    def _handle(self, received: Sequence[ReceivedEvent], clock: Clock) -> BatchResult:
        try:
            engines = self._versions.engines(clock())
            with self._store.transaction() as tx:
                admitted, result = _admit_feedback(tx, received, clock())
                work = BatchTransaction(tx, engines, admitted, clock, self._lease, self._quotas, self._ask)
                self._versions.check(tx, work.rows, engines, work.now)
                result.add(work.run())
                reach("batch written")
                return result
        except StaleRulebook as stale:
            self._versions.reload_now(stale)
            return self._handle(received, clock)
        except TransientError:
            raise
        except Exception as error:
            if len(received) == 1:
                return dead_letter(received[0].delivery, format_reason(error))
        middle = len(received) // 2
        result = self._handle(received[:middle], clock)
        result.add(self._handle(received[middle:], clock))
        return result


def _admit_feedback(
    tx: Transaction, received: Sequence[ReceivedEvent], now: int
) -> tuple[list[ReceivedEvent], BatchResult]:
    """The events to apply, and the dead letters of the feedback that its publisher may not send."""
    desk = FeedbackDesk(tx, [item.event for item in received if item.is_feedback], now)
    admitted, result = [], BatchResult()
    for item in received:
        try:
            event = desk.admit(item.event, item.delivery.user_id) if item.is_feedback else item.event
            admitted.append(ReceivedEvent(item.delivery, event))
        except InvalidFeedback as error:
            result.add(dead_letter(item.delivery, f"feedback refused: {error}"))
    return admitted, result


def read_event(delivery: Delivery) -> Event:
    """Parse the event of a message, which is an intake event or feedback. Raises CallerError with the problem."""
    event = load_own_event(strict_json.loads(delivery.body))
    if delivery.exchange == FEEDBACK and not event.type.startswith(FEEDBACK_TYPES):
        raise InvalidFeedback(f"{event.type} is not feedback; publish advice.done, advice.dismissed or advice.snoozed")
    return event
