"""How far the selection looks into a message: [policy] text_limits (TS 6.1.1)."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from cpmgw.cpm.mime import MimeLimits
from cpmgw.isf.reading import read_message
from cpmgw.iwf.capabilities import Characteristics
from cpmgw.policy import Policy
from tests.isf.reading import PLAN
from tests.iwf.requests import NOW, request_of

MIXED = (
    b"--b\r\nContent-Type: text/plain\r\n\r\nHello\r\n"
    b"--b\r\nContent-Type: image/png\r\n\r\nPNG\r\n--b--\r\n"
)


class Parts(SynchronousTestCase):
    def read(self, most: int) -> Characteristics:
        """What a message of two parts carries, where so many are looked at."""
        request = request_of(content_type="multipart/mixed;boundary=b", content=MIXED)
        policy = Policy(text_limits=MimeLimits(max_parts=most))
        return read_message(request, NOW, PLAN, policy).request.characteristics

    def test_at_the_limit(self) -> None:
        """As many parts as are allowed are looked at."""
        content = self.read(2)
        self.assertEqual(content.content_types, ("text/plain", "image/png"))
        self.assertTrue(content.has_text)

    def test_beyond_the_limit(self) -> None:
        """What has one more is not taken apart: it has no text, and its own type."""
        content = self.read(1)
        self.assertEqual(content.content_types, ("multipart/mixed",))
        self.assertFalse(content.has_text)
