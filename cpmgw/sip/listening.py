"""The strings that say where to listen: "udp:5060:interface=127.0.0.1", tcp:, tls:.

Also those that say by which further names the listener is known.
"""

from __future__ import annotations

import re
from typing import Final

import msgspec

from cpmgw.sip.errors import SipError

KINDS: Final = {"udp": "UDP", "tcp": "TCP", "tls": "TLS", "ssl": "TLS"}
_KEYS: Final = {"interface", "backlog"}
_TLS_KEYS: Final = _KEYS | {"privateKey", "certKey", "extraCertChain"}


# host [ ":" port ], an IPv6 address with a port in brackets (RFC 3261 25.1 hostport)
_ALIAS: Final = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::([0-9]{1,5}))?")


class BadListen(SipError):
    """A listen string, or an alias, that cannot be understood."""


class Listen(msgspec.Struct, frozen=True, kw_only=True):
    """One place to listen at; `key`, `certificate` and `chain` are PEM files of TLS."""

    transport: str
    port: int
    interface: str = ""
    backlog: int = 50
    key: str = ""
    certificate: str = ""
    chain: str = ""


def parse_listen(text: str) -> Listen:
    """Read a Twisted endpoint string; a colon inside a value is written ``\\:``."""
    kind, *rest = _split(text)
    transport = KINDS.get(kind.lower())
    if transport is None:
        raise BadListen(f"{text!r}: not udp, tcp or tls")
    values: dict[str, str] = {}
    for number, part in enumerate(rest):
        name, equals, value = part.partition("=")
        if not equals and number == 0:
            name, value = "port", part
        elif not equals or name in values:
            raise BadListen(f"{text!r}: {part!r} is not understood")
        values[name] = value
    unknown = values.keys() - (_TLS_KEYS if transport == "TLS" else _KEYS) - {"port"}
    if unknown:
        raise BadListen(f"{text!r}: unknown {', '.join(sorted(unknown))}")
    if transport == "TLS" and not values.get("privateKey"):
        raise BadListen(f"{text!r}: privateKey is missing")
    return Listen(
        transport=transport,
        port=_number(text, values.get("port", "5060"), 65535),
        interface=values.get("interface", ""),
        backlog=_number(text, values.get("backlog", "50"), 65535),
        key=values.get("privateKey", ""),
        certificate=values.get("certKey", "") or values.get("privateKey", ""),
        chain=values.get("extraCertChain", ""),
    )


def parse_alias(text: str) -> tuple[str, int | None]:
    """Read a host with or without a port."""
    match = _ALIAS.fullmatch(text)
    if match is None:
        raise BadListen(f"{text!r}: not a host or host:port")
    host, digits = match.groups()
    if digits is None:
        return host, None
    port = _number(text, digits, 65535)
    if port == 0:
        raise BadListen(f"{text!r}: 0 is no port")
    return host, port


def _number(text: str, digits: str, most: int) -> int:
    if not digits.isascii() or not digits.isdigit() or int(digits) > most:
        raise BadListen(f"{text!r}: {digits!r} is no number up to {most}")
    return int(digits)


def _split(text: str) -> list[str]:
    """Cut at the colons that no backslash protects."""
    parts, current, escaped = [], "", False
    for character in text:
        if escaped or character not in ":\\":
            current, escaped = current + character, False
        elif character == "\\":
            escaped = True
        else:
            parts.append(current)
            current = ""
    return [*parts, current]
