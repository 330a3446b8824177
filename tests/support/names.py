"""Names in memory: what a reactor's name resolver does, without asking anybody."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from twisted.internet.abstract import isIPv6Address
from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.interfaces import (
    IHostnameResolver,
    IHostResolution,
    IResolutionReceiver,
)
from zope.interface import implementer


@implementer(IHostResolution)
class _Resolved:
    def __init__(self, name: str) -> None:
        self.name = name

    def cancel(self) -> None:
        """Nothing to cancel: names resolve at once."""


@implementer(IHostnameResolver)
class KnownNames:
    """Resolves the names that the network knows, and numbers."""

    def __init__(self, names: dict[str, tuple[str, ...]]) -> None:
        self._names = names

    def resolveHostName(
        self,
        resolutionReceiver: IResolutionReceiver,
        hostName: str,
        portNumber: int = 0,
        addressTypes: Sequence[Any] | None = None,
        transportSemantics: str = "TCP",
    ) -> IHostResolution:
        """Resolve at once."""
        resolution = _Resolved(hostName)
        resolutionReceiver.resolutionBegan(resolution)
        known = self._names.get(hostName)
        if known is None and (isIPv6Address(hostName) or _is_ipv4(hostName)):
            known = (hostName,)
        for host in known or ():
            kind = IPv6Address if isIPv6Address(host) else IPv4Address
            resolutionReceiver.addressResolved(kind("TCP", host, portNumber))
        resolutionReceiver.resolutionComplete()
        return resolution


def _is_ipv4(text: str) -> bool:
    parts = text.split(".")
    return len(parts) == 4 and all(p.isdigit() and int(p) < 256 for p in parts)
