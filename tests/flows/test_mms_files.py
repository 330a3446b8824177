"""TS 6.1.3, 6.3.1.1.5, Tables 23 and 24: files to MMS."""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.defer import Deferred

from cpmgw.cpm.features import Feature
from cpmgw.cpm.headers import MESSAGE_CONTEXT, MESSAGE_CORRELATOR
from cpmgw.iwf.streams import ANSWER_FIRST
from cpmgw.lab.behaviour import MmsBehaviour
from cpmgw.lab.pager import PagerMessage, cpim_of
from cpmgw.mm4.pdu import RequestStatus
from cpmgw.msrp.interfaces import IMsrpSession, Remote
from cpmgw.sdp.parser import parse_sdp
from cpmgw.sdp.stream import streams
from cpmgw.sip.message import Response
from tests.flows.dialog import IDS
from tests.flows.house import ALICE, BOB
from tests.flows.large import TEXT
from tests.flows.messages import Talk, describe, spooled
from tests.flows.mms import (
    ALICE_MM4,
    BOB_MM4,
    DELIVERED,
    FAILED,
    PICTURE,
    SYSTEM,
    MmsHouse,
    MmsLargeOutbound,
)

NEGATIVE = ("negative-delivery",)
Offer = Callable[[IMsrpSession], bytes]


def file_offer(
    name: str = "dot.gif",
    kind: str = "image/gif",
    *,
    size: int | None = len(PICTURE),
    more: tuple[str, ...] = (),
) -> Offer:
    """An offer of one file (RFC 5547)."""
    said = f'name:"{name}" type:{kind}'
    if size is not None:
        said += f" size:{size}"
    attributes = (f"file-selector:{said}", "file-transfer-id:f-1", *more)

    def offer(session: IMsrpSession) -> bytes:
        return describe(
            session, direction="sendonly", types=kind, wrapped="", more=attributes
        )

    return offer


class Files(MmsLargeOutbound):
    def setUp(self) -> None:
        super().setUp()
        self.behave()

    def offered(self, offer: Offer | None = None, **details: object) -> Talk:
        """An INVITE that offers a file, and its answer."""
        details.setdefault("headers", IDS)
        talk = self.side.call(
            feature=Feature.FILE, body=offer or file_offer(), **details
        )
        assert talk.answer is not None
        return talk

    def accepted(self, offer: Offer | None = None, **details: object) -> Talk:
        """One that was accepted, and is connected."""
        talk = self.offered(offer, **details)
        assert talk.answer is not None
        self.assertEqual(talk.answer.status, 200)
        talk.establish()
        return talk

    def asking(self, *imdn: str, offer: Offer | None = None) -> Talk:
        """One that asks for notifications, in a CPIM beside the offer."""
        message = PagerMessage(
            sender=ALICE, recipient=BOB, imdn=imdn, message_id="f-1", content=b""
        )
        beside = cpim_of(message, 0.0).encode()

        def body(session: IMsrpSession) -> bytes:
            sdp = (offer or file_offer())(session)
            return b"".join(
                (
                    b"--b\r\nContent-Type: application/sdp\r\n\r\n",
                    sdp,
                    b"\r\n--b\r\nContent-Type: message/cpim\r\n\r\n",
                    beside,
                    b"\r\n--b--\r\n",
                )
            )

        return self.accepted(body, content_type="multipart/mixed;boundary=b")

    def send_file(
        self, talk: Talk, octets: bytes = PICTURE, kind: str = "image/gif"
    ) -> int:
        """Send it, once; the MSRP status when all rests."""
        sent = talk.session.send(kind, octets)
        self.settle()
        status: int = self.successResultOf(sent)
        self.network.advance(ANSWER_FIRST)
        self.settle()
        return status


