"""A real process, its output line by line, and its end.

Every process is stopped by its own process id, and ends with the tests if these are
killed; its output is kept in a file of the test's folder, which a failing test shows.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from twisted.internet.defer import Deferred
from twisted.internet.error import ProcessExitedAlready
from twisted.internet.protocol import ProcessProtocol
from twisted.internet.task import deferLater
from twisted.python.failure import Failure

from tests.live.reactor import reactor

Wanted = Callable[[str], bool]
GRACE: Final = 5.0
"""Seconds between the request to end and the end."""


class ProcessFailed(Exception):
    """A process ended, or said nothing of what was waited for."""


class Process(ProcessProtocol):
    """One child process: `lines` is what it has written so far, `status` its exit."""

    transport: Any

    def __init__(self, name: str, log: Path) -> None:
        self.name = name
        self.log = log
        self.lines: list[str] = []
        self.status: int | None = None
        self._ended: list[Deferred[int]] = []
        self._waiting: list[tuple[Wanted, Deferred[str]]] = []
        self._rest = {1: "", 2: ""}
        self._file = log.open("a", encoding="utf-8", buffering=1)

    @classmethod
    def start(
        cls,
        name: str,
        command: Sequence[str | Path],
        folder: Path,
        *,
        cwd: Path | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> Process:
        """Start a command in a folder, which is its HOME too."""
        words = [*_ends_with_its_parent(), *(str(word) for word in command)]
        process = cls(name, folder / f"{name}.log")
        reactor.spawnProcess(
            process,
            words[0],
            words,
            env={**os.environ, "HOME": str(folder), **(environment or {})},
            path=str(cwd or folder),
        )
        return process

    @property
    def pid(self) -> int:
        """Its process id."""
        return int(self.transport.pid)

    def tell(self, line: str) -> None:
        """Write a line to its standard input."""
        self.transport.write(line.encode() + b"\n")

    def signal(self, number: int) -> None:
        """Send a signal, unless it has ended."""
        try:
            self.transport.signalProcess(signal.Signals(number).name[3:])
        except ProcessExitedAlready:
            return

    async def line(self, wanted: str | Wanted, seconds: float = 15.0) -> str:
        """The first line that contains (or is) what is wanted; waits for it."""
        matches = wanted if callable(wanted) else lambda line: wanted in line
        for line in self.lines:
            if matches(line):
                return line
        if self.status is not None:
            raise ProcessFailed(f"{self.name} ended ({self.status}): {self.tail}")
        found: Deferred[str] = Deferred()
        entry = (matches, found)
        self._waiting.append(entry)
        found.addTimeout(
            seconds, reactor, lambda *_: Failure(self._silence(str(wanted), seconds))
        )
        try:
            return await found
        finally:
            if entry in self._waiting:
                self._waiting.remove(entry)

    async def end(self, seconds: float = 30.0) -> int:
        """Wait for its end; gives the exit status (negative: the signal's number)."""
        if self.status is not None:
            return self.status
        ended: Deferred[int] = Deferred()
        self._ended.append(ended)
        ended.addTimeout(
            seconds, reactor, lambda *_: Failure(self._silence("its end", seconds))
        )
        return await ended

    async def stop(self) -> None:
        """End it, by force if it does not obey."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            if self.status is not None:
                return
            self.signal(number)
            try:
                await self.end(GRACE)
            except ProcessFailed:
                continue
        await deferLater(reactor, 0)

    @property
    def tail(self) -> str:
        """The last it has written."""
        return "\n".join(self.lines[-15:])

    def _silence(self, wanted: str, seconds: float) -> ProcessFailed:
        return ProcessFailed(
            f"{self.name}: {wanted} has not come in {seconds:g} s; last: {self.tail}"
        )

    # -- what Twisted calls

    def childDataReceived(self, childFD: int, data: bytes) -> None:
        """Cut what came into lines (both streams go into one log)."""
        text = self._rest[childFD] + data.decode("utf-8", "replace")
        self._file.write(data.decode("utf-8", "replace"))
        *whole, self._rest[childFD] = text.split("\n")
        for line in whole:
            self._heard(line.rstrip("\r"))

    def processEnded(self, reason: Failure) -> None:
        """Tell whoever waits for its end, or for a line that will not come."""
        value = reason.value
        code, number = getattr(value, "exitCode", None), getattr(value, "signal", None)
        self.status = -number if number else int(code or 0)
        for rest in self._rest.values():
            if rest:
                self._heard(rest)
        self._file.close()
        waiting, self._waiting = self._waiting, []
        for _, found in waiting:
            found.errback(
                ProcessFailed(f"{self.name} ended ({self.status}): {self.tail}")
            )
        ended, self._ended = self._ended, []
        for deferred in ended:
            deferred.callback(self.status)

    def _heard(self, line: str) -> None:
        self.lines.append(line)
        for entry in tuple(self._waiting):
            if entry[0](line):
                self._waiting.remove(entry)
                entry[1].callback(line)


def _ends_with_its_parent() -> tuple[str, ...]:
    """What to start a command through, so that none is left over (Linux only)."""
    setpriv = shutil.which("setpriv")
    return (setpriv, "--pdeathsig", "TERM", "--") if setpriv else ()


def show(path: Path, limit: int = 8000) -> None:
    """Print the end of a log for the reader of a failed test."""
    text = path.read_text("utf-8", "replace")[-limit:]
    print(f"\n--- {path}\n{text}", file=sys.stderr)
