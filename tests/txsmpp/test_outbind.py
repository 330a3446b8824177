"""An SM-SC that asks an ESME to bind (SMPP 3.4 2.2.1, 4.1.7)."""

from __future__ import annotations

from typing import Any

from twisted.internet.endpoints import TCP4ClientEndpoint

from tests.txsmpp.peers import Centre, NetworkCase
from txsmpp import pdu
from txsmpp.client import Bind, ClientOptions
from txsmpp.outbind import OutbindFactory
from txsmpp.server import ServerOptions, SmscFactory

BIND = Bind(system_id="cpmgw", password="secret", mode="receiver")


class OutbindTests(NetworkCase):
    def setUp(self) -> None:
        super().setUp()
        self.ours = OutbindFactory(
            self.network,
            BIND,
            ClientOptions(bind_timeout=5.0),
            self.esme,
            lambda asked: asked.password == "known",
            sessions=2,
        )
        self.listen(self.ours)
        self.centre_side = Centre()
        self.factory = SmscFactory(self.network, ServerOptions(), self.centre_side)

    def connect(self) -> Any:
        """The SM-SC connects to us."""
        endpoint = TCP4ClientEndpoint(self.network, "10.0.0.7", 2775)
        return self.network.result_of(endpoint.connect(self.factory))

    def tearDown(self) -> None:
        self.factory.unbind_all()
        super().tearDown()

    def test_outbind(self) -> None:
        """Asked with the right password we bind, and messages come."""
        session = self.connect()
        session.send(pdu.Outbind("centre", "known"), None)
        self.network.settle()
        self.assertEqual(session.bind_mode, "receiver")
        self.network.result_of(session.deliver(pdu.DeliverSm()))
        self.assertEqual(len(self.esme.messages), 1)
        self.network.result_of(session.unbind())
        self.assertEqual(self.ours.connections, set())

    def test_asked_twice(self) -> None:
        """Asked again we do not bind again, and what is bound stays."""
        session = self.connect()
        session.send(pdu.Outbind("centre", "known"), None)
        session.send(pdu.Outbind("centre", "known"), None)
        self.network.settle()
        self.assertEqual(self.centre_side.sessions, [session])
        self.assertEqual(len(self.ours.connections), 1)

    def test_wrong_password(self) -> None:
        """Asked with a wrong password we close."""
        session = self.connect()
        session.send(pdu.Outbind("centre", "guess"), None)
        self.network.settle()
        self.assertEqual(self.centre_side.sessions, [])
        self.assertEqual(self.ours.connections, set())

    def test_bind_that_cannot_be_sent(self) -> None:
        """Asked to bind as what SMPP cannot carry we close."""
        self.ours._bind = Bind(system_id="€", password="secret", mode="receiver")
        session = self.connect()
        session.send(pdu.Outbind("centre", "known"), None)
        self.network.settle()
        self.assertEqual(self.centre_side.sessions, [])
        self.assertEqual(self.ours.connections, set())

    def test_silence(self) -> None:
        """Who does not ask in time is closed; there are no more than the limit."""
        for _ in range(2):
            self.connect()
        self.raw_client()
        self.assertEqual(len(self.ours.connections), 2)
        self.network.advance(5.1)
        self.assertEqual(self.ours.connections, set())
