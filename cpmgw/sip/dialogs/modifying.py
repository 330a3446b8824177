"""What we change in a call ourselves: re-INVITE, and the refresh of its session.

RFC 3261 14.1, RFC 3311 5.1, RFC 4028 7.4 and 10.
"""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING, Final

from twisted.internet.defer import CancelledError, Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure

from cpmgw.sip.dialogs.descriptions import description_of
from cpmgw.sip.dialogs.exchange import ALLOW, Exchange
from cpmgw.sip.dialogs.interfaces import CallFailed, Ending, refused, unanswered
from cpmgw.sip.dialogs.wakes import unless_cancelled
from cpmgw.sip.errors import SipError, TransactionTimeout
from cpmgw.sip.message import Response

if TYPE_CHECKING:
    from cpmgw.sip.dialogs.call import Call

# How often a re-INVITE is tried: behind what is open here, or there (491, 500).
TRIES: Final = 5
# Of a Retry-After that a 500 has, at most so many seconds are waited (14.2).
_LONGEST_WAIT: Final = 10
# What ends the call (12.2.1.2), and what says that UPDATE is not known.
_GONE: Final = frozenset((408, 481))
_UNKNOWN: Final = frozenset((405, 501))


class Modifying:
    """The changes of ours in one call: one at a time, and never beside the peer's."""

    _log = Logger()

    __slots__ = ("_call", "_exchange", "_invited", "_pauses", "_work")

    def __init__(self, call: Call, exchange: Exchange) -> None:
        self._call = call
        self._exchange = exchange
        self._pauses: set[Deferred[None]] = set()
        self._work: Deferred[None] | None = None
        self._invited: Deferred[Response] | None = None

    @property
    def is_open(self) -> bool:
        """Whether a re-INVITE has no final response yet."""
        return self._invited is not None

    def stop(self) -> None:
        """The call is over: wait for no turn, and CANCEL a re-INVITE that is open.

        If its 2xx was faster, that has its ACK all the same.
        """
        if self._invited is not None:
            self._exchange.sender.cancel(self._invited)
        for pause in list(self._pauses):
            pause.cancel()

    def reinvite(self, body: bytes) -> Deferred[Response]:
        """See `Call.reinvite`."""
        return Deferred.fromCoroutine(self._reinvite(body))

    def refresh(self) -> None:
        """Have the session go on (RFC 4028 10)."""
        if self._work is not None:
            return
        self._work = Deferred.fromCoroutine(self._refresh())
        self._work.addErrback(self._failed).addCallback(self._refreshed)

    def _refreshed(self, _: None) -> None:
        self._work = None
        self._call.schedule()

    def _failed(self, failure: Failure) -> None:
        if failure.check(SipError):
            self._log.debug("no refresh: {error}", error=failure.value)
        else:
            self._log.failure("a session cannot be refreshed", failure=failure)
        self._call.timer.refused(self._exchange.now())

    # -- re-INVITE -----------------------------------------------------------------

    async def _reinvite(self, body: bytes) -> Response:
        """Ask until there is an answer that is final here too."""
        response: Response | None = None
        statuses: list[int] = []
        for _ in range(TRIES):
            if self._call.over:
                raise CallFailed("the call is over")
            if self.is_open or self._call.is_changing:
                await self._wait(self._glare())
                continue
            response = await self._invite(body)
            wait = self._again_after(response)
            if wait is None or (response.status == 422 and 422 in statuses):
                return response
            statuses.append(response.status)
            await self._wait(wait)
        if response is None:
            raise CallFailed("another change is open", status=491)
        return response

    async def _invite(self, body: bytes) -> Response:
        """Send one re-INVITE; its final response, or CallFailed."""
        call = self._call
        content = (("Content-Type", "application/sdp"),) if body else ()
        request = call.dialog.request("INVITE", (*self._told(), *content), body)
        sender = self._exchange.sender
        answer = sender.request(request, timeout=inf, progress=self._progressed)
        guard = self._exchange.wakes.pause(self._exchange.settings.modify_timeout)
        guard.addCallbacks(lambda _: sender.cancel(answer), unless_cancelled)
        self._invited = answer
        self._pauses.add(guard)
        try:
            response = await answer
        except SipError as error:
            raise self._unanswered(error) from error
        finally:
            self._invited = None
            self._pauses.discard(guard)
            guard.cancel()
        call.dialog.answered(response)
        if 200 <= response.status < 300:
            self._accepted(response, body)
        elif response.status in _GONE:
            call.fail(Ending.LOST, response.status)
        return response

    def _progressed(self, response: Response) -> None:
        """A 2xx has come once more: its ACK was lost (13.2.2.4)."""
        self._call.dialog.heard(response)
        if 200 <= response.status < 300:
            self._call.acknowledge_again(response)

    def _accepted(self, response: Response, body: bytes) -> None:
        """The peer goes by what was offered: ACK it, whatever else."""
        call = self._call
        call.dialog.refresh_target(response)
        call.acknowledge_again(response)
        if call.over:
            raise CallFailed("the call is over")
        call.description = body
        call.timer.agree(response, self._exchange.now())
        call.schedule()
        if body:
            call.told(description_of(response))

    def _again_after(self, response: Response) -> float | None:
        """How long to wait before the same is asked again, None where it is not."""
        if response.status == 491:
            return self._glare()
        if response.status == 422 and self._call.timer.too_short(response):
            return 0.0
        if response.status == 500:
            return _retry_after(response)
        return None

    # -- refreshes -----------------------------------------------------------------

    async def _refresh(self) -> None:
        """By UPDATE where the peer knows it, else by what was last agreed on.

        Where nothing was described, an INVITE would ask for an offer: then by UPDATE.
        """
        call = self._call
        if call.updates or not call.description:
            response = await self._update()
            if response.status == 422 and call.timer.too_short(response):
                response = await self._update()
            call.updates = response.status not in _UNKNOWN
        if not call.updates and call.description:
            response = await self._reinvite(call.description)
        if response.status == 422:
            call.timer.too_short(response)  # the next one asks for no less
        if not 200 <= response.status < 300:
            raise refused(response)

    async def _update(self) -> Response:
        """Send one UPDATE without an offer; its final response, or CallFailed."""
        call = self._call
        if call.over:
            raise CallFailed("the call is over")
        request = call.dialog.request("UPDATE", self._told())
        timeout = self._exchange.settings.timing.transaction
        sender = self._exchange.sender
        try:
            response = await sender.request(
                request, timeout=timeout, progress=call.dialog.heard
            )
        except SipError as error:
            raise self._unanswered(error) from error
        call.dialog.answered(response)
        if response.status in _GONE:
            call.fail(Ending.LOST, response.status)
        elif 200 <= response.status < 300 and not call.over:
            call.dialog.refresh_target(response)
            call.timer.agree(response, self._exchange.now())
        return response

    # -- both ----------------------------------------------------------------------

    def _unanswered(self, error: SipError) -> CallFailed:
        """The failure; the call ends only where the peer was silent (12.2.1.2)."""
        if isinstance(error, TransactionTimeout):
            self._call.fail(Ending.LOST, 408)
        return unanswered(error)

    def _told(self) -> tuple[tuple[str, str], ...]:
        return (("Contact", self._call.contact), ALLOW, *self._call.timer.request())

    def _glare(self) -> float:
        return self._exchange.glare(is_caller=self._call.dialog.is_caller)

    async def _wait(self, seconds: float) -> None:
        """Wait, but no longer than the call goes on; then it is CallFailed."""
        pause = self._exchange.wakes.pause(seconds)
        self._pauses.add(pause)
        try:
            await pause
        except CancelledError:
            if not self._call.over:
                raise
            raise CallFailed("the call is over") from None
        finally:
            self._pauses.discard(pause)


def _retry_after(response: Response) -> float | None:
    """When a 500 says that the same may be asked again (14.2); None if it does not."""
    value = (response.headers.get("Retry-After") or "").partition(";")[0]
    digits = value.partition("(")[0].strip()
    if not digits.isascii() or not digits.isdigit() or len(digits) > 3:
        return None
    seconds = int(digits)
    return float(seconds) if seconds <= _LONGEST_WAIT else None
