"""Mails of MM4 as this or that MMS relay/server writes them (TS 23.140 8.4.5)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from cpmgw.lab.behaviour import MmscQuirks
from cpmgw.mm4.entity import Entity
from cpmgw.mm4.fields import Pairs
from cpmgw.mm4.mail import write_mail
from cpmgw.mm4.pdu import Pdu

VERSION: Final = "6.3.0"
NO_QUIRKS: Final = MmscQuirks()

_NEWLINE: Final = "\r\n"
_END: Final = b"\r\n\r\n"

_IDENTIFIERS: Final = frozenset(("X-Mms-Transaction-ID", "X-Mms-Message-ID"))
_VERSION_FIELD: Final = "X-Mms-3GPP-MMS-Version"
# The values that these fields have in the MMS encapsulation (OMA-TS-MMS_ENC 7.3).
_NUMBERS: Final[Mapping[tuple[str, str], str]] = {
    ("X-Mms-Request-Status-Code", "Ok"): "128",
    ("X-Mms-Request-Status-Code", "Error-unspecified"): "129",
    ("X-Mms-Request-Status-Code", "Error-service-denied"): "130",
    ("X-Mms-Request-Status-Code", "Error-message-format-corrupt"): "131",
    ("X-Mms-Request-Status-Code", "Error-sending-address-unresolved"): "132",
    ("X-Mms-Request-Status-Code", "Error-message-not-found"): "133",
    ("X-Mms-Request-Status-Code", "Error-network-problem"): "134",
    ("X-Mms-Request-Status-Code", "Error-content-not-accepted"): "135",
    ("X-Mms-Request-Status-Code", "Error-unsupported-message"): "136",
    ("X-Mms-MM-Status-Code", "Expired"): "128",
    ("X-Mms-MM-Status-Code", "Retrieved"): "129",
    ("X-Mms-MM-Status-Code", "Rejected"): "130",
    ("X-Mms-MM-Status-Code", "Deferred"): "131",
    ("X-Mms-MM-Status-Code", "Unrecognised"): "132",
    ("X-Mms-MM-Status-Code", "Indeterminate"): "133",
    ("X-Mms-MM-Status-Code", "Forwarded"): "134",
    ("X-Mms-Read-Status", "Read"): "128",
    ("X-Mms-Read-Status", "Deleted without being read"): "129",
}


def written(
    pdu: Pdu, entity: Entity | None, quirks: MmscQuirks, more: Pairs = ()
) -> bytes:
    """A PDU and its content as a mail; `more` are further header fields."""
    octets = write_mail(pdu, entity, more)
    if quirks == NO_QUIRKS:
        return octets
    head, _, content = octets.partition(_END)
    lines = [_changed(line, quirks) for line in head.decode().split(_NEWLINE)]
    return _NEWLINE.join(lines).encode() + _END + content


def _changed(line: str, quirks: MmscQuirks) -> str:
    """A line of the header; identifiers and statuses are short enough for one."""
    name, _, value = line.partition(": ")
    if name == _VERSION_FIELD:
        return f"{quirks.version_field}: {value}"
    if name in _IDENTIFIERS and (quirks.unquoted or quirks.bracketed):
        bare = value.strip('"')
        return f"{name}: <{bare}>" if quirks.bracketed else f"{name}: {bare}"
    if quirks.numeric and (name, value) in _NUMBERS:
        return f"{name}: {_NUMBERS[name, value]}"
    return line
