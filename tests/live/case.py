"""What all live tests have in common: peers needed, a folder, processes, logs.

A peer that is not installed skips the test, and says so; with the environment variable
CPMGW_LIVE=required it fails it. CPMGW_LIVE=long makes the long forms run.
"""

from __future__ import annotations

import os
import random
import shutil
import socket
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any, ClassVar, Final
from unittest import TestResult

from twisted.internet.task import deferLater
from twisted.trial.unittest import SkipTest, TestCase

from tests.live.process import Process, ProcessFailed, show
from tests.live.reactor import reactor

MODE: Final = os.environ.get("CPMGW_LIVE", "")
REQUIRED: Final = MODE in {"required", "long"}
LONG: Final = MODE == "long"

PEERS: Final = Path(__file__).parent / "peers"
PROJECT: Final = Path(__file__).parents[2]

PORTS: Final = range(20_000, 32_000)

Need = Callable[[], str]
"""Gives why a test cannot run here, "" if it can."""


def command(name: str, package: str) -> Need:
    """A program is needed, which a Debian package brings."""

    def reason() -> str:
        return "" if program(name) else f"{name} (Debian: {package}) is not installed"

    return reason


def program(name: str) -> str | None:
    """Where a program is; Debian keeps servers in /usr/sbin."""
    path = os.environ.get("PATH", os.defpath)
    return shutil.which(name, path=f"{path}:/usr/sbin:/usr/local/sbin")


def free_port() -> int:
    """A port that neither UDP nor TCP uses on loopback, picked at random.

    It is below those that systems give to clients, so that none of them takes it.
    """
    while True:
        port = _chance.randrange(PORTS.start, PORTS.stop)
        with (
            socket.socket(socket.AF_INET, socket.SOCK_STREAM) as tcp,
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp,
        ):
            try:
                tcp.bind(("127.0.0.1", port))
                udp.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port


_chance = random.SystemRandom()


async def until(
    true: Callable[[], bool], seconds: float = 15.0, what: str = "it"
) -> None:
    """Wait until something holds; looks every 20 ms."""
    end = reactor.seconds() + seconds
    while not true():
        if reactor.seconds() > end:
            raise ProcessFailed(f"{what}: not so after {seconds:g} s")
        await deferLater(reactor, 0.02)


class LiveTestCase(TestCase):
    """A test with real processes, which are stopped when it is over."""

    timeout = 40
    needs: ClassVar[Sequence[Need]] = ()

    folder: Path

    def setUp(self) -> None:
        """Make the test's folder, or say what is missing."""
        missing = [reason for need in self.needs if (reason := need())]
        if missing and REQUIRED:
            self.fail("; ".join(missing))
        if missing:
            raise SkipTest("; ".join(missing))
        self.folder = Path(self.mktemp()).absolute()
        self.folder.mkdir(parents=True)

    def process(
        self, name: str, command: Sequence[str | Path], **options: Any
    ) -> Process:
        """Start a process that ends with the test."""
        process = Process.start(name, command, self.folder, **options)
        return self.stopped_at_the_end(process)

    def stopped_at_the_end(self, process: Process) -> Process:
        """Have a process stopped when the test is over."""
        self.at_the_end(process.stop)
        return process

    def at_the_end(self, ending: Callable[[], Awaitable[object]]) -> None:
        """Have something awaited when the test is over, the latest first."""

        async def end() -> None:
            await ending()

        self.addCleanup(end)

    def run(self, result: TestResult | None = None) -> TestResult | None:
        """Run the test and, if it fails, show every log of its folder."""
        before = _failures(result)
        ran: TestResult | None = super().run(result)
        folder = getattr(self, "folder", None)
        if folder is not None and _failures(result) > before:
            for log in sorted(folder.glob("*.log")):
                show(log)
        return ran


def _failures(result: Any) -> int:
    return len(getattr(result, "failures", ())) + len(getattr(result, "errors", ()))
