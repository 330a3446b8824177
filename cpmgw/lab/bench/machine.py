"""What the kernel tells of a process and of the machine (proc(5))."""

from __future__ import annotations

import os
import platform
import sqlite3
from importlib.metadata import version
from pathlib import Path
from typing import Final

TICKS: Final = os.sysconf("SC_CLK_TCK")


def cpu_seconds(stat: str) -> float:
    """User and system time of all threads, out of /proc/PID/stat."""
    fields = stat.rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def kilobytes(status: str, name: str) -> int:
    """A size out of /proc/PID/status, such as VmRSS."""
    for line in status.splitlines():
        key, _, value = line.partition(":")
        if key == name:
            return int(value.split()[0])
    raise KeyError(name)


def cpu_model(cpuinfo: str) -> str:
    """The name of the processor, out of /proc/cpuinfo."""
    for line in cpuinfo.splitlines():
        key, _, value = line.partition(":")
        if key.strip() == "model name":
            return value.strip()
    return platform.machine()


class Watched:
    """One process, seen from outside."""

    def __init__(self, pid: int) -> None:
        self._folder = Path("/proc") / str(pid)

    @property
    def cpu(self) -> float:
        """CPU seconds it has used so far, all threads."""
        return cpu_seconds((self._folder / "stat").read_text())

    @property
    def resident(self) -> int:
        """Kilobytes of memory it has now."""
        return kilobytes((self._folder / "status").read_text(), "VmRSS")

    @property
    def peak(self) -> int:
        """Kilobytes of memory it has had at most."""
        return kilobytes((self._folder / "status").read_text(), "VmHWM")


def description() -> str:
    """The machine and what runs on it, in one line."""
    model = cpu_model(Path("/proc/cpuinfo").read_text())
    packages = ", ".join(f"{name} {version(name)}" for name in ("Twisted", "msgspec"))
    return (
        f"{os.cpu_count()} x {model}, Linux {platform.release()}, "
        f"Python {platform.python_version()}, {packages}, "
        f"SQLite {sqlite3.sqlite_version}"
    )
