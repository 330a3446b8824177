"""Texts and addresses inside CPIM headers (RFC 3862 3.6, 4.1)."""

from __future__ import annotations

import re
from typing import Final

import msgspec

_ESCAPE: Final = re.compile(r"\\(u[0-9A-Fa-f]{4}|[btnr\"'\\])")
_CONTROL: Final = re.compile("[\x00-\x1f\x7f-\x9f]")
_LONE_SURROGATE: Final = re.compile("[\ud800-\udfff]")

# RFC 3862 3.6, Escape.
_MEANING: Final = {
    "b": "\b",
    "t": "\t",
    "n": "\n",
    "r": "\r",
    '"': '"',
    "'": "'",
    "\\": "\\",
}
_SHORT: Final = {"\b": r"\b", "\t": r"\t", "\n": r"\n", "\r": r"\r"}

# A formal name of words made of TOKENCHAR needs no quotes.
_TOKENCHAR: Final = r"[A-Za-z0-9!#$%&'*+\-^_`|~.\u00a1-\U0010ffff]"
_TOKENS: Final = re.compile(rf"{_TOKENCHAR}+( {_TOKENCHAR}+)*")


class CpimAddress(msgspec.Struct, frozen=True):
    """`Formal-name <uri>` of From, To, cc, Original-To, IMDN-Record-Route (4.1)."""

    uri: str
    name: str = ""

    def __str__(self) -> str:
        """Give the wire form."""
        if not self.name:
            return f"<{self.uri}>"
        return f"{formal_name(self.name)} <{self.uri}>"


def parse_address(value: str) -> CpimAddress:
    """Read an address; one without brackets is a bare URI. Never fails."""
    head, bracket, rest = value.rpartition("<")
    if not bracket:
        return CpimAddress(value.strip())
    name = head.strip()
    if len(name) > 1 and name[0] == '"' == name[-1]:
        name = name[1:-1]
    return CpimAddress(rest.partition(">")[0].strip(), unescaped(name))


def formal_name(name: str) -> str:
    """Give a display name as tokens, or as a String where it has other characters."""
    if name.isprintable() and _TOKENS.fullmatch(name):
        return name
    return '"' + text_escaped(name).replace('"', '\\"') + '"'


def escaped(value: str) -> str:
    """Escape what may not stand in a header value, which is in wire form otherwise."""
    if value.isprintable():
        return value
    return _CONTROL.sub(_code, value)


def text_escaped(text: str) -> str:
    """Escape a free text: control characters and the backslash itself (3.6)."""
    return escaped(text.replace("\\", "\\\\"))


def unescaped(value: str) -> str:
    r"""Undo escapes; a pair of \u surrogates is one character, a lone one U+FFFD."""
    if "\\" not in value:
        return value
    text = _ESCAPE.sub(_meaning, value)
    if _LONE_SURROGATE.search(text):
        text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text


def _code(match: re.Match[str]) -> str:
    character = match[0]
    return _SHORT.get(character) or f"\\u{ord(character):04x}"


def _meaning(match: re.Match[str]) -> str:
    code = match[1]
    return chr(int(code[1:], 16)) if code[0] == "u" else _MEANING[code]
