"""The command line: --config, --check, and what they end with."""

from __future__ import annotations

import gc
import signal
import sys
import time
from importlib import import_module
from io import StringIO
from pathlib import Path
from typing import Any

import twisted.internet
from twisted.application.service import IServiceMaker, Service
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.logger import Logger, LogLevel
from twisted.plugin import getPlugins
from twisted.trial.unittest import SynchronousTestCase

import cpmgw.gateway
from cpmgw.logs import Threshold, filtered
from cpmgw.tap import HangUps, Options, Process, keep_steady, makeService

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
    """SIGHUP, while the process starts, runs and stops."""

    def setUp(self) -> None:
        self.addCleanup(gc.set_threshold, *gc.get_threshold())
        self.addCleanup(gc.unfreeze)
        former = signal.signal(signal.SIGHUP, self.heard_before)
        self.addCleanup(signal.signal, signal.SIGHUP, former)
        self.before = self.count = 0
        self.reactor = FromThreads()
        self.hang_ups = HangUps(self.reactor)

    def heard_before(self, number: int, frame: object) -> None:
        """What has listened to it before."""
        self.before += 1

    def hung_up(self) -> None:
        """Be told."""
        self.count += 1

    def run_reactor(self) -> None:
        """Do what was asked from the signal."""
        for asked in self.reactor.asked:
            asked()
        self.reactor.asked.clear()

    def process(self) -> Process:
        """A process that listens."""
        self.hang_ups.listen()
        self.hang_ups.heard = self.hung_up
        return Process(Options(), Threshold("info"), self.hang_ups)

    def test_while_it_runs(self) -> None:
        """It is passed on in the reactor's thread, as often as it comes."""
        self.process().startService()
        for _ in range(2):
            signal.raise_signal(signal.SIGHUP)
        self.assertEqual(self.count, 0)
        self.run_reactor()
        self.assertEqual((self.count, self.before), (2, 0))

    def test_before_anyone_hears(self) -> None:
        """One that comes while the gateway is built is heard when the reactor runs."""
        self.hang_ups.listen()
        signal.raise_signal(signal.SIGHUP)
        self.process()
        self.run_reactor()
        self.assertEqual((self.count, self.before), (1, 0))

    def test_while_it_stops(self) -> None:
        """Once the stop has begun it does nothing, until the process ends."""
        process, stopping = self.process(), Deferred[None]()
        service = Service()
        self.patch(service, "stopService", lambda: stopping)
        service.setServiceParent(process)
        process.startService()
        stopped = process.stopService()
        signal.raise_signal(signal.SIGHUP)
        stopping.callback(None)
        self.successResultOf(stopped)
        signal.raise_signal(signal.SIGHUP)
        self.assertEqual((self.reactor.asked, self.count, self.before), ([], 0, 0))

    def test_from_the_making_on(self) -> None:
        """It is listened to before the gateway is built (twistd starts it later)."""
        import_module("twisted.internet.reactor")  # so that there is one to replace
        self.patch(twisted.internet, "reactor", self.reactor)
        self.patch(cpmgw.gateway, "Gateway", self.built)
        options = Options()
        options.parseOptions(["--config", self.written()])
        self.assertRaises(ZeroDivisionError, makeService, options)
        self.assertEqual((len(self.reactor.asked), self.before), (1, 0))

    def built(self, *_: object, **__: object) -> None:
        """Get the signal instead of being built."""
        signal.raise_signal(signal.SIGHUP)
        raise ZeroDivisionError

    def written(self) -> str:
        """The name of a configuration."""
        path: str = self.mktemp()
        Path(path).write_text(GOOD)
        return path


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
