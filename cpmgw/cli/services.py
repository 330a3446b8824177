"""The IWFs that the gateway of a configuration has, in its order (TS 5.1)."""

from __future__ import annotations

import msgspec
from twisted.plugin import getPlugins

from cpmgw.config import Config
from cpmgw.interfaces import IInterworkingFactory
from cpmgw.iwf.capabilities import Capabilities
from cpmgw.iwf.remote import capabilities_of


class Iwf(msgspec.Struct, frozen=True):
    """One IWF: what it carries, and the SIP URI it is at, empty in this process."""

    capabilities: Capabilities
    uri: str = ""

    @property
    def name(self) -> str:
        """What it is called."""
        return self.capabilities.name

    @property
    def place(self) -> str:
        """Where it is, for a person."""
        return self.uri or "in this process"


def iwfs_of(config: Config) -> tuple[Iwf, ...]:
    """Those of the plugins by their names, then each [[iwf]]."""
    factories = sorted(getPlugins(IInterworkingFactory), key=lambda each: each.name)
    local = [
        Iwf(capabilities)
        for factory in factories
        if (capabilities := factory.capabilities(config)) is not None
    ]
    remote = [Iwf(capabilities_of(each), each.uri) for each in config.iwf]
    return (*local, *remote)
