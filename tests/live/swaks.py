"""swaks as a client of SMTP: one mail a process."""

from __future__ import annotations

import subprocess
from typing import Final

from cpmgw.smtp.data import stuffed
from tests.live.case import LiveTestCase, Need, command, free_port, program
from tests.live.process import Process

NEEDS: Final[tuple[Need, ...]] = (command("swaks", "swaks"),)


def with_tls() -> str:
    """It writes TLS by a module of Perl's that not every machine has."""
    perl = program("perl")
    if perl is not None:
        found = subprocess.run([perl, "-MNet::SSLeay", "-e1"], capture_output=True)
        if found.returncode == 0:
            return ""
    return "Net::SSLeay (Debian: libnet-ssleay-perl) is not installed"


async def swaks(
    case: LiveTestCase, port: int, *options: str, data: bytes | None = None
) -> Process:
    """Run it, to its end; `data` is a whole mail, else it writes one of its own.

    It takes an address that begins with "+" for an option: quote its local part.
    """
    name = f"swaks-{free_port()}"
    words = ["--server", "127.0.0.1", "--port", str(port), "--timeout", "10"]
    if data is not None:
        path = case.folder / f"{name}.eml"
        dotted = b"".join(stuffed([data]))
        path.write_bytes(dotted.removesuffix(b"\r\n"))  # it writes the last one itself
        words += ["--no-data-fixup", "--data", f"@{path}"]
    process = case.process(name, [program("swaks") or "", *words, *options])
    await process.end()
    return process
