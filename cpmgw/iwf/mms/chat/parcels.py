"""What goes to a relay for a session, by the tables (TS 6.3.1.1.6)."""

from __future__ import annotations

from typing import Final, Protocol

from cpmgw.bodies.interfaces import IBody
from cpmgw.iwf.mapping import Table
from cpmgw.iwf.mms.chat.sources import SessionMms
from cpmgw.iwf.mms.forward_outcome import not_written
from cpmgw.iwf.mms.forwarding import Parcel
from cpmgw.mail_records import SentMms
from cpmgw.mm4.entity import Entity
from cpmgw.mm4.errors import Mm4Error
from cpmgw.mm4.pdu import Forward, Result
from cpmgw.records import Answer
from cpmgw.sip.identifiers import Randomness

_ID_OCTETS: Final = 16


class Forwards(Protocol):
    """Hands multimedia messages to their relays."""

    def compose(self, pdu: Forward, entity: Entity) -> IBody:
        """The mail of a message; CannotInterwork where there can be none."""

    async def forward(self, parcel: Parcel) -> Result | None:
        """Send a message; CannotInterwork where it was not taken."""


def new_id() -> str:
    """An identifier that nobody has had."""
    return Randomness().hex(_ID_OCTETS)


def parcel_of(
    table: Table[SessionMms],
    source: SessionMms,
    forwarding: Forwards,
    *,
    sent: SentMms | None = None,
    answer: Answer | None = None,
) -> Parcel:
    """The mail to a relay, by the table of its SMTP transaction, for it to be sent.

    CannotInterwork where it cannot be written, or there is no room for it.
    """
    try:
        values = table.apply(source)
    except Mm4Error as error:
        raise not_written(error) from error
    mail = forwarding.compose(values["pdu"], source.entity)
    return Parcel(relay=source.relay, mail=mail, sent=sent, answer=answer, **values)
