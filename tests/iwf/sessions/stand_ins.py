"""Stand-ins for what is around sessions: MSRP, the store."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred, fail, succeed

from cpmgw.msrp.errors import SessionClosed, SessionLost, TooLarge
from cpmgw.msrp.interfaces import FailureReport, IMsrpUser, Remote
from cpmgw.records import Allocation, Answer, GroupSession, SentMessage
from tests.iwf import msrp_node


class Body:
    """The content of a message in memory; `closed` is 1 once it was closed."""

    path: Path | None = None

    def __init__(self, octets: bytes, size: int | None = None) -> None:
        self._octets = octets
        self.size = len(octets) if size is None else size
        self.closed = 0

    def read(self) -> bytes:
        """All of it."""
        return self._octets

    def pieces(self, size: int) -> Any:
        """It in pieces."""
        stream = BytesIO(self._octets)
        return iter(lambda: stream.read(size), b"")

    def close(self) -> None:
        """Note it; it may be closed again."""
        self.closed = 1


class Stream(msrp_node.Session):
    """Our end of an MSRP session: `sent` waits for its statuses."""

    def __init__(self, user: IMsrpUser, name: str, *, secure: bool) -> None:
        super().__init__(user, name, secure=secure)
        self.sent: list[tuple[str, bytes, FailureReport, bool]] = []
        self.message_ids: list[str] = []
        self.answers: list[Deferred[int]] = []
        self.status: int | None = 200
        self.most = 100_000
        self.fault: Exception | None = None

    def send(self, content_type: str, content: Any, **details: Any) -> Deferred[int]:
        """Note it, and answer by `status`; None waits for the test."""
        if self.closed:
            return fail(SessionLost("closed"))
        if len(content) > self.most:
            return fail(TooLarge("the peer takes less"))
        self.message_ids.append(details["message_id"])
        self.sent.append(
            (
                content_type,
                content,
                details["failure_report"],
                details["success_report"],
            )
        )
        if self.status is not None:
            return succeed(self.status)
        self.answers.append(Deferred())
        return self.answers[-1]

    def begin(self, remote: Remote) -> None:
        """Begin, or find that it is lost: at once, or before."""
        super().begin(remote)
        if isinstance(self.fault, SessionClosed):
            raise self.fault
        if self.fault is not None:
            self.user.lost(self.fault)

    def close(self) -> None:
        """What was not answered fails."""
        super().close()
        for each in self.answers:
            if not each.called:
                each.errback(SessionLost("closed"))


class Node(msrp_node.Node):
    """A node whose sessions are of this kind."""

    def open(self, user: IMsrpUser, max_size: int = 0) -> Deferred[Any]:
        """Make a session."""
        if not self.room:
            return super().open(user)
        session = Stream(user, f"s{len(self.sessions) + 1}", secure=False)
        self.sessions.append(session)
        return succeed(session)


class Store:
    """What is to be remembered; `allocations` are by number and user."""

    healthy = True

    def __init__(self) -> None:
        self.sent = self.numbers = self
        self.answered: list[Answer] = []
        self.messages: list[SentMessage] = []
        self.allocations: dict[tuple[str, str], Allocation] = {}
        self.released: list[GroupSession] = []
        self.trouble: Exception | None = None
        self.memory: Exception | None = None
        self.slow: list[Deferred[None]] | None = None

    def remember(
        self, answer: Answer | None, message: SentMessage | None
    ) -> Deferred[None]:
        """Keep both."""
        if self.memory is not None:
            return fail(self.memory)
        self.answered += [answer] if answer is not None else []
        self.messages += [message] if message is not None else []
        return succeed(None)

    def by_number(self, number: str, user: str) -> Deferred[Allocation | None]:
        """Find an allocation."""
        if self.trouble is not None:
            return fail(self.trouble)
        return succeed(self.allocations.get((number, user)))

    def number_for(self, session: GroupSession, service: str) -> Deferred[Allocation]:
        """Give +15145559000 and so on; where it is `slow` when the test says so."""
        given = self._given(session, service)
        if self.slow is None:
            return succeed(given)
        gate: Deferred[None] = Deferred()
        self.slow.append(gate)
        return gate.addCallback(lambda _: given)

    def _given(self, session: GroupSession, service: str) -> Allocation:
        for known in self.allocations.values():
            if known.group_session == session:
                return known
        number = f"+1514555900{len(self.allocations)}"
        given = Allocation(
            number=number,
            group_session=session,
            pool="p",
            service=service,
            allocated=0.0,
            used=0.0,
        )
        self.allocations[number, session.user] = given
        return given

    def release(self, session: GroupSession) -> Deferred[bool]:
        """Take it back."""
        self.released.append(session)
        for place, known in list(self.allocations.items()):
            if known.group_session == session:
                del self.allocations[place]
        return succeed(True)
