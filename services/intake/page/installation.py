"""The installation as operators see it on the page: what `signpost status` and `signpost doctor` say."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from signpost.doctor import Site, by_severity, examine
from signpost.doctor.status import StatusReader
from signpost.services.intake.problems import NoSlot
from signpost.settings import Settings

RETRY_AFTER_S = 5


class Installation:
    """Looks with the settings and the rights of this process, one look at a time."""

    def __init__(self, settings: Settings, make_site: Callable[[Settings], Site] = Site) -> None:
        self._settings, self._make_site = settings, make_site
        self._looking = threading.Lock()

    def status(self) -> dict[str, Any]:
        """See OperatorView."""
        with self._site() as site:
            return StatusReader(site).read()

    def examine(self) -> Sequence[dict[str, Any]]:
        """See OperatorView."""
        with self._site() as site:
            return [line.to_document() for line in by_severity(examine(site))]

    @contextmanager
    def _site(self) -> Iterator[Site]:
        if not self._looking.acquire(blocking=False):
            raise NoSlot(503, RETRY_AFTER_S, "another look at the installation has not ended")
        try:
            site = self._make_site(self._settings)
            try:
                yield site
            finally:
                site.close()
        finally:
            self._looking.release()
