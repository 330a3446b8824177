"""An ESME with several binds (SMPP 3.4 2.2)."""

from __future__ import annotations

from twisted.internet.interfaces import ITCPTransport

from tests.txsmpp.peers import BIND, Held, NetworkCase
from txsmpp import pdu
from txsmpp.client import Bind
from txsmpp.errors import ConnectionLost, ResponseTimeout

TRANSMITTER = Bind(system_id="cpmgw", password="secret", mode="transmitter")
RECEIVER = Bind(system_id="cpmgw", password="secret", mode="receiver")
OTHER = Bind(system_id="other", password="secret")


class SeveralBindsTests(NetworkCase):
    def test_round_robin(self) -> None:
        """Requests are shared among the binds that have room, receivers left out."""
        centre = self.centre()
        held = centre.answer = Held()
        client = self.client(TRANSMITTER, TRANSMITTER, RECEIVER, window=2)
        self.assertEqual(len(centre.sessions), 3)
        self.send(client, 6)
        shares = [
            self.texts([request for asker, request in held.asked if asker is session])
            for session in centre.sessions
        ]
        self.assertEqual(sorted(shares), [[], ["0", "2"], ["1", "3"]])

    def test_one_bind_lost(self) -> None:
        """When one bind is lost the others go on."""
        centre = self.centre()
        client = self.client(BIND, OTHER)
        session = centre.sessions[0]
        assert ITCPTransport.providedBy(session.transport)
        session.transport.abortConnection()
        self.network.settle()
        self.assertTrue(client.bound)
        for each in self.send(client, 4):
            self.successResultOf(each)

    def test_add_a_bind(self) -> None:
        """A bind that is added disturbs none of the others."""
        centre = self.centre()
        client = self.client(BIND)
        (before,) = centre.sessions
        self.successResultOf(client.change_binds([BIND, OTHER]))
        self.network.settle()
        self.assertEqual(
            [each.system_id for each in centre.sessions], ["cpmgw", "other"]
        )
        self.assertIs(centre.sessions[0], before)
        self.assertEqual(client.binds, (BIND, OTHER))

    def test_remove_a_bind(self) -> None:
        """A bind that is removed settles what is open on it before it leaves."""
        centre = self.centre()
        held = centre.answer = Held()
        client = self.client(BIND, OTHER)
        sent = self.send(client, 2)
        gone = client.change_binds([OTHER])
        self.network.settle()
        self.assertNoResult(gone)
        for (_, request), answer in zip(held.asked, held.deferreds, strict=True):
            answer.callback(pdu.answer(request))
        self.network.settle()
        self.successResultOf(gone)
        for each in sent:
            self.successResultOf(each)
        self.assertEqual([each.system_id for each in centre.sessions], ["other"])
        self.network.advance(10.0)
        self.assertEqual(len(centre.sessions), 1)
        self.assertEqual(self.esme.losses, [None])

    def test_remove_a_bind_whose_answers_take_long(self) -> None:
        """It waits for them as long as an answer may take, not for unbind_timeout."""
        centre = self.centre()
        held = centre.answer = Held()
        client = self.client(BIND, OTHER, unbind_timeout=2.0, response_timeout=10.0)
        sent = self.send(client, 2)
        client.change_binds([OTHER])
        self.network.advance(9.0)
        self.assertEqual(client.in_flight, 2)
        for (_, request), answer in zip(held.asked, held.deferreds, strict=True):
            answer.callback(pdu.answer(request))
        self.network.settle()
        for each in sent:
            self.successResultOf(each)
        self.assertEqual([each.system_id for each in centre.sessions], ["other"])

    def test_remove_a_bind_that_is_never_answered(self) -> None:
        """Once no answer can come any more it is unbound in order."""
        centre = self.centre(unbind_timeout=1.0)
        centre.answer = Held()
        client = self.client(BIND, OTHER, unbind_timeout=2.0, response_timeout=10.0)
        self.send(client, 2)
        gone = client.change_binds([OTHER])
        self.network.advance(9.9)
        self.assertNoResult(gone)
        self.network.advance(1.2)
        self.successResultOf(gone)
        for each in self.open:
            self.failureResultOf(each, ResponseTimeout)
        self.assertEqual(self.esme.losses, [None])
        self.assertTrue(client.bound)

    def test_remove_a_bind_that_owes_an_answer(self) -> None:
        """What the SM-SC has sent on it is answered before it leaves."""
        centre = self.centre()
        held = self.esme.answer = Held()
        client = self.client(BIND, OTHER, unbind_timeout=2.0, answer_timeout=20.0)
        asked = centre.sessions[0].deliver(pdu.DeliverSm())
        self.network.settle()
        client.change_binds([OTHER])
        self.network.advance(19.0)
        self.assertEqual(client.owed, 1)
        held.deferreds[0].callback(0)
        self.network.settle()
        self.assertEqual(self.successResultOf(asked).command_status, 0)
        self.assertEqual(client.owed, 0)
        self.assertEqual([each.system_id for each in centre.sessions], ["other"])

    def test_nothing_new_on_a_bind_that_is_removed(self) -> None:
        """Nothing is sent on it while it waits, nor does it count as bound."""
        centre = self.centre()
        held = centre.answer = Held()
        client = self.client(BIND, OTHER)
        gone, stays = centre.sessions
        self.send(client, 2)
        client.change_binds([OTHER])
        self.send(client, 3)
        askers = [asker for asker, _ in held.asked]
        self.assertEqual(askers, [gone, stays, stays, stays, stays])
        self.assertTrue(client.bound)
        client.change_binds([Bind(system_id="cpmgw", password="wrong")])
        self.network.settle()
        self.assertFalse(client.bound)

    def test_stop_while_a_bind_leaves(self) -> None:
        """A client that is stopped waits for that bind no longer than for others."""
        centre = self.centre()
        centre.answer = Held()
        client = self.client(BIND, OTHER, unbind_timeout=2.0, response_timeout=10.0)
        sent = self.send(client, 2)
        gone = client.change_binds([OTHER])
        stopped = client.stopService()
        self.network.advance(2.1)
        self.successResultOf(stopped)
        self.successResultOf(gone)
        for each in sent:
            self.failureResultOf(each, ConnectionLost)
        client.startService()
        self.network.settle()
        self.assertEqual([each.system_id for each in centre.sessions], ["other"])

    def test_change_a_bind(self) -> None:
        """A bind with another password is another bind; the same twice is two."""
        centre = self.centre()
        client = self.client(BIND)
        changed = Bind(system_id="cpmgw", password="new")
        centre.passwords["cpmgw"] = "new"
        gone = client.change_binds([changed, changed])
        self.network.settle()
        self.successResultOf(gone)
        self.assertEqual(len(centre.sessions), 2)
