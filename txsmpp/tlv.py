"""Optional parameters: tag, length, value (SMPP 3.4 3.2.4.1, 5.3).

All are kept in the order they came in and to the octet, known or not; the readers look
at a value's kind when it is asked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import IntEnum
from typing import Final

import msgspec

from txsmpp.errors import TlvError


class Tlv(msgspec.Struct, frozen=True, gc=False):
    """One optional parameter."""

    tag: int
    value: bytes


class Tag(IntEnum):
    """The tags of SMPP 3.4 (5.3.1) and those of 5.0 that its peers send (5.0 4.8.1)."""

    DEST_ADDR_SUBUNIT = 0x0005
    DEST_NETWORK_TYPE = 0x0006
    DEST_BEARER_TYPE = 0x0007
    DEST_TELEMATICS_ID = 0x0008
    SOURCE_ADDR_SUBUNIT = 0x000D
    SOURCE_NETWORK_TYPE = 0x000E
    SOURCE_BEARER_TYPE = 0x000F
    SOURCE_TELEMATICS_ID = 0x0010
    QOS_TIME_TO_LIVE = 0x0017
    PAYLOAD_TYPE = 0x0019
    ADDITIONAL_STATUS_INFO_TEXT = 0x001D
    RECEIPTED_MESSAGE_ID = 0x001E
    MS_MSG_WAIT_FACILITIES = 0x0030
    PRIVACY_INDICATOR = 0x0201
    SOURCE_SUBADDRESS = 0x0202
    DEST_SUBADDRESS = 0x0203
    USER_MESSAGE_REFERENCE = 0x0204
    USER_RESPONSE_CODE = 0x0205
    SOURCE_PORT = 0x020A
    DESTINATION_PORT = 0x020B
    SAR_MSG_REF_NUM = 0x020C
    LANGUAGE_INDICATOR = 0x020D
    SAR_TOTAL_SEGMENTS = 0x020E
    SAR_SEGMENT_SEQNUM = 0x020F
    SC_INTERFACE_VERSION = 0x0210
    CALLBACK_NUM_PRES_IND = 0x0302
    CALLBACK_NUM_ATAG = 0x0303
    NUMBER_OF_MESSAGES = 0x0304
    CALLBACK_NUM = 0x0381
    DPF_RESULT = 0x0420
    SET_DPF = 0x0421
    MS_AVAILABILITY_STATUS = 0x0422
    NETWORK_ERROR_CODE = 0x0423
    MESSAGE_PAYLOAD = 0x0424
    DELIVERY_FAILURE_REASON = 0x0425
    MORE_MESSAGES_TO_SEND = 0x0426
    MESSAGE_STATE = 0x0427
    CONGESTION_STATE = 0x0428
    USSD_SERVICE_OP = 0x0501
    BILLING_IDENTIFICATION = 0x060B
    DISPLAY_TIME = 0x1201
    SMS_SIGNAL = 0x1203
    MS_VALIDITY = 0x1204
    ALERT_ON_MESSAGE_DELIVERY = 0x130C
    ITS_REPLY_TYPE = 0x1380
    ITS_SESSION_INFO = 0x1383


# Octets of the integer that a tag holds (5.3.2).
INTEGER_SIZES: Final[Mapping[int, int]] = {
    Tag.DEST_ADDR_SUBUNIT: 1,
    Tag.DEST_NETWORK_TYPE: 1,
    Tag.DEST_BEARER_TYPE: 1,
    Tag.DEST_TELEMATICS_ID: 2,
    Tag.SOURCE_ADDR_SUBUNIT: 1,
    Tag.SOURCE_NETWORK_TYPE: 1,
    Tag.SOURCE_BEARER_TYPE: 1,
    Tag.SOURCE_TELEMATICS_ID: 1,
    Tag.QOS_TIME_TO_LIVE: 4,
    Tag.PAYLOAD_TYPE: 1,
    Tag.MS_MSG_WAIT_FACILITIES: 1,
    Tag.PRIVACY_INDICATOR: 1,
    Tag.USER_MESSAGE_REFERENCE: 2,
    Tag.USER_RESPONSE_CODE: 1,
    Tag.SOURCE_PORT: 2,
    Tag.DESTINATION_PORT: 2,
    Tag.SAR_MSG_REF_NUM: 2,
    Tag.LANGUAGE_INDICATOR: 1,
    Tag.SAR_TOTAL_SEGMENTS: 1,
    Tag.SAR_SEGMENT_SEQNUM: 1,
    Tag.SC_INTERFACE_VERSION: 1,
    Tag.CALLBACK_NUM_PRES_IND: 1,
    Tag.NUMBER_OF_MESSAGES: 1,
    Tag.DPF_RESULT: 1,
    Tag.SET_DPF: 1,
    Tag.MS_AVAILABILITY_STATUS: 1,
    Tag.DELIVERY_FAILURE_REASON: 1,
    Tag.MORE_MESSAGES_TO_SEND: 1,
    Tag.MESSAGE_STATE: 1,
    Tag.CONGESTION_STATE: 1,
    Tag.USSD_SERVICE_OP: 1,
    Tag.DISPLAY_TIME: 1,
    Tag.SMS_SIGNAL: 2,
    Tag.MS_VALIDITY: 1,
    Tag.ITS_REPLY_TYPE: 1,
}

# Octets that a text may have, its NUL among them (5.3.2.12, 5.3.2.13).
TEXT_SIZES: Final[Mapping[int, int]] = {
    Tag.ADDITIONAL_STATUS_INFO_TEXT: 256,
    Tag.RECEIPTED_MESSAGE_ID: 65,
}

_WIDEST_INTEGER: Final = 4


def find(tlvs: Iterable[Tlv], tag: int) -> bytes | None:
    """The value of the first parameter with this tag, None if there is none."""
    for tlv in tlvs:
        if tlv.tag == tag:
            return tlv.value
    return None


def find_all(tlvs: Iterable[Tlv], tag: int) -> list[bytes]:
    """Each value of a parameter that may occur more than once (callback_num)."""
    return [tlv.value for tlv in tlvs if tlv.tag == tag]


def octets(tlvs: Iterable[Tlv], tag: int) -> bytes:
    """The value of the first parameter with this tag, empty if there is none."""
    return find(tlvs, tag) or b""


def integer(tlvs: Iterable[Tlv], tag: int) -> int | None:
    """The number that a parameter holds, None if it is absent.

    Some peers write one octet where the specification has two: any width up to four
    octets is read. TlvError for anything else.
    """
    value = find(tlvs, tag)
    if value is None:
        return None
    if not 0 < len(value) <= _WIDEST_INTEGER:
        raise TlvError(tag, f"no integer in {len(value)} octets")
    return int.from_bytes(value, "big")


def text(tlvs: Iterable[Tlv], tag: int) -> str | None:
    """The C-octet string that a parameter holds, None if it is absent.

    Peers that leave out the NUL, or write several, are understood.
    """
    value = find(tlvs, tag)
    return None if value is None else value.partition(b"\0")[0].decode("latin-1")


def of_integer(tag: int, value: int, size: int | None = None) -> Tlv:
    """A parameter that holds a number, in the octets that its tag asks for."""
    width = size or INTEGER_SIZES.get(tag)
    if width is None:
        raise TlvError(tag, "its size must be given")
    try:
        return Tlv(tag, value.to_bytes(width, "big"))
    except OverflowError:
        raise TlvError(tag, f"{value} does not fit {width} octets") from None


def of_text(tag: int, value: str) -> Tlv:
    """A parameter that holds a C-octet string; the NUL is added."""
    try:
        raw = value.encode("latin-1")
    except UnicodeEncodeError:
        raise TlvError(tag, "not ISO 8859-1") from None
    if b"\0" in raw or len(raw) >= TEXT_SIZES.get(tag, 0xFFFF):
        raise TlvError(tag, "too long, or with a NUL inside")
    return Tlv(tag, raw + b"\0")
