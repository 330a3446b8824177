"""When the target user's preferences are asked for (TS 5.1 steps 4 and 7)."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from cpmgw.interfaces import Preference, PreferenceState
from cpmgw.isf.findings import Selection
from cpmgw.isf.selection import Known
from cpmgw.isf.wishes import asks_for_preferences, known_of
from cpmgw.iwf.capabilities import Kind
from tests.isf.requests import PLAIN, policy, request


class Asking(SynchronousTestCase):
    def test_table(self) -> None:
        """Only where the answer can make a difference. [TS 5.1 step 7]"""
        notification = request(kind=Kind.NOTIFICATION)
        named = request(kind=Kind.NOTIFICATION, nccsid="SMS")
        for what, wanted, left, use, asks in (
            ("two to choose from", PLAIN, 2, "prefer", True),
            ("one alone", PLAIN, 1, "prefer", False),
            ("one that the user may refuse", PLAIN, 1, "require", True),
            ("none", PLAIN, 0, "require", False),
            ("policy ignores it", PLAIN, 2, "ignore", False),
            ("originating", request(terminating=False), 2, "prefer", False),
            ("a notification", notification, 2, "prefer", True),
            ("one that names its service", named, 2, "require", False),
        ):
            with self.subTest(what):
                selection = Selection(("SMS", "MMS")[:left])
                chosen = policy(preferences=use)
                self.assertIs(asks_for_preferences(wanted, selection, chosen), asks)

    def test_answer(self) -> None:
        """What was known before stays known."""
        known = Known(attempted=frozenset({"SMS"}), numbered=frozenset({"mms"}))
        found = known_of(known, Preference(("MMS",), PreferenceState.FOUND))
        self.assertEqual(found.preference, ("MMS",))
        self.assertEqual(
            (found.attempted, found.numbered), (known.attempted, known.numbered)
        )
        fault = Preference((), PreferenceState.UNAVAILABLE, "timeout")
        failed = known_of(known, fault)
        self.assertEqual(
            (failed.preference, failed.preference_fault), (None, "timeout")
        )
        self.assertEqual(failed.numbered, known.numbered)
