"""Addresses in MAIL and RCPT (RFC 5321 4.1.2), as real relays write them.

Those of MM4 may come without a domain: <+15550100/TYPE=PLMN>.
"""

from __future__ import annotations

import re
from typing import Final

from cpmgw.smtp import answers
from cpmgw.smtp.answers import Refusal

# Path with its brackets (RFC 5321 4.5.3.1.3); octets.
LONGEST_PATH: Final = 256

# Path          = "<" [ A-d-l ":" ] Mailbox ">"
# A-d-l         = At-domain *( "," At-domain )
# Mailbox       = Local-part "@" ( Domain / address-literal )
# Local-part    = Dot-string / Quoted-string
# The Dot-string may have what atoms have not: addresses of MM4 have colons in IPv6.
_ROUTE: Final = re.compile(r"@[^\x00-\x20\"<>\\:]*:")
_LOCAL: Final = (
    r"(?:[^\x00-\x20\x7f-\x9f\"<>()\[\],;\\@]+"
    r"|\"(?:[^\x00-\x1f\x7f-\x9f\"\\]|\\[ -~])*\")"
)
_DOMAIN: Final = r"(?:[\w-]+(?:\.[\w-]+)*\.?|\[[0-9A-Za-z:.-]+\])"
_ADDRESS: Final = re.compile(f"{_LOCAL}(?:@{_DOMAIN})?")
# "<" up to the ">" that no quoted string hides, or, of senders who forget it, a word
_PATH: Final = re.compile(r"<((?:[^\"<>]|\"(?:[^\"\\]|\\.)*\")*)>|([^ <>]+)")


def read_path(text: str) -> tuple[str, str]:
    """Take the address from the front: it, without brackets and route, and the rest.

    The null reverse-path is an empty address. Refusal if there is none.
    """
    match = _PATH.match(text)
    if match is None:
        raise Refusal(answers.SYNTAX)
    if len(match[0].encode()) > LONGEST_PATH:
        raise Refusal(answers.PATH_TOO_LONG)
    path = match[2] if match[1] is None else match[1]
    rest = text[match.end() :]
    if rest and not rest.startswith(" "):
        raise Refusal(answers.SYNTAX)
    address = _ROUTE.sub("", path, count=1) if path.startswith("@") else path
    if path and not _ADDRESS.fullmatch(address):
        raise Refusal(answers.SYNTAX)
    return address, rest
