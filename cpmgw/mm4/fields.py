"""The header of a mail: its fields read and written (RFC 5322 2.2)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final, NoReturn

import msgspec

from cpmgw.mm4.errors import Mm4Error
from cpmgw.mm4.limits import DEFAULT_LIMITS, MAX_LINE, MailLimits
from cpmgw.mm4.words import SINGLE_SPACE, without_controls

Pairs = tuple[tuple[str, str], ...]

_END: Final = re.compile(rb"(?:\A|\n)\r?\n")
# ftext = %d33-57 / %d59-126 (RFC 5322 3.6.8)
FIELD_NAME: Final = re.compile(r"[!-9;-~]{1,76}")
_UNSAFE: Final = re.compile("[\x00-\x08\x0a-\x1f\x7f]")
_FOLD_AT: Final = 76


class Fields(msgspec.Struct, frozen=True):
    """Header fields in order, their names as written and their values unfolded."""

    pairs: Pairs
    _index: dict[str, tuple[str, ...]]

    def get(self, name: str) -> str:
        """Give the first value of a field, "" when it is not there."""
        found = self._index.get(name.lower())
        return found[0] if found else ""

    def all(self, name: str) -> tuple[str, ...]:
        """Give every value of a field, in order."""
        return self._index.get(name.lower(), ())

    def first(self, *names: str) -> str:
        """Give the first value that is not empty, of several names of a field."""
        return next((value for name in names if (value := self.get(name))), "")


def fields_of(pairs: Iterable[tuple[str, str]]) -> Fields:
    """Make fields of names and values."""
    kept = tuple(pairs)
    index: dict[str, tuple[str, ...]] = {}
    for name, value in kept:
        key = name.lower()
        index[key] = (*index.get(key, ()), value)
    return Fields(kept, index)


class TooMuch(Mm4Error):
    """A header beyond the limits; `kept` are the fields that are within them."""

    def __init__(self, what: str, kept: Fields) -> None:
        super().__init__(what)
        self.kept = kept


def read_fields(
    octets: bytes | memoryview, limits: MailLimits = DEFAULT_LIMITS
) -> tuple[Fields, int]:
    """Read the header of a mail; give it and where the content begins.

    Lines may end in LF. A line that is no field is passed over, as is a field whose
    name is none. Octets that are not UTF-8 are read as Latin-1, and control characters
    as spaces. TooMuch where the header is beyond the limits.
    """
    block = bytes(octets[: limits.max_header_block + 2])
    found = _END.search(block)
    size = len(octets) if found is None else found.start() + 1
    if size > limits.max_header_block:
        lines = block.split(b"\n")[:-1]  # the last is cut
        _refuse(
            f"a header of more than {limits.max_header_block} octets",
            _pairs(lines)[:-1],
            limits,
        )
    end = len(octets) if found is None else found.end()
    lines = block[: end if found is None else found.start()].split(b"\n")
    return _within(_pairs(lines), limits), end


def _pairs(lines: list[bytes]) -> list[tuple[str, bytes]]:
    """The fields of a header's lines."""
    pairs: list[tuple[str, list[bytes]]] = []
    for line in lines:
        if line[:1] in (b" ", b"\t"):
            if pairs:
                pairs[-1][1].append(line.strip())
            continue
        name, colon, value = line.partition(b":")
        text = name.decode("latin-1").strip()
        if not colon or not FIELD_NAME.fullmatch(text):
            pairs.append(("", []))  # what continues it goes with it
            continue
        pairs.append((text, [value.strip()]))
    return [(name, b" ".join(values).strip()) for name, values in pairs if name]


def _within(pairs: list[tuple[str, bytes]], limits: MailLimits) -> Fields:
    if len(pairs) > limits.max_fields:
        _refuse(f"more than {limits.max_fields} header fields", pairs, limits)
    for name, value in pairs:
        if len(value) > limits.max_value:
            _refuse(f"{name} of more than {limits.max_value} octets", pairs, limits)
    return fields_of((name, _text(value)) for name, value in pairs)


def _refuse(what: str, pairs: list[tuple[str, bytes]], limits: MailLimits) -> NoReturn:
    kept = pairs[: limits.max_fields]
    within = [each for each in kept if len(each[1]) <= limits.max_value]
    raise TooMuch(what, fields_of((name, _text(value)) for name, value in within))


def _text(octets: bytes) -> str:
    try:
        text = octets.decode()
    except UnicodeDecodeError:
        text = octets.decode("latin-1")
    return without_controls(text).strip()


def write_fields(pairs: Iterable[tuple[str, str]]) -> bytes:
    """Write header fields, lines ended by CRLF, without the empty line after them.

    Raises Mm4Error for a name that is none, a control character in a value, what is
    not ASCII, and what cannot be folded to 998 characters.
    """
    return b"".join(write_field(name, value) for name, value in pairs)


def write_field(name: str, value: str) -> bytes:
    """Write one field, folded before a space where it is long (RFC 5322 2.2.3)."""
    if not FIELD_NAME.fullmatch(name):
        raise Mm4Error(f"no name of a header field: {name[:40]!r}")
    if not value.isascii() or _UNSAFE.search(value):
        raise Mm4Error(f"{name} must not have control characters, and be ASCII")
    line = f"{name}: {value}"
    if len(line) <= _FOLD_AT:
        return f"{line}\r\n".encode()
    lines = _folded(name, value)
    if any(len(each) > MAX_LINE for each in lines):
        raise Mm4Error(f"{name} cannot be folded")
    return "".join(f"{each}\r\n" for each in lines).encode()


def _folded(name: str, value: str) -> list[str]:
    """Break at single spaces, which every reader puts together again."""
    first, *words = SINGLE_SPACE.split(value)
    lines = [f"{name}: {first}"]
    for word in words:
        if len(lines[-1]) + 1 + len(word) > _FOLD_AT:
            lines.append(f" {word}")
        else:
            lines[-1] += f" {word}"
    return lines
