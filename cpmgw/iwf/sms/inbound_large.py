"""Short messages too long for a SIP MESSAGE, as large messages (TS 6.2.2.2.3)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final
from uuid import uuid4

from twisted.internet.defer import Deferred, TimeoutError
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from cpmgw.cpm import product
from cpmgw.cpm.cpim import MEDIA_TYPE as CPIM_TYPE
from cpmgw.cpm.mime import body_of_type
from cpmgw.cpm.reason import COMPLETED, TRANSMISSION_FAILED, reason
from cpmgw.errors import CannotInterwork
from cpmgw.interfaces import ICpmNetwork
from cpmgw.iwf.large_message import SDP_TYPE, modified
from cpmgw.iwf.media import Media, Offered, Wanted
from cpmgw.iwf.sms import pager_rules
from cpmgw.iwf.sms.chat.command_status import MSRP_COMMAND_STATUS
from cpmgw.iwf.sms.largeinvitation import large_request
from cpmgw.iwf.sms.shortmessage import InboundMessage
from cpmgw.iwf.sms.tables.table_10 import TABLE_10_COMMAND_STATUS
from cpmgw.msrp.errors import MsrpError, TooLarge
from cpmgw.msrp.interfaces import FailureReport, IMsrpUser, Received
from cpmgw.policy import PolicySource
from cpmgw.sdp.files import FileDescription, FileSelector
from cpmgw.sdp.roles import Direction
from cpmgw.sip.dialogs.interfaces import CallFailed
from cpmgw.sip.message import Request, Response
from cpmgw.sip.status import reason_for
from txsmpp.status import CommandStatus

if TYPE_CHECKING:
    from cpmgw.sip.dialogs.call import Call
    from cpmgw.sip.dialogs.calls import Calls
    from cpmgw.sip.dialogs.interfaces import End
    from cpmgw.sip.dialogs.outgoing import OutgoingCall

SECTION: Final = "TS 6.2.2.2.3"
SERVICE: Final = "SMS"
# Octets of the largest body that goes as a SIP MESSAGE (conversation TS 5.1).
PAGER_LIMIT: Final = 1_300
# Seconds that all of it may take, for an SM-SC waits: [smsc] answer_timeout is more.
PATIENCE: Final = 50.0
# Seconds that a success report has to come after the last answer.
REPORT_WAIT: Final = 10.0
# MSRP: a message that nobody is here for (RFC 4975 10.4).
_NOT_ALLOWED: Final = 403
_OK: Final = 200
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
        policy: PolicySource,
        clock: IReactorTime,
        now: Callable[[], float],
    ) -> None:
        self.policy = policy
        self.clock = clock
        self._calls = calls
        self._media = media
        self._network = network
        self._now = now
        self._under_way = 0

    def __len__(self) -> int:
        return self._under_way

    async def take(self, message: InboundMessage) -> int | InboundMessage:
        """Send what is too long for a SIP MESSAGE (`Way`); the command_status.

        That of Table 10 where the INVITE is refused, else what MSRP says.
        """
        body = pager_rules.body(message)
        if len(body) <= PAGER_LIMIT:
            return message
        self._under_way += 1
        try:
            return await self._send(message, body)
        finally:
            self._under_way -= 1

    async def _send(self, message: InboundMessage, body: bytes) -> int:
        """By MSRP (steps 3 to 5)."""
        sending = Sending(self, body)
        try:
            stream = await self._media.offer(_wanted(body), sending)
        except CannotInterwork as error:
            self.log.debug("no large message: {why}", why=error.warning)
            return TEMPORARY
        sending.stream = stream
        alarm = self.clock.callLater(PATIENCE, sending.give_up)
        try:
            invite = self._calls.invite(self._request(message, stream), sending)
            sending.invite = invite
            return await sending.over(await invite.answered)  # steps 4 and 5
        except CallFailed as failure:
            stream.close()
            self.log.debug("large message not taken: {why}", why=str(failure))
            return TABLE_10_COMMAND_STATUS.of(failure.status)
        finally:
            if alarm.active():
                alarm.cancel()

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
        self.invite: OutgoingCall | None = None
        self._sender = sender
        self._body = body
        self._report: Deferred[int] | None = None

    async def over(self, call: Call) -> int:
        """Send over the call, and hang up; the command_status."""
        assert self.stream is not None
        status, why = TEMPORARY, TRANSMISSION_FAILED
        try:
            self._begin(call, self.stream)
            answer = await self._transfer(self.stream)
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
        finally:
            call.bye((why,)).addErrback(self._not_hung_up)
        return status

    def give_up(self) -> None:
        """It takes too long: CANCEL, or what is being sent fails."""
        if self.invite is not None:
            self.invite.cancel()
        if self.stream is not None:
            self.stream.close()

    def _begin(self, call: Call, stream: Offered) -> None:
        """Take the answer; CannotInterwork 488 where nothing can be sent by it."""
        answer = call.answer
        assert answer is not None
        content_type = answer.headers.get("Content-Type") or SDP_TYPE
        stream.answered(body_of_type(content_type, answer.body, SDP_TYPE) or b"")
        if not stream.direction.sends:
            raise CannotInterwork(
                488,
                reason_for(488),
                cause="offer",
                section=SECTION,
                warning="the stream is on hold",
            )

    async def _transfer(self, stream: Offered) -> int:
        """Send all of it; the last MSRP status, or that of the report asked for."""
        policy = self._sender.policy()
        if policy.large.success_report:
            self._report = Deferred()
        status = await stream.session.send(
            CPIM_TYPE,
            self._body,
            success_report=policy.large.success_report,
            failure_report=FailureReport(policy.large.failure_report),
        )
        if status != _OK or self._report is None:
            return status
        try:
            return await self._report.addTimeout(REPORT_WAIT, self._sender.clock)
        except TimeoutError:
            return status  # it says no more than that nobody has reported

    def _not_hung_up(self, failure: Failure) -> None:
        self._sender.log.failure("BYE of a large message", failure)

    # -- the call ----------------------------------------------------------------------

    def acknowledged(self, ack: Request) -> None:
        """An ACK of a change has come (CallUser)."""

    async def modified(self, request: Request) -> Response:
        """Another offer of the same stream (CallUser)."""
        assert self.stream is not None
        return modified(self.stream, request, (_server(),))

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
        """The session is lost, and so is what was being sent (IMsrpUser)."""
        if self._report is not None and not self._report.called:
            self._report.callback(_OK)


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
