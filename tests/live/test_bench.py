"""The benchmark in its short form: every message accounted for, figures printed."""

from __future__ import annotations

import sys

from tests.live.case import PROJECT, LiveTestCase


class Bench(LiveTestCase):
    timeout = 90

    async def test_short_form_loses_nothing(self) -> None:
        """scripts/bench --short exits 0, which says that every message arrived."""
        command = [sys.executable, "-m", "cpmgw.lab.bench", "--short", "--seconds", "2"]
        bench = self.process("bench", command, cwd=PROJECT)
        self.assertEqual(await bench.end(60.0), 0, bench.tail)
        await bench.line("messages/CPU second of the gateway")
        await bench.line("were answered 202, reached the SM-SC once and had their IMDN")
        await bench.line("whole path in process")
