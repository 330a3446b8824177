"""Messages that the tests of the SIP runtime are made of."""

from __future__ import annotations

from cpmgw.sip.message import Request, Response
from cpmgw.sip.parser import Limits, parse_datagram

LIMITS = Limits()


def request_octets(
    method: str = "MESSAGE",
    *,
    uri: str = "sip:bob@example.net",
    branch: str = "z9hG4bKone",
    via: str = "SIP/2.0/UDP 127.0.0.1:5071",
    call_id: str = "call@example.com",
    cseq: int = 1,
    from_tag: str = "alice",
    to_tag: str = "",
    extra: tuple[str, ...] = (),
    body: bytes = b"",
) -> bytes:
    """A request as it comes over the wire; an empty branch is RFC 2543's way."""
    lines = [
        f"{method} {uri} SIP/2.0",
        f"Via: {via}" + (f";branch={branch}" if branch else ""),
        "Max-Forwards: 70",
        f"From: <sip:alice@example.com>;tag={from_tag}",
        "To: <sip:bob@example.net>" + (f";tag={to_tag}" if to_tag else ""),
        f"Call-ID: {call_id}",
        f"CSeq: {cseq} {method}",
        *extra,
        f"Content-Length: {len(body)}",
        "",
        "",
    ]
    replaced = {line.partition(":")[0] for line in extra} & {"Max-Forwards"}
    if replaced:
        lines.remove("Max-Forwards: 70")
    return "\r\n".join(lines).encode() + body


def request(
    method: str = "MESSAGE",
    *,
    uri: str = "sip:bob@example.net",
    branch: str = "z9hG4bKone",
    via: str = "SIP/2.0/UDP 127.0.0.1:5071",
    call_id: str = "call@example.com",
    cseq: int = 1,
    to_tag: str = "",
    extra: tuple[str, ...] = (),
    body: bytes = b"",
) -> Request:
    """A request as the parser gives it."""
    octets = request_octets(
        method,
        uri=uri,
        branch=branch,
        via=via,
        call_id=call_id,
        cseq=cseq,
        to_tag=to_tag,
        extra=extra,
        body=body,
    )
    message = parse_datagram(octets, LIMITS)
    assert isinstance(message, Request)
    return message


def read(data: bytes) -> Request | Response:
    """What octets say."""
    return parse_datagram(data, LIMITS)


def response(data: bytes) -> Response:
    """The response in octets."""
    message = read(data)
    assert isinstance(message, Response), message
    return message
