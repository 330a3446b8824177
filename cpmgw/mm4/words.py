"""Text in header fields beyond ASCII: encoded words (RFC 2047)."""

from __future__ import annotations

import base64
import binascii
import re
from typing import Final

from cpmgw.cpm.charset import decoded
from cpmgw.cpm.errors import CannotBecomeText

# encoded-word = "=?" charset "?" encoding "?" encoded-text "?=" (RFC 2047 2), with the
# language of RFC 2231 5.
_WORD: Final = re.compile(r"=\?([^?*\s]{1,40})(?:\*[^?\s]*)?\?([bBqQ])\?([^?]*)\?=")
# Where a field may be folded, so that every reader puts it together again.
SINGLE_SPACE: Final = re.compile(r"(?<=[^\s]) (?=[^\s])")
_CONTROLS: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_HEX: Final = re.compile(rb"=([0-9A-Fa-f]{2})")
_MOST_UNFOLDED: Final = 900
"""Characters of a word for which there is surely room in a line of 998."""
_ROOM: Final = 30
"""Octets of UTF-8 in one encoded word: with the name of the field, 76 characters."""


def without_controls(text: str) -> str:
    """Put a space where text has control characters, line ends among them."""
    return _CONTROLS.sub(" ", text)


def without_surrogates(text: str) -> str:
    """Put U+FFFD where octets that came were no UTF-8: such text can be written."""
    if text.isascii():
        return text
    try:
        octets = text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        octets = text.encode("utf-8", "replace")
    return octets.decode("utf-8", "replace")


def decode_words(text: str) -> str:
    """Undo the encoded words in a field's text; what is none stays as it is.

    White space between encoded words goes (RFC 2047 6.2), and a character that is
    split over two of them is put together. Control characters become spaces.
    """
    if "=?" not in text:
        return without_controls(text)
    pieces: list[str] = []
    run: list[tuple[str, bytes]] = []
    position = 0
    for found in _WORD.finditer(text):
        between = text[position : found.start()]
        position = found.end()
        if run and between.strip():
            pieces.append(_joined(run))
            run.clear()
        if not run:
            pieces.append(between)
        octets = _octets(found[2], found[3])
        charset = found[1].lower()
        if octets is None:
            octets, charset = found[0].encode(), "utf-8"
        if run and run[-1][0] == charset:
            run[-1] = (charset, run[-1][1] + octets)
        else:
            run.append((charset, octets))
    pieces.append(_joined(run))
    pieces.append(text[position:])
    return without_controls("".join(pieces))


def _octets(encoding: str, text: str) -> bytes | None:
    raw = text.encode("utf-8", "surrogateescape")
    if encoding in "qQ":
        spaced = raw.replace(b"_", b" ")
        return _HEX.sub(lambda found: bytes((int(found[1], 16),)), spaced)
    try:
        return base64.b64decode(raw.rstrip(b"= ") + b"==")
    except binascii.Error:
        return None


def _joined(run: list[tuple[str, bytes]]) -> str:
    return "".join(_text(charset, octets) for charset, octets in run)


def _text(charset: str, octets: bytes) -> str:
    """Decode as far as it goes: a subject is worth reading even with holes."""
    try:
        return decoded(octets, charset)
    except CannotBecomeText:
        return octets.decode("utf-8", "replace")


def encode_words(text: str) -> str:
    """Write text for a field: as it is if it is ASCII, else as encoded words.

    What cannot be folded into lines is encoded as well. The words are of 52 characters
    at the most, with a space between them. Control characters become spaces.
    """
    clean = without_controls(text).strip()
    if clean.isascii() and "=?" not in clean and _folds(clean):
        return clean
    words: list[str] = []
    piece = b""
    for character in clean:
        octets = character.encode("utf-8", "replace")
        if len(piece) + len(octets) > _ROOM:
            words.append(_word(piece))
            piece = b""
        piece += octets
    words.append(_word(piece))
    return " ".join(words)


def _folds(text: str) -> bool:
    if len(text) <= _MOST_UNFOLDED:
        return True
    return max(map(len, SINGLE_SPACE.split(text))) <= _MOST_UNFOLDED


def _word(octets: bytes) -> str:
    return f"=?utf-8?B?{base64.b64encode(octets).decode()}?="
