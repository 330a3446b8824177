"""An MSRP node in a process of its own that only receives (`bench --stream`).

It writes the URI of its one session, then takes what comes until its input is closed.
"""

from __future__ import annotations

import sys
from typing import Any, Final

from twisted.internet.defer import Deferred
from twisted.internet.protocol import Protocol
from twisted.internet.stdio import StandardIO
from twisted.internet.task import react
from zope.interface import implementer

from cpmgw.msrp.interfaces import IMsrpSession, IMsrpUser, Received, Remote
from cpmgw.msrp.node import MsrpNode
from cpmgw.msrp.settings import Listen, MsrpSettings

PEER: Final = "msrp://127.0.0.1:9/bench;tcp"
_OK: Final = 200
_NOT_ON_DISK: Final = 413


@implementer(IMsrpUser)
class OnDisk:
    """Takes messages that are in a file, refuses others, and drops both."""

    def connected(self) -> None:
        """Messages may come."""

    async def message(self, received: Received) -> int:
        """A message is here; one without content has only bound the session."""
        large, path = received.body.size, received.body.path
        received.body.close()
        return _NOT_ON_DISK if large and path is None else _OK

    def report(self, message_id: str, status: int) -> None:
        """Nothing is sent."""

    def lost(self, reason: Exception) -> None:
        """The sender has closed its connection."""


class _Input(Protocol):
    """Waits for the end of the input."""

    def __init__(self) -> None:
        self.ended: Deferred[None] = Deferred()

    def connectionLost(self, reason: Any = None) -> None:
        """Whoever has started this process is done."""
        self.ended.callback(None)


async def receive(reactor: Any, spool: str) -> None:
    """Receive into files below `spool`."""
    listen = Listen(port=0, interface="127.0.0.1")
    node = MsrpNode(
        reactor, MsrpSettings(listen=listen, spool=spool, setup_timeout=60.0)
    )
    node.startService()
    session: IMsrpSession = await node.open(OnDisk())
    session.begin(Remote(path=(PEER,)))
    source = _Input()
    StandardIO(source, reactor=reactor)
    print(session.path[0], flush=True)
    await source.ended
    await node.stopService()


def main(spool: str) -> None:
    """Run until the input ends."""
    react(lambda reactor: Deferred.fromCoroutine(receive(reactor, spool)))


if __name__ == "__main__":
    main(sys.argv[1])
