"""What of a SIP message between the CPM network and the gateway is worth showing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import msgspec

from cpmgw.cpm import conference_info
from cpmgw.cpm.cpim import CpimMessage
from cpmgw.cpm.errors import ConferenceInfoError
from cpmgw.cpm.features import features_of
from cpmgw.lab.arrow import Arrow, Kind, Lifeline, last_digits, quoted
from cpmgw.lab.body import body_of
from cpmgw.lab.pictures import content_details, content_of
from cpmgw.sdp.content import content_size
from cpmgw.sdp.errors import SdpError
from cpmgw.sdp.parser import parse_sdp
from cpmgw.sdp.stream import streams
from cpmgw.sip.message import Request, Response

MAX_QUOTED: Final = 200
SDP: Final = "application/sdp"

_OF_REQUESTS: Final = (
    "Subject",
    "Event",
    "Expires",
    "Priority",
    "Privacy",
    "Content-Language",
    "Subscription-State",
    "IW-Number",
)
_OF_RESPONSES: Final = (
    "Message-Context",
    "Message-Correlator",
    "Warning",
    "Retry-After",
)


def request_arrow(request: Request, at: float, *, outgoing: bool) -> Arrow:
    """The arrow of a request, with what its body is."""
    body = body_of(request.headers.get("Content-Type"), request.body)
    kind, name = Kind.SIP, request.method
    details = [] if request.to.tag else [*_addressing(request)]
    if body.imdn is not None:
        kind, name = Kind.IMDN, f"{request.method} IMDN"
        details += [
            f"{n.kind.value}: {n.status.value}" for n in body.imdn.notifications
        ]
        details.append(f"of {body.imdn.message_id[:12]}")
    elif body.cpim is not None:
        details += message_details(body.cpim)
    else:
        details += _content(request)
    details += [
        f"{header}: {value}"
        for header in _OF_REQUESTS
        if (value := request.headers.get(header))
    ]
    details += _reasons(request)
    return _arrow(at, kind, name, details, outgoing=outgoing)


def response_arrow(
    response: Response, at: float, request: Request, *, outgoing: bool
) -> Arrow:
    """The arrow of a response to a request; that to a notification is of its kind."""
    details = [
        *_content(response),
        *[
            f"{name}: {value}"
            for name in _OF_RESPONSES
            if (value := response.headers.get(name))
        ],
    ]
    imdn = body_of(request.headers.get("Content-Type"), request.body).imdn
    name = f"{response.status} {response.reason}"
    kind = Kind.SIP if imdn is None else Kind.IMDN
    arrow = _arrow(at, kind, name, details, outgoing=outgoing)
    return msgspec.structs.replace(arrow, failed=response.status >= 300)


def cancel_arrow(at: float, reasons: tuple[str, ...]) -> Arrow:
    """The arrow of a CANCEL of ours."""
    return _arrow(at, Kind.SIP, "CANCEL", [*reasons], outgoing=True)


def message_details(cpim: CpimMessage) -> list[str]:
    """What of a message in CPIM is worth showing: what is in it, what it asks for."""
    encoding = cpim.content_header("Content-Transfer-Encoding")
    if cpim.content_type.startswith("text/") and not encoding:
        details = [quoted(cpim.content[:MAX_QUOTED].decode("utf-8", "replace"))]
    else:
        entity = content_of(cpim.content_type, encoding, cpim.content)
        details = [*content_details(entity)]
    if asked := cpim.imdn("Disposition-Notification"):
        details += f"asks {asked}".split(", ")
    if message_id := cpim.imdn("Message-ID"):
        details.append(f"id {message_id[:12]}")
    return details


def _arrow(
    at: float, kind: Kind, name: str, details: list[str], *, outgoing: bool
) -> Arrow:
    ends = (Lifeline.GATEWAY, Lifeline.CPM)
    return Arrow(
        at=at,
        source=ends[outgoing],
        target=ends[not outgoing],
        kind=kind,
        name=name,
        details=tuple(details),
    )


def _addressing(request: Request) -> list[str]:
    identity = request.headers.get("P-Asserted-Identity") or str(request.from_.uri)
    tags = sorted(feature.value for feature in features_of(request.headers))
    who = f"{last_digits(identity)}→{last_digits(str(request.uri))}"
    return [who, *(f"+cpm.{tag}" for tag in tags)]


def _reasons(request: Request) -> list[str]:
    """Why a call is ended (RFC 3326)."""
    return [f"Reason: {value}" for value in request.headers.raw("Reason")]


def _content(message: Request | Response) -> list[str]:
    """What a body without CPIM is, in a word or two."""
    if not message.content_type:
        return []
    reader = _READERS.get(message.content_type)
    return [message.content_type] if reader is None else reader(message.body)


def _stream(body: bytes) -> list[str]:
    """The first stream of a session description: its direction, role and size."""
    try:
        description = parse_sdp(body)
        found = streams(description)
        if not found:
            return ["SDP without media"]
        setup = found[0].setup
        said = [f"SDP {found[0].direction.value}", setup.value if setup else ""]
        size = content_size(description)
    except SdpError:
        return ["SDP that cannot be read"]
    return [" ".join(filter(None, said)), *([] if size is None else [f"{size} octets"])]


def _participants(body: bytes) -> list[str]:
    """How many a document about a conference names."""
    try:
        document = conference_info.parse_conference_info(body)
    except ConferenceInfoError:
        return [conference_info.MEDIA_TYPE]
    names = [user.display_text or last_digits(user.entity) for user in document.users]
    return [f"{document.state.value}: {', '.join(names)}"]


_READERS: Final[Mapping[str, Callable[[bytes], list[str]]]] = {
    SDP: _stream,
    conference_info.MEDIA_TYPE: _participants,
}
