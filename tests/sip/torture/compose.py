"""How a torture message is put together: a plain message with something changed."""

from __future__ import annotations

PLAIN = {
    "Via": "SIP/2.0/UDP edge.example.net:5060;branch=z9hG4bKfine1",
    "Max-Forwards": "70",
    "From": '"Ada" <sip:ada@example.net>;tag=from1',
    "To": "<sip:bob@example.org>",
    "Call-ID": "torture.1@edge.example.net",
    "CSeq": "7 MESSAGE",
    "Content-Length": "0",
}


def text(start: str, *lines: str, body: bytes = b"") -> bytes:
    """The octets of a start line, header lines, and a body; nothing is added."""
    head = "\r\n".join([start, *lines])
    return f"{head}\r\n\r\n".encode("utf-8", "surrogateescape") + body


def message(
    start: str,
    *extra: str,
    body: bytes = b"",
    without: tuple[str, ...] = (),
    **changed: str,
) -> bytes:
    """The plain message under another start line.

    `changed` replaces a header's value (Call_ID for Call-ID), `extra` are lines put
    after them all, `without` leaves headers out.
    """
    method = start.partition(" ")[0]
    headers = {**PLAIN, "CSeq": f"7 {method}", "Content-Length": str(len(body))}
    headers.update({name.replace("_", "-"): value for name, value in changed.items()})
    lines = [f"{n}: {value}" for n, value in headers.items() if n not in without]
    return text(start, *lines, *extra, body=body)


def response(start: str, *extra: str, body: bytes = b"", **changed: str) -> bytes:
    """A response to the plain message."""
    return message(
        start,
        *extra,
        body=body,
        without=("Max-Forwards",),
        **{"CSeq": "7 MESSAGE"} | changed,
    )
