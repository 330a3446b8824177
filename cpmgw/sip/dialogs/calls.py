"""All calls of one user agent: those that came, those it made, and what follows."""

from __future__ import annotations

import random as random_numbers
from collections.abc import Callable

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime

from cpmgw.sip.dialogs.dialog import id_of
from cpmgw.sip.dialogs.exchange import Exchange
from cpmgw.sip.dialogs.incoming import IncomingCall, admitted
from cpmgw.sip.dialogs.interfaces import CallFailed, CallSettings, CallUser, Sender
from cpmgw.sip.dialogs.outgoing import OutgoingCall
from cpmgw.sip.legs import Incoming
from cpmgw.sip.message import Request, Response, respond


class Calls:
    """The calls of one user agent (RFC 3261 12 to 15).

    What comes in their dialogs is to be given to `within`, and ACKs to `acknowledge`.
    `random` gives numbers from 0 up to 1, for waits that must not be the same on both
    sides.
    """

    def __init__(
        self,
        sender: Sender,
        clock: IReactorTime,
        settings: CallSettings,
        random: Callable[[], float] = random_numbers.random,
    ) -> None:
        self._exchange = Exchange(sender, clock, settings, random)

    def __len__(self) -> int:
        """How many calls there are, however young or old.

        A call that is hung up counts until its BYE has an answer.
        """
        return len(self._exchange)

    @property
    def timers(self) -> int:
        """How many of them wait for a time."""
        return len(self._exchange.wakes)

    def incoming(self, incoming: Incoming, contact: str) -> IncomingCall:
        """An INVITE that came; `contact` is the Contact of our answers.

        Fails with CannotInterwork where it cannot become a call: 400, 422, or 503.
        """
        admitted(incoming, self._exchange)
        return IncomingCall(self._exchange, incoming, contact)

    def invite(self, request: Request, user: CallUser) -> OutgoingCall:
        """Send an INVITE that is complete but for its Via: tag, Contact and SDP too.

        Where there are too many calls it fails, with a status of 503.
        """
        call = OutgoingCall(self._exchange, request, user)
        if self._exchange.is_full:
            call.refuse(CallFailed("no room for a call", status=503))
        else:
            call.start()
        return call

    async def within(self, incoming: Incoming) -> Response:
        """Answer a request within a dialog; 481 where there is none (12.2.2)."""
        request = incoming.request
        exchange, which = self._exchange, id_of(request)
        call = exchange.calls.get(which)
        if call is not None:
            return await call.within(incoming)
        early = exchange.early.get(which)
        if early is not None:
            return early.within(request)
        outgoing = exchange.outgoing.get(which[:2])
        if outgoing is not None:
            return outgoing.within(request)
        return respond(request, 481)

    def acknowledge(self, request: Request) -> None:
        """Take an ACK; one that acknowledges nothing is dropped."""
        call = self._exchange.calls.get(id_of(request))
        if call is not None:
            call.acknowledge(request)

    def start(self) -> None:
        """Take calls, also after a stop."""
        self._exchange.is_stopping = False

    def stop(self) -> Deferred[None]:
        """End every call, and begin none; fires when there is none, in `drain` at most.

        Each that stands gets a BYE; what has no answer by then is dropped. One whose
        ACK has not come gets its BYE then, which is sooner than RFC 3261 15 has it: the
        peer would be left with a session of nobody.
        """
        return Deferred.fromCoroutine(self._stop())

    async def _stop(self) -> None:
        exchange = self._exchange
        exchange.is_stopping = True
        for early in list(exchange.early.values()):
            early.stop()
        for outgoing in list(exchange.outgoing.values()):
            outgoing.cancel()
        for call in list(exchange.calls.values()):
            call.bye(exchange.settings.reasons)
        drain, empty = exchange.settings.drain, exchange.when_empty()
        await exchange.wakes.at_most(drain, empty, self._drop)

    def _drop(self) -> None:
        exchange = self._exchange
        for early in list(exchange.early.values()):
            early.drop()
        for call in list(exchange.calls.values()):
            call.drop()
        for outgoing in list(exchange.outgoing.values()):
            outgoing.drop()
