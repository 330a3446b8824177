"""Bodies that came encoded: Content-Encoding read with a limit (RFC 3261 7.4.1)."""

from __future__ import annotations

import zlib
from typing import Final

from cpmgw.sip.errors import SipSyntaxError
from cpmgw.sip.message import Message

ACCEPT_ENCODING: Final = "deflate, gzip, identity"
MAX_CODINGS: Final = 2

# zlib and gzip wrappers are told apart by zlib itself; some senders leave the wrapper
# of "deflate" (RFC 1950) out and send RFC 1951 alone.
_WRAPPED: Final = zlib.MAX_WBITS | 32
_BARE: Final = -zlib.MAX_WBITS
_CODINGS: Final = frozenset({"deflate", "gzip", "x-gzip"})


def inflated_body(message: Message, limit: int) -> bytes:
    """The body as it was before its Content-Encoding, at most `limit` octets.

    SipSyntaxError: 415 with Accept-Encoding for a coding that is not known (RFC 3261
    8.2.3), 413 for a body that grows above the limit, 400 for a broken one.
    """
    body = message.body
    if "Content-Encoding" in message.headers:
        body = _decode(message, limit)
    if len(body) > limit:
        raise SipSyntaxError("Body Too Large", status=413)
    return body


def _decode(message: Message, limit: int) -> bytes:
    codings = [
        coding
        for value in message.headers.all("Content-Encoding")
        if (coding := value.lower()) != "identity"
    ]
    if len(codings) > MAX_CODINGS or not _CODINGS.issuperset(codings):
        raise SipSyntaxError(
            "Unsupported Content-Encoding",
            status=415,
            headers=(("Accept-Encoding", ACCEPT_ENCODING),),
        )
    body = message.body
    for _ in codings:
        body = _inflate(body, limit)
    return body


def _inflate(octets: bytes, limit: int) -> bytes:
    try:
        return _inflate_as(_WRAPPED, octets, limit)
    except zlib.error:
        pass
    try:
        return _inflate_as(_BARE, octets, limit)
    except zlib.error:
        raise SipSyntaxError("Malformed Compressed Body") from None


def _inflate_as(form: int, octets: bytes, limit: int) -> bytes:
    machine = zlib.decompressobj(form)
    plain = machine.decompress(octets, limit + 1)
    if len(plain) > limit:
        raise SipSyntaxError("Body Too Large", status=413)
    if not machine.eof or machine.unused_data:
        raise zlib.error("truncated, or followed by something else")
    return plain
