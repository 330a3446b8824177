"""`twistd -n cpmgw --config etc/cpmgw.toml`: its options, and the reactor."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable
from typing import Any

from twisted.application.service import IService, MultiService
from twisted.internet.defer import Deferred
from twisted.logger import ILogObserver
from twisted.python import usage
from twisted.python.components import Componentized

from cpmgw.config import Config, read
from cpmgw.errors import ConfigError
from cpmgw.garbage import calm_down
from cpmgw.logs import Threshold, observer


class Options(usage.Options):
    """The command line of `twistd cpmgw`."""

    synopsis = "[--config FILE] [--check]"
    longdesc = "Runs the CPM interworking gateway that FILE describes."
    optParameters = [
        ["config", "c", "etc/cpmgw.toml", "The configuration file."],
    ]
    optFlags = [
        ["check", None, "Read the configuration, name its faults, and exit."],
    ]

    configuration: Config

    def postOptions(self) -> None:
        """Read the configuration; --check ends with that (status 1 on faults).

        What is no fault but has no effect is remarked upon by --check.
        """
        path = str(self["config"])
        try:
            loaded = read(path)
        except ConfigError as error:
            for fault in error.faults:
                print(fault, file=sys.stderr)
            count = len(error.faults)
            print(f"{path}: {count} fault{'s' if count > 1 else ''}", file=sys.stderr)
            sys.exit(1)
        if self["check"]:
            for remark in loaded.remarks:
                print(f"{path}: {remark}", file=sys.stderr)
            print(f"{path}: no faults")
            sys.exit(0)
        self.configuration = loaded.config


class HangUps:
    """What SIGHUP does to this process; from `listen` on it does not end it.

    `heard` is called after each, in the reactor's thread: one that comes while the
    gateway is built or started is heard once the reactor runs.
    """

    def __init__(self, reactor: Any) -> None:
        self.heard: Callable[[], object] = bool
        self._reactor = reactor

    def listen(self) -> None:
        """Take the signal over from whoever had it."""
        signal.signal(signal.SIGHUP, self._signalled)

    def ignore(self) -> None:
        """Let the signal do nothing, until the process ends."""
        signal.signal(signal.SIGHUP, signal.SIG_IGN)

    def _signalled(self, _number: int, _frame: object) -> None:
        self._reactor.callFromThread(self._tell)

    def _tell(self) -> None:
        self.heard()


class Process(MultiService):
    """The gateway as twistd runs it, with the log from a level on."""

    def __init__(
        self, options: Options, threshold: Threshold, hang_ups: HangUps
    ) -> None:
        super().__init__()
        self._options = options
        self._threshold = threshold
        self._hang_ups = hang_ups

    def setServiceParent(self, parent: Any) -> None:
        """Give the application its log observer before twistd asks for it."""
        super().setServiceParent(parent)
        if isinstance(parent, Componentized):
            chosen = observer(self._options.parent or {}, self._threshold)
            if chosen is not None:
                parent.setComponent(ILogObserver, chosen)

    def startService(self) -> None:
        """Start all; what is alive then stays."""
        super().startService()
        calm_down()

    def stopService(self) -> Deferred[None]:
        """Stop all, which no SIGHUP cuts short."""
        self._hang_ups.ignore()
        stopped: Deferred[None] = super().stopService()
        return stopped


def keep_steady(reactor: Any) -> None:
    """Have time-outs go by a clock that nobody sets; it starts at the time of day.

    Twisted's own is the time of day, and stands still as long as that is set back.
    """
    start = time.time() - time.monotonic()
    reactor.seconds = lambda: start + time.monotonic()


def makeService(options: Options) -> IService:
    """Build the gateway of a configuration (twistd's entry point)."""
    from twisted.internet import reactor

    hang_ups = HangUps(reactor)
    hang_ups.listen()  # before all that takes time
    from cpmgw.gateway import Gateway
    from cpmgw.reloading import Reloader

    config = options.configuration
    keep_steady(reactor)
    threshold = Threshold(config.log.level)
    gateway = Gateway(reactor, config, now=time.time)
    # A daemon may go to another folder.
    path = os.path.abspath(str(options["config"]))
    reloader = Reloader(
        path, gateway.reload, lambda followed: threshold.set(followed.log.level)
    )
    hang_ups.heard = reloader.hang_up
    process = Process(options, threshold, hang_ups)
    gateway.setServiceParent(process)
    if config.web.listen:
        from cpmgw.admin.web import WebService

        web = WebService(reactor, gateway, config.web.listen, reloader.reload)
        web.setServiceParent(process)
    return process
