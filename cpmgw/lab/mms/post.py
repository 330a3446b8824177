"""Mails to the gateway, and what becomes of them."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.python.failure import Failure

from cpmgw.bodies.spool import Spool
from cpmgw.lab.arrow import Tap, nobody
from cpmgw.lab.behaviour import MmscQuirks
from cpmgw.lab.mm4_arrows import pdu_arrow, reply_arrow
from cpmgw.lab.mms.writing import written
from cpmgw.mm4.entity import Entity
from cpmgw.mm4.pdu import Pdu, Result
from cpmgw.smtp.errors import Refused, SmtpError
from cpmgw.smtp.interfaces import Envelope, IMailRelay, Recipient, Reply, Sent

NOT_SENT = 0
"""The code of a reply that the gateway has not given."""


class Parcel(msgspec.Struct, frozen=True, kw_only=True):
    """A PDU with its content, and its envelope; an empty `sender` is the null one."""

    pdu: Pdu
    sender: str
    recipients: tuple[str, ...]
    entity: Entity | None = None
    quirks: MmscQuirks = MmscQuirks()


class Post:
    """Sends PDUs to the gateway; `failed` are those that it has not taken."""

    def __init__(
        self,
        clock: IReactorTime,
        link: IMailRelay,
        spool: Spool,
        system: str,
        tap: Callable[[], Tap],
    ) -> None:
        self.failed: list[tuple[Pdu, Reply]] = []
        self._clock = clock
        self._link = link
        self._spool = spool
        self._system = system
        self._tap = tap

    def send(self, parcel: Parcel) -> Deferred[Reply]:
        """Send one; fires, and never fails, with the gateway's last reply.

        Where it has given none, that has the code 0, and in its text why.
        """
        pdu = parcel.pdu
        octets = written(pdu, parcel.entity, parcel.quirks, self._more(parcel))
        if self._tap() is not nobody:
            entity = parcel.entity or Entity()
            now = self._clock.seconds()
            self._tap()(pdu_arrow(pdu, entity, len(octets), now, from_gateway=False))
        body = self._spool.body()
        body.write(0, octets)
        body.finish()
        envelope = Envelope(
            sender="" if parcel.quirks.null_sender else parcel.sender,
            recipients=tuple(Recipient(address=each) for each in parcel.recipients),
            size=len(octets),
        )
        sent = self._link.send(envelope, body)
        sent.addBoth(_closing(body.close))
        return sent.addCallbacks(_taken, _not_taken).addCallback(self._done, pdu)

    def _more(self, parcel: Parcel) -> tuple[tuple[str, str], ...]:
        """From whom to whom a response is: that is between the relays."""
        if not isinstance(parcel.pdu, Result):
            return ()
        return (("Sender", self._system), ("To", ", ".join(parcel.recipients)))

    def _done(self, reply: Reply, pdu: Pdu) -> Reply:
        if not reply.is_ok or reply.code == NOT_SENT:
            self.failed.append((pdu, reply))
            if self._tap() is not nobody:
                now = self._clock.seconds()
                self._tap()(reply_arrow(reply, now, from_gateway=True))
        return reply


def _closing(close: Callable[[], None]) -> Callable[[object], object]:
    def closed(result: object) -> object:
        close()
        return result

    return closed


def _taken(sent: Sent) -> Reply:
    return sent.refused[0][1] if sent.refused else sent.reply


def _not_taken(failure: Failure) -> Reply:
    failure.trap(SmtpError)
    if isinstance(failure.value, Refused):
        return failure.value.reply
    return Reply(NOT_SENT, str(failure.value))
