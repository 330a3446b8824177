"""What a handset sends as MMS, and what comes back of it."""

from __future__ import annotations

import msgspec
from twisted.internet.defer import Deferred

from cpmgw.lab.behaviour import MmscQuirks
from cpmgw.lab.mms.writing import VERSION
from cpmgw.mm4.addresses import plmn, system_address
from cpmgw.mm4.entity import Entity, leaf
from cpmgw.mm4.pdu import (
    DeliveryReport,
    Forward,
    MessageType,
    Priority,
    ReadReply,
    Result,
    Transaction,
)
from cpmgw.mm4.smil import with_smil
from cpmgw.smtp.interfaces import Reply


class MmsOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How a handset's message is written to the gateway.

    `cc` are numbers too. `expiry` is in seconds from now. Empty identifiers are new
    ones; `mail_from` replaces the sender of the envelope. What has several parts gets
    SMIL unless `smil` is "leave".
    """

    subject: str = ""
    delivery_report: bool = False
    read_reply: bool = False
    acknowledge: bool = True
    priority: Priority | None = None
    hide: bool | None = None
    expiry: float | None = None
    message_class: str = "Personal"
    cc: tuple[str, ...] = ()
    smil: str = "add"
    transaction_id: str = ""
    message_id: str = ""
    mail_from: str = ""
    quirks: MmscQuirks = MmscQuirks()


class SentMms:
    """A multimedia message on its way to the gateway, and what came after.

    `reply` is the gateway's last one by SMTP, of the code 0 where it has given none;
    `taken` fires with it. `results` are its MM4_forward.RES; `reports` and
    `read_replies` what it said later, copies included.
    """

    def __init__(self, pdu: Forward, entity: Entity) -> None:
        self.pdu = pdu
        self.entity = entity
        self.reply: Reply | None = None
        self.taken: Deferred[Reply] = Deferred()
        self.results: list[Result] = []
        self.reports: list[DeliveryReport] = []
        self.read_replies: list[ReadReply] = []

    @property
    def message_id(self) -> str:
        """Its X-Mms-Message-ID."""
        return self.pdu.transaction.message_id

    @property
    def statuses(self) -> list[str]:
        """What the responses say, in the order in which they came."""
        return [each.status.value for each in self.results]

    @property
    def outcome(self) -> list[str]:
        """What the reports and read replies say, in their order, reports first."""
        reports = [each.status.value for each in self.reports]
        return reports + [each.status.value for each in self.read_replies]

    def settle(self, reply: Reply) -> None:
        """The gateway has taken it, or not."""
        self.reply = reply
        self.taken.callback(reply)


class Sender(msgspec.Struct, frozen=True):
    """Makes the PDUs of handsets: the domains of the relay and of the gateway."""

    domain: str
    gateway_domain: str

    def targets(self, numbers: tuple[str, ...]) -> tuple[str, ...]:
        """Numbers as addresses at the gateway; an address stays what it is."""
        return tuple(
            each if "@" in each else plmn(each, self.gateway_domain) for each in numbers
        )

    def forward(
        self,
        number: str,
        targets: tuple[str, ...],
        options: MmsOptions,
        *,
        identity: str,
        now: float,
    ) -> Forward:
        """The MM4_forward.REQ of a message; `identity` names it where nothing does."""
        transaction = Transaction(
            type=MessageType.FORWARD_REQ,
            transaction_id=options.transaction_id or identity,
            message_id=options.message_id or f"{identity}@{self.domain}",
            version=VERSION,
        )
        return Forward(
            transaction=transaction,
            sender=plmn(number, self.domain),
            to=self.targets(targets),
            cc=self.targets(options.cc),
            date=now,
            expiry=None if options.expiry is None else now + options.expiry,
            delivery_report=options.delivery_report,
            read_reply=options.read_reply,
            priority=options.priority,
            hide=options.hide,
            subject=options.subject,
            acknowledge=options.acknowledge,
            originator_system=system_address(self.domain),
            message_class=options.message_class,
        )


def content(of: Entity | str, smil: str) -> Entity:
    """A text, or what is content already, as a handset sends it."""
    if isinstance(of, str):
        return leaf("text/plain; charset=utf-8", of.encode())
    return with_smil(of) if smil == "add" and of.is_multipart else of
