"""The kinds of field that a PDU's body is made of (SMPP 3.4 3.1).

A row says what a field is called, how long it may be, and which command_status answers
a bad one. Every kind can `read` itself from octets and `write` itself to them.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Any, Final, Protocol

import msgspec

from txsmpp.errors import CannotEncode, InvalidPdu
from txsmpp.pdu import DistributionList, SmeAddress, UnsuccessSme
from txsmpp.status import CommandStatus as S

# sm_length is one octet; 3.4 stops at 254 (5.2.21), 5.0 at 255 (5.0 4.7.28).
MAX_SHORT_MESSAGE: Final = 254
# 5.2.24.
MAX_DESTINATIONS: Final = 254
ADDRESS_SIZE: Final = 21
MESSAGE_ID_SIZE: Final = 65
# "YYMMDDhhmmsstnnp" (7.1.1).
TIME_LENGTH: Final = 16

SME_ADDRESS_FLAG: Final = 1
DISTRIBUTION_LIST_FLAG: Final = 2


class Row(Protocol):
    """One field, or several that are read at once; `names` are the PDU's attributes."""

    @property
    def names(self) -> tuple[str, ...]:
        """The attributes this row fills, in order."""

    def read(self, data: bytes, at: int, into: list[Any]) -> int:
        """Append the values that stand `at`; where the next row starts."""

    def write(self, values: Sequence[Any], out: list[bytes]) -> None:
        """Append the octets of these values."""


class Integers(msgspec.Struct, frozen=True):
    """Integers of one octet each, in a row (3.1)."""

    names: tuple[str, ...]
    layout: struct.Struct

    def read(self, data: bytes, at: int, into: list[Any]) -> int:
        """Read them; struct.error if the body ends before."""
        into.extend(self.layout.unpack_from(data, at))
        return at + self.layout.size

    def write(self, values: Sequence[Any], out: list[bytes]) -> None:
        """Write them; CannotEncode for a number that is no octet."""
        try:
            out.append(self.layout.pack(*values))
        except struct.error:
            raise CannotEncode(
                ", ".join(self.names), f"{values} do not fit", S.ESME_RSYSERR
            ) from None


class CString(msgspec.Struct, frozen=True):
    """Text that ends in a NUL; `size` counts the NUL (3.1)."""

    names: tuple[str, ...]
    size: int
    command_status: S

    def read(self, data: bytes, at: int, into: list[Any]) -> int:
        """Read it; InvalidPdu if no NUL stands within its size."""
        end = data.find(0, at, at + self.size)
        if end < 0:
            raise InvalidPdu(self.command_status, f"{self.names[0]}: no NUL in time")
        into.append(data[at:end].decode("latin-1"))
        return end + 1

    def write(self, values: Sequence[Any], out: list[bytes]) -> None:
        """Write it; CannotEncode if it is too long or has a NUL inside."""
        try:
            raw = values[0].encode("latin-1")
        except UnicodeEncodeError:
            raise self.refused("not ISO 8859-1") from None
        if len(raw) >= self.size:
            raise self.refused(f"more than {self.size - 1} octets")
        if 0 in raw:
            raise self.refused("a NUL inside")
        out.append(raw)
        out.append(b"\0")

    def refused(self, detail: str) -> CannotEncode:
        """The error for a value that this field cannot hold."""
        return CannotEncode(self.names[0], detail, self.command_status)


class Time(CString, frozen=True):
    """A time: empty or 16 characters (7.1.1). Shorter ones are read, not written."""

    def write(self, values: Sequence[Any], out: list[bytes]) -> None:
        """Write it; CannotEncode for another length."""
        if len(values[0]) not in (0, TIME_LENGTH):
            raise self.refused(f"neither empty nor {TIME_LENGTH} characters")
        super().write(values, out)


class ShortMessage(msgspec.Struct, frozen=True):
    """sm_length and as many octets (5.2.21, 5.2.22)."""

    names: tuple[str, ...] = ("short_message",)

    def read(self, data: bytes, at: int, into: list[Any]) -> int:
        """Read it; InvalidPdu if the octets are not there."""
        if at >= len(data):
            raise InvalidPdu(S.ESME_RINVCMDLEN, "no sm_length")
        start = at + 1
        end = start + data[at]
        if end > len(data):
            raise InvalidPdu(S.ESME_RINVMSGLEN, "sm_length beyond the PDU")
        into.append(data[start:end])
        return end

    def write(self, values: Sequence[Any], out: list[bytes]) -> None:
        """Write it; CannotEncode beyond 254 octets."""
        octets = values[0]
        if len(octets) > MAX_SHORT_MESSAGE:
            raise CannotEncode(
                "short_message",
                f"more than {MAX_SHORT_MESSAGE} octets",
                S.ESME_RINVMSGLEN,
            )
        out.append(len(octets).to_bytes(1, "big"))
        out.append(octets)


