"""Digest authentication, both sides (RFC 3261 22, RFC 7616, RFC 8760).

We challenge with SHA-256 and MD5 and qop "auth", and answer those, their "-sess"
forms and challenges without qop (RFC 2069). Clock and randomness come as arguments.
"""

from __future__ import annotations

import enum
import hmac
import re
from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

from cpmgw.sip.credentials import (
    ALGORITHMS,
    Challenge,
    Credentials,
    parse_challenge,
    parse_credentials,
    response_of,
    secret_of,
)
from cpmgw.sip.errors import SipSyntaxError
from cpmgw.sip.headers import Headers
from cpmgw.sip.message import Request, Response
from cpmgw.sip.names import key_of
from cpmgw.sip.nonce import Freshness, Nonces

__all__ = [
    "ALGORITHMS",
    "CHALLENGED",
    "CHALLENGE_HEADERS",
    "Account",
    "Challenge",
    "Credentials",
    "Verdict",
    "Verifier",
    "answer",
    "authorized",
    "choose",
    "parse_challenge",
    "parse_credentials",
    "response_of",
    "secret_of",
]

CHALLENGED: Final = ("SHA-256", "MD5")
_AUTH: Final = "auth"
_HEX: Final = re.compile(r"[0-9a-fA-F]{8}")

# The headers of a challenge and of its answer, by status (RFC 3261 22.2, 22.3).
CHALLENGE_HEADERS: Final[Mapping[int, tuple[str, str]]] = {
    401: ("WWW-Authenticate", "Authorization"),
    407: ("Proxy-Authenticate", "Proxy-Authorization"),
}


class Account(msgspec.Struct, frozen=True):
    """Who we are for a realm."""

    username: str
    password: str


class Verdict(enum.Enum):
    """What credentials are worth; all but ACCEPTED are answered with challenges."""

    ACCEPTED = "accepted"
    ABSENT = "absent"
    DENIED = "denied"
    STALE = "stale"


class Verifier:
    """The server's side, for one realm (RFC 3261 22.4).

    `users` maps names to passwords. A nonce lives for `lifetime` seconds; the counts
    of `capacity` nonces are kept.
    """

    def __init__(
        self,
        realm: str,
        secret: bytes,
        users: Mapping[str, str],
        *,
        lifetime: float = 300.0,
        capacity: int = 10_000,
    ) -> None:
        self._realm = realm
        self._nonces = Nonces(secret, lifetime=lifetime, capacity=capacity)
        self.change(users)

    def change(self, users: Mapping[str, str]) -> None:
        """Know these users and no others from now on; nonces stay what they are."""
        self._secrets = {
            (name, algorithm): secret_of(algorithm, name, self._realm, password)
            for name, password in users.items()
            for algorithm in CHALLENGED
        }

    def challenges(self, now: float, *, stale: bool = False) -> tuple[str, ...]:
        """Header values for a 401 or 407, the preferred one first (RFC 8760 2.3)."""
        nonce = self._nonces.issue(now)
        return tuple(
            str(
                Challenge(
                    realm=self._realm,
                    nonce=nonce,
                    algorithm=algorithm,
                    qop=(_AUTH,),
                    stale=stale,
                )
            )
            for algorithm in CHALLENGED
        )

    def verify(
        self, request: Request, now: float, header: str = "Authorization"
    ) -> tuple[Verdict, str | None]:
        """Judge a request; the user's name comes with ACCEPTED.

        Malformed credentials are a SipSyntaxError. The digest's URI need not be the
        Request-URI, which a proxy may have changed (RFC 3261 22.4 item 8).
        """
        credentials = self._ours(request, header)
        if credentials is None:
            return Verdict.ABSENT, None
        if not self._proves(credentials, request.method):
            return Verdict.DENIED, None
        count = int(credentials.nc or "", 16)
        freshness = self._nonces.use(credentials.nonce, count, now)
        if freshness is Freshness.FRESH:
            return Verdict.ACCEPTED, credentials.username
        return Verdict.STALE, None

    def acknowledging(self, ack: Request, now: float, waited: float) -> str | None:
        """The user who sent the INVITE whose credentials an ACK has (RFC 3261 22.1).

        They are those of the INVITE as they were, so their count is not spent again,
        and they may be `waited` seconds older than others.
        """
        credentials = self._ours(ack, "Authorization")
        if credentials is None or not self._proves(credentials, "INVITE"):
            return None
        freshness = self._nonces.check(credentials.nonce, now - waited)
        return credentials.username if freshness is Freshness.FRESH else None

    def _ours(self, request: Request, header: str) -> Credentials | None:
        """The credentials for our realm."""
        for value in request.headers.raw(header):
            credentials = parse_credentials(value)
            if credentials is not None and credentials.realm == self._realm:
                return credentials
        return None

    def _proves(self, credentials: Credentials, method: str) -> bool:
        """Whether they were made with the user's password, for this method."""
        secret = self._secrets.get((credentials.username, credentials.algorithm))
        if credentials.qop != _AUTH or not _HEX.fullmatch(credentials.nc or ""):
            return False
        # An unknown name costs as much as a wrong password.
        expected = response_of(credentials, method, secret or "")
        given = credentials.response
        right = given.isascii() and hmac.compare_digest(expected, given)
        return right and secret is not None


