"""One request of the caller's, through every address it is tried at (RFC 3263 4.3)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

from cpmgw.sip.errors import SipError, TransactionTimeout, TransportFailed
from cpmgw.sip.forwarding import Forwarding
from cpmgw.sip.message import Request, Response
from cpmgw.sip.resolver import Hop
from cpmgw.sip.transport import Flow

if TYPE_CHECKING:
    from twisted.internet.defer import Deferred

Progress: TypeAlias = Callable[[Response], None]
"""Given each provisional response, each repeated 2xx of an INVITE, and each challenge
that is answered: the request goes again with the next CSeq."""


class Errand:
    """What is known of a request on its way.

    `cancelling`: a CANCEL is wanted or sent, and the final response still awaited;
    `wants_cancel`: it goes out when there is a provisional response; `accepted`: a 2xx
    of an INVITE was given, and what comes after it are repeats. `left`: it may have
    reached somebody who did not answer; `reasons` are the Reason values of its CANCEL.
    `until` is when the transaction is forgotten; `accepted_as` is whose 2xx it was
    where its ACK needs the same credentials.
    """

    __slots__ = (
        "accepted",
        "accepted_as",
        "cancelling",
        "challenged",
        "deferred",
        "done",
        "error",
        "finding",
        "flow",
        "forwarding",
        "hop",
        "hops",
        "key",
        "last",
        "left",
        "progress",
        "reasons",
        "request",
        "retried",
        "reused",
        "sent",
        "until",
        "wants_cancel",
    )

    def __init__(
        self,
        deferred: Deferred[Response],
        progress: Progress | None,
        forwarding: Forwarding | None,
    ) -> None:
        self.deferred = deferred
        self.progress = progress
        self.forwarding = forwarding
        self.request: Request | None = None
        self.sent: Request | None = None
        self.flow: Flow | None = None
        self.hops: list[Hop] = []
        self.hop: Hop | None = None
        self.key = ""
        self.last: Response | None = None
        self.left = False
        self.reasons: tuple[str, ...] = ()
        self.error: SipError | None = None
        self.done = False
        self.accepted = False
        self.accepted_as: tuple[str, str, int] | None = None
        self.challenged = 0
        self.cancelling = False
        self.wants_cancel = False
        self.finding: Deferred[None] | None = None
        self.reused = False
        self.retried = False
        self.until = 0.0

    @property
    def may_go_again(self) -> bool:
        """Whether it can be sent once more: a proxied one not if it may have left.

        Who sent it decides that, as only he knows what comes of it twice.
        """
        return self.forwarding is None or not self.left

    def blame(self, error: SipError) -> None:
        """What it fails with in the end; that it may have left is not forgotten."""
        if not _may_have_left(self.error):
            self.error = error


def _may_have_left(error: SipError | None) -> bool:
    if isinstance(error, TransportFailed):
        return error.sent
    return isinstance(error, TransactionTimeout)
