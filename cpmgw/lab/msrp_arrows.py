"""What of an MSRP message between the CPM network and the gateway is worth showing.

A message is one step, in however many chunks it goes; its answer is that of the last.
"""

from __future__ import annotations

from typing import Final

from cpmgw.lab.arrow import Arrow, Kind, Lifeline, last_digits, quoted
from cpmgw.lab.body import body_of
from cpmgw.lab.pictures import content_details, content_of
from cpmgw.lab.sip_arrows import message_details

OK: Final = 200
ANONYMOUS: Final = "anonymous"
CLIPS: Final = ("image/", "audio/", "video/", "multipart/")


def send_arrow(
    content_type: str, content: bytes, at: float, *, outgoing: bool
) -> Arrow:
    """The arrow of a SEND: its text, shortened, or the notification that it brings."""
    body = body_of(content_type, content)
    kind, name = Kind.MSRP, "SEND"
    if body.imdn is not None:
        kind, name = Kind.IMDN, "SEND IMDN"
        details = [f"{n.kind.value}: {n.status.value}" for n in body.imdn.notifications]
        details.append(f"of {body.imdn.message_id[:12]}")
    elif body.cpim is not None:
        sender = last_digits(body.cpim.get("From") or "")
        details = [] if sender.endswith(ANONYMOUS) else [f"from {sender}"]
        details += message_details(body.cpim)
        details.append(f"{len(content)} octets")
    elif content_type.startswith(CLIPS):
        details = [*content_details(content_of(content_type, "", content))]
    else:
        details = [content_type, quoted(content[:80].decode("utf-8", "replace"))]
    return _arrow(at, kind, name, details, outgoing=outgoing)


def answer_arrow(status: int, at: float, *, outgoing: bool) -> Arrow:
    """The arrow of the answer to a SEND; status 0 is that there was none."""
    name = str(status) if status else "no answer"
    return _arrow(at, Kind.MSRP, name, [], outgoing=outgoing, failed=status != OK)


def report_arrow(message_id: str, status: int, at: float) -> Arrow:
    """The arrow of a REPORT that came (RFC 4975 7.1.2)."""
    details = [f"{status} of {message_id[:12]}"]
    return _arrow(at, Kind.MSRP, "REPORT", details, outgoing=False, failed=status != OK)


def _arrow(
    at: float,
    kind: Kind,
    name: str,
    details: list[str],
    *,
    outgoing: bool,
    failed: bool = False,
) -> Arrow:
    ends = (Lifeline.GATEWAY, Lifeline.CPM)
    return Arrow(
        at=at,
        source=ends[outgoing],
        target=ends[not outgoing],
        kind=kind,
        name=name,
        details=tuple(details),
        failed=failed,
    )
