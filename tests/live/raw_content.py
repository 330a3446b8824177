"""What raw endpoints tell each other: SDP (RFC 4566, 4975 8) and CPIM (RFC 3862, 5438).

From the RFCs alone: this shares no code with the gateway.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

ANONYMOUS: Final = "sip:anonymous@anonymous.invalid"
CPIM: Final = "message/cpim"
COMPOSING: Final = "application/im-iscomposing+xml"
_MEDIA: Final = re.compile(r"m=message (\d+) (TCP(?:/TLS)?/MSRP) \*")
_CONNECTION: Final = re.compile(r"c=IN IP4 ([\d.]+)")


def session_offer(path: str, port: int, *more: str) -> bytes:
    """The offer of a chat session: one stream of MSRP, both ways (RFC 4975 8)."""
    lines = (
        f"a=accept-types:{CPIM} {COMPOSING}",
        "a=accept-wrapped-types:text/plain message/imdn+xml",
        "a=setup:actpass",
        "a=sendrecv",
        *more,
    )
    return description(path, port, *lines)


def large_offer(path: str, port: int, size: int, *more: str) -> bytes:
    """The offer of one message of so many octets (conversation TS 7.2.1.2)."""
    lines = (
        f"a=accept-types:{CPIM}",
        "a=accept-wrapped-types:text/plain",
        f"a=file-selector:size:{size}",
        "a=setup:actpass",
        "a=sendonly",
        *more,
    )
    return description(path, port, *lines)


def large_answer(path: str, port: int, setup: str) -> bytes:
    """The answer to such an offer, as `active` or `passive` (7.2.2.2)."""
    lines = (
        f"a=accept-types:{CPIM}",
        "a=accept-wrapped-types:text/plain",
        f"a=setup:{setup}",
        "a=recvonly",
    )
    return description(path, port, *lines)


def description(path: str, port: int, *lines: str) -> bytes:
    """A description with one stream of MSRP."""
    every = (
        "v=0",
        "o=- 1 1 IN IP4 127.0.0.1",
        "s=-",
        "c=IN IP4 127.0.0.1",
        "t=0 0",
        f"m=message {port} TCP/MSRP *",
        f"a=path:{path}",
        "a=msrp-cema",
        *lines,
    )
    return "\r\n".join([*every, ""]).encode()


@dataclass(frozen=True)
class Stream:
    """The MSRP stream of a description: where it is connected to, and its path."""

    host: str
    port: int
    protocol: str
    path: str
    lines: tuple[str, ...]

    def has(self, line: str) -> bool:
        """Whether it has this line."""
        return line in self.lines


def stream_of(body: bytes) -> Stream:
    """The only stream of a description; raises ValueError where it is no MSRP."""
    text = body.decode()
    if not text.endswith("\r\n"):
        raise ValueError("the last line does not end")
    lines = tuple(text[:-2].split("\r\n"))
    kinds = "".join(line[:1] for line in lines)
    if not re.fullmatch(r"vosi?u?e*p*c?b*(?:t+r*)+z?k?a*mi?c*b*k?a*", kinds):
        raise ValueError(f"lines {kinds} (RFC 4566 9)")
    media = [found for line in lines if (found := _MEDIA.fullmatch(line))]
    hosts = [found[1] for line in lines if (found := _CONNECTION.fullmatch(line))]
    paths = [line[len("a=path:") :] for line in lines if line.startswith("a=path:")]
    if len(media) != 1 or len(paths) != 1 or not hosts:
        raise ValueError(text)
    return Stream(hosts[-1], int(media[0][1]), media[0][2], paths[0], lines)


def cpim(
    text: str,
    message_id: str,
    *,
    sender: str = ANONYMOUS,
    recipient: str = ANONYMOUS,
    notify: str = "positive-delivery",
) -> bytes:
    """A text in CPIM that asks for notifications."""
    head = (
        f"From: <{sender}>",
        f"To: <{recipient}>",
        "DateTime: 2026-01-01T12:00:00Z",
        "NS: imdn <urn:ietf:params:imdn>",
        f"imdn.Message-ID: {message_id}",
        f"imdn.Disposition-Notification: {notify}",
    )
    octets = text.encode()
    content = (
        "Content-Type: text/plain; charset=utf-8",
        f"Content-Length: {len(octets)}",
    )
    parts = ("\r\n".join(head), "\r\n".join(content))
    return "\r\n\r\n".join(parts).encode() + b"\r\n\r\n" + octets


def text_of(body: bytes) -> str:
    """The text in a CPIM message."""
    head, content, text = body.decode().split("\r\n\r\n", 2)
    if "From: " not in head or "Content-Type: text/plain" not in content:
        raise ValueError(head + content)
    return text


def imdn_of(body: bytes) -> tuple[str, str]:
    """Message-ID and status of an IMDN in CPIM (RFC 5438 11.1)."""
    text = body.decode()
    identifier = re.search(r"<message-id>([^<]+)</message-id>", text)
    status = re.search(r"<status>\s*<([a-z]+)\s*/>", text)
    if "Content-Type: message/imdn+xml" not in text or not identifier or not status:
        raise ValueError(text)
    return identifier[1], status[1]
