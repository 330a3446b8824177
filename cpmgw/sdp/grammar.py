"""The basic rules that the lines and attributes of a description share (RFC 8866 9).

Text here is one line. Octets that are no UTF-8 appear as lone surrogates (PEP 383), so
that what is not understood leaves as it came.
"""

from __future__ import annotations

import re
from typing import Final

from cpmgw.sdp.errors import SdpSyntaxError

LARGEST: Final = 2**63 - 1
"""Sizes and offsets above this are no sizes of anything."""

# token = 1*(token-char)
TOKEN: Final = r"[!#$%&'*+\-.^_`{|}~A-Za-z0-9]++"

_TOKEN: Final = re.compile(TOKEN)
# A word of a list; blanks within double quotes belong to it.
_WORD: Final = re.compile(r'(?:"[^"]*+"|[^ \t"])++')


def is_token(text: str) -> bool:
    """Whether the text is a token."""
    return _TOKEN.fullmatch(text) is not None


def is_letter(text: str) -> bool:
    """Whether the text can be the type of a line: one letter (RFC 8866 5)."""
    return len(text) == 1 and text.isascii() and text.isalpha()


def is_line(text: str) -> bool:
    """Whether the text can stand on one line: no CR, LF or NUL (byte-string)."""
    return not ("\r" in text or "\n" in text or "\0" in text)


def words(text: str, what: str) -> tuple[str, ...]:
    """Split at the blanks outside of quotes; a quote that never ends is refused."""
    if text.count('"') % 2:
        raise SdpSyntaxError(f"Malformed {what}")
    return tuple(_WORD.findall(text))


def number(text: str, what: str, limit: int = LARGEST) -> int:
    """Read 1*DIGIT not above `limit`; digits are counted before they are converted."""
    if not (text.isascii() and text.isdigit()):
        raise SdpSyntaxError(f"Malformed {what}")
    significant = text.lstrip("0") or "0"
    if len(significant) > len(str(limit)) or int(significant) > limit:
        raise SdpSyntaxError(f"{what} Out of Range")
    return int(significant)
