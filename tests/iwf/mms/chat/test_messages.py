"""Chat messages of a CPM user to an MMS user (TS 6.1.5.1, 6.3, 6.3.1.1.6.2)."""

from __future__ import annotations

import gc
from pathlib import Path

import msgspec
from twisted.internet.defer import Deferred

from cpmgw.config import MmscMedia
from cpmgw.cpm.chat_content import COMPOSING_TYPE, ChatContent
from cpmgw.cpm.cpim import CpimMessage
from cpmgw.cpm.imdn import MEDIA_TYPE as IMDN_TYPE
from cpmgw.cpm.imdn import Disposition
from cpmgw.iwf.mms.forward_outcome import not_taken, not_written
from cpmgw.iwf.sessions.reception import PATIENCE
from cpmgw.iwf.streams import ANSWER_FIRST
from cpmgw.mm4.entity import Entity, leaf, multipart, to_cpm
from cpmgw.mm4.errors import Mm4Error
from cpmgw.mm4.smil import has_smil
from cpmgw.records import ImdnContext
from cpmgw.smtp.errors import Refused
from cpmgw.smtp.interfaces import Reply
from tests.flows.dialog import invite
from tests.iwf.mms.chat.room import ALICE, AT_ONCE, BOB, MOST, NOW, SMALL, MmsRoom
from tests.iwf.mms.chat.stand_ins import refused, text_of
from tests.iwf.sessions.invites import NUMBER, here
from tests.iwf.sessions.stand_ins import Body

CAROL = "tel:+15145550003"
AUTHOR = b"Carol (+15145550003)"
PICTURE = b"\x89PNG\r\n\x1a\n\x00--x"
IMDN = (
    b'<imdn xmlns="urn:ietf:params:xml:ns:imdn"><message-id>1</message-id>'
    b"<datetime>2026-11-24T23:00:00Z</datetime><display-notification><status>"
    b"<displayed/></status></display-notification></imdn>"
)


def cpim(content_type: str, content: bytes, encoding: str = "") -> bytes:
    """Content in a CPIM wrapper, from Carol."""
    encoded = (("Content-Transfer-Encoding", encoding),) if encoding else ()
    return CpimMessage(
        headers=(("From", f"Carol <{CAROL}>"), ("To", f"<{BOB}>")),
        content_headers=(("Content-Type", content_type), *encoded),
        content=content,
    ).encode()


