"""SIP, SIPS, tel and other URIs as values (RFC 3261 19.1, RFC 3966).

The parts of a URI are kept in wire form, percent-escapes included: an escaped reserved
character is not the character itself (RFC 3261 19.1.4). `unescape` gives the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from ipaddress import IPv6Address
from typing import Final
from urllib.parse import quote_from_bytes, unquote_to_bytes

import msgspec

from cpmgw.sip import grammar
from cpmgw.sip.errors import SipSyntaxError
from cpmgw.sip.grammar import Parameters

_ESCAPED: Final = "%[0-9A-Fa-f]{2}"
_UNRESERVED: Final = r"A-Za-z0-9\-_.!~*'()"
_USER_SAFE: Final = "-_.!~*'()&=+$,;?/"
_PARAMETER_SAFE: Final = "-_.!~*'()[]/:&+$"


def _many(characters: str) -> str:
    """Any number of `characters` and escapes, never looked at twice."""
    return rf"[{characters}]*+(?:{_ESCAPED}[{characters}]*+)*+"


# userinfo = ( user / telephone-subscriber ) [ ":" password ] "@"
# user = 1*( unreserved / escaped / user-unreserved )
_USER: Final = _many(_UNRESERVED + "&=+$,;?/")
_PASSWORD: Final = _many(_UNRESERVED + "&=+$,")
# uri-parameters = *( ";" uri-parameter)
_PARAMETER: Final = _many(_UNRESERVED + r"\[\]/:&+$")
_PARAMETERS: Final = rf"(?:;{_PARAMETER}(?:={_PARAMETER})?+)*+"
# headers = "?" header *( "&" header ); header = hname "=" hvalue
_HEADER: Final = _many(_UNRESERVED + r"\[\]/?:+$")
_HEADERS: Final = rf"{_HEADER}={_HEADER}(?:&{_HEADER}={_HEADER})*+"

_SIP: Final = re.compile(
    rf"(?:((?!:|@){_USER})(?::({_PASSWORD}))?+@)?+"
    rf"({grammar.HOST})(?::([0-9]++))?+({_PARAMETERS})(?:\?({_HEADERS}))?+"
)
# telephone-subscriber = global-number / local-number (RFC 3966 3)
_TEL: Final = re.compile(rf"(\+?+[0-9A-Fa-f*#\-.()]++)({_PARAMETERS})")
_GLOBAL: Final = re.compile(r"\+[0-9]++")
_ABSOLUTE: Final = re.compile(r"([A-Za-z][A-Za-z0-9+\-.]*+):([!#-;=?-~]++)")
_ESCAPE: Final = re.compile(_ESCAPED)
_UNRESERVED_SET: Final = frozenset(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.!~*'()"
)
# The RFC's text names all but transport, its examples transport too.
_NEVER_IGNORED: Final = frozenset({"user", "ttl", "method", "maddr", "transport"})
_VISUAL: Final = str.maketrans("", "", "-.()")


class SipUri(msgspec.Struct, frozen=True):
    """A SIP or SIPS URI (RFC 3261 19.1.1); an IPv6 `host` keeps its brackets."""

    scheme: str
    user: str | None
    host: str
    port: int | None = None
    password: str | None = None
    parameters: Parameters = ()
    headers: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        text = f"{self.scheme}:"
        if self.user is not None:
            secret = "" if self.password is None else f":{self.password}"
            text = f"{text}{self.user}{secret}@"
        text += self.host
        if self.port is not None:
            text = f"{text}:{self.port}"
        if self.parameters:
            text += grammar.format_parameters(self.parameters)
        if self.headers:
            text += "?" + "&".join([f"{name}={value}" for name, value in self.headers])
        return text

    def parameter(self, name: str) -> str | None:
        """The text of a parameter, "" if it has no value, None if it is absent."""
        return _parameter(self.parameters, name)

    def has(self, name: str) -> bool:
        """Whether the parameter is there."""
        return _parameter(self.parameters, name) is not None

    def with_parameter(self, name: str, value: str | None) -> SipUri:
        """The URI with this parameter; `value` is in wire form."""
        parameters = grammar.replaced(self.parameters, name, value)
        return msgspec.structs.replace(self, parameters=parameters)

    def without_parameter(self, name: str) -> SipUri:
        """The URI without this parameter."""
        parameters = grammar.removed(self.parameters, name)
        return msgspec.structs.replace(self, parameters=parameters)


class TelUri(msgspec.Struct, frozen=True):
    """A telephone number (RFC 3966); `number` is without visual separators."""

    number: str
    parameters: Parameters = ()

    def __str__(self) -> str:
        if not self.parameters:
            return f"tel:{self.number}"
        return f"tel:{self.number}{grammar.format_parameters(self.parameters)}"

    @property
    def is_global(self) -> bool:
        """Whether the number is an E.164 one, with its plus sign (RFC 3966 5.1.4)."""
        return self.number.startswith("+")

    def parameter(self, name: str) -> str | None:
        """The text of a parameter, "" if it has no value, None if it is absent."""
        return _parameter(self.parameters, name)

    def has(self, name: str) -> bool:
        """Whether the parameter is there."""
        return _parameter(self.parameters, name) is not None

    def with_parameter(self, name: str, value: str | None) -> TelUri:
        """The URI with this parameter; `value` is in wire form."""
        parameters = grammar.replaced(self.parameters, name, value)
        return msgspec.structs.replace(self, parameters=parameters)

    def without_parameter(self, name: str) -> TelUri:
        """The URI without this parameter."""
        parameters = grammar.removed(self.parameters, name)
        return msgspec.structs.replace(self, parameters=parameters)


class AbsoluteUri(msgspec.Struct, frozen=True):
    """A URI of any other scheme, not looked into (RFC 3261 25.1 absoluteURI).

    As a Request-URI it is answered 416 (RFC 3261 8.2.2.1).
    """

    scheme: str
    opaque: str

    def __str__(self) -> str:
        return f"{self.scheme}:{self.opaque}"


Uri = SipUri | TelUri | AbsoluteUri


def parse_uri(text: str) -> Uri:
    """Read a URI, which is the whole text; SipSyntaxError if it is none."""
    scheme, colon, rest = text.partition(":")
    scheme = scheme.lower()
    if colon and (scheme == "sip" or scheme == "sips"):
        return _parse_sip(scheme, rest)
    if colon and scheme == "tel":
        return _parse_tel(rest)
    match = _ABSOLUTE.fullmatch(text)
    if match is None:
        raise SipSyntaxError("Malformed URI")
    return AbsoluteUri(scheme, match[2])


def _parse_sip(scheme: str, rest: str) -> SipUri:
    match = _SIP.fullmatch(rest)
    if match is None:
        raise SipSyntaxError("Malformed SIP URI")
    user, password, host, digits, parameters, headers = match.groups()
    port = None if digits is None else grammar.parse_number(digits, 65535, "Port")
    if host[0] == "[":
        host = grammar.parse_ipv6_reference(host)
    return SipUri(
        scheme,
        user,
        host,
        port,
        password,
        _split_parameters(parameters) if parameters else (),
        _split_headers(headers) if headers else (),
    )


def _parse_tel(rest: str) -> TelUri:
    match = _TEL.fullmatch(rest)
    if match is None:
        raise SipSyntaxError("Malformed tel URI")
    number = match[1].translate(_VISUAL)
    if not number.strip("+") or (number[0] == "+" and not _GLOBAL.fullmatch(number)):
        raise SipSyntaxError("Malformed tel URI")
    return TelUri(number, _split_parameters(match[2]) if match[2] else ())


def _split_parameters(text: str) -> Parameters:
    found: list[tuple[str, str | None]] = []
    for piece in text[1:].split(";"):
        name, equals, value = piece.partition("=")
        if not name or (equals and not value):
            raise SipSyntaxError("Malformed URI Parameter")
        found.append((name, value if equals else None))
    return tuple(found)


def _split_headers(text: str) -> tuple[tuple[str, str], ...]:
    found = []
    for piece in text.split("&"):
        name, _, value = piece.partition("=")
        if not name:
            raise SipSyntaxError("Malformed URI Header")
        found.append((name, value))
    return tuple(found)


def _parameter(parameters: Parameters, name: str) -> str | None:
    for key, value in parameters:
        if key == name or unescape(key).lower() == name:
            return "" if value is None else unescape(value)
    return None


def equivalent(a: Uri, b: Uri) -> bool:
    """Whether two URIs name the same resource (RFC 3261 19.1.4, RFC 3966 4)."""
    if isinstance(a, SipUri) and isinstance(b, SipUri):
        return (
            a.scheme == b.scheme
            and (a.port, _host(a.host)) == (b.port, _host(b.host))
            and _comparable(a.user) == _comparable(b.user)
            and _comparable(a.password) == _comparable(b.password)
            and _same_parameters(a.parameters, b.parameters)
            and _folded(a.headers) == _folded(b.headers)
        )
    if isinstance(a, TelUri) and isinstance(b, TelUri):
        return a.number.lower() == b.number.lower() and _tel_parameters(
            a
        ) == _tel_parameters(b)
    return a == b


def _host(host: str) -> str:
    return str(IPv6Address(host[1:-1])) if host[0] == "[" else host.lower()


def _comparable(text: str | None) -> str | None:
    """The text with the escapes undone that change nothing: all but reserved ones."""
    if text is None or "%" not in text:
        return text
    return _ESCAPE.sub(_plain, text)


def _plain(match: re.Match[str]) -> str:
    octet = chr(int(match[0][1:], 16))
    return octet if octet in _UNRESERVED_SET else match[0].upper()


def _folded(parts: Iterable[tuple[str, str | None]]) -> set[tuple[str, str]]:
    """Names and values without case and order."""
    return {
        ((_comparable(name) or "").lower(), (_comparable(value) or "").lower())
        for name, value in parts
    }


def _same_parameters(a: Parameters, b: Parameters) -> bool:
    """Those in both are the same, and those that always matter are in both or none."""
    left, right = dict(_folded(a)), dict(_folded(b))
    shared = left.keys() & right.keys()
    lone = left.keys() ^ right.keys()
    return lone.isdisjoint(_NEVER_IGNORED) and all(
        left[name] == right[name] for name in shared
    )


def _tel_parameters(uri: TelUri) -> set[tuple[str, str]]:
    return {
        (name, value.translate(_VISUAL) if value.startswith("+") else value)
        for name, value in _folded(uri.parameters)
    }


def unescape(text: str) -> str:
    """The text that a part of a URI stands for (RFC 3261 19.1.2)."""
    if "%" not in text:
        return text
    return unquote_to_bytes(text.encode("utf-8", "surrogateescape")).decode(
        "utf-8", "surrogateescape"
    )


def escape_user(text: str) -> str:
    """Text as the user part of a SIP URI (RFC 3261 19.1.2)."""
    return quote_from_bytes(text.encode("utf-8", "surrogateescape"), safe=_USER_SAFE)


def escape_parameter(text: str) -> str:
    """Text as the name or the value of a URI parameter (RFC 3261 19.1.2)."""
    octets = text.encode("utf-8", "surrogateescape")
    return quote_from_bytes(octets, safe=_PARAMETER_SAFE)
