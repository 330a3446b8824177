"""TS 6.3.1.1.1, Tables 12 to 14: a pager mode message to MMS."""

from __future__ import annotations

from io import BytesIO
from random import Random
from typing import Any

import msgspec
from PIL import Image
from twisted.internet.defer import fail

from cpmgw.cpm.headers import MESSAGE_CONTEXT, MESSAGE_CORRELATOR
from cpmgw.cpm.resource_lists import CopyControl, Entry, build_resource_lists
from cpmgw.errors import StoreError
from cpmgw.lab.behaviour import Cut, MmsBehaviour, SmsBehaviour
from cpmgw.lab.pager import PagerMessage, cpim_of
from cpmgw.mm4.entity import leaf, multipart
from cpmgw.mm4.pdu import (
    MessageType,
    MmStatus,
    Priority,
    RequestStatus,
    Result,
)
from cpmgw.smtp.interfaces import Reply
from tests.flows.house import ALICE, BOB
from tests.flows.mms import (
    ALICE_MM4,
    BOB_MM4,
    DELIVERED,
    PICTURE,
    SYSTEM,
    THEIRS,
    MmsHouse,
    mixed,
    picture,
    text,
)
from txsmpp.status import CommandStatus


class Tables(MmsHouse):
    def test_envelope(self) -> None:
        """MAIL From is the sender, RCPT the target, each in its relay's domain.

        [TS 6.3.1.1.1 step 4] [SCR Int-S-015-O]
        """
        self.assertEqual(self.send(text="Hello", imdn=()).status, 202)
        (mail,) = self.relay.mails
        self.assertEqual(mail.envelope.sender, ALICE_MM4)
        recipients = [each.address for each in mail.envelope.recipients]
        self.assertEqual(recipients, [BOB_MM4])

    def test_forward(self) -> None:
        """Table 13, each element of which CPM says something or policy does.

        [TS 6.3.1.1.1 step 4]
        """
        self.send(
            text="Hello",
            imdn=("positive-delivery", "display"),
            expires=3_600,
            headers=(("Subject", "Tea"),),
        )
        (forward,) = self.forwards
        self.assertEqual(forward.transaction.type, MessageType.FORWARD_REQ)
        self.assertEqual(forward.transaction.version, "6.3.0")
        self.assertEqual(forward.sender, ALICE_MM4)
        self.assertEqual(forward.to, (BOB_MM4,))
        self.assertEqual(forward.cc, ())
        self.assertEqual(forward.subject, "Tea")
        self.assertEqual(forward.expiry, 3_600.0)
        self.assertEqual(forward.date, 0.0)
        self.assertIs(forward.priority, Priority.NORMAL)
        self.assertIsNone(forward.hide)
        self.assertTrue(forward.delivery_report)
        self.assertTrue(forward.read_reply)
        self.assertTrue(forward.acknowledge)
        self.assertEqual(forward.originator_system, SYSTEM)
        self.assertEqual(forward.forward_route, (SYSTEM,))

    def test_nothing_asked_for(self) -> None:
        """Without notifications no reports are asked for, and nothing is kept."""
        self.send(text="Hello", imdn=())
        (forward,) = self.forwards
        self.assertFalse(forward.delivery_report)
        self.assertFalse(forward.read_reply)
        self.assertEqual(forward.subject, "")
        self.assertEqual(forward.expiry, 172_800.0)

    def test_each_request_asks_for_a_delivery_report(self) -> None:
        """Positive, negative and interworking, each by itself (Table 13)."""
        self.behave()
        for asked in ("positive-delivery", "negative-delivery", "interworking"):
            self.send(text=asked, imdn=(asked,))
        self.assertEqual([each.delivery_report for each in self.forwards], [True] * 3)
        self.assertEqual([each.read_reply for each in self.forwards], [False] * 3)

    def test_hidden(self) -> None:
        """Privacy: id hides, and the address stays in Sender address (Table 13)."""
        self.send(text="Hello", privacy="id")
        self.send(text="Hello", privacy="none")
        self.assertEqual([each.hide for each in self.forwards], [True, False])
        self.assertEqual(self.forwards[0].sender, ALICE_MM4)
        self.assertEqual(self.phone.inbox[0].sender, "")

    def test_message_id_is_of_the_message(self) -> None:
        """A second try has the same X-Mms-Message-ID, another message another one."""
        self.behave(reply=Reply(451, "later"))
        ids = {
            "message_id": "m-1",
            "conversation_id": "c-1",
            "contribution_id": "k-1",
        }
        self.assertEqual(self.send(text="Hello", **ids).status, 503)
        self.behave()
        self.assertEqual(self.send(text="Hello", **ids).status, 202)
        self.send(text="Hello", message_id="m-2")
        first, second, third = [each.transaction for each in self.forwards]
        self.assertEqual(first.message_id, second.message_id)
        self.assertNotEqual(first.transaction_id, second.transaction_id)
        self.assertNotEqual(second.message_id, third.message_id)

    def test_answer(self) -> None:
        """202, with the identifiers, context and correlator (Table 14, 6.3.1.1.7).

        [TS 6.3.1.1.1 step 5] [TS 6.3.1.1.7 A]
        """
        sent = self.send(text="Hello", conversation_id="c-1", contribution_id="k-1")
        assert sent.response is not None
        headers = sent.response.headers
        self.assertEqual(sent.status, 202)
        self.assertEqual(sent.response.reason, "Accepted")
        self.assertEqual(headers.get("Conversation-ID"), "c-1")
        self.assertEqual(headers.get("Contribution-ID"), "k-1")
        self.assertEqual(headers.get("Content-Length"), "0")
        self.assertTrue((headers.get("Server") or "").startswith("IWF-MMS-serv/"))
        self.assertEqual(headers.get(MESSAGE_CONTEXT), "multimedia-message")
        known = self.forwards[0].transaction.message_id
        self.assertEqual(headers.get(MESSAGE_CORRELATOR), known)

    def test_answer_waits_for_the_relay(self) -> None:
        """Nothing is answered before MM4_forward.RES is here (step 5)."""
        self.behave(delay=3.0)
        sent = self.send(text="Hello")
        self.network.advance(2.9)
        self.settle()
        self.assertEqual(sent.status, 0)
        self.network.advance(0.2)
        self.settle()
        self.assertEqual(sent.status, 202)

    def test_whole_way(self) -> None:
        """To the handset, and its report back.

        [SCR Int-S-011-O] [SCR Int-S-010-O]
        """
        sent = self.send(text="Grüße", imdn=("positive-delivery",))
        self.assertEqual(self.phone.texts, ["Grüße"])
        self.assertEqual(self.phone.inbox[0].sender, "+15145550001")
        self.assertEqual(sent.outcome, DELIVERED)