class Messages(MmsRoom):
    session = {
        "inform_invited": "never",
        "inform_closed": "never",
        "leave_instructions": "never",
    }

    def setUp(self) -> None:
        super().setUp()
        self.establish()

    def bring(self, content_type: str, content: bytes, encoding: str = "") -> int:
        """A message of any content; the status that answers it at once."""
        answer = self.arrive(cpim(content_type, content, encoding))
        status: int = self.successResultOf(answer)
        return status

    def test_text(self) -> None:
        """A text goes as it came; 200 when it is taken. [TS 6.3.1.1.6.2 step 3]

        [TS 6.3.1.1.6.2 step 4] [SCR Int-S-040-O]
        """
        self.assertEqual(self.say("Hello"), 200)
        self.assertEqual(self.forwarding.texts, ["Hello"])
        (parcel,) = self.forwarding.parcels
        self.assertIsNone(parcel.sent)
        self.assertFalse(self.sent.acknowledge)
        self.assertEqual(self.body.closed, 1)

    def test_waits(self) -> None:
        """The SEND is answered when the relay has answered.

        [TS 6.3.1.1.6.2 step 4]
        """
        self.forwarding.held = []
        answer = self.arrive(cpim("text/plain", b"Hello"))
        self.assertNoResult(answer)
        self.forwarding.held[0].callback(None)
        self.assertEqual(self.successResultOf(answer), 200)

    def test_picture(self) -> None:
        """A picture crosses octet for octet. [TS 6.3 1]"""
        self.assertEqual(self.bring("image/png", PICTURE), 200)
        self.assertEqual(self.sent_entity.content_type, "image/png")
        self.assertEqual(self.sent_entity.body, PICTURE)
        ((entity, media, size),) = self.adaptation.asked
        self.assertEqual((entity.body, media, size), (PICTURE, self.media, 307_200))

    def test_encoded(self) -> None:
        """Base64 within CPIM is read."""
        self.assertEqual(self.bring("image/png", b"iVBORw==", "base64"), 200)
        self.assertEqual(self.sent_entity.body, b"\x89PNG")

    def test_smil(self) -> None:
        """So does a multipart with SMIL, part by part. [TS 6.3 1]"""
        smil = leaf("application/smil", b"<smil/>", content_id="<s>")
        whole = multipart("related", (smil, leaf("image/png", PICTURE)), start="<s>")
        content_type, encoding, octets = to_cpm(whole)
        self.assertEqual(self.bring(content_type, octets, encoding), 200)
        self.assertEqual(
            [each.body for each in self.sent_entity.leaves()], [b"<smil/>", PICTURE]
        )

    def test_nothing_that_mms_takes(self) -> None:
        """415 to what MMS does not take; the session goes on. [TS 6.3 1c]"""
        self.adaptation.fault = refused(488, "content")
        self.assertEqual(self.bring("application/x-game", b"x"), 415)
        self.adaptation.fault = None
        self.assertEqual(self.say("Hello"), 200)

    def test_too_large(self) -> None:
        """413 to what stays too large; the session goes on. [TS 6.3 1d]"""
        self.adaptation.fault = refused(488, "too-large")
        self.assertEqual(self.bring("image/png", PICTURE), 413)
        self.adaptation.fault = None
        self.assertEqual(self.say("Hello"), 200)

    def test_larger_than_is_looked_at(self) -> None:
        """What no adaptation would help is refused unread. [TS 6.3 1d]"""
        limit = MOST + 65_536
        body = Body(cpim("text/plain", b"Hi"), size=limit)
        self.assertEqual(self.successResultOf(self.take(body)), 200)

        class Unread(Body):
            def read(self) -> bytes:
                raise AssertionError("read")

        body = Unread(b"", size=limit + 1)
        self.assertEqual(self.successResultOf(self.take(body)), 413)
        self.assertEqual(body.closed, 1)

    def test_in_a_file(self) -> None:
        """What is in a file stays there until it is its turn, and is then read."""
        self.forwarding.held = []
        first = self.arrive(cpim("text/plain", b"1"))
        body = Body(cpim("text/plain", b"2"))
        body.path = Path("2")
        second = self.take(body)
        self.assertEqual((len(self.forwarding.parcels), body.closed), (1, 0))
        self.forwarding.held[0].callback(None)
        self.assertEqual((self.forwarding.texts, body.closed), (["1", "2"], 1))
        self.forwarding.held[1].callback(None)
        for answer in (first, second):
            self.assertEqual(self.successResultOf(answer), 200)
        for octets, status in ((cpim("multipart/mixed", b"2"), 415), (b"", 400)):
            broken = Body(octets)
            broken.path = Path("3")
            self.assertEqual(self.successResultOf(self.take(broken)), status)
            self.assertTrue(broken.closed)

    def test_largest_that_is_looked_at(self) -> None:
        """Beyond it content is too large, not unfit, by whatever it is wrapped.

        [TS 6.3 1d]
        """
        for more, status in ((0, 200), (1, 413), (60_000, 413), (70_000, 413)):
            content = b"x" * (MOST + more)
            self.assertEqual(self.bring("image/png", content), status, more)
        self.network.advance(ANSWER_FIRST)
        self.assertEqual(self.byes, [])

    def test_no_written_form(self) -> None:
        """What no mail can be made of is unfit, and ends nothing. [TS 6.3 1c]"""
        self.forwarding.trouble = not_written(Mm4Error("cannot be folded"))
        self.assertEqual(self.say("Hello"), 415)
        self.network.advance(ANSWER_FIRST)
        self.assertEqual(self.byes, [])
        self.forwarding.trouble = None
        self.assertEqual(self.say("Hello"), 200)

    def test_no_room_for_mails(self) -> None:
        """Where too much waits already the message may come again."""
        self.forwarding.trouble = refused(503, "no-room")
        self.assertEqual(self.say("Hello"), 408)
        self.network.advance(ANSWER_FIRST)
        self.assertEqual(self.byes, [])

    def test_dates_beyond_all_mail(self) -> None:
        """A DateTime that mail has no form for is none."""
        for date in ("9999-12-31T23:59:59-12:00", "1969-12-31T23:59:59Z"):
            octets = CpimMessage(
                headers=(("DateTime", date),),
                content_headers=(("Content-Type", "text/plain"),),
                content=b"Hi",
            ).encode()
            self.assertEqual(self.successResultOf(self.arrive(octets)), 200, date)
            self.assertEqual(self.sent.date, NOW + self.network.seconds())

    def test_refused_for_its_content(self) -> None:
        """What a relay does not take of a mail for good is unfit, and ends nothing."""
        for stage, code, status in (
            (".", 554, 415),
            ("DATA", 554, 415),
            (".", 451, 413),
            ("RCPT", 550, 413),
        ):
            reply = Reply(code, "no")
            fault = not_taken(Refused(reply, stage), self.chosen)
            fault.__cause__ = Refused(reply, stage)
            self.forwarding.faults = [fault]
            self.assertEqual(self.say("Hello", message_id=f"{stage}{code}"), status)
            self.network.advance(ANSWER_FIRST)
            self.assertEqual(len(self.byes), status == 413, (stage, code))
            if self.byes:
                self.byes.clear()
                self.establish(call_id=f"{stage}{code}")

    def test_left_while_it_is_adapted(self) -> None:
        """Once its user has left it is sent no more, nor after MSRP was lost."""
        for end in ("leave", "lost"):
            self.adaptation.gate = gate = Deferred[None]()
            answer = self.arrive(cpim("image/png", PICTURE))
            if end == "leave":
                self.assertEqual(self.taken("leave"), "Ok")
            else:
                self.stream.user.lost(Exception("gone"))
            gate.callback(None)
            self.network.settle()
            self.assertEqual(self.successResultOf(answer), 413)
            self.assertEqual(self.forwarding.parcels, [])
            self.adaptation.gate = None
            self.establish(call_id=end)

    def test_closed_while_it_is_adapted(self) -> None:
        """What came before a BYE is read all the same."""
        self.adaptation.gate = gate = Deferred[None]()
        answer = self.arrive(cpim("image/png", PICTURE))
        self.within("BYE", self.answered)
        gate.callback(None)
        self.network.settle()
        self.assertEqual(self.successResultOf(answer), 200)

    def test_too_busy(self) -> None:
        """Where there is too much to adapt the message may come again."""
        self.adaptation.fault = refused(503, "busy")
        self.assertEqual(self.bring("image/png", PICTURE), 408)
        self.network.advance(ANSWER_FIRST)
        self.assertEqual(self.byes, [])

    def test_unreadable(self) -> None:
        """A multipart that is none has no form in MMS."""
        self.assertEqual(self.bring("multipart/mixed", b"no boundary"), 415)
        self.assertEqual(self.bring("text/plain", b" \r\n"), 415)
        self.assertEqual(self.successResultOf(self.arrive(b"")), 400)

    def test_not_taken(self) -> None:
        """What the relay does not take ends the session (as TS 6.2.3 B)."""
        self.forwarding.faults = [refused(503, "mmsc-unreachable")]
        self.assertEqual(self.say("Hello"), 413)
        self.network.advance(ANSWER_FIRST)
        (bye,) = self.byes
        self.assertIn("cause=480", bye.headers.get("Reason") or "")
        self.assertIn("Bearer unavailable", bye.headers.get("Reason") or "")

    def test_unsure(self) -> None:
        """What may have left is not sent again by itself, and ends nothing."""
        self.forwarding.faults = [refused(408, "mmsc-silent", may_have_left=True)]
        self.assertEqual(self.say("Hello"), 408)
        self.network.advance(ANSWER_FIRST)
        self.assertEqual(self.byes, [])

    def test_again(self) -> None:
        """One that comes again is answered again and not sent again."""
        self.assertEqual((self.say("Hello"), self.say("Hello")), (200, 200))
        self.assertEqual(len(self.forwarding.parcels), 1)
        answer = self.forwarding.parcels[0].answer
        assert answer is not None
        self.assertEqual(answer.status, 200)

    def test_same_identifier(self) -> None:
        """A second try has the X-Mms-Message-ID of the first, another one another."""
        self.forwarding.faults = [refused(408, "mmsc-silent", may_have_left=True)]
        self.say("Hello")
        self.say("Hello")
        self.say("Hello", message_id="m-2")
        first, second, other = (
            each.pdu.transaction for each in self.forwarding.parcels
        )
        self.assertEqual(first.message_id, second.message_id)
        self.assertNotEqual(first.message_id, other.message_id)
        self.assertNotEqual(first.transaction_id, second.transaction_id)

    def test_reports(self) -> None:
        """What its reports need is kept, with the session to tell them in."""
        self.say("Hello", Disposition.POSITIVE_DELIVERY, Disposition.DISPLAY)
        self.assertTrue(self.sent.delivery_report and self.sent.read_reply)
        (parcel,) = self.forwarding.parcels
        assert parcel.sent is not None and parcel.answer is not None
        (session,) = self.chats._house.register
        self.assertEqual(parcel.sent.message_id, self.sent.transaction.message_id)
        self.assertEqual(parcel.sent.answer, parcel.answer.key)
        self.assertEqual(
            (parcel.sent.relay, parcel.sent.recipient), ("home", "+15145550002")
        )
        context = parcel.sent.context
        self.assertEqual(
            context,
            ImdnContext(
                originator=ALICE,
                recipient=BOB,
                cpim_from="sip:anonymous@anonymous.invalid",
                cpim_to="sip:anonymous@anonymous.invalid",
                message_id="m-1",
                datetime="2026-11-24T23:00:00Z",
                requested=("display", "positive-delivery"),
                conversation_id="conversation-1",
                contribution_id="part-1",
                feature="session",
                service="urn:urn-7:3gpp-service.ims.icsi.oma.cpm.session",
                session=session.key,
                anonymous=True,
            ),
        )
        notified = self.chats.notify(context.session, b"an IMDN")
        assert notified is not None
        self.assertTrue(self.successResultOf(notified))

    def test_no_report_of_mm4(self) -> None:
        """Of what MM4 has no report for nothing is kept."""
        self.say("Hello", Disposition.PROCESSING)
        self.assertIsNone(self.forwarding.parcels[0].sent)

    def test_composing(self) -> None:
        """isComposing ends here."""
        answer = self.arrive(b"<isComposing/>", COMPOSING_TYPE)
        self.assertEqual(self.successResultOf(answer), 200)
        self.assertEqual(self.forwarding.parcels, [])

    def test_notification(self) -> None:
        """An IMDN is for whoever waits for those of MMS."""
        self.assertEqual(self.bring(IMDN_TYPE, IMDN), 200)
        self.assertEqual([each.message_id for each in self.imdns], ["1"])
        self.assertEqual(self.forwarding.parcels, [])

    def test_notification_not_kept(self) -> None:
        """One that could not be kept may come again."""
        self.imdn_fault = refused(503, "store")
        self.assertEqual(self.bring(IMDN_TYPE, IMDN), 408)

    def test_protected(self) -> None:
        """What only its recipient may open has no form in MMS (TS 6.6)."""
        for kind in ("application/pkcs7-mime", "multipart/encrypted;boundary=x"):
            self.assertEqual(self.bring(kind, b"--x\r\n\r\nx\r\n--x--"), 415)
        self.assertEqual(self.adaptation.asked, [])

    def test_expiry_of_what_is_kept(self) -> None:
        """It is kept until no report is to be expected any more."""
        self.say("Hello", Disposition.DISPLAY)
        (parcel,) = self.forwarding.parcels
        assert parcel.sent is not None and self.sent.expiry is not None
        self.assertGreater(parcel.sent.expires, self.sent.expiry)


