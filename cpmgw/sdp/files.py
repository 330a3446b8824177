"""What a description says of a file, or of a large message's size (RFC 5547 6)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final
from urllib.parse import unquote_to_bytes

import msgspec

from cpmgw.sdp.description import Line, Lines, attribute, find
from cpmgw.sdp.errors import SdpSyntaxError
from cpmgw.sdp.grammar import is_token, number, words

SELECTOR: Final = "file-selector"
TRANSFER_ID: Final = "file-transfer-id"
DISPOSITION: Final = "file-disposition"
DATE: Final = "file-date"
ICON: Final = "file-icon"
RANGE: Final = "file-range"

# filename-char: any octet but NUL, CR, LF, double quotes and percent
_TO_ESCAPE: Final = re.compile('[\0\r\n"%]')
# hash-value = 2HEXDIG *(":" 2HEXDIG)
_DIGEST: Final = re.compile(r"[0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2})*+")
# ft-parameter: a blank or a quote can stand in a quoted value only
_FILE_TYPE: Final = re.compile(r'[^ \t"/]++/(?:[^ \t"]|"[^"]*+")++')


class FileHash(msgspec.Struct, frozen=True):
    """A digest of a file, with its algorithm's textual name ("sha-1")."""

    algorithm: str
    digest: bytes

    def __str__(self) -> str:
        return f"{self.algorithm}:{self.digest.hex(':').upper()}"


class FileSelector(msgspec.Struct, frozen=True):
    """Which file is meant (RFC 5547 6): what is not told is "", None or empty.

    `size` is in octets; `type` is as written, with its parameters; `name` is what the
    peer likes, slashes and control characters too.
    """

    name: str = ""
    type: str = ""
    size: int | None = None
    hashes: tuple[FileHash, ...] = ()

    def __str__(self) -> str:
        written = []
        if self.name:
            written.append(f'name:"{_TO_ESCAPE.sub(_escaped, self.name)}"')
        if self.type:
            written.append(f"type:{self.type}")
        if self.size is not None:
            written.append(f"size:{self.size}")
        written.extend([f"hash:{each}" for each in self.hashes])
        return " ".join(written)


class FileRange(msgspec.Struct, frozen=True):
    """The octets that are transferred, from 1; None is the file's end (8.1, 8.6)."""

    start: int = 1
    stop: int | None = None

    def __str__(self) -> str:
        return f"{self.start}-{'*' if self.stop is None else self.stop}"


class FileDates(msgspec.Struct, frozen=True):
    """When a file was made, changed and read: RFC 5322 date-times as written."""

    creation: str = ""
    modification: str = ""
    read: str = ""

    def __str__(self) -> str:
        named = zip(self.__struct_fields__, msgspec.structs.astuple(self), strict=True)
        return " ".join([f'{name}:"{date}"' for name, date in named if date])


class FileDescription(msgspec.Struct, frozen=True):
    """All that one media description says of a file; `icon` is a cid: URL."""

    selector: FileSelector | None = None
    transfer_id: str = ""
    disposition: str = ""
    dates: FileDates = FileDates()
    icon: str = ""
    range: FileRange | None = None

    @property
    def lines(self) -> Lines:
        """The attributes that say so, in the order of RFC 5547 6."""
        told: list[tuple[str, str]] = [
            (TRANSFER_ID, self.transfer_id),
            (DISPOSITION, self.disposition),
            (DATE, str(self.dates)),
            (ICON, self.icon),
            (RANGE, str(self.range or "")),
        ]
        written = [attribute(name, value) for name, value in told if value]
        if self.selector is None:
            return tuple(written)
        return (attribute(SELECTOR, str(self.selector) or None), *written)


def file_description(lines: Iterable[Line]) -> FileDescription:
    """Read the file attributes among the lines of a media description."""
    lines = tuple(lines)
    selector = find(lines, SELECTOR)
    octets = find(lines, RANGE)
    return FileDescription(
        selector=None if selector is None else parse_selector(selector),
        transfer_id=_token(find(lines, TRANSFER_ID), "File Transfer Identifier"),
        disposition=_token(find(lines, DISPOSITION), "File Disposition"),
        dates=parse_dates(find(lines, DATE) or ""),
        icon=find(lines, ICON) or "",
        range=None if octets is None else parse_range(octets),
    )


def parse_selector(value: str) -> FileSelector:
    """Read a file-selector; a selector that is not known is passed over."""
    found: dict[str, str] = {}
    hashes = []
    for word in words(value, "File Selector"):
        key, colon, text = word.partition(":")
        if not colon:
            raise SdpSyntaxError("Malformed File Selector")
        if key == "hash":
            hashes.append(_hash(text))
        else:
            found.setdefault(key, text)
    name = unquote_to_bytes(
        _unquoted(found.get("name", "")).encode("utf-8", "surrogateescape")
    )
    size = found.get("size")
    return FileSelector(
        name=name.decode("utf-8", "surrogateescape"),
        type=_file_type(found.get("type")),
        size=None if size is None else number(size, "File Size"),
        hashes=tuple(hashes),
    )


def parse_range(value: str) -> FileRange:
    """Read a file-range: the first octet is 1, and the last is not before it."""
    start, dash, stop = value.partition("-")
    if not dash:
        raise SdpSyntaxError("Malformed File Range")
    first = number(start, "File Range")
    last = None if stop == "*" else number(stop, "File Range")
    if first < 1 or (last is not None and last < first):
        raise SdpSyntaxError("File Range Out of Range")
    return FileRange(first, last)


def parse_dates(value: str) -> FileDates:
    """Read a file-date; a date that is not known is passed over."""
    pairs = [word.partition(":")[::2] for word in words(value, "File Date")]
    found = {name: _unquoted(date) for name, date in reversed(pairs)}
    return FileDates(*[found.get(name, "") for name in FileDates.__struct_fields__])


def _hash(text: str) -> FileHash:
    algorithm, _, digest = text.partition(":")
    if not (is_token(algorithm) and _DIGEST.fullmatch(digest)):
        raise SdpSyntaxError("Malformed File Hash")
    return FileHash(algorithm.lower(), bytes.fromhex(digest.replace(":", "")))


def _file_type(text: str | None) -> str:
    if text is not None and _FILE_TYPE.fullmatch(text) is None:
        raise SdpSyntaxError("Malformed File Type")
    return text or ""


def _token(text: str | None, what: str) -> str:
    if text is not None and not is_token(text):
        raise SdpSyntaxError(f"Malformed {what}")
    return text or ""


def _unquoted(text: str) -> str:
    quoted = len(text) > 1 and text[0] == text[-1] == '"'
    return text[1:-1] if quoted else text


def _escaped(match: re.Match[str]) -> str:
    return f"%{ord(match[0]):02X}"
