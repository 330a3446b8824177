"""`twistd -n cpmgw --config etc/cpmgw.toml`: its options, and the reactor."""

from __future__ import annotations

import sys
import time
from typing import Any

from twisted.application.service import IService, MultiService
from twisted.logger import ILogObserver
from twisted.python import usage
from twisted.python.components import Componentized

from cpmgw.config import Config, load
from cpmgw.errors import ConfigError
from cpmgw.garbage import calm_down
from cpmgw.logs import observer


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
        """Read the configuration; --check ends with that (status 1 on faults)."""
        path = str(self["config"])
        try:
            self.configuration = load(path)
        except ConfigError as error:
            for fault in error.faults:
                print(fault, file=sys.stderr)
            count = len(error.faults)
            print(f"{path}: {count} fault{'s' if count > 1 else ''}", file=sys.stderr)
            sys.exit(1)
        if self["check"]:
            print(f"{path}: no faults")
            sys.exit(0)


class Process(MultiService):
    """The gateway as twistd runs it, with the log from the configured level on."""

    def __init__(self, options: Options) -> None:
        super().__init__()
        self._options = options

    def setServiceParent(self, parent: Any) -> None:
        """Give the application its log observer before twistd asks for it."""
        super().setServiceParent(parent)
        if isinstance(parent, Componentized):
            level = self._options.configuration.log.level
            chosen = observer(self._options.parent or {}, level)
            if chosen is not None:
                parent.setComponent(ILogObserver, chosen)

    def startService(self) -> None:
        """Start all; what is alive then stays."""
        super().startService()
        calm_down()


def keep_steady(reactor: Any) -> None:
    """Have time-outs go by a clock that nobody sets; it starts at the time of day.

    Twisted's own is the time of day, and stands still as long as that is set back.
    """
    start = time.time() - time.monotonic()
    reactor.seconds = lambda: start + time.monotonic()


def makeService(options: Options) -> IService:
    """Build the gateway of a configuration (twistd's entry point)."""
    from twisted.internet import reactor

    from cpmgw.gateway import Gateway

    process = Process(options)
    config = options.configuration
    keep_steady(reactor)
    gateway = Gateway(reactor, config, now=time.time)
    gateway.setServiceParent(process)
    if config.web.listen:
        from cpmgw.admin.web import WebService

        web = WebService(reactor, gateway, config.web.listen)
        web.setServiceParent(process)
    return process
