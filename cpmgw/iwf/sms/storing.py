"""Received PDUs in the form in which they are kept and known again."""

from __future__ import annotations

from hashlib import blake2b
from typing import Final

import msgspec

from txsmpp.codec import encode
from txsmpp.pdu import DataSm, DeliverSm
from txsmpp.tlv import Tag, Tlv

# Octets of short_message that SMPP 3.4 can write (5.2.22); 5.0 peers send one more.
LONGEST: Final = 254
# command_length, command_id, command_status, sequence_number (SMPP 3.4 3.2).
_HEADER: Final = 16


def storable(pdu: DeliverSm | DataSm) -> bytes:
    """The octets of a PDU, without what is read leniently and has no use here.

    A time that is none (deliver_sm has no use for one: 4.6.1) is left out; text that is
    too long for its field goes to message_payload.
    """
    if not isinstance(pdu, DeliverSm):
        return encode(pdu)
    if pdu.schedule_delivery_time or pdu.validity_period:
        pdu = msgspec.structs.replace(
            pdu, schedule_delivery_time="", validity_period=""
        )
    text = pdu.short_message
    if len(text) > LONGEST:
        payload = Tlv(Tag.MESSAGE_PAYLOAD, text)
        pdu = msgspec.structs.replace(pdu, short_message=b"", tlvs=(*pdu.tlvs, payload))
    return encode(pdu)


def fingerprint(octets: bytes) -> bytes:
    """What two PDUs with the same body have in common, whatever their numbers."""
    return blake2b(octets[_HEADER:], digest_size=16).digest()
