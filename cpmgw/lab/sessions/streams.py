"""The MSRP stream of a session: what the lab says of it, and what the gateway does.

Conversation TS 5.2.1 as a Participating Function has it: it offers `actpass` and then
connects unless the answer is `active`; it answers `passive`.
"""

from __future__ import annotations

from typing import Final
from zlib import crc32

import msgspec

from cpmgw.mm4.entity import Entity
from cpmgw.msrp.interfaces import IMsrpSession, Remote
from cpmgw.sdp import negotiation
from cpmgw.sdp.description import Connection, Lines, Origin, attribute
from cpmgw.sdp.errors import SdpNotAcceptable
from cpmgw.sdp.negotiation import MsrpEndpoint
from cpmgw.sdp.parser import parse_sdp
from cpmgw.sdp.roles import Direction, Setup, answering, offering
from cpmgw.sdp.stream import MediaStream, streams

CPIM: Final = "message/cpim"
COMPOSING: Final = "application/im-iscomposing+xml"
TEXT: Final = "text/plain"
IMDN: Final = "message/imdn+xml"


class Shape(msgspec.Struct, frozen=True):
    """What a kind of session carries: directly, and inside of message/cpim."""

    direction: Direction
    types: tuple[str, ...]
    wrapped: tuple[str, ...]


CLIPS: Final = (
    "multipart/*",
    "image/*",
    "audio/*",
    "video/*",
    "application/smil",
    "text/*",
)
LARGE_TAKEN: Final = Shape(Direction.RECVONLY, (CPIM,), (TEXT, *CLIPS))
CHAT: Final = Shape(Direction.SENDRECV, (CPIM, COMPOSING), (TEXT, IMDN))
MEDIA_CHAT: Final = Shape(Direction.SENDRECV, (CPIM, COMPOSING), (TEXT, IMDN, *CLIPS))
GROUP: Final = Shape(Direction.SENDRECV, (CPIM,), (TEXT, IMDN, COMPOSING))


def large(entity: Entity) -> Shape:
    """What a large message with this content offers: its types, and no others."""
    return Shape(Direction.SENDONLY, (CPIM,), types_of(entity))


def types_of(entity: Entity) -> tuple[str, ...]:
    """The media types of content and of all in it, each once."""
    found = [entity.media_type.name]
    for part in entity.parts:
        found += types_of(part)
    return tuple(dict.fromkeys(found))


def size_attribute(octets: int) -> Lines:
    """How large a message will be (conversation TS 7.2.1.2 step 18)."""
    return (attribute("file-selector", f"size:{octets}"),)


class Stream:
    """One stream, from the offer to its end; `session` is our end of it.

    What the other side says and is of no use is a SdpError.
    """

    def __init__(
        self, session: IMsrpSession, shape: Shape, attributes: Lines = ()
    ) -> None:
        self.session = session
        self._shape = shape
        self._attributes = attributes
        self._version = 0
        self._remote: Remote | None = None

    def offer(self) -> bytes:
        """The offer."""
        return negotiation.offer(self._origin(), [self._endpoint()]).encode()

    def take(self, answer: bytes) -> None:
        """Go by the answer to our offer, and connect where that is ours to do."""
        found = streams(parse_sdp(answer))
        if not (found and found[0].is_msrp and found[0].is_offered and found[0].path):
            raise SdpNotAcceptable("No Message Stream")
        self._remote = _remote(found[0], offering(found[0].setup))
        self.begin()

    def answer(self, offer: bytes) -> bytes:
        """The answer to an offer: its first message stream that fits, and no other."""
        description = parse_sdp(offer)
        chosen = next(
            (each for each in streams(description) if each.is_offered and each.path),
            None,
        )
        if chosen is None:
            raise SdpNotAcceptable("No Message Stream")

        def choose(stream: MediaStream) -> MsrpEndpoint | None:
            return self._endpoint() if stream.media is chosen.media else None

        body = negotiation.answer(description, self._origin(), choose).encode()
        self._remote = _remote(chosen, answering(chosen.setup))
        return body

    def begin(self) -> None:
        """Let MSRP begin: the other side is known."""
        if self._remote is not None:
            self.session.begin(self._remote)

    def _origin(self) -> Origin:
        self._version += 1
        number = crc32(self.session.path[0].encode())
        return Origin(number, self._version, Connection(self.session.address[0]))

    def _endpoint(self) -> MsrpEndpoint:
        return MsrpEndpoint(
            port=self.session.address[1],
            path=self.session.path,
            accept_types=self._shape.types,
            accept_wrapped_types=self._shape.wrapped,
            direction=self._shape.direction,
            attributes=self._attributes,
        )


def _remote(stream: MediaStream, role: Setup) -> Remote:
    return Remote(
        path=stream.path,
        connect_to=stream.connect_to,
        active=role is Setup.ACTIVE,
        by_session_id=not stream.has_cema,
        fingerprints=stream.fingerprints if stream.is_secure else (),
        max_size=stream.max_size or 0,
        max_chunk=(stream.max_chunk_size or 0) * 1000,
    )
