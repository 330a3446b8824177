"""What follows an INVITE whose connection is lost (RFC 3261 9.1, 17.1.1.3)."""

from __future__ import annotations

from twisted.internet.defer import Deferred

from cpmgw.sip.message import Request, Response
from cpmgw.sip.transaction.machine import Timing
from tests.sip.endpoints import HOST
from tests.sip.messages import read
from tests.sip.proxies import FAR, InviteTestCase


class LostConnectionTests(InviteTestCase):
    """The connection to the far side is lost while it rings."""

    def setUp(self) -> None:
        super().setUp()
        self.toward = f"sip:{HOST}:{FAR};transport=tcp"

    def lost(self) -> Deferred[Response]:
        """An INVITE that rings, and has lost its connection."""
        answer = self.invite()
        self.answer(180)
        self.reactor.pipes[0].cut()
        self.reactor.settle()
        return answer

    def sent(self, pipe: int) -> list[Request]:
        """What was sent by a connection."""
        written = [read(data) for data in self.reactor.pipes[pipe].written]
        return [one for one in written if isinstance(one, Request)]

    def test_cancel(self) -> None:
        """A CANCEL reaches the same hop anew, with the branch of the INVITE (9.1)."""
        self.server()
        answer = self.lost()
        self.near.cancel(answer)
        self.reactor.settle()
        self.assertEqual(487, self.successResultOf(answer).status)
        self.assertTrue(self.calls[0][0].leg.cancelled)
        (invite,) = self.sent(0)
        cancel, ack = self.sent(2)
        self.assertEqual(("CANCEL", "ACK"), (cancel.method, ack.method))
        branches = {one.via.branch for one in (invite, cancel, ack)}
        self.assertEqual(1, len(branches))
        self.assertEqual(0, len(self.middle_endpoint._client))

    def test_acknowledged(self) -> None:
        """So does the ACK of a failure that comes by another connection (17.1.1.3)."""
        self.server()
        answer = self.lost()
        self.answer(486)
        self.assertEqual(486, self.successResultOf(answer).status)
        far = self.endpoints[-1]
        self.assertEqual(["ACK"], [one.method for one in self.sent(-2)])
        self.pump(6)
        self.assertEqual(0, far.transactions)

    def test_unreachable(self) -> None:
        """Where the hop cannot be reached the CANCEL is lost; a 487 ends it all."""
        self.server(handler_timeout=100.0)
        self.near = self.endpoint(("udp:5071",), timing=Timing(t1=1.0))
        answer = self.lost()
        self.reactor.silent.add(FAR)
        self.near.cancel(answer)
        self.pump(6)
        self.assertNoResult(answer)
        self.pump(27)
        self.assertEqual(487, self.successResultOf(answer).status)
        self.assertFalse(self.calls[0][0].leg.cancelled)
        self.answer(486)

    def test_stopping(self) -> None:
        """An endpoint that stops gives up what it would have sent anew."""
        self.server()
        answer = self.lost()
        self.reactor.silent.add(FAR)
        stopped = self.middle_endpoint.stopService()
        self.pump(7)
        self.successResultOf(stopped)
        self.assertEqual(503, self.successResultOf(answer).status)
        self.answer(486)
