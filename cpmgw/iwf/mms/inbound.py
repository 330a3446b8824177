"""MMS to CPM standalone messages (TS 6.3.1.2.1, 6.3.1.2.2)."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterable
from functools import partial
from typing import Any, Final, Protocol

import msgspec
from twisted.internet.defer import Deferred, DeferredList, DeferredSemaphore
from twisted.logger import Logger

from cpmgw.addressing.originator import Identity
from cpmgw.cpm.cpim import MEDIA_TYPE as CPIM_TYPE
from cpmgw.cpm.mime import MimeLimits
from cpmgw.interfaces import IHouse
from cpmgw.iwf.mail.inbox import Done, Later, Read
from cpmgw.iwf.mail.pump import pause_after
from cpmgw.iwf.mms import delivered
from cpmgw.iwf.mms.addressing import ends_of, history_of
from cpmgw.iwf.mms.arrivals import ArrivalTurns, Turn
from cpmgw.iwf.mms.arrived import Content
from cpmgw.iwf.mms.delivered import Delivered
from cpmgw.iwf.mms.forward_answers import ForwardAnswers, receipt_of
from cpmgw.iwf.mms.loops import goes_round
from cpmgw.iwf.mms.multimedia import InboundMms, MmsRequest, Replies
from cpmgw.iwf.mms.own import OwnRelay
from cpmgw.iwf.mms.responses import derived_key
from cpmgw.iwf.mms.standalone_requests import new_call_id, pager_request
from cpmgw.iwf.mms.wrapping import with_history, wrapped
from cpmgw.iwf.parties import Ends
from cpmgw.iwf.sip_uris import sip_uris_of
from cpmgw.mail_records import InboxMail
from cpmgw.mm4.entity import Entity
from cpmgw.mm4.errors import Corrupt
from cpmgw.mm4.mail import read_content, read_mail
from cpmgw.mm4.pdu import Forward, RequestStatus
from cpmgw.sip.errors import SipError
from cpmgw.sip.message import Request

# Octets of the largest body that goes as a SIP MESSAGE (conversation TS 5.1).
PAGER_LIMIT: Final = 1_300
# Recipients of one message that are seen to at once.
AT_ONCE: Final = 10
# Tries after which a refusal of the CPM side is the last, whatever it is.
MOST_ANSWERED: Final = 10
# What a client without large message mode would say.
_NO_MSRP: Final = 488


Send = Callable[[], Coroutine[Deferred[Any], Any, Delivered]]
"""Sends a message that is ready to go."""


class Large(Protocol):
    """How what is too large for a SIP MESSAGE goes to the CPM side (6.3.1.2.2)."""

    def prepared(self, message: InboundMms, body: bytes) -> Send:
        """Have a message, wrapped in message/cpim, be ready to go.

        What that takes is freed when it was sent.
        """


class _Job(msgspec.Struct, frozen=True):
    """One MMS being seen to: a word for each recipient, empty while it is open."""

    mail: InboxMail
    forward: Forward
    content: Content
    words: list[str]
    at_once: DeferredSemaphore


class Inbound:
    """Sends received MMS on, to each recipient, and answers when all are settled.

    A message goes first to the `replies`: what it says may be meant for a session. Set
    `is_leaving` when the sessions are about to be ended.
    """

    log = Logger()

    def __init__(
        self,
        house: IHouse,
        answers: ForwardAnswers,
        own: Callable[[], OwnRelay],
        large: Large | None = None,
        replies: Replies | None = None,
    ) -> None:
        self._house = house
        self._answers = answers
        self._own = own
        self._large = large
        self._replies = replies
        self._turns = ArrivalTurns()
        self.is_leaving = False

    async def forward(
        self, mail: InboxMail, forward: Forward, read: Read
    ) -> Done | Later:
        """Work on an MM4_forward.REQ: what is open of it."""
        job = _Job(
            mail,
            forward,
            Content(lambda: self._entity_of(mail, forward, read), bool(mail.path)),
            list(mail.settled),
            DeferredSemaphore(AT_ONCE),
        )
        open_ = [place for place, word in enumerate(job.words) if not word]
        turns = {
            place: self._turns.take((forward.sender, mail.recipients[place]))
            for place in open_
        }
        await _all(self._settle(job, place, turns[place]) for place in open_)
        if not all(job.words):
            left = mail.expires - self._house.now()
            return Later(max(0.0, min(pause_after(mail.attempts), left)))
        return Done(await self._answers.of(mail, forward, job.words))

    def give_up(self, mail: InboxMail, forward: Forward) -> Done:
        """Answer for a message that cannot be worked on."""
        words = [word or RequestStatus.UNSPECIFIED.value for word in mail.settled]
        return Done(self._answers.responses(mail, forward, words))

    async def _settle(self, job: _Job, place: int, turn: Turn) -> None:
        """See to one recipient; the word for it, none if it stays open."""
        mail = job.mail
        try:
            await turn.came
            await job.at_once.acquire()
            try:
                outcome = await self._deliver(job, mail.recipients[place], turn)
            finally:
                job.at_once.release()
        finally:
            turn.over()
        word, is_end = self._word(mail, job.forward, outcome)
        if is_end:
            await self._house.store.mail.settle(mail.key, place, word)
        job.words[place] = word

    def _word(
        self, mail: InboxMail, forward: Forward, outcome: Delivered
    ) -> tuple[str, bool]:
        """What is said of an outcome, and whether that is the end of it.

        Whoever waits for an answer has it now, and may try again: that is a new try for
        those that are not settled. Otherwise it is for us to try until the message
        expires, and nothing is said. What ends because the gateway stops is tried by
        the next one.
        """
        may_pass = outcome.may_pass_later
        if outcome.is_answer and mail.attempts >= MOST_ANSWERED:
            may_pass = False
        if not may_pass:
            return outcome.word, True
        if forward.acknowledge and not self.is_leaving:
            return outcome.word, False
        if self.is_leaving or self._house.now() < mail.expires:
            return "", False
        return delivered.EXPIRED.word, True

    def _entity_of(
        self, mail: InboxMail, forward: Forward, read: Read
    ) -> Entity | RequestStatus:
        """The content, or what is wrong with it or with the message (step 1)."""
        if mail.is_lost:
            return RequestStatus.UNSPECIFIED
        policy = self._house.config.policy
        if forward.hide and policy.mms.anonymous_senders == "refuse":
            return RequestStatus.UNSUPPORTED_MESSAGE
        if goes_round(forward, self._own()):
            self.log.error(
                "MMS of {relay} refused: it has been here before", relay=mail.peer
            )
            return RequestStatus.SERVICE_DENIED
        octets = read()
        try:
            return read_content(
                read_mail(octets, now=mail.received), MimeLimits(max_size=len(octets))
            )
        except Corrupt as error:
            self.log.debug("MMS refused: {error}", error=str(error))
            return RequestStatus.FORMAT_CORRUPT

    async def _deliver(self, job: _Job, recipient: str, turn: Turn) -> Delivered:
        """Send to one recipient (steps 2 to 4), in its turn."""
        if self._house.now() >= job.mail.expires:
            return delivered.EXPIRED
        ends = ends_of(job.forward.sender, recipient, self._house.dial_plan)
        if ends is None:
            return Delivered(RequestStatus.ADDRESS_UNRESOLVED)
        ready = await self._ready(job, recipient, ends, turn)
        if isinstance(ready, Delivered):
            return ready
        sending = Deferred.fromCoroutine(ready())
        turn.over()
        return await sending

    async def _ready(
        self, job: _Job, recipient: str, ends: Ends, turn: Turn
    ) -> Delivered | Send:
        """Have it go into a session, or be ready to go; its content is freed then.

        What reports need is kept before (step 4; large: step 3).
        """
        with job.content.lent() as found:
            if isinstance(found, RequestStatus):
                return Delivered(found)
            message = self._message(job.mail, job.forward, recipient, ends, found)
            del found
            await self._keep(job.mail, job.forward, recipient)
            if self._replies is not None:
                taking = Deferred.fromCoroutine(self._replies.take(message))
                if not taking.called:  # it is handed over
                    turn.over()
                taken = await taking
                if isinstance(taken, str):
                    return delivered.by_word(taken)
                message = taken
            return await self._prepared(message)

    def _message(
        self,
        mail: InboxMail,
        forward: Forward,
        recipient: str,
        ends: Ends,
        entity: Entity,
    ) -> InboundMms:
        config, plan = self._house.config, self._house.dial_plan
        return InboundMms(
            forward=forward,
            entity=entity,
            ends=ends,
            sender=Identity(address=ends.originator, hidden=bool(forward.hide)),
            recipient=plan.uri_of(ends.target),
            plan=plan,
            domain=config.gateway.domain,
            policy=config.policy,
            relay=mail.peer,
            identity=derived_key(mail.key, recipient),
            received=mail.received,
        )

    async def standalone(self, message: InboundMms) -> Delivered:
        """Send as a standalone message, of the mode that its size asks for."""
        ready = await self._prepared(message)
        return await ready()

    async def _prepared(self, message: InboundMms) -> Send:
        """Have it be ready to go; what is large is not in memory then."""
        message = await self._looked_up(message)
        source = MmsRequest(
            message=message, call_id=new_call_id(message), now=self._house.now()
        )
        body = wrapped(source)
        if len(body) > PAGER_LIMIT:
            return self._as_large(message, body)
        content_type, whole = with_history(message, CPIM_TYPE, body)
        if len(whole) > PAGER_LIMIT:
            return self._as_large(message, body)
        return partial(self._send, pager_request(source, content_type, whole))

    async def _send(self, request: Request) -> Delivered:
        try:
            response = await self._house.network.request(request)
        except SipError as error:
            self.log.debug("CPM side not reached: {error}", error=str(error))
            return delivered.UNREACHED
        return delivered.by_sip(response.status)

    def _as_large(self, message: InboundMms, body: bytes) -> Send:
        if self._large is not None:
            return self._large.prepared(message, body)
        self.log.debug("no large message: there is no MSRP")
        return partial(_at_once, delivered.by_sip(_NO_MSRP))

    async def _looked_up(self, message: InboundMms) -> InboundMms:
        """A message with what the directory knows of all its ends.

        A recipient that is not its target is one that a session has found.
        """
        ends, plan = message.ends, message.plan
        directory = self._house.directory
        sip_uri, known = await sip_uris_of(ends, directory)
        recipient = message.recipient
        if known is not None and recipient == plan.uri_of(ends.target):
            recipient = known
        return msgspec.structs.replace(
            message,
            sender=msgspec.structs.replace(message.sender, sip=sip_uri),
            recipient=recipient,
            history=await history_of(
                message.forward, ends.target, plan, directory, message.policy
            ),
        )

    async def _keep(self, mail: InboxMail, forward: Forward, recipient: str) -> None:
        """Keep whom reports go to, where any are asked for."""
        if forward.delivery_report or forward.read_reply:
            longest = self._house.config.policy.mms.longest_expiry
            await self._house.store.multimedia.keep_received(
                receipt_of(mail, forward, recipient, longest)
            )


async def _at_once(outcome: Delivered) -> Delivered:
    return outcome


async def _all(works: Iterable[Coroutine[Any, Any, None]]) -> None:
    """Have all be done, and fail if one has, once the others have ended as well."""
    ends: list[tuple[bool, Any]] = await DeferredList(
        [Deferred.fromCoroutine(each) for each in works], consumeErrors=True
    )
    for is_done, result in ends:
        if not is_done:
            result.raiseException()
