"""The SIP of the load's sessions, ready made, and what is read of the answers (no I/O).

A session has a number, as a message has; originator and target differ from one session
to the next, so that none replaces another (TS 6.1.4).
"""

from __future__ import annotations

import re
from typing import Final

import msgspec

from cpmgw.lab.bench.messages import number_after, people

_SDP: Final = (
    "v=0\r\n"
    "o=- %(number)d 1 IN IP4 127.0.0.1\r\n"
    "s=-\r\n"
    "c=IN IP4 127.0.0.1\r\n"
    "t=0 0\r\n"
    "m=message 9 TCP/MSRP *\r\n"
    "a=path:%(path)s\r\n"
    "a=accept-types:message/cpim application/im-iscomposing+xml\r\n"
    "a=accept-wrapped-types:%(wrapped)s\r\n"
    "a=setup:active\r\n"
    "a=%(direction)s\r\n"
)
_INVITE: Final = (
    "INVITE tel:+1514555%(target)04d SIP/2.0\r\n"
    "%(via)s"
    "Max-Forwards: 70\r\n"
    "From: %(from)s\r\n"
    "To: <tel:+1514555%(target)04d>\r\n"
    "Call-ID: %(call_id)s\r\n"
    "CSeq: 1 INVITE\r\n"
    "Contact: <sip:bench@127.0.0.1:%(port)d;transport=tcp>\r\n"
    "P-Asserted-Identity: <tel:+1514556%(originator)04d>\r\n"
    "P-Asserted-Service: urn:urn-7:3gpp-service.ims.icsi.oma.cpm.%(feature)s\r\n"
    "Accept-Contact: *;+g.3gpp.icsi-ref="
    '"urn%%3Aurn-7%%3A3gpp-service.ims.icsi.oma.cpm.%(feature)s"\r\n'
    "Conversation-ID: f81d4fae-7dec-11d0-a765-%(number)012d\r\n"
    "Contribution-ID: abcdef00-1234-1234-1234-%(number)012d\r\n"
    "Allow: INVITE, ACK, CANCEL, BYE, UPDATE\r\n"
    "Supported: timer\r\n"
    "User-Agent: CPM-client/OMA2.2\r\n"
    "Content-Type: application/sdp\r\n"
    "Content-Length: %(length)d\r\n"
    "\r\n"
)
_WITHIN: Final = (
    "%(method)s %(target)s SIP/2.0\r\n"
    "%(via)s"
    "Max-Forwards: 70\r\n"
    "%(routes)s"
    "From: %(from)s\r\n"
    "To: %(to)s\r\n"
    "Call-ID: %(call_id)s\r\n"
    "CSeq: %(cseq)d %(method)s\r\n"
    "Content-Length: 0\r\n"
    "\r\n"
)
_LINE: Final = rb"(?mi)^%b:[ \t]*([^\r\n]*)"
_TO: Final = re.compile(_LINE % b"To")
_CONTACT: Final = re.compile(_LINE % b"Contact")
_RECORD_ROUTE: Final = re.compile(_LINE % b"Record-Route")
_CSEQ: Final = re.compile(_LINE % b"CSeq")
_PATH: Final = re.compile(rb"(?m)^a=path:([^\r\n]*)")
_URI: Final = re.compile(r"<([^>]*)>")


class Form(msgspec.Struct, frozen=True, kw_only=True):
    """What kind of session is asked for: by its feature, and what its stream has."""

    feature: str = "session"
    wrapped: str = "text/plain message/imdn+xml"
    direction: str = "sendrecv"


CHAT: Final = Form()
LARGE: Final = Form(
    feature="largemsg",
    wrapped="multipart/mixed text/plain image/jpeg",
    direction="sendonly",
)


class Answer(msgspec.Struct, frozen=True):
    """A response to a request of session `number`; its octets are `data`."""

    number: int
    status: int
    method: str
    data: bytes


def read_answer(data: bytes) -> Answer | None:
    """Which request a response answers; None if that is none of ours."""
    number = number_after(data, b"Call-ID: ")
    found = _CSEQ.search(data)
    if number is None or found is None:
        return None
    method = found[1].decode().partition(" ")[2]
    return Answer(number, int(data[8:11]), method, data)


class Invitation:
    """One session: what is sent to begin and to end it.

    `path` is the peer's MSRP URI once the session is `answered`, `own` that of ours.
    """

    __slots__ = ("_form", "_port", "_routes", "_target", "_to", "number", "path")

    def __init__(self, number: int, port: int, form: Form = CHAT) -> None:
        self.number = number
        self.path = ""
        self._form = form
        self._port = port
        self._to = self._target = self._routes = ""

    @property
    def own(self) -> str:
        """Our MSRP URI in it."""
        return f"msrp://127.0.0.1:9/bench-{self.number:08d};tcp"

    def invite(self) -> bytes:
        """The INVITE, with our offer."""
        form = self._form
        body = _SDP % {
            "number": self.number,
            "path": self.own,
            "wrapped": form.wrapped,
            "direction": form.direction,
        }
        head = _INVITE % {
            **self._fixed("i"),
            **people(self.number),
            "number": self.number,
            "feature": form.feature,
            "port": self._port,
            "length": len(body),
        }
        return (head + body).encode()

    def answered(self, data: bytes) -> bytes:
        """Take a 200 to the INVITE; the ACK. ValueError if it makes no session."""
        to, contact, path = (each.search(data) for each in (_TO, _CONTACT, _PATH))
        uri = _URI.search(contact[1].decode()) if contact is not None else None
        if to is None or uri is None or path is None:
            raise ValueError("no session in a 200")
        self._to, self._target = to[1].decode(), uri[1]
        self.path = path[1].decode()
        # The answer has them in the order in which the request passed (12.1.2).
        routes = [each.decode() for each in _RECORD_ROUTE.findall(data)]
        self._routes = "".join([f"Route: {each}\r\n" for each in reversed(routes)])
        return self._within("ACK", 1)

    def bye(self) -> bytes:
        """The BYE."""
        return self._within("BYE", 2)

    def _within(self, method: str, cseq: int) -> bytes:
        return (
            _WITHIN
            % {
                **self._fixed(method[0].lower()),
                "method": method,
                "target": self._target,
                "routes": self._routes,
                "to": self._to,
                "cseq": cseq,
            }
        ).encode()

    def _fixed(self, mark: str) -> dict[str, str]:
        number = self.number
        originator = people(number)["originator"]
        return {
            "via": f"Via: SIP/2.0/TCP 127.0.0.1:{self._port};rport;"
            f"branch=z9hG4bK{mark}{number:08d}\r\n",
            "from": f"<sip:+1514556{originator:04d}@ims.example.net;user=phone>;"
            f"tag={number:08d}",
            "call_id": f"bench-{number:08d}@pf.example.net",
        }
