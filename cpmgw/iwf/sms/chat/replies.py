"""What an SMS user sends in, or about, a session (TS 6.2.2.1.3, 6.2.2.2.2, 6.2.2.2.4).

A short message goes into the session that its sender has under the number it was sent
to, or answers a question, or leaves. All else is a standalone message, as ever; under a
number of ours it goes to whom the number stands for.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

import msgspec
from twisted.internet.defer import Deferred
from twisted.logger import Logger

from cpmgw.config import NumberPoolConfig
from cpmgw.config.number_ranges import Range
from cpmgw.cpm.chat_content import ANONYMOUS_URI, chat_message
from cpmgw.cpm.cpim import MEDIA_TYPE as CPIM_TYPE
from cpmgw.cpm.timestamp import format_datetime
from cpmgw.errors import StoreError
from cpmgw.interfaces import IInterworkingNumbers
from cpmgw.iwf.sessions.bearer import Place
from cpmgw.iwf.sessions.house import SessionHouse
from cpmgw.iwf.sessions.question import Verdict
from cpmgw.iwf.sessions.session import Session
from cpmgw.iwf.sessions.texts import texts_for, texts_of
from cpmgw.iwf.sms.answers import Said, answer_of, is_acknowledgement
from cpmgw.iwf.sms.chat.bearer import SmsBearer
from cpmgw.iwf.sms.chat.command_status import MSRP_COMMAND_STATUS
from cpmgw.iwf.sms.shortmessage import InboundMessage
from cpmgw.msrp.errors import MsrpError, TooLarge
from cpmgw.policy import Policy
from cpmgw.sip.errors import SipSyntaxError
from cpmgw.sip.uri import SipUri, TelUri, Uri, parse_uri
from txsmpp.status import CommandStatus

OK: Final = CommandStatus.ESME_ROK
TEMPORARY: Final = CommandStatus.ESME_RX_T_APPN
PERMANENT: Final = CommandStatus.ESME_RX_P_APPN
_ROUTABLE: Final = (SipUri, TelUri)

Standalone = Callable[[InboundMessage], Awaitable[int]]
"""Sends a standalone message; the command_status that answers it."""


async def _nowhere(_message: InboundMessage) -> int:
    return TEMPORARY


class Replies:
    """Takes short messages to sessions; `pools` are those of the numbers we give.

    `standalone` sends what a session did not take.
    """

    log = Logger()

    def __init__(
        self,
        house: SessionHouse,
        bearer: SmsBearer,
        numbers: IInterworkingNumbers,
        pools: Callable[[], tuple[NumberPoolConfig, ...]],
    ) -> None:
        self._house = house
        self._bearer = bearer
        self._numbers = numbers
        self._pools = pools
        self._read: tuple[NumberPoolConfig, ...] = ()
        self._ranges: list[Range] = []
        self.standalone: Standalone = _nowhere

    async def take(self, message: InboundMessage) -> int | InboundMessage:
        """The command_status of a message that ends here, else the message to send on.

        That is the same, or addressed to whom its number stands for.
        """
        register = self._house.register
        place = _place(message)
        asking, session = register.asking(place), register.live(place)
        if session is not None and _said(session, message) is Said.LEAVE:
            await session.leave()
            return OK
        if asking is not None and self._answers(asking, message):
            return OK
        if is_acknowledgement(message.pdu):
            return _stray(message.policy)
        if session is not None and session.can_send:
            return await self._send(session, message)
        if self._is_late(place, message):
            return OK
        aside = session or asking
        if aside is not None:
            return _to(aside.invitation.reply_to, message)
        if any(_said(each, message) is Said.LEAVE for each in register.at(place)):
            return OK  # while that is under way
        return await self._without_session(place, message)

    # -- answers -----------------------------------------------------------------------

    def _answers(self, session: Session, message: InboundMessage) -> bool:
        """Settle the question, if the message answers it (Table 5)."""
        said = _said(session, message)
        if said is Said.NOTHING:
            return False
        session.answer(Verdict.YES if said is Said.ACCEPT else Verdict.NO)
        return True

    def _is_late(self, place: Place, message: InboundMessage) -> bool:
        """Whether it accepts what was invited to too long ago; policy may tell that."""
        house = self._house
        membership = house.late.known(place, house.now())
        if membership is None:
            return False
        policy = membership.policy
        said = answer_of(message.pdu, message.text, texts_for(membership), policy)
        if said is not Said.ACCEPT:
            return False
        house.late.forget(place)
        if policy.session.late_answer == "tell":
            house.background.run(self._bearer.tell_late(membership), "late answer")
        return True

    # -- messages ----------------------------------------------------------------------

    async def _send(self, session: Session, message: InboundMessage) -> int:
        """Into the session; the command_status by the answer, or at once by policy.

        At once is when it is on its way: what waits for a connection is not, and what
        was refused already is that.
        """
        house, policy = self._house, session.membership.policy.session
        sent = session.messages.send(CPIM_TYPE, _cpim(session, message))
        on_its_way = session.messages.is_connected and not sent.called
        if policy.acknowledge == "sent" and on_its_way:
            house.background.run(self._bring(sent, session, message), "short message")
            return OK
        return await self._answered(sent)

    async def _bring(
        self, sent: Deferred[int], session: Session, message: InboundMessage
    ) -> None:
        """See to one that was acknowledged: where this way fails it goes another."""
        if await self._answered(sent) != OK:
            other = _to(session.invitation.reply_to, message)
            status = await self.standalone(other)
            if status != OK:
                self.log.error("a message was acknowledged, and is lost")

    async def _answered(self, sent: Deferred[int]) -> int:
        """A session that ends before is a negative answer (RCC.10 6.1.5.1).

        The SM-SC tries again, and then there is no session: it is a standalone message.
        """
        chats = self._house.traffic.chats
        try:
            status = await sent
        except MsrpError as error:
            chats["inbound", None] += 1
            self.log.debug("not sent in the session: {why}", why=str(error))
            return PERMANENT if isinstance(error, TooLarge) else TEMPORARY
        chats["inbound", status] += 1
        return MSRP_COMMAND_STATUS.of(status)

    # -- without a session -------------------------------------------------------------

    async def _without_session(
        self, place: Place, message: InboundMessage
    ) -> int | InboundMessage:
        """To a number of ours it goes where that leads, else by policy (NOTE 1).

        Who leaves a group that has no session now has left: nobody is to read the word.
        """
        number, user = place
        if not self._is_ours(number):
            return message
        try:
            allocation = await self._numbers.by_number(number, user)
        except StoreError as error:
            self.log.error("number not looked up: {error}", error=str(error))
            return TEMPORARY
        if allocation is None:
            return _stray(message.policy)
        group = allocation.group_session
        if not group.one_to_one and _leaves_for_good(message):
            return OK
        uri = _uri(group.address)
        return _stray(message.policy) if uri is None else _to(uri, message)

    def _is_ours(self, number: str) -> bool:
        """Whether a pool of ours has a number."""
        if not number.startswith("+"):
            return False
        if self._pools() is not self._read:
            self._read = self._pools()
            self._ranges = [each for pool in self._read for each in pool.ranges]
        digits = int(number[1:])
        return any(first <= digits <= last for first, last in self._ranges)


def _place(message: InboundMessage) -> Place:
    ends = message.ends
    return ends.target.text, ends.originator.text


def _said(session: Session, message: InboundMessage) -> Said:
    membership = session.membership
    texts = texts_for(membership)
    return answer_of(message.pdu, message.text, texts, membership.policy)


def _leaves_for_good(message: InboundMessage) -> bool:
    """Whether a message says that its sender leaves, by the policy in force."""
    policy = message.policy
    texts = texts_of(policy.session, message.ends.originator.text)
    return answer_of(message.pdu, message.text, texts, policy) is Said.LEAVE


def _stray(policy: Policy) -> int:
    """What answers a message that nobody is to have (6.2.2.2.2 NOTE 1)."""
    discard = policy.sms.stray_answer == "discard"
    return OK if discard else CommandStatus.ESME_RINVDSTADR


def _cpim(session: Session, message: InboundMessage) -> bytes:
    """The CPIM message (6.2.2.2.2 step 2); in a session of two it names nobody."""
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


def _to(uri: Uri, message: InboundMessage) -> InboundMessage:
    """The message on its way to somebody else, as a standalone message."""
    if not isinstance(uri, SipUri | TelUri):
        return message
    return msgspec.structs.replace(message, recipient=uri)


def _uri(text: str) -> Uri | None:
    try:
        uri = parse_uri(text)
    except SipSyntaxError:
        return None
    return uri if isinstance(uri, _ROUTABLE) else None
