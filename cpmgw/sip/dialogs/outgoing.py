"""An INVITE of ours, until its final answers (RFC 3261 13.2)."""

from __future__ import annotations

from math import inf
from typing import Final

from twisted.internet.defer import CancelledError, Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure

from cpmgw.sip.dialogs import session_timer
from cpmgw.sip.dialogs.answers import knows_update, other
from cpmgw.sip.dialogs.call import Call
from cpmgw.sip.dialogs.descriptions import description_of
from cpmgw.sip.dialogs.dialog import Dialog
from cpmgw.sip.dialogs.exchange import ALLOW, Exchange
from cpmgw.sip.dialogs.interfaces import CallFailed, CallUser, refused, unanswered
from cpmgw.sip.errors import SipError
from cpmgw.sip.message import Request, Response, respond

# How often a 422 has the INVITE sent anew, with what it asks for (RFC 4028 7.3).
TRIES: Final = 3
# Of so many others than the first answers are taken note of (13.2.2.4).
MOST_FORKS: Final = 16


class OutgoingCall:
    """An INVITE on its way.

    `answered` fires with the call once there is a 2xx, which has its ACK by then and
    can be read as the call's `answer`; it fails with CallFailed. To cancel this
    Deferred is to `cancel` the call.
    """

    _log = Logger()

    __slots__ = (
        "_answer",
        "_call",
        "_call_id",
        "_early",
        "_exchange",
        "_forks",
        "_given_up",
        "_min_se",
        "_reasons",
        "_request",
        "_tries",
        "_user",
        "answered",
        "due",
        "queued",
    )

    def __init__(self, exchange: Exchange, request: Request, user: CallUser) -> None:
        self.answered: Deferred[Call] = Deferred(self._unwanted)
        self._exchange = exchange
        self._request = request
        self._user: CallUser | None = user
        self._answer: Deferred[Response] | None = None
        self._call: Call | None = None
        self._call_id = (request.call_id, request.from_.tag or "")
        self._early: set[str] = set()
        self._forks: set[str] = set()
        self._given_up = False
        self._reasons: tuple[str, ...] = ()
        self._min_se = session_timer.SHORTEST
        self._tries = TRIES
        self.due = self.queued = inf

    def start(self) -> None:
        """Send the INVITE."""
        exchange = self._exchange
        exchange.outgoing[self._call_id] = self
        exchange.wakes.at(self, exchange.now() + exchange.settings.answer_timeout)
        self._send()

    def refuse(self, failure: CallFailed) -> None:
        """Have it fail without sending anything."""
        self.answered.errback(failure)

    def cancel(self, reasons: tuple[str, ...] = ()) -> None:
        """CANCEL it; `answered` fails when that has its effect (9.1).

        `reasons` are Reason values (RFC 3326). Where a 2xx is faster, the call it makes
        is hung up. After `answered` has fired, nothing happens.
        """
        if self._given_up or self._answer is None:
            return
        self._given_up, self._reasons = True, reasons
        self._exchange.wakes.at(self, inf)
        self._exchange.sender.cancel(self._answer, reasons)

    def wake(self, now: float) -> None:
        """It has rung for long enough."""
        self.cancel()

    def drop(self) -> None:
        """Have it fail without waiting for anything."""
        self._given_up = True
        if self._answer is not None:
            self._answer.cancel()
        else:
            self._over()

    def within(self, request: Request) -> Response:
        """Answer what comes in an early dialog (RFC 3311 5.2): our offer is open.

        Such a dialog is made by a provisional response (12.1). A callee does not hang
        up before it has answered (15).
        """
        if (request.from_.tag or "") not in self._early:
            return respond(request, 481)
        if request.method == "UPDATE":
            if request.body:
                return respond(request, 491)
            contact = self._request.headers.get("Contact") or ""
            return respond(request, 200, headers=(("Contact", contact), ALLOW))
        if request.method == "OPTIONS":
            return other(request)
        return respond(request, 481)

    # -- answers -------------------------------------------------------------------

    def _send(self) -> None:
        answer = self._answer = self._exchange.sender.request(
            self._request, timeout=inf, progress=self._progressed
        )
        answer.addCallbacks(self._got, self._failed)
        answer.addErrback(self._broken)

    def _progressed(self, response: Response) -> None:
        """A provisional response, or a 2xx after the first one (13.2.2.4)."""
        call, tag = self._call, response.to.tag or ""
        if not 200 <= response.status < 300:
            if tag and response.status < 200 and len(self._early) < MOST_FORKS:
                self._early.add(tag)
            return
        if call is not None and call.dialog.id[2] == tag:
            call.acknowledge_again(response)
            return
        try:
            dialog = Dialog.of_client(self._request, response)
        except SipError:
            dialog = Dialog.unusable(self._request, response)
        if tag in self._forks or len(self._forks) >= MOST_FORKS:
            self._exchange.send_ack(dialog.ack(response.cseq.number))
            return
        self._forks.add(tag)
        self._made(dialog, response, None).bye()

    def _got(self, response: Response) -> None:
        if 200 <= response.status < 300:
            self._accepted(response)
        elif response.status == 422 and self._asks_again(response):
            self._send()
        else:
            self._fail(refused(response))

    def _accepted(self, response: Response) -> None:
        try:
            dialog = Dialog.of_client(self._request, response)
        except SipError as error:
            self._forks.add(response.to.tag or "")
            unusable = Dialog.unusable(self._request, response)
            self._made(unusable, response, None).bye()
            self._fail(CallFailed(str(error), status=502))
            return
        given_up = self._given_up
        user = None if given_up else self._user
        call = self._call = self._made(dialog, response, user)
        self._over()
        if given_up:
            call.bye(self._reasons)
            self._fail(CallFailed("given up"))
        elif not self.answered.called:
            self.answered.callback(call)

    def _made(self, dialog: Dialog, response: Response, user: CallUser | None) -> Call:
        """The call that a 2xx makes, with its ACK sent."""
        request, exchange = self._request, self._exchange
        call = Call(
            exchange,
            dialog,
            user,
            contact=request.headers.get("Contact") or "",
            description=description_of(request),
            updates=knows_update(response),
            answer=response,
        )
        call.timer.min_se = self._min_se
        call.timer.agree(response, exchange.now())
        call.acknowledge_again(response)
        call.schedule()
        return call

    def _asks_again(self, response: Response) -> bool:
        """Ask for the interval that a 422 allows, if that is to be had (RFC 4028 7.3).

        What is anew has the next number (RFC 3261 8.1.3.5).
        """
        try:
            asked = session_timer.min_se(response.headers)
            wanted = session_timer.session_expires(self._request.headers)
        except SipError:
            return False
        self._tries -= 1
        if self._given_up or asked <= self._min_se or self._tries <= 0:
            return False
        if asked > session_timer.LONGEST:
            return False
        self._min_se = asked
        number = response.cseq.number + 1
        headers = self._request.headers.with_replaced("CSeq", f"{number} INVITE")
        headers = headers.with_replaced("Min-SE", str(asked))
        if wanted is not None:
            more = session_timer.SessionExpires(
                max(wanted.seconds, asked), wanted.refresher
            )
            headers = headers.with_replaced("Session-Expires", str(more))
        self._request = self._request.replace(headers=headers)
        return True

    def _failed(self, failure: Failure) -> None:
        error = failure.value
        if isinstance(error, CancelledError):
            error = SipError("given up")
        elif not isinstance(error, SipError):
            self._log.failure("an INVITE cannot be sent", failure=failure)
            error = SipError("an INVITE cannot be sent")
        if self._given_up:
            self._fail(CallFailed("given up"))
        else:
            self._fail(unanswered(error))

    def _broken(self, failure: Failure) -> None:
        """An answer could not be dealt with."""
        self._log.failure("an answer to an INVITE", failure=failure)
        self._fail(CallFailed("cannot deal with the answer", status=500))

    def _fail(self, error: CallFailed) -> None:
        self._over()
        if not self.answered.called:
            self.answered.errback(error)

    def _unwanted(self, _: Deferred[Call]) -> None:
        self.cancel()

    def _over(self) -> None:
        """There is a final answer; further ones may follow."""
        self._answer = self._user = None
        self._exchange.wakes.at(self, inf)
        if self._exchange.outgoing.get(self._call_id) is self:
            del self._exchange.outgoing[self._call_id]
            self._exchange.look_if_empty()
