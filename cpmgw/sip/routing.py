"""Where a request goes next, and how it looks on that hop (RFC 3261 8.1.2, 16.6)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from cpmgw.sip.errors import TransportFailed
from cpmgw.sip.fields import NameAddr
from cpmgw.sip.headers import Headers
from cpmgw.sip.message import Request
from cpmgw.sip.resolver import Hop
from cpmgw.sip.uri import SipUri, Uri, parse_uri

# What a Contact-like URI may carry and a Request-URI may not (RFC 3261 19.1.1).
_NOT_IN_REQUEST_URI: Final = "method"


class CannotRoute(TransportFailed):
    """Nothing says to which host the request is to be sent."""


def route(
    request: Request, *, destination: str | None, next_hop: SipUri | None
) -> tuple[Request, SipUri]:
    """The request with its Route set in order, and the URI whose host comes next.

    First an explicit destination, then the topmost Route, then the next hop of the
    configuration (as a Route if it has `lr`), then the Request-URI (RFC 3261 8.1.2).
    """
    if destination is not None:
        return request, _sip(parse_uri(destination), "destination")
    if "Route" in request.headers:
        return _along_route(request)
    if next_hop is not None:
        if not next_hop.has("lr"):
            return request, next_hop
        headers = request.headers.with_first("Route", f"<{next_hop}>")
        return request.replace(headers=headers), next_hop
    return request, _sip(request.uri, "Request-URI")


def next_hop_of(text: str) -> SipUri | None:
    """The next hop of the configuration, None where there is none."""
    if not text:
        return None
    uri = parse_uri(text)
    if not isinstance(uri, SipUri):
        raise TransportFailed(f"next hop {text!r} is no SIP URI")
    return uri


def _along_route(request: Request) -> tuple[Request, SipUri]:
    """Follow the topmost Route; a strict router gets what it expects (12.2.1.1)."""
    routes = request.headers.addresses("Route")
    first = _sip(routes[0].uri, "Route")
    if first.has("lr"):
        return request, first
    rest = [*routes[1:], NameAddr(request.uri)]
    headers = request.headers.without("Route")
    for address in reversed(rest):
        headers = headers.with_first("Route", str(address))
    strict = first.without_parameter(_NOT_IN_REQUEST_URI)
    return request.replace(uri=strict, headers=headers), first


def _sip(uri: Uri, what: str) -> SipUri:
    if isinstance(uri, SipUri):
        return uri
    scheme = str(uri).partition(":")[0]
    raise CannotRoute(f"a {scheme} URI as {what} needs a next hop")


def with_via(request: Request, transport: str, sent_by: str, branch: str) -> Request:
    """The request with this hop's Via on top (RFC 3261 18.1.1, RFC 3581 3)."""
    via = f"SIP/2.0/{transport} {sent_by};rport;branch={branch}"
    return request.replace(headers=request.headers.with_first("Via", via))


def secure_hops(request: Request, hops: list[Hop]) -> list[Hop]:
    """The hops that a proxied request may take: with a SIPS URI by TLS (RFC 5630 3).

    Fails with CannotRoute where there is none.
    """
    uri = request.uri
    if not isinstance(uri, SipUri) or uri.scheme != "sips":
        return hops
    secure = [hop for hop in hops if hop.transport == "TLS"]
    if not secure:
        raise CannotRoute("a SIPS URI goes by TLS only")
    return secure


def cancellation(sent: Request, reasons: Iterable[str] = ()) -> Request:
    """The CANCEL of a request as it was sent (RFC 3261 9.1), with its Reason values."""
    fields = [
        ("Via", sent.headers.raw("Via")[0]),
        ("Max-Forwards", "70"),
        ("From", sent.headers.raw("From")[0]),
        ("To", sent.headers.raw("To")[0]),
        ("Call-ID", sent.call_id),
        ("CSeq", f"{sent.cseq.number} CANCEL"),
    ]
    fields.extend(("Route", value) for value in sent.headers.raw("Route"))
    fields.extend(("Reason", value) for value in reasons)
    return Request("CANCEL", sent.uri, Headers(fields))


def completed(request: Request, user_agent: str) -> Request:
    """The request with the Max-Forwards and User-Agent it lacks (RFC 3261 8.1.1.6)."""
    headers = request.headers
    if "Max-Forwards" not in headers:
        headers = headers.with_first("Max-Forwards", "70")
    if user_agent and "User-Agent" not in headers:
        headers = headers.with_added("User-Agent", user_agent)
    return request if headers is request.headers else request.replace(headers=headers)
