"""Branches, tags and Call-IDs that nobody can guess (RFC 3261 8.1.1.7, 19.3)."""

from __future__ import annotations

import os
from typing import Final, Protocol

_POOL: Final = 4096
_OCTETS: Final = 10


class Identifiers(Protocol):
    """Where an endpoint takes new identifiers from."""

    def branch(self) -> str:
        """A Via branch, with the magic cookie."""

    def tag(self) -> str:
        """A From or To tag."""


class Randomness:
    """Random octets in hex; the system is asked for many at a time.

    Asking for each would let go of the interpreter each time, for another thread.
    """

    def __init__(self) -> None:
        self._pool = b""
        self._at = 0

    def hex(self, octets: int) -> str:
        """Twice as many hex digits; at most 4096 octets."""
        at = self._at
        if at + octets > len(self._pool):
            self._pool = os.urandom(_POOL)
            at = 0
        self._at = at + octets
        return self._pool[at : at + octets].hex()


class RandomIdentifiers:
    """80 random bits each."""

    def __init__(self) -> None:
        self._randomness = Randomness()

    def branch(self) -> str:
        """A Via branch, with the magic cookie."""
        return f"z9hG4bK{self._randomness.hex(_OCTETS)}"

    def tag(self) -> str:
        """A From or To tag."""
        return self._randomness.hex(_OCTETS)
