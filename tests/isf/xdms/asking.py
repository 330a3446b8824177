"""An XDMS in memory, and who asks it for preferences."""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from cpmgw.config import XdmsConfig
from cpmgw.interfaces import Preference, PreferenceState
from cpmgw.isf.xdms.preferences import XcapPreferences
from cpmgw.lab.xdms import Xdms, XdmsBehaviour
from tests.isf.xdms.policies import ALICE, action, document, rule
from tests.support.network import MemoryNetwork

PORT = 8090
XUI = "sip:+15145550100@ims.example.net"
TARGET = f"{XUI};user=phone"
POLICY = document(rule("", action("MMS SMS")))
SERVICES = ("MMS", "SMS")
FOUND = Preference(SERVICES, PreferenceState.FOUND)
STALE = Preference(SERVICES, PreferenceState.FOUND, "stale")


def none(reason: str) -> Preference:
    """The user prefers nothing."""
    return Preference((), PreferenceState.NONE, reason)


def unavailable(reason: str) -> Preference:
    """Nothing is known."""
    return Preference((), PreferenceState.UNAVAILABLE, reason)


class PreferencesTestCase(SynchronousTestCase):
    """An XDMS with the policy of one user, and who asks it."""

    def setUp(self) -> None:
        self.network = MemoryNetwork()
        self.xdms = Xdms(self.network)
        self.xdms.put(XUI, POLICY)
        self.xdms.start(PORT)
        self.preferences = self.build()

    def build(self, **keys: Any) -> XcapPreferences:
        """Preferences from that XDMS, with these keys of the configuration."""
        root = keys.pop("root", f"http://127.0.0.1:{PORT}/services")
        config = XdmsConfig(root=root, **keys)
        built = XcapPreferences(self.network, config, self.network.seconds)
        self.addCleanup(built.stop)
        return built

    def ask(self, user: str = TARGET, originator: str = ALICE) -> Preference:
        """The answer to one look-up, however long it takes."""
        asked = self.preferences.look_up(user, originator)
        answer: Preference = self.network.result_of(asked, seconds=60)
        return answer

    def behave(self, **how: Any) -> None:
        """Have the XDMS answer so."""
        self.xdms.behaviour = XdmsBehaviour(**how)

    def assertReason(self, reason: str, **how: Any) -> None:
        """An XDMS that answers so leaves preferences unavailable, for this reason."""
        self.behave(**how)
        self.assertEqual(self.ask(), unavailable(reason))
        self.network.advance(0.1)
        self.assertEqual(self.xdms.under_way, 0)
