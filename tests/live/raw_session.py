"""A SIP user agent for sessions, written from RFC 3261 alone, by UDP or TCP.

It shares no code with the gateway, and blocks: it is run in a thread. It speaks to one
gateway, through which all its requests go.
"""

from __future__ import annotations

import contextlib
import re
import select
import socket
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Final, Self

from tests.live.raw_content import Stream, stream_of
from tests.live.raw_frames import SECONDS, Header, Malformed, token
from tests.live.raw_packet import Packet, take_datagram, take_packet

SDP: Final = "application/sdp"
SESSION: Final = "session"
LARGE: Final = "largemsg"
SERVICE: Final = "3gpp-service.ims.icsi.oma.cpm"
_TAG: Final = re.compile(r";tag=([^;>\s]+)")
_URI: Final = re.compile(r"<([^>]+)>")


class Phone:
    """A user agent at a port that has both UDP and TCP.

    Requests that come are answered 200, or as `answers` says of their method, but those
    that make a dialog wait; they are in `requests`, each once, however often it came.
    """

    def __init__(self, number: str, transport: str = "udp") -> None:
        self.number = number
        self.gateway = 0
        self.requests: list[Packet] = []
        self.answers: dict[str, int] = {}
        self._transport = transport
        self._datagrams, self._listening = _sockets()
        self.port = int(self._datagrams.getsockname()[1])
        self._streams: dict[socket.socket, bytearray] = {}
        self._towards: socket.socket | None = None
        self._answers: dict[tuple[str, str], list[Packet]] = {}
        self._given: dict[tuple[str, str], Packet | None] = {}
        self._ways: dict[tuple[str, str], socket.socket | tuple[str, int]] = {}

    @property
    def hop(self) -> str:
        """Where a gateway sends what goes to this user."""
        return f"sip:127.0.0.1:{self.port};transport={self._transport};lr"

    def close(self) -> None:
        """Close every socket."""
        for each in (self._datagrams, self._listening, *self._streams):
            each.close()

    def contact(self, feature: str) -> str:
        """Its Contact, with the tag of a feature."""
        uri = f"sip:127.0.0.1:{self.port};transport={self._transport}"
        return f"<{uri}>;{_tag(feature)}"

    # -- calling

    def invite(
        self, callee: str, body: bytes, feature: str = SESSION, *headers: Header
    ) -> Call:
        """Invite, and wait for the final answer."""
        request = self.invitation(callee, body, feature, *headers)
        return Call(self, request, self.answered(request))

    def invitation(
        self, callee: str, body: bytes, feature: str = SESSION, *headers: Header
    ) -> Packet:
        """An INVITE (conversation TS 7.2.1.2, 7.3.1.1), not sent yet."""
        own = (
            ("From", f"<tel:{self.number}>;tag={token()}"),
            ("To", f"<tel:{callee}>"),
            ("Call-ID", f"{token()}@127.0.0.1"),
            ("CSeq", "1 INVITE"),
            ("Contact", self.contact(feature)),
            ("P-Asserted-Identity", f"<tel:{self.number}>"),
            ("P-Asserted-Service", f"urn:urn-7:{SERVICE}.{feature}"),
            ("Accept-Contact", f"*;{_tag(feature)}"),
            ("Supported", "timer"),
            ("Conversation-ID", token()),
            ("Contribution-ID", token()),
        )
        return self.request_of("INVITE", f"tel:{callee}", (*own, *headers), body)

    def request_of(
        self,
        method: str,
        uri: str,
        headers: Iterable[Header],
        body: bytes = b"",
        branch: str = "",
    ) -> Packet:
        """A request with a Via of ours; a body is SDP unless the headers say else."""
        via = f"SIP/2.0/{self._transport.upper()} 127.0.0.1:{self.port}"
        above = (
            ("Via", f"{via};rport;branch={branch or 'z9hG4bK' + token()}"),
            ("Max-Forwards", "70"),
        )
        own = tuple(headers)
        has_type = any(name == "Content-Type" for name, _ in own)
        content = () if has_type or not body else (("Content-Type", SDP),)
        return Packet(f"{method} {uri} SIP/2.0", (*above, *own, *content), body)

    def answered(self, request: Packet, seconds: float = SECONDS) -> Packet:
        """Send a request and wait for its final answer."""
        self.send(request)
        return self.answer_to(request, seconds)

    def answer_to(self, request: Packet, seconds: float = SECONDS) -> Packet:
        """Wait for the final answer to a request; a refused INVITE is ACKed."""
        end = time.monotonic() + seconds
        while True:
            for answer in self._answers.pop((request.branch, request.method), ()):
                if answer.status >= 200:
                    if request.method == "INVITE" and answer.status >= 300:
                        self._acknowledge_refusal(request, answer)
                    return answer
            self.take(end - time.monotonic())

    def send(self, request: Packet) -> None:
        """Send a request to the gateway."""
        if self._transport == "udp":
            self._datagrams.sendto(request.octets(), ("127.0.0.1", self.gateway))
            return
        if self._towards not in self._streams:
            self._towards = socket.create_connection(("127.0.0.1", self.gateway))
            self._streams[self._towards] = bytearray()
        assert self._towards is not None
        self._towards.sendall(request.octets())

    # -- being called

    def requested(self, method: str, seconds: float = SECONDS) -> Packet:
        """The next request of a method that has come; it is taken out."""
        end = time.monotonic() + seconds
        while True:
            for request in self.requests:
                if request.method == method:
                    self.requests.remove(request)
                    return request
            self.take(end - time.monotonic())

    def accept(self, invite: Packet, body: bytes, feature: str = SESSION) -> Dialog:
        """Answer an INVITE with 200, and wait for its ACK."""
        headers = (
            ("Contact", self.contact(feature)),
            ("Content-Type", SDP),
        )
        answer = self.respond(invite, 200, headers, body)
        self.requested("ACK")
        return self.called(invite, answer)

    def called(self, request: Packet, answer: Packet) -> Dialog:
        """The dialog of a request that came and a 2xx of ours (12.1.1)."""
        dialog = Dialog(self, answer.value("To"), request.value("From"), answer)
        return dialog.routed(request.value("Contact"), request.values("Record-Route"))

    def respond(
        self,
        request: Packet,
        status: int,
        headers: Iterable[Header] = (),
        body: bytes = b"",
    ) -> Packet:
        """Answer a request where it came from; what repeats it gets the same."""
        kept = ("via", "record-route", "from", "call-id", "cseq")
        copied = [each for each in request.headers if each[0].lower() in kept]
        to = request.value("To")
        if not _TAG.search(to):
            to = f"{to};tag={request.branch[-16:]}"
        reason = {200: "OK"}.get(status, "No")
        answer = Packet(
            f"SIP/2.0 {status} {reason}", (*copied, ("To", to), *headers), body
        )
        key = (request.branch, request.method)
        self._given[key] = answer
        self._reply(key, answer)
        return answer

    def repeat(self, request: Packet) -> None:
        """Send the answer to a request once more."""
        key = (request.branch, request.method)
        answer = self._given[key]
        if answer is not None:
            self._reply(key, answer)

    def serve(self, ended: Callable[[], bool]) -> None:
        """Answer what comes until something has ended; looks every 50 ms."""
        while not ended():
            with contextlib.suppress(TimeoutError):
                self.take(0.05)

    # -- taking

    def take(self, seconds: float = SECONDS) -> Packet:
        """Take one message, and answer it as far as that goes by itself."""
        end = time.monotonic() + seconds
        while True:
            left = end - time.monotonic()
            every = [self._datagrams, self._listening, *self._streams]
            ready = select.select(every, (), (), max(left, 0))[0] if left > 0 else []
            if not ready:
                raise TimeoutError(f"nothing has come to {self.number}")
            for each in ready:
                if (packet := self._read(each)) is not None:
                    return packet

    def _read(self, ready: socket.socket) -> Packet | None:
        if ready is self._listening:
            self._streams[ready.accept()[0]] = bytearray()
            return None
        if ready is self._datagrams:
            octets, source = ready.recvfrom(65_536)
            return self._came(take_datagram(octets), source)
        octets = ready.recv(65_536)
        if not octets:
            del self._streams[ready]
            ready.close()
            return None
        buffer, found = self._streams[ready], None
        buffer += octets
        while (packet := take_packet(buffer)) is not None:
            found = self._came(packet, ready)
        return found

    def _came(self, packet: Packet, way: socket.socket | tuple[str, int]) -> Packet:
        if packet.status:
            key = (packet.branch, packet.value("CSeq").split(" ")[-1])
            self._answers.setdefault(key, []).append(packet)
            return packet
        key = (packet.branch, packet.method)
        if key in self._given:
            self.repeat(packet)
            return packet
        self._given[key] = None
        self._ways[key] = way
        self.requests.append(packet)
        if packet.method not in ("INVITE", "SUBSCRIBE", "ACK"):
            self.respond(packet, self.answers.get(packet.method, 200))
        return packet

    def _reply(self, key: tuple[str, str], answer: Packet) -> None:
        way = self._ways[key]
        if isinstance(way, socket.socket):
            way.sendall(answer.octets())
        else:
            self._datagrams.sendto(answer.octets(), way)

    def _acknowledge_refusal(self, request: Packet, answer: Packet) -> None:
        """The ACK of what is no 2xx belongs to the transaction (RFC 3261 17.1.1.3)."""
        headers = (
            ("From", request.value("From")),
            ("To", answer.value("To")),
            ("Call-ID", request.value("Call-ID")),
            ("CSeq", request.value("CSeq").replace("INVITE", "ACK")),
        )
        uri = request.start.split(" ")[1]
        self.send(self.request_of("ACK", uri, headers, branch=request.branch))


