"""One short message of a text, ready for a submit_sm, deliver_sm or data_sm."""

from __future__ import annotations

import msgspec

from txsmpp.tlv import Tag, Tlv, of_integer


class Segment(msgspec.Struct, frozen=True, gc=False):
    """What a PDU carries of a text.

    `payload` begins with the user data header if `udhi`. `number` counts from 1. With
    `sar` the numbers go into sar_* parameters (SMPP 3.4 5.3.2.22 to .24); with `in_tlv`
    the payload goes into message_payload (5.3.2.32), short_message staying empty.
    """

    data_coding: int
    payload: bytes
    udhi: bool = False
    total: int = 1
    number: int = 1
    reference: int = 0
    sar: bool = False
    in_tlv: bool = False

    def short_message(self) -> bytes:
        """The field of that name, empty when the payload is a parameter."""
        return b"" if self.in_tlv else self.payload

    def tlvs(self) -> tuple[Tlv, ...]:
        """The optional parameters that this segment needs."""
        if not (self.sar or self.in_tlv):
            return ()
        numbers = (
            of_integer(Tag.SAR_MSG_REF_NUM, self.reference),
            of_integer(Tag.SAR_TOTAL_SEGMENTS, self.total),
            of_integer(Tag.SAR_SEGMENT_SEQNUM, self.number),
        )
        payload = (Tlv(Tag.MESSAGE_PAYLOAD, self.payload),)
        return (numbers if self.sar else ()) + (payload if self.in_tlv else ())
