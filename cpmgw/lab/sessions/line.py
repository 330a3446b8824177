"""The MSRP half of a session: what goes over it, and who watches."""

from __future__ import annotations

from typing import Final, Protocol

from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.python.failure import Failure
from zope.interface import implementer

from cpmgw.lab.msrp_arrows import answer_arrow, report_arrow, send_arrow
from cpmgw.lab.sessions.streams import Shape, Stream
from cpmgw.lab.wire import Wire
from cpmgw.msrp.errors import MsrpError
from cpmgw.msrp.interfaces import IMsrpUser, Received
from cpmgw.msrp.node import MsrpNode
from cpmgw.sdp.description import Lines

LINGER: Final = 0.2
"""Seconds that what is unanswered has after a BYE."""


class LineUser(Protocol):
    """Whose line it is."""

    async def received(self, content_type: str, content: bytes) -> int:
        """A message has come; the status that answers it."""

    def connected(self) -> None:
        """Messages can go."""

    def lost(self, reason: Exception) -> None:
        """It is of no use any more, and was not closed from here."""


@implementer(IMsrpUser)
class Line:
    """One MSRP session of the lab, from its offer to its end.

    `reports` are the (Message-ID, status) of REPORTs.
    """

    def __init__(
        self, wire: Wire, clock: IReactorTime, node: MsrpNode, user: LineUser
    ) -> None:
        self.reports: list[tuple[str, int]] = []
        self._wire = wire
        self._clock = clock
        self._node = node
        self._user = user
        self._stream: Stream | None = None
        self._unanswered = 0
        self._is_ending = False
        self._alarm: IDelayedCall | None = None

    @property
    def stream(self) -> Stream | None:
        """Its stream, while it is open."""
        return self._stream

    async def open(self, shape: Shape, attributes: Lines = ()) -> Stream:
        """Make the session; fails with MsrpError where there is none to be had."""
        session = await self._node.open(self)
        self._stream = Stream(session, shape, attributes)
        return self._stream

    def send(self, content_type: str, content: bytes) -> Deferred[int]:
        """Send a message; fires with its status, 0 where the session ended before."""
        if self._stream is None:
            return succeed(0)
        self._wire.see(
            lambda now: send_arrow(content_type, content, now, outgoing=True)
        )
        self._unanswered += 1
        sent = self._stream.session.send(content_type, content)
        return sent.addErrback(_not_sent).addCallback(self._answered)

    def close(self) -> None:
        """End it."""
        if self._alarm is not None and self._alarm.active():
            self._alarm.cancel()
        stream, self._stream = self._stream, None
        if stream is not None:
            stream.session.close()

    def end(self) -> None:
        """End it as soon as what was sent is answered, in `LINGER` at the most.

        What answers a SEND may be overtaken by the BYE that follows it.
        """
        if not self._unanswered:
            self.close()
            return
        self._is_ending = True
        self._alarm = self._clock.callLater(LINGER, self.close)

    def _answered(self, status: int) -> int:
        self._unanswered -= 1
        self._wire.see(lambda now: answer_arrow(status, now, outgoing=False))
        if self._is_ending and not self._unanswered:
            self.close()
        return status

    # -- IMsrpUser ---------------------------------------------------------------------

    def connected(self) -> None:
        """Messages can go."""
        self._user.connected()

    async def message(self, received: Received) -> int:
        """A message has come."""
        content_type, content = received.content_type, received.body.read()
        received.body.close()
        if not content:
            return 200
        see = self._wire.see
        see(lambda now: send_arrow(content_type, content, now, outgoing=False))
        status = await self._user.received(content_type, content)
        see(lambda now: answer_arrow(status, now, outgoing=True))
        return status

    def report(self, message_id: str, status: int) -> None:
        """A REPORT has come."""
        self.reports.append((message_id, status))
        self._wire.see(lambda now: report_arrow(message_id, status, now))

    def lost(self, reason: Exception) -> None:
        """MSRP is of no use any more."""
        self._user.lost(reason)


def _not_sent(failure: Failure) -> int:
    failure.trap(MsrpError)
    return 0