class Answers(MmsHouse):
    """Table 14, and what SMTP says."""

    def answer(self, status: RequestStatus) -> Reply:
        """The relay answers the message; what is said to that."""
        (forward,) = self.forwards
        transaction = msgspec.structs.replace(
            forward.transaction, type=MessageType.FORWARD_RES
        )
        return self.post(Result(transaction=transaction, status=status))

    def test_each_status(self) -> None:
        """Each status of MM4_forward.RES (Table 14). [TS 6.3.1.1.1 step 5]"""
        expected = {
            RequestStatus.OK: 202,
            RequestStatus.UNSPECIFIED: 400,
            RequestStatus.NETWORK_PROBLEM: 400,
            RequestStatus.SERVICE_DENIED: 403,
            RequestStatus.CONTENT_NOT_ACCEPTED: 415,
            RequestStatus.FORMAT_CORRUPT: 415,
            RequestStatus.ADDRESS_UNRESOLVED: 404,
            RequestStatus.NOT_FOUND: 400,
            RequestStatus.UNSUPPORTED_MESSAGE: 415,
        }
        found = {}
        for status in RequestStatus:
            self.behave(status=status)
            sent = self.send(text=status.value)
            found[status] = sent.status
            self.assertEqual(sent.outcome, [])
        self.assertEqual(found, expected)

    def test_recipient_refused(self) -> None:
        """What RCPT is answered: unknown, later, full, or any other no."""
        for code, status in ((550, 404), (450, 503), (552, 488), (554, 403)):
            self.behave(rcpt=Reply(code, "no"))
            sent = self.send(text="Hello")
            self.assertEqual(sent.status, status, code)
        self.assertEqual(self.relay.mails, [])

    def test_mail_refused(self) -> None:
        """What the mail itself is answered."""
        for code, status in ((451, 503), (550, 403), (552, 488), (554, 403)):
            self.behave(reply=Reply(code, "no"))
            sent = self.send(text="Hello")
            assert sent.response is not None
            self.assertEqual(sent.status, status, code)
            has_retry = sent.response.headers.get("Retry-After") is not None
            self.assertEqual(has_retry, status == 503)

    def test_no_response(self) -> None:
        """Nothing for `response_timeout`: 408, for nobody knows."""
        self.behave(status=None)
        sent = self.send(text="Hello")
        self.network.advance(19.9)
        self.settle()
        self.assertEqual(sent.status, 0)
        self.network.advance(0.2)
        self.settle()
        self.assertEqual(sent.status, 408)

    def test_last_reply_lost(self) -> None:
        """A connection lost after the mail: MM4_forward.RES tells that it arrived."""
        self.behave(cut=Cut.BEFORE_REPLY)
        sent = self.send(text="Hello")
        self.pass_time(3)
        self.assertEqual(self.answer(RequestStatus.OK).code, 250)
        self.assertEqual((sent.status, len(self.forwards)), (202, 1))

    def test_last_reply_lost_and_silence(self) -> None:
        """408 where that does not come either: it may have arrived."""
        self.behave(cut=Cut.BEFORE_REPLY)
        sent = self.send(text="Hello")
        self.pass_time(30)
        self.assertEqual(sent.status, 408)

    def test_nobody_listens(self) -> None:
        """A relay that is down: 503 with Retry-After, within the queue's time."""
        self.lab.relay.stopService()
        self.network.settle()
        sent = self.send(text="Hello")
        self.pass_time(10)
        self.assertEqual(sent.status, 503)

    def test_no_reply_to_the_mail(self) -> None:
        """A relay that does not even answer the mail: 408, before SIP is at its end."""
        self.behave(silent=True)
        sent = self.send(text="Hello")
        self.pass_time(26.0)
        self.assertEqual(sent.status, 0)
        self.pass_time(2.0)
        assert sent.response is not None
        self.assertEqual(sent.status, 408)
        self.assertIn("IWF-MMS-serv", sent.response.headers.get("Server") or "")

    def test_late_good_news(self) -> None:
        """A good answer after the 408 is told nobody; a repeat has it (decision 0003).

        The user gets one message.
        """
        self.behave(delay=25.0)
        sent = self.send(text="Hello", message_id="m-1")
        self.pass_time(40)
        self.assertEqual((sent.status, sent.outcome), (408, []))
        again = self.send(text="Hello", message_id="m-1")
        self.assertEqual((again.status, len(self.forwards)), (202, 1))

    def test_late_bad_news_of_the_first_try(self) -> None:
        """They say nothing while the second try is under way, which then arrives."""
        self.behave(delay=25.0, status=RequestStatus.SERVICE_DENIED)
        message: dict[str, Any] = {
            "message_id": "m-1",
            "conversation_id": "c-1",
            "contribution_id": "k-1",
            "imdn": ("positive-delivery", "negative-delivery"),
        }
        first = self.send(text="Hello", **message)
        self.pass_time(22)
        self.assertEqual(first.status, 408)
        self.behave(delay=5.0, reports=(MmStatus.RETRIEVED,), report_delay=10.0)
        second = self.send(text="Hello", **message)
        self.pass_time(30)
        self.assertEqual((second.status, len(self.forwards)), (202, 2))
        told = [(each.kind, each.status) for each in self.alice.notifications]
        self.assertEqual(told, DELIVERED)

    def test_very_late_bad_news(self) -> None:
        """Those that come after a quarter of an hour are told as well."""
        self.behave(delay=900.0, status=RequestStatus.SERVICE_DENIED)
        sent = self.send(text="Hello", imdn=("negative-delivery",))
        self.pass_time(899)
        self.assertEqual((sent.status, sent.outcome), (408, []))
        self.pass_time(5)
        self.assertEqual(sent.outcome, [("delivery-notification", "failed")])

    def test_late_bad_news_for_another_process(self) -> None:
        """And those that come to the next process."""
        self.behave(delay=60.0, status=RequestStatus.SERVICE_DENIED)
        sent = self.send(text="Hello", imdn=("negative-delivery",))
        self.pass_time(30)
        self._stop(self.gateway)
        self.gateway = self.start_gateway()
        self.pass_time(40)
        self.assertEqual(sent.outcome, [("delivery-notification", "failed")])

    def test_late_bad_news(self) -> None:
        """A bad one is told by the notification that was asked for."""
        self.behave(delay=25.0, status=RequestStatus.SERVICE_DENIED)
        asks = self.send(text="Hello", imdn=("negative-delivery",))
        silent = self.send(text="Hello", imdn=("positive-delivery",))
        self.pass_time(40)
        self.assertEqual((asks.status, silent.status), (408, 408))
        self.assertEqual(asks.outcome, [("delivery-notification", "failed")])
        self.assertEqual(silent.outcome, [])
        # The Participating Function hears what nobody has asked for (TS 6.2.3).
        self.assertEqual(self.gateway.traffic.notified["failed-iw", 200], 1)

    def test_late_bad_news_and_no_store(self) -> None:
        """They are not acknowledged before they are kept; the relay brings them again.

        The mail of the relay is refused with 451 meanwhile.
        """
        self.behave(delay=25.0, status=RequestStatus.SERVICE_DENIED)
        sent = self.send(text="Hello", imdn=("negative-delivery",))
        self.pass_time(22)
        bad = RequestStatus.SERVICE_DENIED
        full = fail(StoreError("the disk is full"))
        broken = self.patch(self.gateway.store.mail, "accept", lambda *_: full)
        self.assertEqual(self.answer(bad).code, 451)
        broken.restore()
        self.assertEqual(self.answer(bad).code, 250)
        self.pass_time(1)
        self.assertEqual(sent.outcome, [("delivery-notification", "failed")])

    def test_report_after_408(self) -> None:
        """What had left after all is reported as ever."""
        self.relay.behave(
            MmsBehaviour(status=None, reports=(MmStatus.RETRIEVED,), report_delay=30.0)
        )
        sent = self.send(text="Hello", imdn=("positive-delivery",))
        self.pass_time(40)
        self.assertEqual(sent.status, 408)
        self.assertEqual(sent.outcome, DELIVERED)


