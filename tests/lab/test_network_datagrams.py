"""Datagrams of the network in memory behave as UDP does."""

from __future__ import annotations

from typing import Any

from twisted.internet import error
from twisted.internet.protocol import DatagramProtocol

from tests.lab.listeners import NetworkTestCase


class Ears(DatagramProtocol):
    def __init__(self) -> None:
        self.heard: list[tuple[bytes, tuple[str, int]]] = []
        self.stopped = False

    def datagramReceived(self, datagram: bytes, addr: Any) -> None:
        self.heard.append((datagram, addr))

    def stopProtocol(self) -> None:
        self.stopped = True


class DatagramTests(NetworkTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.one, self.two = Ears(), Ears()
        self.port_one = self.network.listenUDP(5060, self.one, "127.0.0.1")
        self.port_two = self.network.listenUDP(0, self.two, "192.0.2.1")
        self.to_two = ("192.0.2.1", self.port_two.getHost().port)

    def send(self, *octets: bytes) -> None:
        for each in octets:
            self.port_one.write(each, self.to_two)
        self.network.settle()

    def heard(self) -> list[bytes]:
        return [octets for octets, _ in self.two.heard]

    def test_datagram(self) -> None:
        """A datagram arrives whole, with the address it came from."""
        self.send(b"hello")
        self.assertEqual(self.two.heard, [(b"hello", ("127.0.0.1", 5060))])

    def test_nobody_there(self) -> None:
        """A datagram to a closed port is lost without a word."""
        self.port_one.write(b"hello", ("127.0.0.1", 9))
        self.network.settle()

    def test_drop_repeat_delay(self) -> None:
        """The nth datagram can be lost, repeated, or overtaken."""
        self.network.drop_datagram(1)
        self.network.repeat_datagram(2)
        self.network.delay_datagram(3, 0.5)
        self.send(b"lost", b"twice", b"late", b"plain")
        self.assertEqual(self.heard(), [b"twice", b"twice", b"plain"])
        self.network.advance(0.5)
        self.assertEqual(self.heard()[-1], b"late")

    def test_partition(self) -> None:
        """Datagrams do not pass a partition, in either direction."""
        self.network.partition("127.0.0.1", 5060)
        self.send(b"lost")
        self.port_two.write(b"lost", ("127.0.0.1", 5060))
        self.network.settle()
        self.assertEqual((self.one.heard, self.two.heard), ([], []))

    def test_limit(self) -> None:
        """A datagram holds 65507 octets; one more is refused."""
        self.send(b"x" * 65507)
        self.assertEqual(len(self.heard()[0]), 65507)
        with self.assertRaises(error.MessageLengthError):
            self.port_one.write(b"x" * 65508, self.to_two)

    def test_stop(self) -> None:
        """A stopped port hears no more, and its protocol is told."""
        self.port_two.stopListening()
        self.send(b"x")
        self.assertEqual((self.two.heard, self.two.stopped), ([], True))
