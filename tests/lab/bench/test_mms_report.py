"""The figures of multimedia messages are told so that a person can read them."""

from __future__ import annotations

from typing import Any

import msgspec
from twisted.trial.unittest import SynchronousTestCase

from cpmgw.lab.bench import report
from cpmgw.lab.bench.ledger import Latency
from cpmgw.lab.bench.mms import MmsFigures, MmsPlan, StalledFigures, WayFigures


class MmsReport(SynchronousTestCase):
    """What is said of multimedia messages."""

    way = WayFigures(500, Latency(0.1, 0.2, 0.3))
    both = MmsFigures(
        outbound=way,
        inbound=WayFigures(300, Latency(0.2, 0.3, 0.4)),
        seconds=5.0,
        gateway_cpu=4.0,
        load_cpu=1.0,
        idle_memory=80 * 1024,
        peak_memory=100 * 1024,
        sent=900,
        missing={},
    )
    silent = StalledFigures(
        sent=600,
        idle=80 * 1024,
        early=100 * 1024,
        late=101 * 1024,
        after=90 * 1024,
        answers={413: 600},
        missing={},
    )

    def text(self, **changes: Any) -> str:
        """The lines, with something else in the figures."""
        figures = msgspec.structs.replace(self.both, **changes)
        return "\n".join(report.mms(MmsPlan(), figures))

    def test_both_ways(self) -> None:
        """Each way's rate and latency, CPU for both together, memory, account."""
        text = self.text()
        self.assertIn("Pictures of 100 KB", text)
        self.assertRegex(text, r"messages/s +100 +60")
        self.assertRegex(
            text, r"100\.0 / 200\.0 / 300\.0 ms +200\.0 / 300\.0 / 400\.0 ms"
        )
        self.assertIn("messages/CPU second of the gateway: 200", text)
        self.assertIn("80% / 20%", text)
        self.assertIn("idle 80.0 MB, at most 100.0 MB", text)
        self.assertIn("all 900 messages came, once, and were answered", text)

    def test_missing(self) -> None:
        """What is missing is said."""
        text = self.text(missing={"to CPM not answered": 3})
        self.assertIn("NOT ACCOUNTED FOR of 900 messages: 3 to CPM not answered", text)

    def test_silence(self) -> None:
        """How messages were refused, and what memory did."""
        text = "\n".join(report.stalled(MmsPlan(), self.silent))
        self.assertIn("600 messages: 600 answered 413", text)
        self.assertIn("at most 100.0 MB and then 101.0 MB, 90.0 MB after", text)
        self.assertTrue(text.endswith("all were answered"))
        grown = msgspec.structs.replace(self.silent, late=200 * 1024)
        text = "\n".join(report.stalled(MmsPlan(), grown))
        self.assertIn("NOT AS IT MUST: memory grows", text)
