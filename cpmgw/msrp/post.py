"""Messages that one session has to send, and what its user is told became of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime

from cpmgw.msrp.errors import MsrpError, TooMany
from cpmgw.msrp.frames import OK, TIMEOUT, Request
from cpmgw.msrp.interfaces import FailureReport
from cpmgw.msrp.sending import BROKEN, Outgoing
from cpmgw.msrp.spans import Spans

# In how many pieces the far end may report a message.
_PIECES: Final = 64


class _FarEnd:
    """What the far end has told of a message that a relay takes."""

    def __init__(self, message: Outgoing, wished: bool) -> None:
        self.message = message
        self.wished = wished
        self.spans = Spans()
        self.timer: IDelayedCall | None = None

    def has_all(self, request: Request) -> bool:
        """Whether it has every octet, now that a REPORT says of some that it has."""
        size, given = self.message.size, request.byte_range
        end = size if given.end is None else min(given.end, size)
        if len(self.spans) < _PIECES:
            self.spans.add(max(given.start - 1, 0), end)
        return self.spans.are(size)


class Post:
    """Each message fires its Deferred once, with what it came to.

    A relay answers a SEND itself (RFC 4976 6.4): its 200 tells nothing of the far end.
    Messages that go by one ask for a REPORT, and are sent once that has come.
    """

    def __init__(
        self, clock: IReactorTime, timeout: float, most: int, most_octets: int
    ) -> None:
        self._clock = clock
        self._timeout = timeout
        self._most = most
        self._most_octets = most_octets
        self._octets = 0
        self._sent: dict[Outgoing, tuple[Deferred[int], int]] = {}
        self._far: dict[str, _FarEnd] = {}

    def __contains__(self, message: Outgoing) -> bool:
        return message in self._sent

    @property
    def unsent(self) -> list[Outgoing]:
        """Those that no connection has."""
        return [each for each in self._sent if not each.to_path]

    def check(self, octets: int) -> None:
        """Whether there is room for a message with so many in memory, else TooMany."""
        full = self._octets > 0 and self._octets + octets > self._most_octets
        if full or len(self._sent) >= self._most:
            raise TooMany("too many messages wait to be sent")

    def add(
        self, message: Outgoing, octets: int, cancel: Callable[[Outgoing], object]
    ) -> Deferred[int]:
        """One more, with so many octets in memory."""

        def cancelled(_: Deferred[int]) -> None:
            self._take(message)
            cancel(message)

        sent: Deferred[int] = Deferred(cancelled)
        self._sent[message] = sent, octets
        self._octets += octets
        return sent

    def ask_far_end(self, message: Outgoing) -> None:
        """It goes by a relay."""
        if message.failure_report is FailureReport.YES:
            self._far.setdefault(
                message.message_id, _FarEnd(message, message.success_report)
            )
            message.success_report = True

    def settled(self, message: Outgoing) -> None:
        """The next hop has answered, or did not."""
        far = self._far.get(message.message_id)
        if message.status == BROKEN:
            self.fail(message, MsrpError("the content could not be read"))
        elif message.status != OK or far is None or far.message is not message:
            self._fire(message, message.status or TIMEOUT)
        elif message in self._sent and far.timer is None:
            far.timer = self._clock.callLater(
                self._timeout, self._fire, message, TIMEOUT
            )

    def reported(self, request: Request) -> tuple[Outgoing | None, bool]:
        """A REPORT has come: what not to send on, and whether the user wants to know.

        MsrpSyntaxError if it cannot be understood.
        """
        status = request.status
        far = self._far.get(request.message_id)
        if far is None:
            return None, True
        if status != OK:
            self._fire(far.message, status)
            return far.message, far.wished
        if far.has_all(request):
            self._fire(far.message, OK)
        return None, far.wished

    def fail(self, message: Outgoing, reason: Exception) -> None:
        """It will not be sent."""
        sent = self._take(message)
        if sent is not None:
            sent.errback(reason)

    def fail_all(self, reason: Exception) -> None:
        """None will."""
        for message in list(self._sent):
            self.fail(message, reason)

    def put_back(self, reason: Exception) -> None:
        """The connection is left: what has not begun waits for the next."""
        for message in list(self._sent):
            if message.begun:
                self.fail(message, reason)
                continue
            far = self._far.pop(message.message_id, None)
            if far is not None and far.message is message:
                message.success_report = far.wished
            message.to_path = ()

    def _fire(self, message: Outgoing, status: int) -> None:
        sent = self._take(message)
        if sent is not None:
            sent.callback(status)

    def _take(self, message: Outgoing) -> Deferred[int] | None:
        sent, octets = self._sent.pop(message, (None, 0))
        self._octets -= octets
        far = self._far.get(message.message_id)
        if far is not None and far.message is message:
            del self._far[message.message_id]
            if far.timer is not None and far.timer.active():
                far.timer.cancel()
        return sent
