"""What the user of this package provides."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any

from zope.interface import Attribute, Interface

from txsmpp.pdu import AlertNotification, BindRequest, DataSm, DeliverSm, Pdu, Response


class ISession(Interface):
    """One connection, as handlers see it."""

    id: str = Attribute("Unique for each connection, over restarts too.")
    system_id: str = Attribute("The system_id that the ESME bound with.")
    bind_mode: str = Attribute('"transceiver", "transmitter" or "receiver".')


class IEsmeHandler(Interface):
    """Gets what an SM-SC sends to an `EsmeClient`."""

    def message(pdu: DeliverSm | DataSm, session: Any) -> Awaitable[int]:
        """A message or receipt; the command_status to answer it with.

        The SM-SC is answered when the awaitable fires; an error is ESME_RSYSERR.
        """

    def alert(pdu: AlertNotification, session: Any) -> None:
        """A subscriber is reachable again (4.12)."""

    def bound(session: Any) -> None:
        """A session is bound."""

    def lost(session: Any, reason: Exception | None) -> None:
        """A session that was bound is gone; None if it was unbound in order."""


class ISmscHandler(Interface):
    """Gets what ESMEs send to an `SmscFactory`."""

    def authenticate(pdu: BindRequest) -> Awaitable[int]:
        """Whether this ESME may bind: the command_status of the answer."""

    def request(session: Any, pdu: Pdu) -> Awaitable[Response]:
        """A request; `txsmpp.pdu.answer` makes its response."""

    def bound(session: Any) -> None:
        """An ESME is bound."""

    def lost(session: Any, reason: Exception | None) -> None:
        """An ESME that was bound is gone; None if it was unbound in order."""
