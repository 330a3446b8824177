"""liblinphone as a chat user: a small driver in C, compiled for the test."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from twisted.internet.threads import deferToThread

from tests.live.case import PEERS, LiveTestCase, Need, command, free_port
from tests.live.process import Process

HEADER: Final = Path("/usr/include/linphone/core.h")
GRAMMAR: Final = Path("/usr/share/belr/grammars/cpim_grammar")
LIBRARIES: Final = (
    "-llinphone",
    "-lmediastreamer",
    "-lortp",
    "-lbctoolbox",
    "-lbellesip",
)
COMPILING: Final = 30
"""Seconds that the compiler may take."""


def _installed() -> str:
    if HEADER.is_file() and GRAMMAR.is_file():
        return ""
    return "liblinphone (Debian: liblinphone-dev linphone-common) is not installed"


NEEDS: Final[Sequence[Need]] = (command("gcc", "gcc"), _installed)


class LinphoneUser:
    """A registered liblinphone."""

    def __init__(self, process: Process) -> None:
        self.process = process

    def send(self, uri: str, text: str) -> None:
        """Send a chat message."""
        self.process.tell(f"send {uri} {text}")

    async def state(self, state: str, text: str, seconds: float = 15.0) -> None:
        """Wait until a message that was sent has come to a state.

        Delivered: the network took it; DeliveredToUser: an IMDN said so.
        """
        wanted = f"@ state LinphoneChatMessageState{state} {text}"
        await self.process.line(lambda line: line == wanted, seconds)

    async def text(self, text: str, seconds: float = 15.0) -> str:
        """Wait for a message that comes; gives its sender's URI."""
        line = await self.process.line(
            lambda line: line.startswith("@ text ") and line.endswith(f" {text}"),
            seconds,
        )
        return line.split(" ", 3)[2]


def _compile(driver: Path) -> None:
    source = PEERS / "linphone_driver.c"
    files = ["-o", str(driver), str(source)]
    command = ["gcc", "-std=gnu11", "-O1", *files, *LIBRARIES]
    subprocess.run(command, check=True, timeout=COMPILING)


async def start_linphone(
    case: LiveTestCase, *, identity: str, core_port: int
) -> LinphoneUser:
    """Compile the driver, start it and wait until the core has registered it."""
    driver = case.folder / "linphone_driver"
    await deferToThread(_compile, driver)
    state = case.folder / "linphone"
    state.mkdir()
    proxy = f"sip:127.0.0.1:{core_port};transport=udp"
    process = case.process(
        "linphone", [driver, identity, proxy, str(free_port()), f"{state}/"]
    )
    await process.line("@ registration LinphoneRegistrationOk")
    return LinphoneUser(process)
