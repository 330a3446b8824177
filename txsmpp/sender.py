"""Shares requests among connections: order, windows, rate, slowing down."""

from __future__ import annotations

from collections import deque
from typing import Final

from twisted.internet.defer import Deferred, fail
from twisted.internet.interfaces import IDelayedCall, IReactorTime

from txsmpp.codec import encode
from txsmpp.connection import EsmeConnection
from txsmpp.errors import CannotEncode, NotBound, QueueFull, SmppError
from txsmpp.options import ClientOptions
from txsmpp.outbox import Entry, Outbox
from txsmpp.pacing import SlowDown, TokenBucket
from txsmpp.pdu import Pdu, Response
from txsmpp.state import ALLOWED, SENDING, Side
from txsmpp.status import CommandStatus

# Come again later (5.1.3).
THROTTLES: Final = frozenset(
    {CommandStatus.ESME_RTHROTTLED, CommandStatus.ESME_RMSGQFUL}
)
SENDABLE: Final = frozenset(
    kind
    for (side, kind), states in ALLOWED.items()
    if side is Side.ESME and states == SENDING
)


class Sender:
    """Requests in, one Deferred each; connections come and go.

    A request leaves on the next connection in turn whose window has room. While none
    has, or sending is paused or at its rate, requests wait in order.
    """

    def __init__(self, clock: IReactorTime, options: ClientOptions) -> None:
        now = clock.seconds()
        self._clock = clock
        self._options = options
        self._outbox = Outbox(options.queue_time, options.throttle_limit)
        self._bucket = TokenBucket(options.rate, now)
        self._slow = SlowDown(options.throttle_initial, options.throttle_maximum)
        self._connections: deque[EsmeConnection] = deque()
        self._in_flight = 0
        self._order = 0
        self._pumping = False
        self._wake: IDelayedCall | None = None
        self._open = True

    @property
    def connected(self) -> bool:
        """Whether any connection may send."""
        return bool(self._connections)

    @property
    def waiting(self) -> int:
        """How many requests have not left."""
        return len(self._outbox)

    @property
    def in_flight(self) -> int:
        """How many requests have left and wait for their answer."""
        return self._in_flight

    def submit(self, request: Pdu) -> Deferred[Response]:
        """Send a request when it is its turn; see `EsmeClient.submit`."""
        if type(request) not in SENDABLE:
            name = type(request).__name__
            return fail(CannotEncode(name, "no ESME asks this", _BAD_COMMAND))
        if len(self._outbox) >= self._options.queue:
            return fail(QueueFull(f"{len(self._outbox)} requests wait"))
        try:
            octets = encode(request)
        except CannotEncode as error:
            return fail(error)
        if len(octets) > self._options.max_pdu:
            return fail(CannotEncode("PDU", f"{len(octets)} octets", _TOO_LONG))
        self._order += 1
        entry = Entry(self, self._order, request, octets, self._clock.seconds())
        deferred = entry.deferred = Deferred(lambda _: self._outbox.discard(entry))
        self._outbox.add(entry)
        self.pump()
        return deferred

    def attach(self, connection: EsmeConnection) -> None:
        """Use this connection too."""
        self._connections.append(connection)
        self.pump()

    def detach(self, connection: EsmeConnection) -> None:
        """Use it no longer."""
        if connection in self._connections:
            self._connections.remove(connection)

    def open(self) -> None:
        """Take requests, again."""
        self._open = True

    def close(self) -> None:
        """Fail all that has not left, and put nothing back."""
        self._open = False
        for entry in self._outbox.drain():
            entry.settle(NotBound("the client was stopped"))
        self._set_wake(None)

    def pump(self) -> None:
        """Send what may be sent now."""
        if self._pumping or not (self._outbox or self._wake):
            return
        self._pumping = True
        try:
            now = self._clock.seconds()
            for entry in self._outbox.expired(now):
                self._expire(entry)
            resume_at = self._send_all(now)
        finally:
            self._pumping = False
        self._set_wake(resume_at)

    def answered(self, entry: Entry, response: Response) -> None:
        """An answer came: done, or to be sent again (5.1.3)."""
        self._in_flight -= 1
        now = self._clock.seconds()
        if response.command_status in THROTTLES:
            self._slow.throttled(now, self._in_flight + 1)
            if entry.refused is None:
                entry.refused_at = now
            entry.refused = response
            if self._may_try_again(entry, now):
                self._outbox.put_back(entry)
                self.pump()
                return
        else:
            self._slow.taken(now, self._options.window * len(self._connections))
        entry.settle(response)

    def failed(self, entry: Entry, error: SmppError) -> None:
        """No answer will come."""
        self._in_flight -= 1
        entry.settle(error)

    def _may_try_again(self, entry: Entry, now: float) -> bool:
        """Whether a request that was throttled is still worth sending."""
        within = now - entry.refused_at < self._options.throttle_limit
        return within and self._open and not entry.deferred.called

    def _send_all(self, now: float) -> float | None:
        """Send until something forbids it; when to try again if time is what does."""
        slow = self._slow
        while self._outbox:
            if slow.pausing(now):
                return slow.until
            if slow.limit is not None and self._in_flight >= slow.limit:
                return None
            connection = self._next()
            if connection is None:
                return None
            if not self._bucket.take(now):
                return self._bucket.ready_at()
            entry = self._outbox.pop()
            self._in_flight += 1
            connection.send(entry.request, entry, entry.octets)
        return None

    def _next(self) -> EsmeConnection | None:
        """The next connection in turn that has room."""
        connections = self._connections
        for _ in range(len(connections)):
            connection = connections[0]
            connections.rotate(-1)
            if connection.room > 0:
                return connection
        return None

    def _expire(self, entry: Entry) -> None:
        """It has waited too long: say why it could not leave."""
        if entry.refused is not None:
            entry.settle(entry.refused)
        elif self._connections:
            entry.settle(QueueFull("it was not its turn in time"))
        else:
            entry.settle(NotBound("no bind came up in time"))

    def _set_wake(self, resume_at: float | None) -> None:
        """Come back when time allows more, or when something has waited too long."""
        moments = [each for each in (resume_at, self._outbox.due()) if each is not None]
        wake = self._wake
        if not moments:
            if wake is not None and wake.active():
                wake.cancel()
            self._wake = None
            return
        delay = max(0.0, min(moments) - self._clock.seconds())
        if wake is not None and wake.active():
            wake.reset(delay)
        else:
            self._wake = self._clock.callLater(delay, self.pump)


_BAD_COMMAND: Final = CommandStatus.ESME_RINVCMDID
_TOO_LONG: Final = CommandStatus.ESME_RINVCMDLEN
