"""Both ends of a dialog, as a test needs them (RFC 3261 12)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final

from twisted.internet.defer import Deferred

from cpmgw.cpm.features import Feature, accept_contact, icsi, tag
from cpmgw.sip.endpoint import Endpoint, EndpointSettings, Incoming
from cpmgw.sip.headers import NameAddr
from cpmgw.sip.message import Request, Response, originate, respond
from cpmgw.sip.uri import parse_uri

OFFER: Final = (
    b"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
    b"m=message 9 TCP/MSRP *\r\na=accept-types:message/cpim\r\n"
    b"a=accept-wrapped-types:%s\r\na=setup:actpass\r\n"
    b"a=path:msrp://127.0.0.1:9/abc;tcp\r\n"
)
IDS: Final = (("Conversation-ID", "conversation-1"), ("Contribution-ID", "part-1"))


def offer(types: str = "text/plain") -> bytes:
    """A session description that offers to carry these types."""
    return OFFER % types.encode()


def invite(
    sender: str,
    recipient: str,
    *,
    feature: Feature = Feature.SESSION,
    contact: str = "<sip:pf@127.0.0.1:5070>",
    body: bytes | None = None,
    headers: Iterable[tuple[str, str]] = IDS,
    group: bool = False,
    call_id: str = "invite-1",
    content_type: str = "application/sdp",
) -> Request:
    """An INVITE of a CPM feature (conversation TS 7.3.1)."""
    focus = ";isfocus" if group else ""
    return originate(
        "INVITE",
        parse_uri(recipient),
        from_=NameAddr(parse_uri(sender)).with_parameter("tag", "a"),
        to=NameAddr(parse_uri(recipient)),
        call_id=call_id,
        headers=(
            ("P-Asserted-Identity", f"<{sender}>"),
            ("P-Asserted-Service", icsi(feature, group)),
            ("Accept-Contact", accept_contact(feature)),
            ("Contact", f"{contact};{tag(feature)}{focus}"),
            *headers,
            ("Content-Type", content_type),
        ),
        body=offer() if body is None else body,
    )


def within(
    method: str, first: Request, answer: Response, cseq: int, *, caller: bool = True
) -> Request:
    """A request of the dialog that an INVITE and its 2xx have made (12.2.1.1)."""
    source = answer.headers if caller else first.headers
    routes = [str(each) for each in source.addresses("Record-Route")]
    if caller:
        routes.reverse()  # 12.1.2
    near, far = (first.from_, answer.to) if caller else (answer.to, first.from_)
    return originate(
        method,
        source.addresses("Contact")[0].uri,
        from_=near,
        to=far,
        call_id=first.call_id,
        cseq=cseq,
        headers=[("Route", each) for each in routes],
    )


class RemoteIwf:
    """An Interworking Function on another host: it answers as it is told.

    `answer` is a status, or gives the response of a request; `received` is all that
    came, `acknowledged` the ACKs among it. Without `records_route` its answers have
    no Record-Route.
    """

    def __init__(self, network: Any, port: int, name: str = "mms") -> None:
        self.uri = f"sip:127.0.0.1:{port};transport=udp"
        self.contact = f"<sip:{name}@127.0.0.1:{port}>"
        self.answer: int | Callable[[Incoming], Any] = 200
        self.records_route = True
        self.received: list[Incoming] = []
        self.acknowledged: list[Request] = []
        where = f"{port}:interface=127.0.0.1"
        self.endpoint = Endpoint(
            network,
            EndpointSettings(
                listen=(f"udp:{where}", f"tcp:{where}"), trusted=("127.0.0.0/8",)
            ),
        )
        for method in ("MESSAGE", "INVITE", "*"):
            self.endpoint.serve(method, self._take, in_dialog=True, proxied=True)
        self.endpoint.serve("ACK", self._acknowledge, in_dialog=True)

    @property
    def requests(self) -> list[Request]:
        """What has come, but for ACKs."""
        return [each.request for each in self.received]

    @property
    def last(self) -> Request:
        """What came last."""
        return self.received[-1].request

    def response(self, request: Request, status: int) -> Response:
        """An answer that makes a dialog where it can."""
        headers = [("Contact", self.contact)] if request.method == "INVITE" else []
        made = respond(request, status, headers=headers, to_tag="b")
        if self.records_route:
            return made
        return made.replace(headers=made.headers.without("Record-Route"))

    def repeat(self) -> None:
        """Send the 200 of the last request again, as one does that lacks its ACK."""
        incoming = self.received[-1]
        incoming.leg.send_again(self.response(incoming.request, 200))

    async def _take(self, incoming: Incoming) -> Response:
        self.received.append(incoming)
        if isinstance(self.answer, int):
            return self.response(incoming.request, self.answer)
        given = self.answer(incoming)
        result: Response = (await given) if isinstance(given, Deferred) else given
        return result

    async def _acknowledge(self, incoming: Incoming) -> Response:
        self.acknowledged.append(incoming.request)
        return respond(incoming.request, 200)
