"""An ESME with several binds (SMPP 3.4 2.2)."""

from __future__ import annotations

from twisted.internet.interfaces import ITCPTransport

from tests.txsmpp.peers import BIND, Held, NetworkCase
from txsmpp import pdu
from txsmpp.client import Bind

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