class Dialog:
    """One side of a session that there is (12)."""

    def __init__(self, phone: Phone, ours: str, theirs: str, answer: Packet) -> None:
        self._phone = phone
        self._ours = ours
        self._theirs = theirs
        self._call_id = answer.value("Call-ID")
        self._sequence = 1
        self._target = ""
        self._routes: Sequence[str] = ()

    def routed(self, contact: str, routes: Iterable[str]) -> Self:
        """Say where its requests go: the other's Contact, by a route set."""
        target = _URI.search(contact)
        if target is None:
            raise Malformed(f"Contact: {contact}")
        self._target, self._routes = target[1], tuple(routes)
        return self

    def acknowledge(self) -> None:
        """Send the ACK of a 200 (13.2.2.4)."""
        self._phone.send(self.request("ACK"))

    def bye(self, *headers: Header) -> Packet:
        """End it; gives the answer."""
        return self._phone.answered(self.request("BYE", headers))

    def again(self, body: bytes, *headers: Header) -> Packet:
        """Offer something else; a 200 is acknowledged (14.1)."""
        contact = self._phone.contact(SESSION)
        answer = self._phone.answered(
            self.request("INVITE", (("Contact", contact), *headers), body)
        )
        if answer.status == 200:
            self.acknowledge()
        return answer

    def ended(self, seconds: float = SECONDS) -> Packet:
        """Wait for the other side's BYE."""
        return self._phone.requested("BYE", seconds)

    def request(
        self, method: str, headers: Iterable[Header] = (), body: bytes = b""
    ) -> Packet:
        """A request within the dialog, along its route set (12.2.1.1)."""
        if method != "ACK":
            self._sequence += 1
        own = (
            *(("Route", route) for route in self._routes),
            ("From", self._ours),
            ("To", self._theirs),
            ("Call-ID", self._call_id),
            ("CSeq", f"{self._sequence} {method}"),
        )
        return self._phone.request_of(method, self._target, (*own, *headers), body)


class Call(Dialog):
    """A session that was asked for: its INVITE and the final answer."""

    def __init__(self, phone: Phone, invite: Packet, answer: Packet) -> None:
        super().__init__(phone, invite.value("From"), answer.value("To"), answer)
        self.invite = invite
        self.answer = answer
        if answer.status == 200:
            routes = reversed(answer.values("Record-Route"))
            self.routed(answer.value("Contact"), routes)

    @property
    def stream(self) -> Stream:
        """The stream of the answer."""
        if self.answer.status != 200:
            raise Malformed(f"no session: {self.answer.start}")
        return stream_of(self.answer.body)


def _tag(feature: str) -> str:
    return f'+g.3gpp.icsi-ref="urn%3Aurn-7%3A{SERVICE}.{feature}"'


def _sockets() -> tuple[socket.socket, socket.socket]:
    """UDP and TCP at one port."""
    for _ in range(20):
        listening = socket.create_server(("127.0.0.1", 0))
        datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            datagrams.bind(listening.getsockname())
        except OSError:
            datagrams.close()
            listening.close()
            continue
        return datagrams, listening
    raise OSError("no port is free for both UDP and TCP")
