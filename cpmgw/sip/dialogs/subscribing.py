"""One subscription: SUBSCRIBE, and the NOTIFYs that it brings (RFC 6665 4.1)."""

from __future__ import annotations

from math import inf
from typing import Final

from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

from cpmgw.sip.dialogs.dialog import CHALLENGES, Dialog, id_of
from cpmgw.sip.dialogs.interfaces import Sender
from cpmgw.sip.dialogs.subscription import (
    TERMINAL,
    Again,
    Lease,
    State,
    Told,
    event_of,
    seconds_of,
    subscription_state,
)
from cpmgw.sip.dialogs.wakes import Wakes
from cpmgw.sip.dialogs.watching import (
    Ended,
    Over,
    SubscriptionSettings,
    SubscriptionUser,
)
from cpmgw.sip.errors import SipError, SipSyntaxError, TransactionTimeout
from cpmgw.sip.message import Request, Response, respond
from cpmgw.sip.names import key_of

# What of a SUBSCRIBE is not the same in the next one of its dialog.
_ANEW: Final = frozenset(
    {
        "call-id",
        "content-length",
        "cseq",
        "expires",
        "from",
        "max-forwards",
        "record-route",
        "route",
        "to",
        "via",
    }
)
# The 2xx that no NOTIFY follows (RFC 5839 7.1).
_NO_NOTIFICATION: Final = 204
# How often a 423 raises the time that is asked for.
_RAISES: Final = 3


class Shared:
    """What all subscriptions of one user agent share.

    `all` are those that have not ended, `known` those that a NOTIFY finds, by Call-ID
    and our tag.
    """

    def __init__(
        self, sender: Sender, clock: IReactorTime, settings: SubscriptionSettings
    ) -> None:
        self.sender = sender
        self.settings = settings
        self.wakes = Wakes(clock)
        self.known: dict[tuple[str, str], Subscription] = {}
        self.all: set[Subscription] = set()


