"""What is done about the mail that MM4 has brought, by what it is (TS 6.3.1)."""

from __future__ import annotations

from typing import Final

from twisted.logger import Logger

from cpmgw.iwf.mail.inbox import Done, Later, Read
from cpmgw.iwf.mms.inbound import Inbound
from cpmgw.iwf.mms.reports import Reports
from cpmgw.mail_records import InboxMail
from cpmgw.mm4.errors import Mm4Error
from cpmgw.mm4.mail import read_mail
from cpmgw.mm4.pdu import Forward, Pdu, Result
from cpmgw.traffic import Traffic

_NOTHING: Final = Done()


class Work:
    """Sees to one mail of the inbox (`mail.inbox.IWork`)."""

    log = Logger()

    def __init__(self, inbound: Inbound, reports: Reports, traffic: Traffic) -> None:
        self._inbound = inbound
        self._reports = reports
        self._traffic = traffic

    async def work(self, mail: InboxMail, read: Read) -> Done | Later:
        """Do what it asks for; it was read before it was kept."""
        pdu = self._pdu_of(mail)
        if isinstance(pdu, Forward):
            return await self._inbound.forward(mail, pdu, read)
        if pdu is None or isinstance(pdu, Result):
            return _NOTHING
        return await self._reports.report(mail, pdu)

    def give_up(self, mail: InboxMail) -> Done:
        """Answer that it cannot be done."""
        pdu = self._pdu_of(mail)
        if pdu is None or isinstance(pdu, Result):
            return _NOTHING
        self._traffic.mm4(mail.peer, pdu.transaction.type.value, "given-up")
        if isinstance(pdu, Forward):
            return self._inbound.give_up(mail, pdu)
        return self._reports.give_up(mail, pdu)

    def _pdu_of(self, mail: InboxMail) -> Pdu | None:
        try:
            return read_mail(mail.content, now=mail.received).pdu
        except Mm4Error as error:
            self.log.error("mail cannot be read any more: {error}", error=str(error))
            return None
