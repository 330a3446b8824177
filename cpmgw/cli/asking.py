"""The request that is asked about: read from a file, or made of options (TS 5.1)."""

from __future__ import annotations

from typing import BinaryIO, Final

import msgspec

from cpmgw.addressing.dialplan import AddressKind
from cpmgw.config import Config
from cpmgw.cpm.identity import nccsid_of
from cpmgw.cpm.imdn import MEDIA_TYPE as IMDN_TYPE
from cpmgw.errors import CannotInterwork
from cpmgw.isf.group_session import group_session_of
from cpmgw.isf.reading import (
    Reading,
    encoding_refused,
    is_terminating,
    read_invite,
    read_message,
    scheme_of,
)
from cpmgw.isf.request import CpmRequest
from cpmgw.iwf.capabilities import ANY_TYPE, Characteristics, Kind
from cpmgw.iwf.parties import parties_of
from cpmgw.numbering import dial_plan_of
from cpmgw.sip.content import inflated_body
from cpmgw.sip.errors import SipSyntaxError
from cpmgw.sip.fields import NameAddr
from cpmgw.sip.message import Request, originate
from cpmgw.sip.parser import parse_datagram
from cpmgw.sip.uri import Uri, parse_uri

_TEXT: Final = ("text/plain",)
# What a request carries whose content nobody told of.
USUAL_TYPES: Final = {
    Kind.PAGER: _TEXT,
    Kind.LARGE: _TEXT,
    Kind.FILE: (ANY_TYPE,),
    Kind.SESSION: _TEXT,
    Kind.GROUP: _TEXT,
    Kind.NOTIFICATION: (IMDN_TYPE,),
}


class NoRequest(ValueError):
    """What is in a file is nothing that a service is chosen for."""


class Asked(msgspec.Struct, frozen=True):
    """A request, and how it names who it is from and for.

    `session_fault` is why no interworking number can be given to the group session that
    it invites to (step 7a).
    """

    request: CpmRequest
    originator_uri: str
    target_uri: str
    session_fault: CannotInterwork | None = None


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """A request as the options tell of it; of `size` None, nobody knows it."""

    sender: Uri
    target: Uri
    kind: Kind = Kind.PAGER
    content_types: tuple[str, ...] = ()
    size: int | None = None
    streams: int = 1
    nccsid: str = ""


def uri_of(text: str) -> Uri:
    """A URI, or a number with its plus sign; SipSyntaxError if it is neither."""
    return parse_uri(f"tel:{text}" if text.startswith("+") else text)


# -- of options ------------------------------------------------------------------------


def composed(wanted: Wanted, config: Config) -> Asked:
    """The request that the options tell of; its URIs are read as the gateway does."""
    uri = wanted.target
    sip = originate(
        "INVITE",
        uri,
        from_=NameAddr(wanted.sender),
        to=NameAddr(uri),
        call_id="explain",
    )
    parties = parties_of(sip, dial_plan_of(config))
    address, target = parties.originator.address, parties.target_text
    request = CpmRequest(
        kind=wanted.kind,
        originator=parties.originator_text,
        originator_kind=address.kind if address else AddressKind.E164,
        target=target,
        target_fault=parties.fault,
        target_scheme=scheme_of(uri),
        mailbox=parties.mailbox,
        nccsid=wanted.nccsid or nccsid_of(uri) or "",
        terminating=is_terminating(sip, target, config.policy.selection),
        characteristics=Characteristics(
            content_types=wanted.content_types or USUAL_TYPES[wanted.kind],
            size=wanted.size,
            streams=wanted.streams,
        ),
    )
    return Asked(request, str(wanted.sender), str(uri))


# -- of a file -------------------------------------------------------------------------


def read_from(file: BinaryIO, config: Config, now: float) -> Asked:
    """The request in a file; see `parsed`."""
    limit = config.sip.limits.max_message
    octets = file.read(limit + 1)
    if len(octets) > limit:
        raise _unreadable(SipSyntaxError("Message Too Large", status=513))
    return parsed(octets, config, now)


def parsed(octets: bytes, config: Config, now: float) -> Asked:
    """The request in a file, as from a peer whose word on identities counts.

    CannotInterwork for what the gateway refuses before it chooses, with an empty cause
    where that is not counted by one; NoRequest for what it chooses no service for.
    """
    octets = network_form(octets)
    if not octets:
        raise NoRequest("there is no request in it")
    try:
        message = parse_datagram(octets, config.sip.limits)
        if not isinstance(message, Request):
            raise NoRequest("it holds a response, and no request")
        reading = _read(message, config, now)
    except SipSyntaxError as error:
        raise _unreadable(error) from error
    return Asked(
        reading.request,
        reading.originator_uri,
        str(message.uri),
        _session_fault(message, reading.request),
    )


def _unreadable(error: SipSyntaxError) -> CannotInterwork:
    """The answer to what breaks the rules of SIP: no cause, and no Warning."""
    section = "RFC 3261 21.5" if error.status >= 500 else "RFC 3261 21.4"
    return CannotInterwork(
        error.status, error.reason, cause="", section=section, headers=error.headers
    )


def _session_fault(message: Request, request: CpmRequest) -> CannotInterwork | None:
    if request.kind is not Kind.GROUP:
        return None
    try:
        group_session_of(message, request.target)
    except CannotInterwork as fault:
        return fault
    return None


def _read(message: Request, config: Config, now: float) -> Reading:
    if message.method not in ("MESSAGE", "INVITE"):
        raise NoRequest(
            f"a service is chosen for MESSAGE and INVITE, and not for {message.method}"
        )
    if message.to.tag is not None:
        raise NoRequest("it is within a dialog, and goes where its Route says")
    message = _decoded(message, config.sip.limits.max_body)
    plan, policy = dial_plan_of(config), config.policy
    if message.method == "MESSAGE":
        return read_message(message, now, plan, policy)
    return read_invite(message, plan, policy)


def _decoded(message: Request, limit: int) -> Request:
    """The request without its Content-Encoding, refused as the ISF refuses it."""
    try:
        body = inflated_body(message, limit)
    except SipSyntaxError as error:
        raise encoding_refused(error) from error
    headers = message.headers.without("Content-Encoding")
    return message.replace(body=body, headers=headers)


def network_form(octets: bytes) -> bytes:
    """The octets of a file as they cross a network.

    A file whose lines end in LF has been through an editor: all of its lines get CRLF,
    and its body is all that follows the empty line, whatever Content-Length said.
    """
    octets = octets.lstrip(b"\r\n")
    first, line_feed, _ = octets.partition(b"\n")
    if not line_feed or first.endswith(b"\r"):
        return octets
    octets = octets.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    head, end, body = octets.partition(b"\r\n\r\n")
    lines = [each for each in head.split(b"\r\n") if not _is_length(each)]
    return b"\r\n".join(lines) + end + body


def _is_length(line: bytes) -> bool:
    name = line.partition(b":")[0].strip().lower()
    return name in (b"content-length", b"l")
