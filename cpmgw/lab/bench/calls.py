"""The sessions of the load: opened by SIP, bound by MSRP, closed by SIP."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any, Final

from twisted.internet.defer import Deferred, TimeoutError, maybeDeferred
from twisted.internet.endpoints import TCP4ClientEndpoint, connectProtocol
from twisted.internet.protocol import Protocol
from twisted.python.failure import Failure

from cpmgw.lab.bench import frames
from cpmgw.lab.bench.cpm import TcpLoad, TcpReceiver
from cpmgw.lab.bench.frames import Frame
from cpmgw.lab.bench.invitations import Answer, Invitation, read_answer
from cpmgw.lab.bench.messages import ok
from cpmgw.lab.bench.subject import CannotMeasure, Ports

_HOST: Final = "127.0.0.1"
# Seconds without which no session has begun or ended.
_PATIENCE: Final = 30.0
_OK: Final = 200


class MsrpEnd(Protocol):
    """One connection, which carries some sessions; what is early waits for it."""

    transport: Any = None

    def __init__(self, took: Callable[[Frame], None]) -> None:
        self.is_open = True
        self._took = took
        self._buffer = bytearray()
        self._early: list[bytes] = []

    def connectionMade(self) -> None:
        """Small frames shall not wait for each other."""
        self.transport.setTcpNoDelay(True)
        self.transport.writeSequence(self._early)
        self._early.clear()

    def connectionLost(self, reason: Any = None) -> None:
        """It carries nothing any more."""
        self.is_open = False

    def dataReceived(self, data: bytes) -> None:
        """Answer each SEND, and hand everything on."""
        self._buffer += data
        found = frames.cut(self._buffer)
        answers = b"".join([frames.ok(each) for each in found if each.what == "SEND"])
        if answers:
            self.transport.write(answers)
        for each in found:
            self._took(each)

    def write(self, octets: bytes) -> None:
        """Send frames."""
        if self.transport is None:
            self._early.append(octets)
        else:
            self.transport.write(octets)


class Calls:
    """Opens and closes sessions, `window` of them at a time (SipEnd).

    `took` gets the frames that are no answer to the binding of a session. What goes
    wrong is counted in `faults`. Sessions take turns at up to so many `connections`.
    """

    def __init__(
        self,
        reactor: Any,
        took: Callable[[Frame], None],
        *,
        connections: int,
        window: int = 32,
    ) -> None:
        self.faults: Counter[str] = Counter()
        self.sessions: list[Invitation] = []
        self._reactor = reactor
        self._took = took
        self._window = window
        self._write: Any = None
        self._port = 0
        self._connections = connections
        self._msrp: dict[int, MsrpEnd] = {}
        self._way: Any = None
        self._waits: dict[int, Deferred[bool]] = {}
        self._listening: Any = None

    # -- for the runs -------------------------------------------------------------

    async def connect(self, ports: Ports) -> None:
        """Join the gateway; MSRP is connected as sessions begin."""
        reactor = self._reactor
        receiver = TcpReceiver(self)
        self._listening = reactor.listenTCP(ports.cpm, receiver, interface=_HOST)
        sip = TCP4ClientEndpoint(reactor, _HOST, ports.gateway)
        await connectProtocol(sip, TcpLoad(self, ports.cpm))
        self._way = TCP4ClientEndpoint(reactor, _HOST, ports.msrp)

    async def open(self, count: int) -> int:
        """Open so many sessions; how many stand and are bound."""
        first = len(self.sessions)
        new = [Invitation(first + each, self._port) for each in range(count)]
        self.sessions.extend(new)
        return await self._each(new, Invitation.invite)

    async def close_all(self) -> int:
        """Close all sessions that stand; how many ended well."""
        standing = [each for each in self.sessions if each.path]
        ended = await self._each(standing, Invitation.bye)
        for session in standing:
            session.path = ""
        return ended

    async def stop(self) -> None:
        """Take nothing more."""
        if self._listening is not None:
            await maybeDeferred(self._listening.stopListening)

    def send(self, session: Invitation, message: int) -> None:
        """Send a message in a session."""
        octets = frames.message(message, session.path, session.own)
        self._connection(session.number).write(octets)

    # -- SIP ----------------------------------------------------------------------

    def connected(self, write: Any, transport: str, port: int) -> None:
        """The way to the gateway is open (SipEnd)."""
        self._write, self._port = write, port

    def received(self, data: bytes, write: Any) -> None:
        """A response to one of ours, or a request, which is none to come (SipEnd)."""
        if not data.startswith(b"SIP/2.0 "):
            write(ok(data))
            self.faults[f"{data.partition(b' ')[0].decode()} from the gateway"] += 1
            return
        answer = read_answer(data)
        if answer is not None and answer.status >= _OK:
            self._answered(answer)

    def _answered(self, answer: Answer) -> None:
        if answer.status != _OK:
            self.faults[f"{answer.method} answered {answer.status}"] += 1
            self._done(answer.number, well=False)
        elif answer.method == "BYE":
            self._done(answer.number, well=True)
        else:
            session = self.sessions[answer.number]
            self._write(session.answered(answer.data))
            octets = frames.bind(session.number, session.path, session.own)
            self._connection(session.number).write(octets)

    # -- MSRP ---------------------------------------------------------------------

    def _frame(self, frame: Frame) -> None:
        if not frame.transaction.startswith(frames.BINDING) or frame.what == "SEND":
            self._took(frame)
            return
        well = frame.what == str(_OK)
        if not well:
            self.faults[f"binding answered {frame.what}"] += 1
        if frame.number is not None:
            self._done(frame.number, well=well)

    def _connection(self, number: int) -> MsrpEnd:
        turn = number % self._connections
        end = self._msrp.get(turn)
        if end is None or not end.is_open:
            end = self._msrp[turn] = MsrpEnd(self._frame)
            connectProtocol(self._way, end).addErrback(self._not_connected)
        return end

    def _not_connected(self, failure: Failure) -> None:
        self.faults[f"MSRP: {failure.value}"] += 1

    # -- within -------------------------------------------------------------------

    async def _each(
        self, sessions: list[Invitation], say: Callable[[Invitation], bytes]
    ) -> int:
        """Say something of each session, a window of them at a time; successes."""
        waiting = iter(sessions)
        well: list[bool] = []

        async def worker() -> None:
            for session in waiting:
                done: Deferred[bool] = Deferred()
                self._waits[session.number] = done
                done.addTimeout(_PATIENCE, self._reactor)
                self._write(say(session))
                well.append(await done)

        workers = [Deferred.fromCoroutine(worker()) for _ in range(self._window)]
        try:
            for each in workers:
                await each
        except TimeoutError as error:
            lacks = dict(self.faults) or "no answer"
            raise CannotMeasure(f"sessions: {lacks}") from error
        return sum(well)

    def _done(self, number: int, *, well: bool) -> None:
        waits = self._waits.pop(number, None)
        if waits is not None:
            waits.callback(well)
