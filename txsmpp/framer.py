"""A stream of octets cut into PDUs (SMPP 3.4 3.2.1)."""

from __future__ import annotations

from typing import Final

from txsmpp.codec import HEADER, HEADER_LENGTH, decode
from txsmpp.errors import FramingLost, InvalidPdu
from txsmpp.pdu import Pdu
from txsmpp.status import CommandStatus

# A message_payload of 64 kB and room for the rest.
DEFAULT_LIMIT: Final = 70_000
LENGTH_OCTETS: Final = 4


class Framer:
    """Octets in, PDUs and what is wrong with others out, in order.

    A length below 16 or beyond `limit` ends it: the last thing it gives is FramingLost,
    and what is fed afterwards is dropped. It never holds more than one PDU.
    """

    def __init__(self, limit: int = DEFAULT_LIMIT) -> None:
        self._limit = limit
        self._held = bytearray()
        self._wanted = LENGTH_OCTETS
        self._lost = False

    def feed(self, data: bytes) -> list[Pdu | InvalidPdu]:
        """What is complete with these octets."""
        if self._lost:
            return []
        if self._held:
            self._held += data
            if len(self._held) < self._wanted:
                return []
            data = bytes(self._held)
            self._held.clear()
        return self._cut(data)

    def _cut(self, data: bytes) -> list[Pdu | InvalidPdu]:
        """Cut whole PDUs off the front and hold the rest."""
        found: list[Pdu | InvalidPdu] = []
        at, end = 0, len(data)
        self._wanted = LENGTH_OCTETS
        while end - at >= LENGTH_OCTETS:
            length = int.from_bytes(data[at : at + LENGTH_OCTETS], "big")
            if not HEADER_LENGTH <= length <= self._limit:
                self._lost = True
                found.append(_framing_lost(data[at : at + HEADER_LENGTH], length))
                return found
            if end - at < length:
                self._wanted = length
                break
            try:
                found.append(decode(data[at : at + length]))
            except InvalidPdu as error:
                found.append(error)
            at += length
        self._held += data[at:]
        return found


def _framing_lost(start: bytes, length: int) -> FramingLost:
    """The error for a length that cannot be, with as much of a header as is there."""
    command_id = sequence_number = 0
    if len(start) == HEADER_LENGTH:
        _, command_id, _, sequence_number = HEADER.unpack(start)
    return FramingLost(
        CommandStatus.ESME_RINVCMDLEN,
        f"command_length {length}",
        command_id=command_id,
        sequence_number=sequence_number,
    )
