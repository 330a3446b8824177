"""The gateway as a child process: started, watched and stopped by the demo alone."""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path
from typing import Any, Final

import msgspec
from twisted.internet.defer import Deferred
from twisted.internet.error import ProcessExitedAlready
from twisted.internet.protocol import ProcessProtocol
from twisted.python.failure import Failure

import cpmgw

TWISTD: Final = "from twisted.scripts.twistd import run; run()"
KILL_AFTER: Final = 10.0
TAIL: Final = 4000
"""Octets of the child's output that are shown when it fails."""


class Ports(msgspec.Struct, frozen=True, kw_only=True):
    """Where everybody listens on 127.0.0.1."""

    gateway: int
    cpm: int
    smpp: int
    msrp: int
    mmsc: int
    mm4: int


def configuration(ports: Ports, folder: Path) -> str:
    """The gateway's configuration for a lab; its state is in `folder`."""
    return f"""\
[gateway]
domain = "ims.example.net"
state = "sqlite:{folder}/cpmgw.sqlite"

[sip]
listen = [
    "udp:{ports.gateway}:interface=127.0.0.1",
    "tcp:{ports.gateway}:interface=127.0.0.1",
]
next_hop = "sip:127.0.0.1:{ports.cpm};lr"
trusted = ["127.0.0.0/8"]

[msrp]
listen = "tcp:{ports.msrp}:interface=127.0.0.1"
spool = "{folder}/msrp"

[mm4]
listen = "tcp:{ports.mm4}:interface=127.0.0.1"
domain = "mm4.ims.example.net"
spool = "{folder}/mm4"

[[mmsc]]
name = "lab-mms"
host = "127.0.0.1"
port = {ports.mmsc}
domain = "mms.example.net"

[mmsc.media]
widest = 640
highest = 480

[[number_pool]]
name = "groups"
numbers = ["+15145559000-+15145559099"]

[policy.session]
participant_interval = 1

[[smsc]]
name = "lab"
host = "127.0.0.1"
port = {ports.smpp}
system_id = "cpmgw"
password = "secret"
bind = "transceiver"
"""


def free_port() -> int:
    """A port of 127.0.0.1 that is free for TCP and UDP alike."""
    for _ in range(100):
        with (
            socket.socket(socket.AF_INET, socket.SOCK_STREAM) as tcp,
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp,
        ):
            tcp.bind(("127.0.0.1", 0))
            port: int = tcp.getsockname()[1]
            try:
                udp.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise OSError("no port is free")


class GatewayProcess(ProcessProtocol):
    """`twistd -n cpmgw` in a child; what it writes goes to a file.

    `ended` fires with the child's exit status, None if a signal ended it.
    """

    def __init__(self, log: Path) -> None:
        self.ended: Deferred[int | None] = Deferred()
        self.running = False
        self._log = log
        self._tail = b""

    def start(self, reactor: Any, config: Path) -> None:
        """Start the child, in the folder that the gateway's code is in."""
        self.running = True
        arguments = [sys.executable, "-c", TWISTD, "-n", "--pidfile="]
        self._log.touch()
        reactor.spawnProcess(
            self,
            sys.executable,
            [*arguments, "cpmgw", "--config", str(config)],
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
            path=str(Path(cpmgw.__file__).parent.parent),
        )

    async def stop(self, reactor: Any) -> None:
        """End the child, by force if it takes too long; returns when it is gone."""
        if not self.running:
            return
        gone: Deferred[None] = Deferred()
        self.ended.addBoth(_passing_on, gone)
        self._signal("TERM")
        late = reactor.callLater(KILL_AFTER, self._signal, "KILL")
        await gone
        if late.active():
            late.cancel()

    @property
    def last_words(self) -> str:
        """The end of what the child wrote."""
        return self._tail.decode("utf-8", "replace")

    def _signal(self, name: str) -> None:
        assert self.transport is not None
        try:
            self.transport.signalProcess(name)
        except ProcessExitedAlready:
            return

    def outReceived(self, data: bytes) -> None:
        """Keep what it writes."""
        with self._log.open("ab") as log:
            log.write(data)
        self._tail = (self._tail + data)[-TAIL:]

    errReceived = outReceived

    def processEnded(self, reason: Failure) -> None:
        """The child is gone."""
        self.running = False
        self.ended.callback(getattr(reason.value, "exitCode", None))


def _passing_on(result: Any, gone: Deferred[None]) -> Any:
    gone.callback(None)
    return result
