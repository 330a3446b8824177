"""Two user agents that call each other, in memory; each call ends with nothing left."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from cpmgw.errors import CannotInterwork
from cpmgw.sip.dialogs.call import Call
from cpmgw.sip.dialogs.calls import Calls
from cpmgw.sip.dialogs.incoming import IncomingCall
from cpmgw.sip.dialogs.interfaces import CallFailed, CallSettings, End, Ending
from cpmgw.sip.dialogs.outgoing import OutgoingCall
from cpmgw.sip.endpoint import Endpoint, EndpointSettings, Incoming
from cpmgw.sip.fields import NameAddr
from cpmgw.sip.message import Request, Response, originate, respond
from cpmgw.sip.uri import parse_uri
from tests.sip.messages import read
from tests.support.datagrams import Datagram
from tests.support.network import MemoryNetwork

ALICE, BOB = 5070, 5080
OFFER, ANSWER = b"v=0 offer", b"v=0 answer"
SDP = ("Content-Type", "application/sdp")
METHODS = ("INVITE", "UPDATE", "BYE", "*")


class LossyNetwork(MemoryNetwork):
    """A network that loses the datagrams that `lose` says."""

    def __init__(self) -> None:
        super().__init__()
        self.lose: Callable[[Request | Response], bool] = lambda _: False

    def send(self, datagram: Datagram) -> None:
        """Carry a datagram, or lose it."""
        if self.lose(read(datagram.octets)):
            self.datagrams.append(datagram)
            return
        super().send(datagram)


class Person:
    """Who uses a call, and what was told of it; `change` answers modifications."""

    def __init__(self) -> None:
        self.acks: list[Request] = []
        self.changes: list[Request] = []
        self.ends: list[End] = []
        self.answers: list[bytes] = []
        self.change: Callable[[Request], Any] = lambda request: respond(
            request, 200, body=b"v=0 changed"
        )
        self.farewell: Sequence[tuple[str, str]] = ()

    @property
    def how(self) -> list[Ending]:
        """How the call has ended: one entry, once it has."""
        return [each.how for each in self.ends]

    def acknowledged(self, ack: Request) -> None:
        """Note it."""
        self.acks.append(ack)

    async def modified(self, request: Request) -> Response:
        """Answer as told."""
        self.changes.append(request)
        answer = self.change(request)
        response: Response = (await answer) if isinstance(answer, Deferred) else answer
        return response

    def answered(self, description: bytes) -> None:
        """Note it."""
        self.answers.append(description)

    def closing(self, bye: Request) -> Sequence[tuple[str, str]]:
        """As told."""
        return self.farewell

    def ended(self, end: End) -> None:
        """Note it."""
        self.ends.append(end)


class Party:
    """A user agent at a port: `answer` deals with each INVITE that comes."""

    def __init__(self, network: Any, port: int, settings: CallSettings) -> None:
        self.port = port
        self.network = network
        where = f"{port}:interface=127.0.0.1"
        self.endpoint = Endpoint(
            network,
            EndpointSettings(
                listen=(f"udp:{where}", f"tcp:{where}"),
                trusted=("127.0.0.0/8",),
                supported=("timer",),
            ),
        )
        self.calls = Calls(self.endpoint, network, settings, lambda: 0.5)
        self.contact = f"<sip:party@127.0.0.1:{port}>"
        self.person = Person()
        self.incoming: list[IncomingCall] = []
        self.call: Call | None = None
        self.answer: Callable[[IncomingCall], Any] = self.accept
        for method in METHODS:
            self.endpoint.serve(method, self._take, in_dialog=True)
        self.endpoint.serve("ACK", self._acknowledge, in_dialog=True)
        self.endpoint.startService()

    def accept(
        self, call: IncomingCall, headers: Sequence[tuple[str, str]] = ()
    ) -> Response:
        """Accept a call."""
        self.call, response = call.accept(self.person, body=ANSWER, headers=headers)
        return response

    def ring(self, call: IncomingCall) -> Deferred[Response]:
        """Let a call ring until `waiting` has its answer."""
        call.ring()
        self.waiting: Deferred[Response] = Deferred()
        return self.waiting

    def invitation(
        self, port: int, *, headers: Sequence[tuple[str, str]] = (), body: bytes = OFFER
    ) -> Request:
        """An INVITE to the party at another port."""
        uri = parse_uri(f"sip:party@127.0.0.1:{port}")
        return originate(
            "INVITE",
            uri,
            from_=NameAddr(parse_uri("sip:alice@example.com")).with_parameter(
                "tag", "a"
            ),
            to=NameAddr(uri),
            call_id=f"call-{self.port}",
            headers=(
                ("Contact", self.contact),
                ("Allow", "INVITE, ACK, CANCEL, BYE, UPDATE"),
                ("Supported", "timer"),
                *headers,
                ("Content-Type", "application/sdp"),
            ),
            body=body,
        )

    def invite(self, port: int, **details: Any) -> OutgoingCall:
        """Call somebody."""
        outgoing = self.calls.invite(self.invitation(port, **details), self.person)
        outgoing.answered.addCallbacks(self._stands, lambda failure: failure)
        return outgoing

    def _stands(self, call: Call) -> Call:
        self.call = call
        return call

    async def _take(self, incoming: Incoming) -> Response:
        request = incoming.request
        if request.method != "INVITE" or request.to.tag is not None:
            return await self.calls.within(incoming)
        try:
            call = self.calls.incoming(incoming, self.contact)
        except CannotInterwork as refusal:
            return respond(
                request, refusal.status, refusal.reason, headers=refusal.headers
            )
        self.incoming.append(call)
        answer = self.answer(call)
        response: Response = (await answer) if isinstance(answer, Deferred) else answer
        return response

    async def _acknowledge(self, incoming: Incoming) -> Response:
        self.calls.acknowledge(incoming.request)
        return respond(incoming.request, 200)


class CallTestCase(SynchronousTestCase):
    """Alice calls Bob. At the end no call and no timer may be left."""

    settings = CallSettings()
    bobs = CallSettings()

    def setUp(self) -> None:
        self.network = LossyNetwork()
        self.alice = Party(self.network, ALICE, self.settings)
        self.bob = Party(self.network, BOB, self.bobs)

    def tearDown(self) -> None:
        """Nothing is left behind, once what absorbs repeats is gone."""
        self.network.lose = lambda _: False
        for party in (self.alice, self.bob):
            self.assertEqual(len(party.calls), 0)
            self.assertEqual(party.calls.timers, 0)
        stopped = [each.endpoint.stopService() for each in (self.alice, self.bob)]
        self.network.advance(40)
        for each in stopped:
            self.successResultOf(each)
        self.assertEqual(self.network.getDelayedCalls(), [])

    def settle(self) -> None:
        self.network.settle()

    def sent(self, port: int) -> list[Request | Response]:
        """What was sent to a port by UDP, lost or not."""
        return [
            read(each.octets)
            for each in self.network.datagrams
            if each.target[1] == port
        ]

    def requests(self, port: int, method: str) -> list[Request]:
        return [
            each
            for each in self.sent(port)
            if isinstance(each, Request) and each.method == method
        ]

    def responses(self, port: int, method: str = "INVITE") -> list[Response]:
        return [
            each
            for each in self.sent(port)
            if isinstance(each, Response) and each.cseq.method == method
        ]

    def octets_of(self, port: int, status: int) -> list[bytes]:
        """The octets of each response of a status to an INVITE."""
        return [
            each.octets
            for each in self.network.datagrams
            if each.target[1] == port
            and isinstance(response := read(each.octets), Response)
            and (response.status, response.cseq.method) == (status, "INVITE")
        ]

    def connect(self, **details: Any) -> tuple[Call, Call]:
        """A call that both have: hers and his."""
        self.alice.invite(BOB, **details)
        self.settle()
        assert self.alice.call is not None and self.bob.call is not None
        return self.alice.call, self.bob.call

    def failure(self, outgoing: OutgoingCall) -> CallFailed:
        """Why a call was not answered."""
        error = self.failureResultOf(outgoing.answered, CallFailed).value
        assert isinstance(error, CallFailed)
        return error

    def hang_up(self) -> None:
        """End the call from Alice's side."""
        assert self.alice.call is not None
        gone = self.alice.call.bye()
        self.settle()
        self.successResultOf(gone)


def is_request(method: str) -> Callable[[Request | Response], bool]:
    """Whether a message is a request of this method."""
    return lambda message: isinstance(message, Request) and message.method == method


def is_response(
    status: int, method: str = "INVITE"
) -> Callable[[Request | Response], bool]:
    """Whether a message is a response of this status, to this method."""
    return lambda message: (
        isinstance(message, Response)
        and message.status == status
        and message.cseq.method == method
    )
