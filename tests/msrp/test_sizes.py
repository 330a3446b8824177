"""What a session takes of a message, and what it tells of one that stays in part."""

from __future__ import annotations

from zope.interface import implementer

from cpmgw.msrp.interfaces import IMsrpSession, IMsrpWatcher, Remote
from cpmgw.msrp.node import MsrpNode
from cpmgw.msrp.reception import ReceptionLimits
from tests.msrp.frames import THEIRS, send
from tests.msrp.nodes import NodeCase, Peer, User


class Sizes(NodeCase):
    """What a session takes less than its node."""

    def opened(self, node: MsrpNode, max_size: int) -> tuple[IMsrpSession, User, Peer]:
        """A session of this maximum, and a peer that is connected."""
        user = User()
        session: IMsrpSession = self.network.result_of(node.open(user, max_size))
        session.begin(Remote(path=(THEIRS,)))
        return session, user, self.connect(node)

    def test_limit(self) -> None:
        """A message of so many octets is taken, one of more is 413 (10.5)."""
        session, user, peer = self.opened(self.node(), 5)
        for body in (b"fiver", b"sixers"):
            peer.write(send(body, to_path=session.path[0], from_path=THEIRS))
            self.network.settle()
        self.assertEqual(peer.statuses, [200, 413])
        self.assertEqual(user.bodies, [b"fiver"])

    def test_no_more_than_the_node(self) -> None:
        """Nor does a session take more than its node."""
        node = self.node(reception=ReceptionLimits(max_size=5))
        session, _, peer = self.opened(node, 50)
        peer.write(send(b"sixers", to_path=session.path[0], from_path=THEIRS))
        self.network.settle()
        self.assertEqual(peer.statuses, [413])


class Watching(NodeCase):
    def test_dropped(self) -> None:
        """A user that watches is told of what got nothing more."""

        @implementer(IMsrpWatcher)
        class Watcher(User):
            """Keeps what was dropped."""

            def __init__(self) -> None:
                super().__init__()
                self.dropped_ids: list[str] = []

            def dropped(self, message_id: str) -> None:
                """Keep it."""
                self.dropped_ids.append(message_id)

        node, user = self.node(), Watcher()
        session: IMsrpSession = self.network.result_of(node.open(user))
        session.begin(Remote(path=(THEIRS,)))
        peer = self.connect(node)
        peer.write(
            send(
                b"half",
                to_path=session.path[0],
                from_path=THEIRS,
                message_id="never",
                given="1-4/8",
                flag="+",
            )
        )
        self.network.advance(119.0)
        self.assertEqual(user.dropped_ids, [])
        self.network.advance(2.0)
        self.assertEqual(user.dropped_ids, ["never"])
