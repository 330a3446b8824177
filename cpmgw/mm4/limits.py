"""How much of a peer's mail is read."""

from __future__ import annotations

from typing import Final

import msgspec


class MailLimits(msgspec.Struct, frozen=True, gc=False):
    """Octets of the header and of one field, fields, and addresses in a field's list.

    What is beyond them is refused.
    """

    max_header_block: int = 65_536
    max_fields: int = 256
    max_value: int = 32_768
    max_addresses: int = 1_000


DEFAULT_LIMITS: Final = MailLimits()

MAX_IDENTIFIER: Final = 512
"""Characters of what may be a transaction or a message."""
MAX_ADDRESS: Final = 320
"""Characters of what may be an address."""
MAX_TEXT: Final = 1_000
"""Where text for people is cut."""
MAX_WORD: Final = 80
"""Where a type or a class is cut."""
MAX_ROUTE: Final = 32
"""How many relays of a route are kept."""
MAX_LINE: Final = 998
"""Characters of a line without its CRLF (RFC 5322 2.1.1)."""
