"""One step that a lab peer saw: what a ladder draws and a test can read."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import Final

import msgspec


class Lifeline(Enum):
    """Who takes part, from left to right."""

    CPM = "CPM"
    GATEWAY = "cpmgw"
    CENTRE = "SM-SC/MMSC"
    HANDSET = "handset"


class Kind(Enum):
    """Which protocol a step belongs to."""

    SIP = "SIP"
    MSRP = "MSRP"
    IMDN = "IMDN"
    SMPP = "SMPP"
    MM4 = "MM4"
    AIR = "air"


class Arrow(msgspec.Struct, frozen=True, kw_only=True):
    """One message between two who take part.

    `at` is in seconds of the peer's clock, `name` the method, status or PDU, `details`
    the fields that matter, `failed` tells that it says no.
    """

    at: float
    source: Lifeline
    target: Lifeline
    kind: Kind
    name: str
    details: tuple[str, ...] = ()
    failed: bool = False


Tap = Callable[[Arrow], None]
"""What a lab peer calls with each step that it sees."""

SHOWN_DIGITS: Final = 4
SHOWN_TEXT: Final = 40


def nobody(arrow: Arrow) -> None:
    """The tap of a peer that nobody watches."""


def last_digits(address: str) -> str:
    """The end of an address: enough to tell users apart on a terminal."""
    if not address:
        return "-"
    user = address.rpartition("<")[2].partition("@")[0].partition(";")[0]
    user = user.removesuffix(">").rpartition(":")[2]
    digits = user.lstrip("+")
    if not digits.isdigit() or len(digits) <= SHOWN_DIGITS:
        return user
    return "…" + digits[-SHOWN_DIGITS:]


def quoted(text: str) -> str:
    """A text for one line of the ladder, its end left out when it is long."""
    line = " ".join(text.split())
    if len(line) > SHOWN_TEXT:
        line = line[: SHOWN_TEXT - 1] + "…"
    return f'"{line}"'
