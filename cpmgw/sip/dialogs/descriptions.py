"""Where the session description of a message is (RFC 3261 13.2.1, RFC 2046 5.1)."""

from __future__ import annotations

import re
from typing import Final

from cpmgw.sip.errors import SipSyntaxError
from cpmgw.sip.fields import parse_valued
from cpmgw.sip.message import Message

SDP: Final = "application/sdp"
# A body has no more parts than are looked at.
MOST_PARTS: Final = 16
_MULTIPART: Final = "multipart/"
# What follows a delimiter, up to the empty line.
_HEAD: Final = re.compile(rb"[ \t]*\r\n(?:[^\r\n]+\r\n)*\r\n")
# A part without a Content-Type is plain text (RFC 2046 5.1).
_CONTENT_TYPE: Final = re.compile(
    rb"^content-type[ \t]*:[ \t]*([^\s;]+)", re.IGNORECASE | re.MULTILINE
)


def can_describe(message: Message) -> bool:
    """Whether the body is of a type that may have a session description in it."""
    content_type = message.content_type or ""
    return content_type == SDP or content_type.startswith(_MULTIPART)


def description_of(message: Message) -> bytes:
    """The session description of a message, also among others; empty without one."""
    content_type = message.content_type or ""
    if content_type == SDP:
        return message.body
    if not content_type.startswith(_MULTIPART):
        return b""
    try:
        read = parse_valued(message.headers.get("Content-Type") or "")
    except SipSyntaxError:
        return b""
    boundary = read.parameter("boundary")
    return _part(message.body, boundary.encode()) if boundary else b""


def _part(body: bytes, boundary: bytes) -> bytes:
    delimiter = b"\r\n--" + boundary
    parts = (b"\r\n" + body).split(delimiter, MOST_PARTS + 1)
    for part in parts[1 : MOST_PARTS + 1]:
        head = _HEAD.match(part)
        if head is None:
            continue
        found = _CONTENT_TYPE.search(head[0])
        if found is not None and found[1].lower() == SDP.encode():
            return part[head.end() :]
    return b""
