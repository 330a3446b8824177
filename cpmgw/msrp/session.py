"""One session: who it is with, what it is bound to, and what its user is told."""

from __future__ import annotations

from typing import Any, Final, Protocol

import msgspec
from twisted.internet.defer import CancelledError, Deferred, fail
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from cpmgw.bodies.interfaces import IBody
from cpmgw.bodies.spool import Spool
from cpmgw.msrp.connection import MsrpConnection
from cpmgw.msrp.errors import (
    MsrpError,
    MsrpSyntaxError,
    SessionClosed,
    SessionLost,
    TooLarge,
    TooMany,
)
from cpmgw.msrp.frames import (
    BOUND_ELSEWHERE,
    NO_SESSION,
    OK,
    TIMEOUT,
    Request,
    is_ident,
)
from cpmgw.msrp.identifiers import new_ident
from cpmgw.msrp.inbox import Inbox
from cpmgw.msrp.interfaces import (
    FailureReport,
    IMsrpSession,
    IMsrpUser,
    IMsrpWatcher,
    Remote,
)
from cpmgw.msrp.nobody import NOBODY
from cpmgw.msrp.post import Post
from cpmgw.msrp.reception import Complete, Reception, ReceptionLimits
from cpmgw.msrp.sending import Outgoing, pieces_of
from cpmgw.msrp.settings import MsrpSettings
from cpmgw.msrp.tls import has_certificate
from cpmgw.msrp.uri import parse_uri, same_path

