"""The command line: --config, --check, and what they end with."""

from __future__ import annotations

import sys
import time
from io import StringIO
from pathlib import Path
from typing import Any

from twisted.application.service import IServiceMaker
from twisted.internet.task import Clock
from twisted.plugin import getPlugins
from twisted.trial.unittest import SynchronousTestCase

from cpmgw.tap import Options, keep_steady

GOOD = """
[gateway]
domain = "ims.example.net"

[[smsc]]
name = "home"
host = "127.0.0.1"
system_id = "cpmgw"
"""


class CommandLine(SynchronousTestCase):
    def setUp(self) -> None:
        self.output, self.errors = StringIO(), StringIO()
        self.patch(sys, "stdout", self.output)
        self.patch(sys, "stderr", self.errors)

    def written(self, text: str) -> str:
        """The name of a file with this text."""
        path: str = self.mktemp()
        Path(path).write_text(text)
        return path

    def ended(self, *arguments: str) -> int:
        """The exit status of a command line that ends."""
        error = self.assertRaises(SystemExit, Options().parseOptions, arguments)
        assert isinstance(error.code, int)
        return error.code

    def test_check_of_a_good_file(self) -> None:
        """--check of a file without faults says so and exits 0."""
        path = self.written(GOOD)
        self.assertEqual(self.ended("--config", path, "--check"), 0)
        self.assertIn(f"{path}: no faults", self.output.getvalue())
        self.assertEqual(self.errors.getvalue(), "")

    def test_check_names_every_fault(self) -> None:
        """--check names file, key and what is wrong of every fault, and exits 1."""
        bad = GOOD.replace('system_id = "cpmgw"', 'port = 0\nwindow = "many"')
        path = self.written(bad + "\n[polcy]\n")
        self.assertEqual(self.ended("--config", path, "--check"), 1)
        lines = self.errors.getvalue().splitlines()
        for key in ("smsc[0].port", "smsc[0].window", "smsc[0].system_id", "polcy"):
            self.assertTrue(
                any(line.startswith(f"{path}: ") and key in line for line in lines), key
            )
        self.assertIn("4 faults", lines[-1])

    def test_one_fault(self) -> None:
        """One fault is counted as one."""
        path = self.written(GOOD.replace('"ims.example.net"', '"not a domain"'))
        self.assertEqual(self.ended("--config", path, "--check"), 1)
        self.assertTrue(self.errors.getvalue().rstrip().endswith("1 fault"))

    def test_faults_end_a_start_as_well(self) -> None:
        """Without --check a file with faults does not start a gateway."""
        self.assertEqual(self.ended("--config", self.written("[gateway]")), 1)

    def test_no_file(self) -> None:
        """A file that is not there is a fault that names it."""
        path = self.mktemp()
        self.assertEqual(self.ended("--config", path), 1)
        self.assertIn(path, self.errors.getvalue())

    def test_no_toml(self) -> None:
        """So is one that is no TOML."""
        path = self.written("this is no TOML")
        self.assertEqual(self.ended("--config", path, "--check"), 1)
        self.assertIn("TOML", self.errors.getvalue())

    def test_configuration(self) -> None:
        """Without --check the configuration is read, ready for the service."""
        options = Options()
        options.parseOptions(["--config", self.written(GOOD)])
        self.assertEqual(options.configuration.gateway.domain, "ims.example.net")

    def test_sample(self) -> None:
        """The sample that comes with it has no faults."""
        sample = Path(__file__).parent.parent / "etc" / "cpmgw.toml"
        self.assertEqual(self.ended("--config", str(sample), "--check"), 0)

    def test_plugin(self) -> None:
        """`twistd cpmgw` is there."""
        makers: dict[str, Any] = {
            each.tapname: each for each in getPlugins(IServiceMaker)
        }
        self.assertEqual(makers["cpmgw"].module, "cpmgw.tap")
        self.assertIs(makers["cpmgw"].options, Options)


class Steady(SynchronousTestCase):
    def test_clock_that_is_set_back(self) -> None:
        """Time-outs go on when the time of day is set back."""
        reactor = Clock()
        keep_steady(reactor)
        before = reactor.seconds()
        self.assertLess(abs(before - time.time()), 5.0)
        self.patch(time, "time", lambda: 0.0)
        self.assertGreaterEqual(reactor.seconds(), before)
