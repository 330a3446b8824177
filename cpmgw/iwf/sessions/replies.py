"""What a Non-CPM user sends in, or about, a session.

TS 6.2.2.1.3, 6.2.2.2.2, 6.2.2.2.4; 6.3.1.1.6.1, 6.3.1.1.6.3, 6.3.1.1.6.5. A message
goes into the session that its sender has under the number it was sent to, or answers a
question, or leaves. All else is a standalone message, as ever; under a number of ours
it goes to whom the number stands for.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final, Generic, Protocol, TypeVar

from twisted.internet.defer import Deferred
from twisted.logger import Logger

from cpmgw.config import NumberPoolConfig
from cpmgw.config.number_ranges import Range
from cpmgw.errors import StoreError
from cpmgw.interfaces import IInterworkingNumbers
from cpmgw.iwf.sessions.bearer import Place
from cpmgw.iwf.sessions.house import SessionHouse
from cpmgw.iwf.sessions.keywords import Said
from cpmgw.iwf.sessions.question import Verdict
from cpmgw.iwf.sessions.session import Session
from cpmgw.iwf.sessions.texts import texts_for, texts_of
from cpmgw.msrp.errors import MsrpError
from cpmgw.policy import Policy
from cpmgw.policy.texts import SessionTexts
from cpmgw.sip.errors import SipSyntaxError
from cpmgw.sip.uri import SipUri, TelUri, Uri, parse_uri

Message = TypeVar("Message")
Outcome = TypeVar("Outcome")
_ROUTABLE: Final = (SipUri, TelUri)


class Voice(Protocol[Message, Outcome]):
    """How a service hears its users, and answers them.

    `ok` answers a message that was taken, `temporary` one to be tried again. What it
    `keeps` until it is answered is never answered before that.
    """

    ok: Outcome
    temporary: Outcome
    keeps: bool

    def place(self, message: Message) -> Place:
        """What it was sent to, and by whom."""

    def policy(self, message: Message) -> Policy:
        """The policy by which it is worked on."""

    def said(self, message: Message, texts: SessionTexts, policy: Policy) -> Said:
        """What it says, by a session's policy and in its user's language."""

    def only_answers(self, message: Message) -> bool:
        """Whether it is never a message, whatever it answers."""

    def heard(self, message: Message) -> Outcome:
        """What answers one that was a word to us, and is nobody else's."""

    def stray(self, message: Message) -> Outcome:
        """What answers one that nobody is to have."""

    def towards(self, uri: SipUri | TelUri, message: Message) -> Message:
        """It on its way to somebody else, as a standalone message."""

    def send(self, session: Session, message: Message) -> Deferred[int]:
        """Send it in a session that can; as `Messages.send`."""

    def answered(self, status: int, other: Message) -> Outcome | Message:
        """What a status of MSRP makes of it; `other` is it without the session."""

    def unanswered(self, error: MsrpError, other: Message) -> Outcome | Message:
        """The same of one that could not be sent."""