class Tables(Files):
    def test_answer(self) -> None:
        """The 200: Server, our own identity, and a passive stream (step 5).

        [TS 6.1.3 step 5a] [TS 6.1.3 step 5b] [TS 6.1.3 step 5c]
        """
        talk = self.accepted()
        assert talk.answer is not None
        headers = talk.answer.headers
        self.assertIn("IWF-MMS-serv/", headers.get("Server") or "")
        own = self.gateway.config.iwf_address
        self.assertEqual(headers.get("P-Asserted-Identity"), f"<{own}>")
        self.assertIn(b"a=recvonly", talk.answer.body)
        self.assertIn(b"a=setup:passive", talk.answer.body)
        self.assertIn(b"a=path:msrp://", talk.answer.body)
        talk.bye()

    def test_forward(self) -> None:
        """The envelope and the PDU (Tables 23 and 24), and the file itself.

        [TS 6.3.1.1.5 step 1] [TS 6.3.1.1.5 step 4] [TS 6.1.3 SEND 1]
        [TS 6.1.3 SEND 2] [SCR Int-S-037-O]
        """
        self.relay.behave(MmsBehaviour())
        talk = self.accepted()
        self.assertEqual(self.forwards, [])
        self.assertEqual(self.send_file(talk), 200)
        (mail,) = self.relay.mails
        self.assertEqual(mail.envelope.sender, ALICE_MM4)
        self.assertEqual(mail.numbers, ["+15145550002"])
        (forward,) = self.forwards
        self.assertEqual((forward.sender, forward.to), (ALICE_MM4, (BOB_MM4,)))
        self.assertTrue(forward.acknowledge)
        self.assertEqual(forward.originator_system, SYSTEM)
        self.assertEqual(forward.forward_route, (SYSTEM,))
        self.assertFalse(forward.delivery_report)
        (shown,) = self.phone.inbox[0].pictures
        self.assertEqual(shown.octets, PICTURE)
        self.assertIn(b"dot.gif", mail.octets)
        talk.bye()

    def test_bye(self) -> None:
        """The 200 to the BYE tells what it became. [TS 6.1.3 BYE] [TS 6.3.1.1.7 B]"""
        talk = self.accepted()
        self.assertEqual(self.send_file(talk), 200)
        headers = talk.bye().headers
        self.assertEqual(headers.get(MESSAGE_CONTEXT), "multimedia-message")
        known = self.forwards[0].transaction.message_id
        self.assertEqual(headers.get(MESSAGE_CORRELATOR), known)

    def test_notifications(self) -> None:
        """What CPIM beside the offer asks for is asked for (Table 24).

        [TS 6.1.3 step 3]
        """
        self.relay.behave(MmsBehaviour())
        talk = self.asking("positive-delivery", "display")
        self.assertEqual(self.send_file(talk), 200)
        (forward,) = self.forwards
        self.assertTrue(forward.delivery_report)
        self.assertTrue(forward.read_reply)
        told = [(n.kind, n.status) for n in self.alice.notifications]
        self.assertEqual(told, DELIVERED)
        self.assertEqual(self.alice.notifications[0].message_id, "f-1")
        talk.bye()

    def test_wrong_type(self) -> None:
        """488 for what MMS has no use for. [TS 6.1.3 step 1]"""
        for kind in ("application/pdf", "application/zip"):
            talk = self.offered(file_offer("a.bin", kind))
            assert talk.answer is not None
            self.assertEqual(talk.answer.status, 488)

    def test_too_large(self) -> None:
        """A size beyond all that is looked at: 488 to the INVITE. [TS 6.3 1b]"""
        talk = self.offered(file_offer(size=11 * 1024 * 1024))
        assert talk.answer is not None
        self.assertEqual(talk.answer.status, 488)

    def test_part_of_a_file(self) -> None:
        """A part of a file is refused: the rest is not here."""
        talk = self.offered(file_offer(more=("file-range:2-*",)))
        assert talk.answer is not None
        self.assertEqual(talk.answer.status, 488)

    def test_text_file(self) -> None:
        """A text is a file too."""
        self.relay.behave(MmsBehaviour())
        octets = TEXT.encode()
        talk = self.accepted(file_offer("a.txt", "text/plain", size=len(octets)))
        self.assertEqual(self.send_file(talk, octets, "text/plain"), 200)
        self.assertEqual(self.phone.texts, [TEXT])
        talk.bye()

    def test_name_is_no_way(self) -> None:
        """A name that is a way, or would break out of its field, is only a name."""
        name = "../../etc/x%22%0D%0ABcc: y"
        talk = self.accepted(file_offer(name))
        self.assertEqual(self.send_file(talk), 200)
        head = self.relay.mails[0].octets.lower()
        self.assertNotIn(b"\r\nbcc:", head)
        self.assertNotIn(b"../", head)
        talk.bye()


class Several(Files):
    def test_two_files(self) -> None:
        """Two files of one INVITE are one MMS; it waits for both.

        [TS 6.1.3 SEND 1]
        """
        self.relay.behave(MmsBehaviour())
        second = self.side.open()

        def body(session: IMsrpSession) -> bytes:
            both = [
                file_offer(name)(each)
                for name, each in (("a.gif", session), ("b.gif", second.session))
            ]
            return both[0] + b"m=" + both[1].partition(b"\r\nm=")[2]

        talk = self.accepted(body)
        assert talk.answer is not None
        stream = streams(parse_sdp(talk.answer.body))[1]
        second.session.begin(
            Remote(path=stream.path, connect_to=stream.connect_to, active=True)
        )
        self.settle()
        self.assertEqual(self.send_file(talk), 200)
        self.assertEqual(self.forwards, [])
        second.session.send("image/gif", PICTURE)
        self.settle()
        self.assertEqual(len(self.forwards), 1)
        self.assertEqual(len(self.phone.inbox[0].pictures), 2)
        talk.bye()
        second.session.close()
        self.side.talks.remove(second)


