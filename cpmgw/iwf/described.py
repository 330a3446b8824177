"""What a message stream is to be, and how the other side has described it.

Conversation TS 5.2.1; TS 6.1.2 step 1, 6.1.4 step 1 and 6.1.5 steps 1 and 2.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import Final, TypeVar

import msgspec

from cpmgw.errors import CannotInterwork
from cpmgw.msrp.errors import MsrpSyntaxError
from cpmgw.msrp.interfaces import Remote
from cpmgw.msrp.uri import parse_uri
from cpmgw.sdp.content import CPIM, common, takes, types_carried
from cpmgw.sdp.description import Lines, SessionDescription
from cpmgw.sdp.errors import SdpError, SdpSyntaxError
from cpmgw.sdp.parser import parse_sdp
from cpmgw.sdp.roles import Direction, Setup
from cpmgw.sdp.stream import MediaStream
from cpmgw.sip.status import reason_for

# What a max-chunk-size is counted in (conversation TS C.1.8 says "kilobytes"): the
# smaller reading keeps within both.
KILOBYTE: Final = 1_000
# Lines and attributes that say whom to connect to, and who that is.
REACH: Final = frozenset(("c", "m", "path", "fingerprint", "msrp-cema"))

T = TypeVar("T")


class Types(Enum):
    """Which media types an answer names (TS 6.1.2 step 4d, RCC.10 6.1.4)."""

    OFFERED = "offered"
    TAKEN = "taken"


class Wrapping(Enum):
    """Whether the messages of a stream are message/cpim, or what they are themselves.

    Files are not wrapped (conversation TS 7.4.1, RFC 5547).
    """

    CPIM = "cpim"
    NONE = "none"


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What one end makes of a stream.

    `content` are the media types that its messages have, one of which the other side
    must have room for; `beside` are those that may come as well, wrapped or `direct`.
    An offer names all of them. An answer names those that were offered, or of these
    only the ones that are `TAKEN` here. Without `wrapping` the `content` is direct.
    `max_size` is in octets, 0 is what the node
    takes; `attributes` follow in an offer and an answer. `section` is named in
    refusals.
    """

    direction: Direction
    section: str
    content: tuple[str, ...] = ("text/*",)
    beside: tuple[str, ...] = ()
    direct: tuple[str, ...] = (CPIM,)
    types: Types = Types.OFFERED
    wrapping: Wrapping = Wrapping.CPIM
    max_size: int = 0
    attributes: Lines = ()


def fits(stream: MediaStream, wanted: Wanted) -> bool:
    """Whether a stream has room for the content, in message/cpim if it is wrapped."""
    if wanted.wrapping is Wrapping.NONE:
        return bool(common(stream.accept_types, wanted.content))
    carried = common(types_carried(stream), wanted.content)
    return bool(carried) and takes(stream.accept_types, CPIM)


def remote_of(stream: MediaStream, role: Setup, chunk: int) -> Remote:
    """What MSRP needs to know of the side that has described a stream.

    `role` is ours and `chunk` the chunk size that was settled, in kilobytes. Without
    msrp-cema somebody on the way may write another host into the paths: then session
    identifiers alone are compared (conversation TS 5.2.1.4).
    """
    for uri in stream.path:
        _check_uri(uri)
    return Remote(
        path=stream.path,
        connect_to=stream.connect_to,
        active=role is Setup.ACTIVE,
        by_session_id=not stream.has_cema,
        fingerprints=stream.fingerprints if stream.is_secure else (),
        max_size=stream.max_size or 0,
        max_chunk=chunk * KILOBYTE,
    )


def _check_uri(uri: str) -> None:
    """SdpSyntaxError for what MSRP does not take for one of its URIs."""
    try:
        parse_uri(uri)
    except MsrpSyntaxError as error:
        raise SdpSyntaxError("Malformed Path") from error


def changed(before: MediaStream, after: MediaStream) -> frozenset[str]:
    """What differs between two descriptions of a stream (TS 6.1.5 step 1).

    The names of attributes, and "m" and "c" for the lines of these letters.
    """
    one, other = _parameters(before), _parameters(after)
    names = one.keys() | other.keys()
    return frozenset(name for name in names if one.get(name) != other.get(name))


def _parameters(stream: MediaStream) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {
        "m": [stream.media.line.value],
        "c": [str(stream.connection)],
        "direction": [stream.direction.value],
        "fingerprint": list(stream.fingerprints),
    }
    directions = {each.value for each in Direction}
    for line in stream.media.lines:
        name, _, value = line.value.partition(":")
        name = name.strip(" \t")
        if line.letter == "a" and name not in directions and name != "fingerprint":
            found.setdefault(name, []).append(value.strip(" \t"))
    return found


def asks_anew(stream: MediaStream) -> bool:
    """Whether a new connection is asked for in so many words (RFC 4145 5.1)."""
    return stream.get("connection") is not None and not stream.reuses_connection


def read_description(octets: bytes, section: str) -> SessionDescription:
    """Read a description; CannotInterwork 400 or 488 where it cannot be."""
    try:
        return parse_sdp(octets)
    except SdpError as error:
        raise _unusable(error, section) from error


def refusing(wanted: Wanted, work: Callable[[], T]) -> T:
    """Do what looks into a description; CannotInterwork for what cannot be read."""
    try:
        return work()
    except SdpError as error:
        raise _unusable(error, wanted.section) from error


def _unusable(error: SdpError, section: str) -> CannotInterwork:
    return CannotInterwork(
        error.status,
        error.reason,
        cause="offer",
        section=section,
        warning=str(error),
    )


def not_acceptable(section: str, why: str) -> CannotInterwork:
    """488: nothing in a description fits."""
    return CannotInterwork(
        488, reason_for(488), cause="offer", section=section, warning=why
    )
