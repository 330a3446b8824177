"""One TCP or TLS connection, which carries sessions both ways (RFC 4975 5.4)."""

from __future__ import annotations

from typing import Any, Final

from twisted.internet.defer import Deferred, succeed
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

from cpmgw.msrp.asking import Asking
from cpmgw.msrp.errors import SessionLost
from cpmgw.msrp.frames import NO_SESSION, OK, Flag, Request, Response
from cpmgw.msrp.gate import Gate
from cpmgw.msrp.identifiers import new_ident
from cpmgw.msrp.inbox import Inbox
from cpmgw.msrp.parser import Broken, Event, FrameParser, Within
from cpmgw.msrp.parties import Bound, Owner
from cpmgw.msrp.sending import Outbox, Outgoing
from cpmgw.msrp.serving import Serving, answer_to
from cpmgw.msrp.settings import MsrpSettings
from cpmgw.msrp.waiting import Waiting

# How long a peer that speaks no MSRP has to read why it is left, in seconds.
_LAST_WORDS: Final = 1.0


@implementer(IPushProducer, IHandshakeListener)
class MsrpConnection(TwistedProtocol):
    """Reads and writes frames, as fast as both sides can bear.

    It is the producer of what it writes: while the peer does not read, no message is
    sent. When it is to read on its `Gate` knows; what it has read before is at most one
    block. One that is `distrusted` is closed after its answer, unless it has sessions.
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
        self._gate = Gate(settings.waiting, settings.chunk_timeout)
        self._kept = kept
        self._timer: IDelayedCall | None = None
        self._waiting: Waiting[Bound] = Waiting(settings.setup_timeout)
        self._working = 0
        self._blocked = False
        self._taking = False
        self._reading = True
        self._ready: Deferred[MsrpConnection] | None = None
        self._shaken = not secure
        now = clock.seconds()
        self._since = now  # of the frame that is not whole, or of its last octet
        self._heard = self._blocked_since = self._lonely_since = now
        self.asking = Asking(settings.sending.answer_timeout, self.reply)
        self.up = False
        self.distrusted = False
        self.peer = ""
        self.host, self.port = "", 0
        self.sessions: set[Bound] = set()

    # -- Twisted calls these ------------------------------------------------------

    def connectionMade(self) -> None:
        """Take the connection into use; over TLS when hands have been shaken."""
        for option in ("setTcpNoDelay", "setTcpKeepAlive"):
            switch = getattr(self.transport, option, None)
            if switch is not None:
                switch(True)
        address = self.transport.getPeer()
        self.peer = f"{address.host}:{address.port}"
        own = self.transport.getHost()
        self.host, self.port = own.host, own.port
        self.transport.registerProducer(self, True)
        self.up = True
        self._heard = self._lonely_since = self._clock.seconds()
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
        if not self.up:
            return
        now = self._heard = self._clock.seconds()
        if self._parser.within is not Within.HEAD:
            self._since = now
        self._parser.add(data)
        self._take()

    def connectionLost(self, reason: Failure) -> None:  # type: ignore[override]
        """The connection is gone, and all its sessions with it."""
        self._leave_off()
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        self._timer = None
        self._owner.disconnected(self)
        ready, self._ready = self._ready, None
        if ready is not None:
            ready.errback(reason)
        self.asking.lost(SessionLost(f"the connection was lost: {reason.value}"))
        sessions, self.sessions = self.sessions, set()
        for session in sessions:
            session.lost_connection(reason)
        self._serving.stop()

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
        self._leave_off()

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
        """A session needs it no more; without any it is idle."""
        self.sessions.discard(session)
        self._gate.forget(session.inbox)
        self._outbox.drop(session)
        self._serving.leave(session)
        self._lonely_since = self._clock.seconds()
        self._pump()
        self._take()
        self._rest()

    def send(self, message: Outgoing) -> None:
        """Have a message sent."""
        self._outbox.add(message)
        self._pump()

    def abort_message(self, message: Outgoing) -> None:
        """Stop sending a message."""
        self._outbox.abort(message)
        self._pump()

    def began_work(self, inbox: Inbox, waiting: int) -> None:
        """One more message is to be answered; so many of a session wait."""
        self._working += 1
        if waiting:
            self._gate.load(inbox, waiting, self._clock.seconds())

    def finished_work(self, inbox: Inbox, answer: bytes, waiting: int) -> None:
        """One is answered; so many of a session wait."""
        self._working -= 1
        if not self._gate.is_idle:
            self._gate.load(inbox, waiting, self._clock.seconds())
        if answer:
            self.reply(answer)
        self._take()
        self._rest()

    @property
    def is_idle(self) -> bool:
        """Whether nobody uses it, and no answer is owed."""
        return not (self.sessions or self._working or self._waiting or self._kept)

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

    def resume(self, session: Bound) -> None:
        """A session that was waited for has begun, or is no more."""
        for waited in self._waiting.pop(session):
            if waited.holds:
                self._lonely_since = self._clock.seconds()
                self._begin(waited.request)
                self._take()
            else:
                self._judge(session, waited.request)

    def suspect(self, since: float) -> None:
        """A request had no answer: a connection that has said nothing since is dead."""
        if self.up and self._reading and self._heard <= since:
            self._log.info("{peer} says nothing; giving up", peer=self.peer)
            self.abort()

    def close(self, patience: float | None = None) -> None:
        """Close after what is written has left, or when that takes too long."""
        if not self.up:
            return
        self._leave_off()
        self._parser.drop()
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        self._timer = self._clock.callLater(
            self._settings.closing_timeout if patience is None else patience,
            self.transport.abortConnection,
        )
        self.transport.unregisterProducer()
        self.transport.loseConnection()

    def abort(self) -> None:
        """Close at once."""
        self._leave_off()
        self._parser.drop()
        self.transport.abortConnection()

    # -- reading ------------------------------------------------------------------

    def _leave_off(self) -> None:
        """It is used no more: nobody is waited for."""
        self.up = False
        for session in self._waiting.clear():
            session.held.pop(self, None)

    def _take(self) -> None:
        """Handle what has been read until all is, or it has to wait.

        What is handled may lead back here; the next frame waits for the end of that.
        """
        if self._taking:
            return
        self._taking = True
        try:
            while self.up and self._may_read:
                event = self._parser.take()
                if event is None:
                    break
                self._handle(event)
        finally:
            self._taking = False
        self._read_or_not()
        self._watch()

    @property
    def _may_read(self) -> bool:
        return self._gate.is_open and not self._waiting.holds

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
            self._rest()
        elif isinstance(event, Response):
            self.asking.answered(event)
            self._outbox.answered(event.transaction, event.status, now)
            self._pump()
        elif isinstance(event, Broken):
            self._log.info(
                "what {peer} sends is not MSRP: {reason}",
                peer=self.peer,
                reason=event.reason,
            )
            self.transport.pauseProducing()
            self.close(_LAST_WORDS)

    def _begin(self, request: Request) -> None:
        """A head is here: judge it, or let it wait for its session to begin."""
        now = self._clock.seconds()
        session: Any = self._serving.waits_for(request)
        if session is None:
            self._serving.begin(request, now)
            return
        alone = not (self.sessions or self._kept)
        waits = self._waiting.admits(session, request, now, alone=alone)
        if waits is None or not session.hold(self):
            self._serving.begin(request, now)
            return
        self._waiting.add(session, waits)
        self._owner.bound(self)
        if not waits.holds:
            self._serving.skip()

    def _judge(self, session: Bound, request: Request) -> None:
        """Answer a SEND that has waited for its session."""
        status = NO_SESSION
        if session.has_begun:
            status = session.admit(request, self)
            if not status and session not in self.sessions:
                status = NO_SESSION  # its user has closed it
        self.reply(answer_to(request, status or OK))
        self._rest()

    def _rest(self) -> None:
        """After an answer, or without a session: see whether anybody uses it."""
        if self.distrusted and not self.sessions:
            self.close()
        elif self.up and self.is_idle:
            self._owner.idle(self)

    def _read_or_not(self) -> None:
        reading = self._may_read
        if reading == self._reading or not self.up:
            return
        self._reading = reading
        now = self._clock.seconds()
        if not reading:
            self._gate.shut(now)
            self.transport.pauseProducing()
            return
        waited = self._gate.opened(now)
        self._outbox.postpone(waited)
        self.asking.postpone(waited)
        self._since = self._heard = now
        self.transport.resumeProducing()

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

    def _deadlines(self) -> list[float]:
        """When something has to be given up, and the connection with it."""
        settings = self._settings
        due = []
        if not (self.sessions or self._kept or self._waiting):
            due.append(self._lonely_since + settings.setup_timeout)
        if self._reading and self._parser.within is not Within.NOTHING:
            due.append(self._since + settings.chunk_timeout)
        if self._blocked:
            moved = max(self._blocked_since, self._outbox.progress)
            due.append(moved + settings.chunk_timeout)
        return due

    def _looks(self) -> list[float | None]:
        """When something else has to be looked at."""
        looks = [self._gate.deadline, self._waiting.deadline]
        if self._reading:
            looks += [self._outbox.deadline, self.asking.deadline]
        return looks

    def _watch(self) -> None:
        """Look again when something may be overdue."""
        if not self.up:
            return
        looks = [each for each in self._looks() if each is not None]
        due = min([*self._deadlines(), *looks], default=None)
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
        self._gate.expire(now)
        self._expire_waiting(now)
        if self._reading:
            self._outbox.expire(now)
            if self.asking.expire(now):
                self.suspect(now - self._settings.sending.answer_timeout)
        if self.up and any(due <= now for due in self._deadlines()):
            self._log.info("{peer} keeps us waiting; giving up", peer=self.peer)
            self.abort()
            return
        self._pump()
        self._take()

    def _expire_waiting(self, now: float) -> None:
        """Refuse those whose sessions have not begun in time."""
        for session, waited in self._waiting.expired(now):
            if session not in self._waiting:
                session.held.pop(self, None)
            self._lonely_since = now
            if waited.holds:
                self._serving.begin(waited.request, now)
            else:
                self.reply(answer_to(waited.request, NO_SESSION))
                self._rest()

    def _gave_up(self, _: object) -> None:
        self._ready = None
        self.abort()
