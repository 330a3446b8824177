"""Reason values (RFC 3326 2, conversation TS 7.2.1.2)."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from cpmgw.cpm.reason import COMPLETED, TRANSMISSION_FAILED, reason


class Reasons(SynchronousTestCase):
    def test_text(self) -> None:
        """The text is quoted, and left out where there is none."""
        self.assertEqual(reason(413, "Too Large"), 'SIP;cause=413;text="Too Large"')
        self.assertEqual(reason(480), "SIP;cause=480")

    def test_those_of_large_messages(self) -> None:
        """The two ways that a large message ends (conversation TS 7.2.1.2)."""
        self.assertEqual(COMPLETED, 'SIP;cause=200;text="Call completed"')
        self.assertEqual(
            TRANSMISSION_FAILED, 'SIP;cause=480;text="Transmission Failed"'
        )
