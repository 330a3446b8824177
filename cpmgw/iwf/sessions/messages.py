"""The MSRP side of one session: what comes, what is sent, and when (TS 6.1.5.1)."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Final

from twisted.internet.defer import Deferred, TimeoutError
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from cpmgw.iwf.sessions.bearer import Membership
from cpmgw.iwf.sessions.machine import On
from cpmgw.iwf.sessions.reception import Reception
from cpmgw.iwf.streams import ANSWER_FIRST
from cpmgw.msrp.errors import MsrpError
from cpmgw.msrp.interfaces import FailureReport, IMsrpUser, Received
from cpmgw.sip.identifiers import Randomness

if TYPE_CHECKING:
    from cpmgw.cpm.conference_info import ConferenceState
    from cpmgw.iwf.media import Answered
    from cpmgw.iwf.sessions.house import SessionHouse
    from cpmgw.iwf.sessions.participants import Participants

# Seconds from a message's being sent to its answer, the wait for a connection included:
# an SM-SC waits for it, about a minute.
SEND_WITHIN: Final = 50.0
# Octets that the other side takes in a second at the least: what is large has longer,
# and so has what is behind it.
SLOWEST: Final = 10_000
# No answer in time (RFC 4975 10.3).
TOO_LATE: Final = 408
# Success reports that a session waits for; the oldest gives way to the newest.
MOST_AWAITED: Final = 1_000
_OK: Final = 200
# As random as a UUID.
_ID_OCTETS: Final = 16


@implementer(IMsrpUser)
class Messages:
    """The user of a session's MSRP session, and the way into it.

    `stream` is None until an offer was answered, `participants` where nobody tells of
    them; `active` is when there was a message last, by the clock. `happened` is told of
    what ends the session.
    """

    log = Logger()

    __slots__ = (
        "_awaited",
        "_clock",
        "_happened",
        "_policy",
        "_queued",
        "_reception",
        "active",
        "participants",
        "stream",
    )

    def __init__(
        self,
        membership: Membership,
        house: SessionHouse,
        happened: Callable[[On], None],
    ) -> None:
        self._reception = Reception(membership, house, self._touch)
        self._policy = membership.policy
        self._clock = house.clock
        self._happened = happened
        self._queued = 0
        self._awaited: OrderedDict[str, Callable[[], None]] = OrderedDict()
        self.stream: Answered | None = None
        self.participants: Participants | None = None
        self.active = house.clock.seconds()

    @property
    def can_send(self) -> bool:
        """Whether the other side takes messages at present."""
        return self.stream is not None and self.stream.direction.sends

    @property
    def is_connected(self) -> bool:
        """Whether what is sent leaves, and does not wait."""
        return self.stream is not None and self.stream.session.is_connected

    def begin(self) -> None:
        """The session stands: MSRP may connect."""
        assert self.stream is not None
        self._touch()
        try:
            self.stream.begin()
        except MsrpError as error:  # it was lost before it began
            self.lost(error)

    def drop(self) -> None:
        """Deliver nothing more, be it here already."""
        self._reception.drop()

    def close(self) -> None:
        """The session is over, and is not told of anything any more."""
        self._happened = _unheard
        self._awaited.clear()
        self._reception.close()
        if self.stream is not None:
            self.stream.close()

    def send(
        self,
        content_type: str,
        content: bytes,
        delivered: Callable[[], None] | None = None,
    ) -> Deferred[int]:
        """Send where one can; fires with the MSRP status, or fails with MsrpError.

        Who waits does so no longer than `SEND_WITHIN`, and what so many octets take
        with those before them: then it is a 408, and what was not sent by then never
        is. With `delivered` a success report is asked for, and told of when it comes
        (RFC 4975 7.1.2); none is waited for of what was not taken.
        """
        policy = self._policy
        assert self.stream is not None
        self._touch()
        message_id = Randomness().hex(_ID_OCTETS)
        failure_report = FailureReport(policy.session.failure_report)
        if delivered is not None:
            self._await(message_id, delivered)
            failure_report = FailureReport.YES
        sent: Deferred[int] = self.stream.session.send(
            content_type,
            content,
            success_report=policy.session.success_report or delivered is not None,
            failure_report=failure_report,
            message_id=message_id,
        )
        self._queued += len(content)
        sent.addTimeout(SEND_WITHIN + self._queued / SLOWEST, self._clock)
        sent.addErrback(_too_late)
        return sent.addBoth(self._answered, message_id, len(content))

    def _answered(
        self, result: int | Failure, message_id: str, octets: int
    ) -> int | Failure:
        self._queued -= octets
        if result != _OK:
            self._awaited.pop(message_id, None)
        return result

    def _await(self, message_id: str, delivered: Callable[[], None]) -> None:
        self._awaited[message_id] = delivered
        if len(self._awaited) > MOST_AWAITED:
            self._awaited.popitem(last=False)

    # -- for MSRP ----------------------------------------------------------------------

    def message(self, received: Received) -> Awaitable[int]:
        """Something has come; the status for it (IMsrpUser)."""
        return Deferred.fromCoroutine(self._take(received))

    async def _take(self, received: Received) -> int:
        taken = await self._reception.take(received, self._state)
        if taken.has_failed:
            # After the answer, which is on its way first (6.2.3 B).
            self._clock.callLater(ANSWER_FIRST, self._happened, On.FAILED)
        return taken.status

    def _state(self) -> ConferenceState | None:
        participants = self.participants
        return participants.state if participants is not None else None

    def connected(self) -> None:
        """Messages can go both ways (IMsrpUser)."""
        self._touch()

    def report(self, message_id: str, status: int) -> None:
        """The peer reports of a message (IMsrpUser); its answer has counted."""
        self.log.debug("MSRP report {status} of a message", status=status)
        delivered = self._awaited.pop(message_id, None)
        if delivered is not None and status == _OK:
            delivered()

    def lost(self, reason: Exception) -> None:
        """MSRP is of no use any more (IMsrpUser)."""
        self.log.debug("MSRP session lost: {reason}", reason=str(reason))
        self._happened(On.LOST)

    def _touch(self) -> None:
        self.active = self._clock.seconds()


def _too_late(failure: Failure) -> int:
    failure.trap(TimeoutError)
    return TOO_LATE


def _unheard(on: On) -> None:
    """What happens to a session that is over."""
