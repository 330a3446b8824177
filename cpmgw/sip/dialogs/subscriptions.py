"""All subscriptions of one user agent (RFC 6665 4.1)."""

from __future__ import annotations

from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.interfaces import IReactorTime

from cpmgw.sip.dialogs.dialog import id_of
from cpmgw.sip.dialogs.interfaces import Sender
from cpmgw.sip.dialogs.subscribing import Shared, Subscription
from cpmgw.sip.dialogs.watching import SubscriptionSettings, SubscriptionUser
from cpmgw.sip.errors import TransportFailed
from cpmgw.sip.legs import Incoming
from cpmgw.sip.message import Response, respond


class Subscriptions:
    """The subscriptions of one user agent (RFC 6665 4.1)."""

    def __init__(
        self, sender: Sender, clock: IReactorTime, settings: SubscriptionSettings
    ) -> None:
        self._shared = Shared(sender, clock, settings)
        self._is_stopping = False

    def __len__(self) -> int:
        return len(self._shared.all)

    @property
    def timers(self) -> int:
        """How many of them wait for a time."""
        return len(self._shared.wakes)

    def start(self) -> None:
        """Let there be subscriptions, also after a stop."""
        self._is_stopping = False

    def subscribe(self, user: SubscriptionUser) -> Subscription:
        """Subscribe to what the user's SUBSCRIBE names.

        What comes of it the user is told. Fails with a SipError where there are too
        many, or where it names no event.
        """
        most = self._shared.settings.subscriptions
        if self._is_stopping or len(self._shared.all) >= most:
            raise TransportFailed("no room for a subscription")
        made = Subscription(self._shared, user)
        self._shared.all.add(made)
        try:
            made.begin()
        except Exception:
            self._shared.all.discard(made)
            raise
        return made

    async def within(self, incoming: Incoming) -> Response:
        """Answer a NOTIFY; 481 where it is of no subscription (4.1.3)."""
        request = incoming.request
        found = self._shared.known.get(id_of(request)[:2])
        if request.method != "NOTIFY" or found is None:
            return respond(request, 481)
        return await found.notify(request)

    def stop(self) -> Deferred[None]:
        """End every subscription; fires when all are, in `drain` at the most."""
        return Deferred.fromCoroutine(self._stop())

    async def _stop(self) -> None:
        self._is_stopping = True
        shared = self._shared
        gone = gatherResults([each.unsubscribe() for each in list(shared.all)])
        await shared.wakes.at_most(shared.settings.drain, gone, self._drop)

    def _drop(self) -> None:
        for each in list(self._shared.all):
            each.drop()
