"""Message ids that an SM-SC writes one way in its answers and another in its receipts.

An id is made canonical when it comes in the answer and when it comes in the receipt,
each by the form that the SM-SC uses there, and then the two are equal.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

import msgspec

# message_id and receipted_message_id have 65 octets at most (SMPP 3.4 5.2.23).
LONGEST_ID: Final = 64

_DECIMAL: Final = frozenset("0123456789")
_HEX: Final = _DECIMAL | frozenset("abcdefABCDEF")


class IdForm(StrEnum):
    """How an SM-SC writes its ids.

    AS_IS: to be compared as they are. HEX, DECIMAL: a number to that base, with leading
    zeros or without, canonical as the decimal number. STRIPPED: of any kind, leading
    zeros and the letters' case mean nothing. LOOSE: unknown, to be set for both sides;
    an answer's id is stripped, a receipt's may be any of several (`receipt_keys`). An
    id that is not of the form is left as it is.
    """

    AS_IS = "as-is"
    HEX = "hex"
    DECIMAL = "decimal"
    STRIPPED = "stripped"
    LOOSE = "loose"


class IdPolicy(msgspec.Struct, frozen=True, gc=False):
    """The forms of one SM-SC: in submit_sm_resp or data_sm_resp, and in receipts."""

    response: IdForm = IdForm.AS_IS
    receipt: IdForm = IdForm.AS_IS


def canonical_id(message_id: str, form: IdForm) -> str:
    """An id in the form by which ids are compared."""
    message_id = message_id.strip()
    if form == IdForm.AS_IS or len(message_id) > LONGEST_ID:
        return message_id
    if form == IdForm.HEX:
        return _number(message_id, 16) or message_id
    if form == IdForm.DECIMAL:
        return _number(message_id, 10) or message_id
    return _stripped(message_id)


def response_key(message_id: str, policy: IdPolicy) -> str:
    """What to remember a message by, from the id in the answer to its submission."""
    return canonical_id(message_id, policy.response)


def receipt_keys(message_id: str, policy: IdPolicy) -> tuple[str, ...]:
    """What to look a receipt's message up by, the likeliest first.

    One key, unless the form is LOOSE: then the id as it is, stripped, and as the same
    number to the other base. A later key may be another message's id, so that the first
    one that is known counts.
    """
    if policy.receipt != IdForm.LOOSE:
        return (canonical_id(message_id, policy.receipt),)
    message_id = message_id.strip()
    keys = [message_id]
    if len(message_id) <= LONGEST_ID:
        keys.append(_stripped(message_id))
        if (number := _number(message_id, 10)) is not None:
            keys.append(f"{int(number):x}")
        if (number := _number(message_id, 16)) is not None:
            keys.append(number)
    return tuple(dict.fromkeys(keys))


def _stripped(message_id: str) -> str:
    """Without leading zeros, in small letters."""
    return message_id.lstrip("0").lower() or message_id[:1]


def _number(message_id: str, base: int) -> str | None:
    """The decimal number of an id, None if it is no number to that base."""
    digits = message_id
    if base == 16 and digits[:2] in ("0x", "0X"):
        digits = digits[2:]
    if not digits or not (_HEX if base == 16 else _DECIMAL).issuperset(digits):
        return None
    return str(int(digits, base))
