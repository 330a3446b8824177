"""PDUs to octets and back (SMPP 3.4 3.2); the tables are in `txsmpp.layout`."""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import msgspec
from msgspec.structs import astuple

from txsmpp.errors import CannotEncode, FramingLost, InvalidPdu
from txsmpp.layout import ROWS
from txsmpp.pdu import (
    RESPONSE_BIT,
    RESPONSES,
    BindResponse,
    GenericNack,
    Pdu,
    Response,
    SubmitSmResp,
)
from txsmpp.status import CommandStatus as S
from txsmpp.tlv import Tlv

HEADER: Final = struct.Struct(">IIII")
HEADER_LENGTH: Final = HEADER.size
TLV_HEADER: Final = struct.Struct(">HH")
SEQUENCE_NUMBER: Final = struct.Struct(">I")
MAX_TLV_LENGTH: Final = 0xFFFF
MAX_TLVS: Final = 255

Reader = Callable[[bytes, int, list[Any]], int]
Writer = Callable[[Sequence[Any], list[bytes]], None]


class _Compiled(msgspec.Struct, frozen=True):
    """A PDU's rows, ready to be walked: readers, and writers with their values."""

    make: Callable[..., Pdu]
    made: type[Pdu]
    command_id: int
    is_response: bool
    readers: tuple[Reader, ...]
    writers: tuple[tuple[Writer, slice], ...]


def _compile(made: type[Pdu]) -> _Compiled:
    """Say for each row which of the PDU's leading attributes it writes."""
    writers = []
    first = 0
    for row in ROWS[made]:
        last = first + len(row.names)
        writers.append((row.write, slice(first, last)))
        first = last
    return _Compiled(
        made,
        made,
        int(made.command_id),
        issubclass(made, Response),
        tuple(row.read for row in ROWS[made]),
        tuple(writers),
    )


_BY_TYPE: Final[Mapping[type[Pdu], _Compiled]] = {made: _compile(made) for made in ROWS}
_BY_ID: Final[Mapping[int, _Compiled]] = {
    each.command_id: each for each in _BY_TYPE.values()
}


def encode(pdu: Pdu) -> bytes:
    """The octets of a PDU; CannotEncode names the field that does not fit."""
    compiled = _BY_TYPE[type(pdu)]
    out: list[bytes] = [b""]
    values = astuple(pdu)
    status = pdu.command_status if isinstance(pdu, Response) else 0
    if not (status and _is_bare_refusal(pdu)):
        for write, which in compiled.writers:
            write(values[which], out)
    for tlv in pdu.tlvs:
        if not (0 <= tlv.tag <= 0xFFFF and len(tlv.value) <= MAX_TLV_LENGTH):
            raise CannotEncode(f"TLV 0x{tlv.tag:04x}", "too long", S.ESME_RINVPARLEN)
        out.append(TLV_HEADER.pack(tlv.tag, len(tlv.value)))
        out.append(tlv.value)
    length = HEADER_LENGTH + sum(map(len, out))
    try:
        out[0] = HEADER.pack(length, compiled.command_id, status, pdu.sequence_number)
    except struct.error:
        raise CannotEncode("header", "not 32 bits", S.ESME_RSYSERR) from None
    return b"".join(out)


def _is_bare_refusal(pdu: Pdu) -> bool:
    """Whether an answer that reports an error has no body (4.1.2, 4.1.4 to .6, 4.4.2).

    One whose sender gave it a body keeps it.
    """
    if pdu.tlvs:
        return False
    if isinstance(pdu, SubmitSmResp):
        return not pdu.message_id
    return isinstance(pdu, BindResponse) and not pdu.system_id


def renumber(octets: bytes, sequence_number: int) -> bytes:
    """The octets of the same PDU under another sequence number."""
    return octets[:12] + SEQUENCE_NUMBER.pack(sequence_number) + octets[16:]


def decode(data: bytes) -> Pdu:
    """The PDU that these octets are; InvalidPdu says what answers others.

    A response may stop after its header; if it reports an error, a body that makes no
    sense is passed over.
    """
    if len(data) < HEADER_LENGTH:
        raise FramingLost(S.ESME_RINVCMDLEN, f"{len(data)} octets")
    length, command_id, status, sequence_number = HEADER.unpack_from(data)
    if length != len(data):
        raise FramingLost(
            S.ESME_RINVCMDLEN,
            f"{len(data)} octets for a command_length of {length}",
            command_id=command_id,
            sequence_number=sequence_number,
        )
    compiled = _BY_ID.get(command_id)
    if compiled is None:
        raise InvalidPdu(
            S.ESME_RINVCMDID,
            f"command_id 0x{command_id:08x}",
            command_id=command_id,
            sequence_number=sequence_number,
        )
    values: list[Any] = []
    tlvs: tuple[Tlv, ...] = ()
    if length > HEADER_LENGTH or not compiled.is_response:
        try:
            at = HEADER_LENGTH
            for read in compiled.readers:
                at = read(data, at, values)
            if at < length:
                tlvs = _read_tlvs(data, at)
        except (InvalidPdu, struct.error) as error:
            if not (compiled.is_response and status):
                raise _located(error, command_id, sequence_number) from None
            values.clear()
    if compiled.is_response:
        return compiled.make(
            *values,
            sequence_number=sequence_number,
            tlvs=tlvs,
            command_status=status,
        )
    return compiled.make(*values, sequence_number=sequence_number, tlvs=tlvs)


def _read_tlvs(data: bytes, at: int) -> tuple[Tlv, ...]:
    """The optional parameters from `at` to the end (3.2.4)."""
    found: list[Tlv] = []
    end = len(data)
    while at < end:
        if end - at < TLV_HEADER.size:
            raise InvalidPdu(S.ESME_RINVOPTPARSTREAM, "octets left over")
        tag, length = TLV_HEADER.unpack_from(data, at)
        start = at + TLV_HEADER.size
        at = start + length
        if at > end:
            raise InvalidPdu(S.ESME_RINVPARLEN, f"TLV 0x{tag:04x} beyond the PDU")
        if len(found) == MAX_TLVS:
            raise InvalidPdu(S.ESME_RINVOPTPARSTREAM, "too many TLVs")
        found.append(Tlv(tag, data[start:at]))
    return tuple(found)


def _located(
    error: InvalidPdu | struct.error, command_id: int, sequence_number: int
) -> InvalidPdu:
    """The error with the header of the PDU it is about."""
    if isinstance(error, InvalidPdu):
        status, detail = error.command_status, error.detail
    else:
        status, detail = int(S.ESME_RINVCMDLEN), "the body ends early"
    return InvalidPdu(
        status, detail, command_id=command_id, sequence_number=sequence_number
    )


def refusal(error: InvalidPdu) -> Response | None:
    """What answers a PDU that could not be read; None where nothing may (4.3).

    Responses are not answered, lest two peers nack each other for ever; outbind and
    alert_notification have no answer.
    """
    if error.fatal:
        return GenericNack(
            command_status=error.command_status,
            sequence_number=error.sequence_number,
        )
    if error.command_id & RESPONSE_BIT:
        return None
    compiled = _BY_ID.get(error.command_id)
    if compiled is None:
        made: type[Response] | None = GenericNack
    else:
        made = RESPONSES.get(compiled.made)
    if made is None:
        return None
    return made(
        command_status=error.command_status, sequence_number=error.sequence_number
    )
