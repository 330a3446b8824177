"""The mail that comes to the MMS relay: taken, refused, or left without an answer."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from zope.interface import implementer

from cpmgw.cpm.mime import DEFAULT_LIMITS
from cpmgw.lab.arrow import Tap, nobody
from cpmgw.lab.behaviour import Cut, MmsBehaviour
from cpmgw.lab.mm4_arrows import pdu_arrow, reply_arrow
from cpmgw.lab.mms.connections import Connections
from cpmgw.mm4.addresses import number_of
from cpmgw.mm4.entity import Entity
from cpmgw.mm4.errors import Mm4Error
from cpmgw.mm4.mail import read_content, read_mail
from cpmgw.mm4.pdu import Pdu
from cpmgw.smtp.interfaces import (
    Envelope,
    IMailHandler,
    Peer,
    ReceivedMail,
    Recipient,
    Reply,
)

TAKEN = Reply(250, "Taken", "2.6.0")
UNREADABLE = Reply(554, "No mail of MM4", "5.6.0")


class CameMail(msgspec.Struct, frozen=True, kw_only=True):
    """A mail that came, whatever it was answered; `at` is by the relay's clock."""

    envelope: Envelope
    pdu: Pdu
    entity: Entity
    octets: bytes
    at: float

    @property
    def numbers(self) -> list[str]:
        """The numbers of its recipients; empty for those that have none."""
        return [number_of(each.address) for each in self.envelope.recipients]


@implementer(IMailHandler)
class Reception:
    """Answers SMTP as the numbers of recipients behave (IMailHandler).

    `mails` are all that came, `unreadable` those that were no MM4. `take` gets what is
    taken, as soon as that has been answered.
    """

    def __init__(
        self,
        clock: IReactorTime,
        connections: Connections,
        behaviour: Callable[[str], MmsBehaviour],
        take: Callable[[CameMail], None],
        tap: Callable[[], Tap],
    ) -> None:
        self.mails: list[CameMail] = []
        self.unreadable: list[bytes] = []
        self._clock = clock
        self._connections = connections
        self._behaviour = behaviour
        self._take = take
        self._tap = tap

    # -- IMailHandler ------------------------------------------------------------------

    def sender(self, peer: Peer, envelope: Envelope) -> Reply | None:
        """Everybody may send."""
        return None

    def recipient(
        self, peer: Peer, envelope: Envelope, recipient: Recipient
    ) -> Reply | None:
        """Refuse a recipient, or prepare to cut, as her number behaves."""
        behaviour = self._of(recipient)
        if behaviour.rcpt is not None:
            self._says(behaviour.rcpt)
        elif behaviour.cut is Cut.IN_CONTENT:
            self._connections.cut_in_content()
        return behaviour.rcpt

    async def mail(self, mail: ReceivedMail) -> Reply:
        """Take a mail, or do what else the first recipient's number has in store."""
        octets = mail.content.read()
        mail.content.close()
        came = self._read(mail.envelope, octets)
        if came is None:
            self.unreadable.append(octets)
            self._says(UNREADABLE)
            return UNREADABLE
        self.mails.append(came)
        self._seen(came)
        behaviour = self._of(mail.envelope.recipients[0])
        if behaviour.cut is Cut.BEFORE_REPLY:
            self._connections.cut()
        if behaviour.silent or behaviour.cut is Cut.BEFORE_REPLY:
            await Deferred[None]()
        if behaviour.reply is not None and not behaviour.reply.is_ok:
            self._says(behaviour.reply)
            return behaviour.reply
        self._clock.callLater(0, self._take, came)
        return behaviour.reply or TAKEN

    # -- within ------------------------------------------------------------------------

    def _of(self, recipient: Recipient) -> MmsBehaviour:
        return self._behaviour(number_of(recipient.address))

    def _read(self, envelope: Envelope, octets: bytes) -> CameMail | None:
        now = self._clock.seconds()
        try:
            mail = read_mail(octets, now=now)
            entity = read_content(mail, DEFAULT_LIMITS)
        except Mm4Error:
            return None
        return CameMail(
            envelope=envelope, pdu=mail.pdu, entity=entity, octets=octets, at=now
        )

    def _seen(self, came: CameMail) -> None:
        if self._tap() is not nobody:
            size = len(came.octets)
            self._tap()(
                pdu_arrow(came.pdu, came.entity, size, came.at, from_gateway=True)
            )

    def _says(self, reply: Reply) -> None:
        if self._tap() is not nobody:
            now = self._clock.seconds()
            self._tap()(reply_arrow(reply, now, from_gateway=False))
