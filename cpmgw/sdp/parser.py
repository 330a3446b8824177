"""Reads a session description (RFC 8866 5 and 9).

The lines that RFC 8866 wants and many leave out (o, s, t) may be missing, and lines may
end in LF alone. Lines and attributes that are not known are kept.
"""

from __future__ import annotations

import re
from typing import Final

import msgspec

from cpmgw.sdp.description import (
    Line,
    Media,
    SessionDescription,
    parse_connection,
    parse_origin,
)
from cpmgw.sdp.errors import SdpNotAcceptable, SdpSyntaxError
from cpmgw.sdp.grammar import TOKEN, number


class SdpLimits(msgspec.Struct, frozen=True):
    """How much of a peer's description is read; attributes are those of one part."""

    max_octets: int = 32_768
    max_lines: int = 1_024
    max_line: int = 4_096
    max_media: int = 64
    max_attributes: int = 128


DEFAULT_LIMITS: Final = SdpLimits()
VERSION: Final = "0"

# media-field = "m=" media SP port ["/" integer] SP proto 1*(SP fmt); any run of blanks
# is taken for one.
_MEDIA: Final = re.compile(
    rf"({TOKEN})[ \t]++([0-9]++)(?:/([0-9]++))?+[ \t]++({TOKEN}(?:/{TOKEN})*+)"
    r"((?:[ \t]++[^ \t]++)++)[ \t]*+"
)


def parse_sdp(octets: bytes, limits: SdpLimits = DEFAULT_LIMITS) -> SessionDescription:
    """Read a description; what cannot be understood is a SdpError."""
    lines = _lines(octets, limits)
    if not lines or lines[0].letter != "v":
        raise SdpSyntaxError("No Protocol Version")
    if lines[0].value.strip() != VERSION:
        raise SdpSyntaxError("Unknown Protocol Version")
    starts = [at for at, line in enumerate(lines) if line.letter == "m"]
    if len(starts) > limits.max_media:
        raise SdpNotAcceptable("Too Many Media Descriptions")
    bounds = [*starts, len(lines)]
    session = lines[: bounds[0]]
    parts = [lines[start:end] for start, end in zip(starts, bounds[1:], strict=True)]
    for part in (session, *parts):
        _check(part, limits)
    return SessionDescription(
        tuple(session), tuple([_media(first.value, rest) for first, *rest in parts])
    )


def _lines(octets: bytes, limits: SdpLimits) -> list[Line]:
    """Take the description apart; empty lines fall out."""
    if len(octets) > limits.max_octets:
        raise SdpNotAcceptable("Session Description Too Large")
    rows = octets.removesuffix(b"\n").split(b"\n")
    if len(rows) > limits.max_lines:
        raise SdpNotAcceptable("Too Many Lines")
    found = []
    for row in rows:
        row = row.removesuffix(b"\r")
        if len(row) > limits.max_line:
            raise SdpNotAcceptable("Line Too Long")
        if row:
            found.append(_line(row))
    return found


def _line(row: bytes) -> Line:
    if row[1:2] != b"=" or not row[:1].isalpha():
        raise SdpSyntaxError("Malformed Line")
    if b"\r" in row or b"\0" in row:
        raise SdpSyntaxError("Control Character in Line")
    return Line(chr(row[0]), row[2:].decode("utf-8", "surrogateescape"))


def _check(part: list[Line], limits: SdpLimits) -> None:
    """Check the lines of one part that other lines are understood by."""
    if sum(line.letter == "a" for line in part) > limits.max_attributes:
        raise SdpNotAcceptable("Too Many Attributes")
    for line in part:
        if line.letter == "c":
            parse_connection(line.value)
        elif line.letter == "o":
            parse_origin(line.value)


def _media(value: str, lines: list[Line]) -> Media:
    match = _MEDIA.fullmatch(value)
    if match is None:
        raise SdpSyntaxError("Malformed Media Description")
    kind, port, ports, protocol, formats = match.groups()
    return Media(
        kind,
        number(port, "Port", 65_535),
        protocol,
        tuple(formats.split()),
        tuple(lines),
        number(ports or "1", "Number of Ports", 65_535),
    )
