"""Virtual hosts for tests: made and deleted several at a time, because each call of rabbitmqctl takes a second."""

import os
import secrets
from collections.abc import Callable, Sequence
from typing import Final

from signpost.messaging import Bounds
from tests.support import owners

PATIENT: Final = Bounds(publish_timeout_s=60, connect_timeout_s=60, busy_timeout_s=30)
"""For tests of other things than waiting: beside a second run of the suite a broker has stood still for six seconds,
and a process has held the file of an embedded queue for longer than a publisher waits for it."""
MAX_BATCH = 8
_ADD = """[begin
    ok = rabbit_vhost:add(Name, <<"test">>),
    ok = rabbit_auth_backend_internal:set_permissions(
        <<"guest">>, Name, <<".*">>, <<".*">>, <<".*">>, <<"test">>)
end || Name <- [{names}]]"""
_DELETE = '[rabbit_vhost:delete(Name, <<"test">>) || Name <- [{names}]]'

# Another process that starts may delete the same
_DELETE_LEFT = '[catch rabbit_vhost:delete(Name, <<"test">>) || Name <- [{names}]]'
_DELETE_OTHERS = """[
    catch rabbit_vhost:delete(Name, <<"test">>) || Name <- rabbit_vhost:list_names(),
    string:prefix(Name, "{prefix}") =/= nomatch, not lists:member(Name, [{names}])
]"""
_DELETE_ALL = """[
    rabbit_vhost:delete(Name, <<"test">>) || Name <- rabbit_vhost:list_names(),
    string:prefix(Name, "{prefix}") =/= nomatch
]."""


class VirtualHosts:
    """Virtual hosts of one broker, which `ctl` administers. Each is used once, with all rights for `guest`."""

    def __init__(self, ctl: Callable[..., str]) -> None:
        self._ctl = ctl
        self._free: list[str] = []
        self._taken: list[str] = []
        self._used: list[str] = []
        self._batch = 1
        self._pid = os.getpid()
        self._prefix = owners.prefix("-")

    def take(self) -> str:
        """Return the name of a fresh virtual host."""
        of_parent = self._notice_fork()
        if not self._free:
            self._free = [f"{self._prefix}{secrets.token_hex(4)}" for _ in range(self._batch)]
            forget = (_DELETE, self._used) if of_parent is None else (_DELETE_OTHERS, of_parent)
            self._run(*forget, _ADD, self._free)
            self._used, self._batch = [], min(2 * self._batch, MAX_BATCH)
        self._taken.append(self._free.pop())
        return self._taken[-1]

    def give_back(self, name: str) -> None:
        """Let a virtual host be deleted with the next call."""
        self._taken.remove(name)
        self._used.append(name)

    def close(self) -> None:
        """Delete all, also those of child processes that were killed."""
        if self._free or self._taken or self._used:
            self._ctl("eval", _DELETE_ALL.format(prefix=self._prefix))

    def delete_left(self, names: Sequence[str]) -> None:
        """Delete what killed test processes have left among all virtual hosts of the broker."""
        if found := owners.left(names):
            self._run(_DELETE_LEFT, found)

    def _notice_fork(self) -> list[str] | None:
        """In a new child of `make mutants`: what is its parent's. Such children run one after the other, and each
        deletes what others have left: with hundreds of virtual hosts a broker becomes slow, and then stands still."""
        if self._pid == os.getpid():
            return None
        self._pid = os.getpid()
        of_parent = [*self._free, *self._taken, *self._used]
        self._free, self._taken, self._used, self._batch = [], [], [], 1
        return of_parent

    def _run(self, *parts: str | list[str]) -> None:
        """Run expressions with their lists of names in one call. Raises RuntimeError."""
        pairs = zip(parts[::2], parts[1::2], strict=True)
        filled = [
            str(expression).format(names=", ".join(f'<<"{name}">>' for name in names), prefix=self._prefix)
            for expression, names in pairs
        ]
        self._ctl("eval", ", ".join(filled) + ".")
