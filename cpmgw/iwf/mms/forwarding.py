"""MM4_forward.REQ on its way to a relay, and its answer (TS 6.3.1.1.1 steps 4 and 5).

What reports need is kept first, then the mail goes by SMTP, then MM4_forward.RES comes
where one was asked for, then the answer to the sender is remembered: a crash at any
place leaves nothing that went out unknown.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from twisted.internet.defer import CancelledError, TimeoutError
from twisted.logger import Logger

from cpmgw.bodies.errors import NoRoom
from cpmgw.bodies.interfaces import IBody
from cpmgw.cpm.errors import MimeError
from cpmgw.errors import CannotInterwork, StoreError
from cpmgw.iwf.mms.forward_outcome import (
    no_answer,
    no_room,
    not_taken,
    not_written,
    refused_by,
)
from cpmgw.iwf.mms.late import Failed, LateAnswers, Repeats, keep_taken
from cpmgw.iwf.mms.relays import Relay
from cpmgw.iwf.mms.transactions import Awaited, SpeaksFor, Transactions
from cpmgw.iwf.mms.waits import Waits
from cpmgw.iwf.outcomes import store_failed
from cpmgw.mail_records import SentMms
from cpmgw.mm4.entity import Entity
from cpmgw.mm4.errors import Mm4Error
from cpmgw.mm4.mail import write_mail_pieces
from cpmgw.mm4.pdu import Forward, RequestStatus, Result
from cpmgw.policy import PolicySource
from cpmgw.records import Answer
from cpmgw.sip.status import reason_for
from cpmgw.smtp.errors import NotSent, SmtpError, Unanswered
from cpmgw.smtp.interfaces import Envelope, Recipient

if TYPE_CHECKING:
    from cpmgw.interfaces import IHouse


class Parcel(msgspec.Struct, frozen=True, kw_only=True):
    """A multimedia message to be sent, and what is remembered of it.

    Its content is an `entity`, or it is a whole `mail` already, made by `compose` and
    closed by `forward`. `mail_from` and `recipients` are addresses of SMTP. `sent` is
    what reports need, None for what nobody is told of; `answer` is what a repeat of its
    request gets. `until` is when its sender has to have an answer, in seconds since
    1970, None where it need not.
    """

    relay: Relay
    pdu: Forward
    mail_from: str
    recipients: tuple[str, ...]
    entity: Entity | None = None
    mail: IBody | None = None
    sent: SentMms | None = None
    answer: Answer | None = None
    until: float | None = None


class Forwarding:
    """Hands multimedia messages to their relays.

    `transactions` has what waits for MM4_forward.RES: whoever receives mail tells it of
    answers. `waits` has all that is under way. `failed` is told of a message whose
    answer came too late and was bad, `repeats` of what a late good one has made good.
    """

    log = Logger()

    def __init__(
        self,
        house: IHouse,
        policy: PolicySource,
        speaks_for: SpeaksFor,
        failed: Failed,
        repeats: Repeats,
    ) -> None:
        late = LateAnswers(house, speaks_for, failed, repeats)
        self.transactions = Transactions(house.clock, late.take, speaks_for)
        self.waits = Waits(house.clock)
        self._house = house
        self._policy = policy

    def compose(self, pdu: Forward, entity: Entity) -> IBody:
        """The mail of a message, for whoever has it to close.

        CannotInterwork where it cannot be written, or there is no room for it.
        """
        more = (("Message-ID", f"<{pdu.transaction.message_id}>"),)
        try:
            pieces = write_mail_pieces(pdu, entity, more)
            body = self._house.compose(entity.size)
        except Mm4Error as error:
            raise not_written(error) from error
        except MimeError as error:
            raise _not_carried(error) from error
        except NoRoom as error:
            raise no_room(error, self._policy()) from error
        try:
            for piece in pieces:
                body.write(body.size, piece)
            body.finish()
        except NoRoom as error:
            body.close()
            raise no_room(error, self._policy()) from error
        except Exception:
            body.close()
            raise
        return body

    async def forward(self, parcel: Parcel) -> Result | None:
        """Send a message; its MM4_forward.RES, None where there is none.

        There is none where none was asked for, or where the relay may keep silent
        (`no_response`). CannotInterwork by Table 14, or for what SMTP says; what may
        have left says so.
        """
        mail = self._mail_of(parcel)
        try:
            earlier = await self._keep(parcel)
            result = await self._exchange(parcel, mail, earlier)
        finally:
            mail.close()
        sent = parcel.sent if result is not None else None
        try:
            await keep_taken(self._house.store, sent, parcel.answer)
        except StoreError as error:
            raise store_failed(500, self._policy()) from error
        return result

    def _mail_of(self, parcel: Parcel) -> IBody:
        if parcel.mail is not None:
            return parcel.mail
        if parcel.entity is None:
            raise ValueError("a parcel without content")
        return self.compose(parcel.pdu, parcel.entity)

    async def _keep(self, parcel: Parcel) -> SentMms | None:
        """Keep what reports need before any can come; what was known of it before.

        That is of an earlier try, which may have left.
        """
        if parcel.sent is None:
            return None
        multimedia = self._house.store.multimedia
        sent = msgspec.structs.replace(
            parcel.sent, transaction_id=parcel.pdu.transaction.transaction_id
        )
        try:
            known: SentMms | None = await multimedia.sent(sent.message_id)
            await multimedia.keep_sent(sent)
        except StoreError as error:
            raise store_failed(503, self._policy()) from error
        return known

    async def _exchange(
        self, parcel: Parcel, mail: IBody, earlier: SentMms | None
    ) -> Result | None:
        """SMTP, and the answer that comes after it."""
        transactions, transaction = self.transactions, parcel.pdu.transaction
        awaited: Awaited | None = None
        if parcel.pdu.acknowledge:
            awaited = transactions.begin(transaction, parcel.relay.name, parcel.answer)
        try:
            is_taken = await self._hand_over(parcel, mail, awaited)
            mail.close()  # it may be long until it is answered
            if awaited is None:
                self._count(parcel, "accepted")
                return None
            return await self._answer(parcel, awaited, is_taken)
        except CannotInterwork as refusal:
            if not refusal.may_have_left:
                await self._take_back(parcel, earlier)
            raise
        finally:
            if awaited is not None:
                transactions.end(awaited)

    async def _hand_over(
        self, parcel: Parcel, mail: IBody, awaited: Awaited | None
    ) -> bool:
        """Have the relay take the mail; CannotInterwork if it does not.

        False where its reply was lost: MM4_forward.RES may still tell.
        """
        envelope = Envelope(
            sender=parcel.mail_from,
            recipients=tuple(Recipient(address=each) for each in parcel.recipients),
            size=mail.size,
        )
        sending = parcel.relay.link.send(envelope, mail)
        try:
            await self.waits.before(sending, self._left(parcel))
        except (TimeoutError, CancelledError) as error:  # the link has taken it back
            self._count(parcel, "not-sent")
            late = NotSent("it could not be handed over in time")
            raise not_taken(late, self._policy()) from error
        except Unanswered as error:
            if awaited is not None:
                return False
            self._count(parcel, None)
            raise not_taken(error, self._policy()) from error
        except SmtpError as error:
            is_unsent = isinstance(error, NotSent)
            self._count(parcel, "not-sent" if is_unsent else "refused")
            raise not_taken(error, self._policy()) from error
        return True

    async def _answer(
        self, parcel: Parcel, awaited: Awaited, is_taken: bool
    ) -> Result | None:
        """The answer that was asked for; CannotInterwork by Table 14."""
        config, left = parcel.relay.config, self._left(parcel)
        timeout = config.response_timeout
        if left is not None:
            timeout = min(timeout, left)
        try:
            result = await self.waits.after(awaited.result, timeout)
        except (TimeoutError, CancelledError) as error:
            self._count(parcel, None)
            if is_taken and config.no_response == "accept":
                return None
            raise no_answer(self._policy()) from error
        self._count(parcel, result.status.value)
        if result.status is not RequestStatus.OK:
            raise refused_by(result)
        return result

    def _left(self, parcel: Parcel) -> float | None:
        """Seconds until a message has to have its answer."""
        return None if parcel.until is None else parcel.until - self._house.now()

    async def _take_back(self, parcel: Parcel, earlier: SentMms | None) -> None:
        """Forget what was kept of a try that did not go out, and only of that.

        Where that fails it is known until it expires, and no report comes for it.
        """
        if parcel.sent is None:
            return
        multimedia, message_id = self._house.store.multimedia, parcel.sent.message_id
        try:
            if earlier is None:
                await multimedia.drop_sent(message_id)
                return
            # What was told meanwhile is of the earlier try.
            now: SentMms | None = await multimedia.sent(message_id)
            told = {*earlier.told, *(now.told if now is not None else ())}
            await multimedia.keep_sent(
                msgspec.structs.replace(earlier, told=tuple(sorted(told)))
            )
        except StoreError as error:
            self.log.warn("cannot forget a message: {error}", error=str(error))

    def _count(self, parcel: Parcel, status: str | None) -> None:
        self._house.traffic.forward(parcel.relay.name, status)


def _not_carried(error: MimeError) -> CannotInterwork:
    """488 for signed content that mail can only carry as another (TS 6.3 1a)."""
    return CannotInterwork(
        488, reason_for(488), cause="content", section="TS 6.3 1a", warning=str(error)
    )
