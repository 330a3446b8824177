"""The Message-Correlator of a message that left as SMS (TS Appendix F)."""

from __future__ import annotations

import base64
import re
from collections.abc import Container
from typing import Final

NAME: Final = "Message-Correlator"

MAX_CHARACTERS: Final = 160

# Appendix F c and d: UCS2 Null, CR and LF count for nothing.
_REMOVED: Final = re.compile("[\x00\r\n]")

ESCAPE: Final = 0x1B

# The codes that the GSM 7 bit extension table assigns (3GPP TS 23.038 6.2.1.1).
EXTENSION: Final = frozenset(
    (0x0A, 0x14, 0x28, 0x29, 0x2F, 0x3C, 0x3D, 0x3E, 0x40, 0x65)
)


def message_correlator(text: str) -> str:
    """Give the Message-Correlator value of a short message's text (Appendix F a to k).

    `text` is the whole text, reassembled and decoded (steps b, e, f, g and i). The
    encoded form is a single encoded-word however long, as the example in step k,
    because clients compare its encoded-text.
    """
    if _REMOVED.search(text):
        text = _REMOVED.sub("", text)
    text = text[:MAX_CHARACTERS]
    if text.isascii() and text.isprintable():
        return text
    octets = text.encode("utf-8", "replace")
    return f"=?utf-8?b?{base64.b64encode(octets).decode('ascii')}?="


def correlated_septets(septets: bytes, assigned: Container[int] = EXTENSION) -> bytes:
    """Leave out each shift to an unassigned code, with that code (Appendix F h).

    For septets that were received, one an octet, before they are decoded: a decoder
    shows such a code as the character of the main table.
    """
    if ESCAPE not in septets:
        return septets
    kept = bytearray()
    position = 0
    while position < len(septets):
        if septets[position] != ESCAPE:
            kept.append(septets[position])
            position += 1
            continue
        pair = septets[position : position + 2]
        if len(pair) == 2 and pair[1] in assigned:
            kept += pair
        position += 2
    return bytes(kept)
