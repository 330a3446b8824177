"""What Digest challenges and answers say, and how they are computed (RFC 7616)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from hashlib import md5, sha256
from typing import Final

import msgspec

from cpmgw.sip import grammar
from cpmgw.sip.errors import SipSyntaxError

MAX_PARAMETERS: Final = 32

# The strongest first (RFC 8760 2.3, 2.4).
ALGORITHMS: Final = ("SHA-256", "SHA-256-sess", "MD5", "MD5-sess")

# auth-param = auth-param-name EQUAL ( token / quoted-string )
_PARAMETER: Final = re.compile(
    rf"[ \t]*+({grammar.TOKEN})[ \t]*+=[ \t]*+"
    rf'({grammar.QUOTED}|[^\s",]++)[ \t]*+(?:,|$)',
    re.DOTALL,
)


class Challenge(msgspec.Struct, frozen=True, kw_only=True):
    """What a server asks for (RFC 7616 3.3); `qop` is empty in RFC 2069's way."""

    realm: str
    nonce: str
    algorithm: str = "MD5"
    qop: tuple[str, ...] = ()
    opaque: str | None = None
    stale: bool = False

    def __str__(self) -> str:
        parts = [
            f"Digest realm={grammar.quote(self.realm)}",
            f"nonce={grammar.quote(self.nonce)}",
            f"algorithm={self.algorithm}",
        ]
        if self.qop:
            parts.append(f'qop="{",".join(self.qop)}"')
        if self.opaque is not None:
            parts.append(f"opaque={grammar.quote(self.opaque)}")
        if self.stale:
            parts.append("stale=true")
        return ", ".join(parts)


class Credentials(msgspec.Struct, frozen=True, kw_only=True):
    """What a client answers (RFC 7616 3.4); `nc` as its eight digits."""

    username: str
    realm: str
    nonce: str
    uri: str
    response: str
    algorithm: str = "MD5"
    qop: str | None = None
    nc: str | None = None
    cnonce: str | None = None
    opaque: str | None = None

    def __str__(self) -> str:
        parts = [
            f"Digest username={grammar.quote(self.username)}",
            f"realm={grammar.quote(self.realm)}",
            f"nonce={grammar.quote(self.nonce)}",
            f"uri={grammar.quote(self.uri)}",
            f'response="{self.response}"',
            f"algorithm={self.algorithm}",
        ]
        if self.cnonce is not None:
            parts.append(f"cnonce={grammar.quote(self.cnonce)}")
        if self.qop is not None:
            parts += [f"qop={self.qop}", f"nc={self.nc}"]
        if self.opaque is not None:
            parts.append(f"opaque={grammar.quote(self.opaque)}")
        return ", ".join(parts)


def parse_challenge(text: str) -> Challenge | None:
    """Read a WWW- or Proxy-Authenticate value; None if its scheme is not Digest."""
    fields = _parse_fields(text)
    if fields is None:
        return None
    qop = fields.get("qop", "")
    return Challenge(
        realm=_required(fields, "realm"),
        nonce=_required(fields, "nonce"),
        algorithm=_algorithm(fields),
        qop=tuple([part.strip().lower() for part in qop.split(",") if part.strip()]),
        opaque=fields.get("opaque"),
        stale=fields.get("stale", "").lower() == "true",
    )


def parse_credentials(text: str) -> Credentials | None:
    """Read an Authorization value; None if not of Digest (RFC 4475 3.3.7)."""
    fields = _parse_fields(text)
    if fields is None:
        return None
    qop = fields.get("qop")
    return Credentials(
        username=_required(fields, "username"),
        realm=_required(fields, "realm"),
        nonce=_required(fields, "nonce"),
        uri=_required(fields, "uri"),
        response=_required(fields, "response").lower(),
        algorithm=_algorithm(fields),
        qop=None if qop is None else qop.lower(),
        nc=fields.get("nc"),
        cnonce=fields.get("cnonce"),
        opaque=fields.get("opaque"),
    )


def _parse_fields(text: str) -> dict[str, str] | None:
    scheme, _, rest = text.strip(grammar.LWS).partition(" ")
    if scheme.lower() != "digest":
        return None
    fields: dict[str, str] = {}
    at = 0
    while at < len(rest):
        match = _PARAMETER.match(rest, at)
        if match is None or len(fields) >= MAX_PARAMETERS:
            raise SipSyntaxError("Malformed Digest Parameters")
        name = match[1].lower()
        if name in fields:
            raise SipSyntaxError("Repeated Digest Parameter")
        fields[name] = grammar.unquote(match[2])
        at = match.end()
    return fields


def _required(fields: Mapping[str, str], name: str) -> str:
    value = fields.get(name)
    if value is None:
        raise SipSyntaxError(f"Missing Digest Parameter {name}")
    return value


def _algorithm(fields: Mapping[str, str]) -> str:
    given = fields.get("algorithm", "MD5")
    return next((name for name in ALGORITHMS if name.lower() == given.lower()), given)


def _digest(algorithm: str, *parts: str) -> str:
    octets = ":".join(parts).encode("utf-8", "surrogateescape")
    if algorithm.startswith("SHA-256"):
        return sha256(octets).hexdigest()
    return md5(octets, usedforsecurity=False).hexdigest()


def secret_of(algorithm: str, username: str, realm: str, password: str) -> str:
    """H(username:realm:password), which may be kept instead of the password."""
    return _digest(algorithm, username, realm, password)


def response_of(credentials: Credentials, method: str, secret: str) -> str:
    """The `response` that goes with all other parameters (RFC 7616 3.4.1).

    `secret` is what `secret_of` gives.
    """
    algorithm, nonce = credentials.algorithm, credentials.nonce
    cnonce = credentials.cnonce or ""
    if algorithm.endswith("-sess"):
        secret = _digest(algorithm, secret, nonce, cnonce)
    request = _digest(algorithm, method, credentials.uri)
    if credentials.qop is None:
        return _digest(algorithm, secret, nonce, request)
    count = credentials.nc or ""
    return _digest(algorithm, secret, nonce, count, cnonce, credentials.qop, request)