TON_NPI: Final = struct.Struct("BB")
DESTINATION: Final = CString(("destination_addr",), ADDRESS_SIZE, S.ESME_RINVDSTADR)
LIST_NAME: Final = CString(("dl_name",), ADDRESS_SIZE, S.ESME_RINVDLNAME)
ADDRESS_NUMBERS: Final = Integers(("dest_addr_ton", "dest_addr_npi"), TON_NPI)
ERROR_STATUS: Final = struct.Struct(">I")


class Destinations(msgspec.Struct, frozen=True):
    """number_of_dests and as many addresses or list names (4.5.1.1)."""

    names: tuple[str, ...] = ("dest_address",)

    def read(self, data: bytes, at: int, into: list[Any]) -> int:
        """Read them; InvalidPdu for a bad count, flag or address."""
        (count,) = data[at : at + 1] or (0,)
        if not 0 < count <= MAX_DESTINATIONS:
            raise InvalidPdu(S.ESME_RINVNUMDESTS, f"{count} destinations")
        at += 1
        found: list[SmeAddress | DistributionList] = []
        for _ in range(count):
            fields: list[Any] = []
            flag = data[at] if at < len(data) else 0
            if flag == SME_ADDRESS_FLAG:
                at = ADDRESS_NUMBERS.read(data, at + 1, fields)
                at = DESTINATION.read(data, at, fields)
                found.append(SmeAddress(*fields))
            elif flag == DISTRIBUTION_LIST_FLAG:
                at = LIST_NAME.read(data, at + 1, fields)
                found.append(DistributionList(*fields))
            else:
                raise InvalidPdu(S.ESME_RINVDESTFLAG, f"dest_flag {flag}")
        into.append(tuple(found))
        return at

    def write(self, values: Sequence[Any], out: list[bytes]) -> None:
        """Write them; CannotEncode for none or more than 254."""
        destinations = values[0]
        if not 0 < len(destinations) <= MAX_DESTINATIONS:
            raise CannotEncode(
                "dest_address", f"{len(destinations)} of them", S.ESME_RINVNUMDESTS
            )
        out.append(len(destinations).to_bytes(1, "big"))
        for each in destinations:
            if isinstance(each, SmeAddress):
                out.append(SME_ADDRESS_FLAG.to_bytes(1, "big"))
                ADDRESS_NUMBERS.write((each.dest_addr_ton, each.dest_addr_npi), out)
                DESTINATION.write((each.destination_addr,), out)
            else:
                out.append(DISTRIBUTION_LIST_FLAG.to_bytes(1, "big"))
                LIST_NAME.write((each.dl_name,), out)


class Unsuccessful(msgspec.Struct, frozen=True):
    """no_unsuccess and as many addresses with the reason (4.5.2.1)."""

    names: tuple[str, ...] = ("unsuccess_sme",)

    def read(self, data: bytes, at: int, into: list[Any]) -> int:
        """Read them; peers that leave out an empty list are understood."""
        count = data[at] if at < len(data) else 0
        at += 1
        found = []
        for _ in range(count):
            fields: list[Any] = []
            at = ADDRESS_NUMBERS.read(data, at, fields)
            at = DESTINATION.read(data, at, fields)
            found.append(UnsuccessSme(*fields, *ERROR_STATUS.unpack_from(data, at)))
            at += ERROR_STATUS.size
        into.append(tuple(found))
        return min(at, len(data))

    def write(self, values: Sequence[Any], out: list[bytes]) -> None:
        """Write them; CannotEncode for more than one octet can count."""
        failed = values[0]
        if len(failed) > MAX_DESTINATIONS:
            raise CannotEncode(
                "unsuccess_sme", f"{len(failed)} of them", S.ESME_RINVNUMDESTS
            )
        out.append(len(failed).to_bytes(1, "big"))
        for each in failed:
            ADDRESS_NUMBERS.write((each.dest_addr_ton, each.dest_addr_npi), out)
            DESTINATION.write((each.destination_addr,), out)
            out.append(ERROR_STATUS.pack(each.error_status_code))


def integers(*names: str) -> Integers:
    """A row of integers with these names."""
    return Integers(names, struct.Struct("B" * len(names)))


def text(name: str, size: int, command_status: S) -> CString:
    """A row for one C-octet string."""
    return CString((name,), size, command_status)


def time(name: str, command_status: S) -> Time:
    """A row for one time."""
    return Time((name,), TIME_LENGTH + 1, command_status)