def choose(challenges: Iterable[str]) -> Challenge | None:
    """The strongest challenge that we can answer; malformed ones are passed over."""
    found: list[Challenge] = []
    for text in challenges:
        try:
            challenge = parse_challenge(text)
        except SipSyntaxError:
            continue
        if (
            challenge is not None
            and challenge.algorithm in ALGORITHMS
            and (not challenge.qop or _AUTH in challenge.qop)
        ):
            found.append(challenge)
    return min(found, key=lambda one: ALGORITHMS.index(one.algorithm), default=None)


def answer(
    challenge: Challenge,
    account: Account,
    *,
    method: str,
    uri: str,
    cnonce: str,
    count: int = 1,
) -> Credentials:
    """The credentials for a challenge (RFC 7616 3.4); `cnonce` is fresh randomness.

    `count` is the number of requests sent with this nonce, this one included.
    """
    algorithm = challenge.algorithm
    with_qop = bool(challenge.qop)
    credentials = Credentials(
        username=account.username,
        realm=challenge.realm,
        nonce=challenge.nonce,
        uri=uri,
        response="",
        algorithm=algorithm,
        qop=_AUTH if with_qop else None,
        nc=f"{count:08x}" if with_qop else None,
        cnonce=cnonce if with_qop or algorithm.endswith("-sess") else None,
        opaque=challenge.opaque,
    )
    secret = secret_of(algorithm, account.username, challenge.realm, account.password)
    response = response_of(credentials, method, secret)
    return msgspec.structs.replace(credentials, response=response)


def authorized(
    request: Request, response: Response, account: Account, *, cnonce: str
) -> Request | None:
    """The request again with an answer to a 401 or 407 (RFC 3261 22.2, 22.3).

    Its CSeq is one higher (8.1.3.5). None when no challenge can be answered, and when
    the request had credentials for that realm that were not merely stale.
    """
    asked, answered = CHALLENGE_HEADERS.get(response.status, ("", ""))
    challenge = choose(response.headers.raw(asked)) if asked else None
    if challenge is None:
        return None
    kept = []
    for name, value in request.headers:
        if key_of(name) == key_of(answered):
            old = parse_credentials(value)
            if old is not None and old.realm == challenge.realm:
                if not challenge.stale:
                    return None
                continue
        kept.append((name, value))
    credentials = answer(
        challenge,
        account,
        method=request.method,
        uri=str(request.uri),
        cnonce=cnonce,
    )
    cseq = f"{request.cseq.number + 1} {request.method}"
    headers = Headers([*kept, (answered, str(credentials))])
    return request.replace(headers=headers.with_replaced("CSeq", cseq))
