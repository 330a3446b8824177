"""Who may connect, and how many at once (RFC 5321 3.1, 7.8)."""

from __future__ import annotations

import ipaddress
from collections import Counter

from cpmgw.smtp import answers
from cpmgw.smtp.interfaces import Reply
from cpmgw.smtp.settings import ServerSettings


class Admission:
    """Counts connections by the IP address of their other end.

    Those that are refused are counted too, apart, and as many of them as of others are
    answered at once.
    """

    def __init__(self, settings: ServerSettings) -> None:
        self._settings = settings
        self._networks = networks_of(settings)
        self._inside: Counter[str] = Counter()
        self._refused = 0

    def __len__(self) -> int:
        return self._inside.total()

    def update(self, settings: ServerSettings) -> None:
        """Go by other settings for those who come from now on."""
        self._networks = networks_of(settings)
        self._settings = settings

    def refuses(self, host: str) -> Reply | None:
        """What a peer is told instead of the greeting; None if it may come in."""
        if not self._is_peer(host):
            return answers.NOT_FOR_YOU
        if len(self) >= self._settings.connections:
            return answers.TOO_MANY
        if self._inside[host] >= self._settings.connections_per_peer:
            return answers.TOO_MANY_OF_YOURS
        return None

    def enter(self, host: str) -> None:
        """One more connection."""
        self._inside[host] += 1

    def leave(self, host: str) -> None:
        """One less."""
        self._inside[host] -= 1
        if not self._inside[host]:
            del self._inside[host]

    def begin_refusing(self) -> bool:
        """Whether one more refused connection may be given a word, and be counted."""
        if self._refused >= self._settings.connections:
            return False
        self._refused += 1
        return True

    def end_refusing(self) -> None:
        """It is gone."""
        self._refused -= 1

    def _is_peer(self, host: str) -> bool:
        try:
            address = ipaddress.ip_address(host)
        except ValueError:
            return False
        mapped = getattr(address, "ipv4_mapped", None)
        return any((mapped or address) in network for network in self._networks)


def networks_of(
    settings: ServerSettings,
) -> tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]:
    """The networks of its peers; ValueError where one is none."""
    return tuple(ipaddress.ip_network(each, strict=False) for each in settings.peers)