class Stranger(MmsHouse):
    """Another relay, from whose network all mail comes here."""

    mmsc = 'peers = ["10.0.0.0/8"]'
    more = """
[[mmsc]]
name = "stranger"
host = "127.0.0.1"
port = 2599
domain = "stranger.test"
prefixes = ["+44"]
peers = ["127.0.0.0/8"]
"""

    def test_stranger(self) -> None:
        """It neither answers nor reports for the relay that was asked."""
        self.relay.behave(MmsBehaviour(delay=1.0, reports=(MmStatus.RETRIEVED,)))
        sent = self.send(text="Hello", imdn=("positive-delivery",))
        self.pass_time(10)
        self.assertEqual((sent.status, sent.outcome), (0, []))
        self.pass_time(15)
        self.assertEqual((sent.status, sent.outcome), (408, []))


class Both(MmsHouse):
    with_sms = True
    policy = 'selection.reselection = "never"'

    def test_whose_refusal(self) -> None:
        """What SMS refuses is not said to be of MMS (Table 2 Server)."""
        self.centre.behave(SmsBehaviour(status=CommandStatus.ESME_RINVDSTADR))
        sent = self.send(text="Hello")
        assert sent.response is not None
        self.assertEqual((sent.status, self.forwards), (404, []))
        self.assertIn("IWF-SMS-serv", sent.response.headers.get("Server") or "")


