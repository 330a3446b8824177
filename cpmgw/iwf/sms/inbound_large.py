"""Short messages too long for a SIP MESSAGE, as large messages (TS 6.2.2.2.3)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final
from uuid import uuid4

from cpmgw.interfaces import ICpmNetwork
from cpmgw.iwf.large_sending import LargeLetter, LargeSending, Outcome, Said
from cpmgw.iwf.mapping import Correspondence
from cpmgw.iwf.sms import pager_rules
from cpmgw.iwf.sms.centres import Centres
from cpmgw.iwf.sms.chat.command_status import MSRP_COMMAND_STATUS
from cpmgw.iwf.sms.largeinvitation import large_request
from cpmgw.iwf.sms.shortmessage import InboundMessage
from cpmgw.iwf.sms.tables.table_10 import TABLE_10_COMMAND_STATUS
from cpmgw.sip.message import Request

SECTION: Final = "TS 6.2.2.2.3"
SERVICE: Final = "SMS"
# Octets of the largest body that goes as a SIP MESSAGE (conversation TS 5.1).
PAGER_LIMIT: Final = 1_300
# Seconds before its SM-SC stops waiting ([smsc] answer_timeout) by which all is over.
MARGIN: Final = 10.0

_COMMAND_STATUS: Final[Mapping[Said, Correspondence[int, int]]] = {
    Said.SIP: TABLE_10_COMMAND_STATUS,
    Said.MSRP: MSRP_COMMAND_STATUS,
}


class InboundLarge:
    """Sends long short messages as large messages."""

    def __init__(
        self,
        sending: LargeSending,
        network: ICpmNetwork,
        centres: Centres,
        now: Callable[[], float],
    ) -> None:
        self._sending = sending
        self._network = network
        self._centres = centres
        self._now = now

    def __len__(self) -> int:
        return len(self._sending)

    async def take(self, message: InboundMessage) -> int | InboundMessage:
        """Send what is too long for a SIP MESSAGE (`Way`); the command_status.

        That of Table 10 where the INVITE is refused, else what MSRP says; temporary
        where all of it takes too long.
        """
        body = pager_rules.body(message)
        if len(body) <= PAGER_LIMIT:
            return message
        outcome = await self._sending.send(
            LargeLetter(
                service=SERVICE,
                section=SECTION,
                types=("text/plain",),
                body=body,
                request=lambda offer: self._request(message, offer),
                patience=self._patience(message),
            )
        )
        return command_status(outcome)

    def _patience(self, message: InboundMessage) -> float:
        """Seconds that all of it may take: who waits for it is an SM-SC."""
        centre = self._centres.named(message.collected.segments[-1].centre)
        waits = centre.config.answer_timeout
        return max(waits - MARGIN, waits / 2)

    def _request(self, message: InboundMessage, offer: bytes) -> Request:
        """The INVITE (step 3)."""
        attempt = uuid4().hex
        return large_request(
            message,
            contact=self._network.contact(),
            call_id=f"{attempt}@{message.domain}",
            tag=attempt[:16],
            body=offer,
            now=self._now(),
        )


def command_status(outcome: Outcome) -> int:
    """What an SM-SC is told of a large message (Table 10; RCC.10 6.2.2.2.2)."""
    return _COMMAND_STATUS[outcome.by].of(outcome.status)
