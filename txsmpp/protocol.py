"""The shell that carries a `Session` over a Twisted connection."""

from __future__ import annotations

import secrets
from abc import ABCMeta, abstractmethod
from collections.abc import Awaitable
from typing import Any
from typing import Protocol as Shape

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import (
    IDelayedCall,
    IPushProducer,
    IReactorTime,
    ITCPTransport,
)
from twisted.internet.protocol import Protocol, connectionDone
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from txsmpp.errors import SmppError
from txsmpp.events import (
    Answered,
    Bound,
    Ended,
    Event,
    Failed,
    Noted,
    Requested,
    SessionOptions,
)
from txsmpp.pdu import Pdu, Response, answer, numbered
from txsmpp.session import Session
from txsmpp.state import Side, State
from txsmpp.status import CommandStatus


class Waiting(Shape):
    """Who waits for the answer to a request."""

    def answered(self, response: Response) -> None:
        """The peer's answer."""

    def failed(self, error: SmppError) -> None:
        """There will be none."""


class Reply:
    """Waits with a Deferred, whose cancelling only stops the waiting."""

    def __init__(self) -> None:
        self.deferred: Deferred[Response] = Deferred(lambda _: None)

    def answered(self, response: Response) -> None:
        """Fire it with the answer."""
        if not self.deferred.called:
            self.deferred.callback(response)

    def failed(self, error: SmppError) -> None:
        """Fire it with the error."""
        if not self.deferred.called:
            self.deferred.errback(error)