class Replies(Generic[Message, Outcome]):
    """Takes messages to sessions; `pools` are those of the numbers we give.

    `standalone` sends what a session did not take though it was acknowledged.
    """

    log = Logger()

    def __init__(
        self,
        house: SessionHouse,
        voice: Voice[Message, Outcome],
        numbers: IInterworkingNumbers,
        pools: Callable[[], tuple[NumberPoolConfig, ...]],
    ) -> None:
        self._house = house
        self._voice = voice
        self._numbers = numbers
        self._pools = pools
        self._read: tuple[NumberPoolConfig, ...] = ()
        self._ranges: list[Range] = []
        self.standalone: Callable[[Message], Awaitable[Outcome]] = self._nowhere

    async def _nowhere(self, _message: Message) -> Outcome:
        return self._voice.temporary

    async def take(self, message: Message) -> Outcome | Message:
        """What answers a message that ends here, else the message to send on.

        That is the same, or addressed to whom its number stands for.
        """
        voice, register = self._voice, self._house.register
        place = voice.place(message)
        asking, session = register.asking(place), register.live(place)
        if session is not None and self._said(session, message) is Said.LEAVE:
            await session.leave()
            return voice.heard(message)
        if asking is not None and self._answers(asking, message):
            return voice.heard(message)
        if voice.only_answers(message):
            return voice.stray(message)
        if session is not None and session.can_send:
            return await self._send(session, place, message)
        if self._is_late(place, message):
            return voice.heard(message)
        aside = session or asking
        if aside is not None:
            return self._to(aside.invitation.reply_to, message)
        if any(self._said(each, message) is Said.LEAVE for each in register.at(place)):
            return voice.heard(message)  # while that is under way
        return await self._without_session(place, message)

    # -- answers -----------------------------------------------------------------------

    def _said(self, session: Session, message: Message) -> Said:
        membership = session.membership
        return self._voice.said(message, texts_for(membership), membership.policy)

    def _answers(self, session: Session, message: Message) -> bool:
        """Settle the question, if the message answers it (Tables 5 and 27)."""
        said = self._said(session, message)
        if said is Said.NOTHING:
            return False
        session.answer(Verdict.YES if said is Said.ACCEPT else Verdict.NO)
        return True

    def _is_late(self, place: Place, message: Message) -> bool:
        """Whether it accepts what was invited to too long ago; policy may tell that."""
        house = self._house
        membership = house.late.known(place, house.now())
        if membership is None:
            return False
        policy = membership.policy
        said = self._voice.said(message, texts_for(membership), policy)
        if said is not Said.ACCEPT:
            return False
        house.late.forget(place)
        if policy.session.late_answer == "tell":
            house.background.run(house.bearer.notices.late(membership), "late answer")
        return True

    # -- messages ----------------------------------------------------------------------

    async def _send(
        self, session: Session, place: Place, message: Message
    ) -> Outcome | Message:
        """Into the session; what comes of it by the answer, or at once by policy.

        At once is when it is on its way: what waits for a connection is not, and what
        was refused already is that.
        """
        house, policy = self._house, session.membership.policy.session
        sent = self._voice.send(session, message)
        on_its_way = session.messages.is_connected and not sent.called
        early = policy.acknowledge == "sent" and not self._voice.keeps
        if early and on_its_way:
            bringing = self._bring(sent, session, place, message)
            house.background.run(bringing, "message in a session")
            return self._voice.ok
        return await self._answered(sent, session, place, message)

    async def _bring(
        self, sent: Deferred[int], session: Session, place: Place, message: Message
    ) -> None:
        """See to one that was acknowledged: where this way fails it goes another."""
        ok = self._voice.ok
        if await self._answered(sent, session, place, message) != ok:
            other = self._to(session.invitation.reply_to, message)
            status = await self.standalone(other)
            if status != ok:
                self.log.error("a message was acknowledged, and is lost")

    async def _answered(
        self, sent: Deferred[int], session: Session, place: Place, message: Message
    ) -> Outcome | Message:
        """A session that ends before is a negative answer (RCC.10 6.1.5.1).

        Where another has taken its place the message goes into that (RCC.10 6.1.4).
        """
        register, chats = self._house.register, self._house.traffic.chats
        other = self._to(session.invitation.reply_to, message)
        try:
            status = await sent
        except MsrpError as error:
            chats["inbound", None] += 1
            self.log.debug("not sent in the session: {why}", why=str(error))
            newer = register.live(place)
            if newer is not None and newer is not session and newer.can_send:
                return await self._send(newer, place, message)
            return self._voice.unanswered(error, other)
        chats["inbound", status] += 1
        return self._voice.answered(status, other)

    def _to(self, uri: Uri, message: Message) -> Message:
        if not isinstance(uri, SipUri | TelUri):
            return message
        return self._voice.towards(uri, message)

    # -- without a session -------------------------------------------------------------

    async def _without_session(
        self, place: Place, message: Message
    ) -> Outcome | Message:
        """To a number of ours it goes where that leads, else by policy.

        (6.2.2.2.2 NOTE 1.) Who leaves a group that has no session now has left: nobody
        is to read the word.
        """
        voice = self._voice
        number, user = place
        if not self._is_ours(number):
            return message
        try:
            allocation = await self._numbers.by_number(number, user)
        except StoreError as error:
            self.log.error("number not looked up: {error}", error=str(error))
            return voice.temporary
        if allocation is None:
            return voice.stray(message)
        group = allocation.group_session
        if not group.one_to_one and self._leaves_for_good(user, message):
            return voice.heard(message)
        uri = _uri(group.address)
        return voice.stray(message) if uri is None else self._to(uri, message)

    def _leaves_for_good(self, user: str, message: Message) -> bool:
        """Whether a message says that its sender leaves, by the policy in force."""
        policy = self._voice.policy(message)
        texts = texts_of(policy.session, user)
        return self._voice.said(message, texts, policy) is Said.LEAVE

    def _is_ours(self, number: str) -> bool:
        """Whether a pool of ours has a number."""
        if not number.startswith("+"):
            return False
        if self._pools() is not self._read:
            self._read = self._pools()
            self._ranges = [each for pool in self._read for each in pool.ranges]
        digits = int(number[1:])
        return any(first <= digits <= last for first, last in self._ranges)


def _uri(text: str) -> Uri | None:
    try:
        uri = parse_uri(text)
    except SipSyntaxError:
        return None
    return uri if isinstance(uri, _ROUTABLE) else None
