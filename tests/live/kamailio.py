"""Kamailio as the SIP/IP core: registrar and record-routing proxy."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec

from tests.live.case import PEERS, LiveTestCase, Need, command, free_port, program
from tests.live.certificates import write_certificate
from tests.live.process import Process

MODULES: Final = (
    "/usr/lib/x86_64-linux-gnu/kamailio/modules/",
    "/usr/lib/aarch64-linux-gnu/kamailio/modules/",
    "/usr/lib64/kamailio/modules/",
    "/usr/lib/kamailio/modules/",
)


def _tls() -> str:
    if any((Path(path) / "tls.so").is_file() for path in MODULES):
        return ""
    return "Kamailio's TLS (Debian: kamailio-tls-modules) is not installed"


NEEDS: Final[Sequence[Need]] = (command("kamailio", "kamailio"), _tls)
USERS: Final = "1555"
"""What the numbers of those users begin with whom SIPp plays."""


class Core(msgspec.Struct):
    """A running Kamailio, and where it listens."""

    port: int
    tls_port: int
    process: Process

    def uri(self, transport: str) -> str:
        """What has it as next hop over a transport."""
        port = self.tls_port if transport == "tls" else self.port
        return f"sip:127.0.0.1:{port};transport={transport};lr"


async def start_core(
    case: LiveTestCase,
    *,
    gateway: str,
    users_port: int = 9,
    users_transport: str = "udp",
) -> Core:
    """Start Kamailio between users and a gateway (a SIP URI)."""
    port, tls_port = free_port(), free_port()
    write_certificate(case.folder / "core.key", case.folder / "core.crt")
    values = {
        "DEBUG": 3,
        "PORT": port,
        "TLS_PORT": tls_port,
        "MODULES": next(path for path in MODULES if Path(path).is_dir()),
        "DIR": case.folder,
        "USERS": USERS,
        "USERS_PORT": users_port,
        "USERS_TRANSPORT": users_transport,
        "GATEWAY": gateway,
    }
    text = (PEERS / "kamailio.cfg").read_text()
    for name, value in values.items():
        text = text.replace(f"@{name}@", str(value))
    config = case.folder / "kamailio.cfg"
    config.write_text(text)
    memory = ("-m", "64", "-M", "8")
    where = ("-Y", case.folder, "-P", case.folder / "kamailio.pid")
    process = case.process(
        "kamailio",
        [program("kamailio") or "", "-f", config, "-DD", "-E", *memory, *where],
    )
    await process.line("core is up")
    return Core(port, tls_port, process)
