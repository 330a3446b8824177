"""Content that has come by MSRP, where it is held until it has gone on."""

from __future__ import annotations

import msgspec

from cpmgw.bodies.interfaces import IBody


class Spooled(msgspec.Struct, frozen=True):
    """What is in a body from an octet on; whoever has the body closes it.

    That may be before its message is answered, once nobody reads it any more.
    """

    body: IBody
    start: int = 0

    def read(self) -> bytes:
        """All of it."""
        octets = self.body.read()
        return octets[self.start :] if self.start else octets


class File(msgspec.Struct, frozen=True, kw_only=True):
    """A file as it has come; `name` is what its sender calls it."""

    content_type: str
    held: bytes | Spooled
    name: str = ""

    @property
    def content(self) -> bytes:
        """Its octets."""
        return self.held if isinstance(self.held, bytes) else self.held.read()

    @property
    def size(self) -> int:
        """How many there are."""
        held = self.held
        return len(held) if isinstance(held, bytes) else held.body.size - held.start
