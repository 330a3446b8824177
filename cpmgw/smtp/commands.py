"""MAIL and RCPT as they are written: RFC 5321 4.1.1, and what a relay offers beside it.

SIZE (RFC 1870), BODY (RFC 6152), SMTPUTF8 (RFC 6531), RET, ENVID, NOTIFY and ORCPT (RFC
3461), BY (RFC 2852). Nothing of an envelope gets out of its place: what has a control
character, or would end the <> it stands in, is refused.
"""

from __future__ import annotations

import re
from typing import Final

from cpmgw.smtp import xtext
from cpmgw.smtp.errors import CannotCarry, SmtpSyntaxError, TooLarge
from cpmgw.smtp.extensions import Extensions
from cpmgw.smtp.interfaces import DeliverBy, Envelope, Recipient

# Octets of a path without its brackets (RFC 5321 4.5.3.1.3).
LONGEST_ADDRESS: Final = 254
# Characters of ENVID and ORCPT as they are sent (RFC 3461 4.2, 4.4).
LONGEST_ENVELOPE_ID: Final = 100
LONGEST_ORIGINAL: Final = 500
# Digits of a by-time are nine (RFC 2852 4).
LONGEST_BY: Final = 999_999_999

# Local-part [ "@" ( Domain / address-literal ) ]; dots may stand anywhere, as they do
# in addresses that are in use.
_ADDRESS: Final = re.compile(
    r'(?:[^\x00-\x20\x7f-\x9f\ud800-\udfff"<>()\[\],;\\@]+'
    r'|"(?:[^\x00-\x1f\x7f-\x9f\ud800-\udfff"\\]|\\[ -~])*")'
    r'(?:@(?:[^\x00-\x20\x7f-\x9f\ud800-\udfff"<>()\[\],;:\\@]+|\[[0-9A-Za-z:.-]+\]))?'
)
# addr-type ";" xtext (RFC 3461 4.2)
_ORIGINAL: Final = re.compile(r"([A-Za-z0-9-]+);(.+)")
_PRINTABLE: Final = re.compile(r"[ -~]*")
# What no QCHAR of RFC 6533 3 is.
_NO_QCHAR: Final = re.compile(r"[^!-*,-<>-\[\]-~]")
_CONDITIONS: Final = frozenset({"SUCCESS", "FAILURE", "DELAY"})


def check_envelope(envelope: Envelope) -> None:
    """SmtpSyntaxError for an envelope that no relay could be given."""
    if not envelope.recipients:
        raise SmtpSyntaxError("a mail without recipients")
    if envelope.sender:
        _check_address(envelope.sender)
    for recipient in envelope.recipients:
        _check_address(recipient.address)
        _check_notice(recipient)
    if not _PRINTABLE.fullmatch(envelope.envelope_id):
        raise SmtpSyntaxError("an envelope id has only visible characters")
    if len(xtext.encode(envelope.envelope_id)) > LONGEST_ENVELOPE_ID:
        raise SmtpSyntaxError("an envelope id is too long")
    if envelope.deliver_by is not None:
        _check_by(envelope.deliver_by)


def check_carriage(envelope: Envelope, offered: Extensions, size: int) -> None:
    """TooLarge or CannotCarry where a relay that offers this cannot have this mail."""
    if offered.size and size > offered.size:
        raise TooLarge(f"{size} octets, the relay takes {offered.size}")
    if needs_utf8(envelope) and not offered.utf8:
        raise CannotCarry("the relay does not know SMTPUTF8")
    if envelope.body == "8BITMIME" and not offered.eight_bit:
        raise CannotCarry("the relay does not know 8BITMIME")
    by = envelope.deliver_by
    if by is None or by.mode == "N":
        return
    if offered.deliver_by is None:
        raise CannotCarry("the relay does not know DELIVERBY")
    if by.seconds < offered.deliver_by:
        raise CannotCarry(
            f"the relay returns after {offered.deliver_by} s at the least"
        )


def needs_utf8(envelope: Envelope) -> bool:
    """Whether it asks for SMTPUTF8, or has an address that cannot do without."""
    return (
        envelope.utf8
        or not envelope.sender.isascii()
        or not all(each.address.isascii() for each in envelope.recipients)
    )


def mail_command(envelope: Envelope, offered: Extensions, size: int) -> bytes:
    """MAIL, with its CRLF; the envelope has been checked."""
    words = [f"MAIL FROM:<{envelope.sender}>"]
    if offered.size is not None and size:
        words.append(f"SIZE={size}")
    if envelope.body == "8BITMIME":
        words.append("BODY=8BITMIME")
    if needs_utf8(envelope):
        words.append("SMTPUTF8")
    if offered.dsn and envelope.returns:
        words.append(f"RET={envelope.returns}")
    if offered.dsn and envelope.envelope_id:
        words.append(f"ENVID={xtext.encode(envelope.envelope_id)}")
    if offered.deliver_by is not None and envelope.deliver_by is not None:
        words.append(_by(envelope.deliver_by))
    return _line(words)


def rcpt_command(recipient: Recipient, offered: Extensions) -> bytes:
    """RCPT, with its CRLF; the envelope has been checked."""
    words = [f"RCPT TO:<{recipient.address}>"]
    if offered.dsn and recipient.notify:
        words.append(f"NOTIFY={','.join(recipient.notify)}")
    if offered.dsn and recipient.original:
        kind, value = _original(recipient.original)
        if kind != "utf-8" or offered.utf8:
            words.append(f"ORCPT={kind};{value}")
    return _line(words)


def _line(words: list[str]) -> bytes:
    return " ".join(words).encode() + b"\r\n"


def _by(by: DeliverBy) -> str:
    return f"BY={by.seconds};{by.mode}{'T' if by.trace else ''}"


def _original(original: str) -> tuple[str, str]:
    """Type and address of ORCPT; one beyond ASCII has a type of its own (RFC 6533)."""
    kind, _, value = original.partition(";")
    if kind.lower() == "utf-8" or not value.isascii():
        return "utf-8", _NO_QCHAR.sub(lambda each: f"\\x{{{ord(each[0]):X}}}", value)
    return kind, xtext.encode(value)


def _check_address(address: str) -> None:
    if not _ADDRESS.fullmatch(address):
        raise SmtpSyntaxError("not an address that SMTP could carry")
    if len(address.encode()) > LONGEST_ADDRESS:
        raise SmtpSyntaxError("an address is too long")


def _check_notice(recipient: Recipient) -> None:
    """What is asked of delivery status notifications (RFC 3461 4.1, 4.2)."""
    notify = recipient.notify
    if not _CONDITIONS.issuperset(notify) and notify != ("NEVER",):
        raise SmtpSyntaxError("not a NOTIFY of RFC 3461")
    if not recipient.original:
        return
    match = _ORIGINAL.fullmatch(recipient.original)
    if match is None or not match[2].isprintable():
        raise SmtpSyntaxError("not an ORCPT of RFC 3461")
    if len(";".join(_original(recipient.original))) > LONGEST_ORIGINAL:
        raise SmtpSyntaxError("an ORCPT is too long")


def _check_by(by: DeliverBy) -> None:
    """A mail that is to be returned has some time left (RFC 2852 4)."""
    if abs(by.seconds) > LONGEST_BY or (by.mode == "R" and by.seconds <= 0):
        raise SmtpSyntaxError("not a BY of RFC 2852")
