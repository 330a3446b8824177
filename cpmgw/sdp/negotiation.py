"""Makes offers and answers for MSRP streams (RFC 3264 5 and 6, RFC 4975 8)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import msgspec

from cpmgw.sdp.description import (
    Lines,
    Media,
    Origin,
    SessionDescription,
    attribute,
    find,
    session_lines,
    values,
)
from cpmgw.sdp.errors import SdpEncodeError, SdpNotAcceptable
from cpmgw.sdp.files import RANGE, SELECTOR, TRANSFER_ID
from cpmgw.sdp.roles import Direction, Setup, answering
from cpmgw.sdp.stream import MSRP, MSRP_TLS, MediaStream, streams

MESSAGE: Final = "message"
FORMATS: Final = ("*",)
# What an answer says of the file again (RFC 5547 8.3, 8.6); a large message's size is
# one of these.
_KEPT: Final = (SELECTOR, TRANSFER_ID, RANGE)


class MsrpEndpoint(msgspec.Struct, frozen=True, kw_only=True):
    """This gateway's side of one MSRP stream.

    `path` are MSRP URIs, the nearest first; msrps: asks for TLS. `direction` is what it
    is ready for: an answer says what of this the offer leaves. `max_size` is in octets,
    `max_chunk_size` in kilobytes; 0 says nothing. `attributes` follow the others: those
    of a file, a fingerprint, a chat room. With `reuses_connection` an answer keeps the
    connection that there is, where the offer does (RFC 4145 5.1).
    """

    port: int
    path: tuple[str, ...]
    accept_types: tuple[str, ...]
    accept_wrapped_types: tuple[str, ...] = ()
    direction: Direction = Direction.SENDRECV
    max_size: int = 0
    max_chunk_size: int = 0
    attributes: Lines = ()
    reuses_connection: bool = False


Choose = Callable[[MediaStream], MsrpEndpoint | None]
"""Tells how to take part in an offered MSRP stream, None to reject it."""


def offer(origin: Origin, endpoints: Sequence[MsrpEndpoint]) -> SessionDescription:
    """Offer MSRP streams: setup is actpass, and msrp-cema is said.

    Conversation TS 5.2.1.1 item 3 and 5.2.1.2.
    """
    media = []
    for each in endpoints:
        secure = bool(each.path) and each.path[0].lower().startswith("msrps:")
        lines = (
            *_described(each, each.direction),
            attribute("setup", Setup.ACTPASS.value),
            attribute("msrp-cema"),
            *_chunks(each.max_chunk_size),
            *each.attributes,
        )
        protocol = MSRP_TLS if secure else MSRP
        media.append(Media(MESSAGE, each.port, protocol, FORMATS, lines))
    return SessionDescription(session_lines(origin), tuple(media))


def answer(
    offered: SessionDescription, origin: Origin, choose: Choose
) -> SessionDescription:
    """Answer an offer: as many media descriptions, in the same order (RFC 3264 6).

    `choose` is asked about each MSRP stream that is offered; all others are rejected
    with port 0. Where streams are offered and none is accepted, SdpNotAcceptable is
    raised (TS 6.1.2 to 6.1.4, step 1).
    """
    media = [_answered(stream, choose) for stream in streams(offered)]
    wanted = any(each.port for each in offered.media)
    if wanted and not any(each.port for each in media):
        raise SdpNotAcceptable("No Media Stream Acceptable")
    times = values(offered.lines, "t")
    return SessionDescription(session_lines(origin, times), tuple(media))


def _answered(stream: MediaStream, choose: Choose) -> Media:
    media = stream.media
    chosen = choose(stream) if stream.is_msrp and stream.is_offered else None
    if chosen is None:
        return Media(media.kind, 0, media.protocol, media.formats)
    direction = chosen.direction.within(stream.direction.mirrored)
    lines = (
        *_described(chosen, direction),
        attribute("setup", answering(stream.setup).value),
        *_connection(stream, chosen),
        *_repeated(stream),
        *_chunks(min(chosen.max_chunk_size, stream.max_chunk_size or 0)),
        *chosen.attributes,
    )
    return Media(media.kind, chosen.port, media.protocol, FORMATS, lines)


def _described(endpoint: MsrpEndpoint, direction: Direction) -> Lines:
    """What offer and answer say alike; no list of these is empty (RFC 4975 8)."""
    if not (endpoint.path and endpoint.accept_types):
        raise SdpEncodeError("an MSRP stream without path or accept-types")
    lines = [
        attribute(direction.value),
        attribute("accept-types", " ".join(endpoint.accept_types)),
    ]
    if endpoint.accept_wrapped_types:
        wrapped = " ".join(endpoint.accept_wrapped_types)
        lines.append(attribute("accept-wrapped-types", wrapped))
    if endpoint.max_size:
        lines.append(attribute("max-size", str(endpoint.max_size)))
    lines.append(attribute("path", " ".join(endpoint.path)))
    return tuple(lines)


def _connection(stream: MediaStream, chosen: MsrpEndpoint) -> Lines:
    """Whether the connection goes on, where the offer speaks of it (RFC 4145 5.1).

    A new one is what may be answered whatever was offered.
    """
    if stream.get("connection") is None:
        return ()
    kept = chosen.reuses_connection and stream.reuses_connection
    return (attribute("connection", "existing" if kept else "new"),)


def _repeated(stream: MediaStream) -> Lines:
    """What an answer says because the offer did."""
    lines = []
    if stream.has_cema:
        lines.append(attribute("msrp-cema"))
    for name in _KEPT:
        value = find(stream.media.lines, name)
        if value is not None:
            lines.append(attribute(name, value or None))
    return tuple(lines)


def _chunks(kilobytes: int) -> Lines:
    """The chunk size, if it was settled (conversation TS 5.2.1.1, 5.2.1.3)."""
    return (attribute("max-chunk-size", str(kilobytes)),) if kilobytes else ()
