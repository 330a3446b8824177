"""Both ends of SMTP for the load: they know what the gateway says, and no more.

The lab's MMS relay, which is a real one, would need as much CPU as the gateway.
"""

from __future__ import annotations

import re
from collections import Counter, deque
from collections.abc import Callable
from typing import Any, Final

from twisted.internet.endpoints import TCP4ClientEndpoint, connectProtocol
from twisted.internet.protocol import Protocol, ServerFactory
from twisted.python.failure import Failure

from cpmgw.lab.bench.letters import DOMAIN, Mail

_HOST: Final = "127.0.0.1"
_GREETING: Final = f"220 {DOMAIN} ESMTP\r\n".encode()
_EXTENSIONS: Final = (
    f"250-{DOMAIN}\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 SIZE 104857600\r\n"
).encode()
_END: Final = b"\r\n.\r\n"
_FROM: Final = re.compile(rb"(?i)MAIL FROM:<([^>]*)>")
_LAST_LINE: Final = re.compile(rb"(?m)^([2-5][0-9]{2})(?: [^\r\n]*)?\r\n")


class MailSink(ServerFactory):
    """Takes the gateway's mail; a `silent` one accepts connections, and that is all.

    `took` is called with the sender of the envelope and the mail.
    """

    noisy = False

    def __init__(self, took: Callable[[str, bytes], None]) -> None:
        self.silent = False
        self.connections = 0
        self.took = took

    def buildProtocol(self, addr: Any) -> Protocol:
        """A connection."""
        self.connections += 1
        return _Sink(self)


class _Sink(Protocol):
    """One connection of the gateway's."""

    transport: Any

    def __init__(self, sink: MailSink) -> None:
        self._sink = sink
        self._buffer = bytearray()
        self._sender = ""
        self._in_content = False

    def connectionMade(self) -> None:
        """Greet."""
        self.transport.setTcpNoDelay(True)
        if not self._sink.silent:
            self.transport.write(_GREETING)

    def dataReceived(self, data: bytes) -> None:
        """Answer commands, take contents."""
        if self._sink.silent:
            return
        seen = len(self._buffer)
        self._buffer += data
        while self._buffer:
            if self._in_content:
                end = self._buffer.find(_END, max(0, seen - len(_END)))
                if end < 0:
                    return
                self._content(bytes(self._buffer[: end + 2]))
                del self._buffer[: end + len(_END)]
            else:
                end = self._buffer.find(b"\r\n")
                if end < 0:
                    return
                self._command(bytes(self._buffer[:end]))
                del self._buffer[: end + 2]
            seen = 0

    def _command(self, line: bytes) -> None:
        verb = line[:4].upper()
        reply = b"250 2.0.0 OK\r\n"
        if verb == b"EHLO":
            reply = _EXTENSIONS
        elif verb == b"MAIL":
            found = _FROM.match(line)
            self._sender = found[1].decode() if found is not None else ""
        elif verb == b"DATA":
            self._in_content = True
            reply = b"354 Go on\r\n"
        elif verb == b"QUIT":
            self.transport.write(b"221 2.0.0 Bye\r\n")
            self.transport.loseConnection()
            return
        self.transport.write(reply)

    def _content(self, mail: bytes) -> None:
        self._in_content = False
        self.transport.write(b"250 2.0.0 Taken\r\n")
        self._sink.took(self._sender, mail)


class MailSource:
    """Sends mails over so many connections, each as soon as one is free.

    What is not taken is counted in `faults`.
    """

    def __init__(self, reactor: Any, faults: Counter[str]) -> None:
        self.faults = faults
        self._reactor = reactor
        self._waiting: deque[Mail] = deque()
        self._idle: list[_Source] = []

    async def connect(self, port: int, connections: int) -> None:
        """Join the gateway."""
        way = TCP4ClientEndpoint(self._reactor, _HOST, port)
        for _ in range(connections):
            await connectProtocol(way, _Source(self))

    def send(self, mail: Mail) -> None:
        """Send a mail when it is its turn."""
        self._waiting.append(mail)
        self._pump()

    def free(self, source: _Source) -> None:
        """A connection has nothing to do."""
        self._idle.append(source)
        self._pump()

    def _pump(self) -> None:
        while self._waiting and self._idle:
            self._idle.pop().send(self._waiting.popleft())


class _Source(Protocol):
    """One connection to the gateway."""

    transport: Any

    def __init__(self, owner: MailSource) -> None:
        self._owner = owner
        self._buffer = b""
        self._mail: Mail | None = None
        self._replies: list[int] = []
        self._wanted = 1
        self._next: Callable[[], None] = self._greeted

    def connectionMade(self) -> None:
        """Commands shall not wait for each other."""
        self.transport.setTcpNoDelay(True)

    def connectionLost(self, reason: Failure | None = None) -> None:
        """A mail that was on its way has not been taken."""
        if self._mail is not None:
            self._owner.faults["connection to the gateway lost"] += 1

    def dataReceived(self, data: bytes) -> None:
        """Go on as soon as all replies are there."""
        self._buffer += data
        end = self._buffer.rfind(b"\n") + 1
        lines, self._buffer = self._buffer[:end], self._buffer[end:]
        self._replies += [int(code) for code in _LAST_LINE.findall(lines)]
        if len(self._replies) >= self._wanted:
            self._next()

    def send(self, mail: Mail) -> None:
        """Send a mail: the envelope first."""
        self._mail = mail
        self._expect(3, self._begun)
        self.transport.write(
            f"MAIL FROM:<{mail.sender}> SIZE={len(mail.head) + len(mail.body)}\r\n"
            f"RCPT TO:<{mail.recipient}>\r\nDATA\r\n".encode()
        )

    def _expect(self, replies: int, then: Callable[[], None]) -> None:
        self._replies.clear()
        self._wanted, self._next = replies, then

    def _greeted(self) -> None:
        self._expect(1, self._done)
        self.transport.write(f"EHLO {DOMAIN}\r\n".encode())

    def _begun(self) -> None:
        assert self._mail is not None
        if self._replies[-1] != 354:
            self._failed(self._replies)
            return
        self._expect(1, self._ended)
        self.transport.writeSequence([self._mail.head, self._mail.body, b".\r\n"])

    def _ended(self) -> None:
        if self._replies[-1] >= 300:
            self._failed(self._replies)
        else:
            self._done()

    def _failed(self, replies: list[int]) -> None:
        worst = max(replies)
        self._owner.faults[f"mail answered {worst}"] += 1
        self._mail = None
        self._expect(1, self._done)
        self.transport.write(b"RSET\r\n")

    def _done(self) -> None:
        self._mail = None
        self._expect(1, self._done)
        self._owner.free(self)
