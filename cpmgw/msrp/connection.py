"""One TCP or TLS connection, which carries sessions both ways (RFC 4975 5.4)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol

from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.interfaces import (
    IDelayedCall,
    IHandshakeListener,
    IPushProducer,
    IReactorTime,
)
from twisted.internet.protocol import Protocol as TwistedProtocol
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from cpmgw.msrp.errors import SessionLost
from cpmgw.msrp.frames import Flag, Request, Response, write_end, write_request
from cpmgw.msrp.identifiers import new_ident
from cpmgw.msrp.parser import Broken, Event, FrameParser, Within
from cpmgw.msrp.sending import Outbox, Outgoing
from cpmgw.msrp.serving import Serving, Session, Sessions, answer_to
from cpmgw.msrp.settings import MsrpSettings


class Bound(Session, Protocol):
    """A session, as the connection that it is bound to sees it."""

    def settled(self, message: Outgoing) -> None:
        """It is decided what became of a message."""

    def late(self, message: Outgoing, status: int) -> None:
        """A message that counted as sent has failed."""

    def lost_connection(self, reason: Failure) -> None:
        """The connection is gone."""

    def hold(self, connection: MsrpConnection) -> None:
        """Have the connection go on as soon as the session has begun."""


class Owner(Sessions, Protocol):
    """Who has connections."""

    def connected(self, connection: MsrpConnection) -> None:
        """One is up."""

    def bound(self, connection: MsrpConnection) -> None:
        """A session uses one."""

    def disconnected(self, connection: MsrpConnection) -> None:
        """One is gone."""


@implementer(IPushProducer, IHandshakeListener)
class MsrpConnection(TwistedProtocol):
    """Reads and writes frames, as fast as both sides can bear.

    It is the producer of what it writes: while the peer does not read, no message is
    sent. It does not read on while a session has not begun or while a session's user
    has too many messages to answer; what it has read is then at most one block.
    """

    transport: Any
    _log = Logger()

    def __init__(
        self,
        owner: Owner,
        clock: IReactorTime,
        settings: MsrpSettings,
        *,
        secure: bool,
        kept: bool = False,
    ) -> None:
        self._owner = owner
        self._clock = clock
        self._settings = settings
        self._parser = FrameParser(settings.limits)
        self._outbox = Outbox(settings.sending, new_ident)
        self._serving = Serving(self, owner)
        self._kept = kept
        self._timer: IDelayedCall | None = None
        self._held: Request | None = None
        self._full: set[object] = set()
        self._asked: dict[str, Deferred[Response]] = {}
        self._working = 0
        self._blocked = False
        self._taking = False
        self._reading = True
        self._ready: Deferred[MsrpConnection] | None = None
        self._shaken = not secure
        now = clock.seconds()
        self._since = now  # of the frame that is not whole, or of its last octet
        self._held_since = self._blocked_since = now
        self.lonely_since = now
        self.up = False
        self.peer = ""
        self.host, self.port = "", 0
        self.sessions: set[Bound] = set()

    # -- Twisted calls these ------------------------------------------------------

    def connectionMade(self) -> None:
        """Take the connection into use; over TLS when hands have been shaken."""
        no_delay = getattr(self.transport, "setTcpNoDelay", None)
        if no_delay is not None:
            no_delay(True)
        address = self.transport.getPeer()
        self.peer = f"{address.host}:{address.port}"
        own = self.transport.getHost()
        self.host, self.port = own.host, own.port
        self.transport.registerProducer(self, True)
        self.up = True
        self.lonely_since = self._clock.seconds()
        self._owner.connected(self)
        self._watch()

    def handshakeCompleted(self) -> None:
        """It is known who the peer is."""
        self._shaken = True
        ready, self._ready = self._ready, None
        if ready is not None:
            ready.callback(self)

    def dataReceived(self, data: bytes) -> None:
        """Hand on what has arrived, as far as it may be."""
        now = self._clock.seconds()
        if self._parser.within is not Within.HEAD:
            self._since = now
        self._parser.add(data)
        self._take()

    def connectionLost(self, reason: Failure) -> None:  # type: ignore[override]
        """The connection is gone, and all its sessions with it."""
        self.up = False
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        self._owner.disconnected(self)
        ready, self._ready = self._ready, None
        for waiting in (ready, *self._asked.values()):
            if waiting is not None and not waiting.called:
                waiting.errback(reason)
        sessions, self.sessions = self.sessions, set()
        for session in sessions:
            session.lost_connection(reason)

    def pauseProducing(self) -> None:
        """The peer does not read."""
        self._blocked = True
        self._blocked_since = self._clock.seconds()
        self._watch()

    def resumeProducing(self) -> None:
        """The peer reads again."""
        self._blocked = False
        self._pump()

    def stopProducing(self) -> None:
        """Nothing more can be written."""
        self.up = False

    # -- for sessions -------------------------------------------------------------

    def when_ready(self) -> Deferred[MsrpConnection]:
        """Fires when it can be used; fails if it cannot. Asked by who made it."""
        if self._shaken:
            return succeed(self)
        self._ready = Deferred(self._gave_up)
        return self._ready

    def join(self, session: Bound) -> None:
        """A session is bound to this connection."""
        self.sessions.add(session)
        self._owner.bound(self)

    def leave(self, session: Bound) -> None:
        """A session needs it no more; without any it is closed."""
        self.sessions.discard(session)
        self._full.discard(session)
        self._outbox.drop(session)
        self._serving.leave(session)
        self.lonely_since = self._clock.seconds()
        self._pump()
        self._take()
        self._close_if_idle()

    def send(self, message: Outgoing) -> None:
        """Have a message sent."""
        self._outbox.add(message)
        self._pump()

    def ask(
        self,
        method: str,
        to_path: tuple[str, ...],
        from_path: tuple[str, ...],
        headers: Iterable[tuple[str, str]],
    ) -> Deferred[Response]:
        """Send a request without content; fires with its answer, or fails in time."""
        if not self.up:
            return fail(SessionLost("the connection was lost"))
        transaction = new_ident()
        answer: Deferred[Response] = Deferred()
        self._asked[transaction] = answer
        head = write_request(method, transaction, to_path, from_path, headers)
        self.reply(head + write_end(transaction, Flag.LAST))
        answer.addTimeout(self._settings.sending.answer_timeout, self._clock)

        def forget(result: Response | Failure) -> Response | Failure:
            self._asked.pop(transaction, None)
            return result

        return answer.addBoth(forget)

    def abort_message(self, message: Outgoing) -> None:
        """Stop sending a message."""
        self._outbox.abort(message)
        self._pump()

    def began_work(self, session: Bound, count: int) -> None:
        """A session's user has one more message to answer, so many in all."""
        self._working += 1
        if count >= self._settings.unanswered:
            self._full.add(session)

    def finished_work(self, session: Bound, request: Request, status: int) -> None:
        """The user has answered; the last chunk is."""
        self._working -= 1
        self._full.discard(session)
        answer = answer_to(request, status)
        if answer:
            self.reply(answer)
        self._take()
        self._close_if_idle()

    def reply(self, frame: bytes) -> None:
        """Send an answer or a report; a peer that reads none is given up."""
        if not self.up:
            return
        self._outbox.reply(frame)
        if self._outbox.urgent_octets > self._settings.buffered:
            self._log.info("{peer} does not read; giving up", peer=self.peer)
            self.abort()
            return
        self._pump()

    def resume(self) -> None:
        """The session that was waited for has begun, or is no more."""
        request, self._held = self._held, None
        if request is not None:
            self._begin(request)
            self._take()

    def close(self) -> None:
        """Close after what is written has left, or when that takes too long."""
        if not self.up:
            return
        self.up = False
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        patience = self._settings.closing_timeout
        self._timer = self._clock.callLater(patience, self.transport.abortConnection)
        if not self._reading:  # else its end would not be noticed
            self.transport.resumeProducing()
        self.transport.unregisterProducer()
        self.transport.loseConnection()

    def abort(self) -> None:
        """Close at once."""
        self.up = False
        self.transport.abortConnection()

    # -- reading ------------------------------------------------------------------

    def _take(self) -> None:
        """Handle what has been read until all is, or it has to wait.

        What is handled may lead back here; the next frame waits for the end of that.
        """
        if self._taking:
            return
        self._taking = True
        try:
            while self.up and self._held is None and not self._full:
                event = self._parser.take()
                if event is None:
                    break
                self._handle(event)
        finally:
            self._taking = False
        self._read_or_not()
        self._watch()

    def _handle(self, event: Event) -> None:
        now = self._clock.seconds()
        if isinstance(event, bytes):
            self._serving.put(event)
        elif isinstance(event, Request):
            self._since = now
            self._begin(event)
        elif isinstance(event, Flag):
            self._since = now
            self._serving.end(event, now)
        elif isinstance(event, Response):
            asked = self._asked.pop(event.transaction, None)
            if asked is not None:
                asked.callback(event)
            self._outbox.answered(event.transaction, event.status)
            self._pump()
        elif isinstance(event, Broken):
            self._log.info(
                "what {peer} sends is not MSRP: {reason}",
                peer=self.peer,
                reason=event.reason,
            )
            self.close()

    def _begin(self, request: Request) -> None:
        session: Any = self._serving.waits_for(request)
        if session is None:
            self._serving.begin(request, self._clock.seconds())
            return
        self._held, self._held_since = request, self._clock.seconds()
        session.hold(self)

    def _read_or_not(self) -> None:
        reading = self._held is None and not self._full
        if reading == self._reading or not self.up:
            return
        self._reading = reading
        if reading:
            self._since = self._clock.seconds()
            self.transport.resumeProducing()
        else:
            self.transport.pauseProducing()

    # -- writing ------------------------------------------------------------------

    def _pump(self) -> None:
        """Write what there is to say while the peer reads."""
        while self.up and not self._blocked:
            octets = self._outbox.take(self._clock.seconds())
            if not octets:
                break
            self.transport.write(octets)
        self._tell()
        self._watch()

    def _tell(self) -> None:
        """Tell sessions what became of their messages."""
        outbox = self._outbox
        while outbox.settled:
            message = outbox.settled.pop(0)
            owner: Any = message.owner
            owner.settled(message)
        while outbox.late:
            message, status = outbox.late.pop(0)
            owner = message.owner
            owner.late(message, status)

    # -- time ---------------------------------------------------------------------

    def _close_if_idle(self) -> None:
        used = self.sessions or self._working or self._held is not None
        if not used and not self._kept:
            self.close()

    def _deadlines(self) -> list[float]:
        """When something has to be looked at."""
        settings = self._settings
        due = []
        if self._outbox.deadline is not None:
            due.append(self._outbox.deadline)
        if not self.sessions and not self._kept:
            due.append(self.lonely_since + settings.setup_timeout)
        if self._held is not None:
            due.append(self._held_since + settings.setup_timeout)
        elif self._parser.within is not Within.NOTHING and not self._full:
            due.append(self._since + settings.chunk_timeout)
        if self._blocked:
            due.append(self._blocked_since + settings.chunk_timeout)
        return due

    def _watch(self) -> None:
        """Look again when something may be overdue."""
        due = min(self._deadlines(), default=None) if self.up else None
        if due is None:
            return
        wait = max(0.0, due - self._clock.seconds())
        if self._timer is None or not self._timer.active():
            self._timer = self._clock.callLater(wait, self._look)
        elif due < self._timer.getTime():
            self._timer.reset(wait)

    def _look(self) -> None:
        self._timer = None
        now = self._clock.seconds()
        settings = self._settings
        self._outbox.expire(now)
        request = self._held
        if request is not None and self._held_since + settings.setup_timeout <= now:
            self._held = None
            self._serving.begin(request, now)
        elif any(due <= now for due in self._deadlines()):
            self._log.info("{peer} keeps us waiting; giving up", peer=self.peer)
            self.abort()
            return
        self._pump()
        self._take()

    def _gave_up(self, _: object) -> None:
        self._ready = None
        self.abort()
