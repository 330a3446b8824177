"""A proxy between a user agent client and a user agent server, in memory."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from twisted.internet.defer import Deferred

from cpmgw.sip.endpoint import Endpoint, Incoming
from cpmgw.sip.errors import TransactionTimeout, TransportFailed
from cpmgw.sip.fields import NameAddr
from cpmgw.sip.headers import Headers
from cpmgw.sip.message import Request, Response, originate, respond
from cpmgw.sip.proxy import Proxy
from cpmgw.sip.uri import parse_uri
from tests.sip.endpoints import HERE, HOST, EndpointTestCase
from tests.sip.messages import read

PROXY = "sip:127.0.0.1:5060"
NEAR, FAR = 5070, 5080
METHODS = ("INVITE", "MESSAGE", "BYE", "INFO", "UPDATE", "NOTIFY")


def listens(port: int) -> tuple[str, ...]:
    """UDP and TCP at one port."""
    return (f"udp:{port}:interface=127.0.0.1", f"tcp:{port}:interface=127.0.0.1")


def originated(method: str = "MESSAGE", **options: Any) -> Request:
    """A request of the client for whoever is behind the proxy."""
    uri = parse_uri(options.pop("uri", "sip:bob@example.net"))
    fields = list(options.pop("headers", ()))
    contact = options.pop("contact", f"<sip:alice@{HOST}:{NEAR}>")
    if method == "INVITE":
        fields.append(("Contact", contact))
    return originate(
        method,
        uri,
        from_=NameAddr(parse_uri("sip:alice@example.com"), "", (("tag", "a"),)),
        to=NameAddr(parse_uri("sip:bob@example.net")),
        call_id=options.pop("call_id", "call@example.com"),
        headers=fields,
        **options,
    )


def within(
    method: str,
    response: Response,
    *,
    cseq: int = 2,
    from_server: Request | None = None,
) -> Request:
    """A request in the dialog that an INVITE and its 2xx made (RFC 3261 12.2.1.1).

    It is the client's, or with the INVITE as it came that of the server.
    """
    made = response.headers if from_server is None else from_server.headers
    route = made.all("Record-Route")
    if from_server is None:
        route.reverse()
    own, peer = response.headers.raw("From")[0], response.headers.raw("To")[0]
    if from_server is not None:
        own, peer = peer, own
    contact = made.addresses("Contact")[0]
    fields = [
        ("Max-Forwards", "70"),
        ("From", own),
        ("To", peer),
        ("Call-ID", response.call_id),
        ("CSeq", f"{cseq} {method}"),
        *[("Route", value) for value in route],
    ]
    return Request(method, contact.uri, Headers(fields))


class ProxyTestCase(EndpointTestCase):
    """`near` is the client at 5070, `far` the server at 5080, the proxy at 5060.

    `toward` is where the proxy sends what makes a dialog; None is where the request
    itself says. `given` is what its handler was given, `failures` what went wrong.
    """

    timeout: float | None = None

    def setUp(self) -> None:
        super().setUp()
        self.toward: str | None = f"sip:{HOST}:{FAR}"
        self.parameters: tuple[tuple[str, str | None], ...] = (("iwf", "MMS"),)
        self.given: list[Incoming] = []
        self.failures: list[Exception] = []
        self.acks: list[Request] = []
        self.calls: list[tuple[Incoming, Deferred[Response]]] = []

    def proxy(self, listen: tuple[str, ...] = HERE, **options: Any) -> Endpoint:
        endpoint = self.endpoint(listen, **options)
        self.middle = Proxy(endpoint)
        for method in METHODS:
            dialogs = method != "MESSAGE"
            endpoint.serve(method, self.proxied, in_dialog=dialogs, proxied=True)
        endpoint.serve("ACK", self.acknowledged)
        return endpoint

    async def proxied(self, incoming: Incoming) -> Response:
        """What a user of the proxy does with a request.

        A 408 answers nothing but an INVITE (RFC 4320 4.2).
        """
        self.given.append(incoming)
        request = incoming.request
        try:
            if request.to.tag is None:
                return await self.middle.forward(
                    incoming,
                    request,
                    destination=self.toward,
                    parameters=self.parameters,
                    timeout=self.timeout,
                )
            if not self.middle.routes(request):
                return respond(request, 481)
            return await self.middle.relay(incoming)
        except TransactionTimeout as error:
            self.failures.append(error)
            return respond(request, 408 if request.method == "INVITE" else 504)
        except TransportFailed as error:
            self.failures.append(error)
            return respond(request, 503)

    async def acknowledged(self, incoming: Incoming) -> Response:
        self.middle.acknowledge(incoming)
        return respond(incoming.request, 200)

    def client(self, **options: Any) -> Endpoint:
        endpoint = self.endpoint(listens(NEAR), **options)
        for method in METHODS[2:]:
            endpoint.serve(method, self.accept, in_dialog=True)
        return endpoint

    def server(self, **options: Any) -> Endpoint:
        """A server whose INVITEs wait in `calls` to be answered."""
        endpoint = self.endpoint(listens(FAR), **options)
        for method in METHODS[1:]:
            endpoint.serve(method, self.accept, in_dialog=True)
        endpoint.serve("INVITE", self.called, in_dialog=True)
        endpoint.serve("ACK", self.acked)
        return endpoint

    def called(self, incoming: Incoming) -> Deferred[Response]:
        answer: Deferred[Response] = Deferred()
        self.calls.append((incoming, answer))
        return answer

    async def acked(self, incoming: Incoming) -> Response:
        self.acks.append(incoming.request)
        return respond(incoming.request, 200)

    def answer(
        self, status: int, *, tag: str = "b", call: int = -1, by: str = "udp"
    ) -> Response:
        """The server's answer to a call: a provisional one, or the final one."""
        incoming, waiting = self.calls[call]
        contact = f"<sip:bob@{HOST}:{FAR};transport={by}>"
        fields = (("Contact", contact),) if status < 300 else ()
        response = respond(incoming.request, status, headers=fields, to_tag=tag)
        if status < 200:
            incoming.leg.send_provisional(response)
        else:
            waiting.callback(response)
        self.reactor.settle()
        return response

    def result(self, deferred: Deferred[Response]) -> Response:
        self.reactor.settle()
        return self.successResultOf(deferred)

    def pump(self, seconds: float) -> None:
        self.reactor.pump([0.25] * int(seconds * 4 + 0.5))
        self.reactor.settle()

    def sent_to(self, port: int) -> list[Request | Response]:
        """What was sent by UDP to a port, lost or not."""
        return [read(data) for data, to in self.reactor.datagrams if to[1] == port]

    def methods_to(self, port: int) -> list[str]:
        return [one.method for one in self.sent_to(port) if isinstance(one, Request)]

    def statuses_to(self, port: int) -> list[int]:
        return [one.status for one in self.sent_to(port) if isinstance(one, Response)]


