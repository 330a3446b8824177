"""What calls need, and what their users are told (RFC 3261 13 to 15)."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import TYPE_CHECKING, Protocol

import msgspec

from cpmgw.sip.errors import SipError, TransactionTimeout
from cpmgw.sip.message import Request, Response
from cpmgw.sip.transaction.machine import Timing

if TYPE_CHECKING:
    from twisted.internet.defer import Deferred

    from cpmgw.sip.errand import Progress


class Sender(Protocol):
    """Who sends what calls and subscriptions say; an Endpoint is one."""

    def request(
        self,
        request: Request,
        *,
        timeout: float | None = None,
        progress: Progress | None = None,
    ) -> Deferred[Response]:
        """Send a request without a Via; fires with the final response.

        It waits for `timeout` seconds, infinity being no limit. `progress` is called
        with each provisional response, with each further 2xx of an INVITE, and with a
        401 or 407 after which the same goes out with the next CSeq. Fails with a
        SipError.
        """

    def cancel(self, answer: Deferred[Response], reasons: tuple[str, ...] = ()) -> None:
        """CANCEL the INVITE that this Deferred was given for, and go on waiting."""

    def acknowledge(self, ack: Request) -> Deferred[None]:
        """Send the ACK of a 2xx; fires when it has left, fails with a SipError."""


class CallSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What calls are held to; times in seconds.

    `session_expires` is how long a session lasts without a refresh where its peer does
    not say, `min_se` the shortest that is accepted (RFC 4028). An INVITE that came is
    answered 180 anew each `ring_again`; one that was sent is cancelled after
    `answer_timeout`, a re-INVITE after `modify_timeout`. `calls` bounds how many there
    are in all; past it those that come are answered 503 with `retry_after`. `drain` is
    how long `Calls.stop` waits. `reasons` are Reason values (RFC 3326) of a BYE that no
    user of a call has asked for.
    """

    timing: Timing = Timing()
    session_expires: int = 1800
    min_se: int = 90
    ring_again: float = 60.0
    answer_timeout: float = 180.0
    modify_timeout: float = 32.0
    calls: int = 20_000
    retry_after: int = 5
    drain: float = 5.0
    reasons: tuple[str, ...] = ()


class Ending(Enum):
    """What has ended a call."""

    BYE_RECEIVED = "bye received"
    BYE_SENT = "bye sent"
    NOT_ACKNOWLEDGED = "not acknowledged"
    """No ACK came for a 2xx of ours (RFC 3261 13.3.1.4)."""
    EXPIRED = "expired"
    """Nobody refreshed the session (RFC 4028 10)."""
    LOST = "lost"
    """The peer does not answer, or knows nothing of the call (RFC 3261 12.2.1.2).

    Also where there never was one, as our 2xx could not be sent.
    """


class End(msgspec.Struct, frozen=True):
    """How a call ended; `request` is the BYE that came, `status` what told of a loss.

    A loss without an answer has the status 408; one of a 2xx that was not sent has that
    of what was sent instead.
    """

    how: Ending
    request: Request | None = None
    status: int = 0


class CallFailed(SipError):
    """A call that was not answered, or a change of it that could not be asked for.

    `response` is what refused it; without one nobody answered, it could not be sent,
    or it was given up: `status` is then 408, 503 or 487.
    """

    def __init__(
        self, why: str, *, response: Response | None = None, status: int = 487
    ) -> None:
        super().__init__(why)
        self.response = response
        self.status = response.status if response is not None else status


def refused(response: Response) -> CallFailed:
    """The failure that a response makes."""
    why = f"{response.status} {response.reason}"
    return CallFailed(why, response=response)


def unanswered(error: SipError) -> CallFailed:
    """The failure that no response makes (RFC 3261 8.1.3.1)."""
    status = 408 if isinstance(error, TransactionTimeout) else 503
    return CallFailed(str(error), status=status)


class CallUser(Protocol):
    """Who uses a call. It is told of it from the moment that the call stands."""

    def acknowledged(self, ack: Request) -> None:
        """The ACK of a 2xx of ours has come: that of the INVITE, then of re-INVITEs."""

    async def modified(self, request: Request) -> Response:
        """A re-INVITE or UPDATE with an offer: its final answer, made by `respond`.

        A 2xx has the answer as its body; Contact, Content-Type and what the session
        timer needs are added. Anything else leaves all as it was (RFC 3261 14.2). It
        is cancelled when the request is, or the call ends.
        """

    def answered(self, description: bytes) -> None:
        """The SDP answer to what we have described ourselves as, in a call that stands.

        It came with the ACK of a re-INVITE without an offer, or with the 2xx to one of
        ours: a refresh, or what `Call.reinvite` was asked for.
        """

    def closing(self, bye: Request) -> Sequence[tuple[str, str]]:
        """Further header fields of the 200 to a BYE that came."""

    def ended(self, end: End) -> None:
        """It is over, whatever has ended it; called once, and nothing after it."""
