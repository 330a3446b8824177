"""Relays of which every answer is known, and bodies to send to them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from twisted.internet.interfaces import IAddress
from twisted.internet.protocol import Protocol, ServerFactory
from twisted.protocols.tls import TLSMemoryBIOFactory, TLSMemoryBIOProtocol
from twisted.trial.unittest import SynchronousTestCase as TestCase
from zope.interface import implementer

from cpmgw.bodies.interfaces import IBody
from cpmgw.smtp.interfaces import Envelope, Recipient
from tests.support.network import MemoryNetwork
from tests.support.streams import StreamTransport

Answer = str | Callable[["RelaySide"], None] | None
"""A reply, what is done instead of one, or nothing at all."""

ALL_OFFERS = (
    "PIPELINING",
    "SIZE 10485760",
    "8BITMIME",
    "SMTPUTF8",
    "DSN",
    "DELIVERBY 60",
    "ENHANCEDSTATUSCODES",
)


def close(side: RelaySide) -> None:
    """Close the connection instead of an answer."""
    side.transport.loseConnection()


def cut(side: RelaySide) -> None:
    """Lose the connection, and what is on the way, instead of an answer."""
    side.transport.abortConnection()


class RelaySide(Protocol):
    """A relay's end of one connection."""

    transport: Any

    def __init__(self, relay: Relay) -> None:
        self.relay = relay
        self.commands: list[str] = []
        self.writes: list[bytes] = []
        self.open = True
        self._buffer = b""
        self._mail: bytearray | None = None
        self._accepted = 0

    def connectionMade(self) -> None:
        """Greet."""
        self.say(self.relay.answer("GREETING", "220 relay.test ESMTP"))

    def connectionLost(self, reason: Any = None) -> None:
        """Remember it."""
        self.open = False

    def dataReceived(self, data: bytes) -> None:
        """Take commands and contents."""
        self.writes.append(data)
        if self._mail is not None and self.relay.sips:
            self.transport.pauseProducing()
        self._buffer += data
        while self._buffer and self.open:
            if self._mail is not None:
                if not self._content(self._mail):
                    return
            elif b"\r\n" in self._buffer:
                line, _, self._buffer = self._buffer.partition(b"\r\n")
                self._command(line.decode())
            else:
                return

    def say(self, answer: Answer) -> None:
        """Give an answer."""
        if callable(answer):
            answer(self)
        elif answer is not None:
            self.transport.write(answer.replace("\n", "\r\n").encode() + b"\r\n")

    def _command(self, line: str) -> None:
        self.commands.append(line)
        self.relay.commands.append(line)
        verb = line.split(" ")[0].upper()
        if verb in ("EHLO", "HELO"):
            offers = (self.relay.offers if verb == "EHLO" else ()) or ()
            self.say(self.relay.answer(verb, greeting(*offers)))
        elif verb == "RCPT":
            answer = self.relay.answer(verb, "250 2.1.5 Ok")
            self._accepted += isinstance(answer, str) and answer.startswith("2")
            self.say(answer)
        elif verb == "DATA":
            usual = "354 go" if self._accepted else "554 5.5.1 no valid recipients"
            answer = self.relay.answer(verb, usual)
            self._accepted = 0
            if isinstance(answer, str) and answer.startswith("354"):
                self._mail = bytearray(b"\r\n")
            self.say(answer)
        elif verb == "QUIT":
            self.say(self.relay.answer(verb, "221 2.0.0 Bye"))
            self.transport.loseConnection()
        else:
            self.say(self.relay.answer(verb, "250 2.0.0 Ok"))

    def _content(self, mail: bytearray) -> bool:
        """Take octets of a mail; tells whether it has ended."""
        mail += self._buffer
        end = mail.find(b"\r\n.\r\n", max(0, len(mail) - len(self._buffer) - 5))
        if end < 0:
            self._buffer = b""
            return False
        self._buffer = bytes(mail[end + 5 :])
        self._mail = None
        self.relay.mails.append(bytes(mail[2 : end + 2]))
        self.say(self.relay.answer(".", "250 2.0.0 queued"))
        return True