class Silent(MmsHouse):
    mmsc = 'no_response = "accept"\nresponse_timeout = 5.0'

    def test_silent_relay(self) -> None:
        """By configuration SMTP's 250 counts where no MM4_forward.RES comes."""
        self.behave(status=None)
        sent = self.send(text="Hello")
        self.pass_time(6)
        self.assertEqual(sent.status, 202)

    def test_bad_response(self) -> None:
        """A bad one counts all the same."""
        self.behave(status=RequestStatus.SERVICE_DENIED)
        self.assertEqual(self.send(text="Hello").status, 403)


class Content(MmsHouse):
    """TS 6.3 1."""

    def test_parts_cross_unmodified(self) -> None:
        """Text and picture arrive octet for octet; SMIL is added. [TS 6.3 1]"""
        self.send_entity(mixed(text("Look"), picture()))
        (shown,) = self.phone.inbox
        self.assertEqual(shown.text, "Look")
        self.assertEqual([each.octets for each in shown.pictures], [PICTURE])
        self.assertIn("dot.gif", shown.smil)

    def test_own_smil_is_kept(self) -> None:
        """Content with SMIL crosses as it is. [TS 6.3 1]"""
        smil = '<smil><body><par><img src="dot.gif"/></par></body></smil>'
        parts = [
            leaf("application/smil", smil.encode(), content_id="<s>"),
            picture(),
        ]
        kind = {"start": "<s>", "type": "application/smil"}
        self.send_entity(multipart("related", parts, **kind))
        self.assertEqual(self.phone.inbox[0].smil, smil)
        self.assertEqual(self.phone.inbox[0].pictures[0].octets, PICTURE)

    def test_converted(self) -> None:
        """A picture of a type that MMS has not becomes one that it has. [TS 6.3 1a]"""
        sent = self.send_entity(leaf("image/bmp", _picture("BMP")))
        self.assertEqual(sent.status, 202)
        (shown,) = self.phone.inbox[0].pictures
        self.assertEqual(shown.content_type, "image/jpeg")

    def test_only_unsupported(self) -> None:
        """Only what MMS does not take: 488. [TS 6.3 1a]"""
        sent = self.send_entity(leaf("application/pdf", b"%PDF-1.4"))
        self.assertEqual((sent.status, self.forwards), (488, []))

    def test_part_is_left_out(self) -> None:
        """What MMS does not take of more is left out. [TS 6.3 1e]"""
        pdf = leaf("application/pdf", b"%PDF-1.4")
        sent = self.send_entity(mixed(text("Read"), pdf))
        self.assertEqual(sent.status, 202)
        (shown,) = self.phone.inbox
        kinds = {each.media_type.name for each in shown.entity.leaves()}
        self.assertEqual(kinds, {"text/plain", "application/smil"})
        self.assertEqual(shown.text, "Read")

    def test_protected(self) -> None:
        """What only its recipient may open is refused, as for SMS (TS 6.6)."""
        secret = leaf("application/pkcs7-mime", b"secret")
        sent = self.send_entity(mixed(text(), secret))
        self.assertEqual(sent.status, 415)


