"""Large messages towards CPM users, whatever service they come from.

TS 6.2.2.2.3 steps 3 to 5 and 6.3.1.2.2 steps 2, 5 and 6; conversation TS 7.2.1.2. An
INVITE that offers a stream, one message over it, and a BYE.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from enum import Enum
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec
from twisted.internet.defer import CancelledError, Deferred, TimeoutError
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from cpmgw.bodies.interfaces import IBody
from cpmgw.cpm import product
from cpmgw.cpm.cpim import MEDIA_TYPE as CPIM_TYPE
from cpmgw.cpm.errors import MimeError
from cpmgw.cpm.mime import body_of_type
from cpmgw.cpm.reason import COMPLETED, TRANSMISSION_FAILED, reason
from cpmgw.errors import CannotInterwork
from cpmgw.iwf.large_session import SDP_TYPE, modified, offer_in
from cpmgw.iwf.media import Media, Offered, Wanted, not_acceptable
from cpmgw.msrp.errors import MsrpError, TooLarge
from cpmgw.msrp.interfaces import FailureReport, IMsrpUser, Received
from cpmgw.policy import PolicySource
from cpmgw.policy.large import LargePolicy
from cpmgw.sdp.files import FileDescription, FileSelector
from cpmgw.sdp.roles import Direction
from cpmgw.sip.dialogs.interfaces import CallFailed, Ending
from cpmgw.sip.message import Request, Response, respond
from cpmgw.sip.status import reason_for

if TYPE_CHECKING:
    from cpmgw.sip.dialogs.call import Call
    from cpmgw.sip.dialogs.calls import Calls
    from cpmgw.sip.dialogs.interfaces import End

# Seconds that a report has to come after the last answer, or without any.
REPORT_WAIT: Final = 10.0
_OK: Final = 200
# MSRP: a message that nobody is here for (RFC 4975 10.4).
_NOT_ALLOWED: Final = 403
# No answer, as far as anybody knows (RFC 4975 10.3), and not in time (RFC 3261 21.4.9).
_UNHEARD: Final = 408
_TOO_LARGE: Final = 413
# A session that is no more (RFC 4975 10.6).
_LOST: Final = 481
_ON_HOLD: Final = "the stream is on hold"


class Said(Enum):
    """Which protocol a status is of."""

    SIP = "SIP"
    MSRP = "MSRP"


class Outcome(NamedTuple):
    """What became of a large message: a status, and of which protocol it is.

    The CPM side has said it, or it is what that would have said: 408 where all of it
    takes too long, MSRP 413 for more than a client takes, 481 for a session that was
    lost before the last answer; `was_hung_up` where that was by a BYE of the client's.
    """

    by: Said
    status: int
    was_hung_up: bool = False

    @property
    def is_ok(self) -> bool:
        """Whether the client has taken all of it."""
        return self.by is Said.MSRP and self.status == _OK


class LargeLetter(msgspec.Struct, frozen=True, kw_only=True):
    """One large message to send: its body is a message/cpim.

    `request` makes the INVITE with the offer, the network's Record-Route being still
    to come. `types` are the media types in the wrapper, `patience` how many seconds
    all may take; `section` is named in refusals. Whoever made the body closes it.
    """

    service: str
    section: str
    types: tuple[str, ...]
    body: bytes | IBody
    request: Callable[[bytes], Request]
    patience: float

    @property
    def size(self) -> int:
        """Octets of the body."""
        return len(self.body) if isinstance(self.body, bytes) else self.body.size


class LargeSending:
    """Sends large messages towards CPM users."""

    log = Logger()

    def __init__(
        self,
        calls: Calls,
        media: Media,
        begin: Callable[[Request, str], Request],
        policy: PolicySource,
        clock: IReactorTime,
    ) -> None:
        self.policy = policy
        self.clock = clock
        self._calls = calls
        self._media = media
        self._begin = begin
        self._under_way = 0

    def __len__(self) -> int:
        return self._under_way

    async def send(self, letter: LargeLetter) -> Outcome:
        """Send one; SIP's word where the INVITE is refused, else that of MSRP."""
        self._under_way += 1
        sent = Deferred.fromCoroutine(self._send(letter))
        alarm = self.clock.callLater(letter.patience, sent.cancel)
        try:
            return await sent
        finally:
            self._under_way -= 1
            if alarm.active():
                alarm.cancel()

    async def _send(self, letter: LargeLetter) -> Outcome:
        """By MSRP; cancelled when it takes too long."""
        sending = Sending(self, letter)
        try:
            stream = await self._media.offer(_wanted(letter), sending)
        except CannotInterwork as error:
            self.log.debug("no large message: {why}", why=error.warning)
            return Outcome(Said.SIP, error.status)
        except CancelledError:
            return Outcome(Said.SIP, _UNHEARD)
        sending.stream = stream
        try:
            invite = self._begin(letter.request(stream.body), letter.service)
            call = await self._calls.invite(invite, sending).answered
        except CallFailed as failure:
            stream.close()
            self.log.debug("large message not taken: {why}", why=str(failure))
            return Outcome(Said.SIP, failure.status)
        except CancelledError:  # the CANCEL is on its way
            stream.close()
            return Outcome(Said.SIP, _UNHEARD)
        except Exception:
            stream.close()
            raise
        return await sending.over(call, stream)


