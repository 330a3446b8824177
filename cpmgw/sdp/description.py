"""A session description as a value: its lines in order, and its media (RFC 8866 5).

Every line is kept as it came, known or not; what is understood is read from the lines
when it is asked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import msgspec

from cpmgw.sdp.errors import SdpEncodeError, SdpSyntaxError
from cpmgw.sdp.grammar import is_letter, is_line, number

NETWORK: Final = "IN"
ADDRESS_TYPES: Final = frozenset({"IP4", "IP6"})
LARGEST_VERSION: Final = 2**64 - 1
"""RFC 3264 5 asks for less; 64 bits are seen."""


class Line(msgspec.Struct, frozen=True):
    """One line: its type letter and its value (RFC 8866 5)."""

    letter: str
    value: str

    def encode(self) -> bytes:
        """Write the line; what would be no line is a SdpEncodeError."""
        if not (is_letter(self.letter) and is_line(self.value)):
            raise SdpEncodeError(f"no line: {self.letter!r}")
        try:
            return f"{self.letter}={self.value}\r\n".encode("utf-8", "surrogateescape")
        except UnicodeEncodeError:
            raise SdpEncodeError(f"no UTF-8 in line {self.letter!r}") from None


Lines = tuple[Line, ...]


def attribute(name: str, value: str | None = None) -> Line:
    """Make an attribute: a property, or one with a value (RFC 8866 5.13)."""
    return Line("a", name if value is None else f"{name}:{value}")


def find(lines: Iterable[Line], name: str) -> str | None:
    """The value of the first attribute of a name; "" for a property, None for none.

    Blanks around the value are no part of it: the conversation TS writes its own
    attribute with them (C.4).
    """
    return next(_values(lines, name), None)


def find_all(lines: Iterable[Line], name: str) -> tuple[str, ...]:
    """The values of all attributes of a name, in their order."""
    return tuple(_values(lines, name))


def _values(lines: Iterable[Line], name: str) -> Iterator[str]:
    for line in lines:
        if line.letter == "a":
            key, _, value = line.value.partition(":")
            if key.rstrip(" \t") == name:
                yield value.strip(" \t")


def values(lines: Iterable[Line], letter: str) -> list[str]:
    """The values of all lines of a letter."""
    return [line.value for line in lines if line.letter == letter]


class Connection(msgspec.Struct, frozen=True):
    """Connection data: a unicast address and its type (RFC 8866 5.7)."""

    address: str
    address_type: str = "IP4"

    @property
    def line(self) -> Line:
        """The `c=` line."""
        return Line("c", f"{NETWORK} {self.address_type} {self.address}")


def parse_connection(value: str) -> Connection:
    """Read the value of a `c=` line; a multicast TTL or count is left out."""
    parts = value.split()
    if len(parts) != 3 or parts[0] != NETWORK or parts[1] not in ADDRESS_TYPES:
        raise SdpSyntaxError("Malformed Connection Data")
    address = parts[2].partition("/")[0]
    if not address:
        raise SdpSyntaxError("Malformed Connection Data")
    return Connection(address, parts[1])


def connection_in(lines: Iterable[Line]) -> Connection | None:
    """The connection data among lines, None if there are none."""
    found = values(lines, "c")
    return parse_connection(found[0]) if found else None


class Origin(msgspec.Struct, frozen=True):
    """Who made a description, and which version it is (RFC 8866 5.2).

    A changed description of the same session has the same `session_id` and a `version`
    that is one more (RFC 3264 8).
    """

    session_id: int
    version: int
    connection: Connection
    username: str = "-"

    @property
    def line(self) -> Line:
        """The `o=` line."""
        numbers = f"{self.session_id} {self.version}"
        return Line("o", f"{self.username} {numbers} {self.connection.line.value}")


def parse_origin(value: str) -> Origin:
    """Read the value of an `o=` line."""
    parts = value.split()
    if len(parts) != 6:
        raise SdpSyntaxError("Malformed Origin")
    username, session_id, version, *connection = parts
    return Origin(
        number(session_id, "Session Identifier", LARGEST_VERSION),
        number(version, "Session Version", LARGEST_VERSION),
        parse_connection(" ".join(connection)),
        username,
    )


class Media(msgspec.Struct, frozen=True):
    """A media description: the `m=` line's fields, and the lines below it (5.14)."""

    kind: str
    port: int
    protocol: str
    formats: tuple[str, ...]
    lines: Lines = ()
    ports: int = 1

    @property
    def line(self) -> Line:
        """The `m=` line."""
        port = f"{self.port}/{self.ports}" if self.ports != 1 else f"{self.port}"
        return Line("m", " ".join([self.kind, port, self.protocol, *self.formats]))


class SessionDescription(msgspec.Struct, frozen=True):
    """A whole description: the session's lines, then its media in order."""

    lines: Lines
    media: tuple[Media, ...] = ()

    @property
    def origin(self) -> Origin | None:
        """Who made it, None if it does not say (RFC 8866 5.2)."""
        found = values(self.lines, "o")
        return parse_origin(found[0]) if found else None

    def encode(self) -> bytes:
        """Write it, each line ended by CRLF (RFC 8866 5)."""
        written: list[Line] = list(self.lines)
        for media in self.media:
            written.append(media.line)
            written.extend(media.lines)
        return b"".join([line.encode() for line in written])


def session_lines(origin: Origin, times: Sequence[str] = ()) -> Lines:
    """The lines before the media of a description of ours (RFC 3264 5, 6).

    `times` are the values of the offer's `t=` lines where this is an answer.
    """
    return (
        Line("v", "0"),
        origin.line,
        Line("s", "-"),
        origin.connection.line,
        *[Line("t", value) for value in times or ("0 0",)],
    )
