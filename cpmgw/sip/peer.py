"""The other end of a transport."""

from __future__ import annotations

import msgspec


class Peer(msgspec.Struct, frozen=True, gc=False):
    """Who a message came from: UDP, TCP or TLS, an address and a port."""

    transport: str
    host: str
    port: int
