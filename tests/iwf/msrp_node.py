"""An MSRP node that only writes down what is wanted of it."""

from __future__ import annotations

from twisted.internet.defer import Deferred, fail, succeed
from zope.interface import implementer

from cpmgw.bodies.interfaces import IBody
from cpmgw.msrp.errors import MsrpError, SessionClosed
from cpmgw.msrp.interfaces import (
    FailureReport,
    IMsrpNode,
    IMsrpSession,
    IMsrpUser,
    Received,
    Remote,
)


@implementer(IMsrpUser)
class Nobody:
    """A user who is told in vain."""

    def connected(self) -> None:
        """Be connected."""

    async def message(self, received: Received) -> int:
        """Take a message."""
        return 200

    def report(self, message_id: str, status: int) -> None:
        """Be told of one."""

    def lost(self, reason: Exception) -> None:
        """Be left."""


@implementer(IMsrpSession)
class Session:
    """A session that goes nowhere: `remotes` are those it was begun with."""

    is_connected = False

    def __init__(
        self, user: IMsrpUser, name: str, max_size: int = 0, *, secure: bool
    ) -> None:
        scheme, self.fingerprint = "msrp", ""
        if secure:
            scheme, self.fingerprint = "msrps", "sha-256 AB:CD"
        self.path = (f"{scheme}://127.0.0.1:2855/{name};tcp",)
        self.address = ("127.0.0.1", 2855)
        self.user = user
        self.remotes: list[Remote] = []
        self.max_size = max_size
        self.closed = False

    def begin(self, remote: Remote) -> None:
        """Note the other side."""
        if self.closed:
            raise SessionClosed("the session is over")
        self.remotes.append(remote)

    def send(
        self,
        content_type: str,
        content: bytes | IBody,
        *,
        success_report: bool = False,
        failure_report: FailureReport = FailureReport.YES,
        message_id: str = "",
    ) -> Deferred[int]:
        """Take a message and never answer it."""
        return Deferred()

    def close(self) -> None:
        """Note the end."""
        self.closed = True


@implementer(IMsrpNode)
class Node:
    """A node; without `room` it opens nothing."""

    def __init__(self, *, is_secure: bool = False) -> None:
        self.is_secure = is_secure
        self.max_size = 100_000
        self.max_chunk = 1_024
        self.room = True
        self.sessions: list[Session] = []

    def open(self, user: IMsrpUser, max_size: int = 0) -> Deferred[IMsrpSession]:
        """Make a session."""
        if not self.room:
            return fail(MsrpError("too many sessions"))
        name = f"s{len(self.sessions) + 1}"
        session = Session(user, name, max_size, secure=self.is_secure)
        self.sessions.append(session)
        opened: Deferred[IMsrpSession] = succeed(session)
        return opened
