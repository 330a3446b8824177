"""What this gateway is as an MMS relay/server (TS 6.3.1)."""

from __future__ import annotations

import msgspec

from cpmgw.config import Config
from cpmgw.mm4.addresses import system_address
from cpmgw.mm4.fields import Pairs


class OwnRelay(msgspec.Struct, frozen=True):
    """Our domain in addresses of MM4, and the version that we speak."""

    domain: str
    version: str

    @property
    def address(self) -> str:
        """Our own address: that of a relay (TS 23.140 8.4.5)."""
        return system_address(self.domain)

    def marks(self, key: str) -> Pairs:
        """Who sends a mail of ours, and which it is: the same key, the same mail."""
        return ("Sender", self.address), ("Message-ID", f"<{key}@{self.domain}>")


def own_relay(config: Config) -> OwnRelay:
    """What [mm4] says of us."""
    return OwnRelay(config.mm4_domain, config.mm4.version)
