"""One call that stands: what comes in its dialog, and its end (RFC 3261 12 to 15)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import Enum
from math import inf
from typing import Final

from twisted.internet.defer import CancelledError, Deferred, succeed
from twisted.logger import Logger
from twisted.python.failure import Failure

from cpmgw.sip.dialogs import session_timer
from cpmgw.sip.dialogs.answers import Fields, completed, other
from cpmgw.sip.dialogs.descriptions import SDP, can_describe, description_of
from cpmgw.sip.dialogs.dialog import Dialog
from cpmgw.sip.dialogs.exchange import Exchange
from cpmgw.sip.dialogs.interfaces import CallUser, End, Ending
from cpmgw.sip.dialogs.modifying import Modifying
from cpmgw.sip.dialogs.repeats import Repeats
from cpmgw.sip.dialogs.ringing import Ringing
from cpmgw.sip.dialogs.session_timer import SessionTimer
from cpmgw.sip.errors import SipError
from cpmgw.sip.legs import Incoming
from cpmgw.sip.message import Request, Response, respond

# How often a BYE is sent where the peer finds its number used (12.2.2).
_BYES: Final = 2


class _Phase(Enum):
    """STANDING until a BYE is wanted, sent or received; CLOSING until its answer."""

    STANDING = 1
    CLOSING = 2
    OVER = 3


class Call:
    """One call that stands (RFC 3261 13).

    `acknowledged` once the ACK of our 2xx has come, or ours has left; `over` once it is
    to end; `answer` the 2xx to an INVITE of ours, for 64*T1; `updates` whether the
    peer knows UPDATE. `contact` is our Contact, `description` what we last described
    the session as. Of these there are many, and most have nothing to do: a call keeps
    no other message than the 2xx that it repeats.
    """

    _log = Logger()

    __slots__ = (
        "_answer_until",
        "_bye",
        "_byes",
        "_exchange",
        "_phase",
        "_repeats",
        "_theirs",
        "_timer",
        "_user",
        "acknowledged",
        "answer",
        "contact",
        "description",
        "dialog",
        "due",
        "modifying",
        "queued",
        "updates",
    )

    def __init__(
        self,
        exchange: Exchange,
        dialog: Dialog,
        user: CallUser | None,
        *,
        contact: str,
        description: bytes,
        updates: bool,
        answer: Response | None = None,
    ) -> None:
        self._exchange = exchange
        self._user = user
        self._phase = _Phase.STANDING
        self._timer = SessionTimer()
        self._repeats: Repeats | None = None
        self._theirs: Deferred[Response] | None = None
        self._bye: Fields | None = None
        self._byes: list[Deferred[None]] = []
        self.dialog = dialog
        self.contact = contact
        self.description = description
        self.updates = updates
        self.answer = answer
        self._answer_until = inf
        if answer is not None:
            self._answer_until = exchange.now() + exchange.settings.timing.transaction
        self.acknowledged = answer is not None
        self.modifying: Modifying | None = None
        self.due = self.queued = inf
        exchange.calls[dialog.id] = self

    @property
    def over(self) -> bool:
        """Whether it has ended, or a BYE is on its way."""
        return self._phase is not _Phase.STANDING

    @property
    def timer(self) -> SessionTimer:
        """Its session timer (RFC 4028)."""
        return self._timer

    # -- for its user --------------------------------------------------------------

    def bye(
        self, reasons: tuple[str, ...] = (), headers: Iterable[tuple[str, str]] = ()
    ) -> Deferred[None]:
        """Hang up; fires when the BYE has its answer, or none will come (15.1.1).

        `reasons` are Reason values (RFC 3326). A call that came is hung up once its ACK
        is there, or will not come (15). Where it is over, nothing is sent.
        """
        if self._phase is _Phase.OVER:
            return succeed(None)
        gone: Deferred[None] = Deferred()
        self._byes.append(gone)
        if not self.over:
            self._close((*_reasons(reasons), *headers))
        return gone

    def reinvite(self, body: bytes) -> Deferred[Response]:
        """Offer another session description; fires with the final response (14.1).

        It waits for its turn, and tries again a few times where the peer's own
        re-INVITE is in the way; then the 491 is the response. Fails with CallFailed
        where there is no response, or the call is over.
        """
        if self.modifying is None:
            self.modifying = Modifying(self, self._exchange)
        return self.modifying.reinvite(body)

    # -- for the exchange ----------------------------------------------------------

    def accepted(self, repeats: Repeats) -> None:
        """Our 2xx is sent: again and again until its ACK comes."""
        self._repeats = repeats
        self.schedule()

    def acknowledge(self, ack: Request) -> None:
        """The ACK of a 2xx has come."""
        repeats = self._repeats
        if repeats is None or ack.cseq.number != repeats.cseq:
            return
        self._repeats = None
        self.acknowledged = True
        self.schedule()
        if self._bye is not None:
            self._send_bye()
        elif self._user is not None and not self.over:
            self._user.acknowledged(ack)
            if repeats.is_offer:
                self.told(description_of(ack))

    def told(self, description: bytes) -> None:
        """The peer has answered a description of ours, if it is not empty."""
        if self._user is None or self.over or not description:
            return
        try:
            self._user.answered(description)
        except Exception:
            self._log.failure("a user cannot be told of an answer")

    def acknowledge_again(self, response: Response) -> None:
        """The 2xx to an INVITE of ours has come once more: so does its ACK."""
        self._exchange.send_ack(self.dialog.ack(response.cseq.number))

    @property
    def is_changing(self) -> bool:
        """Whether an offer of the peer waits for its answer, or a 2xx for its ACK."""
        return self._theirs is not None or self._repeats is not None

    async def within(self, incoming: Incoming) -> Response:
        """Answer a request in the dialog (12.2.2)."""
        request = incoming.request
        method = request.method
        if self._phase is _Phase.OVER or (self.over and method != "BYE"):
            return respond(request, 481)
        if not self.dialog.in_order(request):
            return respond(request, 500, "CSeq Out Of Order")
        if method == "BYE":
            return self._hung_up(request)
        if method in ("INVITE", "UPDATE"):
            return self._clash(request) or await self._change(incoming)
        return other(request)

    # -- changes (14.2, RFC 3311 5.2) ----------------------------------------------

    def _clash(self, request: Request) -> Response | None:
        """The answer to a change that meets another one, None where none is open."""
        is_invite, has_offer = request.method == "INVITE", bool(request.body)
        ours = self.modifying is not None and self.modifying.is_open
        if is_invite and (ours or self._repeats is not None):
            return respond(request, 491)
        if self._theirs is not None and (is_invite or has_offer):
            return self._exchange.later(request)
        pending = ours or (self._repeats is not None and self._repeats.is_offer)
        if has_offer and pending:
            return respond(request, 491)
        if has_offer and not can_describe(request):
            return respond(request, 415, headers=(("Accept", SDP),))
        return session_timer.refusal(request, self._exchange.settings.min_se)

    async def _change(self, incoming: Incoming) -> Response:
        request = incoming.request
        is_offer = False
        if request.body:
            response = await self._answered(incoming)
        elif request.method == "INVITE":
            # 14.2: without an offer it asks for ours, and that has not changed.
            is_offer = True
            response = respond(request, 200, body=self.description)
        else:
            response = respond(request, 200)
        if self.over:
            return respond(request, 487)
        if not 200 <= response.status < 300:
            return response
        return self._changed(incoming, response, is_offer=is_offer)

    async def _answered(self, incoming: Incoming) -> Response:
        """What the user answers; a 487 where the call has ended meanwhile (15.1.2).

        Who answers a re-INVITE may take his time, but not who answers an UPDATE (RFC
        3311 5.2).
        """
        request = incoming.request
        if self._user is None:
            return respond(request, 481)
        answering = Deferred.fromCoroutine(self._user.modified(request))
        self._theirs, ringing = answering, None
        if request.method == "INVITE" and not answering.called:
            ringing = Ringing(incoming, answering, self.contact, self._exchange)
        try:
            return await answering
        except CancelledError:
            if not self.over:
                raise
            return respond(request, 487)
        finally:
            self._theirs = None
            if ringing is not None:
                ringing.stop()

    def _changed(
        self, incoming: Incoming, response: Response, *, is_offer: bool
    ) -> Response:
        """The 2xx to a change, complete; from now on the change holds."""
        request, now = incoming.request, self._exchange.now()
        ours = self._exchange.settings.session_expires
        self.dialog.refresh_target(request)
        told = self._timer.answer(request, ours, now)
        response = completed(response, self.contact, told)
        if response.body:
            self.description = response.body
        if request.method == "INVITE":
            timing = self._exchange.settings.timing
            self._repeats = Repeats(
                incoming.leg, response, timing, now, is_offer=is_offer
            )
        self.schedule()
        return response

    # -- its end (15) --------------------------------------------------------------

    def _hung_up(self, bye: Request) -> Response:
        """A BYE has come; where ours is on its way too, that one ends the call."""
        answer = respond(bye, 200, headers=self._closing(bye))
        if self._phase is _Phase.CLOSING and self._bye is None:
            return answer
        self._finish(End(Ending.BYE_RECEIVED, bye))
        return answer

    def _closing(self, bye: Request) -> Sequence[tuple[str, str]]:
        if self._user is None:
            return ()
        try:
            return self._user.closing(bye)
        except Exception:
            self._log.failure("a user has no answer to a BYE")
            return ()

    def fail(self, how: Ending, status: int = 0) -> None:
        """End a call that cannot go on: its user is told now, and a BYE goes out."""
        if self.over:
            return
        self._phase = _Phase.CLOSING
        self._tell(End(how, None, status))
        self._close(_reasons(self._exchange.settings.reasons))

    def drop(self) -> None:
        """End it without waiting for anything; a BYE that waits for an ACK goes out."""
        if self._bye is not None:
            self._send_bye()
        self._finish(End(Ending.LOST))

    def unsent(self, status: int) -> None:
        """Our 2xx has not been sent, but this instead: there is no call to hang up."""
        self._finish(End(Ending.LOST, None, status))

    def _close(self, headers: Fields) -> None:
        self._phase = _Phase.CLOSING
        self._bye = headers
        self._timer.stop()
        self._stop_changes()
        # 15: a callee sends no BYE before the ACK, or its time-out.
        if self.acknowledged or self._repeats is None:
            self._send_bye()
        self.schedule()

    def _send_bye(self) -> None:
        headers, self._bye = self._bye or (), None
        self._repeats = None
        self._say_bye(headers, _BYES)

    def _say_bye(self, headers: Fields, tries: int) -> None:
        try:
            bye = self.dialog.request("BYE", headers)
        except SipError:
            self._finish(End(Ending.BYE_SENT))
            return
        timeout = self._exchange.settings.timing.transaction
        answer = self._exchange.sender.request(bye, timeout=timeout)
        answer.addCallbacks(self._bye_answered, self._bye_failed, (headers, tries - 1))

    def _bye_failed(self, failure: Failure) -> None:
        if not failure.check(SipError):
            self._log.failure("a BYE cannot be sent", failure=failure)
        self._finish(End(Ending.BYE_SENT))

    def _bye_answered(self, response: Response, headers: Fields, tries: int) -> None:
        """A 500 may mean that its number was taken (12.2.2): then it needs another."""
        if response.status == 500 and tries and self._phase is not _Phase.OVER:
            self._say_bye(headers, tries)
        else:
            self._finish(End(Ending.BYE_SENT))

    def _stop_changes(self) -> None:
        if self._theirs is not None:
            self._theirs.cancel()
        if self.modifying is not None:
            self.modifying.stop()

    def _finish(self, end: End) -> None:
        """Let go of everything; who waits is told, and the user if he was not yet."""
        if self._phase is _Phase.OVER:
            return
        self._phase = _Phase.OVER
        self._repeats = self._bye = self.answer = None
        self._timer.stop()
        self._stop_changes()
        self._exchange.wakes.at(self, inf)
        if self._exchange.calls.get(self.dialog.id) is self:
            del self._exchange.calls[self.dialog.id]
        waiting, self._byes = self._byes, []
        for each in waiting:
            each.callback(None)
        self._tell(end)
        self._exchange.look_if_empty()

    def _tell(self, end: End) -> None:
        user, self._user = self._user, None
        if user is None:
            return
        try:
            user.ended(end)
        except Exception:
            self._log.failure("a user cannot be told of the end of a call")

    # -- time ----------------------------------------------------------------------

    def schedule(self) -> None:
        """Be woken for what is due next."""
        if self._phase is _Phase.OVER:
            return
        due = min(self._timer.due, self._answer_until)
        if self._repeats is not None:
            due = min(due, self._repeats.due)
        if due != self.due:
            self._exchange.wakes.at(self, due)

    def wake(self, now: float) -> None:
        """Do what is due: repeat a 2xx, refresh the session, or end it."""
        if now >= self._answer_until:
            self.answer, self._answer_until = None, inf
        try:
            self._do_what_is_due(now)
        finally:
            self.schedule()

    def _do_what_is_due(self, now: float) -> None:
        repeats = self._repeats
        if repeats is not None and repeats.is_over(now):
            self._not_acknowledged()
        elif repeats is not None:
            repeats.send(now)
        if not self.over and now >= self._timer.end_at:
            self.fail(Ending.EXPIRED)
        elif not self.over and now >= self._timer.refresh_at:
            self._refresh()

    def _not_acknowledged(self) -> None:
        """13.3.1.4, 14.2: no ACK in 64*T1, so the call ends with a BYE."""
        self._repeats = None
        if self.over:
            self._send_bye()
        else:
            self.fail(Ending.NOT_ACKNOWLEDGED)

    def _refresh(self) -> None:
        self._timer.refresh()
        if self.modifying is None:
            self.modifying = Modifying(self, self._exchange)
        self.modifying.refresh()


def _reasons(values: Iterable[str]) -> Fields:
    return tuple([("Reason", each) for each in values])
