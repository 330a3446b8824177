"""The command line: --config, --check, and what they end with."""

from __future__ import annotations

import gc
import signal
import sys
import time
from io import StringIO
from pathlib import Path
from typing import Any

from twisted.application.service import IServiceMaker
from twisted.internet.task import Clock
from twisted.logger import Logger, LogLevel
from twisted.plugin import getPlugins
from twisted.trial.unittest import SynchronousTestCase

from cpmgw.logs import Threshold, filtered
from cpmgw.tap import Options, Process, keep_steady

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

    def test_check_remarks_upon_keys_without_effect(self) -> None:
        """A policy that nothing reads yet is no fault, but --check says so."""
        path = self.written(GOOD + "\n[policy.simple_im]\nfirst_message = 'pager'\n")
        self.assertEqual(self.ended("--config", path, "--check"), 0)
        remark = (
            f"{path}: policy.simple_im.first_message: has no effect in this release\n"
        )
        self.assertEqual(self.errors.getvalue(), remark)
        self.assertIn(f"{path}: no faults", self.output.getvalue())

    def test_start_makes_no_remarks(self) -> None:
        """Without --check nothing is said of them."""
        path = self.written(GOOD + "\n[policy.simple_im]\nfirst_message = 'pager'\n")
        Options().parseOptions(["--config", path])
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
        self.assertEqual(self.errors.getvalue(), "")

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


class FromThreads(Clock):
    """A reactor that does what a signal asks when it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[Any] = []

    def callFromThread(self, asked: Any) -> None:
        """Be asked."""
        self.asked.append(asked)


class HangUp(SynchronousTestCase):
    """SIGHUP, while the process runs."""

    def setUp(self) -> None:
        self.addCleanup(gc.set_threshold, *gc.get_threshold())
        self.addCleanup(gc.unfreeze)
        self.former = signal.signal(signal.SIGHUP, self.heard_before)
        self.addCleanup(signal.signal, signal.SIGHUP, self.former)
        self.before = 0
        self.reactor = FromThreads()
        self.process = Process(Options(), Threshold("info"), self.reactor, self.hung_up)
        self.count = 0

    def heard_before(self, number: int, frame: object) -> None:
        """What has listened to it before."""
        self.before += 1

    def hung_up(self) -> None:
        """Be told."""
        self.count += 1

    def test_while_it_runs(self) -> None:
        """It is passed on in the reactor's thread, as often as it comes."""
        self.process.startService()
        for _ in range(2):
            signal.raise_signal(signal.SIGHUP)
        self.assertEqual(self.count, 0)
        for asked in self.reactor.asked:
            asked()
        self.assertEqual((self.count, self.before), (2, 0))
        self.successResultOf(self.process.stopService())

    def test_after_it(self) -> None:
        """Once it has stopped, whoever had the signal has it again."""
        self.process.startService()
        self.successResultOf(self.process.stopService())
        signal.raise_signal(signal.SIGHUP)
        self.assertEqual((self.reactor.asked, self.before), ([], 1))
        self.successResultOf(self.process.stopService())
        signal.raise_signal(signal.SIGHUP)
        self.assertEqual(self.before, 2)


class Level(SynchronousTestCase):
    """From which level on is logged."""

    def test_changes(self) -> None:
        """Another level counts from the next event on."""
        written = StringIO()
        threshold = Threshold("warn")
        log = Logger("cpmgw", observer=filtered(written, threshold))
        for level in ("warn", "debug", "error", "info"):
            threshold.set(level)
            for each in ("debug", "info", "warn", "error"):
                log.emit(LogLevel.lookupByName(each), f"{level} {each}")
        lines = [line.split("] ")[1] for line in written.getvalue().splitlines()]
        self.assertEqual(
            lines,
            [
                *("warn warn", "warn error"),
                *("debug debug", "debug info", "debug warn", "debug error"),
                "error error",
                *("info info", "info warn", "info error"),
            ],
        )
