"""The part of a branch by which a proxy knows a loop (RFC 3261 16.6 step 8)."""

from __future__ import annotations

from hashlib import blake2b
from typing import Final

from cpmgw.sip.message import Request

_NAME: Final = 4
_DIGEST: Final = 8


class LoopMarks:
    """Marks for the branches of one proxy; `secret` are 16 octets or more of its own.

    A mark names the proxy and what routed the request. Nobody else can make one, so
    that wherever it stands in a Via, this proxy has put it there.
    """

    def __init__(self, secret: bytes) -> None:
        self._secret = secret[:64]
        name = blake2b(b"name", key=self._secret, digest_size=_NAME)
        self._name = f".{name.hexdigest()}."

    def of(self, request: Request) -> str:
        """The mark of a request without the Route values that named this proxy.

        It varies with all that decides where a request goes, but not with its method,
        nor with the topmost Via, which a loop over other hosts changes (RFC 5393 4.2).
        """
        headers = request.headers
        parts = [
            str(request.uri),
            request.from_.tag or "",
            request.to.tag or "",
            request.call_id,
            str(request.cseq.number),
        ]
        for name in ("Route", "Proxy-Require", "Proxy-Authorization"):
            parts.append(", ".join(headers.raw(name)))
        octets = "\n".join(parts).encode("utf-8", "surrogateescape")
        digest = blake2b(octets, key=self._secret, digest_size=_DIGEST)
        return f"{self._name}{digest.hexdigest()}"

    def are_in(self, request: Request) -> bool:
        """Whether the request was here before: a loop or a spiral (16.3 step 4)."""
        return any(self._name in line for line in request.headers.raw("Via"))

    def is_loop(self, request: Request) -> bool:
        """Whether it left here before just as it would leave now."""
        mark = self.of(request)
        return any(mark in line for line in request.headers.raw("Via"))

    def made(self, branch: str | None) -> bool:
        """Whether a branch is one of a request that was forwarded here."""
        return branch is not None and self._name in branch
