"""How SMS users are heard in sessions, and answered (TS 6.2.2.1.3, 6.2.2.2.2)."""

from __future__ import annotations

import msgspec
from twisted.internet.defer import Deferred

from cpmgw.cpm.chat_content import ANONYMOUS_URI, chat_message
from cpmgw.cpm.cpim import MEDIA_TYPE as CPIM_TYPE
from cpmgw.cpm.timestamp import format_datetime
from cpmgw.iwf.sessions.bearer import Place
from cpmgw.iwf.sessions.keywords import Said
from cpmgw.iwf.sessions.session import Session
from cpmgw.iwf.sms.answers import answer_of, is_acknowledgement
from cpmgw.iwf.sms.chat.command_status import MSRP_COMMAND_STATUS
from cpmgw.iwf.sms.shortmessage import InboundMessage
from cpmgw.msrp.errors import MsrpError, TooLarge
from cpmgw.policy import Policy
from cpmgw.policy.texts import SessionTexts
from cpmgw.sip.uri import SipUri, TelUri
from txsmpp.status import CommandStatus


class SmsVoice:
    """Short messages as the sessions' `Replies` see them."""

    ok: int = CommandStatus.ESME_ROK
    temporary: int = CommandStatus.ESME_RX_T_APPN
    keeps: bool = False

    def place(self, message: InboundMessage) -> Place:
        """What it was sent to, and by whom."""
        ends = message.ends
        return ends.target.text, ends.originator.text

    def policy(self, message: InboundMessage) -> Policy:
        """The policy by which it is worked on."""
        return message.policy

    def said(
        self, message: InboundMessage, texts: SessionTexts, policy: Policy
    ) -> Said:
        """What its text, or its response code, says."""
        return answer_of(message.pdu, message.text, texts, policy)

    def only_answers(self, message: InboundMessage) -> bool:
        """Whether it is a user's acknowledgement."""
        return is_acknowledgement(message.pdu)

    def heard(self, message: InboundMessage) -> int:
        """A word needs no more than to be acknowledged."""
        return self.ok

    def stray(self, message: InboundMessage) -> int:
        """What answers a message that nobody is to have (6.2.2.2.2 NOTE 1)."""
        discard = message.policy.sms.stray_answer == "discard"
        return self.ok if discard else CommandStatus.ESME_RINVDSTADR

    def towards(self, uri: SipUri | TelUri, message: InboundMessage) -> InboundMessage:
        """The message on its way to somebody else."""
        return msgspec.structs.replace(message, recipient=uri)

    def send(self, session: Session, message: InboundMessage) -> Deferred[int]:
        """Send its text in a session (6.2.2.2.2 step 2)."""
        return session.messages.send(CPIM_TYPE, _cpim(session, message))

    def answered(self, status: int, _other: InboundMessage) -> int:
        """The command_status for an answer of MSRP.

        Where another try may help the SM-SC makes it, and once the session has ended
        that is a standalone message.
        """
        return MSRP_COMMAND_STATUS.of(status)

    def unanswered(self, error: MsrpError, _other: InboundMessage) -> int:
        """The same for one that was not sent."""
        too_large = isinstance(error, TooLarge)
        return CommandStatus.ESME_RX_P_APPN if too_large else self.temporary


def _cpim(session: Session, message: InboundMessage) -> bytes:
    """The CPIM message; in a session of two it names nobody."""
    invitation, collected = session.invitation, message.collected
    sender, recipient = ANONYMOUS_URI, ANONYMOUS_URI
    if invitation.is_group:
        sender = str(message.plan.uri_of(invitation.user))
        recipient = str(invitation.peer)
    return chat_message(
        message.text,
        sender=sender,
        recipient=recipient,
        message_id=collected.identity,
        datetime=format_datetime(collected.segments[0].received),
    )
