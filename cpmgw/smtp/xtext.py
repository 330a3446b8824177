"""xtext: any text as visible US-ASCII without "+" and "=" (RFC 3461 4)."""

from __future__ import annotations

import re
from typing import Final

from cpmgw.smtp.errors import SmtpSyntaxError

# xtext   = *( xchar / hexchar )
# xchar   = any ASCII CHAR between "!" (33) and "~" (126) inclusive, except "+" and "="
# hexchar = ASCII "+" immediately followed by two upper case hexadecimal digits
_XTEXT: Final = re.compile(r"(?:[!-*,-<>-~]|\+[0-9A-Fa-f]{2})*")
_HEXCHAR: Final = re.compile(rb"\+([0-9A-Fa-f]{2})")
_NO_XCHAR: Final = re.compile(rb"[^!-*,-<>-~]")


def encode(text: str) -> str:
    """Write a text; what is beyond US-ASCII becomes the octets of its UTF-8."""
    return _NO_XCHAR.sub(_escape, text.encode()).decode("ascii")


def decode(text: str) -> str:
    """Read it again, lower-case digits too; SmtpSyntaxError if it is no xtext.

    What it stands for may be any text: also one with line ends.
    """
    if not _XTEXT.fullmatch(text):
        raise SmtpSyntaxError("not xtext")
    try:
        return _HEXCHAR.sub(_octet, text.encode("ascii")).decode()
    except UnicodeDecodeError as error:
        raise SmtpSyntaxError("not the xtext of a text") from error


def _escape(match: re.Match[bytes]) -> bytes:
    return b"+%02X" % match[0][0]


def _octet(match: re.Match[bytes]) -> bytes:
    return bytes([int(match[1], 16)])
