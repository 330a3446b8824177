"""Content-Transfer-Encodings, fast, and exact to the octet (RFC 2045 6)."""

from __future__ import annotations

import binascii
import quopri
import re
from collections.abc import Iterator
from typing import Final

from cpmgw.cpm.errors import MimeError
from cpmgw.mm4.limits import MAX_LINE

_BLOCK: Final = 57 * 4096
"""Octets that are encoded at a time: whole lines of 76 characters."""
_PRINTABLE: Final = 65_536
"""Octets of text that are encoded as quoted-printable at a time, about."""
_ASCII: Final = bytes(range(128))
_WHITE: Final = b" \t\r\n\v\f"
_NOT_BASE64: Final = re.sub(rb"[A-Za-z0-9+/=]", b"", bytes(range(256)))
_PADDING: Final = re.compile(rb"=+")
_ONE_IN: Final = 76
"""No more than one octet in so many is none of base64: one in a line."""
_MOST_BLOCKS: Final = 100_000
"""How many pieces of base64, each with padding, may stand one after the other."""

_IDENTITY: Final = frozenset(
    ("", "7bit", "8bit", "binary", "7-bit", "8-bit", "none", "us-ascii", "utf-8")
)


def encoding_name(encoding: str) -> str:
    """The name of a Content-Transfer-Encoding, empty for those that change nothing."""
    name = encoding.partition(";")[0].partition("(")[0].strip().strip('"').lower()
    return "" if name in _IDENTITY else name


def decoded(octets: bytes | memoryview, encoding: str) -> bytes:
    """Undo a Content-Transfer-Encoding; MimeError if it cannot be.

    What is no base64 but for a little is none. What is in several blocks, each with its
    padding, is all of them.
    """
    name = encoding_name(encoding)
    if not name:
        return bytes(octets)
    if name == "quoted-printable":
        return quopri.decodestring(bytes(octets))
    if name != "base64":
        raise MimeError("unknown Content-Transfer-Encoding")
    return _base64(bytes(octets))


def is_whole_base64(octets: bytes) -> bool:
    """Whether base64 was not cut, as far as its length says."""
    return len(octets.translate(None, _WHITE)) % 4 == 0


def _base64(octets: bytes) -> bytes:
    """Undo base64, as it is found: see `docs/decisions/0020`."""
    text = octets.translate(None, _WHITE)
    try:
        return binascii.a2b_base64(text, strict_mode=True)
    except binascii.Error:
        pass
    known = text.translate(None, _NOT_BASE64)
    if (len(text) - len(known)) * _ONE_IN > len(text):
        raise MimeError("no base64: too many other octets")
    blocks = [each for each in _PADDING.split(known, _MOST_BLOCKS) if each]
    if not blocks:
        raise MimeError("no base64: nothing in it")
    try:
        return b"".join(map(_block, blocks))
    except binascii.Error as error:
        raise MimeError(f"base64: {error}") from error


def _block(text: bytes) -> bytes:
    """Undo base64 up to its padding, which is often forgotten."""
    return binascii.a2b_base64(text + b"=" * (-len(text) % 4), strict_mode=True)


def base64_pieces(octets: bytes | memoryview) -> Iterator[bytes]:
    """Encode in base64: lines of 76 characters, each ended by CRLF."""
    view = memoryview(octets)
    for start in range(0, len(view), _BLOCK):
        text = binascii.b2a_base64(view[start : start + _BLOCK], newline=False)
        lines = [text[at : at + 76] for at in range(0, len(text), 76)]
        lines.append(b"")
        yield b"\r\n".join(lines)


def quoted_printable(octets: bytes) -> bytes:
    """Encode as quoted-printable: CRLF stays a line end, everything else is exact."""
    return b"".join(_printable_pieces(octets))


def _printable_pieces(octets: bytes) -> Iterator[bytes]:
    """Encode block by block: a line end as object by object is dear in memory."""
    position = 0
    while position < len(octets):
        end = octets.find(b"\r\n", position + _PRINTABLE)
        end = len(octets) if end < 0 else end + 2
        lines = octets[position:end].split(b"\r\n")
        yield b"\r\n".join(map(_printable_line, lines))
        position = end


def _printable_line(line: bytes) -> bytes:
    return binascii.b2a_qp(line, istext=False).replace(b"=\n", b"=\r\n")


def is_line_safe(octets: bytes) -> bool:
    """Whether SMTP carries octets as they are but for the 8th bit (RFC 5321 4.5.3).

    No NUL, no CR or LF but CRLF, no line of more than 998 octets.
    """
    if b"\0" in octets:
        return False
    lines = octets.count(b"\r\n")
    if not octets.count(b"\r") == lines == octets.count(b"\n"):
        return False
    position = 0
    while len(octets) - position > MAX_LINE:
        end = octets.rfind(b"\n", position, position + MAX_LINE + 2)
        if end < 0:
            return False
        position = end + 1
    return True


def mostly_ascii(octets: bytes) -> bool:
    """Whether quoted-printable is shorter than base64: few octets need three."""
    return len(octets.translate(None, _ASCII)) * 6 < len(octets)