SPOKEN = b"what is let go"


class Memory(MmsRoom):
    session = {
        "inform_invited": "never",
        "inform_closed": "never",
        "leave_instructions": "never",
    }

    def setUp(self) -> None:
        super().setUp()
        self.forwarding.held = []
        self.sessions = 0

    def bring(self, size: int) -> Deferred[int]:
        """A message of so many octets, of somebody whom none was of yet."""
        self.sessions += 1
        inviter = f"tel:+151455510{self.sessions:02}"
        self.establish(invite(inviter, BOB, call_id=str(self.sessions)))
        return self.take(Body(cpim("text/plain", SPOKEN), size=size))

    def test_large_at_once(self) -> None:
        """So many large ones are worked on at a time, in all sessions."""
        self.adaptation.gate = gate = Deferred[None]()
        answers = [self.bring(SMALL + 1) for _ in range(AT_ONCE + 1)]
        self.assertEqual(len(self.adaptation.asked), AT_ONCE)
        answers.append(self.bring(SMALL))
        self.assertEqual(len(self.adaptation.asked), AT_ONCE + 1)
        gate.callback(None)
        self.network.settle()
        self.assertEqual(len(self.forwarding.parcels), AT_ONCE + 2)
        for each in self.forwarding.held or ():
            each.callback(None)
        for answer in answers:
            self.assertEqual(self.successResultOf(answer), 200)

    def test_while_a_relay_takes_its_time(self) -> None:
        """What is a mail already, and waits for its relay, keeps nobody out."""
        answers = [self.bring(SMALL + 1) for _ in range(AT_ONCE + 1)]
        held = self.forwarding.held or []
        self.assertEqual(len(held), AT_ONCE + 1)
        gc.collect()
        kept = [each for each in gc.get_objects() if isinstance(each, ChatContent)]
        self.assertNotIn(SPOKEN, [each.octets for each in kept])
        for each in held:
            each.callback(None)
        for answer in answers:
            self.assertEqual(self.successResultOf(answer), 200)

    def test_no_room_in_time(self) -> None:
        """Who waits too long for room may send it again: nothing has left.

        An answer after 30 seconds would be none (RFC 4975 7.1).
        """
        self.adaptation.gate = gate = Deferred[None]()
        for _ in range(AT_ONCE):
            self.bring(SMALL + 1)
        late = self.bring(SMALL + 1)
        self.network.advance(PATIENCE - 0.1)
        self.assertNoResult(late)
        self.network.advance(0.2)
        self.assertEqual(self.successResultOf(late), 408)
        gate.callback(None)
        self.network.settle()
        self.assertEqual(len(self.forwarding.parcels), AT_ONCE)
        again = self.bring(SMALL + 1)
        for each in self.forwarding.held or ():
            each.callback(None)
        self.assertEqual(self.successResultOf(again), 200)

    def test_in_the_spool_while_it_waits(self) -> None:
        """What waits for its turn is where MSRP has put it, however small."""
        first = self.bring(2)
        second = self.take(Body(cpim("text/plain", b"2")))
        waiting = self.body = Body(cpim("text/plain", b"3"))
        third = self.take(waiting)
        self.assertEqual(waiting.closed, 0)
        composing = self.arrive(b"<isComposing/>", COMPOSING_TYPE)
        self.assertEqual(self.successResultOf(composing), 200)
        held = self.forwarding.held or []
        for place in range(3):
            self.assertEqual(waiting.closed, place // 2)
            held[place].callback(None)
            self.network.settle()
        for answer in (first, second, third):
            self.assertEqual(self.successResultOf(answer), 200)


class Additions(MmsRoom):
    """What is said beside a message. (Table 29, Content)"""

    session = {
        "inform_invited": "never",
        "inform_closed": "never",
        "leave_instructions": "first",
        "participant_information": False,
    }

    def in_group(self) -> None:
        """A group that stands."""
        self.establish(here(("Subject", "Chess")))

    def bring(self, content_type: str, content: bytes) -> None:
        """A message of Carol."""
        answer = self.arrive(cpim(content_type, content))
        self.assertEqual(self.successResultOf(answer), 200)

    def test_text_in_a_group(self) -> None:
        """A text has its author before it, and how to leave behind it."""
        self.in_group()
        self.bring("text/plain;charset=utf-16", "Hé".encode("utf-16"))
        (text,) = self.forwarding.texts
        first, second = text.split("\n")
        self.assertEqual(first, "Carol (+15145550003): Hé")
        self.assertIn("leave", second)
        self.assertEqual(self.sent.sender.partition("/")[0], NUMBER)

    def test_only_once(self) -> None:
        """How to leave is told with the first message."""
        self.in_group()
        self.bring("text/plain", b"1")
        self.bring("text/plain", b"2")
        self.assertEqual(self.forwarding.texts[1], "Carol (+15145550003): 2")

    def test_picture_in_a_group(self) -> None:
        """Anything else has parts beside it, and is as it came."""
        self.in_group()
        self.bring("image/png", PICTURE)
        self.assertEqual(self.sent_entity.media_type.name, "multipart/mixed")
        author, picture, added = self.sent_entity.parts
        self.assertEqual(author.body, b"Carol (+15145550003)")
        self.assertEqual(picture.body, PICTURE)
        self.assertIn(b"leave", added.body)

    def test_multipart_in_a_group(self) -> None:
        """The parts of a multipart stay side by side."""
        self.in_group()
        whole = multipart(
            "mixed", (leaf("text/plain", b"Look"), leaf("image/png", PICTURE))
        )
        content_type, _, octets = to_cpm(whole)
        self.bring(content_type, octets)
        self.assertEqual(
            [each.body for each in self.sent_entity.parts][:3],
            [b"Carol (+15145550003)", b"Look", PICTURE],
        )

    def test_smil_in_a_group(self) -> None:
        """SMIL that would hide the author is left out, and what it shows is not."""
        self.in_group()
        smil = leaf("application/smil", b"<smil/>", content_id="<s>")
        whole = multipart("related", (smil, leaf("image/png", PICTURE)), start="<s>")
        content_type, _, octets = to_cpm(whole)
        self.bring(content_type, octets)
        self.assertFalse(has_smil(self.sent_entity))
        self.assertEqual(self.sent_entity.parts[1].body, PICTURE)
        self.assertEqual(len(self.sent_entity.parts), 3)

    def test_picture_of_two(self) -> None:
        """In a session of two nobody is named."""
        self.establish()
        self.bring("image/png", PICTURE)
        picture, added = self.sent_entity.parts
        self.assertEqual(picture.body, PICTURE)
        self.assertIn(b"leave", added.body)

    def test_smil_for_the_relay(self) -> None:
        """A relay that is to have SMIL has one that shows what was added as well."""
        relay = self.relays.named("home")
        assert relay is not None
        media = msgspec.structs.replace(relay.config.media, smil="add")
        config = msgspec.structs.replace(relay.config, media=media)
        self.relays.replace([msgspec.structs.replace(relay, config=config)])
        self.in_group()
        self.bring("image/png", PICTURE)
        self.assertTrue(has_smil(self.sent_entity))
        self.assertIn("Carol (+15145550003)|", text_of(self.sent_entity))

    def relay(self, *, max_size: int = 0, smil: str = "leave") -> None:
        """The relay takes so much, by default what policy says."""
        relay = self.relays.named("home")
        assert relay is not None
        media = msgspec.structs.replace(relay.config.media, smil=smil)
        config = msgspec.structs.replace(
            relay.config, media=media, max_size=max_size or None
        )
        self.relays.replace([msgspec.structs.replace(relay, config=config)])
        self.adaptation.shrinks = True

    def status(self, content_type: str, content: bytes) -> int:
        """What answers a message of Carol."""
        answer = self.arrive(cpim(content_type, content))
        status: int = self.successResultOf(answer)
        return status

    def test_made_smaller(self) -> None:
        """A picture is made smaller for what stands beside it."""
        self.relay(max_size=1000)
        self.in_group()
        self.bring("image/png", b"x" * 1000)
        author, picture, added = self.sent_entity.parts
        self.assertEqual(author.body, AUTHOR)
        self.assertIn(b"leave", added.body)
        self.assertEqual(self.sent_entity.size, 1000)
        self.assertGreater(len(picture.body), 900)

    def test_author_goes_first(self) -> None:
        """Without room for all, what policy adds is left out; the author is not.

        (Table 29: CPIM From is part of the Content.)
        """
        self.relay(max_size=len(AUTHOR) + 10)
        self.in_group()
        self.bring("image/png", b"x" * 1000)
        author, picture = self.sent_entity.parts
        self.assertEqual((author.body, picture.body), (AUTHOR, b"x" * 10))

    def test_no_room_for_the_author(self) -> None:
        """Without room for the author it does not go. [TS 6.3 1d]"""
        self.relay(max_size=len(AUTHOR))
        self.in_group()
        self.assertEqual(self.status("image/png", b"x" * 1000), 413)
        self.assertEqual(self.status("text/plain", b"x" * len(AUTHOR)), 413)
        self.assertEqual(self.forwarding.parcels, [])
        self.network.advance(ANSWER_FIRST)
        self.assertEqual(self.byes, [])

    def test_text_without_room(self) -> None:
        """A text cannot be made smaller; its author has room without the rest."""
        self.relay(max_size=len(AUTHOR) + 2 + 100)
        self.in_group()
        self.bring("text/plain", b"x" * 100)
        self.assertEqual(self.sent_entity.body, AUTHOR + b": " + b"x" * 100)

    def test_smil_without_room(self) -> None:
        """SMIL has room as well, unless there is none at all."""
        self.relay(max_size=2000, smil="add")
        self.in_group()
        self.bring("image/png", b"x" * 2000)
        self.assertTrue(has_smil(self.sent_entity))
        self.assertLessEqual(self.sent_entity.size, 2000)
        self.relay(max_size=100, smil="add")
        self.bring("image/png", b"x" * 100)
        author, _ = self.sent_entity.parts
        self.assertEqual((author.body, self.sent_entity.size), (AUTHOR, 100))

    def test_busy_while_made_smaller(self) -> None:
        """Where the second look is too much at present it may come again."""
        self.relay(max_size=1000)
        self.in_group()
        adapt = self.adaptation.adapt

        async def busy(entity: Entity, media: MmscMedia, max_size: int) -> Entity:
            if max_size < 1000:
                raise refused(503, "busy")
            return await adapt(entity, media, max_size)

        self.adaptation.adapt = busy  # type: ignore[method-assign]
        self.assertEqual(self.status("image/png", b"x" * 1000), 408)

    def test_not_counted(self) -> None:
        """What could not be looked at was not the first message: 408, and again."""
        self.in_group()
        self.adaptation.fault = refused(503, "busy")
        self.assertEqual(self.status("text/plain", b"1"), 408)
        self.adaptation.fault = None
        self.bring("text/plain", b"1")
        self.assertIn("leave", self.forwarding.texts[0])
