"""The messages of the load, ready made, and what is read of those that come back.

Nothing here parses SIP as a peer must: it knows what it has sent (no I/O).
"""

from __future__ import annotations

from typing import Final

PREFIX: Final = b"bench-"
DIGITS: Final = 8
_ORIGINATORS: Final = 7_919
_TARGETS: Final = 9_973

_TEXT: Final = (
    "DateTime: 2026-01-05T12:00:00Z\r\n"
    "NS: imdn <urn:ietf:params:imdn>\r\n"
    "imdn.Message-ID: bench-%(number)08d\r\n"
    "imdn.Disposition-Notification: positive-delivery, interworking\r\n"
    "\r\n"
    "Content-Type: text/plain; charset=utf-8\r\n"
    "\r\n"
    "bench-%(number)08d: shall we meet at eight, where we met last time?"
)
_CPIM: Final = (
    f"From: <tel:+1514556%(originator)04d>\r\nTo: <tel:+1514555%(target)04d>\r\n{_TEXT}"
)
# In a session of two nobody is named (conversation TS 7.3.9.1).
_CHAT: Final = (
    "From: <sip:anonymous@anonymous.invalid>\r\n"
    "To: <sip:anonymous@anonymous.invalid>\r\n"
    f"{_TEXT}"
)
_HEAD: Final = (
    "MESSAGE tel:+1514555%(target)04d SIP/2.0\r\n"
    "Via: SIP/2.0/%(transport)s %(host)s:%(port)d;rport;branch=z9hG4bK%(number)08d\r\n"
    "Max-Forwards: 70\r\n"
    "From: <sip:+1514556%(originator)04d@ims.example.net;user=phone>;"
    "tag=%(number)08d\r\n"
    "To: <tel:+1514555%(target)04d>\r\n"
    "Call-ID: bench-%(number)08d@pf.example.net\r\n"
    "CSeq: 1 MESSAGE\r\n"
    "P-Asserted-Identity: <tel:+1514556%(originator)04d>\r\n"
    "P-Asserted-Service: urn:urn-7:3gpp-service.ims.icsi.oma.cpm.msg\r\n"
    "Accept-Contact: *;+g.3gpp.icsi-ref="
    '"urn%%3Aurn-7%%3A3gpp-service.ims.icsi.oma.cpm.msg"\r\n'
    "Conversation-ID: f81d4fae-7dec-11d0-a765-%(number)012d\r\n"
    "Contribution-ID: abcdef00-1234-1234-1234-%(number)012d\r\n"
    "User-Agent: CPM-client/OMA2.2\r\n"
    "Content-Type: message/cpim\r\n"
    "Content-Length: %(length)d\r\n"
    "\r\n"
)


class PagerMessages:
    """The pager mode messages of one sender: each a short text that wants an IMDN."""

    def __init__(self, transport: str, host: str, port: int) -> None:
        self._template = _HEAD + _CPIM
        self._fixed = {"transport": transport, "host": host, "port": port}
        self._fixed["length"] = len(_CPIM % _values(0))

    def message(self, number: int) -> bytes:
        """The octets of a message; a number below 10^8."""
        return (self._template % {**self._fixed, **_values(number)}).encode()


def text_of(number: int) -> str:
    """What a chat message of a session has: the same text, that wants an IMDN."""
    return _CHAT % {"number": number}


def people(number: int) -> dict[str, int]:
    """The end of the numbers that a message or a session is from and to.

    No two pairs of numbers below 7,919 times 9,973 are the same.
    """
    return {"originator": number % _ORIGINATORS, "target": number % _TARGETS}


def _values(number: int) -> dict[str, int]:
    return {"number": number, **people(number)}


def number_after(data: bytes, mark: bytes) -> int | None:
    """The message number that follows `mark` and PREFIX, None if none does."""
    at = data.find(mark + PREFIX)
    if at < 0:
        return None
    begin = at + len(mark) + len(PREFIX)
    digits = data[begin : begin + DIGITS]
    return int(digits) if digits.isdigit() else None


def answered(data: bytes) -> tuple[int, int] | None:
    """Number and status of a response to one of our messages."""
    number = number_after(data, b"Call-ID: ")
    return None if number is None else (number, int(data[8:11]))


def notified(data: bytes) -> int | None:
    """The number of the message that an IMDN reports as delivered by SMS."""
    if b"<delivered/>" not in data or b"legacy-sms/>" not in data:
        return None
    return number_after(data, b"<message-id>")


_COPIED: Final = (b"Via:", b"From:", b"To:", b"Call-ID:", b"CSeq:")


def ok(request: bytes) -> bytes:
    """The 200 to a request of the gateway's (RFC 3261 8.2.6)."""
    lines = request[: request.find(b"\r\n\r\n")].split(b"\r\n")
    kept = [line for line in lines if line.startswith(_COPIED)]
    return b"SIP/2.0 200 OK\r\n" + b"\r\n".join(kept) + b"\r\nContent-Length: 0\r\n\r\n"


def cut(buffer: bytearray) -> list[bytes]:
    """Take the whole messages off the front of a stream's octets."""
    found: list[bytes] = []
    while True:
        end = buffer.find(b"\r\n\r\n")
        if end < 0:
            return found
        at = buffer.find(b"Content-Length: ", 0, end)
        length = int(buffer[at + 16 : buffer.find(b"\r", at)]) if at >= 0 else 0
        size = end + 4 + length
        if len(buffer) < size:
            return found
        found.append(bytes(buffer[:size]))
        del buffer[:size]
