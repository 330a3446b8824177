"""What MMS is said to carry (TS 5.1 step 5)."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from cpmgw.config import loads
from cpmgw.iwf.capabilities import Capabilities, Kind
from cpmgw.iwf.mms.capabilities import capabilities_of

MMS = """
[gateway]
domain = "ims.example.net"
[mm4]
listen = "tcp:2525:interface=127.0.0.1"
[[mmsc]]
name = "home"
domain = "mms.test"
"""
SECOND = """
[[mmsc]]
name = "second"
domain = "mms2.test"
[mmsc.media]
"""
MSRP = '\n[msrp]\nlisten = "tcp:2855:interface=127.0.0.1"\n'


def carried(more: str = "") -> Capabilities:
    """What MMS carries with a relay and this."""
    found = capabilities_of(loads(MMS + more, {}))
    assert found is not None
    return found


class Carried(SynchronousTestCase):
    def test_without_relay(self) -> None:
        """Without an [[mmsc]] there is no MMS."""
        text = '[gateway]\ndomain = "a.b"\n[[smsc]]\nname = "x"\nhost = "h"\n'
        self.assertIsNone(capabilities_of(loads(text + 'system_id = "x"', {})))

    def test_kinds(self) -> None:
        """Messages and reports always, what takes MSRP where there is MSRP."""
        by_message = {Kind.PAGER, Kind.NOTIFICATION}
        self.assertEqual(carried().kinds, by_message)
        self.assertEqual(carried(MSRP).kinds, set(Kind))

    def test_reports(self) -> None:
        """It has a form for disposition notifications, and users with numbers."""
        found = carried()
        self.assertEqual((found.name, found.service), ("MMS", "MMS"))
        self.assertTrue(found.reports)
        self.assertEqual((found.addresses, found.text_only), ("number", False))

    def test_types(self) -> None:
        """What the relay takes, and what can be made fit for it."""
        found = carried()
        for each in ("text/html", "image/jpeg", "image/heic", "audio/opus", "*"):
            self.assertTrue(found.takes(each), each)
        for each in ("application/pdf", "message/rfc822"):
            self.assertFalse(found.takes(each), each)

    def test_without_adaptation(self) -> None:
        """Without conversion there is no more than what the relay takes."""
        found = carried("[mmsc.media]\nadapt = false")
        self.assertTrue(found.takes("image/jpeg"))
        self.assertFalse(found.takes("image/heic"))
        self.assertFalse(found.takes("text/html"))

    def test_without_program(self) -> None:
        """Without a program for them neither sound nor video is converted."""
        found = carried('[adaptation]\nffmpeg = ""')
        self.assertTrue(found.takes("image/heic"))
        self.assertTrue(found.takes("audio/amr"))
        self.assertFalse(found.takes("audio/opus"))
        self.assertFalse(found.takes("video/webm"))

    def test_kind_that_is_not_taken(self) -> None:
        """Nothing is made of what the relay takes in no form at all."""
        found = carried('[mmsc.media]\ntypes = ["text/plain", "image/*"]')
        self.assertTrue(found.takes("image/heic"))
        self.assertFalse(found.takes("video/webm"))

    def test_several_relays(self) -> None:
        """What one of them takes counts: to whom it goes is not known yet."""
        first = '[mmsc.media]\ntypes = ["text/plain"]\n'
        found = carried(first + SECOND + 'types = ["text/plain", "application/pdf"]')
        self.assertTrue(found.takes("application/pdf"))
        self.assertEqual(found.media.count("text/plain"), 1)
        self.assertFalse(found.takes("image/jpeg"))