class InviteTestCase(ProxyTestCase):
    """An INVITE by UDP, of which `seen` is what the client was told."""

    def setUp(self) -> None:
        super().setUp()
        self.middle_endpoint = self.proxy()
        self.near = self.client()
        self.seen: list[Response] = []

    def invite(self) -> Deferred[Response]:
        answer = self.near.request(
            originated("INVITE"),
            destination=PROXY,
            timeout=1000.0,
            progress=self.seen.append,
        )
        self.reactor.settle()
        return answer

    def statuses(self) -> list[int]:
        return [one.status for one in self.seen]

    def raw_server(self) -> None:
        """A server that sends only what a test has it send."""
        self.far_stub = self.stub(FAR)

    def says(self, status: int, *, tag: str = "b") -> Response:
        """Have the raw server answer the INVITE."""
        request = self.far_stub.messages()[0]
        assert isinstance(request, Request)
        response = respond(request, status, to_tag=None if status == 100 else tag)
        self.far_stub.transport.write(response.encode(), (HOST, 5060))
        self.reactor.settle()
        return response

    def far_got(self) -> list[str]:
        """The methods that the raw server got, each once."""
        methods = [one.method for one in self.far_stub.messages()]  # type: ignore[union-attr]
        return list(dict.fromkeys(methods))


def fields_of(message: Request | Response, names: Iterable[str]) -> list[list[str]]:
    """The lines of some headers."""
    return [message.headers.raw(name) for name in names]
