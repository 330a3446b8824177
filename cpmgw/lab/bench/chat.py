"""Chat messages to SMS, with receipts and IMDNs, in many sessions at once."""

from __future__ import annotations

from collections import deque
from typing import Any

from cpmgw.lab.bench.calls import Calls
from cpmgw.lab.bench.frames import MESSAGE, Frame
from cpmgw.lab.bench.invitations import Invitation
from cpmgw.lab.bench.ledger import Ledger
from cpmgw.lab.bench.messages import notified
from cpmgw.lab.bench.pacing import Pacing
from cpmgw.lab.bench.subject import CannotMeasure, Ports


class ChatLoad:
    """Sends at the pace that `pacing` has, one message of a session at a time.

    A message that is due while all sessions wait for an answer waits for the first.
    """

    def __init__(
        self, reactor: Any, ledger: Ledger, *, sessions: int, connections: int
    ) -> None:
        self.ledger = ledger
        self.pacing = Pacing(reactor, ledger, self._leave)
        self._reactor = reactor
        self._count = sessions
        self._calls = Calls(reactor, self._took, connections=connections)
        self._idle: deque[Invitation] = deque()
        self._busy: dict[int, Invitation] = {}
        self._waiting: deque[int] = deque()

    async def connect(self, ports: Ports) -> None:
        """Open the sessions; CannotMeasure if one does not stand."""
        await self._calls.connect(ports)
        if await self._calls.open(self._count) < self._count:
            raise CannotMeasure(f"sessions: {dict(self._calls.faults)}")
        self._idle.extend(self._calls.sessions)
        self.pacing.start()

    async def close(self) -> None:
        """Send nothing more, take nothing more."""
        self.pacing.pace = None
        self.ledger.faults.update(self._calls.faults)
        await self._calls.stop()

    def _leave(self, number: int) -> None:
        self._waiting.append(number)
        self._flush()

    def _flush(self) -> None:
        while self._waiting and self._idle:
            session, message = self._idle.popleft(), self._waiting.popleft()
            self._busy[message] = session
            self._calls.send(session, message)

    def _took(self, frame: Frame) -> None:
        """An answer to a message, or an IMDN."""
        if frame.what == "SEND":
            number = notified(frame.data)
            if number is None:
                self.ledger.faults["SEND that is no IMDN of ours"] += 1
            else:
                self.ledger.notify(number, self._reactor.seconds())
        elif frame.transaction.startswith(MESSAGE) and frame.number is not None:
            self._answered(frame.number, frame)
        self.pacing.send()

    def _answered(self, number: int, frame: Frame) -> None:
        self.ledger.answer(number, int(frame.what), self._reactor.seconds())
        session = self._busy.pop(number, None)
        if session is not None:
            self._idle.append(session)
            self._flush()
