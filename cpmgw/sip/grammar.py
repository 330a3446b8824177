"""The basic rules that every SIP header shares (RFC 3261 25.1).

Text here is one unfolded line. Octets that are no UTF-8 appear as lone surrogates
(PEP 383), so that what is not understood leaves as it came.
"""

from __future__ import annotations

import re
from ipaddress import IPv6Address
from typing import Final

from cpmgw.sip.errors import SipSyntaxError

Parameters = tuple[tuple[str, str | None], ...]
"""Parameters in order, in wire form: a value keeps its quotes and escapes."""

LWS: Final = " \t"

# token = 1*(alphanum / "-" / "." / "!" / "%" / "*" / "_" / "+" / "`" / "'" / "~" )
TOKEN: Final = r"[A-Za-z0-9\-.!%*_+`'~]++"
# quoted-string = SWS DQUOTE *(qdtext / quoted-pair ) DQUOTE
QUOTED: Final = r'"[^"\\]*+(?:\\.[^"\\]*+)*+"'
# host = hostname / IPv4address / IPv6reference; "_" is no host character in the RFC
# but is one in the names that operators give their machines.
HOST: Final = r"(?:[A-Za-z0-9._-]++|\[[0-9A-Fa-f:.]++\])"

_TOKEN: Final = re.compile(TOKEN)
# display-name = *(token LWS); characters beyond ASCII should stand in quotes, but they
# end nothing and many senders write them bare.
_WORD: Final = r"[A-Za-z0-9\-.!%*_+`'~\u0080-\U0010ffff]++"
_WORDS: Final = re.compile(rf"{_WORD}(?:[ \t]++{_WORD})*+")
_QUOTED: Final = re.compile(QUOTED, re.DOTALL)
_QUOTED_PAIR: Final = re.compile(r"\\(.)", re.DOTALL)
_TO_ESCAPE: Final = re.compile(r'[\x00-\x08\x0b\x0c\x0e-\x1f\x7f"\\]')
_LIST_MARK: Final = re.compile(r'[",<]')
# generic-param = token [ EQUAL gen-value ]; gen-value = token / host / quoted-string.
# An unquoted value is read with every visible character that ends nothing, as "=" and
# "[" are seen in tags and in received (RFC 5118 4.5).
_PARAMETER: Final = re.compile(
    rf"[ \t]*+;[ \t]*+({TOKEN})[ \t]*+"
    rf'(?:=[ \t]*+({QUOTED}|[^\x00-\x20\x7f";,<>]++)[ \t]*+)?+',
    re.DOTALL,
)


def is_token(text: str) -> bool:
    """Whether the text is a token."""
    return _TOKEN.fullmatch(text) is not None


def is_words(text: str) -> bool:
    """Whether the text can be a display name without quotes."""
    return _WORDS.fullmatch(text) is not None


def quoted_end(text: str, start: int = 0) -> int:
    """Where the quoted-string that begins at `start` ends; -1 if it never does."""
    match = _QUOTED.match(text, start)
    return match.end() if match else -1


def quote(text: str) -> str:
    """Make a quoted-string; controls, quotes and backslashes become quoted-pairs."""
    return f'"{_TO_ESCAPE.sub(_escaped, text)}"'


def _escaped(match: re.Match[str]) -> str:
    return "\\" + match[0]


def unquote(text: str) -> str:
    """What a quoted-string says; any other text as it is."""
    if len(text) < 2 or text[0] != '"':
        return text
    inner = text[1:-1]
    return _QUOTED_PAIR.sub(r"\1", inner) if "\\" in inner else inner


def split_list(value: str) -> list[str]:
    """Split at the commas outside quoted-strings and <URI>s; empty members fall out.

    An unterminated quoted-string or URI is a SipSyntaxError.
    """
    if "," not in value:
        value = value.strip(LWS)
        return [value] if value else []
    if '"' not in value and "<" not in value:
        return [part for raw in value.split(",") if (part := raw.strip(LWS))]
    parts = []
    start = at = 0
    while mark := _LIST_MARK.search(value, at):
        if mark[0] == ",":
            parts.append(value[start : mark.start()].strip(LWS))
            start = at = mark.end()
            continue
        if mark[0] == '"':
            at = quoted_end(value, mark.start())
        else:
            at = value.find(">", mark.end())
        if at < 0:
            raise SipSyntaxError("Unterminated Quoted String or URI")
    parts.append(value[start:].strip(LWS))
    return [part for part in parts if part]


def parse_parameters(text: str) -> Parameters:
    """Read `*( SEMI generic-param )`, which is the whole text."""
    found: list[tuple[str, str | None]] = []
    at, end = 0, len(text)
    while at < end:
        match = _PARAMETER.match(text, at)
        if match is None:
            raise SipSyntaxError("Malformed Header Parameter")
        found.append((match[1], match[2]))
        at = match.end()
    return tuple(found)


def format_parameters(parameters: Parameters) -> str:
    """Write parameters, each after its semicolon."""
    return "".join(
        [
            f";{name}" if value is None else f";{name}={value}"
            for name, value in parameters
        ]
    )


def find(parameters: Parameters, name: str) -> str | None:
    """The wire form of a parameter's value, "" if it has none, None if it is absent."""
    for key, value in parameters:
        if key == name or key.lower() == name:
            return "" if value is None else value
    return None


def removed(parameters: Parameters, name: str) -> Parameters:
    """The parameters without those of this name."""
    name = name.lower()
    return tuple([pair for pair in parameters if pair[0].lower() != name])


def replaced(parameters: Parameters, name: str, value: str | None) -> Parameters:
    """The parameters with one set, in its old place or at the end."""
    lower, result, placed = name.lower(), [], False
    for pair in parameters:
        if pair[0].lower() != lower:
            result.append(pair)
        elif not placed:
            result.append((pair[0], value))
            placed = True
    if not placed:
        result.append((name, value))
    return tuple(result)


def parse_ipv6_reference(text: str) -> str:
    """Check an IPv6reference, brackets included.

    The colon too many that RFC 3261's grammar asks for before an IPv4 part is left out
    (RFC 5118 4.10).
    """
    text = text.replace(":::", "::")
    try:
        IPv6Address(text[1:-1])
    except ValueError:
        raise SipSyntaxError("Malformed IPv6 Reference") from None
    return text


def parse_number(text: str, limit: int, what: str) -> int:
    """Read 1*DIGIT not above `limit`; leading zeros are no matter (RFC 4475 3.1.1.1).

    The digits are counted before they are converted: thousands of them cost nothing.
    """
    if not (text.isascii() and text.isdigit()):
        raise SipSyntaxError(f"Malformed {what}")
    if len(text) > 10 and len(text := text.lstrip("0")) > 10:
        raise SipSyntaxError(f"{what} Out of Range")
    number = int(text or "0")
    if number > limit:
        raise SipSyntaxError(f"{what} Out of Range")
    return number
