"""One session: who it is with, what it is bound to, and what its user is told."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, Protocol

from twisted.internet.defer import CancelledError, Deferred, fail
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from cpmgw.msrp.connection import MsrpConnection
from cpmgw.msrp.errors import (
    MsrpError,
    MsrpSyntaxError,
    SessionClosed,
    SessionLost,
    TooLarge,
    TooMany,
)
from cpmgw.msrp.frames import Request, is_ident, write_report
from cpmgw.msrp.identifiers import new_ident
from cpmgw.msrp.interfaces import (
    FailureReport,
    IBody,
    IMsrpSession,
    IMsrpUser,
    Received,
    Remote,
)
from cpmgw.msrp.reception import Reception
from cpmgw.msrp.sending import BROKEN, OK, TURN, Outgoing
from cpmgw.msrp.serving import NO_SESSION
from cpmgw.msrp.settings import MsrpSettings
from cpmgw.msrp.spool import Spool
from cpmgw.msrp.tls import has_certificate
from cpmgw.msrp.uri import parse_uri, same_path

_BOUND_ELSEWHERE: Final = 506
# What a message gets whose user failed over it: send no more of it (RFC 4975 10.5).
_USER_FAILED: Final = 413


class Home(Protocol):
    """The node, as its sessions see it."""

    clock: IReactorTime
    settings: MsrpSettings
    spool: Spool

    def reach(self, remote: Remote) -> Deferred[MsrpConnection]:
        """A connection to the other side of a session."""

    def closed(self, session: MsrpSession) -> None:
        """A session is no more."""


@implementer(IMsrpSession)
class MsrpSession:
    """A session between open and close.

    A `path` of more than our own URI is one over relays; `relay` is then the connection
    to the nearest of them.
    """

    _log = Logger()

    def __init__(
        self,
        home: Home,
        user: IMsrpUser,
        path: tuple[str, ...],
        address: tuple[str, int],
        fingerprint: str = "",
        relay: MsrpConnection | None = None,
    ) -> None:
        self.path = path
        self.address = address
        self.fingerprint = fingerprint
        self.is_connected = False
        self.reception = Reception(home.spool, home.settings.reception)
        self._home = home
        self._user = user
        self._way_out = tuple(reversed(path[:-1]))
        self._relay = relay
        self._remote: Remote | None = None
        self._over: Exception | None = None
        self._connection: MsrpConnection | None = None
        self._attempt: Deferred[None] | None = None
        self._binding: Outgoing | None = None
        self._setup: IDelayedCall | None = None
        self._expiry: IDelayedCall | None = None
        self._held: list[MsrpConnection] = []
        self._waiting: dict[Outgoing, Deferred[int]] = {}
        self._working = 0
        self._secure = False
        if relay is not None:
            self._join(relay)

    # -- for its user -------------------------------------------------------------

    def begin(self, remote: Remote) -> None:
        """The other side is known: let it in, or connect to it."""
        if self._over is not None:
            raise SessionClosed("the session is over")
        self._secure = _is_secure(remote.path)
        before, self._remote = self._remote, remote
        if before is not None:
            if before.path == remote.path and before.connect_to == remote.connect_to:
                return
            self._unbind()
            self._fail(SessionLost("the session has moved"), only_sent=True)
            if self._relay is not None:
                self._join(self._relay)
        timeout = self._home.settings.setup_timeout
        self._setup = self._home.clock.callLater(timeout, self._not_set_up)
        if remote.active:
            self._attempt = Deferred.fromCoroutine(self._reach(remote))
            self._attempt.addErrback(self._not_reached)
        self._let_go_on()

    def send(
        self,
        content_type: str,
        content: bytes | IBody,
        *,
        success_report: bool = False,
        failure_report: FailureReport = FailureReport.YES,
        message_id: str = "",
    ) -> Deferred[int]:
        """Send a message; fires with its status. A body stays its owner's to close."""
        if self._over is not None:
            return fail(SessionClosed("the session is over"))
        size = len(content) if isinstance(content, bytes) else content.size
        remote = self._remote
        if remote is not None and 0 < remote.max_size < size:
            return fail(TooLarge(f"the peer takes {remote.max_size} octets"))
        if len(self._waiting) >= self._home.settings.queue:
            return fail(TooMany("too many messages wait to be sent"))
        if not (content_type and content_type.isascii() and content_type.isprintable()):
            return fail(MsrpError("malformed Content-Type"))
        if message_id and not is_ident(message_id):
            return fail(MsrpError("malformed Message-ID"))
        message = Outgoing(
            self,
            message_id=message_id or new_ident(),
            content_type=content_type,
            size=size,
            pieces=_pieces(content),
            success_report=success_report,
            failure_report=failure_report,
        )
        sent: Deferred[int] = Deferred(lambda _: self._cancel(message))
        self._waiting[message] = sent
        if self.is_connected:
            self._send(message)
        return sent

    def close(self) -> None:
        """End it: what was not sent fails, what came in part is dropped."""
        self._end(SessionClosed("the session was closed"))

    # -- for connections ----------------------------------------------------------

    @property
    def has_begun(self) -> bool:
        """Whether the other side is known."""
        return self._remote is not None

    def hold(self, connection: MsrpConnection) -> None:
        """Have a connection go on as soon as the session has begun."""
        self._held.append(connection)

    def admit(self, request: Request, connection: object) -> int:
        """Whether a request is for this session: 0, or the status that refuses it."""
        assert isinstance(connection, MsrpConnection)
        remote = self._remote
        if remote is None or not self._is_meant(request, remote):
            return NO_SESSION
        if self._connection is connection:
            self._connected()
            return 0
        if self._connection is not None or remote.active:
            return _BOUND_ELSEWHERE
        if not self._knows(connection, remote):
            self.lose("the certificate of the peer is another one")
            return NO_SESSION
        self._join(connection)
        self._connected()
        return 0

    def deliver(self, received: Received, request: Request) -> None:
        """A message is here whole: let the user answer it."""
        connection = self._connection
        assert connection is not None
        self._working += 1
        connection.began_work(self, self._working)
        size = received.body.size
        answered: Deferred[int] = Deferred.fromCoroutine(self._ask(received))

        def answer(status: int) -> None:
            self._working -= 1
            connection.finished_work(self, request, status)
            if status == OK and received.success_report:
                own = request.to_path[0]
                connection.reply(write_report(request, new_ident(), own, OK, size))

        answered.addCallback(answer)

    def reported(self, request: Request) -> None:
        """A REPORT has come; one that cannot be understood is passed over."""
        try:
            told = request.message_id, request.status
        except MsrpSyntaxError as error:
            self._log.debug("a REPORT was not understood: {error}", error=error)
        else:
            self._tell(self._user.report, *told)

    def arrived(self) -> None:
        """A chunk has come: see to it that the rest of its message does."""
        deadline = self.reception.deadline
        if deadline is not None and self._expiry is None:
            wait = max(0.0, deadline - self._home.clock.seconds())
            self._expiry = self._home.clock.callLater(wait, self._expire)

    def settled(self, message: Outgoing) -> None:
        """It is decided what became of a message."""
        if message is self._binding:
            self._binding = None
            if message.status == OK:
                self._connected()
            else:
                self.lose(f"the peer answered {message.status}")
            return
        sent = self._waiting.pop(message, None)
        if sent is None:
            return
        if message.status == BROKEN:
            sent.errback(MsrpError("the content could not be read"))
        else:
            sent.callback(message.status)

    def late(self, message: Outgoing, status: int) -> None:
        """A message that counted as sent has failed: that is as a report of it."""
        self._tell(self._user.report, message.message_id, status)

    def lost_connection(self, reason: Failure) -> None:
        """The connection is gone."""
        self._connection = None
        self.lose(f"the connection was lost: {reason.value}")

    def lose(self, reason: str) -> None:
        """It is of no use any more; its user is told."""
        if self._over is None:
            error = SessionLost(reason)
            self._end(error)
            self._tell(self._user.lost, error)

    # -- within -------------------------------------------------------------------

    def _is_meant(self, request: Request, remote: Remote) -> bool:
        """Whether both paths are ours (RFC 4975 7.3), or the session-id is enough."""
        if remote.by_session_id:
            return True
        own = self.path[-1:]
        return same_path(request.to_path, own) and same_path(
            request.from_path, self._to_path(remote)
        )

    def _knows(self, connection: MsrpConnection, remote: Remote) -> bool:
        """Whether the other end of a connection is who SDP has said (RFC 4975 14.4)."""
        if self._relay is not None or not self._secure:
            return True
        return has_certificate(connection.transport, remote.fingerprints)

    def _to_path(self, remote: Remote) -> tuple[str, ...]:
        return (*self._way_out, *remote.path)

    async def _reach(self, remote: Remote) -> None:
        connection = self._relay or await self._home.reach(remote)
        if not self._knows(connection, remote):
            raise SessionLost("the certificate of the peer is another one")
        self._join(connection)
        self._binding = Outgoing(
            self,
            message_id=new_ident(),
            to_path=self._to_path(remote),
            from_path=self.path[-1:],
        )
        connection.send(self._binding)

    def _not_reached(self, failure: Failure) -> None:
        if failure.check(CancelledError) is None:
            self.lose(f"the peer was not reached: {failure.value}")

    def _not_set_up(self) -> None:
        self._setup = None
        self.lose("the session was not set up in time")

    def _join(self, connection: MsrpConnection) -> None:
        self._connection = connection
        connection.join(self)

    def _unbind(self) -> None:
        """Leave the connection, and give up what is to be one."""
        self.is_connected = False
        self._binding = None
        for call in (self._setup, self._expiry):
            if call is not None and call.active():
                call.cancel()
        self._setup = self._expiry = None
        attempt, self._attempt = self._attempt, None
        if attempt is not None:
            attempt.cancel()
        self.reception.close()
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.leave(self)

    def _connected(self) -> None:
        """Messages can go both ways; those that waited do."""
        if self.is_connected:
            return
        if self._setup is not None:
            self._setup.cancel()
            self._setup = None
        self.is_connected = True
        for message in list(self._waiting):
            if message in self._waiting and not message.to_path:
                self._send(message)
        self._tell(self._user.connected)

    def _send(self, message: Outgoing) -> None:
        remote, connection = self._remote, self._connection
        if remote is None or connection is None:
            return
        if 0 < remote.max_size < message.size:
            self._waiting.pop(message).errback(TooLarge("the peer takes less"))
            return
        message.to_path = self._to_path(remote)
        message.from_path = self.path[-1:]
        message.max_chunk = remote.max_chunk
        connection.send(message)

    def _cancel(self, message: Outgoing) -> None:
        self._waiting.pop(message, None)
        if self._connection is not None:
            self._connection.abort_message(message)

    def _expire(self) -> None:
        self._expiry = None
        if self.reception.expire(self._home.clock.seconds()):
            self._log.info("messages in part got nothing more, and were dropped")
        self.arrived()

    async def _ask(self, received: Received) -> int:
        try:
            return await self._user.message(received)
        except Exception:
            self._log.failure("the user of a session failed over a message")
            received.body.close()
            return _USER_FAILED

    def _end(self, reason: Exception) -> None:
        if self._over is not None:
            return
        self._over = reason
        self._unbind()
        self._home.closed(self)
        self._let_go_on()
        self._fail(reason)

    def _fail(self, reason: Exception, *, only_sent: bool = False) -> None:
        """Messages will not be sent: all of them, or those that have begun to be."""
        for message in list(self._waiting):
            if message.to_path or not only_sent:
                self._waiting.pop(message).errback(reason)

    def _let_go_on(self) -> None:
        held, self._held = self._held, []
        for connection in held:
            connection.resume()

    def _tell(self, told: Any, *what: object) -> None:
        """Tell the user something; what he makes of it is his affair."""
        try:
            told(*what)
        except Exception:
            self._log.failure("the user of a session failed")


def _pieces(content: bytes | IBody) -> Iterator[bytes]:
    """The content, a turn's octets at a time."""
    if not isinstance(content, bytes):
        yield from content.pieces(TURN)
        return
    for at in range(0, len(content), TURN):
        yield content[at : at + TURN]


def _is_secure(path: tuple[str, ...]) -> bool:
    """Whether a path begins with TLS; MsrpSyntaxError where it is none."""
    uris = [parse_uri(each) for each in path]
    if not uris:
        raise MsrpSyntaxError("No Path")
    return uris[0].secure
