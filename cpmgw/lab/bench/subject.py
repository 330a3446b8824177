"""What is measured: the gateway in a process of its own, bound to an SM-SC of ours."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import msgspec
from twisted.internet.task import deferLater

from cpmgw.lab.bench.centre import BenchCentre
from cpmgw.lab.bench.machine import Watched
from cpmgw.lab.gateway_process import GatewayProcess, free_port

_READY_WITHIN: Final = 30.0
QUEUE: Final = 200
"""How many mails wait for an MMS relay."""


class CannotMeasure(Exception):
    """The run could not be made; the text says why."""


class Ports(msgspec.Struct, frozen=True, kw_only=True):
    """Where the gateway and its peers are on 127.0.0.1; what is 0 is not used.

    `mmsc` is the MMS relay's port, `mm4` the gateway's.
    """

    gateway: int
    cpm: int
    smpp: int
    msrp: int = 0
    mmsc: int = 0
    mm4: int = 0


def configuration(folder: Path, transport: str, ports: Ports) -> str:
    """The gateway's configuration: all defaults but the addresses.

    And that nobody is told of the end of a session, which thousands of them are not
    opened to measure.
    """
    text = f"""\
[gateway]
domain = "ims.example.net"
state = "sqlite:{folder}/cpmgw.sqlite"

[sip]
listen = [
    "udp:{ports.gateway}:interface=127.0.0.1",
    "tcp:{ports.gateway}:interface=127.0.0.1",
]
next_hop = "sip:127.0.0.1:{ports.cpm};transport={transport};lr"
trusted = ["127.0.0.0/8"]

[[smsc]]
name = "bench"
host = "127.0.0.1"
port = {ports.smpp}
system_id = "cpmgw"
password = "secret"
bind = "transceiver"
"""
    if not ports.msrp:
        return text
    text = f"""\
{text}
[msrp]
listen = "tcp:{ports.msrp}:interface=127.0.0.1"
spool = "{folder}/msrp"

[policy.session]
inform_closed = "never"
"""
    return text if not ports.mm4 else f"{text}{_mms(folder, ports)}"


def _mms(folder: Path, ports: Ports) -> str:
    """MM4 with a relay whose queue is short, so that it can be seen to be full."""
    return f"""\

[mm4]
listen = "tcp:{ports.mm4}:interface=127.0.0.1"
domain = "mm4.ims.example.net"
spool = "{folder}/mm4"

[[mmsc]]
name = "bench-mms"
host = "127.0.0.1"
port = {ports.mmsc}
domain = "mms.example.net"
queue = {QUEUE}
"""


class Subject:
    """Starts the gateway, tells how it is, and stops it."""

    def __init__(self, reactor: Any, folder: Path, centre: BenchCentre) -> None:
        self._reactor = reactor
        self._folder = folder
        self._centre = centre
        self._process = GatewayProcess(folder / "gateway.log")
        self._smpp: Any = None
        self.ports = Ports(gateway=0, cpm=0, smpp=0)

    async def start(
        self, transport: str, *, msrp: bool = False, mmsc: int = 0
    ) -> Watched:
        """Bring it up, bound; CannotMeasure where it does not come up in time.

        With `mmsc`, the port of an MMS relay, there is MM4, which needs MSRP.
        """
        reactor = self._reactor
        self._smpp = reactor.listenTCP(0, self._centre, interface="127.0.0.1")
        self.ports = Ports(
            gateway=free_port(),
            cpm=free_port(),
            smpp=self._smpp.getHost().port,
            msrp=free_port() if msrp or mmsc else 0,
            mmsc=mmsc,
            mm4=free_port() if mmsc else 0,
        )
        config = self._folder / "cpmgw.toml"
        config.write_text(configuration(self._folder, transport, self.ports))
        self._process.start(reactor, config)
        end = reactor.seconds() + _READY_WITHIN
        while not self._centre.bound:
            self.must_run()
            if reactor.seconds() > end:
                raise self._no_gateway()
            await deferLater(reactor, 0.05)
        pid = getattr(self._process.transport, "pid", None)
        if pid is None:
            raise self._no_gateway()
        return Watched(pid)

    def must_run(self) -> None:
        """CannotMeasure if it has ended."""
        if not self._process.running:
            raise self._no_gateway()

    async def stop(self) -> None:
        """End it; returns when it is gone."""
        await self._process.stop(self._reactor)
        if self._smpp is not None:
            await self._smpp.stopListening()

    def _no_gateway(self) -> CannotMeasure:
        return CannotMeasure(f"no gateway:\n{self._process.last_words}")
