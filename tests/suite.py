"""Run every check of the project and count: what scripts/test ends with."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

import msgspec

ROOT: Final = Path(__file__).parents[1]
NOT_SUITES: Final = frozenset({"live", "support", "data"})
SUMMARY: Final = re.compile(r"^(?:PASSED|FAILED)(?: \((.*)\))?$")
GOOD: Final = ("successes", "expectedFailures")
BAD: Final = ("failures", "errors", "unexpectedSuccesses")
JOBS: Final = 2


class Count(msgspec.Struct, frozen=True):
    """How many checks passed, failed, and were skipped."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0

    def __add__(self, other: Count) -> Count:
        return Count(
            self.passed + other.passed,
            self.failed + other.failed,
            self.skipped + other.skipped,
        )


class Check(msgspec.Struct, frozen=True):
    """A command to run, and for how many seconds at most."""

    name: str
    command: Sequence[str]
    seconds: float


def count_of(lines: Iterable[str], status: int) -> Count:
    """What a check says: trial's closing line, else one check that passed or not.

    An exit status that no test explains is a failure too.
    """
    found = [match for line in lines if (match := SUMMARY.match(line.strip()))]
    if not found:
        return Count(passed=int(status == 0), failed=int(status != 0))
    pairs = (item.partition("=") for item in (found[-1][1] or "").split(", "))
    numbers = {name: int(value) for name, _, value in pairs if value}
    passed = sum(numbers.get(name, 0) for name in GOOD)
    failed = sum(numbers.get(name, 0) for name in BAD)
    if status and not failed:
        failed = 1
    return Count(passed, failed, numbers.get("skips", 0))


def suites(folder: Path) -> list[str]:
    """The names of every test package and module but the live ones."""
    packages = [path.parent.name for path in folder.glob("*/__init__.py")]
    modules = [path.stem for path in folder.glob("test_*.py")]
    return [
        f"tests.{name}"
        for name in sorted({*packages, *modules})
        if name not in NOT_SUITES
    ]


def checks(*, live: bool) -> list[Check]:
    """All checks, the quick ones first."""
    trial = (sys.executable, "-m", "twisted.trial")
    module = (sys.executable, "-m")
    every = [
        Check("ruff format", (*module, "ruff", "format", "--check", "."), 60),
        Check("ruff check", (*module, "ruff", "check", "."), 60),
        Check("mypy", (*module, "mypy"), 300),
        Check("tests", (*trial, f"-j{JOBS}", *suites(ROOT / "tests")), 420),
    ]
    if live:
        seconds = 3000 if os.environ.get("CPMGW_LIVE") == "long" else 540
        every.append(Check("live tests", (*trial, "tests.live"), seconds))
    return every


def run(check: Check) -> Count:
    """Run a check, showing what it writes."""
    print(f"\n== {check.name}", flush=True)
    began = time.monotonic()
    with subprocess.Popen(
        check.command,
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    ) as process:
        limit = threading.Timer(check.seconds, _stop, (check, process))
        limit.start()
        lines = []
        for line in process.stdout or ():
            sys.stdout.write(line)
            sys.stdout.flush()
            lines.append(line)
        status = process.wait()
        limit.cancel()
    count = count_of(lines, status)
    took = time.monotonic() - began
    print(f"== {check.name}: {_told(count)} in {took:.0f} s", flush=True)
    return count


def main(arguments: Sequence[str]) -> int:
    """Run all (`--fast`: without the live tests); the exit status tells the result."""
    total = Count()
    results = [(each, run(each)) for each in checks(live="--fast" not in arguments)]
    print()
    for check, count in results:
        print(f"{check.name}: {_told(count)}")
        total += count
    print(f"{total.passed} passed, {total.failed} failed", flush=True)
    return int(total.failed > 0)


def _stop(check: Check, process: subprocess.Popen[str]) -> None:
    print(f"\n== {check.name}: stopped after {check.seconds:g} s", flush=True)
    process.kill()


def _told(count: Count) -> str:
    skipped = f", {count.skipped} skipped" if count.skipped else ""
    return f"{count.passed} passed, {count.failed} failed{skipped}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
