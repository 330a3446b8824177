"""What the answers of calls say (RFC 3261 13.3, 14.2, RFC 4028 9)."""

from __future__ import annotations

from cpmgw.sip.dialogs import session_timer
from cpmgw.sip.dialogs.descriptions import SDP
from cpmgw.sip.dialogs.exchange import ALLOW
from cpmgw.sip.message import Request, Response, respond

Fields = tuple[tuple[str, str], ...]

_UPDATE = "UPDATE"


def other(request: Request) -> Response:
    """The answer to what is no change and no BYE.

    What would belong to a subscription, or to a reliable provisional response, finds
    neither here (RFC 6665 4.1.3, RFC 3262 3).
    """
    if request.method == "OPTIONS":
        supported = session_timer.SUPPORTED
        return respond(request, 200, headers=(ALLOW, ("Accept", SDP), supported))
    if request.method in ("NOTIFY", "PRACK"):
        return respond(request, 481)
    return respond(request, 405, headers=(ALLOW,))


def completed(response: Response, contact: str, told: Fields) -> Response:
    """A 2xx with what each 2xx of a call has (13.3.1.4, RFC 4028 9)."""
    headers = response.headers
    fields = [("Contact", contact), ALLOW, session_timer.SUPPORTED, *told]
    if response.body and "Content-Type" not in headers:
        fields.append(("Content-Type", SDP))
    for name, value in fields:
        if name not in headers or name in ("Require", "Supported"):
            headers = headers.with_added(name, value)
    return response.replace(headers=headers)


def knows_update(message: Request | Response) -> bool:
    """Whether who sent a message says that it takes UPDATE (RFC 3311 4)."""
    return _UPDATE in message.headers.all("Allow")
