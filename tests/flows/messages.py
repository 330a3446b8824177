"""A CPM user agent with MSRP: large messages and sessions, from both sides.

SIP goes over the lab's endpoint by hand, MSRP over a node of our own that listens
beside it: what the gateway says is read as any peer would read it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final, TypeAlias

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from zope.interface import implementer

from cpmgw.cpm.features import Feature, tag
from cpmgw.cpm.mime import body_of_type
from cpmgw.lab.pager import PagerMessage, cpim_of
from cpmgw.msrp.interfaces import IMsrpSession, IMsrpUser, Received, Remote
from cpmgw.msrp.node import MsrpNode
from cpmgw.msrp.settings import Listen, MsrpSettings
from cpmgw.sdp.parser import parse_sdp
from cpmgw.sdp.stream import MediaStream, streams
from cpmgw.sip.endpoint import Incoming
from cpmgw.sip.message import Request, Response, respond
from tests.flows.dialog import IDS, invite, within
from tests.flows.house import ALICE, BOB, House

HOST: Final = "127.0.0.1"
PORT: Final = 2900
CONTACT: Final = "<sip:pf@127.0.0.1:5070>"
MSRP: Final = '[msrp]\nlisten = "tcp:2855:interface=127.0.0.1"\n'
"""The lines that give a gateway MSRP; `spooled` adds where its files are."""

Fields: TypeAlias = Iterable[tuple[str, str]]


def spooled(directory: str) -> str:
    """The section [msrp] of a gateway whose large bodies go below a directory."""
    return f'{MSRP}spool = "{directory}"\n'


def cpim(text: str, *, message_id: str = "m-1", **details: Any) -> bytes:
    """A text in message/cpim, as `PagerMessage` says."""
    details.setdefault("sender", ALICE)
    details.setdefault("recipient", BOB)
    details.setdefault("imdn", ())
    message = PagerMessage(text=text, message_id=message_id, **details)
    return cpim_of(message, 1_760_000_000.0).encode()


def describe(
    session: IMsrpSession,
    *,
    direction: str = "sendrecv",
    setup: str = "actpass",
    types: str = "message/cpim",
    wrapped: str = "text/plain",
    size: int | None = None,
    cema: bool = True,
    more: Iterable[str] = (),
) -> bytes:
    """A session description of an end of ours; `more` are whole attributes."""
    host, port = session.address
    attributes = [
        direction,
        f"accept-types:{types}",
        *([f"accept-wrapped-types:{wrapped}"] if wrapped else []),
        f"path:{' '.join(session.path)}",
        f"setup:{setup}",
        *(["msrp-cema"] if cema else []),
        *([f"file-selector:size:{size}"] if size is not None else []),
        *more,
    ]
    lines = [
        "v=0",
        f"o=- 1 1 IN IP4 {host}",
        "s=-",
        f"c=IN IP4 {host}",
        "t=0 0",
        f"m=message {port} TCP/MSRP *",
        *[f"a={each}" for each in attributes],
    ]
    return "".join([f"{each}\r\n" for each in lines]).encode()


@implementer(IMsrpUser)
class Talk:
    """One call of the CPM side, and its MSRP session.

    `first` is the INVITE and `answer` its final response. `came` are the (media type,
    octets) of messages; each is answered with `status`, which may be a Deferred.
    `reports` and `losses` are what MSRP told, `followed` the requests that came in the
    dialog, `byes` the BYEs among them.
    """

    def __init__(self, side: Messaging, session: IMsrpSession, *, calls: bool) -> None:
        self.side = side
        self.session = session
        self.first: Request | None = None
        self.answer: Response | None = None
        self.ringing: list[Response] = []
        self.came: list[tuple[str, bytes]] = []
        self.status: int | Deferred[int] = 200
        self.reports: list[tuple[str, int]] = []
        self.losses: list[Exception] = []
        self.is_connected = False
        self.followed: list[Request] = []
        self.acknowledged: list[Request] = []
        self.description = b""
        self._calls = calls
        self._cseq = 1 if calls else 0

    @property
    def byes(self) -> list[Request]:
        """The BYEs that came."""
        return [each for each in self.followed if each.method == "BYE"]

    @property
    def reasons(self) -> list[str]:
        """The Reasons of the BYEs that came."""
        return [value for bye in self.byes for value in bye.headers.raw("Reason")]

    @property
    def texts(self) -> list[str]:
        """The text in each CPIM that came."""
        return [octets.rpartition(b"\r\n\r\n")[2].decode() for _, octets in self.came]

    @property
    def is_active(self) -> bool:
        """Whether we said that we connect."""
        return b"a=setup:active" in self.description

    @property
    def stream(self) -> MediaStream:
        """The gateway's side of the stream."""
        said = self.answer if self._calls else self.first
        assert said is not None
        kind = said.headers.get("Content-Type") or ""
        body = body_of_type(kind, said.body, "application/sdp")
        assert body is not None
        return streams(parse_sdp(body))[0]

    # -- SIP ---------------------------------------------------------------------------

    def request(
        self,
        method: str,
        *,
        headers: Fields = (),
        body: bytes = b"",
        cseq: int | None = None,
    ) -> Request:
        """A request of ours in the dialog; an ACK has the CSeq of the INVITE."""
        assert self.first is not None and self.answer is not None
        if cseq is None:
            self._cseq += method != "ACK"
            cseq = self._cseq
        made = within(method, self.first, self.answer, cseq, caller=self._calls)
        fields = made.headers
        if body:
            fields = fields.with_added("Content-Type", "application/sdp")
        if method in ("INVITE", "UPDATE"):
            fields = fields.with_added("Contact", CONTACT)
        for name, value in headers:
            fields = fields.with_added(name, value)
        return made.replace(headers=fields, body=body)

    def send(self, method: str, *, headers: Fields = (), body: bytes = b"") -> Response:
        """Send one, and give its final response."""
        pending = self.begin(method, headers=headers, body=body)
        response: Response = self.side.result(pending)
        return response

    def begin(
        self, method: str, *, headers: Fields = (), body: bytes = b""
    ) -> Deferred[Response]:
        """Send one; fires with its final response."""
        request = self.request(method, headers=headers, body=body)
        return self.side.endpoint.request(request)

    def acknowledge(self, cseq: int | None = None) -> None:
        """ACK the 2xx to our INVITE, or to a re-INVITE of this CSeq."""
        ack = self.request("ACK", cseq=1 if cseq is None else cseq)
        self.side.endpoint.acknowledge(ack)
        self.side.house.settle()

    def reinvite(self, body: bytes) -> Response:
        """Offer something else, and ACK the answer if it is a 2xx."""
        response = self.send("INVITE", body=body)
        if 200 <= response.status < 300:
            self.acknowledge(self._cseq)
        return response

    def bye(self, reason: str = "") -> Response:
        """Hang up, and close MSRP once that is answered."""
        headers = [("Reason", reason)] if reason else []
        response = self.send("BYE", headers=headers)
        self.session.close()
        return response

    # -- MSRP --------------------------------------------------------------------------

    def connect(self, *, active: bool = True, **changes: Any) -> None:
        """Let MSRP begin, by what the gateway has said of its side."""
        stream = self.stream
        details: dict[str, Any] = {
            "path": stream.path,
            "connect_to": stream.connect_to,
            "active": active,
        }
        self.session.begin(Remote(**details | changes))
        self.side.house.settle()

    def establish(self) -> None:
        """ACK, and connect."""
        self.acknowledge()
        self.connect()

    def say(
        self,
        text: str,
        *,
        message_id: str = "m-1",
        success_report: bool = False,
        **details: Any,
    ) -> Deferred[int]:
        """Send a text in message/cpim; fires with the MSRP status."""
        octets = cpim(text, message_id=message_id, **details)
        sent: Deferred[int] = self.session.send(
            "message/cpim", octets, success_report=success_report
        )
        return sent

    def connected(self) -> None:
        """Note that MSRP is connected."""
        self.is_connected = True

    async def message(self, received: Received) -> int:
        """Note what has come."""
        self.came.append((received.content_type, received.body.read()))
        received.body.close()
        if isinstance(self.status, int):
            return self.status
        return await self.status

    def report(self, message_id: str, status: int) -> None:
        """Note a REPORT."""
        self.reports.append((message_id, status))

    def lost(self, reason: Exception) -> None:
        """Note the end of MSRP."""
        self.losses.append(reason)


