"""What goes by SMS and what by MMS where this process has both (TS 5.1)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from cpmgw.config import Config, loads
from cpmgw.isf.findings import Selection
from cpmgw.isf.request import CpmRequest
from cpmgw.isf.selection import Known, select
from cpmgw.iwf.capabilities import Capabilities, Characteristics, Kind
from cpmgw.iwf.mms.capabilities import capabilities_of as mms_of
from cpmgw.iwf.sms.service import capabilities_of as sms_of
from tests.isf.requests import IMAGE, MIXED, request, text_of_size
from tests.test_config import least

MORE = """
[msrp]
listen = "tcp:2855:interface=127.0.0.1"
[mm4]
listen = "tcp:2525:interface=127.0.0.1"
[[mmsc]]
name = "home"
domain = "mms.test"
"""
POOLS = Known(numbered=frozenset(("sms", "mms")))
PDF = Characteristics(content_types=("application/pdf",), size=9)


def files(*types: str) -> CpmRequest:
    """A file transfer of these types."""
    return request(kind=Kind.FILE, characteristics=Characteristics(content_types=types))


class Choice(SynchronousTestCase):
    def configure(self, profile: str) -> tuple[Config, Sequence[Capabilities]]:
        """A configuration with both, and the IWFs of it in their order."""
        config = loads(least(gateway=f'profile = "{profile}"') + MORE, {})
        mms = mms_of(config)
        assert mms is not None
        return config, (mms, sms_of(config))

    def chosen(self, profile: str, asked: CpmRequest, **more: Any) -> Selection:
        """What is chosen for a request."""
        config, iwfs = self.configure(profile)
        return select(asked, iwfs, config.policy.selection, **more)

    def test_oma(self) -> None:
        """Text by SMS, all else by MMS; of large text SMS is the last resort."""
        for what, asked, left in (
            ("text", request(), ("SMS", "MMS")),
            (
                "large text",
                request(characteristics=text_of_size(560)),
                ("MMS", "SMS"),
            ),
            ("a picture", request(characteristics=IMAGE), ("MMS",)),
            ("a picture with text", request(characteristics=MIXED), ("MMS", "SMS")),
            ("large mode", request(kind=Kind.LARGE), ("SMS", "MMS")),
            ("a file", files("image/heic"), ("MMS",)),
            ("a session", request(kind=Kind.SESSION), ("SMS", "MMS")),
            ("a report", request(kind=Kind.NOTIFICATION), ("MMS", "SMS")),
            (
                "a report for SMS",
                request(kind=Kind.NOTIFICATION, nccsid="SMS"),
                ("SMS",),
            ),
        ):
            self.assertEqual(self.chosen("oma", asked).candidates, left, what)
        group = self.chosen("oma", request(kind=Kind.GROUP), known=POOLS)
        self.assertEqual(group.candidates, ("SMS", "MMS"))

    def test_what_neither_takes(self) -> None:
        """488 for what is there and for what is offered (TS 6.3 1a, 6.1.3 step 1)."""
        sent = self.chosen("oma", request(characteristics=PDF))
        self.assertEqual((sent.chosen, sent.refusal.status), ("", 488))
        offered = self.chosen("oma", files("application/pdf"))
        self.assertEqual((offered.chosen, offered.refusal.status), ("", 488))

    def test_rcs(self) -> None:
        """Sessions go by SMS, files by none, messages by what is in them (RCC.10 5.1).

        [RCC.10 5.1 step 5b] [RCC.10 5.1 step 5c]
        """
        for what, asked, left in (
            ("text", request(), ("SMS", "MMS")),
            (
                "large text",
                request(characteristics=text_of_size(560)),
                ("SMS", "MMS"),
            ),
            ("a picture", request(characteristics=IMAGE), ("MMS",)),
            ("a picture with text", request(characteristics=MIXED), ("MMS",)),
            ("a file", files("image/jpeg"), ()),
            ("a session", request(kind=Kind.SESSION), ("SMS",)),
            ("a report", request(kind=Kind.NOTIFICATION), ("MMS", "SMS")),
        ):
            self.assertEqual(self.chosen("rcs", asked).candidates, left, what)
        group = self.chosen("rcs", request(kind=Kind.GROUP), known=POOLS)
        self.assertEqual(group.candidates, ())
