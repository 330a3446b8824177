"""Name servers as [enum] names them: "192.0.2.1", "192.0.2.1:53", "[2001:db8::1]"."""

from __future__ import annotations

import ipaddress
import re
from typing import Final

DNS_PORT: Final = 53

_SERVER: Final = re.compile(
    r"(?:\[([0-9A-Fa-f:.]{2,45})\]|([0-9.]{7,15}))(?::([0-9]{1,5}))?"
)


def parse_server(text: str) -> tuple[str, int]:
    """The address and port of a name server; ValueError if it is none."""
    match = _SERVER.fullmatch(text)
    port = int(match[3] or DNS_PORT) if match else 0
    if match is None or not 0 < port <= 65535:
        raise ValueError(f"{text!r} is no address of a name server")
    return str(ipaddress.ip_address(match[1] or match[2])), port
