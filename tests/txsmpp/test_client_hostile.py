"""An ESME whose SM-SC misbehaves."""

from __future__ import annotations

from twisted.internet.interfaces import ITCPTransport

from tests.txsmpp.peers import HOST, PORT, Held, NetworkCase, message
from txsmpp import pdu
from txsmpp.errors import ConnectionLost, InvalidPdu
from txsmpp.status import CommandStatus as S


class HostileTests(NetworkCase):
    def test_garbage(self) -> None:
        """Octets that are no SMPP close the connection; the client binds anew."""
        factory = self.raw_centre()
        client = self.client()
        (one,) = self.send(client, 1)
        factory.peers[0].say(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        self.network.settle()
        self.assertTrue(factory.peers[0].closed)
        nack = factory.peers[0].got[-1]
        assert isinstance(nack, pdu.GenericNack)
        self.assertEqual(nack.command_status, S.ESME_RINVCMDLEN)
        self.failureResultOf(one, ConnectionLost)
        self.network.advance(1.0)
        self.assertTrue(client.bound)

    def test_answer_that_makes_no_sense(self) -> None:
        """An answer that cannot be read fails its request; the bind stands."""
        factory = self.raw_centre()
        client = self.client()
        (one,) = self.send(client, 1)
        factory.peers[0].say(
            bytes.fromhex("00000012 80000004 00000000 00000002") + b"\xff\xff"
        )
        self.network.settle()
        self.failureResultOf(one, InvalidPdu)
        self.assertTrue(client.bound)

    def test_silent_peer(self) -> None:
        """A peer that has died is noticed by enquire_link and left."""
        factory = self.raw_centre()
        client = self.client(enquire_link=10.0, response_timeout=5.0)
        self.network.partition(HOST, PORT)
        self.network.advance(15.1)
        self.assertFalse(client.bound)
        self.network.heal(HOST, PORT)
        self.network.advance(60.0)
        self.assertTrue(client.bound)
        self.assertEqual(len(factory.peers), 2)

    def test_flood(self) -> None:
        """Of a peer that asks without end no more is served than its window."""
        factory = self.raw_centre()
        held = self.esme.answer = Held()
        self.client(peer_window=4)
        peer = factory.peers[0]
        peer.say(*(pdu.DeliverSm(sequence_number=n) for n in range(1, 7)))
        self.network.settle()
        for number in range(7, 11):
            peer.say(pdu.DeliverSm(sequence_number=number))
        self.network.settle()
        self.assertEqual(len(held.asked), 4)
        for number in range(4):
            held.deferreds[number].callback(0)
            self.network.settle()
        answered = [
            each.sequence_number
            for each in peer.got
            if isinstance(each, pdu.DeliverSmResp)
        ]
        self.assertEqual(answered, [5, 6, 7, 8, 9, 10, 1, 2, 3, 4])

    def test_peer_that_does_not_read(self) -> None:
        """Nothing is written without end to a peer that does not read."""
        factory = self.raw_centre()
        client = self.client(window=5000, queue=20000, enquire_link=0.0)
        transport = factory.peers[0].transport
        assert ITCPTransport.providedBy(transport)
        transport.pauseProducing()  # type: ignore[attr-defined]
        for _ in range(3000):
            self.open.append(client.submit(message("x" * 100)))
        self.network.settle()
        self.assertGreater(client.waiting, 1500)
        transport.resumeProducing()  # type: ignore[attr-defined]
        self.network.settle()
        self.assertEqual(client.waiting, 0)

    def test_peer_that_never_lets_go(self) -> None:
        """A client whose peer answers nothing and never closes stops all the same."""
        self.raw_centre().react = lambda peer, got: None  # type: ignore
        client = self.client()
        self.stop(client)
        factory_client = self.client()
        self.send(factory_client, 1)
        self.stop(factory_client)
