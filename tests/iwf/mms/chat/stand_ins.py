"""Stand-ins for the rest of an MMS IWF: what hands messages over, and fits contents."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
from twisted.internet.defer import Deferred

from cpmgw.bodies.interfaces import IBody
from cpmgw.config import MmscMedia
from cpmgw.errors import CannotInterwork
from cpmgw.iwf.mms.forward_outcome import not_written
from cpmgw.iwf.mms.forwarding import Parcel
from cpmgw.mm4.entity import Entity
from cpmgw.mm4.errors import Mm4Error
from cpmgw.mm4.mail import write_mail
from cpmgw.mm4.pdu import Forward, Result
from tests.iwf.sessions.stand_ins import Body


class Mail(Body):
    """The mail of a message, which knows what it was made of."""

    def __init__(self, pdu: Forward, entity: Entity) -> None:
        super().__init__(write_mail(pdu, entity))
        self.entity = entity

    def move(self, target: Path) -> None:
        """Nobody moves it."""
        raise AssertionError


class Forwarding:
    """Takes all that it is given; `faults` are for the next ones, None for none.

    With `held` set, each waits for the test. `trouble` is why no mail can be made.
    """

    def __init__(self) -> None:
        self.parcels: list[Parcel] = []
        self.faults: list[CannotInterwork | None] = []
        self.held: list[Deferred[None]] | None = None
        self.trouble: CannotInterwork | None = None
        self.entities: list[Entity] = []
        self.mails: list[Mail] = []

    def compose(self, pdu: Forward, entity: Entity) -> IBody:
        """Write it as it would be."""
        if self.trouble is not None:
            raise self.trouble
        try:
            self.mails.append(Mail(pdu, entity))
        except Mm4Error as error:
            raise not_written(error) from error
        mail: Any = self.mails[-1]
        return mail  # type: ignore[no-any-return]

    async def forward(self, parcel: Parcel) -> Result | None:
        """Note it."""
        assert isinstance(parcel.mail, Mail)
        self.entities.append(parcel.mail.entity)
        self.parcels.append(parcel)
        fault = self.faults.pop(0) if self.faults else None
        if self.held is not None:
            gate: Deferred[None] = Deferred()
            self.held.append(gate)
            await gate
        if fault is not None:
            raise fault
        return None

    @property
    def texts(self) -> list[str]:
        """What the handset would show of text."""
        return [text_of(each) for each in self.entities]


class Adaptation:
    """Gives back what it is given, or refuses it by its `fault`.

    With `shrinks` set pictures are cut to what may be there, all else is too large.
    With `gate` set it waits for the test.
    """

    def __init__(self) -> None:
        self.asked: list[tuple[Entity, MmscMedia, int]] = []
        self.fault: CannotInterwork | None = None
        self.shrinks = False
        self.gate: Deferred[None] | None = None

    async def adapt(self, entity: Entity, media: MmscMedia, max_size: int) -> Entity:
        """Note it."""
        self.asked.append((entity, media, max_size))
        if self.fault is not None:
            raise self.fault
        if self.gate is not None:
            await self.gate
        if not self.shrinks or entity.size <= max_size:
            return entity
        if entity.media_type.main != "image":
            raise refused(488, "too-large")
        return msgspec.structs.replace(entity, body=entity.body[:max_size])


class Link:
    """The way to a relay, which is not gone here."""

    name = "home"
    is_up = True
    waiting = 0

    def send(self, envelope: Any, content: Any) -> Any:
        """Nobody sends by it."""
        raise AssertionError


def text_of(entity: Entity) -> str:
    """Its plain text, part by part."""
    found = [
        each.body.decode()
        for each in entity.leaves()
        if each.media_type.name == "text/plain"
    ]
    return "|".join(found)


def refused(status: int, cause: str, *, may_have_left: bool = False) -> CannotInterwork:
    """A refusal of the relay."""
    return CannotInterwork(
        status, "No", cause=cause, section="test", may_have_left=may_have_left
    )
