"""A watcher, and a focus that notifies him, in memory; nothing is left at the end."""

from __future__ import annotations

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from cpmgw.sip.dialogs.dialog import Dialog
from cpmgw.sip.dialogs.subscribing import Subscription
from cpmgw.sip.dialogs.subscriptions import Subscriptions
from cpmgw.sip.dialogs.watching import Ended, Over, SubscriptionSettings
from cpmgw.sip.endpoint import Endpoint, EndpointSettings, Incoming
from cpmgw.sip.fields import NameAddr
from cpmgw.sip.message import Request, Response, originate, respond
from cpmgw.sip.uri import parse_uri
from tests.sip.dialogs.parties import ALICE, BOB, LossyNetwork

SETTINGS = SubscriptionSettings(subscriptions=2)


class Watcher:
    """Who wants to be notified: `seen` are (body, refresh)."""

    def __init__(self) -> None:
        self.seen: list[tuple[bytes, bool]] = []
        self.ends: list[Ended] = []
        self.expires = "600"
        self.event = "conference"
        self.status = 200
        self._made = 0

    def subscribe(self) -> Request:
        """Another SUBSCRIBE."""
        self._made += 1
        uri = parse_uri(f"sip:focus@127.0.0.1:{BOB}")
        return originate(
            "SUBSCRIBE",
            uri,
            from_=NameAddr(parse_uri("sip:alice@example.com")).with_parameter(
                "tag", f"a{self._made}"
            ),
            to=NameAddr(uri),
            call_id=f"subscribe-{self._made}",
            headers=(
                ("Event", self.event),
                ("Expires", self.expires),
                ("Accept", "application/conference-info+xml"),
                ("Contact", f"<sip:alice@127.0.0.1:{ALICE}>"),
                ("X-Kept", "1"),
            ),
        )

    async def notified(self, notify: Request, refresh: bool) -> Response:
        """Note it."""
        self.seen.append((notify.body, refresh))
        return respond(notify, self.status)

    def ended(self, end: Ended) -> None:
        """Note it."""
        self.ends.append(end)


class Notifier:
    """A focus that answers SUBSCRIBE as told, and notifies when told to."""

    def __init__(self, endpoint: Endpoint) -> None:
        self.endpoint = endpoint
        self.subscribes: list[Request] = []
        self.dialog: Dialog | None = None
        self.status = 200
        self.headers: tuple[tuple[str, str], ...] = ()
        self.greets = True
        self.tag = "b"
        endpoint.serve("SUBSCRIBE", self._subscribed, in_dialog=True)

    async def _subscribed(self, incoming: Incoming) -> Response:
        request = incoming.request
        self.subscribes.append(request)
        contact = ("Contact", f"<sip:focus@127.0.0.1:{BOB}>")
        answer = respond(
            request, self.status, headers=(contact, *self.headers), to_tag=self.tag
        )
        if self.status >= 300:
            return answer
        if request.to.tag is None:
            self.dialog = Dialog.of_server(request, answer)
        if self.greets:
            expires = request.headers.get("Expires")
            self.notify(
                "terminated;reason=timeout"
                if expires == "0"
                else f"active;expires={expires}"
            )
        return answer

    def notify(
        self,
        state: str,
        body: bytes = b"state",
        *,
        event: str = "conference",
        contact: str = "focus",
    ) -> Deferred[Response]:
        """Send a NOTIFY."""
        assert self.dialog is not None
        fields = (
            ("Event", event),
            ("Contact", f"<sip:{contact}@127.0.0.1:{BOB}>"),
            ("Subscription-State", state),
        )
        request = self.dialog.request("NOTIFY", fields, body)
        return self.endpoint.request(request)


class SubscribeTestCase(SynchronousTestCase):
    def setUp(self) -> None:
        self.network = LossyNetwork()
        self.endpoints = [self._endpoint(port) for port in (ALICE, BOB)]
        self.subscriptions = Subscriptions(self.endpoints[0], self.network, SETTINGS)
        self.endpoints[0].serve("NOTIFY", self.subscriptions.within, in_dialog=True)
        self.focus = Notifier(self.endpoints[1])
        self.watcher = Watcher()

    def _endpoint(self, port: int) -> Endpoint:
        where = f"udp:{port}:interface=127.0.0.1"
        endpoint = Endpoint(self.network, EndpointSettings(listen=(where,)))
        endpoint.startService()
        return endpoint

    def tearDown(self) -> None:
        """Nothing is left behind."""
        self.assertEqual(len(self.subscriptions), 0)
        self.assertEqual(self.subscriptions.timers, 0)
        self.assertEqual(self.subscriptions._shared.known, {})
        self.network.lose = lambda _: False
        stopped = [each.stopService() for each in self.endpoints]
        self.network.advance(40)
        for each in stopped:
            self.successResultOf(each)
        self.assertEqual(self.network.getDelayedCalls(), [])

    def subscribe(self) -> Subscription:
        made = self.subscriptions.subscribe(self.watcher)
        self.network.settle()
        return made

    def leave(self, subscription: Subscription) -> None:
        gone = subscription.unsubscribe()
        self.network.settle()
        self.successResultOf(gone)

    def notified(self, state: str, body: bytes = b"", **details: str) -> int:
        """The status of the answer to a NOTIFY."""
        pending = self.focus.notify(state, body, **details)
        self.network.settle()
        return self.successResultOf(pending).status

    @property
    def how(self) -> list[Over]:
        return [each.how for each in self.watcher.ends]

    @property
    def asked(self) -> list[str | None]:
        """What was asked for, each time."""
        return [each.headers.get("Expires") for each in self.focus.subscribes]
