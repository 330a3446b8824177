"""Header values that have parts: name-addr, Via, CSeq, value with parameters."""

from __future__ import annotations

import re
from typing import Final

import msgspec

from cpmgw.sip import grammar
from cpmgw.sip.errors import SipSyntaxError
from cpmgw.sip.grammar import LWS, Parameters
from cpmgw.sip.uri import Uri, parse_uri

MAX_CSEQ: Final = 2**31 - 1
MAGIC_COOKIE: Final = "z9hG4bK"

# via-parm = sent-protocol LWS sent-by *( SEMI via-params )
# sent-protocol = protocol-name SLASH protocol-version SLASH transport
# sent-by = host [ COLON port ]
_VIA: Final = re.compile(
    r"SIP[ \t]*+/[ \t]*+2\.0[ \t]*+/[ \t]*+"
    rf"({grammar.TOKEN})[ \t]++({grammar.HOST})[ \t]*+(?::[ \t]*+([0-9]++)[ \t]*+)?+",
    re.IGNORECASE,
)


class NameAddr(msgspec.Struct, frozen=True):
    """An address with its display name and header parameters (RFC 3261 20.10).

    `display_name` is text, without quotes; `parameters` are in wire form.
    """

    uri: Uri
    display_name: str = ""
    parameters: Parameters = ()

    def __str__(self) -> str:
        name = f"{grammar.quote(self.display_name)} " if self.display_name else ""
        return f"{name}<{self.uri}>{grammar.format_parameters(self.parameters)}"

    @property
    def tag(self) -> str | None:
        """The tag of a From or To (RFC 3261 19.3)."""
        return grammar.find(self.parameters, "tag")

    def parameter(self, name: str) -> str | None:
        """The text of a parameter, "" if it has no value, None if it is absent."""
        return _text(self.parameters, name)

    def has(self, name: str) -> bool:
        """Whether the parameter is there."""
        return grammar.find(self.parameters, name) is not None

    def with_parameter(self, name: str, value: str | None) -> NameAddr:
        """The address with this parameter; `value` is text, quoted where it must."""
        parameters = grammar.replaced(self.parameters, name, _wire(value))
        return msgspec.structs.replace(self, parameters=parameters)

    def without_parameter(self, name: str) -> NameAddr:
        """The address without this parameter."""
        parameters = grammar.removed(self.parameters, name)
        return msgspec.structs.replace(self, parameters=parameters)


class Via(msgspec.Struct, frozen=True):
    """One hop that a request took (RFC 3261 20.42); an IPv6 `host` keeps brackets."""

    transport: str
    host: str
    port: int | None = None
    parameters: Parameters = ()

    def __str__(self) -> str:
        port = "" if self.port is None else f":{self.port}"
        rest = grammar.format_parameters(self.parameters)
        return f"SIP/2.0/{self.transport} {self.host}{port}{rest}"

    @property
    def branch(self) -> str | None:
        """The transaction's identifier (RFC 3261 8.1.1.7); None in RFC 2543's way."""
        return grammar.find(self.parameters, "branch")

    @property
    def has_cookie(self) -> bool:
        """Whether the branch identifies a transaction by itself (RFC 3261 17.2.3).

        A branch that is nothing but the cookie does not (RFC 4475 3.2.1).
        """
        branch = grammar.find(self.parameters, "branch") or ""
        cookie = branch[: len(MAGIC_COOKIE)].lower() == MAGIC_COOKIE.lower()
        return cookie and len(branch) > len(MAGIC_COOKIE)

    def parameter(self, name: str) -> str | None:
        """The text of a parameter, "" if it has no value, None if it is absent."""
        return _text(self.parameters, name)

    def has(self, name: str) -> bool:
        """Whether the parameter is there."""
        return grammar.find(self.parameters, name) is not None

    def with_parameter(self, name: str, value: str | None) -> Via:
        """The Via with this parameter, for `received` and `rport` (RFC 3581 4)."""
        parameters = grammar.replaced(self.parameters, name, value)
        return Via(self.transport, self.host, self.port, parameters)


