"""The CPM side of the load of multimedia messages: each in a session of its own.

It sends large messages, and takes those that the gateway sends, by SIP over one
connection and MSRP over a few.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from typing import Any, Final

from twisted.internet.defer import maybeDeferred
from twisted.internet.endpoints import TCP4ClientEndpoint, connectProtocol
from twisted.internet.protocol import Protocol, ServerFactory
from twisted.python.failure import Failure

from cpmgw.lab.bench.calls import MsrpEnd
from cpmgw.lab.bench.cpm import TcpLoad, TcpReceiver
from cpmgw.lab.bench.frames import MESSAGE, Frame
from cpmgw.lab.bench.invitations import LARGE, Answer, Invitation, read_answer
from cpmgw.lab.bench.letters import Letters
from cpmgw.lab.bench.messages import ok
from cpmgw.lab.bench.subject import Ports

_HOST: Final = "127.0.0.1"
_OK: Final = 200
_HAS_CONTENT: Final = b"\r\n\r\n"
_LAST: Final = b"$\r\n"
_COPIED: Final = re.compile(
    rb"(?mi)^(?:Via|Record-Route|From|Call-ID|CSeq):[^\r\n]*\r\n"
)
_TO: Final = re.compile(rb"(?mi)^To:[^\r\n]*")
_SDP: Final = (
    "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
    "m=message %(port)d TCP/MSRP *\r\n"
    "a=path:msrp://127.0.0.1:%(port)d/%(name)s;tcp\r\n"
    "a=accept-types:message/cpim\r\n"
    "a=accept-wrapped-types:multipart/mixed text/plain image/jpeg\r\n"
    "a=setup:passive\r\na=recvonly\r\n"
)


def accept(invite: bytes, name: str, sip: int, msrp: int) -> bytes:
    """The 200 to an INVITE of the gateway's; our MSRP listens on a port."""
    to = _TO.search(invite)
    body = (_SDP % {"port": msrp, "name": name}).encode()
    return b"".join(
        (
            b"SIP/2.0 200 OK\r\n",
            *_COPIED.findall(invite),
            to[0] if to is not None else b"To: <sip:nobody@invalid>",
            f";tag={name}\r\n".encode(),
            f"Contact: <sip:bench@{_HOST}:{sip};transport=tcp>\r\n".encode(),
            b"Content-Type: application/sdp\r\n",
            f"Content-Length: {len(body)}\r\n\r\n".encode(),
            body,
        )
    )


class LargeCalls:
    """Sends large messages, each with an INVITE, SENDs and a BYE (SipEnd).

    `done` is called with the number of a message and the status that refused it, or
    200 once its BYE was answered. `taken` counts messages that came whole. What goes
    wrong is counted in `faults`.
    """

    def __init__(
        self,
        reactor: Any,
        letters: Letters,
        faults: Counter[str],
        done: Callable[[int, int], None],
        *,
        connections: int,
    ) -> None:
        self.taken = 0
        self.faults = faults
        self._reactor = reactor
        self._letters = letters
        self._done = done
        self._connections = connections
        self._write: Any = None
        self._port = 0
        self._calls: dict[int, Invitation] = {}
        self._statuses: dict[int, int] = {}
        self._msrp: dict[int, MsrpEnd] = {}
        self._way: Any = None
        self._came = 0
        self._listening: list[Any] = []

    async def connect(self, ports: Ports) -> None:
        """Join the gateway; MSRP is connected as messages go."""
        reactor = self._reactor
        for port, factory in (
            (ports.cpm, TcpReceiver(self)),
            (0, _Takers(self._frame)),
        ):
            listening = reactor.listenTCP(port, factory, interface=_HOST)
            self._listening.append(listening)
        sip = TCP4ClientEndpoint(reactor, _HOST, ports.gateway)
        await connectProtocol(sip, TcpLoad(self, ports.cpm))
        self._way = TCP4ClientEndpoint(reactor, _HOST, ports.msrp)

    async def stop(self) -> None:
        """Take nothing more."""
        for each in self._listening:
            await maybeDeferred(each.stopListening)

    def send(self, number: int) -> None:
        """Send a message."""
        call = self._calls[number] = Invitation(number, self._port, LARGE)
        self._write(call.invite())

    # -- SIP ----------------------------------------------------------------------

    def connected(self, write: Any, transport: str, port: int) -> None:
        """The way to the gateway is open (SipEnd)."""
        self._write, self._port = write, port

    def received(self, data: bytes, write: Any) -> None:
        """A response to one of ours, or a request of the gateway's (SipEnd)."""
        if data.startswith(b"SIP/2.0 "):
            answer = read_answer(data)
            if answer is not None and answer.status >= _OK:
                self._answered(answer)
        elif data.startswith(b"INVITE "):
            self._came += 1
            port = self._listening[1].getHost().port
            write(accept(data, f"in{self._came:08d}", self._port, port))
        elif not data.startswith(b"ACK "):
            write(ok(data))

    def _answered(self, answer: Answer) -> None:
        call = self._calls.get(answer.number)
        if call is None:
            self.faults[f"{answer.method} answered {answer.status} once more"] += 1
        elif answer.method == "INVITE" and answer.status == _OK:
            self._write(call.answered(answer.data))
            connection = self._connection(call.number)
            for octets in self._letters.sends(call.number, call.path, call.own):
                connection.write(octets)
        else:
            del self._calls[answer.number]
            status = self._statuses.pop(answer.number, answer.status)
            self._done(answer.number, status)

    # -- MSRP ---------------------------------------------------------------------

    def _frame(self, frame: Frame) -> None:
        if frame.what == "SEND":
            self.taken += _HAS_CONTENT in frame.data and frame.data.endswith(_LAST)
            return
        number = frame.number
        call = None if number is None else self._calls.get(number)
        if call is None or not frame.transaction.startswith(MESSAGE):
            return
        self._statuses[call.number] = int(frame.what)
        self._write(call.bye())

    def _connection(self, number: int) -> MsrpEnd:
        turn = number % self._connections
        end = self._msrp.get(turn)
        if end is None or not end.is_open:
            end = self._msrp[turn] = MsrpEnd(self._frame)
            connectProtocol(self._way, end).addErrback(self._not_connected)
        return end

    def _not_connected(self, failure: Failure) -> None:
        self.faults[f"MSRP: {failure.value}"] += 1


class _Takers(ServerFactory):
    """Takes the MSRP connections that the gateway makes."""

    noisy = False

    def __init__(self, took: Callable[[Frame], None]) -> None:
        self._took = took

    def buildProtocol(self, addr: Any) -> Protocol:
        """A connection."""
        return MsrpEnd(self._took)
