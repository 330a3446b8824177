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


class RandomIdentifiers:
    """80 random bits each; the system is asked for many at a time."""

    def __init__(self) -> None:
        self._pool = b""
        self._at = 0

    def _token(self) -> str:
        at = self._at
        if at + _OCTETS > len(self._pool):
            self._pool = os.urandom(_POOL)
            at = 0
        self._at = at + _OCTETS
        return self._pool[at : at + _OCTETS].hex()

    def branch(self) -> str:
        """A Via branch, with the magic cookie."""
        return f"z9hG4bK{self._token()}"

    def tag(self) -> str:
        """A From or To tag."""
        return self._token()
