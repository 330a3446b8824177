"""The user that a session has once it is over.

Who uses a session holds it. Let go of by it, both are freed by their reference counts,
however seldom cycles are looked for (docs/decisions/0007).
"""

from __future__ import annotations

from typing import Final

from zope.interface import implementer

from cpmgw.msrp.frames import NO_SESSION
from cpmgw.msrp.interfaces import IMsrpUser, Received


@implementer(IMsrpUser)
class Nobody:
    """Is told what nobody wants to know any more."""

    def connected(self) -> None:
        """It never is."""

    async def message(self, received: Received) -> int:
        """It is for no session."""
        received.body.close()
        return NO_SESSION

    def report(self, message_id: str, status: int) -> None:
        """Of a message that nobody waits for."""

    def lost(self, reason: Exception) -> None:
        """It is already."""


NOBODY: Final = Nobody()
