"""Which MMS relay a message goes to, and which one mail comes from (TS 6.3.1.1)."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from typing import Final

import msgspec

from cpmgw.addressing.dialplan import PhoneAddress
from cpmgw.config import MmscConfig
from cpmgw.errors import CannotInterwork
from cpmgw.mm4.addresses import plmn
from cpmgw.policy import Policy, PolicySource
from cpmgw.smtp.interfaces import IMailRelay

SECTION: Final = "TS 6.3.1.1"

_Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class Relay(msgspec.Struct, frozen=True):
    """One MMS relay: the way to it, and its configuration."""

    link: IMailRelay
    config: MmscConfig

    @property
    def name(self) -> str:
        """The name of the [[mmsc]] in the configuration."""
        return self.config.name

    def address(self, target: PhoneAddress) -> str:
        """The address of one of its users (3GPP TS 23.140 8.4.5.1)."""
        return plmn(target.text, self.config.domain)

    def max_size(self, policy: Policy) -> int:
        """The octets of the largest message that it takes (TS 6.3 1b)."""
        return self.config.max_size or policy.mms.max_size


class Relays:
    """The MMS relays of this gateway."""

    def __init__(self, relays: Sequence[Relay], policy: PolicySource) -> None:
        self._current: dict[str, Relay] = {}
        self._gone: dict[str, Relay] = {}
        self._policy = policy
        self.replace(relays)

    def __len__(self) -> int:
        """How many are configured."""
        return len(self._current)

    def replace(self, relays: Sequence[Relay]) -> None:
        """Send through these from now on.

        Those that are gone are still known by name and by host: their answers are
        read, and what waits for them goes out until their links have come to their
        end.
        """
        self._gone |= self._current
        self._current = {each.name: each for each in relays}
        for name in self._current:
            self._gone.pop(name, None)
        self._routes = sorted(
            (
                (prefix, each)
                for each in relays
                for prefix in (each.config.prefixes or ("",))
            ),
            key=lambda route: -len(route[0]),
        )
        self._networks = [
            (ipaddress.ip_network(peers, strict=False), each)
            for each in (*relays, *self._gone.values())
            for peers in each.config.peers
        ]

    def link_to(self, name: str) -> IMailRelay | None:
        """The way to the relay of this name, None where none is configured."""
        relay = self._current.get(name)
        return relay.link if relay is not None else None

    def named(self, name: str) -> Relay | None:
        """The relay of this name, or the one that was; None for one unknown here."""
        return self._current.get(name) or self._gone.get(name)

    def way_to(self, name: str) -> IMailRelay | None:
        """The way for what was meant for the relay of this name.

        That of one that is gone as long as its link runs; None where there is none.
        """
        relay = self._current.get(name)
        if relay is not None:
            return relay.link
        gone = self._gone.get(name)
        has_way = gone is not None and getattr(gone.link, "running", True)
        return gone.link if gone is not None and has_way else None

    def wants_system(self, name: str) -> bool:
        """Whether a relay wants answers at the system of the originator."""
        relay = self.named(name)
        return relay is not None and relay.config.responses_to == "originator_system"

    def is_gone(self, name: str) -> bool:
        """Whether that relay is configured no longer."""
        return name not in self._current

    def at(self, host: str) -> Relay | None:
        """The relay that this IP address belongs to, None for a stranger's.

        Of several the one with the narrowest network.
        """
        try:
            address = ipaddress.ip_address(host.partition("%")[0])
        except ValueError:
            return None
        mapped = getattr(address, "ipv4_mapped", None)
        found: tuple[_Network, Relay] | None = None
        for network, relay in self._networks:
            if (mapped or address) not in network:
                continue
            if found is None or network.prefixlen > found[0].prefixlen:
                found = network, relay
        return found[1] if found is not None else None

    def speaks_for(self, one: str, other: str) -> bool:
        """Whether what comes from one relay may be about what went by another.

        It is the same one, or sends from the same network. For one that is known no
        more, not even as gone, any of ours may speak: nobody could tell them apart.
        """
        if one == other:
            return True
        theirs = [network for network, each in self._networks if each.name == other]
        if not theirs:
            return bool(other)
        ours = [network for network, each in self._networks if each.name == one]
        return any(_overlap(network, each) for network in ours for each in theirs)

    def towards(self, target: PhoneAddress) -> Relay:
        """The relay for an address: the first of those that serve it that is up.

        Where none is, the first is tried all the same: that is how it shows that it is
        back. CannotInterwork 404 where none serves the address.
        """
        serving = self._serving(target)
        if not serving:
            raise CannotInterwork(
                404,
                "Not Found",
                cause="no-mmsc-for-number",
                section=SECTION,
                warning="no MMS relay serves the number",
                warning_code=129,
            )
        return next((each for each in serving if each.link.is_up), serving[0])

    def _serving(self, target: PhoneAddress) -> Sequence[Relay]:
        """Those that serve an address, the best first.

        With "recipient" the prefixes decide, the longest first. A relay without
        prefixes serves everybody: with "own" it is that of our network, and comes
        first. Prefixes are those of E.164 numbers.
        """
        number = target.number or ""
        found = [relay for prefix, relay in self._routes if number.startswith(prefix)]
        if self._policy().mms.relay == "own":
            found.sort(key=lambda each: bool(each.config.prefixes))
        return found


def _overlap(one: _Network, other: _Network) -> bool:
    return one.version == other.version and one.overlaps(other)