Answer: TypeAlias = "int | Callable[[Talk], Response | Deferred[Response]]"


class Messaging:
    """The CPM side's user agent.

    `talks` are its calls in their order, those it made and those that came. What comes
    is answered as `answer` says: with a status, a 200 having a description of ours; or
    by a function that gets the Talk and gives the response.
    """

    def __init__(self, house: House, *, port: int = PORT) -> None:
        self.house = house
        self.endpoint = house.lab.endpoint
        self.talks: list[Talk] = []
        self.answer: Answer = 200
        self.taking: int | Deferred[int] = 200
        self.spool = house.mktemp()
        self.node = MsrpNode(
            house.network,
            MsrpSettings(
                listen=Listen(port=port, interface=HOST), host=HOST, spool=self.spool
            ),
        )
        self.node.startService()
        house.addCleanup(house._stop, self.node)
        self.endpoint.serve("INVITE", self._invited, in_dialog=True)
        for method in ("BYE", "UPDATE", "OPTIONS"):
            self.endpoint.serve(method, self._followed, in_dialog=True)
        self.endpoint.serve("ACK", self._acknowledged, in_dialog=True)

    @property
    def clock(self) -> IReactorTime:
        """The time of all."""
        return self.house.network

    @property
    def last(self) -> Talk:
        """The newest call."""
        return self.talks[-1]

    def result(self, deferred: Deferred[Any]) -> Any:
        """What a Deferred fires with, once all has come to rest."""
        self.house.wait_until(lambda: deferred.called)
        self.house.settle()
        return self.house.successResultOf(deferred)

    # -- calls of ours -----------------------------------------------------------------

    def open(self, *, calls: bool = True) -> Talk:
        """A session of ours that nobody knows of yet."""
        talk: list[Talk] = []

        @implementer(IMsrpUser)
        class Forward:
            """Tells the talk, which needs its session first."""

            def __getattr__(self, name: str) -> Any:
                return getattr(talk[0], name)

        session = self.house.successResultOf(self.node.open(Forward()))
        talk.append(Talk(self, session, calls=calls))
        self.talks.append(talk[0])
        return talk[0]

    def invite(
        self,
        *,
        feature: Feature = Feature.SESSION,
        sender: str = ALICE,
        recipient: str = BOB,
        headers: Fields = IDS,
        group: bool = False,
        contact: str = CONTACT,
        body: Callable[[IMsrpSession], bytes] | bytes = describe,
        content_type: str = "application/sdp",
    ) -> tuple[Talk, Deferred[Response]]:
        """Send an INVITE; the call, and what fires with its final response."""
        talk = self.open()
        said = body(talk.session) if callable(body) else body
        talk.description = said
        talk.first = invite(
            sender,
            recipient,
            feature=feature,
            headers=[*headers, ("Supported", "timer")],
            group=group,
            contact=contact,
            body=said,
            call_id=f"invite-{len(self.talks)}",
            content_type=content_type,
        )
        pending = self.endpoint.request(talk.first, progress=talk.ringing.append)
        pending.addCallback(self._answered, talk)
        self.house.settle()
        return talk, pending

    def call(self, **details: Any) -> Talk:
        """Send an INVITE, and wait for its answer."""
        talk, pending = self.invite(**details)
        self.result(pending)
        return talk

    def large(self, size: int = 2_000, **details: Any) -> Talk:
        """Send the INVITE of a large message, and wait for its answer."""

        def offer(session: IMsrpSession) -> bytes:
            return describe(session, direction="sendonly", size=size)

        details.setdefault("body", offer)
        return self.call(feature=Feature.LARGE, **details)

    def _answered(self, response: Response, talk: Talk) -> Response:
        talk.answer = response
        if response.status >= 300:
            talk.session.close()
        return response

    # -- calls that come ---------------------------------------------------------------

    async def _invited(self, incoming: Incoming) -> Response:
        request = incoming.request
        if request.to.tag is not None:
            return await self._followed(incoming)
        talk = self.open(calls=False)
        talk.first = request
        talk.status = self.taking
        answer = self.answer
        if callable(answer):
            given = answer(talk)
            response = (await given) if isinstance(given, Deferred) else given
        else:
            response = self.response(talk, answer)
        talk.answer = response
        if response.status >= 300:
            talk.session.close()
        return response

    def response(
        self, talk: Talk, status: int, *, body: bytes | None = None, **said: Any
    ) -> Response:
        """An answer to the INVITE of a call that came; a 2xx has a description."""
        assert talk.first is not None
        if status >= 300:
            return respond(talk.first, status, to_tag=f"callee-{len(self.talks)}")
        if body is None:
            said.setdefault("setup", "active")
            said.setdefault("direction", talk.stream.direction.mirrored.value)
            body = describe(talk.session, **said)
        talk.description = body
        return respond(
            talk.first,
            status,
            headers=(
                ("Contact", f"{CONTACT};{tag(Feature.LARGE)}"),
                ("Supported", "timer"),
                ("Content-Type", "application/sdp"),
            ),
            body=body,
            to_tag=f"callee-{len(self.talks)}",
        )

    async def _followed(self, incoming: Incoming) -> Response:
        request = incoming.request
        talk = self._talk_of(request)
        if talk is None:
            return respond(request, 481)
        talk.followed.append(request)
        if request.method == "BYE":
            talk.session.close()
            return respond(request, 200)
        if request.method in ("INVITE", "UPDATE"):
            body = talk.description if request.body else b""
            fields = [("Contact", CONTACT)]
            if body:
                fields.append(("Content-Type", "application/sdp"))
            return respond(request, 200, headers=fields, body=body)
        return respond(request, 200)

    async def _acknowledged(self, incoming: Incoming) -> Response:
        request = incoming.request
        talk = self._talk_of(request)
        if talk is not None:
            talk.acknowledged.append(request)
            if len(talk.acknowledged) == 1 and talk.session.is_connected is False:
                talk.connect(active=talk.is_active)
        return respond(request, 200)

    def _talk_of(self, request: Request) -> Talk | None:
        for talk in self.talks:
            if talk.first is not None and talk.first.call_id == request.call_id:
                return talk
        return None
