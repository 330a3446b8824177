"""Septets packed into octets (3GPP TS 23.038 6.1.2), for SM-SCs that want them so.

SMPP counts octets, so that the number of septets is lost where seven bits are spare.
The rule for cell broadcast and USSD is kept there (6.1.2.3.1): a carriage return fills
them, and one that ends a text on an octet boundary is written twice.
"""

from __future__ import annotations

from typing import Final

CARRIAGE_RETURN: Final = b"\r"

# Joined and read as one number, which takes time in proportion to the text only.
_DIGITS: Final = [format(septet, "07b") for septet in range(128)]


def fill_bits(header: int) -> int:
    """Bits from the end of a header of so many octets to the next septet."""
    return -header * 8 % 7


def pack(septets: bytes, fill: int = 0) -> bytes:
    """Septets, one an octet, as octets that begin with so many fill bits."""
    if not septets:
        return b""
    spare = -(len(septets) * 7 + fill) % 8
    if spare == 7 or (spare == 0 and septets.endswith(CARRIAGE_RETURN)):
        septets += CARRIAGE_RETURN
    digits = "".join([_DIGITS[septet] for septet in reversed(septets)])
    count = (len(septets) * 7 + fill + 7) // 8
    return (int(digits, 2) << fill).to_bytes(count, "little")


def unpack(octets: bytes, fill: int = 0) -> bytes:
    """The septets, one an octet, after so many fill bits."""
    available = len(octets) * 8 - fill
    if available < 7:
        return b""
    digits = format(int.from_bytes(octets, "little") >> fill, f"0{available}b")
    septets = bytes(
        [int(digits[at - 7 : at], 2) for at in range(available, available % 7, -7)]
    )
    if available % 7 == 0 and septets.endswith(CARRIAGE_RETURN):
        return septets[:-1]
    return septets
