"""A re-INVITE whose answer takes its time (RFC 3261 13.3.1.1, 14.2)."""

from __future__ import annotations

from twisted.internet.defer import Deferred

from cpmgw.sip.dialogs.exchange import ALLOW, Exchange
from cpmgw.sip.dialogs.wakes import unless_cancelled
from cpmgw.sip.legs import Incoming
from cpmgw.sip.message import Response, respond


class Ringing:
    """Answers 180 now, and again from time to time, until it is stopped.

    So the handler has its time; a CANCEL cancels `answering`.
    """

    __slots__ = ("_contact", "_exchange", "_incoming", "_pause")

    def __init__(
        self,
        incoming: Incoming,
        answering: Deferred[Response],
        contact: str,
        exchange: Exchange,
    ) -> None:
        self._incoming = incoming
        self._contact = contact
        self._exchange = exchange
        incoming.leg.when_cancelled(answering.cancel)
        self._pause = self._ring()

    def stop(self) -> None:
        """There is an answer, or there will be none."""
        self._pause.cancel()

    def _ring(self) -> Deferred[None]:
        headers = (("Contact", self._contact), ALLOW)
        ringing = respond(self._incoming.request, 180, headers=headers)
        self._incoming.leg.send_provisional(ringing)
        pause = self._exchange.wakes.pause(self._exchange.settings.ring_again)
        pause.addCallbacks(self._again, unless_cancelled)
        return pause

    def _again(self, _: None) -> None:
        self._pause = self._ring()
