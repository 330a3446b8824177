"""What a proxy checks and changes in requests and responses (RFC 3261 16.3 to 16.7)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

import msgspec

from cpmgw.sip import uas
from cpmgw.sip.fields import NameAddr
from cpmgw.sip.headers import Headers
from cpmgw.sip.loops import LoopMarks
from cpmgw.sip.message import Relayed, Request, Response, respond
from cpmgw.sip.peer import Peer
from cpmgw.sip.settings import EndpointSettings
from cpmgw.sip.uri import SipUri, Uri, escape_parameter

UriParameters: TypeAlias = tuple[tuple[str, str | None], ...]

# What a request starts with that names no Max-Forwards (16.6 step 3).
_MAX_FORWARDS: Final = 70


class Rules(msgspec.Struct, frozen=True):
    """What a proxy knows of itself: its loop marks, and which URIs name it."""

    marks: LoopMarks
    is_mine: Callable[[Uri], bool]


class Side(msgspec.Struct, frozen=True):
    """Where a proxy is reached by one transport; `sent_by` is a host with its port."""

    transport: str
    sent_by: str


class Forwarding(msgspec.Struct, frozen=True):
    """How the copy of a proxied request leaves, whichever address it is tried at.

    `mark` ends its branch. `record` is given the copy and the transport, and adds
    Record-Route.
    """

    mark: str
    record: Callable[[Request, str], Request] | None = None


def refusal(
    request: Request,
    served: uas.Served,
    settings: EndpointSettings,
    rules: Rules,
    *,
    merged: bool,
    trusted: bool,
) -> Response | None:
    """The answer to a request that is not to be proxied, or None (RFC 3261 16.3).

    The scheme of the Request-URI is the handler's to judge, and Require the business
    of who serves the request in the end. Fails with SipSyntaxError where a Route that
    would be followed is malformed.
    """
    # 16.3 step 3: with no hop left, 483.
    if request.max_forwards == 0:
        return respond(request, 483)
    bare = without_own_routes(request, rules.is_mine)
    # 16.3 step 4: what was here before is a loop, or a spiral if it changed since.
    if rules.marks.are_in(request):
        if rules.marks.is_loop(bare):
            return respond(request, 482)
    elif merged:
        return respond(request, 482)
    # 16.3 step 5: what a proxy has to understand.
    unsupported = uas.required(request, settings.supported, "Proxy-Require")
    if unsupported is not None:
        return unsupported
    return uas.unwelcome(request, served, settings, trusted=trusted)


def own_routes(request: Request, is_mine: Callable[[Uri], bool]) -> tuple[SipUri, ...]:
    """The URIs of ours that brought a request here, the topmost first (16.4)."""
    return _unrouted(request, is_mine)[0]


def without_own_routes(request: Request, is_mine: Callable[[Uri], bool]) -> Request:
    """The request without the Route values that are ours (16.4).

    Both values of a double Record-Route go (RFC 5658). Where a strict router put ours
    into the Request-URI, that is the last Route value again.
    """
    return _unrouted(request, is_mine)[1]


def _unrouted(
    request: Request, is_mine: Callable[[Uri], bool]
) -> tuple[tuple[SipUri, ...], Request]:
    """Our own URIs on top, and the request without them."""
    if "Route" not in request.headers:
        return (), request
    routes = request.headers.addresses("Route")
    uri, own = request.uri, []
    # 16.4: a Request-URI that was in our Record-Route is the work of a strict router.
    if isinstance(uri, SipUri) and _was_recorded(uri) and is_mine(uri):
        own.append(uri)
        uri = routes.pop().uri
    while routes and isinstance(first := routes[0].uri, SipUri) and is_mine(first):
        own.append(first)
        del routes[0]
    if not own:
        return (), request
    return tuple(own), request.replace(uri=uri, headers=_routed(request, routes))


def _was_recorded(uri: SipUri) -> bool:
    """Whether this is what our Record-Route looks like: `lr`, and no user."""
    return uri.user is None and uri.has("lr")


def _routed(request: Request, routes: list[NameAddr]) -> Headers:
    headers = request.headers.without("Route")
    for address in reversed(routes):
        headers = headers.with_first("Route", str(address))
    return headers


def copied(request: Request, peer: Peer, is_mine: Callable[[Uri], bool]) -> Request:
    """The copy of a request that a proxy sends on, but for its Via (16.6 step 1).

    Max-Forwards is one less, or 70 (step 3); our own Route values are gone, and the
    Via of the peer says where the request came from (18.2.1).
    """
    copy = without_own_routes(request, is_mine)
    stamped = uas.stamped_via(request.via, peer)
    headers = copy.headers
    if stamped is not None:
        headers = headers.with_first_replaced("Via", str(stamped))
    left = request.max_forwards
    left = _MAX_FORWARDS if left is None else max(left - 1, 0)
    return copy.replace(headers=headers.with_replaced("Max-Forwards", str(left)))


def recorded(
    request: Request, came: Side, leaves: Side, parameters: UriParameters
) -> Request:
    """The request with our Record-Route on top (16.6 step 4).

    Where it leaves by another transport than it came by there are two, each with its
    own; that of the outgoing side is the topmost (RFC 5658 3.3).
    """
    headers = request.headers
    is_single = came == leaves
    if not is_single:
        value = _record_route(came, parameters, named=True)
        headers = headers.with_first("Record-Route", value)
    is_secure = leaves.transport == "TLS" and _is_secure(request)
    value = _record_route(leaves, parameters, named=not is_single, secure=is_secure)
    return request.replace(headers=headers.with_first("Record-Route", value))


def _record_route(
    side: Side, parameters: UriParameters, *, named: bool, secure: bool = False
) -> str:
    """One value; UDP is named only where another transport stands beside it."""
    uri = f"sips:{side.sent_by}" if secure else f"sip:{side.sent_by}"
    if not secure and (named or side.transport != "UDP"):
        uri = f"{uri};transport={side.transport.lower()}"
    uri = f"{uri};lr"
    for name, value in parameters:
        uri = f"{uri};{escape_parameter(name)}"
        if value is not None:
            uri = f"{uri}={escape_parameter(value)}"
    return f"<{uri}>"


def _is_secure(request: Request) -> bool:
    """Whether the Request-URI or the topmost Route is a SIPS URI (16.6 step 4)."""
    uris = [request.uri, *[one.uri for one in request.headers.addresses("Route")[:1]]]
    return any(isinstance(uri, SipUri) and uri.scheme == "sips" for uri in uris)


def relayed(response: Response) -> Relayed:
    """The response without its topmost Via, which was ours (16.7 step 3)."""
    headers = response.headers.without_first("Via")
    return Relayed(response.status, response.reason, headers, response.body)