class Relay(ServerFactory):
    """A relay that takes everything, but for the `answers` it has for a verb.

    Those of a list are given one after the other, then what is usual. One that `sips`
    stops to read after each piece of a content.
    """

    noisy = False

    def __init__(self, *offers: str) -> None:
        self.offers = offers
        self.answers: dict[str, Answer | list[Answer]] = {}
        self.sips = False
        self.commands: list[str] = []
        self.mails: list[bytes] = []
        self.sides: list[RelaySide] = []

    def buildProtocol(self, addr: IAddress | None) -> RelaySide:
        """One more connection."""
        side = RelaySide(self)
        self.sides.append(side)
        return side

    def answer(self, verb: str, usual: str) -> Answer:
        """What is said to a verb."""
        answer = self.answers.get(verb, usual)
        if isinstance(answer, list):
            return answer.pop(0) if answer else usual
        return answer

    @property
    def verbs(self) -> list[str]:
        """The commands, without what follows."""
        return [each.split(" ")[0] for each in self.commands]

    @property
    def open(self) -> int:
        """How many connections there are."""
        return sum(side.open for side in self.sides)


def greeting(*offers: str) -> str:
    """An answer to EHLO."""
    lines = ["relay.test", *offers]
    marks = ["-"] * len(offers) + [" "]
    return "\n".join(f"250{m}{line}" for m, line in zip(marks, lines, strict=True))


@implementer(IBody)
class Content:
    """A body of known octets, which says how many of its readers are open."""

    path: Path | None = None

    def __init__(self, *pieces: bytes, size: int | None = None) -> None:
        self._pieces = pieces
        self.size = sum(map(len, pieces)) if size is None else size
        self.readers = 0
        self.read_octets = 0

    def read(self) -> bytes:
        """All of it."""
        return b"".join(self._pieces)

    def pieces(self, size: int) -> Iterator[bytes]:
        """As it was made, whatever size is asked for."""
        self.readers += 1
        try:
            for piece in self._pieces:
                self.read_octets += len(piece)
                yield piece
        finally:
            self.readers -= 1

    def move(self, target: Path) -> None:
        """Become a file of its own."""
        target.write_bytes(self.read())

    def close(self) -> None:
        """Nothing is held."""


class Unreadable(Content):
    """A body whose file is gone half-way."""

    def pieces(self, size: int) -> Iterator[bytes]:
        """The pieces, then an error."""
        yield from super().pieces(size)
        raise OSError("no such file")


def envelope(*recipients: str, **changes: Any) -> Envelope:
    """An envelope, by default to one recipient."""
    values: dict[str, Any] = {
        "sender": "system-user@gw.test",
        "recipients": tuple(
            Recipient(address=each)
            for each in recipients or ("+1555/TYPE=PLMN@x.test",)
        ),
    }
    return Envelope(**{**values, **changes})


class _Plain:
    """A stream as it is without TLS."""

    def __init__(self, stream: StreamTransport) -> None:
        self.write = stream.write
        self.writeSequence = stream.writeSequence
        self.loseConnection = stream.loseConnection
        self.registerProducer = stream.registerProducer
        self.unregisterProducer = stream.unregisterProducer
        self.getPeer = stream.getPeer
        self.getHost = stream.getHost
        self._stream = stream
        self.disconnecting = False

    def abortConnection(self) -> None:
        """Later: Twisted's TLS cannot bear that its transport is gone at once."""
        self._stream._network.callLater(
            0, StreamTransport.abortConnection, self._stream
        )


def start_tls(stream: Any, contextFactory: Any, normal: bool = True) -> None:
    """What startTLS of a TCP transport does, for one in memory."""
    network: MemoryNetwork = stream._network
    is_client = (stream._connector is not None) == normal
    unused: Any = None
    factory = TLSMemoryBIOFactory(contextFactory, is_client, unused, clock=network)
    tls = TLSMemoryBIOProtocol(factory, stream._protocol, False)
    plain: Any = _Plain(stream)
    stream._protocol = tls
    for name in (
        "write",
        "writeSequence",
        "loseConnection",
        "abortConnection",
        "registerProducer",
        "unregisterProducer",
        "getPeerCertificate",
    ):
        setattr(stream, name, getattr(tls, name))
    tls.makeConnection(plain)


def encrypted_streams(case: TestCase) -> None:
    """Let streams in memory have startTLS, for one test."""
    if not hasattr(StreamTransport, "startTLS"):
        StreamTransport.startTLS = start_tls  # type: ignore[attr-defined]
        case.addCleanup(delattr, StreamTransport, "startTLS")
