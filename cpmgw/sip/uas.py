"""What a UAS looks at before a handler sees a request (RFC 3261 8.2, RFC 3325)."""

from __future__ import annotations

import ipaddress
from collections.abc import Collection, Iterable
from types import MappingProxyType
from typing import Any, Final

import msgspec

from cpmgw.sip.content import ACCEPT_ENCODING, inflated_body
from cpmgw.sip.digest import Verdict, Verifier
from cpmgw.sip.errors import SipSyntaxError
from cpmgw.sip.fields import Via, parse_name_addr, parse_via
from cpmgw.sip.grammar import quote
from cpmgw.sip.headers import Headers
from cpmgw.sip.message import Relayed, Request, Response, respond
from cpmgw.sip.peer import Peer
from cpmgw.sip.settings import EndpointSettings
from cpmgw.sip.status import reason_for
from cpmgw.sip.uri import AbsoluteUri

_MOST_REMEMBERED: Final = 10_000

# Who asserts an identity has to be trusted (RFC 3325 5, RFC 3455 4.1).
ASSERTED: Final = ("P-Asserted-Identity",)

# What serves the methods in a dialog that have no handler of their own.
OTHERS: Final = "*"

# What the Reason values of a CANCEL may have in all to go on with it, in characters.
_LONGEST_REASONS: Final = 512

# Why a request is refused, where the reason phrase is that of the status.
_WHY: Final = MappingProxyType(
    {
        405: "this method is not served",
        416: "nothing goes from here to a URI of this scheme",
        420: "an extension that is required is not supported",
        481: "no dialog or transaction of this gateway",
        482: "the request has been here before",
        483: "no hop is left",
    }
)

# Answers that tell what would have been taken (RFC 3261 21.4.13, 21.4.26).
_WITH_ACCEPT: Final = frozenset((415, 488))


class TrustedPeers:
    """The networks whose asserted identities count (RFC 3325, Spec(T))."""

    def __init__(self, networks: Iterable[str]) -> None:
        self._networks = tuple(ipaddress.ip_network(one, False) for one in networks)
        self._known: dict[str, bool] = {}

    def __contains__(self, host: str) -> bool:
        known = self._known.get(host)
        if known is None:
            known = self._look(host)
            if len(self._known) >= _MOST_REMEMBERED:
                self._known.clear()
            self._known[host] = known
        return known

    def _look(self, host: str) -> bool:
        try:
            address = ipaddress.ip_address(host)
        except ValueError:
            return False
        mapped = getattr(address, "ipv4_mapped", None)
        return any((mapped or address) in network for network in self._networks)


class Served(msgspec.Struct, frozen=True):
    """The methods that have a handler, those served inside a dialog, those proxied.

    With OTHERS among the last two, all others are served inside a dialog too.
    """

    methods: frozenset[str]
    in_dialog: frozenset[str] = frozenset()
    proxied: frozenset[str] = frozenset()

    @property
    def allow(self) -> str:
        """The value of Allow (RFC 3261 20.5)."""
        own = {"OPTIONS", *self.methods}
        if "INVITE" in own:
            own |= {"ACK", "CANCEL"}
        return ", ".join(sorted(own))

    def name_of(self, request: Request) -> str:
        """What a request is served as: its method, or OTHERS.

        A method may be called as OTHERS is; outside of a dialog it is called nothing.
        """
        method = request.method
        if method in self.methods or OTHERS not in self.in_dialog:
            return method
        if request.to.tag is not None:
            return OTHERS
        return method if method != OTHERS else ""


def refusal(
    request: Request,
    served: Served,
    settings: EndpointSettings,
    *,
    merged: bool,
    trusted: bool,
) -> Response | None:
    """The answer to a request that no handler is to see, or None.

    In the order of RFC 3261 8.2: method, Request-URI, Max-Forwards, merged requests,
    Require, asserted identity, dialog.
    """
    method = request.method
    unknown = method not in served.methods and method != "OPTIONS"
    if unknown and served.name_of(request) != OTHERS:
        return respond(request, 405, headers=(("Allow", served.allow),))
    if isinstance(request.uri, AbsoluteUri):
        return respond(request, 416)
    if request.max_forwards == 0 and method != "OPTIONS":
        return respond(request, 483)
    if merged:
        return respond(request, 482)
    unsupported = required(request, settings.supported)
    if unsupported is not None:
        return unsupported
    return unwelcome(request, served, settings, trusted=trusted)


def required(
    request: Request, supported: Collection[str], header: str = "Require"
) -> Response | None:
    """The 420 to a request that requires what is not supported (RFC 3261 8.2.2.3).

    `supported` are option tags in lower case; a proxy looks at Proxy-Require (16.3).
    """
    if header not in request.headers:
        return None
    tags = request.headers.all(header)
    unknown = ", ".join(tag for tag in tags if tag.lower() not in supported)
    if not unknown:
        return None
    return respond(request, 420, headers=(("Unsupported", unknown),))


def unwelcome(
    request: Request, served: Served, settings: EndpointSettings, *, trusted: bool
) -> Response | None:
    """The 403 to an identity its peer may not assert, the 481 to an unknown dialog."""
    if not trusted and any(name in request.headers for name in ASSERTED):
        return respond(request, 403, headers=(identity_warning(settings),))
    if request.to.tag is not None and served.name_of(request) not in served.in_dialog:
        return respond(request, 481)
    return None


