"""The gateway as its operator starts it: `twistd -n cpmgw --config FILE`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Final

import msgspec
from twisted.web.client import Agent, readBody

from tests.live.case import PROJECT, LiveTestCase, free_port
from tests.live.process import Process
from tests.live.reactor import reactor

DOMAIN: Final = "ims.example.net"
FAULT: Final = "#critical]"
"""In the log line of an exception that nobody expected."""


class Network(msgspec.Struct, frozen=True, kw_only=True):
    """What a gateway is connected to: its next hop (a SIP URI) and SM-SC's port.

    Without the latter it has no SM-SC. `port` is where it listens for UDP and TCP, and
    `tls_port` for TLS with the key and certificate in `tls`; `web_port`, if any, is
    where its metrics are. `smsc` and `policy` are further keys of those sections,
    `tables` further tables in TOML, such as an [[iwf]].
    """

    next_hop: str
    smsc_port: int | None = None
    port: int = msgspec.field(default_factory=free_port)
    tls_port: int = 0
    tls: tuple[Path, Path] | None = None
    trust_roots: tuple[Path, ...] = ()
    smsc: tuple[str, ...] = ()
    policy: tuple[str, ...] = ()
    tables: str = ""
    web_port: int = 0
    debug: bool = True

    def config(self, folder: Path) -> str:
        """The configuration file."""
        roots = [str(path) for path in self.trust_roots]
        lines = [
            "[gateway]",
            f'domain = "{DOMAIN}"',
            f'state = "sqlite:{folder / "gateway.sqlite"}"',
            "[sip]",
            f"listen = {json.dumps(self._listen())}",
            f'next_hop = "{self.next_hop}"',
            *([f"connection.trust_roots = {json.dumps(roots)}"] if roots else []),
            *self._smsc(),
            "[policy]",
            *self.policy,
            "[log]",
            f'level = "{"debug" if self.debug else "info"}"',
            *self._web(),
            self.tables,
        ]
        return "\n".join([*lines, ""])

    def _listen(self) -> list[str]:
        listen = [f"{kind}:{self.port}:interface=127.0.0.1" for kind in ("udp", "tcp")]
        if self.tls is not None:
            key, certificate = self.tls
            files = f"privateKey={key}:certKey={certificate}"
            listen.append(f"tls:{self.tls_port}:interface=127.0.0.1:{files}")
        return listen

    def _smsc(self) -> list[str]:
        if self.smsc_port is None:
            return []
        return [
            "[[smsc]]",
            'name = "home"',
            'host = "127.0.0.1"',
            f"port = {self.smsc_port}",
            'system_id = "cpmgw"',
            'password = "secret"',
            "backoff_initial = 0.2",
            "backoff_maximum = 1.0",
            *self.smsc,
        ]

    def _web(self) -> list[str]:
        if not self.web_port:
            return []
        return ["[web]", f'listen = "tcp:{self.web_port}:interface=127.0.0.1"']


async def start_gateway(
    case: LiveTestCase, network: Network, name: str = "gateway"
) -> Process:
    """Start a gateway, and wait until it listens; a fault in its log fails the test.

    The same test may start it again on the same configuration (and state).
    """
    config = case.folder / "cpmgw.toml"
    config.write_text(network.config(case.folder))
    process = case.process(
        name,
        [
            *(sys.executable, Path(sys.executable).with_name("twistd")),
            *("-n", f"--pidfile={case.folder / f'{name}.pid'}"),
            *("cpmgw", "--config", config),
        ],
        cwd=PROJECT,
        environment={"PYTHONPATH": str(PROJECT)},
    )

    async def faultless() -> None:
        await process.stop()
        faults = [line for line in process.lines if FAULT in line]
        if faults:
            raise AssertionError("\n".join(faults))

    case.at_the_end(faultless)
    await process.line("SIP over")
    return process


async def metric(network: Network, name: str) -> float:
    """The value of a metric that has no labels, as a gateway shows it now."""
    place = f"http://127.0.0.1:{network.web_port}/metrics".encode()
    response = await Agent(reactor).request(b"GET", place)
    page: bytes = await readBody(response)
    for line in page.decode().splitlines():
        if line.startswith(f"{name} "):
            return float(line.split()[1])
    raise AssertionError(f"no {name} among the metrics")
