"""The mail that MMS relays send to us (TS 6.3.1; 3GPP TS 23.140 8.4).

Responses are for whoever waits for them. Requests are kept, and only then acknowledged.
All else is refused: by MM4 where that can be, so that the relay's own log says why.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from twisted.logger import Logger
from zope.interface import implementer

from cpmgw.errors import StoreError
from cpmgw.iwf.mail.inbox import NOT_KEPT, Inbox
from cpmgw.iwf.mail.keys import arrival_key
from cpmgw.iwf.mail.outbox import GivenUp, Outbox
from cpmgw.iwf.mms.own import OwnRelay
from cpmgw.iwf.mms.relays import Relay, Relays
from cpmgw.iwf.mms.report_mails import Report
from cpmgw.iwf.mms.responses import REPORTS, SERVICE, Responses, derived_key
from cpmgw.iwf.mms.transactions import Transactions
from cpmgw.mail_records import InboxMail
from cpmgw.mm4.addresses import AddressKind, read_address
from cpmgw.mm4.dsn import Fate, bounced
from cpmgw.mm4.errors import Corrupt, Mm4Error, NotMm4, Unusable
from cpmgw.mm4.limits import DEFAULT_LIMITS
from cpmgw.mm4.mail import read_mail
from cpmgw.mm4.pdu import (
    Forward,
    MessageType,
    Request,
    RequestStatus,
    Result,
)
from cpmgw.policy import PolicySource
from cpmgw.smtp.interfaces import (
    Envelope,
    IMailHandler,
    Peer,
    ReceivedMail,
    Recipient,
    Reply,
)
from cpmgw.traffic import Traffic

TAKEN: Final = Reply(250, "taken", "2.0.0")
STRANGER: Final = Reply(550, "no relay of ours", "5.7.1")
NO_RELAYING: Final = Reply(550, "relaying denied", "5.7.1")
NO_SUCH_USER: Final = Reply(550, "no such user", "5.1.1")
NO_ADDRESS: Final = Reply(553, "no address", "5.1.3")
NOT_MM4: Final = Reply(554, "no message of MM4", "5.6.0")
NO_RECIPIENT: Final = Reply(554, "no recipient", "5.5.1")

# Octets in which the header of a mail is, if it is to be read at all.
_HEADER: Final = DEFAULT_LIMITS.max_header_block + 4
# Octets of the largest notification of a mail that came back which is looked into.
_NOTICE: Final = 262_144
_OTHER: Final = "other"
_POSTMASTER: Final = "postmaster"
# After these a report may do better another time (TS 23.140 8.4.1.4).
_NOT_NOW: Final = frozenset((RequestStatus.NETWORK_PROBLEM, RequestStatus.UNSPECIFIED))


@implementer(IMailHandler)
class Mm4Reception:
    """Takes mail of MM4 (IMailHandler)."""

    log = Logger()

    def __init__(
        self,
        relays: Relays,
        inbox: Inbox,
        reports: Inbox,
        outbox: Outbox,
        transactions: Transactions,
        responses: Responses,
        own: Callable[[], OwnRelay],
        policy: PolicySource,
        traffic: Traffic,
    ) -> None:
        self._relays = relays
        self._inbox = inbox
        self._reports = reports
        self._outbox = outbox
        self._transactions = transactions
        self._responses = responses
        self._own = own
        self._policy = policy
        self._traffic = traffic

    def sender(self, peer: Peer, envelope: Envelope) -> Reply | None:
        """Refuse who is no relay of ours (IMailHandler)."""
        return STRANGER if self._relays.at(peer.host) is None else None

    def recipient(
        self, peer: Peer, envelope: Envelope, recipient: Recipient
    ) -> Reply | None:
        """Refuse whom we are not for: we relay for nobody (IMailHandler).

        The postmaster is somebody in any case (RFC 5321 4.5.1).
        """
        if self._is_postmaster(recipient.address):
            return None
        try:
            address = read_address(recipient.address)
        except Mm4Error:
            return NO_ADDRESS
        own = self._own()
        if not address.domain:
            return NO_ADDRESS
        if address.domain.lower() != own.domain.lower():
            return NO_RELAYING
        is_ours = address.text.lower() == own.address.lower()
        if address.kind is not AddressKind.PLMN and not is_ours:
            return NO_SUCH_USER
        return None

    async def mail(self, mail: ReceivedMail) -> Reply:
        """Take a mail, or refuse it (IMailHandler)."""
        try:
            return await self._take(mail)
        except StoreError as error:
            self.log.error("mail not taken: {error}", error=str(error))
            return NOT_KEPT
        finally:
            mail.content.close()

    async def _take(self, mail: ReceivedMail) -> Reply:
        relay = self._relays.at(mail.peer.host)
        if relay is None:
            self._traffic.mm4("", _OTHER, "refused")
            return STRANGER
        head = next(mail.content.pieces(_HEADER), b"")
        try:
            pdu = read_mail(head, now=mail.received).pdu
        except NotMm4:
            return await self._came_back(relay, mail) or self._refuse(relay, mail)
        except Unusable as error:
            return await self._unusable(relay, mail, error)
        if isinstance(pdu, Result):
            return await self._response(relay, pdu)
        return await self._request(relay, mail, pdu)

    # -- requests ----------------------------------------------------------------------

    async def _request(self, relay: Relay, mail: ReceivedMail, pdu: Request) -> Reply:
        """Keep a request; what is done about it comes after."""
        envelope = mail.envelope
        is_message = isinstance(pdu, Forward)
        if is_message and self._relays.is_gone(relay.name):
            self._traffic.mm4(relay.name, pdu.transaction.type.value, "refused")
            return STRANGER
        recipients = self._once_each(envelope)
        if not recipients:
            return NO_RECIPIENT
        transaction = pdu.transaction
        mark = derived_key(
            relay.name,
            transaction.type.value,
            transaction.transaction_id,
            transaction.message_id,
            "" if isinstance(pdu, Forward) else pdu.status.value,
            envelope.sender,
            *recipients,
        )
        kept = InboxMail(
            key=arrival_key(mail.received),
            service=SERVICE if is_message else REPORTS,
            peer=relay.name,
            sender=envelope.sender,
            recipients=tuple(recipients.values()) if is_message else (),
            repeat=bytes.fromhex(mark),
            received=mail.received,
            expires=self._expires(mail, pdu),
        )
        inbox = self._inbox if is_message else self._reports
        reply = await inbox.accept(kept, mail.content)
        word = "kept" if reply.is_ok else "refused"
        self._traffic.mm4(relay.name, transaction.type.value, word)
        return reply

    def _once_each(self, envelope: Envelope) -> dict[str, str]:
        """The recipients by how we would write them, each once however it is spelt.

        The postmaster gets no MMS.
        """
        found: dict[str, str] = {}
        for each in envelope.recipients:
            if not self._is_postmaster(each.address):
                own = read_address(each.address).text.lower()
                found.setdefault(own, each.address)
        return found

    def _expires(self, mail: ReceivedMail, pdu: Request) -> float:
        """Until when a request is worth being worked on (Table 36 Expires)."""
        longest = mail.received + self._policy().mms.longest_expiry
        if isinstance(pdu, Forward) and pdu.expiry is not None:
            return max(mail.received, min(pdu.expiry, longest))
        return longest

    # -- responses ---------------------------------------------------------------------

    async def _response(self, relay: Relay, result: Result) -> Reply:
        """Tell of a response whoever waits for it; one that nobody knows ends here.

        Who waits is told at once; what comes too late is acknowledged when it is kept.
        """
        kind = result.transaction.type.value
        self._traffic.mm4(relay.name, kind, result.status.value)
        identifier, report = result.transaction.transaction_id, None
        if result.transaction.type is MessageType.FORWARD_RES:
            if await self._transactions.answered(result, relay.name):
                return TAKEN
        elif result.status in _NOT_NOW:
            self.log.info("{relay} does not take a report now", relay=relay.name)
            return TAKEN  # it goes again, as if there was no answer
        elif identifier:
            report = await self._outbox.answered(identifier)
        if report is None:
            self.log.debug("{kind} that answers nothing", kind=kind)
            return TAKEN
        is_read = result.transaction.type is MessageType.READ_REPLY_RES
        self._traffic.report_back(
            relay.name, "read" if is_read else "delivery", result.status.value
        )
        if result.status is not RequestStatus.OK:
            self.log.info(
                "{relay} does not want a report: {status}",
                relay=relay.name,
                status=result.status.value,
            )
        return TAKEN

    # -- what cannot be used -----------------------------------------------------------

    async def _unusable(
        self, relay: Relay, mail: ReceivedMail, error: Unusable
    ) -> Reply:
        """Refuse by MM4 where that can be, else by SMTP."""
        self.log.info("mail of {relay} refused: {why}", relay=relay.name, why=error)
        status = RequestStatus.UNSUPPORTED_MESSAGE
        if isinstance(error, Corrupt):
            status = RequestStatus.FORMAT_CORRUPT
        answer = self._responses.refusal(relay, error, status, mail.envelope.sender)
        if answer is None:
            return self._refuse(relay, mail)
        await self._outbox.post((answer,))
        self._traffic.mm4(relay.name, _OTHER, status.value)
        return TAKEN

    def _refuse(self, relay: Relay, mail: ReceivedMail) -> Reply:
        """Refuse by SMTP, unless it is for the postmaster: that is the log."""
        if any(self._is_postmaster(e.address) for e in mail.envelope.recipients):
            self._traffic.mm4(relay.name, _OTHER, "kept")
            self.log.warn(
                "{relay} writes to the postmaster ({size} octets)",
                relay=relay.name,
                size=mail.content.size,
            )
            return TAKEN
        self._traffic.mm4(relay.name, _OTHER, "refused")
        return NOT_MM4

    def _is_postmaster(self, address: str) -> bool:
        return address.lower() in (
            _POSTMASTER,
            f"{_POSTMASTER}@{self._own().domain}".lower(),
        )

    async def _came_back(self, relay: Relay, mail: ReceivedMail) -> Reply | None:
        """Take the news that a mail of ours did not arrive; None if it is none."""
        if mail.envelope.sender or mail.content.size > _NOTICE:
            return None
        notice = bounced(mail.content.read())
        if notice is None:
            return None
        self._traffic.mm4(relay.name, _OTHER, "bounced")
        self.log.info(
            "{relay}: a mail of ours is {fate}",
            relay=relay.name,
            fate=notice.fate.value,
        )
        if notice.fate is not Fate.FAILED or notice.type is None:
            return TAKEN
        if notice.type is MessageType.FORWARD_REQ:
            await self._transactions.bounced(
                notice.message_id, relay.name, notice.transaction_id
            )
        elif notice.type.is_request and notice.transaction_id:
            report = await self._outbox.answered(notice.transaction_id)
            if report is not None:
                is_read = notice.type is MessageType.READ_REPLY_REQ
                self._came_to_nothing(relay, is_read)
        return TAKEN

    def _came_to_nothing(self, relay: Relay, is_read: bool) -> None:
        self.log.error("report to {relay} given up: it came back", relay=relay.name)
        kind = Report.READ if is_read else Report.DELIVERY
        self._traffic.report_back(relay.name, kind.value, GivenUp.REFUSED.value)