def admitted(request: Request, settings: EndpointSettings) -> Request | Response:
    """A proxied request as a server of our own may take it, or why it may not.

    What a proxy does not look at is looked at here: Request-URI, Require, and
    Content-Encoding, which is undone (RFC 3261 8.2.2.1, 8.2.2.3, 8.2.3).
    """
    if isinstance(request.uri, AbsoluteUri):
        return respond(request, 416)
    unsupported = required(request, settings.supported)
    if unsupported is not None:
        return unsupported
    try:
        return plain(request, settings)
    except SipSyntaxError as error:
        return respond(request, error.status, error.reason, headers=error.headers)


def reasons(cancel: Request) -> tuple[str, ...]:
    """The Reason values of a CANCEL (RFC 3326); none where they are too long."""
    values = tuple(cancel.headers.raw("Reason"))
    return values if sum(map(len, values)) <= _LONGEST_REASONS else ()


def octets(request: Request) -> int:
    """What a request takes while a handler is busy with it."""
    size = len(request.body)
    for name, value in request.headers:
        size += len(name) + len(value)
    return size


def identity_warning(settings: EndpointSettings) -> tuple[str, str]:
    """Why an asserted identity was refused (RFC 3261 20.43)."""
    return _warning(settings, "P-Asserted-Identity from an untrusted peer")


def explained(response: Response, settings: EndpointSettings) -> Response:
    """A refusal with a Warning of why, unless it has one or needs none (20.43)."""
    status, why = response.status, response.reason
    if why == reason_for(status):
        why = _WHY.get(status, "")
    if not why or "Warning" in response.headers:
        return response
    return response.replace(
        headers=response.headers.with_added(*_warning(settings, why))
    )


def _warning(settings: EndpointSettings, text: str) -> tuple[str, str]:
    return ("Warning", f"399 {settings.host or 'cpmgw'} {quote(text)}")


def plain(request: Request, settings: EndpointSettings) -> Request:
    """The request without its Content-Encoding (RFC 3261 7.4.1, 8.2.3).

    Fails with SipSyntaxError, which has the answer's status and headers.
    """
    if "Content-Encoding" not in request.headers:
        return request
    body = inflated_body(request, settings.limits.max_body)
    return request.replace(
        body=body, headers=request.headers.without("Content-Encoding")
    )


def authenticate(
    request: Request, verifier: Verifier, now: float
) -> tuple[str, Response | None]:
    """The user whose good credentials a request has, or a 401 (RFC 3261 22.2)."""
    try:
        verdict, user = verifier.verify(request, now)
    except SipSyntaxError as error:
        return "", respond(request, 400, error.reason)
    if verdict is Verdict.ACCEPTED:
        return user or "", None
    values = verifier.challenges(now, stale=verdict is Verdict.STALE)
    challenges = [("WWW-Authenticate", value) for value in values]
    return "", respond(request, 401, headers=challenges)


def options(request: Request, served: Served, settings: EndpointSettings) -> Response:
    """What this endpoint can do (RFC 3261 11.2)."""
    return respond(
        request,
        200,
        headers=(
            ("Allow", served.allow),
            ("Accept", ", ".join(settings.accept)),
            ("Accept-Encoding", ACCEPT_ENCODING),
            ("Supported", ", ".join(settings.supported)),
        ),
    )


def trying(settings: EndpointSettings, request: Request, flow: Any) -> Response:
    """The 100 of a transaction, for the peer at the other end of `flow`."""
    return complete(respond(request, 100), flow.peer, settings, "")


def overloaded(request: Request, settings: EndpointSettings) -> Response:
    """Come back later (RFC 3261 21.5.4)."""
    return respond(request, 503, headers=(("Retry-After", str(settings.retry_after)),))


def stamped_via(via: Via, peer: Peer) -> Via | None:
    """The Via with what the transport saw (RFC 3261 18.2.1, RFC 3581 4).

    None when there is nothing to add.
    """
    if via.has("rport"):
        stamped = via.with_parameter("rport", str(peer.port))
        return stamped.with_parameter("received", peer.host)
    if via.host.strip("[]").lower() == peer.host.lower():
        return None
    return via.with_parameter("received", peer.host)


def reply_port(via: Via, port: int) -> int:
    """Where a response goes over an unreliable transport (18.2.2, RFC 3581 4)."""
    return port if via.has("rport") else via.port or 5060


def complete(
    response: Response, peer: Peer, settings: EndpointSettings, tag: str
) -> Response:
    """The response as it leaves: To tag, Via as stamped, Server, Accept.

    `tag` is used where the To has none (RFC 3261 8.2.6.2); a 100 gets none. What a
    proxy relays is complete.
    """
    if isinstance(response, Relayed):
        return response
    fields: list[tuple[str, str]] = []
    first, named, status = True, not settings.server, response.status
    for name, value in response.headers:
        if first and name == "Via":
            first = False
            value = _stamped_line(value, peer)
        elif name == "To" and status > 100:
            if ";tag=" not in value.rpartition(">")[2]:
                value = _tagged(value, tag)
        elif name == "Server":
            named = True
        fields.append((name, value))
    if status in _WITH_ACCEPT and "Accept" not in response.headers:
        fields.append(("Accept", ", ".join(settings.accept)))
    if not named:
        fields.append(("Server", settings.server))
    return response.replace(headers=Headers(fields))


def _tagged(value: str, tag: str) -> str:
    if "tag" in value.lower():
        try:
            if parse_name_addr(value).tag is not None:
                return value
        except SipSyntaxError:
            return value
    return f"{value};tag={tag}"


def _stamped_line(line: str, peer: Peer) -> str:
    """The first Via line with its first value stamped."""
    top, comma, rest = line.partition(",")
    try:
        via = parse_via(top)
    except SipSyntaxError:
        return line
    stamped = stamped_via(via, peer)
    return line if stamped is None else f"{stamped}{comma}{rest}"
