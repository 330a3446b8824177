"""What is wrong with a mail of MM4, with what is needed to answer it."""

from __future__ import annotations

import msgspec

from cpmgw.errors import CpmgwError


class Salvaged(msgspec.Struct, frozen=True, kw_only=True):
    """What could be read of a PDU that cannot be used: enough to answer it.

    Each is empty where it was not there or cannot be used; `type_text` is the
    X-Mms-Message-Type as it came.
    """

    type_text: str = ""
    transaction_id: str = ""
    message_id: str = ""
    version: str = ""
    originator_system: str = ""
    forward_route: tuple[str, ...] = ()


NOTHING = Salvaged()


class Mm4Error(CpmgwError):
    """What cannot be read, or must not be written, as MM4 (TS 23.140 8.4)."""


class NotMm4(Mm4Error):
    """A mail without X-Mms-Message-Type: not of MM4 at all."""


class Unusable(Mm4Error):
    """A PDU that can only be refused; `fields` is what could be read of it."""

    def __init__(self, what: str, fields: Salvaged = NOTHING) -> None:
        super().__init__(what)
        self.fields = fields

    @property
    def type_text(self) -> str:
        """The X-Mms-Message-Type as it came, empty where it cannot be said."""
        return self.fields.type_text


class UnknownType(Unusable):
    """A PDU of another type than the six of this gateway."""


class Corrupt(Unusable):
    """A PDU whose header fields, or a mail whose header, cannot be used."""
