"""What every element checks before it looks further (RFC 3261 8.2, 16.3, RFC 4475)."""

from __future__ import annotations

from hashlib import blake2b
from typing import Final

from cpmgw.sip import grammar
from cpmgw.sip.errors import SipSyntaxError
from cpmgw.sip.fields import Via, parse_name_addr, parse_via
from cpmgw.sip.grammar import Parameters
from cpmgw.sip.headers import Headers
from cpmgw.sip.message import Message, Response
from cpmgw.sip.names import SINGLES
from cpmgw.sip.uri import SipUri

ONCE: Final = ("From", "To", "Call-ID", "CSeq")
MAX_SALVAGED: Final = 16


def check(message: Message) -> None:
    """Refuse a message whose headers cannot be relied on; what is read is kept.

    From, To, Call-ID and CSeq are there once and well-formed, so is the topmost Via,
    no single header has two meanings, and a request's CSeq names its method.
    """
    headers = message.headers
    if headers.repeats:
        _check_repeats(headers)
    message.via  # noqa: B018 - reading a view is the check
    message.from_  # noqa: B018
    message.to  # noqa: B018
    message.call_id  # noqa: B018
    cseq = message.cseq
    if isinstance(message, Response):
        return
    if cseq.method != message.method:
        raise SipSyntaxError("CSeq Method Does Not Match Request Method")
    message.max_forwards  # noqa: B018
    if isinstance(message.uri, SipUri) and message.uri.headers:
        raise SipSyntaxError("Headers in Request-URI")


def _check_repeats(headers: Headers) -> None:
    for name in (*ONCE, "Max-Forwards"):
        if len(headers.raw(name)) > 1:
            raise SipSyntaxError(f"Multiple {name} Header Fields")
    for name in sorted(SINGLES):
        if len(set(headers.raw(name))) > 1:
            raise SipSyntaxError(f"Conflicting {name} Header Fields")


def answer(method: str, headers: Headers, status: int, reason: str) -> Response | None:
    """The response to a request that could not be understood as a whole.

    It is made of the headers that could be read. None for an ACK (RFC 3261 17.1.1.3)
    and when no Via says where the response goes. A To without a tag gets one that is
    the same for each repeat (8.2.7).
    """
    vias = _answerable_vias(headers)
    if method == "ACK" or not vias:
        return None
    fields = [("Via", value) for value in vias]
    for name in ONCE:
        value = next(iter(headers.raw(name)), None)
        if value is None:
            continue
        if name == "To" and _lacks_tag(value):
            value = f"{value};tag={_tag(vias[0], headers)}"
        fields.append((name, value))
    return Response(status, reason, Headers(fields))


def _lacks_tag(to: str) -> bool:
    """Whether this is a readable address without a tag."""
    try:
        return parse_name_addr(to).tag is None
    except SipSyntaxError:
        return False


def _answerable_vias(headers: Headers) -> list[str]:
    """The Via lines as they came, if the topmost can be read, or what is left of it."""
    lines = headers.raw("Via")
    if not lines:
        return []
    try:
        parse_via(grammar.split_list(lines[0])[0])
    except (SipSyntaxError, IndexError):
        salvaged = _salvage(lines[0])
        return [str(salvaged)] if salvaged else []
    return lines


def _salvage(line: str) -> Via | None:
    """A Via without the parameters that are broken (RFC 4475 3.1.2.1)."""
    first, *rest = line.partition(",")[0].split(";", MAX_SALVAGED)
    try:
        via = parse_via(first)
    except SipSyntaxError:
        return None
    found: Parameters = ()
    for piece in rest:
        try:
            found += grammar.parse_parameters(f";{piece}")
        except SipSyntaxError:
            continue
    return Via(via.transport, via.host, via.port, found)


def _tag(via: str, headers: Headers) -> str:
    seed = "\n".join([via, *headers.raw("Call-ID"), *headers.raw("CSeq")])
    octets = seed.encode("utf-8", "surrogateescape")
    return blake2b(octets, digest_size=8).hexdigest()
