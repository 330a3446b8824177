"""Who a connection deals with: the sessions on it, and who has connections."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from twisted.python.failure import Failure

from cpmgw.msrp.inbox import Inbox
from cpmgw.msrp.sending import Outgoing
from cpmgw.msrp.serving import Session, Sessions

if TYPE_CHECKING:
    from cpmgw.msrp.connection import MsrpConnection


class Bound(Session, Protocol):
    """A session, as the connection that it is bound to sees it."""

    inbox: Inbox
    held: dict[MsrpConnection, None]

    def settled(self, message: Outgoing) -> None:
        """It is decided what became of a message."""

    def late(self, message: Outgoing, status: int) -> None:
        """A message that counted as sent has failed."""

    def lost_connection(self, reason: Failure) -> None:
        """The connection is gone."""

    def hold(self, connection: MsrpConnection) -> bool:
        """Have the connection go on once the session has begun, if it may wait."""


class Owner(Sessions, Protocol):
    """Who has connections."""

    def connected(self, connection: MsrpConnection) -> None:
        """One is up."""

    def bound(self, connection: MsrpConnection) -> None:
        """A session uses one, or is to."""

    def idle(self, connection: MsrpConnection) -> None:
        """Nobody uses one; told after each answer until a session does."""

    def disconnected(self, connection: MsrpConnection) -> None:
        """One is gone."""
