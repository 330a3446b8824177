"""IWFs on other hosts: what the configuration says that they carry ([[iwf]])."""

from __future__ import annotations

from cpmgw.config import IwfConfig
from cpmgw.iwf.capabilities import Capabilities, Kind


def capabilities_of(config: IwfConfig) -> Capabilities:
    """What an IWF of the configuration carries (TS 5.1 step 5)."""
    return Capabilities(
        name=config.name,
        service=config.service,
        kinds=frozenset(Kind(each) for each in config.kinds),
        addresses=config.addresses,
        text_only=config.text_only,
        media=config.media,
        assigns_originator=config.assigns_originator,
        reports=config.reports,
    )
