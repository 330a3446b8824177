"""What a user of MSRP sees of it: a node, its sessions, and what they tell him."""

from __future__ import annotations

from collections.abc import Awaitable
from enum import Enum

import msgspec
from twisted.internet.defer import Deferred
from zope.interface import Attribute, Interface

from cpmgw.bodies.interfaces import IBody


class FailureReport(Enum):
    """When the sender wants to hear of a SEND (RFC 4975 7.1.2)."""

    YES = "yes"
    NO = "no"
    PARTIAL = "partial"


class Remote(msgspec.Struct, frozen=True, kw_only=True):
    """The other side of a session, as SDP has told it.

    `path` are its MSRP URIs, the nearest first; `connect_to` the host and port to
    connect to where we are `active` (RFC 6135), by c- and m-line with CEMA (RFC 6714).
    With `by_session_id` only the session-id of a To-Path is compared (legacy session
    matching, conversation TS 5.2.1.4.1). `fingerprints` are those of its certificate,
    as `a=fingerprint` has them; none is checked without. `max_size` is the largest
    message and `max_chunk` the largest chunk that it takes, in octets; 0 is no limit.
    `connection` numbers those that follow one another (RFC 4145 5.1).
    """

    path: tuple[str, ...]
    connect_to: tuple[str, int] | None = None
    active: bool = False
    by_session_id: bool = False
    fingerprints: tuple[str, ...] = ()
    max_size: int = 0
    max_chunk: int = 0
    connection: int = 0


class Received(msgspec.Struct, frozen=True, kw_only=True):
    """A whole message that has come (RFC 4975 5.1); whoever gets it closes the body."""

    message_id: str
    content_type: str
    body: IBody
    success_report: bool = False
    failure_report: FailureReport = FailureReport.YES


class IMsrpUser(Interface):
    """Who is at this end of a session."""

    def connected() -> None:
        """The session is bound to a connection: messages can go both ways."""

    def message(received: Received) -> Awaitable[int]:
        """A message is here whole; the status that answers its last chunk.

        It may take its time: until then the peer waits, and this side reads on only
        as far as its limits let it. A success report that was asked for follows a 200.
        """

    def report(message_id: str, status: int) -> None:
        """The peer reports of a message that was sent: 200, or why not (7.1.2)."""

    def lost(reason: Exception) -> None:
        """The session is of no use any more, and was not closed from here."""


class IMsrpWatcher(Interface):
    """A user who wants to know of messages that do not become whole; most do not."""

    def dropped(message_id: str) -> None:
        """What had come of a message was dropped, for nothing more came of it."""


class IMsrpSession(Interface):
    """One session of a node."""

    path: tuple[str, ...] = Attribute("Our own path, for a=path; the nearest first.")
    address: tuple[str, int] = Attribute("Host and port of c- and m-line (RFC 6714).")
    fingerprint: str = Attribute("For a=fingerprint where it goes over TLS, else ''.")
    is_connected: bool = Attribute("Whether it is bound to a connection.")

    def begin(remote: Remote) -> None:
        """The other side is known: let it in, or connect to it and bind (5.4).

        If it is not connected within the node's `setup_timeout`, it is lost. May be
        called again after a modification. With the same path, place, certificate and
        number of the `connection` only the sizes count anew; otherwise the connection
        is left, and what was being sent over it fails.
        """

    def send(
        content_type: str,
        content: bytes | IBody,
        *,
        success_report: bool = False,
        failure_report: FailureReport = FailureReport.YES,
        message_id: str = "",
    ) -> Deferred[int]:
        """Send a message, in chunks where it is long; those of several take turns.

        Fires with the status of the answer to its last chunk (200), or of the first
        that is not 200, at which the rest is not sent ("#"); 408 where no answer came
        in time. Waits for the connection. Fails with an MsrpError where the session is
        lost or closed before, or is larger than the peer takes. Cancelling it stops
        the sending.
        """

    def close() -> None:
        """End it: what was not sent fails, what came in part is dropped."""


class IMsrpNode(Interface):
    """Where MSRP sessions of this gateway are."""

    max_size: int = Attribute("Octets of the largest message that is taken.")
    max_chunk: int = Attribute("Kilobytes of a chunk to agree on; 0 is not to agree.")
    is_secure: bool = Attribute("Whether its sessions are offered over TLS.")

    def open(user: IMsrpUser, max_size: int = 0) -> Deferred[IMsrpSession]:
        """Make a session with a path of its own; AUTH at the relay where there is one.

        A message of more than `max_size` octets is refused (413) as soon as it says so;
        0 is what the node takes.
        Fails with an MsrpError where there are as many as there may be, or the relay
        does not let us (RFC 4976).
        """
