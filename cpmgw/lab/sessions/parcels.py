"""What goes by MSRP in a session of its own: a large message, or a file."""

from __future__ import annotations

from typing import Final

import msgspec

from cpmgw.lab.pager import CPIM, PagerMessage, cpim_of
from cpmgw.lab.pictures import content_of
from cpmgw.lab.sessions.invitation import SDP, Invitation, invite, standalone_invitation
from cpmgw.lab.sessions.streams import Shape, large, size_attribute
from cpmgw.sdp.description import Lines, attribute
from cpmgw.sdp.files import SELECTOR, TRANSFER_ID, FileSelector
from cpmgw.sdp.roles import Direction
from cpmgw.sip.message import Request

_BOUNDARY: Final = "beside-the-offer"


class Parcel(msgspec.Struct, frozen=True, kw_only=True):
    """One content, its stream, and the invitation to take it.

    `beside` is what stands beside the offer in the INVITE, of message/cpim.
    """

    invitation: Invitation
    shape: Shape
    attributes: Lines
    content_type: str
    content: bytes
    beside: bytes = b""

    def invite(self, offer: bytes, *, call_id: str, contact: str) -> Request:
        """The INVITE with this offer."""
        content_type, body = SDP, offer
        if self.beside:
            content_type = f"multipart/mixed;boundary={_BOUNDARY}"
            body = _mixed((SDP, offer), (CPIM, self.beside))
        return invite(
            self.invitation,
            call_id=call_id,
            contact=contact,
            body=body,
            content_type=content_type,
        )


def large_parcel(message: PagerMessage, now: float) -> Parcel:
    """A large message (conversation TS 7.2.1.2)."""
    cpim = cpim_of(message, now)
    encoding = cpim.content_header("Content-Transfer-Encoding")
    entity = content_of(cpim.content_type, encoding, cpim.content)
    content = cpim.encode()
    return Parcel(
        invitation=standalone_invitation(message),
        shape=large(entity),
        attributes=size_attribute(len(content)),
        content_type=CPIM,
        content=content,
    )


def file_parcel(message: PagerMessage, name: str, now: float) -> Parcel:
    """A file, which is the message's content (conversation TS 7.4.1, RFC 5547).

    What CPIM has to say is beside the offer, without content.
    """
    content = message.content or message.text.encode()
    kind = message.content_type
    selector = FileSelector(name=name, type=kind, size=len(content))
    said = msgspec.structs.replace(cpim_of(message, now), content=b"")
    return Parcel(
        invitation=standalone_invitation(message),
        shape=Shape(Direction.SENDONLY, (kind.partition(";")[0],), ()),
        attributes=(
            attribute(SELECTOR, str(selector)),
            attribute(TRANSFER_ID, message.message_id),
        ),
        content_type=kind,
        content=content,
        beside=said.encode(),
    )


def _mixed(*parts: tuple[str, bytes]) -> bytes:
    pieces = [
        f"--{_BOUNDARY}\r\nContent-Type: {kind}\r\n\r\n".encode() + octets + b"\r\n"
        for kind, octets in parts
    ]
    return b"".join((*pieces, f"--{_BOUNDARY}--\r\n".encode()))