# So many connections may wait for a session to begin.
_HELD: Final = 4


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
        max_size: int = 0,
    ) -> None:
        self.path = path
        self.address = address
        self.fingerprint = fingerprint
        self.is_connected = False
        self.reception = Reception(
            home.spool, _limits(home.settings.reception, max_size)
        )
        settings = home.settings
        self.inbox = Inbox(
            user,
            self.reception,
            unanswered=settings.unanswered,
            most_waiting=settings.waiting,
        )
        self._post = Post(
            home.clock,
            settings.sending.answer_timeout,
            settings.queue,
            settings.queue_octets,
        )
        self._home = home
        self._user = user
        self._way_out = tuple(reversed(path[:-1]))
        self._relay = relay
        self._remote: Remote | None = None
        self._over: Exception | None = None
        self._connection: MsrpConnection | None = None
        self._attempt: Deferred[None] | None = None
        self._binding: Outgoing | None = None
        self._bound_at = 0.0
        self._setup: IDelayedCall | None = None
        self._expiry: IDelayedCall | None = None
        self.held: dict[MsrpConnection, None] = {}
        self._secure = False
        if relay is not None:
            self._join(relay)

    # -- for its user -------------------------------------------------------------

    def begin(self, remote: Remote) -> None:
        """The other side is known: let it in, or connect to it."""
        if self._over is not None:
            raise SessionClosed("the session is over")
        secure = _is_secure(remote.path)
        before, self._remote = self._remote, remote
        if before is not None:
            stays = self.is_connected or before.active == remote.active
            if stays and _reached(before) == _reached(remote):
                self._remote = msgspec.structs.replace(
                    before, max_size=remote.max_size, max_chunk=remote.max_chunk
                )
                return
            left = self._connection
            self._unbind()
            if left is not None and left.is_idle:
                left.close()  # (RFC 4145 5.1)
            self._post.put_back(SessionLost("the session has moved"))
            if self._relay is not None:
                self._join(self._relay)
        self._secure = secure
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
        in_memory = size if isinstance(content, bytes) else 0
        try:
            self._post.check(in_memory)
        except TooMany as error:
            return fail(error)
        if not (content_type and content_type.isascii() and content_type.isprintable()):
            return fail(MsrpError("malformed Content-Type"))
        if message_id and not is_ident(message_id):
            return fail(MsrpError("malformed Message-ID"))
        message = Outgoing(
            self,
            message_id=message_id or new_ident(),
            content_type=content_type,
            size=size,
            pieces=pieces_of(content),
            success_report=success_report,
            failure_report=failure_report,
        )
        sent = self._post.add(message, in_memory, self._cancel)
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

    def hold(self, connection: MsrpConnection) -> bool:
        """Have a connection go on once the session has begun, if it may wait."""
        if connection not in self.held and len(self.held) >= _HELD:
            return False
        self.held[connection] = None
        return True

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
            return BOUND_ELSEWHERE
        if request.method != "SEND" or not connection.up:
            return NO_SESSION
        if not self._knows(connection, remote):
            self._log.info("{peer} has another certificate", peer=connection.peer)
            connection.distrusted = True
            return NO_SESSION
        self._join(connection)
        self._connected()
        return 0

    def deliver(self, complete: Complete, request: Request) -> None:
        """A message is here whole: let the user answer it."""
        assert self._connection is not None
        self.inbox.take(complete, request, self._connection)

    def reported(self, request: Request) -> None:
        """A REPORT has come; one that cannot be understood is passed over."""
        try:
            stopped, tells = self._post.reported(request)
        except MsrpSyntaxError as error:
            self._log.debug("a REPORT was not understood: {error}", error=error)
            return
        if stopped is not None:
            self._cancel(stopped)
        if tells:
            self._tell(self._user.report, request.message_id, request.status)

    def arrived(self) -> None:
        """A chunk has come: see to it that the rest of its message does."""
        deadline = self.reception.deadline
        if deadline is not None and self._expiry is None:
            wait = max(0.0, deadline - self._home.clock.seconds())
            self._expiry = self._home.clock.callLater(wait, self._expire)

    def settled(self, message: Outgoing) -> None:
        """It is decided what became of a message."""
        if message is self._binding:
            self._bound(message.status)
        else:
            self._post.settled(message)

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
            error, user = SessionLost(reason), self._user
            self._end(error)
            self._tell(user.lost, error)

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
        self._bound_at = self._home.clock.seconds()
        connection.send(self._binding)

    def _not_reached(self, failure: Failure) -> None:
        if failure.check(CancelledError) is None:
            self.lose(f"the peer was not reached: {failure.value}")

    def _not_set_up(self) -> None:
        self._setup = None
        if self._binding is not None:
            self._bound(None)
        else:
            self.lose("the session was not set up in time")

    def _join(self, connection: MsrpConnection) -> None:
        self._connection = connection
        connection.join(self)

    def _bound(self, status: int | None) -> None:
        """The peer has answered the SEND that binds, or has not."""
        self._binding, connection = None, self._connection
        if status == OK:
            self._connected()
            return
        silent = status in (None, TIMEOUT)
        self.lose(
            "the peer did not answer" if silent else f"the peer answered {status}"
        )
        if silent and connection is not None:
            connection.suspect(self._bound_at)

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
        for message in self._post.unsent:
            if message in self._post and not message.to_path:
                self._send(message)
        self._tell(self._user.connected)

    def _send(self, message: Outgoing) -> None:
        remote, connection = self._remote, self._connection
        if remote is None or connection is None:
            return
        if 0 < remote.max_size < message.size:
            self._post.fail(message, TooLarge("the peer takes less"))
            return
        message.to_path = self._to_path(remote)
        message.from_path = self.path[-1:]
        message.max_chunk = remote.max_chunk
        relay = self._home.settings.relay
        if self._relay is not None and relay is not None:
            message.max_chunk = min(relay.chunk, remote.max_chunk or relay.chunk)
        if len(message.to_path) > 1:
            self._post.ask_far_end(message)
        connection.send(message)

    def _cancel(self, message: Outgoing) -> None:
        if self._connection is not None:
            self._connection.abort_message(message)

    def _expire(self) -> None:
        self._expiry = None
        expired = self.reception.expire(self._home.clock.seconds())
        if expired:
            self._log.info("messages in part got nothing more, and were dropped")
        self.arrived()
        watcher = IMsrpWatcher(self._user, None)
        if watcher is not None:
            for message_id in expired:
                self._tell(watcher.dropped, message_id)

    def _end(self, reason: Exception) -> None:
        if self._over is not None:
            return
        self._over = reason
        self._unbind()
        self._home.closed(self)
        self._let_go_on()
        self._post.fail_all(reason)
        self.inbox.close()
        self._user = NOBODY  # who holds a session is not held by it

    def _let_go_on(self) -> None:
        held, self.held = self.held, {}
        for connection in held:
            connection.resume(self)

    def _tell(self, told: Any, *what: object) -> None:
        """Tell the user something; what he makes of it is his affair."""
        try:
            told(*what)
        except Exception:
            self._log.failure("the user of a session failed")


def _reached(remote: Remote) -> tuple[object, ...]:
    """What makes a connection to the other side another one."""
    return remote.path, remote.connect_to, remote.fingerprints, remote.connection


def _limits(limits: ReceptionLimits, max_size: int) -> ReceptionLimits:
    """Those of a session that takes no more than so many octets; 0 says nothing."""
    if not 0 < max_size < limits.max_size:
        return limits
    return msgspec.structs.replace(limits, max_size=max_size)


def _is_secure(path: tuple[str, ...]) -> bool:
    """Whether a path begins with TLS; MsrpSyntaxError where it is none."""
    uris = [parse_uri(each) for each in path]
    if not uris:
        raise MsrpSyntaxError("No Path")
    return uris[0].secure
