"""Who may see what is told of single requests, and change something.

With a token, whoever has it (RFC 6750); otherwise programs on this host. A browser on
this host does what the pages of others tell it: what it sends has an Origin, or the
name of another host that has come to mean this one.
"""

from __future__ import annotations

import hmac
import ipaddress
from collections.abc import Sequence
from typing import Final
from urllib.parse import urlsplit

from twisted.web.server import Request

_SCHEME: Final = b"bearer "
# In what a page of elsewhere, or a peer of a reverse proxy, has sent.
_FROM_ELSEWHERE: Final = (b"origin", b"forwarded", b"x-forwarded-for")


def refusal(request: Request, token: str) -> int:
    """The status that refuses a request, 0 if it may pass; an empty token is none."""
    if token:
        return 0 if _has(request, token) else 401
    return 0 if _is_of_this_host(request) else 403


def _has(request: Request, token: str) -> bool:
    """Whether a request shows the token; that takes as long whatever it shows."""
    given = request.getHeader(b"authorization") or b""
    if not given.lower().startswith(_SCHEME):
        return False
    return hmac.compare_digest(given[len(_SCHEME) :].strip(), token.encode())


def _is_of_this_host(request: Request) -> bool:
    peer = getattr(request.getClientAddress(), "host", "")
    return (
        _is_loopback(peer)
        and not any(request.requestHeaders.hasHeader(name) for name in _FROM_ELSEWHERE)
        and _names_this_host(request.requestHeaders.getRawHeaders(b"host", []))
    )


def _names_this_host(values: Sequence[bytes]) -> bool:
    """Whether this is one Host header field, and of loopback (RFC 9110 7.2)."""
    if len(values) != 1:
        return False
    try:
        name = urlsplit(f"//{values[0].strip().decode('latin-1')}").hostname or ""
    except ValueError:
        return False
    return name == "localhost" or _is_loopback(name)


def _is_loopback(host: str) -> bool:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return bool((mapped or address).is_loopback)