@implementer(IMsrpUser)
class Sending:
    """One large message on its way: its call and its MSRP session.

    It uses the call (`CallUser`) as well as the session.
    """

    def __init__(self, sender: LargeSending, letter: LargeLetter) -> None:
        self.stream: Offered | None = None
        self._sender = sender
        self._letter = letter
        self._report: Deferred[int] | None = None
        self._unreported = _OK
        self._was_hung_up = False

    async def over(self, call: Call, stream: Offered) -> Outcome:
        """Send over the call, and hang up."""
        outcome, why = Outcome(Said.MSRP, _LOST), TRANSMISSION_FAILED
        try:
            self._begin(call, stream)
            outcome = Outcome(Said.MSRP, await self._transfer(stream))
            if outcome.is_ok:
                why = COMPLETED
        except CannotInterwork as refusal:
            outcome = Outcome(Said.SIP, refusal.status)
            why = reason(refusal.status, reason_for(refusal.status))
        except TooLarge:
            outcome = Outcome(Said.MSRP, _TOO_LARGE)
        except MsrpError as error:
            outcome = Outcome(Said.MSRP, _LOST, self._was_hung_up)
            self._sender.log.debug("large message not sent: {why}", why=str(error))
        except CancelledError:
            outcome = Outcome(Said.MSRP, _UNHEARD)
            self._sender.log.debug("large message not sent in time")
        finally:
            call.bye((why,)).addErrback(self._not_hung_up)
        return outcome

    def _begin(self, call: Call, stream: Offered) -> None:
        """Take the answer; CannotInterwork 488 where nothing can be sent by it."""
        answer = call.answer
        assert answer is not None
        section = self._letter.section
        content_type = answer.headers.get("Content-Type") or SDP_TYPE
        try:
            said = body_of_type(content_type, answer.body, SDP_TYPE)
        except MimeError as error:
            raise not_acceptable(section, str(error)) from error
        stream.answered(said or b"")
        if not stream.direction.sends:
            raise not_acceptable(section, _ON_HOLD)

    async def _transfer(self, stream: Offered) -> int:
        """Send all of it; the last MSRP status, or that of the report asked for.

        Where only errors are to be answered (RFC 4975 7.1.2), they have their time.
        """
        policy: LargePolicy = self._sender.policy().large
        asked = FailureReport(policy.failure_report)
        if policy.success_report or asked is FailureReport.PARTIAL:
            self._report = Deferred()
        if asked is not FailureReport.YES:
            self._unreported = _UNHEARD
        status = await stream.session.send(
            CPIM_TYPE,
            self._letter.body,
            success_report=policy.success_report,
            failure_report=asked,
        )
        if status != _OK or self._report is None:
            return status
        try:
            return await self._report.addTimeout(REPORT_WAIT, self._sender.clock)
        except (TimeoutError, CancelledError):
            return status  # it says no more than that nobody has reported

    def _not_hung_up(self, failure: Failure) -> None:
        self._sender.log.failure("BYE of a large message", failure)

    # -- the call ----------------------------------------------------------------------

    def acknowledged(self, ack: Request) -> None:
        """An ACK of a change has come (CallUser)."""

    async def modified(self, request: Request) -> Response:
        """Another offer of the same stream (CallUser).

        One message is not put on hold half-way: 488, and it goes on (RFC 3264 8.4).
        """
        stream, headers = self.stream, (self._server(),)
        assert stream is not None
        try:
            if stream.direction.sends and not stream.towards(offer_in(request)).sends:
                raise not_acceptable(self._letter.section, _ON_HOLD)
        except CannotInterwork as refusal:
            return respond(request, refusal.status, refusal.reason, headers=headers)
        return modified(stream, request, headers)

    def answered(self, description: bytes) -> None:
        """The answer to what we have said again (CallUser); what is sent goes on."""
        if self.stream is not None:
            with suppress(CannotInterwork):
                self.stream.described(description)

    def closing(self, bye: Request) -> Sequence[tuple[str, str]]:
        """What the 200 to a BYE says beside (CallUser)."""
        return (self._server(),)

    def ended(self, end: End) -> None:
        """The call is over: what was not sent by now fails (CallUser)."""
        self._was_hung_up = end.how is Ending.BYE_RECEIVED
        if self.stream is not None:
            self.stream.close()
        if self._report is not None and not self._report.called:
            self._report.callback(_OK)

    def _server(self) -> tuple[str, str]:
        return ("Server", product.server(self._letter.service))

    # -- MSRP --------------------------------------------------------------------------

    def connected(self) -> None:
        """The message can go (IMsrpUser); it has waited for that."""

    async def message(self, received: Received) -> int:
        """Nothing is to come this way (IMsrpUser)."""
        received.body.close()
        return _NOT_ALLOWED

    def report(self, message_id: str, status: int) -> None:
        """The peer reports of the message (IMsrpUser)."""
        if self._report is not None and not self._report.called:
            self._report.callback(status)

    def lost(self, why: Exception) -> None:
        """The session is lost, and so is what was being sent (IMsrpUser).

        What was answered has come all the same.
        """
        if self._report is not None and not self._report.called:
            self._report.callback(self._unreported)


def _wanted(letter: LargeLetter) -> Wanted:
    """What is offered: the message, and its size (conversation TS 7.2.1.2 step 18).

    accept-wrapped-types are the types in it, one of which has to be taken (TS
    6.3.1.2.2 step 2a).
    """
    return Wanted(
        direction=Direction.SENDONLY,
        section=letter.section,
        content=letter.types,
        attributes=FileDescription(FileSelector(size=letter.size)).lines,
    )
