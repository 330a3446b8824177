"""What of a SIP message between the CPM network and the gateway is worth showing."""

from __future__ import annotations

import msgspec

from cpmgw.cpm.cpim import CpimMessage
from cpmgw.cpm.features import features_of
from cpmgw.cpm.imdn import Imdn
from cpmgw.lab.arrow import Arrow, Kind, Lifeline, last_digits, quoted
from cpmgw.sip.message import Request, Response

MAX_QUOTED = 200


def request_arrow(
    request: Request,
    at: float,
    cpim: CpimMessage | None,
    imdn: Imdn | None,
    *,
    outgoing: bool,
) -> Arrow:
    """The arrow of a request, with what its body is."""
    details = [*_addressing(request)]
    kind, name = Kind.SIP, request.method
    if imdn is not None:
        kind, name = Kind.IMDN, f"{request.method} IMDN"
        details += [f"{n.kind.value}: {n.status.value}" for n in imdn.notifications]
        details.append(f"of {imdn.message_id[:12]}")
    elif cpim is not None:
        details += _message(cpim)
    elif request.content_type:
        details.append(request.content_type)
    for header in ("Expires", "Priority", "Privacy", "Content-Language"):
        if value := request.headers.get(header):
            details.append(f"{header}: {value}")
    return _arrow(at, kind, name, details, outgoing=outgoing)


def response_arrow(
    response: Response, at: float, *, imdn: bool, outgoing: bool
) -> Arrow:
    """The arrow of a final response."""
    details = [
        f"{name}: {value}"
        for name in ("Message-Context", "Message-Correlator", "Warning", "Retry-After")
        if (value := response.headers.get(name))
    ]
    arrow = _arrow(
        at,
        Kind.IMDN if imdn else Kind.SIP,
        f"{response.status} {response.reason}",
        details,
        outgoing=outgoing,
    )
    return msgspec.structs.replace(arrow, failed=response.status >= 300)


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


def _message(cpim: CpimMessage) -> list[str]:
    details = [quoted(cpim.content[:MAX_QUOTED].decode("utf-8", "replace"))]
    if asked := cpim.imdn("Disposition-Notification"):
        details += f"asks {asked}".split(", ")
    if message_id := cpim.imdn("Message-ID"):
        details.append(f"id {message_id[:12]}")
    return details
