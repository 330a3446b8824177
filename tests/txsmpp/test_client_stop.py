"""How an ESME is stopped and started (SMPP 3.4 4.2)."""

from __future__ import annotations

from tests.txsmpp.peers import HOST, PORT, NetworkCase, message
from txsmpp import pdu
from txsmpp.errors import NotBound


class StopTests(NetworkCase):
    def test_stop_while_connecting(self) -> None:
        """A client that has no connection yet stops at once."""
        self.network.partition(HOST, PORT)
        client = self.client()
        self.stop(client)

    def test_stop_leaves_nothing(self) -> None:
        """A client that is stopped, bound or not, leaves no timer and no connection."""
        client = self.client(rate=1.0)
        sent = self.send(client, 3)
        stopped = client.stopService()
        self.network.settle()
        self.successResultOf(stopped)
        self.assertEqual(self.network.getDelayedCalls(), [])
        for each in sent:
            self.failureResultOf(each, NotBound)
        centre = self.centre()
        client.startService()
        self.network.settle()
        self.send(client, 3)
        stopped = client.stopService()
        self.network.settle()
        self.successResultOf(stopped)
        self.assertEqual(self.network.getDelayedCalls(), [])
        self.assertEqual((centre.sessions, self.factory.sessions), ([], set()))
        self.assertEqual(len(centre.requests), 1)

    def test_start_again(self) -> None:
        """A client that was stopped can be started again."""
        centre = self.centre()
        client = self.client()
        self.stop(client)
        self.failureResultOf(client.submit(message()), NotBound)
        client.startService()
        self.network.settle()
        (sent,) = self.send(client, 1)
        self.successResultOf(sent)
        self.assertEqual(len(centre.requests), 1)

    def test_start_again_before_it_has_stopped(self) -> None:
        """A client that is started while it still leaves comes up again."""
        centre = self.centre()
        client = self.client()
        stopped = client.stopService()
        client.startService()
        self.network.advance(5.0)
        self.successResultOf(stopped)
        self.assertTrue(client.bound)
        (sent,) = self.send(client, 1)
        self.successResultOf(sent)
        self.assertEqual(len(centre.requests), 1)

    def test_stop_twice(self) -> None:
        """A client that is stopped again while it leaves stops once."""
        factory = self.raw_centre()
        factory.react = lambda peer, got: (  # type: ignore[method-assign]
            peer.say(pdu.answer(got)) if isinstance(got, pdu.BindRequest) else None
        )
        client = self.client()
        stopped = [client.stopService(), client.stopService()]
        self.network.advance(30.0)
        for each in stopped:
            self.successResultOf(each)

    def test_handler_that_fails_when_told_of_the_end(self) -> None:
        """A client stops whatever its handler makes of that."""
        self.centre()
        client = self.client()
        self.esme.lost = lambda session, reason: 1 // 0  # type: ignore
        self.stop(client)
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)
