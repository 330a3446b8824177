"""How MMS users are heard in sessions, and answered (TS 6.3.1.1.6.1, 6.3.1.1.6.3)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Final

import msgspec
from twisted.internet.defer import Deferred
from twisted.logger import Logger

from cpmgw.cpm.imdn import Imdn, Kind, Notification, Status, build_imdn
from cpmgw.cpm.timestamp import format_datetime
from cpmgw.cpm.wrapper import wrapped
from cpmgw.errors import CannotInterwork
from cpmgw.iwf.mms.chat.bearer import Notified
from cpmgw.iwf.mms.chat.sources import ChatMms
from cpmgw.iwf.mms.chat.words import text_alone
from cpmgw.iwf.mms.multimedia import InboundMms
from cpmgw.iwf.mms.tables.table_30 import TABLE_30_SEND
from cpmgw.iwf.sessions.background import Background
from cpmgw.iwf.sessions.bearer import Place
from cpmgw.iwf.sessions.keywords import Said, said
from cpmgw.iwf.sessions.session import Session
from cpmgw.mm4.pdu import RequestStatus
from cpmgw.msrp.errors import MsrpError
from cpmgw.policy import Policy
from cpmgw.policy.texts import SessionTexts
from cpmgw.sip.uri import SipUri, TelUri

# The TS has no table for it. What no other way mends is refused; everything else goes
# as a standalone message.
MSRP_REQUEST_STATUS: Final[Mapping[int, RequestStatus]] = {
    200: RequestStatus.OK,
    400: RequestStatus.FORMAT_CORRUPT,
    403: RequestStatus.SERVICE_DENIED,
}


class MmsVoice:
    """MMS as the sessions' `Replies` see them; answers are words of RequestStatus.

    A success report of MSRP is `notified` as the IMDN that says the same. An MMS is in
    the inbox until it is answered.
    """

    log = Logger()
    ok: str = RequestStatus.OK.value
    temporary: str = RequestStatus.NETWORK_PROBLEM.value
    keeps: bool = True

    def __init__(
        self, background: Background, notified: Notified, now: Callable[[], float]
    ) -> None:
        self._background = background
        self._notified = notified
        self._now = now

    def place(self, message: InboundMms) -> Place:
        """What it was sent to, and by whom."""
        ends = message.ends
        return ends.target.text, ends.originator.text

    def policy(self, message: InboundMms) -> Policy:
        """The policy by which it is worked on."""
        return message.policy

    def said(self, message: InboundMms, texts: SessionTexts, policy: Policy) -> Said:
        """What its text says; one with anything else in it says nothing."""
        return said(text_alone(message.entity), texts, policy.session)

    def only_answers(self, _message: InboundMms) -> bool:
        """MMS has no message that is only an answer."""
        return False

    def heard(self, message: InboundMms) -> str:
        """A word has arrived, which is reported where that was asked for."""
        if message.forward.delivery_report:
            self._tell(message.identity)
        return self.ok

    def stray(self, _message: InboundMms) -> str:
        """What answers a message to a number of ours that stands for nobody."""
        return RequestStatus.ADDRESS_UNRESOLVED.value

    def towards(self, uri: SipUri | TelUri, message: InboundMms) -> InboundMms:
        """The message on its way to somebody else."""
        return msgspec.structs.replace(message, recipient=uri)

    def send(self, session: Session, message: InboundMms) -> Deferred[int]:
        """Send all of it in a session (Table 30)."""
        source = ChatMms(membership=session.membership, message=message)
        values = TABLE_30_SEND.apply(source)
        content_type = values.pop("Content-Type")
        asks = values.pop("Success-Report", False) and values.pop("Failure-Report")
        is_group = session.invitation.is_group
        told = _nothing_said if is_group else partial(self._tell, message.identity)
        return session.messages.send(
            content_type,
            wrapped(**values),
            delivered=told if asks else None,
        )

    def answered(self, status: int, other: InboundMms) -> str | InboundMms:
        """The word for an answer of MSRP, or it as a standalone message."""
        word = MSRP_REQUEST_STATUS.get(status)
        return other if word is None else word.value

    def unanswered(self, _error: MsrpError, other: InboundMms) -> InboundMms:
        """What could not be sent in the session goes without it."""
        return other

    def _tell(self, identity: str) -> None:
        self._background.run(self._reported(identity), "delivery report")

    async def _reported(self, identity: str) -> None:
        document = build_imdn(
            Imdn(
                message_id=identity,
                datetime=format_datetime(self._now()),
                notifications=(Notification(Kind.DELIVERY, Status.DELIVERED),),
            )
        )
        try:
            await self._notified(document)
        except CannotInterwork as failure:
            self.log.error(
                "{message}: delivery not reported: {why}",
                message=identity,
                why=failure.warning,
            )


def _nothing_said() -> None:
    """The focus of a group has a message, which says nothing of its members."""
