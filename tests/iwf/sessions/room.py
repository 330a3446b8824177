"""The sessions of an IWF between a CPM user agent and a service that obey a test."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import msgspec
from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from cpmgw.config import NumberPoolConfig
from cpmgw.cpm.chat_content import ANONYMOUS_URI, chat_message
from cpmgw.cpm.imdn import Disposition
from cpmgw.errors import CannotInterwork
from cpmgw.isf.route_tokens import RouteTokens
from cpmgw.iwf.media import Media
from cpmgw.iwf.repeats import RepeatGuard
from cpmgw.iwf.sessions.chats import Chats
from cpmgw.iwf.sessions.numbering import REST
from cpmgw.msrp.interfaces import Received
from cpmgw.network import CpmNetwork
from cpmgw.policy import Policy
from cpmgw.policy.session import SessionPolicy
from cpmgw.sip.dialogs.calls import Calls
from cpmgw.sip.dialogs.interfaces import CallSettings
from cpmgw.sip.endpoint import Endpoint, EndpointSettings, Incoming
from cpmgw.sip.message import Request, Response, respond
from cpmgw.sip.proxy import Proxy
from cpmgw.sip.transaction.machine import Timing
from cpmgw.traffic import Traffic
from tests.addressing.plans import plan
from tests.flows.dialog import invite, within
from tests.iwf.sessions.stand_ins import Body, Node, Store, Stream
from tests.support.network import MemoryNetwork

ALICE, BOB = "tel:+15145550001", "tel:+15145550002"
OURS, THEIRS = 5060, 5070
NOW = 1_760_000_000.0


class SessionRoom(SynchronousTestCase):
    """Alice on the CPM side, Bob with a handset; at the end nothing may be left.

    `policy` and `session` are keys of [policy] and [policy.session].
    """

    policy: dict[str, Any] = {}
    session: dict[str, Any] = {}

    def setUp(self) -> None:
        self.network = MemoryNetwork()
        self.store, self.node = Store(), Node()
        self.byes: list[Request] = []
        self.endpoint, self.peer = self._endpoint(OURS), self._endpoint(THEIRS)
        proxy: Any = Proxy(self.endpoint)
        sender = CpmNetwork(self.endpoint, proxy, RouteTokens(b"k" * 32))
        self.calls = Calls(sender, self.network, CallSettings(), lambda: 0.5)
        self.chosen = Policy(session=SessionPolicy(**self.session), **self.policy)
        self.house = self._house(sender)
        self.repeats = RepeatGuard(100)
        self.chats = self.make_chats(Media(self.node, lambda: self.chosen))
        self._cseq = 1
        for method in ("INVITE", "*"):
            self.endpoint.serve(method, self._serve, in_dialog=True)
        self.endpoint.serve("ACK", self._ack, in_dialog=True)
        self.peer.serve("BYE", self._bye, in_dialog=True)
        self.bye_status = 200
        self.addCleanup(self._stop)

    def _endpoint(self, port: int) -> Endpoint:
        where = f"{port}:interface=127.0.0.1"
        settings = EndpointSettings(
            listen=(f"udp:{where}", f"tcp:{where}"),
            trusted=("127.0.0.0/8",),
            supported=("timer",),
        )
        endpoint = Endpoint(self.network, settings)
        endpoint.startService()
        return endpoint

    def _house(self, sender: CpmNetwork) -> Any:
        pool = NumberPoolConfig(name="p", numbers=("+15145559000-+15145559099",))
        config = SimpleNamespace(
            policy=self.chosen,
            gateway=SimpleNamespace(domain="ims.example.net"),
            iwf_address="sip:CPM-IWF@ims.example.net",
            sip=SimpleNamespace(timing=Timing(), drain=5.0),
            number_pool=(pool,),
        )
        return SimpleNamespace(
            config=config,
            store=self.store,
            numbers=self.store,
            network=sender,
            dial_plan=plan(),
            now=lambda: NOW + self.network.seconds(),
            clock=self.network,
            traffic=Traffic(),
        )

    def make_chats(self, media: Media) -> Chats[Any, Any]:
        """The sessions of a service, which the tests are of."""
        raise NotImplementedError

    def _stop(self) -> None:
        """End what is there; then nothing may be left."""
        stopped = Deferred.fromCoroutine(self.chats.stop())
        self.calls.stop()
        self.network.advance(6)  # an ACK that never comes is waited for
        self.successResultOf(stopped)
        self.assertEqual((len(self.chats), len(self.calls)), (0, 0))
        self.assertEqual(self.calls.timers, 0)
        self.assertEqual([each for each in self.node.sessions if not each.closed], [])
        for endpoint in (self.endpoint, self.peer):
            endpoint.stopService()
        self.network.advance(70.0)
        self.assertEqual(self.network.getDelayedCalls(), [])

    async def _serve(self, incoming: Incoming) -> Response:
        request = incoming.request
        if request.method == "NOTIFY":
            return await self.chats.within(incoming)
        if request.method != "INVITE" or request.to.tag is not None:
            return await self.calls.within(incoming)
        try:
            return await self.chats.invite(incoming)
        except CannotInterwork as refusal:
            self.refusal = refusal
            return respond(
                request, refusal.status, refusal.reason, headers=refusal.headers
            )

    async def _ack(self, incoming: Incoming) -> Response:
        self.calls.acknowledge(incoming.request)
        return respond(incoming.request, 200)

    async def _bye(self, incoming: Incoming) -> Response:
        self.byes.append(incoming.request)
        return respond(incoming.request, self.bye_status)

    # -- the CPM side ------------------------------------------------------------------

    def ask(self, request: Request) -> Deferred[Response]:
        """Send a request to the IWF; fires with the final answer."""
        self.provisional: list[Response] = []
        answer = self.peer.request(
            request,
            destination=f"sip:127.0.0.1:{OURS}",
            progress=self.provisional.append,
            timeout=1000.0,
        )
        self.network.settle()
        return answer

    def answer(self, request: Request) -> Response:
        """The answer to a request that is answered at once."""
        response: Response = self.successResultOf(self.ask(request))
        return response

    def invite(self, request: Request | None = None, **details: Any) -> Response:
        """The answer to an invitation of Bob."""
        self.first = request or invite(ALICE, BOB, **details)
        return self.answer(self.first)

    def ack(self, response: Response, first: Request | None = None) -> None:
        """Acknowledge a 200."""
        ack = within("ACK", first or self.first, response, 1)
        self.peer.acknowledge(ack, f"sip:127.0.0.1:{OURS}")
        self.network.settle()

    def establish(self, request: Request | None = None, **details: Any) -> Response:
        """A session that stands."""
        response = self.answered = self.invite(request, **details)
        self.assertEqual(response.status, 200)
        self.ack(response)
        self.stream.is_connected = True
        self.stream.user.connected()
        return response

    def within(self, method: str, response: Response, **details: Any) -> Response:
        """The answer to a request in the dialog of the last invitation."""
        return self.answer(self.in_dialog(method, response, **details))

    def in_dialog(
        self,
        method: str,
        response: Response,
        *,
        body: bytes = b"",
        headers: Sequence[tuple[str, str]] = (),
    ) -> Request:
        """A request in that dialog."""
        self._cseq += 1
        request = within(method, self.first, response, self._cseq)
        fields = request.headers
        for name, value in headers:
            fields = fields.with_added(name, value)
        if body:
            fields = fields.with_replaced("Content-Type", "application/sdp")
        return request.replace(headers=fields, body=body)

    @property
    def stream(self) -> Stream:
        """Our end of the newest MSRP session."""
        stream = self.node.sessions[-1]
        assert isinstance(stream, Stream)
        return stream

    def arrive(
        self,
        octets: bytes,
        content_type: str = "message/cpim",
        stream: Stream | None = None,
    ) -> Deferred[int]:
        """Something comes by MSRP; fires with the status that answers it."""
        self.body = Body(octets)
        return self.take(self.body, content_type, stream)

    def take(
        self,
        body: Any,
        content_type: str = "message/cpim",
        stream: Stream | None = None,
    ) -> Deferred[int]:
        """A body comes by MSRP."""
        received = Received(message_id="x", content_type=content_type, body=body)
        taken: Any = (stream or self.stream).user.message(received)
        self.network.settle()
        answer: Deferred[int] = taken
        return answer

    def say(
        self,
        text: str,
        *dispositions: Disposition,
        message_id: str = "m-1",
        sender: str = ANONYMOUS_URI,
        stream: Stream | None = None,
    ) -> int:
        """A chat message of the CPM user; the status that answers it at once."""
        octets = chat_message(
            text,
            sender=sender,
            recipient=ANONYMOUS_URI,
            message_id=message_id,
            datetime="2026-11-24T23:00:00Z",
            dispositions=dispositions,
        )
        status: int = self.successResultOf(self.arrive(octets, stream=stream))
        return status

    @property
    def numbers_in_use(self) -> list[str]:
        """The numbers that sessions have, once those that are over were given back."""
        self.network.advance(REST)
        return [number for number, _ in self.store.allocations]

    def change(self, **policy: Any) -> None:
        """Have another [policy.session] for what begins from now on."""
        session = msgspec.structs.replace(self.chosen.session, **policy)
        self.chosen = msgspec.structs.replace(self.chosen, session=session)
        self.house.config.policy = self.chosen