class Subscription:
    """One subscription, over all its dialogs; one at a time."""

    _log = Logger()

    __slots__ = (
        "_began",
        "_cseq",
        "_dialog",
        "_event",
        "_expires",
        "_gone",
        "_headers",
        "_key",
        "_lease",
        "_raises",
        "_request",
        "_sent",
        "_shared",
        "_stopping",
        "_tries",
        "_user",
        "due",
        "queued",
    )

    def __init__(self, shared: Shared, user: SubscriptionUser) -> None:
        self._shared = shared
        self._user: SubscriptionUser | None = user
        self._tries = shared.settings.tries
        self._gone: list[Deferred[None]] = []
        self._stopping = False
        self._dialog: Dialog | None = None
        self._lease = Lease(shared.settings.timing)
        self._request: Request | None = None
        self._sent: Request | None = None
        self._began = 0.0
        self._cseq = 0
        self._raises = _RAISES
        self._key = ("", "")
        self._expires = shared.settings.expires
        self.due = self.queued = inf

    @property
    def state(self) -> State:
        """Where it is; NOTIFY_WAIT too while it waits to be begun anew."""
        return self._lease.state

    def unsubscribe(self) -> Deferred[None]:
        """End it; fires with the last NOTIFY, or when none will come (4.1.2.3)."""
        if self._user is None:
            return succeed(None)
        gone: Deferred[None] = Deferred()
        self._gone.append(gone)
        if not self._stopping:
            self._stopping = True
            self._expires = 0
            if self._dialog is not None:
                self._again()
            elif self._lease.begin_at < inf:
                self._finish(Ended(Over.UNSUBSCRIBED))
        return gone

    def refresh(self) -> None:
        """Ask for the whole state anew, before it is time (4.1.2.2, RFC 4575 4.6).

        At once, if that is not done again and again: then later and later, and never
        while a SUBSCRIBE is open.
        """
        if self._stopping or self._lease.state is State.TERMINATED:
            return
        now = self._shared.wakes.now()
        self._lease.hurry(now)
        if now >= self._lease.refresh_due:
            self._again()
        self._schedule()

    # -- sending -------------------------------------------------------------------

    def begin(self) -> None:
        """Subscribe, in a new dialog."""
        if self._user is None:
            return
        request = self._request = self._user.subscribe()
        self._lease = Lease(self._shared.settings.timing)
        self._began = self._shared.wakes.now()
        self._raises = _RAISES
        self._event = event_of(request.headers)
        self._headers = tuple(
            [each for each in request.headers if key_of(each[0]) not in _ANEW]
        )
        asked = seconds_of(request.headers, "Expires")
        self._expires = self._shared.settings.expires if asked is None else asked
        self._key = (request.call_id, request.from_.tag or "")
        self._shared.known[self._key] = self
        self._send(_with_expires(request, self._expires))

    def _again(self) -> None:
        """Refresh it, or end it, within its dialog (4.1.2.2, 4.1.2.3)."""
        if self._dialog is None:
            return
        headers = (*self._headers, ("Expires", str(self._expires)))
        try:
            request = self._dialog.request("SUBSCRIBE", headers)
        except SipError:
            self._finish(Ended(Over.EXPIRED))
            return
        self._send(request)

    def _send(self, request: Request) -> None:
        self._cseq, self._sent = request.cseq.number, request
        self._lease.asked(self._expires, self._shared.wakes.now())
        timeout = self._shared.settings.timing.transaction
        answer = self._shared.sender.request(
            request, timeout=timeout, progress=self._heard
        )
        answer.addCallbacks(self._answered, self._failed, (request,), {}, (request,))
        answer.addErrback(self._broken)
        self._schedule()

    def _heard(self, response: Response) -> None:
        """A challenge raises the number of what is on its way (RFC 3261 22.2)."""
        if response.status in CHALLENGES and response.call_id == self._key[0]:
            self._cseq = max(self._cseq, response.cseq.number + 1)
            if self._dialog is not None:
                self._dialog.heard(response)

    def _answered(self, response: Response, request: Request) -> None:
        if self._dialog is not None and response.call_id == self._key[0]:
            self._dialog.answered(response)
        if request is not self._sent or self._user is None:
            return
        self._lease.answered()
        self._cseq = max(self._cseq, response.cseq.number)
        if 200 <= response.status < 300:
            self._granted(response)
        elif response.status == 423 and self._raised(response):
            self._longer(request)
        else:
            self._refused(response.status)
        self._schedule()

    def _granted(self, response: Response) -> None:
        if response.status == _NO_NOTIFICATION:
            self._lease.unnotified()
        if self._expires:
            granted = seconds_of(response.headers, "Expires")
            most = self._expires if granted is None else granted
            now = self._shared.wakes.now()
            self._lease.granted(min(most, self._expires), now)

    def _raised(self, response: Response) -> bool:
        """Ask for as long as a 423 wants, if that is more than before (4.1.2.1)."""
        least = seconds_of(response.headers, "Min-Expires")
        self._raises -= 1
        if least is None or least <= self._expires or self._raises < 0:
            return False
        if not self._expires:  # there is no end, and no look, that is too short
            return False
        self._expires = least
        return True

    def _longer(self, request: Request) -> None:
        if self._dialog is not None:
            self._again()
            return
        headers = request.headers.with_replaced("CSeq", f"{self._cseq + 1} SUBSCRIBE")
        self._send(_with_expires(request.replace(headers=headers), self._expires))

    def _failed(self, failure: Failure, request: Request) -> None:
        if request is not self._sent or self._user is None:
            return
        error = failure.value
        if not isinstance(error, SipError):
            self._log.failure("a SUBSCRIBE cannot be sent", failure=failure)
        self._lease.answered()
        status = 408 if isinstance(error, TransactionTimeout) else 503
        if self._stopping or self._lease.state is State.NOTIFY_WAIT:
            self._refused(status)
        else:
            self._holds()
        self._schedule()

    def _holds(self) -> None:
        """What was granted does; where no answer said how much, what was asked for."""
        now = self._shared.wakes.now()
        self._lease.refused(now)
        if self._lease.ends_at == inf:
            self._lease.granted(self._expires, now)

    def _refused(self, status: int) -> None:
        """4.1.2.2: some answers end it, after others what was granted still holds.

        An answer to what was to make the dialog ends it, whatever NOTIFY was faster.
        """
        first = self._sent is None or self._sent.to.tag is None
        if self._stopping:
            self._finish(Ended(Over.UNSUBSCRIBED, status))
        elif first or self._lease.state is State.NOTIFY_WAIT:
            self._finish(Ended(Over.REFUSED, status))
        elif status == 481:
            self._over(Again.AT_ONCE, None, Ended(Over.REFUSED, status))
        elif status in TERMINAL:
            self._finish(Ended(Over.REFUSED, status))
        else:
            self._holds()

    def _broken(self, failure: Failure) -> None:
        """An answer could not be dealt with."""
        self._log.failure("an answer to a SUBSCRIBE", failure=failure)
        self._finish(Ended(Over.REFUSED, 500))

    # -- NOTIFY (4.1.3) ------------------------------------------------------------

    async def notify(self, request: Request) -> Response:
        """Answer a NOTIFY that has our Call-ID and tag."""
        is_first = self._dialog is None
        refusal = self._unfit(request)
        if refusal is not None or self._user is None:
            return refusal or respond(request, 481)
        told, now = subscription_state(request.headers), self._shared.wakes.now()
        is_refresh = self._lease.notified(told, self._expires, now)
        is_over = told.state is State.TERMINATED
        if is_first and self._stopping and not is_over:
            self._again()
        self._schedule()
        try:
            return await self._user.notified(request, is_refresh)
        finally:
            if is_over:
                self._terminated(told)

    def _unfit(self, request: Request) -> Response | None:
        """The answer to a NOTIFY that is not one of this subscription."""
        try:
            package, id = event_of(request.headers)
            subscription_state(request.headers)
            if package != self._event[0]:
                allowed = ("Allow-Events", self._event[0])
                return respond(request, 489, headers=(allowed,))
            dialog = self._dialog
            if id != self._event[1] or (
                dialog is not None and id_of(request) != dialog.id
            ):
                # One that another branch has made: it is not wanted (4.4.1, RFC 4575).
                return respond(request, 481)
            if dialog is None and self._request is not None:
                self._established(self._request, request)
                return None
        except SipSyntaxError as error:
            return respond(request, error.status, error.reason)
        if dialog is None or not dialog.in_order(request):
            return respond(request, 500, "CSeq Out Of Order")
        dialog.refresh_target(request)
        return None

    def _established(self, subscribe: Request, notify: Request) -> None:
        """The first NOTIFY makes the dialog (4.4.1)."""
        dialog = self._dialog = Dialog.of_notify(subscribe, notify)
        self._request = None
        dialog.local_cseq = max(dialog.local_cseq, self._cseq)

    def _terminated(self, told: Told) -> None:
        """The notifier has ended it; perhaps it is to be begun anew."""
        if self._user is None:
            return
        if self._stopping or not self._expires:
            self._finish(Ended(Over.UNSUBSCRIBED, 0, told.reason))
            return
        end = Ended(Over.TERMINATED, 0, told.reason)
        self._over(told.again, told.retry_after, end)

    def _over(self, again: Again, after: int | None, end: Ended) -> None:
        settings, now = self._shared.settings, self._shared.wakes.now()
        if now - self._began >= settings.settled:
            self._tries = settings.tries
        wait = settings.retry if after is None else float(after)
        if again is Again.AT_ONCE:
            wait = 0.0
        self._tries -= 1
        if again is Again.NEVER or wait > settings.longest or self._tries < 0:
            self._finish(end)
            return
        self._forget()
        self._dialog = self._sent = None
        self._lease = Lease(settings.timing, begin_at=now + wait)
        self._schedule()

    # -- time, and the end ---------------------------------------------------------

    def _schedule(self) -> None:
        if self._user is not None and self._lease.due != self.due:
            self._shared.wakes.at(self, self._lease.due)

    def wake(self, now: float) -> None:
        """Do what is due: begin anew, refresh, or give up."""
        lease = self._lease
        try:
            if now >= lease.begin_at:
                self._begin_again()
            elif now >= lease.silent_due:
                self._silent()
            elif now >= lease.refresh_due:
                self._again()
            elif now >= lease.ends_due:
                self._finish(Ended(Over.EXPIRED))
        finally:
            self._schedule()

    def _silent(self) -> None:
        """Timer N: it is no more; one that stood is begun anew (4.1.2.2, 4.1.2.4)."""
        if self._stopping:
            self._finish(Ended(Over.UNSUBSCRIBED))
        elif self._expires and self._lease.state is not State.NOTIFY_WAIT:
            self._over(Again.AT_ONCE, None, Ended(Over.SILENT))
        else:
            self._finish(Ended(Over.SILENT))

    def _begin_again(self) -> None:
        try:
            self.begin()
        except Exception:
            self._log.failure("cannot subscribe anew")
            self._finish(Ended(Over.REFUSED, 500))

    def drop(self) -> None:
        """End it without sending anything."""
        self._finish(Ended(Over.UNSUBSCRIBED))

    def _forget(self) -> None:
        if self._shared.known.get(self._key) is self:
            del self._shared.known[self._key]
        self._key = ("", "")

    def _finish(self, end: Ended) -> None:
        user, self._user = self._user, None
        if user is None:
            return
        self._lease.stop()
        self._sent = None
        self._shared.wakes.at(self, inf)
        self._forget()
        self._shared.all.discard(self)
        waiting, self._gone = self._gone, []
        for each in waiting:
            each.callback(None)
        try:
            user.ended(end)
        except Exception:
            self._log.failure("a user cannot be told of the end of a subscription")


def _with_expires(request: Request, seconds: int) -> Request:
    headers = request.headers.with_replaced("Expires", str(seconds))
    return request.replace(headers=headers)
