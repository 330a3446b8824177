"""One large message by MSRP into a file: how fast, and with how much memory."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter
from types import TracebackType
from typing import Final

import msgspec

import cpmgw
from cpmgw.lab.bench.machine import Watched
from cpmgw.lab.bench.receiver import PEER
from cpmgw.lab.bench.subject import CannotMeasure

_PATIENCE: Final = 60.0
_LETTERS: Final = bytes(range(ord("a"), ord("z") + 1))
_READ: Final = 256 * 1024
# Chunks between two looks at the receiver's memory.
_LOOK: Final = 16
_PORT: Final = re.compile(r":([0-9]+)/")
_OK: Final = b" 200 OK\r\n"
_END: Final = b"$\r\n"


Parts = tuple[bytes, memoryview, bytes]
"""A chunk: head, body and end-line."""


class Answers:
    """Counts the answers in a stream: all of them, and those that are 200."""

    def __init__(self) -> None:
        self.all = 0
        self.ok = 0
        self._rest = b""

    def add(self, octets: bytes) -> None:
        """More of the stream is here."""
        octets = self._rest + octets
        end = octets.rfind(_END) + len(_END)
        if end < len(_END):
            self._rest = octets
            return
        self.all += octets.count(_END, 0, end)
        self.ok += octets.count(_OK, 0, end)
        self._rest = octets[end:]


class StreamPlan(msgspec.Struct, frozen=True, kw_only=True):
    """What to send: octets of a message and of its chunks, and how often."""

    size: int = 100_000_000
    chunks: tuple[int, ...] = (2_048, 65_536, 1_048_576)
    rounds: int = 5


class StreamFigures(msgspec.Struct, frozen=True, kw_only=True):
    """What the messages with chunks of one size took.

    Rates are in octets a second, by the clock and by the receiver's CPU; memory is in
    kilobytes, `most` while receiving.
    """

    chunk: int
    slowest: float
    fastest: float
    per_cpu_second: float
    idle: int
    most: int


class Receiver:
    """The receiving process, while it is needed."""

    def __init__(self, spool: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "cpmgw.lab.bench.receiver", str(spool)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(cpmgw.__file__).parent.parent,
        )
        self.watched = Watched(self._process.pid)

    def __enter__(self) -> str:
        assert self._process.stdout is not None
        uri = self._process.stdout.readline().strip()
        if not uri:
            raise CannotMeasure("no MSRP node")
        return uri

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.communicate()  # the end of its input ends it


def frames(uri: str, name: str, size: int, chunk: int) -> Iterator[Parts]:
    """The chunks of a message to `uri`, `name`d with four letters or digits or more."""
    body = memoryview(_LETTERS * (min(chunk, size) // len(_LETTERS) + 1))
    for number, begin in enumerate(range(0, size, chunk)):
        end = min(begin + chunk, size)
        transaction = f"{name}x{number}"
        head = (
            f"MSRP {transaction} SEND\r\n"
            f"To-Path: {uri}\r\n"
            f"From-Path: {PEER}\r\n"
            f"Message-ID: {name}\r\n"
            f"Byte-Range: {begin + 1}-{end}/{size}\r\n"
            "Content-Type: text/plain\r\n\r\n"
        )
        flag = "$" if end == size else "+"
        tail = f"\r\n-------{transaction}{flag}\r\n"
        yield head.encode(), body[: end - begin], tail.encode()


class _Sender:
    """One connection to the receiver, which is written to as fast as it reads."""

    def __init__(self, uri: str, watched: Watched) -> None:
        found = _PORT.search(uri)
        if found is None:
            raise CannotMeasure(f"no port in {uri}")
        self._uri = uri
        self._watched = watched
        self._socket = socket.create_connection(("127.0.0.1", int(found[1])))
        self._socket.settimeout(_PATIENCE)
        self._answers = Answers()
        self.most = 0

    def close(self) -> None:
        """Let go of the connection."""
        self._socket.close()

    def send(self, name: str, size: int, chunk: int) -> None:
        """Send a message and wait for all its answers; CannotMeasure if not all 200."""
        answers = self._answers = Answers()
        count = 0
        for count, parts in enumerate(frames(self._uri, name, size, chunk), 1):
            self._write(parts)
            if count % _LOOK == 0:
                self._look()
        while answers.all < count:
            self._read()
        self.most = max(self.most, self._watched.resident)
        if answers.ok != count:
            raise CannotMeasure(f"{count - answers.ok} of {count} chunks were refused")

    def _write(self, parts: Parts) -> None:
        head, body, tail = parts
        if len(body) <= _READ:
            self._socket.sendall(b"".join(parts))
            return
        self._socket.sendall(head)
        self._socket.sendall(body)
        self._socket.sendall(tail)

    def _look(self) -> None:
        """Take what answers are there, and note the receiver's memory."""
        self.most = max(self.most, self._watched.resident)
        try:
            self._answers.add(self._socket.recv(_READ, socket.MSG_DONTWAIT))
        except BlockingIOError:
            return

    def _read(self) -> None:
        octets = self._socket.recv(_READ)
        if not octets:
            raise CannotMeasure("the receiver has closed the connection")
        self._answers.add(octets)


def measure(plan: StreamPlan, folder: Path) -> Iterator[StreamFigures]:
    """Send the messages of a plan, one after another; files are below `folder`."""
    for chunk in plan.chunks:
        receiver = Receiver(folder / "spool")
        with receiver as uri:
            yield _figures(uri, receiver.watched, plan, chunk)


def _figures(uri: str, watched: Watched, plan: StreamPlan, chunk: int) -> StreamFigures:
    sender = _Sender(uri, watched)
    idle, rates = watched.resident, []
    cpu = watched.cpu
    try:
        for number in range(plan.rounds):
            began = perf_counter()
            sender.send(f"message{number}", plan.size, chunk)
            rates.append(plan.size / (perf_counter() - began))
    except OSError as error:
        raise CannotMeasure(f"MSRP: {error}") from error
    finally:
        sender.close()
    return StreamFigures(
        chunk=chunk,
        slowest=min(rates),
        fastest=max(rates),
        per_cpu_second=plan.rounds * plan.size / max(watched.cpu - cpu, 1e-9),
        idle=idle,
        most=max(sender.most, idle),
    )
