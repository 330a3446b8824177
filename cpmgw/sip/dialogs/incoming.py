"""An INVITE that came, until its final answer (RFC 3261 13.3)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from math import inf
from typing import Final

from twisted.internet.defer import CancelledError

from cpmgw.errors import CannotInterwork
from cpmgw.sip.dialogs import session_timer
from cpmgw.sip.dialogs.answers import completed, knows_update
from cpmgw.sip.dialogs.call import Call
from cpmgw.sip.dialogs.dialog import Dialog, DialogId
from cpmgw.sip.dialogs.exchange import ALLOW, Exchange
from cpmgw.sip.dialogs.interfaces import CallUser
from cpmgw.sip.dialogs.repeats import Repeats
from cpmgw.sip.errors import SipSyntaxError
from cpmgw.sip.legs import Incoming, ServerLeg
from cpmgw.sip.message import Request, Response, respond
from cpmgw.sip.status import reason_for

# The answer to what waits when the user agent stops: nobody has cancelled it.
STOPPING: Final = 480


class IncomingCall:
    """An INVITE that came and waits for its answer.

    What its handler returns is the answer: that of `accept`, or a failure, or what an
    exception makes of it; then this is over, as it is when it takes too long.
    `request` is the INVITE.
    """

    __slots__ = (
        "_call",
        "_callback",
        "_contact",
        "_exchange",
        "_headers",
        "_id",
        "_is_over",
        "_leg",
        "_told",
        "due",
        "queued",
        "request",
    )

    def __init__(self, exchange: Exchange, incoming: Incoming, contact: str) -> None:
        self.request = request = incoming.request
        self._exchange = exchange
        self._leg: ServerLeg = incoming.leg
        self._contact = contact
        self._call: Call | None = None
        self._callback: Callable[[], None] | None = None
        self._headers: tuple[tuple[str, str], ...] = ()
        self._told = False
        self._is_over = False
        self._id: DialogId = (
            request.call_id,
            self._leg.tag,
            request.from_.tag or "",
        )
        self.due = self.queued = inf
        exchange.early[self._id] = self
        self._leg.when_finished(self._finished)

    @property
    def cancelled(self) -> bool:
        """Whether a CANCEL has come, or a BYE in its stead (15)."""
        return self._leg.cancelled

    def when_cancelled(self, callback: Callable[[], None]) -> None:
        """Have `callback` called at a CANCEL, at once if there was one.

        The handler then goes on, and answers 487 in its own time. Without this, it is
        cancelled.
        """
        self._callback = callback
        self._leg.when_cancelled(self._cancelled)

    def ring(self, headers: Iterable[tuple[str, str]] = ()) -> None:
        """Answer 180, and again from time to time until the final answer (13.3.1.1).

        The handler has its time from then on as `ServerLeg.when_cancelled` says. Fails
        with CancelledError after a CANCEL, and after the final answer.
        """
        self._must_be_open()
        self._headers = tuple(headers)
        self._leg.when_cancelled(self._cancelled)
        self.wake(self._exchange.now())

    def accept(
        self,
        user: CallUser,
        *,
        body: bytes,
        headers: Iterable[tuple[str, str]] = (),
    ) -> tuple[Call, Response]:
        """The call, and the 200 for the handler to return exactly as it is (13.3.1.4).

        `body` is the SDP answer. The 200 is sent again until its ACK has come, which
        `user` is told; without one the call ends, as it does where something else is
        sent instead. Fails with CancelledError after a CANCEL, which makes the
        handler's answer a 487, and after the final answer.
        """
        self._must_be_open()
        exchange, request = self._exchange, self.request
        response = respond(
            request, 200, headers=headers, body=body, to_tag=self._leg.tag
        )
        dialog = Dialog.of_server(request, response)
        call = self._call = Call(
            exchange,
            dialog,
            user,
            contact=self._contact,
            description=body,
            updates=knows_update(request),
        )
        now, settings = exchange.now(), exchange.settings
        told = call.timer.answer(request, settings.session_expires, now)
        response = completed(response, self._contact, told)
        self._over()
        # From here on a CANCEL comes too late (9.2), also while the 200 is on its way.
        self._leg.when_cancelled(_too_late)
        call.accepted(Repeats(self._leg, response, settings.timing, now))
        return call, response

    # -- for the exchange ----------------------------------------------------------

    def within(self, request: Request) -> Response:
        """Answer what comes in the early dialog that a 180 of ours has made.

        The caller may hang up (15). There is an offer that has no answer yet, so an
        UPDATE comes too early (RFC 3311 5.2); so does all else.
        """
        if request.method == "BYE":
            self._leg.cancelled = True
            self._cancelled()
            return respond(request, 200)
        if request.method == "UPDATE":
            return self._exchange.later(request)
        return respond(request, 481)

    def stop(self) -> None:
        """End it, as a CANCEL would, but with a 480: its handler may take its time."""
        self._leg.given_up = STOPPING
        self._cancelled()

    def drop(self) -> None:
        """End it now."""
        self._leg.given_up = STOPPING
        self._over()
        if self._leg.deferred is not None:
            self._leg.deferred.cancel()

    def wake(self, now: float) -> None:
        """Ring, and again later."""
        headers = (("Contact", self._contact), ALLOW, *self._headers)
        ringing = respond(self.request, 180, headers=headers, to_tag=self._leg.tag)
        self._exchange.wakes.at(self, now + self._exchange.settings.ring_again)
        self._leg.send_provisional(ringing)

    def _cancelled(self) -> None:
        """9.2: it is answered 487, by the handler or in its stead."""
        self._exchange.wakes.at(self, inf)
        if self._told:
            return
        self._told = True
        callback, self._callback = self._callback, None
        if callback is not None:
            callback()
        elif self._leg.deferred is not None:
            self._leg.deferred.cancel()

    def _must_be_open(self) -> None:
        if self.cancelled or self._is_over or self._leg.given_up:
            raise CancelledError

    def _finished(self, status: int) -> None:
        """There is a final answer; perhaps not the one that was to be given."""
        self._over()
        call, self._call = self._call, None
        if call is not None and not 200 <= status < 300:
            call.unsent(status)

    def _over(self) -> None:
        """No answer is to be given any more."""
        self._is_over = True
        self._exchange.wakes.at(self, inf)
        self._callback = None
        if self._exchange.early.get(self._id) is self:
            del self._exchange.early[self._id]
            self._exchange.look_if_empty()


def _too_late() -> None:
    """A CANCEL has no effect on what has its answer."""


def admitted(incoming: Incoming, exchange: Exchange) -> None:
    """See that an INVITE can make a call; fails with CannotInterwork.

    503 where there are too many, 400 where it can have no dialog, 422 where its session
    interval is too short (RFC 4028 9).
    """
    request = incoming.request
    if exchange.is_full:
        wait = str(exchange.settings.retry_after)
        raise _refusal(503, "", "calls", "RFC 3261 21.5.4", (("Retry-After", wait),))
    refusal = session_timer.refusal(request, exchange.settings.min_se)
    if refusal is not None:
        kept = tuple([each for each in refusal.headers if each[0] == "Min-SE"])
        raise _refusal(
            refusal.status, refusal.reason, "session-timer", "RFC 4028 9", kept
        )
    try:
        Dialog.of_server(request, respond(request, 100))
    except SipSyntaxError as error:
        raise _refusal(400, error.reason, "dialog", "RFC 3261 12.1.1") from error


def _refusal(
    status: int,
    reason: str,
    cause: str,
    section: str,
    headers: tuple[tuple[str, str], ...] = (),
) -> CannotInterwork:
    reason = reason or reason_for(status)
    return CannotInterwork(
        status, reason, cause=cause, section=section, warning=reason, headers=headers
    )
