"""Where log events go: twistd's choice, from the level that the configuration names."""

from __future__ import annotations

import signal
import sys
from collections.abc import Mapping
from typing import Any, TextIO

from twisted.logger import (
    FilteringLogObserver,
    ILogObserver,
    LogLevel,
    LogLevelFilterPredicate,
    textFileLogObserver,
)
from twisted.python.logfile import LogFile

DAEMON_LOG = "twistd.log"


class Threshold(LogLevelFilterPredicate):
    """Lets the events of a level and above through; the level may be changed."""

    def __init__(self, level: str) -> None:
        super().__init__(LogLevel.lookupByName(level))

    def set(self, level: str) -> None:
        """Let through what is of this level or above from now on."""
        self.setLogLevelForNamespace("", LogLevel.lookupByName(level))


def observer(twistd: Mapping[str, Any], threshold: Threshold) -> ILogObserver | None:
    """The observer for an application, from a level on; None where syslog is chosen.

    `twistd` are twistd's own options: --logfile and --nodaemon count as they do
    without us, and --logger still comes before.
    """
    if twistd.get("syslog"):
        return None
    return filtered(_file(twistd), threshold)


def filtered(stream: TextIO, threshold: Threshold) -> ILogObserver:
    """Writes the events that the threshold lets through."""
    return FilteringLogObserver(textFileLogObserver(stream), [threshold])


def _file(twistd: Mapping[str, Any]) -> Any:
    name = twistd.get("logfile") or ""
    in_foreground = bool(twistd.get("nodaemon", True))
    if name == "-" or (in_foreground and not name):
        return sys.stdout
    log = LogFile.fromFullPath(name or DAEMON_LOG)
    # As twistd does: rotated from outside, then told by SIGUSR1.
    if not signal.getsignal(signal.SIGUSR1):
        signal.signal(signal.SIGUSR1, lambda _signal, _frame: log.rotate())
    return log
