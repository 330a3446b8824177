"""A node of the gateway's MSRP in this process, for raw endpoints in threads."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.threads import blockingCallFromThread, deferToThread
from zope.interface import implementer

from cpmgw.msrp.interfaces import IMsrpSession, IMsrpUser, Received, Remote
from cpmgw.msrp.node import MsrpNode
from cpmgw.msrp.settings import MsrpSettings
from tests.live.case import LiveTestCase, until
from tests.live.raw_frames import Listener, Wire, token
from tests.live.raw_msrp import End
from tests.live.reactor import reactor


@implementer(IMsrpUser)
class Recorder:
    """Whoever is at the node's end of a session; answers messages with `status`."""

    def __init__(self) -> None:
        self.status = 200
        self.is_connected = False
        self.messages: list[tuple[str, bytes]] = []
        self.reports: list[tuple[str, int]] = []
        self.reason: Exception | None = None

    def connected(self) -> None:
        """It is up."""
        self.is_connected = True

    async def message(self, received: Received) -> int:
        """Keep what has come."""
        self.messages.append((received.content_type, received.body.read()))
        received.body.close()
        return self.status

    def report(self, message_id: str, status: int) -> None:
        """Keep what the other side reports."""
        self.reports.append((message_id, status))

    def lost(self, reason: Exception) -> None:
        """Keep why it is over."""
        self.reason = reason


class NodeTestCase(LiveTestCase):
    """A node that listens, and leaves nothing behind when it is stopped."""

    node: MsrpNode
    listener: Listener
    kept = 0
    """Connections that stay without a session: that to a relay."""

    def setUp(self) -> None:
        """Have a place where the node can connect to."""
        super().setUp()
        self.listener = Listener()
        self.addCleanup(self.listener.close)

    def start(self, settings: MsrpSettings) -> None:
        """Start a node."""
        self.node = MsrpNode(reactor, settings)
        self.node.startService()
        self.sessions: list[IMsrpSession] = []

        async def stop() -> None:
            await self.node.stopService()
            self.assertEqual((len(self.node), self.node.connections), (0, 0))
            self.assertEqual(self.node.spool.used, 0)

        self.at_the_end(stop)

    async def talk(self, conversation: Callable[[], Any]) -> Any:
        """Have raw endpoints do something, in a thread."""
        result = await deferToThread(conversation)
        for session in self.sessions:
            session.close()
        await until(lambda: self.node.connections == self.kept, 5.0, "the end")
        return result

    # -- in the thread

    def call(self, work: Callable[[], Any]) -> Any:
        """Do something in the reactor, and wait for what it gives."""
        return blockingCallFromThread(reactor, work)

    def waits(self, true: Callable[[], bool], seconds: float) -> bool:
        """Whether something holds within this time; looks every 20 ms."""
        end = time.monotonic() + seconds
        while not true() and time.monotonic() < end:
            time.sleep(0.02)
        return true()

    def lost(self, user: Recorder, seconds: float) -> bool:
        """Whether the session of a user is lost in this time."""
        return self.waits(lambda: user.reason is not None, seconds)

    def opened(self, user: Recorder, remote: Remote | None = None) -> IMsrpSession:
        """A session of the node's, begun if the other side is known."""
        session: IMsrpSession = self.call(lambda: self.node.open(user))
        self.sessions.append(session)
        if remote is not None:
            self.call(lambda: session.begin(remote))
        return session

    def passive(self, user: Recorder) -> tuple[IMsrpSession, End]:
        """A session that a raw endpoint has connected to and bound."""
        ours = self.own_path()
        session = self.opened(user, Remote(path=(ours,)))
        host, port = session.address
        end = End(Wire.connect(port, host), ours, " ".join(session.path))
        self.assertEqual(end.bind(), 200)
        return session, end

    def active(self, user: Recorder) -> tuple[IMsrpSession, End]:
        """A session that has connected to a raw endpoint and bound."""
        ours = self.own_path()
        remote = Remote(
            path=(ours,), connect_to=("127.0.0.1", self.listener.port), active=True
        )
        session = self.opened(user, remote)
        end = End(self.listener.accept(), ours, " ".join(session.path))
        frame = end.take()
        self.assertEqual((frame.start, frame.body), ("SEND", None))
        return session, end

    def own_path(self) -> str:
        """A path of a raw endpoint's."""
        return f"msrp://127.0.0.1:{self.listener.port}/{token()};tcp"

    def sending_all(
        self, session: IMsrpSession, *bodies: bytes
    ) -> Callable[[], list[int]]:
        """Have the node send several at one moment; it gives what waits for them."""
        begun: list[Deferred[int]] = []

        def begin() -> None:
            begun.extend([session.send("text/plain", each) for each in bodies])

        self.call(begin)
        return lambda: [int(self.call(partial(_given, each))) for each in begun]

    def sending(
        self, session: IMsrpSession, body: bytes, **options: Any
    ) -> Callable[[], int]:
        """Have the node send; what it gives waits for the status."""
        begun: list[Deferred[int]] = []

        def begin() -> None:
            begun.append(session.send("text/plain", body, **options))

        self.call(begin)
        return lambda: int(self.call(lambda: begun[0]))


def _given(deferred: Deferred[int]) -> Deferred[int]:
    return deferred
