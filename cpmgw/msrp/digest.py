"""Digest authentication towards a relay (RFC 4976 5.1, RFC 7616): the client's side."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from hashlib import md5, sha256
from typing import Final

import msgspec

# The strongest first.
_ALGORITHMS: Final = ("SHA-256", "SHA-256-sess", "MD5", "MD5-sess")
_AUTH: Final = "auth"
_MOST: Final = 32

# auth-param = auth-param-name EQUAL ( token / quoted-string )
_PARAMETER: Final = re.compile(
    r'\s*+([A-Za-z0-9_-]++)\s*+=\s*+("(?:[^"\\]|\\.)*+"|[^\s",]++)\s*+(?:,|$)',
    re.DOTALL | re.ASCII,
)
_QUOTED_PAIR: Final = re.compile(r"\\(.)", re.DOTALL)


class Challenge(msgspec.Struct, frozen=True, kw_only=True):
    """What a relay asks for; without `qop` in the way of RFC 2069."""

    realm: str
    nonce: str
    algorithm: str
    qop: bool
    opaque: str | None
    stale: bool


def choose(values: Iterable[str]) -> Challenge | None:
    """The strongest challenge that can be answered, out of WWW-Authenticate values."""
    found = [each for value in values if (each := _challenge(value)) is not None]
    return min(found, key=lambda one: _ALGORITHMS.index(one.algorithm), default=None)


def authorization(
    challenge: Challenge,
    *,
    username: str,
    password: str,
    method: str,
    uri: str,
    cnonce: str,
) -> str:
    """The Authorization value that answers a challenge; `cnonce` is fresh chance."""
    algorithm, nonce, count = challenge.algorithm, challenge.nonce, "00000001"
    secret = _hash(algorithm, username, challenge.realm, password)
    if algorithm.endswith("-sess"):
        secret = _hash(algorithm, secret, nonce, cnonce)
    request = _hash(algorithm, method, uri)
    chance = (count, cnonce, _AUTH) if challenge.qop else ()
    parts = [
        f"username={_quoted(username)}",
        f"realm={_quoted(challenge.realm)}",
        f"nonce={_quoted(nonce)}",
        f"uri={_quoted(uri)}",
        f'response="{_hash(algorithm, secret, nonce, *chance, request)}"',
        f"algorithm={algorithm}",
    ]
    if challenge.qop:
        parts += [f"qop={_AUTH}", f"nc={count}"]
    if challenge.qop or algorithm.endswith("-sess"):
        parts.append(f"cnonce={_quoted(cnonce)}")
    if challenge.opaque is not None:
        parts.append(f"opaque={_quoted(challenge.opaque)}")
    return f"Digest {', '.join(parts)}"


def _challenge(value: str) -> Challenge | None:
    """Read a challenge; None for one that is malformed or cannot be answered."""
    scheme, _, rest = value.strip().partition(" ")
    fields = _fields(rest) if scheme.lower() == "digest" else {}
    given = fields.get("algorithm", "MD5").upper()
    algorithm = next((each for each in _ALGORITHMS if each.upper() == given), None)
    qops = fields.get("qop", _AUTH).lower().replace(",", " ").split()
    if (
        algorithm is None
        or not {"realm", "nonce"} <= fields.keys()
        or _AUTH not in qops
    ):
        return None
    return Challenge(
        realm=fields["realm"],
        nonce=fields["nonce"],
        algorithm=algorithm,
        qop="qop" in fields,
        opaque=fields.get("opaque"),
        stale=fields.get("stale", "").lower() == "true",
    )


def _fields(text: str) -> Mapping[str, str]:
    """The parameters; none where they are malformed, repeated or too many."""
    fields: dict[str, str] = {}
    at = 0
    while at < len(text):
        match = _PARAMETER.match(text, at)
        if match is None or match[1].lower() in fields or len(fields) == _MOST:
            return {}
        value = match[2]
        if value.startswith('"'):
            value = _QUOTED_PAIR.sub(r"\1", value[1:-1])
        fields[match[1].lower()] = value
        at = match.end()
    return fields


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _hash(algorithm: str, *parts: str) -> str:
    octets = ":".join(parts).encode()
    if algorithm.startswith("SHA-256"):
        return sha256(octets).hexdigest()
    return md5(octets, usedforsecurity=False).hexdigest()
