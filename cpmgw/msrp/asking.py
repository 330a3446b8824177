"""Requests without content, and the answers that are waited for (RFC 4976 5.1)."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from twisted.internet.defer import Deferred

from cpmgw.msrp.errors import MsrpError, NotAnswered
from cpmgw.msrp.frames import Flag, Response, write_end, write_request
from cpmgw.msrp.identifiers import new_ident


class Asking:
    """What one connection has asked; it looks after the time."""

    def __init__(self, timeout: float, write: Callable[[bytes], None]) -> None:
        self._timeout = timeout
        self._write = write
        self._asked: dict[str, tuple[float, Deferred[Response]]] = {}

    @property
    def deadline(self) -> float | None:
        """When the next answer is overdue."""
        if not self._asked:
            return None
        return min(due for due, _ in self._asked.values())

    def ask(
        self,
        method: str,
        to_path: tuple[str, ...],
        from_path: tuple[str, ...],
        headers: Iterable[tuple[str, str]],
        now: float,
    ) -> Deferred[Response]:
        """Send a request; fires with its answer, or fails with an MsrpError in time."""
        transaction = new_ident()

        def forget(_: Deferred[Response]) -> None:
            self._asked.pop(transaction, None)

        answer: Deferred[Response] = Deferred(forget)
        self._asked[transaction] = now + self._timeout, answer
        head = write_request(method, transaction, to_path, from_path, headers)
        self._write(head + write_end(transaction, Flag.LAST))
        return answer

    def answered(self, response: Response) -> None:
        """A response has come; one to something else is passed over."""
        _, answer = self._asked.pop(response.transaction, (0.0, None))
        if answer is not None:
            answer.callback(response)

    def expire(self, now: float) -> bool:
        """Give up what is overdue; whether anything was."""
        overdue = [key for key, (due, _) in self._asked.items() if due <= now]
        for key in overdue:
            _, answer = self._asked.pop(key, (0.0, None))
            if answer is not None:
                answer.errback(NotAnswered("no answer came in time"))
        return bool(overdue)

    def postpone(self, seconds: float) -> None:
        """No answer could be read for so long: that does not count."""
        for key, (due, answer) in self._asked.items():
            self._asked[key] = due + seconds, answer

    def lost(self, reason: MsrpError) -> None:
        """No answer will come any more."""
        self._write = _nowhere  # who has lost it is not held by it
        asked, self._asked = self._asked, {}
        for _, answer in asked.values():
            answer.errback(reason)


def _nowhere(_: bytes) -> None:
    """Nobody hears it."""
