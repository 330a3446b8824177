"""smtp-sink, Postfix's own test server: it takes mail, or fails as it is told to."""

from __future__ import annotations

import os
import pwd
import re
import socket
from pathlib import Path
from typing import Final

import msgspec
from twisted.internet.task import deferLater

from tests.live.case import LiveTestCase, Need, command, free_port, program
from tests.live.process import Process, ProcessFailed
from tests.live.reactor import reactor

NEEDS: Final[tuple[Need, ...]] = (command("smtp-sink", "postfix"),)
USER: Final = "nobody"

_HEAD: Final = re.compile(
    r"X-Client-Addr: .*\n"
    r"X-Client-Proto: (?P<proto>.*)\n"
    r"X-Helo-Args: (?P<helo>.*)\n"
    r"X-Mail-Args: (?P<mail>.*)\n"
    r"(?P<rcpts>(?:X-Rcpt-Args: .*\n)+)"
    r"Received: .*\n(?:\t.*\n)*"
)


class Caught(msgspec.Struct, frozen=True):
    """A mail that it has: what followed EHLO, MAIL and each RCPT; lines end in LF."""

    proto: str
    helo: str
    mail: str
    rcpts: tuple[str, ...]
    content: bytes


class Sink(msgspec.Struct):
    """A smtp-sink that runs."""

    port: int
    process: Process
    folder: Path

    def caught(self) -> list[Caught]:
        """The mails that it has, the earliest first."""
        files = sorted(self.folder.iterdir(), key=lambda each: each.stat().st_mtime_ns)
        return [_read(path.read_bytes()) for path in files]


async def start_sink(case: LiveTestCase, *options: str, port: int = 0) -> Sink:
    """Start it; `options` are how it is to fail."""
    port = port or free_port()
    name = f"sink-{port}"
    folder = case.folder / name
    folder.mkdir()
    user: tuple[str, ...] = ()
    if os.geteuid() == 0:
        os.chown(folder, pwd.getpwnam(USER).pw_uid, -1)
        user = ("-u", USER)
    dump = ("-d", f"{name}/%s.")
    where = f"127.0.0.1:{port}"
    words = [program("smtp-sink") or "", *user, *dump, "-v", *options, where, "100"]
    process = case.process(name, words)
    await _listening(process, port)
    return Sink(port, process, folder)


async def _listening(process: Process, port: int) -> None:
    for _ in range(100):
        with socket.socket() as probe:
            if not probe.connect_ex(("127.0.0.1", port)):
                return
        if process.status is not None:
            break
        await deferLater(reactor, 0.05)
    raise ProcessFailed(f"smtp-sink does not listen: {process.tail}")


def _read(dump: bytes) -> Caught:
    text = dump.decode("latin-1")
    head = _HEAD.match(text)
    if head is None:
        raise ProcessFailed(f"no dump of smtp-sink: {text[:300]!r}")
    return Caught(
        proto=head["proto"],
        helo=head["helo"],
        mail=head["mail"],
        rcpts=tuple(re.findall("X-Rcpt-Args: (.*)\n", head["rcpts"])),
        content=text[head.end() :].removesuffix("\n").encode("latin-1"),
    )
