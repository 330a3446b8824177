"""node-smpp as SM-SC: what it says and what it is told."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

from tests.live.case import PEERS, PROJECT, LiveTestCase, Need, command, until
from tests.live.process import Process

MODULES: Final = Path(
    os.environ.get("CPMGW_NODE_MODULES", PROJECT / "var" / "peers" / "node_modules")
)
"""Where scripts/test puts what peers/package.json names."""


def _installed() -> str:
    if (MODULES / "smpp" / "package.json").is_file():
        return ""
    return f"smpp (npm) is not installed in {MODULES}: run scripts/test"


NEEDS: Final[Sequence[Need]] = (command("node", "nodejs"), _installed)

Event = dict[str, Any]


class NodeSmsCentre:
    """A running node-smpp; `port` is where it listens."""

    def __init__(self, process: Process, port: int) -> None:
        self.process = process
        self.port = port

    def tell(self, command: str, **values: Any) -> None:
        """Give a command (see server.js)."""
        self.process.tell(json.dumps({"command": command, **values}))

    def events(self, kind: str) -> list[Event]:
        """What it has told of one kind, in order."""
        told = [json.loads(line) for line in self.process.lines if line[:1] == "{"]
        return [each for each in told if each["event"] == kind]

    async def event(
        self,
        kind: str,
        fits: Callable[[Event], bool] = lambda event: True,
        seconds: float = 15.0,
    ) -> Event:
        """The first event of a kind that fits; waits for it."""
        await until(
            lambda: any(fits(each) for each in self.events(kind)),
            seconds,
            f"node-smpp: {kind}",
        )
        return next(each for each in self.events(kind) if fits(each))


async def start_node_smsc(
    case: LiveTestCase, *, tls: Sequence[Path] = ()
) -> NodeSmsCentre:
    """Start an SM-SC at a port of its own choice; `tls` are its key and certificate."""
    process = case.process(
        "node-smpp", ["/usr/bin/env", "node", PEERS / "server.js", MODULES, *tls]
    )
    line = await process.line('"listening"')
    return NodeSmsCentre(process, int(json.loads(line)["port"]))
