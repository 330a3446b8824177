"""The media streams of a session: what their attributes mean (RFC 4975 8 and others).

An attribute is read when it is asked for, and one that breaks its grammar is then a
SdpError.
"""

from __future__ import annotations

import re
from typing import Final

import msgspec

from cpmgw.sdp.description import (
    Connection,
    Lines,
    Media,
    SessionDescription,
    connection_in,
    find,
    find_all,
)
from cpmgw.sdp.errors import SdpSyntaxError
from cpmgw.sdp.files import FileDescription, file_description
from cpmgw.sdp.grammar import TOKEN, is_token, number, words
from cpmgw.sdp.roles import Direction, Setup

MSRP: Final = "TCP/MSRP"
MSRP_TLS: Final = "TCP/TLS/MSRP"
DEFAULT_PORT: Final = 2855

# format-entry = (type "/" subtype / type "/" "*") *( ";" type-param ) / "*"
_FORMAT: Final = re.compile(rf"(?:\*|{TOKEN}/{TOKEN}(?:;(?:[^\"]|\"[^\"]*+\")*+)?+)")
# hash-func SP fingerprint; 2UHEX *(":" 2UHEX), which some write in lower case
_FINGERPRINT: Final = re.compile(
    rf"({TOKEN})[ \t]++([0-9A-Fa-f]{{2}}(?::[0-9A-Fa-f]{{2}})*+)"
)
# MSRP-URI = msrp-scheme "://" authority ["/" session-id] ";" transport *( ";" param )
_URI: Final = re.compile(
    r"msrps?+://(?:[^@/;\s\"]*+@)?+(\[[0-9A-Fa-f:.]++\]|[^\[\]@:/;\s\"]++)"
    r"(?::([0-9]{1,5}))?+(?:/[^;\s\"]*+)?+;[^;\s\"]++(?:;[^;\s\"]++)*+",
    re.IGNORECASE,
)


class MediaStream(msgspec.Struct, frozen=True):
    """A media description together with what the session says of all media."""

    media: Media
    session: Lines = ()

    @property
    def is_offered(self) -> bool:
        """Whether the stream is wanted: its port is not 0 (RFC 3264 5.1, 6)."""
        return self.media.port != 0

    @property
    def is_msrp(self) -> bool:
        """Whether messages go here by MSRP, with or without TLS (RFC 4975 8.1)."""
        return self.media.protocol.upper() in (MSRP, MSRP_TLS)

    @property
    def is_secure(self) -> bool:
        """Whether it is MSRP over TLS (RFC 4975 8.1)."""
        return self.media.protocol.upper() == MSRP_TLS

    @property
    def connection(self) -> Connection | None:
        """Its own connection data or the session's (RFC 8866 5.7)."""
        return connection_in(self.media.lines) or connection_in(self.session)

    @property
    def direction(self) -> Direction:
        """Its own direction, the session's, or both ways (RFC 8866 6.7)."""
        for lines in (self.media.lines, self.session):
            for direction in Direction:
                if find(lines, direction.value) is not None:
                    return direction
        return Direction.SENDRECV

    @property
    def setup(self) -> Setup | None:
        """Its own role, the session's, or None (RFC 4145 4, RFC 6135 4.2)."""
        value = self.get("setup")
        if value is None:
            return None
        try:
            return Setup(value.lower())
        except ValueError:
            raise SdpSyntaxError("Malformed Setup") from None

    @property
    def reuses_connection(self) -> bool:
        """Whether the connection that is there goes on being used (RFC 4145 5)."""
        return (self.get("connection") or "new").lower() == "existing"

    @property
    def path(self) -> tuple[str, ...]:
        """The MSRP URIs to reach it by, the nearest first (RFC 4975 8.2)."""
        uris = tuple((find(self.media.lines, "path") or "").split())
        for uri in uris:
            address_of(uri)
        return uris

    @property
    def connect_to(self) -> tuple[str, int] | None:
        """The host and port to connect to, None if none is told.

        With msrp-cema the c and m lines, otherwise the first URI of the path (RFC 6714
        4.2, RFC 4975 5.4).
        """
        connection = self.connection
        if self.has_cema and connection is not None:
            return connection.address, self.media.port
        path = self.path
        return address_of(path[0]) if path else None

    @property
    def has_cema(self) -> bool:
        """Whether it says msrp-cema (RFC 6714 5)."""
        return find(self.media.lines, "msrp-cema") is not None

    @property
    def fingerprints(self) -> tuple[str, ...]:
        """Those of its certificate, its own or the session's (RFC 8122 5).

        Each as "sha-256 AB:CD:...", the name in lower case and the digits in upper.
        """
        for lines in (self.media.lines, self.session):
            found = find_all(lines, "fingerprint")
            if found:
                return tuple(map(_fingerprint, found))
        return ()

    @property
    def accept_types(self) -> tuple[str, ...]:
        """The media types it takes, as written; `*` is any (RFC 4975 8.6)."""
        return self._formats("accept-types")

    @property
    def accept_wrapped_types(self) -> tuple[str, ...]:
        """Those it takes inside of others only, as message/cpim (RFC 4975 8.6)."""
        return self._formats("accept-wrapped-types")

    @property
    def max_size(self) -> int | None:
        """The octets of the largest message it takes, None if untold (RFC 4975 8.5)."""
        return self._number("max-size")

    @property
    def max_chunk_size(self) -> int | None:
        """The largest chunk in kilobytes, None if untold (conversation TS C.4)."""
        return self._number("max-chunk-size")

    @property
    def chatroom(self) -> tuple[str, ...] | None:
        """What a chat room can do; None if it is none (RFC 7701 8)."""
        value = find(self.media.lines, "chatroom")
        if value is None:
            return None
        tokens = tuple(value.split())
        if not all(map(is_token, tokens)):
            raise SdpSyntaxError("Malformed Chatroom")
        return tokens

    @property
    def file(self) -> FileDescription:
        """What it says of a file, or of a large message's size (RFC 5547 6)."""
        return file_description(self.media.lines)

    def get(self, name: str) -> str | None:
        """Give the value of an attribute that may be the session's, None for none."""
        own = find(self.media.lines, name)
        return find(self.session, name) if own is None else own

    def _formats(self, name: str) -> tuple[str, ...]:
        found = words(find(self.media.lines, name) or "", "Media Type")
        if not all(map(_FORMAT.fullmatch, found)):
            raise SdpSyntaxError("Malformed Media Type")
        return found

    def _number(self, name: str) -> int | None:
        value = find(self.media.lines, name)
        return None if value is None else number(value, name.title())


def _fingerprint(value: str) -> str:
    match = _FINGERPRINT.fullmatch(value)
    if match is None:
        raise SdpSyntaxError("Malformed Fingerprint")
    return f"{match[1].lower()} {match[2].upper()}"


def address_of(uri: str) -> tuple[str, int]:
    """The host, without brackets, and the port of an MSRP URI (RFC 4975 6)."""
    match = _URI.fullmatch(uri)
    if match is None:
        raise SdpSyntaxError("Malformed Path")
    port = number(match[2], "Path", 65_535) if match[2] else DEFAULT_PORT
    return match[1].strip("[]"), port


def streams(description: SessionDescription) -> tuple[MediaStream, ...]:
    """All media streams of a description, in its order."""
    lines = description.lines
    return tuple([MediaStream(media, lines) for media in description.media])
