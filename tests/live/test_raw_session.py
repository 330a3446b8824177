"""The raw SIP user agent against itself, over real sockets."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.defer import gatherResults
from twisted.internet.threads import deferToThread
from twisted.trial.unittest import SynchronousTestCase, TestCase

from tests.live.raw_content import (
    cpim,
    imdn_of,
    large_offer,
    session_offer,
    stream_of,
    text_of,
)
from tests.live.raw_frames import Malformed
from tests.live.raw_packet import Packet, take_datagram, take_packet
from tests.live.raw_session import Call, Phone

ALICE = "+15550001001"
BOB = "+15145550002"
PATH = "msrp://127.0.0.1:7777/iau39soe2843z;tcp"
OFFER = session_offer(PATH, 7777)
ANSWER = session_offer("msrp://127.0.0.1:8888/9di4eae923wzd;tcp", 8888)


class Packets(SynchronousTestCase):
    octets = Packet(
        "BYE sip:bob@127.0.0.1 SIP/2.0",
        (
            ("Via", "SIP/2.0/UDP 127.0.0.1:5070;branch=z9hG4bK776asdhds"),
            ("From", "<tel:+15550001001>;tag=a"),
            ("To", "<tel:+15145550002>;tag=b"),
            ("Call-ID", "a84b4c76e66710"),
            ("CSeq", "2 BYE"),
        ),
        b"Body",
    ).octets()

    def test_both_directions(self) -> None:
        """What is read is written with the same octets, but for Content-Length."""
        packet = take_datagram(self.octets)
        self.assertEqual((packet.method, packet.body), ("BYE", b"Body"))
        headers = [each for each in packet.headers if each[0] != "Content-Length"]
        again = Packet(packet.start, tuple(headers), packet.body)
        self.assertEqual(again.octets(), self.octets)

    def test_truncated(self) -> None:
        """What is not here whole is no message yet; a datagram has to be one."""
        for length in range(len(self.octets)):
            self.assertIsNone(take_packet(bytearray(self.octets[:length])))
            self.assertRaises(Malformed, take_datagram, self.octets[:length])

    def test_malformed(self) -> None:
        """What RFC 3261 25 does not allow is refused."""
        for right, wrong in (
            (b"BYE sip", b"BYE  sip"),
            (b"SIP/2.0\r\n", b"SIP/3.0\r\n"),
            (b"Call-ID: ", b"Call-ID "),
            (b"Call-ID: ", b"X-Call-ID: "),
            (b"Content-Length: 4\r\n", b""),
            (b"Content-Length: 4", b"Content-Length: four"),
        ):
            octets = self.octets.replace(right, wrong)
            self.assertNotEqual(octets, self.octets)
            self.assertRaises(Malformed, take_packet, bytearray(octets))

    def test_endless_head(self) -> None:
        """A head that does not end is refused past 65,536 octets, and not before."""
        self.assertIsNone(take_packet(bytearray(b"B" * 65_536)))
        self.assertRaises(Malformed, take_packet, bytearray(b"B" * 65_537))


class Content(SynchronousTestCase):
    def test_stream(self) -> None:
        """Host, port and path of a stream are found in its description."""
        stream = stream_of(large_offer(PATH, 7777, 2000))
        self.assertEqual((stream.host, stream.port), ("127.0.0.1", 7777))
        self.assertEqual((stream.protocol, stream.path), ("TCP/MSRP", PATH))
        self.assertTrue(stream.has("a=file-selector:size:2000"))
        self.assertFalse(stream.has("a=sendrecv"))

    def test_no_description(self) -> None:
        """Lines out of order, without an end, or without MSRP are refused."""
        for wrong in (
            OFFER[:-2],
            OFFER.replace(b"s=-\r\n", b""),
            OFFER.replace(b"t=0 0\r\n", b"") + b"t=0 0\r\n",
            OFFER.replace(b"TCP/MSRP *", b"RTP/AVP 0"),
        ):
            self.assertRaises(ValueError, stream_of, wrong)

    def test_cpim(self) -> None:
        """A text that was wrapped is found again; it is no IMDN."""
        body = cpim("Grüße\r\n\r\nto all", "id-1")
        self.assertEqual(text_of(body), "Grüße\r\n\r\nto all")
        self.assertRaises(ValueError, imdn_of, body)

    def test_imdn(self) -> None:
        """An IMDN tells of which message it is, and what became of that."""
        body = cpim("<message-id>a</message-id><status><delivered/></status>", "b")
        imdn = body.replace(b"text/plain; charset=utf-8", b"message/imdn+xml")
        self.assertEqual(imdn_of(imdn), ("a", "delivered"))
        self.assertRaises(ValueError, text_of, imdn)


class Phones(TestCase):
    timeout = 20

    def phones(self, transport: str) -> tuple[Phone, Phone]:
        """Two of them; each is the other's gateway."""
        alice, bob = Phone(ALICE, transport), Phone(BOB, transport)
        alice.gateway, bob.gateway = bob.port, alice.port
        self.addCleanup(alice.close)
        self.addCleanup(bob.close)
        return alice, bob

    async def both(self, *talks: Callable[[], Any]) -> Any:
        """Run them side by side, each in a thread; gives what the first gives."""
        results = await gatherResults(
            [deferToThread(talk) for talk in talks], consumeErrors=True
        )
        return results[0]

    async def test_udp(self) -> None:
        """INVITE, 200, ACK, another offer and BYE by UDP."""
        await self.talk("udp")

    async def test_tcp(self) -> None:
        """The same by TCP."""
        await self.talk("tcp")

    async def talk(self, transport: str) -> None:
        """A call that Alice makes and ends."""
        alice, bob = self.phones(transport)

        def called() -> None:
            for offer in (OFFER, ANSWER):
                invite = bob.requested("INVITE")
                self.assertEqual(invite.body, offer)
                dialog = bob.accept(invite, ANSWER)
            bye = dialog.ended()
            self.assertEqual(bye.value("Reason"), "SIP;cause=200")

        def calling() -> Call:
            call = alice.invite(BOB, OFFER)
            self.assertEqual(call.stream.port, 8888)
            call.acknowledge()
            self.assertEqual(call.again(ANSWER).status, 200)
            self.assertEqual(call.bye(("Reason", "SIP;cause=200")).status, 200)
            return call

        call = await self.both(calling, called)
        self.assertTrue(call.answer.value("To").startswith(f"<tel:{BOB}>;tag="))

    async def test_ended_by_the_callee(self) -> None:
        """The callee's BYE goes along the route of the INVITE, the other way round."""
        alice, bob = self.phones("udp")

        def called() -> None:
            self.assertEqual(
                bob.accept(bob.requested("INVITE"), ANSWER).bye().status, 200
            )

        def calling() -> None:
            call = alice.invite(BOB, OFFER)
            call.acknowledge()
            bye = call.ended()
            self.assertEqual(bye.value("From"), call.answer.value("To"))
            self.assertEqual(bye.value("To"), call.invite.value("From"))

        await self.both(calling, called)

    async def test_refused(self) -> None:
        """A refusal is acknowledged in its own transaction (17.1.1.3)."""
        alice, bob = self.phones("udp")

        def called() -> None:
            invite = bob.requested("INVITE")
            bob.respond(invite, 488)
            ack = bob.requested("ACK")
            self.assertEqual(ack.branch, invite.branch)
            self.assertIn(";tag=", ack.value("To"))

        call = await self.both(lambda: alice.invite(BOB, OFFER), called)
        self.assertEqual(call.answer.status, 488)
        with self.assertRaises(Malformed):
            call.stream  # noqa: B018  # it raises

    async def test_repeated_request(self) -> None:
        """A request that is repeated gets the same answer, and counts once."""
        alice, bob = self.phones("udp")
        request = alice.request_of(
            "MESSAGE",
            "sip:bob@127.0.0.1",
            (
                ("From", "<tel:a>;tag=a"),
                ("To", "<tel:b>"),
                ("Call-ID", "c"),
                ("CSeq", "1 MESSAGE"),
            ),
        )

        def called() -> None:
            for _ in range(2):
                bob.take()
            bob.requested("MESSAGE")
            self.assertEqual(bob.requests, [])

        def calling() -> list[Packet]:
            return [alice.answered(request) for _ in range(2)]

        first, second = await self.both(calling, called)
        self.assertEqual((first.status, second), (200, first))

    async def test_silence(self) -> None:
        """Where nothing comes, waiting ends."""
        alice, _ = self.phones("tcp")
        with self.assertRaises(TimeoutError):
            alice.requested("BYE", 0.05)
