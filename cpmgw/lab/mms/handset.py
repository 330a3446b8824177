"""An MMS handset: what the owner of a number sees."""

from __future__ import annotations

import msgspec

from cpmgw.lab.pictures import Picture, pictures_in, smil_in, text_in
from cpmgw.mm4.addresses import number_of
from cpmgw.mm4.entity import Entity
from cpmgw.mm4.pdu import Forward, Result


class ReceivedMms(msgspec.Struct, kw_only=True):
    """A multimedia message on a handset, and what went back of it.

    `text` are its plain texts, `pictures` those that could be decoded, `entity` is all
    of its content. `seen` tells whether its owner has looked at it; `results` answered
    the reports about it. `at` is in seconds of the relay's clock.
    """

    sender: str
    subject: str
    text: str
    pictures: tuple[Picture, ...]
    smil: str
    at: float
    pdu: Forward
    entity: Entity
    seen: bool = False
    results: list[Result] = msgspec.field(default_factory=list)


class MmsHandset:
    """One subscriber: an inbox, and whether the phone is switched on."""

    def __init__(self, number: str) -> None:
        self.number = number
        self.on = True
        self.inbox: list[ReceivedMms] = []

    @property
    def texts(self) -> list[str]:
        """The texts that came."""
        return [message.text for message in self.inbox]

    @property
    def pictures(self) -> list[Picture]:
        """The pictures that came."""
        return [each for message in self.inbox for each in message.pictures]

    def receive(self, pdu: Forward, entity: Entity, now: float) -> ReceivedMms:
        """Show a message."""
        message = ReceivedMms(
            sender="" if pdu.hide else number_of(pdu.sender) or pdu.sender,
            subject=pdu.subject,
            text=text_in(entity),
            pictures=pictures_in(entity),
            smil=smil_in(entity),
            at=now,
            pdu=pdu,
            entity=entity,
        )
        self.inbox.append(message)
        return message
