"""The ACK that a client transaction makes for a 300-699 (RFC 3261 17.1.1.3)."""

from __future__ import annotations

from cpmgw.sip.headers import Headers
from cpmgw.sip.message import Request, Response


def acknowledge(invite: Request, response: Response) -> Request:
    """Build the ACK: the INVITE's own Via, From, Call-ID, Route; the response's To."""
    fields = [
        ("Via", invite.headers.raw("Via")[0]),
        ("Max-Forwards", "70"),
        ("From", invite.headers.raw("From")[0]),
        ("To", response.headers.raw("To")[0]),
        ("Call-ID", invite.call_id),
        ("CSeq", f"{invite.cseq.number} ACK"),
    ]
    fields.extend(("Route", value) for value in invite.headers.raw("Route"))
    return Request("ACK", invite.uri, Headers(fields))
