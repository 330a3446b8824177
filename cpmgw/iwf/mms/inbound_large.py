"""MMS too large for a SIP MESSAGE, as large messages (TS 6.3.1.2.2)."""

from __future__ import annotations

from functools import partial
from typing import Final

import msgspec

from cpmgw.bodies.errors import NoRoom
from cpmgw.bodies.interfaces import IBody
from cpmgw.interfaces import IHouse
from cpmgw.iwf.large_sending import LargeLetter, LargeSending
from cpmgw.iwf.mail.octets import Octets
from cpmgw.iwf.mms import delivered
from cpmgw.iwf.mms.delivered import Delivered
from cpmgw.iwf.mms.inbound import Send
from cpmgw.iwf.mms.multimedia import InboundMms
from cpmgw.iwf.mms.standalone_requests import large_request
from cpmgw.mm4.entity import Entity
from cpmgw.sip.message import Request

SECTION: Final = "TS 6.3.1.2.2"
SERVICE: Final = "MMS"
# Seconds that all of it may take, from the INVITE to the last answer.
PATIENCE: Final = 600.0


class InboundLarge:
    """Sends large MMS as large messages."""

    def __init__(self, house: IHouse, sending: LargeSending) -> None:
        self._house = house
        self._sending = sending

    def __len__(self) -> int:
        return len(self._sending)

    def prepared(self, message: InboundMms, body: bytes) -> Send:
        """Have a message, wrapped in message/cpim, be ready to go (`Large`).

        What is not small waits in a file, for it may be long until all of it went.
        """
        try:
            kept = self._kept(body)
        except NoRoom:
            return self._no_room
        types = types_of(message.entity)
        bare = msgspec.structs.replace(message, entity=Entity())
        return partial(self._send, bare, types, kept)

    async def _send(
        self, message: InboundMms, types: tuple[str, ...], body: IBody
    ) -> Delivered:
        letter = LargeLetter(
            service=SERVICE,
            section=SECTION,
            types=types,
            body=body,
            request=lambda offer: self._request(message, offer),
            patience=PATIENCE,
        )
        try:
            return delivered.by_outcome(await self._sending.send(letter))
        finally:
            body.close()

    async def _no_room(self) -> Delivered:
        return delivered.NO_ROOM

    def _kept(self, octets: bytes) -> IBody:
        if len(octets) <= self._house.config.mm4.in_memory:
            return Octets(octets)
        kept = self._house.compose(len(octets))
        try:
            kept.write(0, octets)
            kept.finish()
        except BaseException:
            kept.close()
            raise
        return kept

    def _request(self, message: InboundMms, offer: bytes) -> Request:
        """The INVITE (step 2)."""
        contact = self._house.network.contact()
        return large_request(message, offer, contact, self._house.now())


def types_of(entity: Entity) -> tuple[str, ...]:
    """The media types in a message, its own first (step 2a)."""
    kinds = (entity, *entity.leaves())
    return tuple(dict.fromkeys(each.media_type.name for each in kinds))
