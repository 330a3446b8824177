"""Short messages too long for a SIP MESSAGE, as large messages (TS 6.2.2.2.3)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Final
from uuid import uuid4

from twisted.internet.defer import CancelledError, Deferred, TimeoutError
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from cpmgw.cpm import product
from cpmgw.cpm.cpim import MEDIA_TYPE as CPIM_TYPE
from cpmgw.cpm.errors import MimeError
from cpmgw.cpm.mime import body_of_type
from cpmgw.cpm.reason import COMPLETED, TRANSMISSION_FAILED, reason
from cpmgw.errors import CannotInterwork
from cpmgw.interfaces import ICpmNetwork
from cpmgw.iwf.large_session import SDP_TYPE, modified, offer_in
from cpmgw.iwf.media import Media, Offered, Wanted, not_acceptable
from cpmgw.iwf.sms import pager_rules
from cpmgw.iwf.sms.centres import Centres
from cpmgw.iwf.sms.chat.command_status import MSRP_COMMAND_STATUS
from cpmgw.iwf.sms.largeinvitation import large_request
from cpmgw.iwf.sms.shortmessage import InboundMessage
from cpmgw.iwf.sms.tables.table_10 import TABLE_10_COMMAND_STATUS
from cpmgw.msrp.errors import MsrpError, TooLarge
from cpmgw.msrp.interfaces import FailureReport, IMsrpUser, Received
from cpmgw.policy import PolicySource
from cpmgw.policy.large import LargePolicy
from cpmgw.sdp.files import FileDescription, FileSelector
from cpmgw.sdp.roles import Direction
from cpmgw.sip.dialogs.interfaces import CallFailed
from cpmgw.sip.message import Request, Response, respond
from cpmgw.sip.status import reason_for
from txsmpp.status import CommandStatus

if TYPE_CHECKING:
    from cpmgw.sip.dialogs.call import Call
    from cpmgw.sip.dialogs.calls import Calls
    from cpmgw.sip.dialogs.interfaces import End

SECTION: Final = "TS 6.2.2.2.3"
SERVICE: Final = "SMS"
# Octets of the largest body that goes as a SIP MESSAGE (conversation TS 5.1).
PAGER_LIMIT: Final = 1_300
# Seconds before its SM-SC stops waiting ([smsc] answer_timeout) by which all is over.
MARGIN: Final = 10.0
# Seconds that a report has to come after the last answer, or without any.
REPORT_WAIT: Final = 10.0
# No answer, as far as anybody knows (RFC 4975 10.3).
_UNHEARD: Final = 408
# MSRP: a message that nobody is here for (RFC 4975 10.4).
_NOT_ALLOWED: Final = 403
_OK: Final = 200
_ON_HOLD: Final = "the stream is on hold"
TEMPORARY: Final = CommandStatus.ESME_RX_T_APPN
PERMANENT: Final = CommandStatus.ESME_RX_P_APPN


class InboundLarge:
    """Sends large messages towards CPM users."""

    log = Logger()

    def __init__(
        self,
        calls: Calls,
        media: Media,
        network: ICpmNetwork,
        centres: Centres,
        policy: PolicySource,
        clock: IReactorTime,
        now: Callable[[], float],
    ) -> None:
        self.policy = policy
        self.clock = clock
        self._calls = calls
        self._media = media
        self._network = network
        self._centres = centres
        self._now = now
        self._under_way = 0

    def __len__(self) -> int:
        return self._under_way

    async def take(self, message: InboundMessage) -> int | InboundMessage:
        """Send what is too long for a SIP MESSAGE (`Way`); the command_status.

        That of Table 10 where the INVITE is refused, else what MSRP says; temporary
        where all of it takes too long.
        """
        body = pager_rules.body(message)
        if len(body) <= PAGER_LIMIT:
            return message
        self._under_way += 1
        sent = Deferred.fromCoroutine(self._send(message, body))
        alarm = self.clock.callLater(self._patience(message), sent.cancel)
        try:
            return await sent
        finally:
            self._under_way -= 1
            if alarm.active():
                alarm.cancel()

    def _patience(self, message: InboundMessage) -> float:
        """Seconds that all of it may take: who waits for it is an SM-SC."""
        centre = self._centres.named(message.collected.segments[-1].centre)
        waits = centre.config.answer_timeout
        return max(waits - MARGIN, waits / 2)

    async def _send(self, message: InboundMessage, body: bytes) -> int:
        """By MSRP (steps 3 to 5); cancelled when it takes too long."""
        sending = Sending(self, body)
        try:
            stream = await self._media.offer(_wanted(body), sending)
        except CannotInterwork as error:
            self.log.debug("no large message: {why}", why=error.warning)
            return TABLE_10_COMMAND_STATUS.of(error.status)
        except CancelledError:
            return TEMPORARY
        sending.stream = stream
        try:
            invite = self._calls.invite(self._request(message, stream), sending)
            call = await invite.answered
        except CallFailed as failure:
            stream.close()
            self.log.debug("large message not taken: {why}", why=str(failure))
            return TABLE_10_COMMAND_STATUS.of(failure.status)
        except CancelledError:  # the CANCEL is on its way
            stream.close()
            return TEMPORARY
        except Exception:
            stream.close()
            raise
        return await sending.over(call, stream)  # steps 4 and 5

    def _request(self, message: InboundMessage, stream: Offered) -> Request:
        """The INVITE (step 3)."""
        attempt = uuid4().hex
        request = large_request(
            message,
            contact=self._network.contact(),
            call_id=f"{attempt}@{message.domain}",
            tag=attempt[:16],
            body=stream.body,
            now=self._now(),
        )
        return self._network.begin(request, SERVICE)


@implementer(IMsrpUser)
class Sending:
    """One large message on its way: its call and its MSRP session.

    It uses the call (`CallUser`) as well as the session.
    """

    def __init__(self, sender: InboundLarge, body: bytes) -> None:
        self.stream: Offered | None = None
        self._sender = sender
        self._body = body
        self._report: Deferred[int] | None = None
        self._unreported = _OK

    async def over(self, call: Call, stream: Offered) -> int:
        """Send over the call, and hang up; the command_status."""
        status, why = TEMPORARY, TRANSMISSION_FAILED
        try:
            self._begin(call, stream)
            answer = await self._transfer(stream)
            if answer == _OK:
                why = COMPLETED
            status = CommandStatus(MSRP_COMMAND_STATUS.of(answer))
        except CannotInterwork as refusal:
            status = PERMANENT
            why = reason(refusal.status, reason_for(refusal.status))
        except TooLarge:
            status = PERMANENT
        except MsrpError as error:
            self._sender.log.debug("large message not sent: {why}", why=str(error))
        except CancelledError:
            self._sender.log.debug("large message not sent in time")
        finally:
            call.bye((why,)).addErrback(self._not_hung_up)
        return status

    def _begin(self, call: Call, stream: Offered) -> None:
        """Take the answer; CannotInterwork 488 where nothing can be sent by it."""
        answer = call.answer
        assert answer is not None
        content_type = answer.headers.get("Content-Type") or SDP_TYPE
        try:
            said = body_of_type(content_type, answer.body, SDP_TYPE)
        except MimeError as error:
            raise not_acceptable(SECTION, str(error)) from error
        stream.answered(said or b"")
        if not stream.direction.sends:
            raise not_acceptable(SECTION, _ON_HOLD)

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
            self._body,
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
        stream, headers = self.stream, (_server(),)
        assert stream is not None
        try:
            if stream.direction.sends and not stream.towards(offer_in(request)).sends:
                raise not_acceptable(SECTION, _ON_HOLD)
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
        return (_server(),)

    def ended(self, end: End) -> None:
        """The call is over: what was not sent by now fails (CallUser)."""
        if self.stream is not None:
            self.stream.close()
        if self._report is not None and not self._report.called:
            self._report.callback(_OK)

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


def _wanted(body: bytes) -> Wanted:
    """What is offered: the message, and its size (conversation TS 7.2.1.2 step 18)."""
    return Wanted(
        direction=Direction.SENDONLY,
        section=SECTION,
        content=("text/plain",),
        attributes=FileDescription(FileSelector(size=len(body))).lines,
    )


def _server() -> tuple[str, str]:
    return ("Server", product.server(SERVICE))
