"""Kamailio as an MSRP relay (RFC 4976)."""

from __future__ import annotations

import os
import signal
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec

from tests.live.case import PEERS, LiveTestCase, Need, command, free_port, program
from tests.live.kamailio import MODULES
from tests.live.process import Process

REALM: Final = "relay.example.net"
PASSWORD: Final = "one for all"


def _msrp() -> str:
    if any((Path(path) / "msrp.so").is_file() for path in MODULES):
        return ""
    return "Kamailio's msrp module (Debian: kamailio) is not installed"


NEEDS: Final[Sequence[Need]] = (command("kamailio", "kamailio"), _msrp)


class Relay(msgspec.Struct):
    """A running relay; whoever has the password may use it."""

    port: int
    process: Process

    async def stop(self) -> None:
        """End it with all its processes, at once.

        One that is asked to end soon after its start may never do so.
        """
        if self.process.status is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            await self.process.end()

    @property
    def uri(self) -> str:
        """Its own URI."""
        return f"msrp://127.0.0.1:{self.port};tcp"


async def start_relay(case: LiveTestCase, *, expires: int = 600) -> Relay:
    """Start Kamailio; a place at it is given for so many seconds."""
    port = free_port()
    values = {
        "DEBUG": 2,
        "PORT": port,
        "MODULES": next(path for path in MODULES if Path(path).is_dir()),
        "REALM": REALM,
        "PASSWORD": PASSWORD,
        "EXPIRES": expires,
    }
    text = (PEERS / "msrp_relay.cfg").read_text()
    for name, value in values.items():
        text = text.replace(f"@{name}@", str(value))
    config = case.folder / "msrp_relay.cfg"
    config.write_text(text)
    memory = ("-m", "64", "-M", "8")
    where = ("-Y", case.folder, "-P", case.folder / "relay.pid")
    process = case.process(
        "msrp-relay",
        [
            *("/usr/bin/env", "setsid"),
            *(program("kamailio") or "", "-f", config, "-DD", "-E", *memory, *where),
        ],
    )
    relay = Relay(port, process)
    case.at_the_end(relay.stop)
    await process.line("relay is up")
    return relay
