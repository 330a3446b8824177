"""How an endpoint gets a place at an MSRP relay, from RFC 4976 and RFC 2617 alone."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import Final

from tests.live.raw_frames import Frame, Header, Wire, token

_PARAMETER: Final = re.compile(r'(\w+)=(?:"([^"]*)"|([^, ]+))')


@dataclass(frozen=True)
class Account:
    """Who may use a relay."""

    username: str
    password: str


class Refused(Exception):
    """The relay says no; `args` are the status and its frame."""


def authorize(
    wire: Wire, relay: str, ours: str, account: Account, *headers: Header
) -> Frame:
    """Send AUTH, answer the challenge, and give the 200 (RFC 4976 5.1, 9.1)."""
    paths = (("To-Path", relay), ("From-Path", ours))
    answer = _asked(wire, Frame(token(), "AUTH", (*paths, *headers)))
    if answer.status == 401:
        credentials = _credentials(
            answer.value("WWW-Authenticate"), relay, account, token()
        )
        proof = ("Authorization", credentials)
        answer = _asked(wire, Frame(token(), "AUTH", (*paths, *headers, proof)))
    if answer.status != 200:
        raise Refused(answer.status, answer)
    return answer


def _asked(wire: Wire, request: Frame) -> Frame:
    wire.send(request)
    answer = wire.frame()
    if answer.transaction != request.transaction:
        raise Refused(0, answer)
    return answer


def _credentials(challenge: str, uri: str, account: Account, cnonce: str) -> str:
    asked = {name: quoted or bare for name, quoted, bare in _found(challenge)}
    realm, nonce = asked["realm"], asked["nonce"]
    secret = _md5(f"{account.username}:{realm}:{account.password}")
    request = _md5(f"AUTH:{uri}")
    response = _md5(f"{secret}:{nonce}:00000001:{cnonce}:auth:{request}")
    quoted = {
        "username": account.username,
        "realm": realm,
        "nonce": nonce,
        "uri": uri,
        "cnonce": cnonce,
        "response": response,
    }
    written = [f'{name}="{value}"' for name, value in quoted.items()]
    return "Digest " + ", ".join([*written, "qop=auth", "nc=00000001"])


def _found(challenge: str) -> list[tuple[str, str, str]]:
    scheme, _, parameters = challenge.partition(" ")
    if scheme != "Digest":
        raise Refused(401, challenge)
    return _PARAMETER.findall(parameters)


def _md5(text: str) -> str:
    return hashlib.md5(text.encode()).hexdigest()
