"""What tests of text share: a segment as the PDU that carries it."""

from __future__ import annotations

from txsmpp.pdu import DeliverSm
from txsmpp.text.segment import Segment

UDHI = 0x40


def delivered(segment: Segment) -> DeliverSm:
    """A deliver_sm with this segment."""
    return DeliverSm(
        esm_class=UDHI if segment.udhi else 0,
        data_coding=segment.data_coding,
        short_message=segment.short_message(),
        tlvs=segment.tlvs(),
    )


def receipt(text: str, esm_class: int = 0x04) -> DeliverSm:
    """A deliver_sm with the text of a receipt."""
    return DeliverSm(esm_class=esm_class, short_message=text.encode("latin-1"))