class Empty(Files):
    def test_empty_file(self) -> None:
        """A file without an octet has come when that is said of it (RFC 5547)."""
        self.relay.behave(MmsBehaviour())
        second = self.side.open()

        def body(session: IMsrpSession) -> bytes:
            both = [
                file_offer(name, "text/plain", size=size)(each)
                for name, size, each in (
                    ("a.txt", 5, session),
                    ("b.txt", 0, second.session),
                )
            ]
            return both[0] + b"m=" + both[1].partition(b"\r\nm=")[2]

        talk = self.accepted(body)
        assert talk.answer is not None
        stream = streams(parse_sdp(talk.answer.body))[1]
        second.session.begin(
            Remote(path=stream.path, connect_to=stream.connect_to, active=True)
        )
        self.settle()
        self.assertEqual(self.send_file(talk, b"Hello", "text/plain"), 200)
        self.assertEqual(self.forwards, [])
        second.session.send("text/plain", b"")
        self.settle()
        self.assertEqual(len(self.forwards), 1)
        self.assertIn("Hello", self.phone.texts[0])
        talk.bye()
        second.session.close()
        self.side.talks.remove(second)


class Refused(Files):
    def test_notification(self) -> None:
        """What the relay refuses is notified where that was asked for."""
        self.behave(status=RequestStatus.SERVICE_DENIED)
        talk = self.asking(*NEGATIVE)
        self.assertEqual(self.send_file(talk), 200)
        told = [(n.kind, n.status) for n in self.alice.notifications]
        self.assertEqual(told, FAILED)
        talk.bye()

    def test_no_notification(self) -> None:
        """And said by MSRP and by a BYE otherwise."""
        self.behave(status=RequestStatus.SERVICE_DENIED)
        talk = self.accepted()
        self.assertEqual(self.send_file(talk), 413)
        self.assertEqual(talk.reasons, ['SIP;cause=480;text="Bearer unavailable"'])

    def test_early_bye(self) -> None:
        """A BYE before the file is whole: nothing leaves, and nothing is left."""
        talk = self.accepted()
        self.assertEqual(talk.bye().status, 200)
        self.assertEqual(self.forwards, [])

    def test_cancel(self) -> None:
        """A CANCEL before the answer: 487. [TS 6.1.3 CANCEL]"""
        opening: Deferred[IMsrpSession] = Deferred()
        self.patch(self.gateway.msrp, "open", lambda *_: opening)
        talk, pending = self.side.invite(feature=Feature.FILE, body=file_offer())
        self.network.advance(0.3)  # our 100
        self.side.endpoint.cancel(pending)
        self.settle()
        answer: Response = self.successResultOf(pending)
        self.assertEqual(answer.status, 487)
        self.assertEqual(talk.acknowledged, [])


class Early(Files):
    policy = "file_transfer.early_timeout = 3"

    def test_early(self) -> None:
        """By policy a relay that is slow does not hold the answer. [TS 6.1.3 408]"""
        self.behave(delay=10.0)
        talk = self.accepted()
        sent = talk.session.send("image/gif", PICTURE)
        self.settle()
        self.pass_time(4.0)
        self.assertEqual(self.successResultOf(sent), 408)
        talk.bye()
        self.pass_time(20.0)
        self.assertEqual(len(self.forwards), 1)


class Rejected(Files):
    policy = 'file_transfer.accept = "reject"'

    def test_rejected(self) -> None:
        """By policy no file is taken: 480, for no fault of what is offered."""
        talk = self.offered()
        assert talk.answer is not None
        self.assertEqual(talk.answer.status, 480)


class Rcs(Files):
    profile = "rcs"

    def test_not_used(self) -> None:
        """There is no file transfer. [RCC.10 6.3.1.1.5] [RCC.10 6.1.3]"""
        talk = self.offered()
        assert talk.answer is not None
        self.assertEqual(talk.answer.status, 488)


class LabClient(MmsHouse):
    """The lab's own client, which the demo has."""

    def setUp(self) -> None:
        self.more = spooled(self.mktemp())
        super().setUp()

    def test_file(self) -> None:
        """It sends a file, and hears that it was delivered and read."""
        self.relay.behave(MmsBehaviour(looks_after=0.0))
        sent = self.cpm.send_file(
            PagerMessage(
                sender=ALICE,
                recipient=BOB,
                content=PICTURE,
                content_type="image/gif",
                imdn=("positive-delivery", "display"),
            ),
            "dot.gif",
        )
        self.wait_until(lambda: sent.done.called)
        self.pass_time(15)
        self.assertEqual((sent.status, sent.msrp_status), (200, 200))
        self.assertEqual(
            sent.outcome, [*DELIVERED, ("display-notification", "displayed")]
        )

    def test_large(self) -> None:
        """It sends a large message."""
        sent = self.cpm.send_large(
            PagerMessage(sender=ALICE, recipient=BOB, text=TEXT, imdn=())
        )
        self.wait_until(lambda: sent.done.called)
        self.settle()
        self.assertEqual((sent.status, sent.msrp_status), (200, 200))
        self.assertEqual(self.phone.texts, [TEXT])

    def test_large_comes(self) -> None:
        """It takes one."""
        sent = self.write_mms("x" * 2_000, delivery_report=True)
        self.settle()
        self.assertEqual(sent.statuses, ["Ok"])
        self.assertEqual(self.alice.texts, ["x" * 2_000])
        self.settle()
        self.assertEqual(sent.outcome, ["Retrieved"])