class Small(MmsHouse):
    mmsc = "max_size = 2000"

    def test_at_the_limit(self) -> None:
        """As much as MM4 takes goes; an octet more is 488. [TS 6.3 1b]"""
        self.assertEqual(self.send(text="x" * 1_000).status, 202)
        self.assertEqual(self.send(text="x" * 2_001).status, 488)

    def test_made_smaller(self) -> None:
        """A picture that is too large is made smaller. [TS 6.3 1b]"""
        sent = self.send_entity(leaf("image/png", _picture("PNG", 200, noisy=True)))
        self.assertEqual(sent.status, 202)
        (shown,) = self.phone.inbox[0].pictures
        self.assertLess(len(shown.octets), 2_000)


class Choice(MmsHouse):
    """Which relay it goes to."""

    mmsc = 'prefixes = ["+1514"]'

    def test_nobody_serves_the_number(self) -> None:
        """A number that no relay serves is 404. [TS 6.3.1.1]"""
        sent = self.send(text="Hello", recipient="tel:+442079460000")
        self.assertEqual((sent.status, self.forwards), (404, []))
        self.assertEqual(self.send(text="Hello").status, 202)


class Recipients(MmsHouse):
    def test_from_another_number(self) -> None:
        """The asserted identity counts, not From (Table 12)."""
        self.send(text="Hello", sender="sip:who@example.net", asserted=ALICE)
        self.assertEqual(self.forwards[0].sender, ALICE_MM4)

    def test_without_a_number(self) -> None:
        """Who has no number cannot send an MMS: 488."""
        sent = self.send(text="Hello", sender="sip:alice@example.net")
        self.assertEqual((sent.status, self.forwards), (488, []))

    def test_list(self) -> None:
        """Of several recipients To and Cc are shown, but it goes to one (Table 13)."""
        body, kind = several(
            cpim_of(PagerMessage(sender=ALICE, recipient=BOB, text="Hi"), 0.0).encode()
        )
        sent = self.send(body=body, body_type=kind)
        self.assertEqual(sent.status, 202)
        mail, (forward,) = self.relay.mails[0], self.forwards
        self.assertEqual(mail.numbers, ["+15145550002"])
        self.assertEqual(
            (forward.to, forward.cc),
            ((BOB_MM4,), (f"+15145550003/TYPE=PLMN@{THEIRS}",)),
        )


def several(cpim: bytes) -> tuple[bytes, str]:
    """A CPIM beside the list of its recipients: To, Cc, hidden, and no number."""
    entries = (
        Entry(BOB, CopyControl.TO),
        Entry("tel:+15145550003", CopyControl.CC),
        Entry("tel:+15145550004", CopyControl.BCC),
        Entry("mailto:carol@example.net", CopyControl.TO),
    )
    pieces = (
        b"--b\r\nContent-Type: message/cpim\r\n\r\n",
        cpim,
        b"\r\n--b\r\nContent-Type: application/resource-lists+xml\r\n",
        b"Content-Disposition: recipient-list-history\r\n\r\n",
        build_resource_lists(entries),
        b"\r\n--b--\r\n",
    )
    return b"".join(pieces), "multipart/mixed;boundary=b"


def _picture(kind: str, size: int = 8, *, noisy: bool = False) -> bytes:
    """A picture of so many pixels a side; one that is noisy cannot be packed."""
    image = Image.new("RGB", (size, size), (200, 30, 30))
    if noisy:
        image = Image.frombytes(
            "RGB", (size, size), Random(1).randbytes(3 * size * size)
        )
    octets = BytesIO()
    image.save(octets, kind)
    return octets.getvalue()
