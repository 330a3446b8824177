"""Every seam of the house, as zope interfaces, and the values that cross them.

Transports and interworking meet only here: an IWF sees `ICpmNetwork` and `ISmsCentre`,
never a socket; what survives the process is reached through `IStore`.
"""

from __future__ import annotations

from cpmgw.interfaces.network import (
    ICpmNetwork,
    IProxy,
    ISmsCentre,
)
from cpmgw.interfaces.services import (
    IDirectory,
    IHouse,
    IInterworking,
    IInterworkingFactory,
    INumbers,
    IPreferences,
    IReconfigurable,
    ISessionInterworking,
    IWorkshop,
    Preference,
    PreferenceState,
)
from cpmgw.interfaces.store import (
    IInterworkingNumbers,
    IMailbox,
    IMultimedia,
    IReceivedMessages,
    ISentMessages,
    IStore,
    IWatchedNumbers,
)

__all__ = [
    "ICpmNetwork",
    "IDirectory",
    "IHouse",
    "IInterworking",
    "IInterworkingFactory",
    "IInterworkingNumbers",
    "IMailbox",
    "IMultimedia",
    "INumbers",
    "IPreferences",
    "IProxy",
    "IReceivedMessages",
    "IReconfigurable",
    "ISentMessages",
    "ISessionInterworking",
    "ISmsCentre",
    "IStore",
    "IWatchedNumbers",
    "IWorkshop",
    "Preference",
    "PreferenceState",
]
