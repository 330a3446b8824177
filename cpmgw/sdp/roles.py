"""Who sends and who connects: directions and connection roles.

Directions are RFC 3264 5.1 and 6.1; connection roles RFC 4145 4 and RFC 6135 4.2, of
which the conversation TS chooses (5.2.1.1, 5.2.1.2, 5.2.1.4): every offer says actpass
and whoever is no client answers passive.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Final


class Direction(Enum):
    """Which way media flow, seen from the side that says so (RFC 8866 6.7)."""

    SENDRECV = "sendrecv"
    SENDONLY = "sendonly"
    RECVONLY = "recvonly"
    INACTIVE = "inactive"

    @property
    def sends(self) -> bool:
        """Whether the side that says so sends."""
        return self in (Direction.SENDRECV, Direction.SENDONLY)

    @property
    def receives(self) -> bool:
        """Whether the side that says so receives."""
        return self in (Direction.SENDRECV, Direction.RECVONLY)

    @property
    def mirrored(self) -> Direction:
        """The same flow seen from the other side."""
        return _direction(sends=self.receives, receives=self.sends)

    def within(self, allowed: Direction) -> Direction:
        """What is left of this when only `allowed` may flow."""
        return _direction(
            sends=self.sends and allowed.sends,
            receives=self.receives and allowed.receives,
        )


def _direction(*, sends: bool, receives: bool) -> Direction:
    if sends:
        return Direction.SENDRECV if receives else Direction.SENDONLY
    return Direction.RECVONLY if receives else Direction.INACTIVE


class Setup(Enum):
    """Who opens the connection, seen from the side that says so (RFC 4145 4)."""

    ACTIVE = "active"
    PASSIVE = "passive"
    ACTPASS = "actpass"
    HOLDCONN = "holdconn"


# RFC 4145 4.1, of the answers allowed those that conversation TS 5.2.1.4 wants. Without
# the attribute the offerer connects (RFC 4975 5.4).
ANSWERS: Final[Mapping[Setup | None, Setup]] = {
    None: Setup.PASSIVE,
    Setup.ACTIVE: Setup.PASSIVE,
    Setup.ACTPASS: Setup.PASSIVE,
    Setup.PASSIVE: Setup.ACTIVE,
    Setup.HOLDCONN: Setup.HOLDCONN,
}

# Conversation TS 5.2.1.1 B, 5.2.1.2 A: the offerer of actpass connects unless the
# answer says active. That nobody connects on holdconn is RFC 4145 4.
OFFERER_BECOMES: Final[Mapping[Setup | None, Setup]] = {
    None: Setup.ACTIVE,
    Setup.ACTIVE: Setup.PASSIVE,
    Setup.PASSIVE: Setup.ACTIVE,
    Setup.ACTPASS: Setup.ACTIVE,
    Setup.HOLDCONN: Setup.HOLDCONN,
}


def answering(offered: Setup | None) -> Setup:
    """The role this gateway answers with, and takes, for what was offered."""
    return ANSWERS[offered]


def offering(answered: Setup | None) -> Setup:
    """The role this gateway takes where it offered actpass, by the answer."""
    return OFFERER_BECOMES[answered]
