"""MSRP URIs, and when two of them are the same (RFC 4975 6)."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence
from typing import Final

import msgspec

from cpmgw.msrp.errors import MsrpSyntaxError

DEFAULT_PORT: Final = 2855
LONGEST: Final = 1024

# MSRP-URI = msrp-scheme "://" authority ["/" session-id] ";" transport
#            *( ";" URI-parameter )
# session-id = 1*( unreserved / "+" / "=" / "/" )
_URI: Final = re.compile(
    r"(msrps?+)://(?:[^@/;\s\"]*+@)?+"
    r"(\[[0-9A-Fa-f:.]++\]|[A-Za-z0-9._~%!$&'()*+,=-]++)(?::([0-9]{1,5}))?+"
    r"(?:/([A-Za-z0-9._~+=/-]++))?+;([A-Za-z0-9]++)"
    r"((?:;[!#$%&'*+.^_`|~0-9A-Za-z-]++(?:=[!#$%&'*+.^_`|~0-9A-Za-z-]++)?+)*+)",
    re.IGNORECASE | re.ASCII,
)

Key = tuple[str, str, int | None, str, str]


class MsrpUri(msgspec.Struct, frozen=True, kw_only=True):
    """Where a session is; an IPv6 host without its brackets, no port where untold."""

    host: str
    session_id: str
    port: int | None = None
    secure: bool = False
    transport: str = "tcp"
    parameters: str = ""

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port is None else f":{self.port}"
        path = f"/{self.session_id}" if self.session_id else ""
        scheme = "msrps" if self.secure else "msrp"
        return f"{scheme}://{host}{port}{path};{self.transport}{self.parameters}"

    @property
    def address(self) -> tuple[str, int]:
        """The host and port to connect to."""
        return self.host, self.port or DEFAULT_PORT

    @property
    def key(self) -> Key:
        """What is compared: equal keys are equal URIs (RFC 4975 6.1)."""
        return (
            "msrps" if self.secure else "msrp",
            _normal(self.host),
            self.port,
            self.session_id,
            self.transport.lower(),
        )


def parse_uri(text: str) -> MsrpUri:
    """Read a URI; MsrpSyntaxError where it is none."""
    match = _URI.fullmatch(text) if len(text) <= LONGEST else None
    if match is None:
        raise MsrpSyntaxError("Malformed MSRP URI")
    scheme, host, digits, session_id, transport, parameters = match.groups()
    port = int(digits) if digits else None
    if port is not None and not 0 < port < 65536:
        raise MsrpSyntaxError("Malformed MSRP Port")
    return MsrpUri(
        host=host.strip("[]"),
        session_id=session_id or "",
        port=port,
        secure=scheme.lower() == "msrps",
        transport=transport,
        parameters=parameters,
    )


def same_path(one: Sequence[str], other: Sequence[str]) -> bool:
    """Whether two paths name the same places, one by one (RFC 4975 6.1)."""
    if tuple(one) == tuple(other):
        return True
    if len(one) != len(other):
        return False
    return all(
        parse_uri(a).key == parse_uri(b).key for a, b in zip(one, other, strict=True)
    )


def _normal(host: str) -> str:
    try:
        return str(ipaddress.ip_address(host))
    except ValueError:
        return host.lower()