class CSeq(msgspec.Struct, frozen=True, gc=False):
    """The place of a request in its dialog (RFC 3261 20.16)."""

    number: int
    method: str

    def __str__(self) -> str:
        return f"{self.number} {self.method}"


class Valued(msgspec.Struct, frozen=True):
    """A value with parameters, in wire form: Content-Type, Event, Accept-Contact."""

    value: str
    parameters: Parameters = ()

    def __str__(self) -> str:
        return self.value + grammar.format_parameters(self.parameters)

    def parameter(self, name: str) -> str | None:
        """The text of a parameter, "" if it has no value, None if it is absent."""
        return _text(self.parameters, name)

    def has(self, name: str) -> bool:
        """Whether the parameter is there."""
        return grammar.find(self.parameters, name) is not None


def _text(parameters: Parameters, name: str) -> str | None:
    value = grammar.find(parameters, name)
    return None if value is None else grammar.unquote(value)


def _wire(value: str | None) -> str | None:
    if value is None or grammar.is_token(value):
        return value
    return grammar.quote(value)


def parse_name_addr(text: str) -> NameAddr:
    """Read `( name-addr / addr-spec ) *( SEMI generic-param )` (RFC 3261 20.10).

    Without angle brackets, all parameters are the header's, and a URI with a comma or
    a question mark is an error (RFC 4475 3.1.2.13). Spaces inside the brackets, which
    cannot be misread, are ignored (3.1.2.14).
    """
    text = text.strip(LWS)
    name = ""
    start = 0
    if text[:1] == '"':
        start = grammar.quoted_end(text)
        if start < 0:
            raise SipSyntaxError("Unterminated Quoted String")
        name = grammar.unquote(text[:start])
    opening = text.find("<", start)
    if opening < 0:
        return _parse_addr_spec(text, start)
    between = text[start:opening].strip(LWS)
    if between:
        if start or not grammar.is_words(between):
            raise SipSyntaxError("Malformed Display Name")
        name = between
    closing = text.find(">", opening)
    if closing < 0:
        raise SipSyntaxError("Unterminated URI")
    uri = parse_uri(text[opening + 1 : closing].strip(LWS))
    rest = text[closing + 1 :]
    return NameAddr(uri, name, grammar.parse_parameters(rest) if rest else ())


def _parse_addr_spec(text: str, start: int) -> NameAddr:
    spec, semicolon, _ = text.partition(";")
    if start or "?" in spec or "," in spec:
        raise SipSyntaxError("Address Without Angle Brackets")
    rest = grammar.parse_parameters(text[len(spec) :]) if semicolon else ()
    return NameAddr(parse_uri(spec.rstrip(LWS)), "", rest)


def parse_via(text: str) -> Via:
    """Read one via-parm (RFC 3261 20.42), of any transport (RFC 4475 3.1.1.10)."""
    text = text.strip(LWS)
    match = _VIA.match(text)
    if match is None:
        raise SipSyntaxError("Malformed Via")
    transport, host, digits = match.groups()
    port = None if digits is None else grammar.parse_number(digits, 65535, "Via Port")
    if host[0] == "[":
        host = grammar.parse_ipv6_reference(host)
    rest = text[match.end() :]
    parameters = grammar.parse_parameters(rest) if rest else ()
    return Via(transport.upper(), host, port, parameters)


def parse_cseq(text: str) -> CSeq:
    """Read `1*DIGIT LWS Method`; the number is below 2**31 (RFC 3261 8.1.1.5)."""
    number, _, rest = text.replace("\t", " ").partition(" ")
    method = rest.lstrip(" ")
    if not grammar.is_token(method):
        raise SipSyntaxError("Malformed CSeq")
    return CSeq(grammar.parse_number(number, MAX_CSEQ, "CSeq"), method)


def parse_valued(text: str) -> Valued:
    """Read `value *( SEMI generic-param )`, the value being any text up to there."""
    value, semicolon, _ = text.partition(";")
    rest = grammar.parse_parameters(text[len(value) :]) if semicolon else ()
    return Valued(value.strip(LWS), rest)