@implementer(IPushProducer)
class SmppProtocol(Protocol, metaclass=ABCMeta):
    """One connection. Subclasses say what becomes of requests, and when to send.

    It reads no further while the peer has its window full of unanswered requests. A
    peer that does not take what is written to it is sent nothing new, and what it asks
    waits. A connection that does not close within `linger` seconds is aborted.
    """

    log = Logger()

    def __init__(
        self, clock: IReactorTime, side: Side, options: SessionOptions, linger: float
    ) -> None:
        self.id = secrets.token_hex(8)
        self.clock = clock
        self.session = Session(side, options, clock.seconds())
        self._linger = linger
        self._turning = False
        self._reading = True
        self._timer: IDelayedCall | None = None
        self._closing: IDelayedCall | None = None
        self._was_bound = False
        self._error: SmppError | None = None
        self._gone: list[Deferred[None]] | None = []

    # -- for subclasses ------------------------------------------------------------

    @abstractmethod
    def serve(self, pdu: Pdu) -> Awaitable[Response | None]:
        """Answer a request; None where it has no answer."""

    @abstractmethod
    def session_bound(self) -> None:
        """The session has been bound."""

    @abstractmethod
    def session_lost(self, error: SmppError | None, was_bound: bool) -> None:
        """The connection is gone."""

    @abstractmethod
    def ready(self) -> None:
        """Something happened: there may be room in the window."""

    # -- what users do -------------------------------------------------------------

    @property
    def room(self) -> int:
        """How many requests may be sent now."""
        return self.session.free

    @property
    def owed(self) -> int:
        """How many requests of the peer's wait for our answer."""
        return self.session.owed

    def send(
        self, pdu: Pdu, waiting: Waiting | None, octets: bytes | None = None
    ) -> None:
        """Send one request now; see `Session.request` for what is raised."""
        self.session.request(pdu, self.clock.seconds(), waiting, octets)
        self.turn()

    def leave(self, within: float | None = None) -> Deferred[None]:
        """Settle what is open, unbind, close; fires when the connection is gone.

        See `Session.unbind` for `within`.
        """
        gone: Deferred[None] = Deferred()
        if self._gone is None:
            gone.callback(None)
            return gone
        self._gone.append(gone)
        self.session.unbind(self.clock.seconds(), within)
        self.turn()
        return gone

    @property
    def _wire(self) -> Any:
        """The transport: IPushProducer and IConsumer at once, as no interface says."""
        return self.transport

    # -- what Twisted calls --------------------------------------------------------

    def connectionMade(self) -> None:
        """Begin; small PDUs shall not wait for each other (TCP_NODELAY)."""
        if ITCPTransport.providedBy(self.transport):
            self.transport.setTcpNoDelay(True)
        self._wire.registerProducer(self, True)
        self.turn()

    def dataReceived(self, data: bytes) -> None:
        """Octets from the peer."""
        self.session.receive(data, self.clock.seconds())
        self.turn()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """The end; every timer stops, everyone who waits hears of it."""
        gone, self._gone = self._gone or [], None
        self.session.lost(reason.getErrorMessage())
        self.turn()
        if self._closing is not None and self._closing.active():
            self._closing.cancel()
        try:
            self.session_lost(self._error, self._was_bound)
        except Exception:
            self.log.failure("SMPP {id}: its end could not be told", id=self.id)
        for each in gone:
            each.callback(None)

    def pauseProducing(self) -> None:
        """The peer does not take what is written."""
        self.session.congest(True, self.clock.seconds())
        self._set_timer()

    def resumeProducing(self) -> None:
        """What was written is out."""
        self.session.congest(False, self.clock.seconds())
        self.turn()

    def stopProducing(self) -> None:
        """The transport is done; connectionLost follows."""

    # -- one turn ------------------------------------------------------------------

    def turn(self) -> None:
        """Carry out what the session has come to, then write and set the timer."""
        if self._turning:
            return
        self._turning = True
        try:
            while True:
                event = self.session.next_event(self.clock.seconds())
                if event is None:
                    break
                self._handle(event)
            self.ready()
        finally:
            self._turning = False
        if octets := self.session.take():
            self._wire.write(octets)
        self._read_or_not()
        self._set_timer()
        if self.session.state is State.CLOSED:
            self._close()

    def _handle(self, event: Event) -> None:
        """One event of the session's."""
        if isinstance(event, Answered):
            event.token.answered(event.pdu)
        elif isinstance(event, Requested):
            Deferred.fromCoroutine(self._answer(event.pdu))
        elif isinstance(event, Failed):
            event.token.failed(event.error)
        elif isinstance(event, Noted):
            self.log.debug("SMPP {id}: {detail}", id=self.id, detail=event.detail)
        elif isinstance(event, Bound):
            self._was_bound = True
            self.session_bound()
        elif isinstance(event, Ended):
            self._error = event.error

    async def _answer(self, pdu: Pdu) -> None:
        """Have a request served and answer it; whatever goes wrong is answered too."""
        try:
            response = await self.serve(pdu)
            if response is not None:
                if response.sequence_number != pdu.sequence_number:
                    response = numbered(response, pdu.sequence_number)
                self.session.respond(response, self.clock.seconds())
        except Exception:
            self.log.failure(
                "SMPP {id}: {kind} could not be served",
                id=self.id,
                kind=type(pdu).__name__,
            )
            failed = answer(pdu, CommandStatus.ESME_RSYSERR)
            self.session.respond(failed, self.clock.seconds())
        self.turn()

    def _read_or_not(self) -> None:
        """Read only while what is read can be worked on."""
        reading = not self.session.saturated
        if reading is self._reading or self._gone is None:
            return
        self._reading = reading
        if reading:
            self._wire.resumeProducing()
        else:
            self._wire.pauseProducing()

    def _set_timer(self) -> None:
        """One delayed call, moved only when something is due before it."""
        due = self.session.timer()
        timer = self._timer
        if due is None:
            if timer is not None and timer.active():
                timer.cancel()
            self._timer = None
        elif timer is None or not timer.active():
            delay = max(0.0, due - self.clock.seconds())
            self._timer = self.clock.callLater(delay, self._due)
        elif due < timer.getTime():
            timer.reset(max(0.0, due - self.clock.seconds()))

    def _due(self) -> None:
        self._timer = None
        self.session.expire(self.clock.seconds())
        self.turn()

    def _close(self) -> None:
        """Close once; what is written may still go out, for a while."""
        if self._closing is not None or self._gone is None:
            return
        self._wire.unregisterProducer()
        self._closing = self.clock.callLater(self._linger, self._wire.abortConnection)
        self._wire.loseConnection()
