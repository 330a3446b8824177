"""What our Record-Route says of a dialog, so that nobody else can say it (TS 5.1).

The route names the IWF and is signed for the Call-ID: whoever has not been given it
with an INVITE of ours cannot have a request passed on, to anyone. It needs no memory,
and with a key that the store keeps it outlives the process.
"""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import blake2b
from hmac import compare_digest
from typing import TYPE_CHECKING, Final

from cpmgw.sip.uri import SipUri

if TYPE_CHECKING:
    from cpmgw.sip.forwarding import UriParameters

IWF: Final = "iwf"
SIGNATURE: Final = "sig"
KEY_OCTETS: Final = 32
_DIGEST_OCTETS: Final = 12


class RouteTokens:
    """Makes and reads the parameters of our Record-Route; `key` are 32 octets."""

    def __init__(self, key: bytes = b"") -> None:
        self._key = key

    def use(self, key: bytes) -> None:
        """Sign with this key from now on."""
        self._key = key

    def parameters(self, iwf: str, call_id: str) -> UriParameters:
        """What the route of a dialog with this IWF says."""
        return ((IWF, iwf), (SIGNATURE, self._signature(iwf, call_id)))

    def iwf_of(self, routes: Iterable[SipUri], call_id: str) -> str:
        """The IWF that a route of ours names, empty where it is not of our making."""
        for route in routes:
            iwf = route.parameter(IWF)
            if iwf is None:
                continue
            signature = route.parameter(SIGNATURE) or ""
            expected = self._signature(iwf, call_id)
            if self._key and compare_digest(signature.encode(), expected.encode()):
                return iwf
        return ""

    def _signature(self, iwf: str, call_id: str) -> str:
        text = f"{iwf}\0{call_id}".encode("utf-8", "surrogateescape")
        return blake2b(text, key=self._key, digest_size=_DIGEST_OCTETS).hexdigest()
