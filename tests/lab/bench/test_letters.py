"""The multimedia messages of the load are what peers send: every reader reads them."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from cpmgw.cpm.cpim import parse_cpim
from cpmgw.lab.bench.letters import CHUNK, Letters, picture, read, response
from cpmgw.lab.pictures import content_of, picture_of, text_in
from cpmgw.mm4.entity import leaf, read_entity
from cpmgw.mm4.mail import read_mail
from cpmgw.mm4.pdu import Forward, RequestStatus, Result
from cpmgw.msrp.frames import Request
from cpmgw.msrp.parser import FrameParser
from cpmgw.msrp.parser import Limits as MsrpLimits

SIZE = 100_000
URI = "msrp://127.0.0.1:2855/0123456789abcdef;tcp"
OWN = "msrp://127.0.0.1:9/bench;tcp"


class LetterTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.letters = Letters(SIZE)

    def test_picture(self) -> None:
        """It has just so many octets, and can be decoded."""
        for size in (20_000, SIZE):
            octets = picture(size)
            self.assertEqual(len(octets), size)
            found = picture_of(leaf("image/jpeg", octets))
            assert found is not None
            self.assertEqual((found.width, found.height), (640, 480))

    def test_it_is_mostly_picture(self) -> None:
        """Hardly any of the 100 KB is there to make up the size."""
        self.assertGreater(len(picture(SIZE).rstrip(b"\0")), SIZE // 2)

    def test_cpim(self) -> None:
        """Its CPIM has its number, its text and its picture, octet for octet."""
        cpim = parse_cpim(self.letters.cpim(42))
        self.assertEqual(cpim.imdn("Message-ID"), "bench-00000042")
        entity = content_of(cpim.content_type, "", cpim.content)
        self.assertTrue(text_in(entity).startswith("bench-00000042: "))
        self.assertEqual(entity.parts[1].body, picture(SIZE))

    def test_sends(self) -> None:
        """Its SENDs are chunks of one message, whose last one names it."""
        parser = FrameParser(MsrpLimits())
        heads: list[Request] = []
        body = b""
        for octets in self.letters.sends(42, URI, OWN):
            parser.add(octets)
            for event in iter(parser.take, None):
                if isinstance(event, Request):
                    heads.append(event)
                elif isinstance(event, bytes):
                    body += event
        self.assertEqual(body, self.letters.cpim(42))
        self.assertEqual(len(heads), len(body) // CHUNK + 1)
        self.assertEqual(heads[-1].transaction, "send00000042")
        self.assertEqual({each.message_id for each in heads}, {"send00000042"})

    def test_forward(self) -> None:
        """Its mail is a MM4_forward.REQ that wants a response, and nothing else."""
        mail = self.letters.forward(42)
        read_back = read_mail(mail.head + mail.body)
        pdu = read_back.pdu
        assert isinstance(pdu, Forward)
        self.assertEqual(pdu.sender, mail.sender)
        self.assertEqual(pdu.to, (mail.recipient,))
        self.assertEqual(
            (pdu.acknowledge, pdu.delivery_report, pdu.read_reply), (True, False, False)
        )
        content = bytes(read_back.content)
        entity = read_entity(pdu.content_type, pdu.transfer_encoding, content)
        self.assertEqual(entity.parts[1].body, picture(SIZE))
        self.assertLess(max(len(line) for line in content.split(b"\r\n")), 998)
        came = read(mail.head + mail.body)
        self.assertEqual((came.type, came.number), ("MM4_forward.REQ", 42))

    def test_response(self) -> None:
        """A response is one that the gateway reads, and is read again here."""
        mail = self.letters.forward(42)
        answer = response(read(mail.head + mail.body), "a@mm4.test")
        pdu = read_mail(answer.head).pdu
        assert isinstance(pdu, Result)
        self.assertEqual(pdu.status, RequestStatus.OK)
        self.assertEqual(pdu.transaction.transaction_id, "bench-00000042")
        came = read(answer.head)
        self.assertEqual(
            (came.type, came.number, came.status), ("MM4_forward.RES", 42, "Ok")
        )
        self.assertEqual(read(b"Subject: x\r\n\r\n").number, None)
