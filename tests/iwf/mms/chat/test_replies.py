"""MMS of an MMS user into a session (TS 6.3.1.1.6.3, 6.3.1.1.6.5)."""

from __future__ import annotations

import gc
from typing import Any

from twisted.logger import LogEvent, LogLevel, globalLogPublisher

from cpmgw.cpm.cpim import parse_cpim
from cpmgw.cpm.imdn import Disposition, Kind, Notification, Status, requested
from cpmgw.errors import CannotInterwork
from cpmgw.iwf.mms.chat.words import MOST_TEXT
from cpmgw.iwf.mms.multimedia import InboundMms
from cpmgw.iwf.sessions.messages import MOST_AWAITED
from cpmgw.mm4.entity import Entity, leaf, multipart, read_entity
from cpmgw.msrp.errors import SessionLost
from cpmgw.msrp.interfaces import FailureReport
from tests.flows.dialog import invite, offer
from tests.iwf.mms.chat.room import ALICE, BOB, MmsRoom
from tests.iwf.sessions.invites import FOCUS, NUMBER, here

QUIET = {
    "inform_invited": "never",
    "inform_closed": "never",
    "participant_information": False,
}
OK = "Ok"
PICTURE = b"\x89PNG\r\n\x1a\n\x00"


class IntoTheSession(MmsRoom):
    session = QUIET

    def sent_cpim(self, number: int = -1) -> tuple[str, bytes]:
        """What was sent: its type, and the CPIM."""
        content_type, octets, _, _ = self.stream.sent[number]
        return content_type, octets

    def test_text(self) -> None:
        """A text goes in a CPIM wrapper; Ok once it was answered.

        [TS 6.3.1.1.6.3] [SCR Int-S-035-O]
        """
        self.establish()
        self.assertEqual(self.taken("Hi Alice"), OK)
        content_type, octets = self.sent_cpim()
        self.assertEqual(content_type, "message/cpim")
        cpim = parse_cpim(octets)
        self.assertEqual(cpim.content_type, "text/plain; charset=utf-8")
        self.assertEqual(cpim.content, b"Hi Alice")

    def test_everything(self) -> None:
        """All parts go, unmodified, their octets not encoded. [TS 6.3 2]"""
        self.establish()
        smil = leaf("application/smil", b"<smil/>", content_id="<s>")
        whole = multipart("related", (smil, leaf("image/png", PICTURE)), start="<s>")
        self.assertEqual(self.taken(whole), OK)
        cpim = parse_cpim(self.sent_cpim()[1])
        self.assertIn(PICTURE, cpim.content)
        encoding = cpim.content_header("Content-Transfer-Encoding")
        self.assertEqual(encoding, "binary")
        read = read_entity(cpim.content_type, encoding, cpim.content)
        self.assertEqual([each.body for each in read.parts], [b"<smil/>", PICTURE])

    def test_answered(self) -> None:
        """It waits for the answer."""
        self.establish()
        self.stream.status = None
        taken = self.write("Hi")
        self.assertNoResult(taken)
        self.stream.answers[0].callback(200)
        self.assertEqual(self.successResultOf(taken), OK)

    def test_refused(self) -> None:
        """What no other way mends is refused; everything else goes as standalone."""
        self.establish()
        for status, word in (
            (400, "Error-message-format-corrupt"),
            (403, "Error-service-denied"),
        ):
            self.stream.status = status
            self.assertEqual(self.taken("Hi"), word)
        for status in (408, 413, 415, 481, 506):
            self.stream.status = status
            self.assertEqual(self.passed_on("Hi"), ALICE, status)

    def test_not_sent(self) -> None:
        """A session that is lost, or whose other side takes less, is gone round."""
        self.establish()
        self.stream.most = 10
        self.assertEqual(self.passed_on("Hi"), ALICE)
        self.stream.most = 100_000
        self.stream.status = None
        taken = self.write("Hi")
        self.stream.answers[0].errback(SessionLost("closed"))
        message = self.successResultOf(taken)
        assert isinstance(message, InboundMms)
        self.assertEqual(str(message.recipient), ALICE)

    def test_large(self) -> None:
        """What is large has longer, and not for ever."""
        self.establish()
        self.stream.status = None
        taken = self.write(leaf("image/png", b"x" * 90_000))
        self.network.advance(59.0)
        self.assertNoResult(taken)
        self.network.advance(0.1)
        message = self.successResultOf(taken)
        assert isinstance(message, InboundMms)

    def test_behind_a_large_one(self) -> None:
        """What is behind a large one has the time that both take."""
        self.establish()
        self.stream.status = None
        first = self.write(leaf("image/png", b"x" * 90_000))
        second = self.write("Hi")
        self.network.advance(58.9)
        self.stream.answers[0].callback(200)
        self.assertEqual(self.successResultOf(first), OK)
        self.network.advance(0.05)
        self.assertNoResult(second)
        self.network.advance(1)
        assert isinstance(self.successResultOf(second), InboundMms)
        third = self.write("Hi")  # nothing is before it any more
        self.network.advance(51)
        assert isinstance(self.successResultOf(third), InboundMms)

    def test_one_way(self) -> None:
        """A session that takes nothing at present is gone round."""
        body = offer() + b"a=sendonly\r\n"
        self.establish(invite(ALICE, BOB, body=body))
        self.assertEqual(self.passed_on("Hi"), ALICE)

    def test_leave(self) -> None:
        """The word to leave ends the session with a BYE.

        [TS 6.3.1.1.6.5] [SCR Int-S-036-O]
        """
        self.establish()
        leaving = self.write("LEAVE")
        (bye,) = self.byes
        self.assertIn("cause=200", bye.headers.get("Reason") or "")
        self.assertEqual(self.successResultOf(leaving), OK)
        self.assertEqual(len(self.chats), 0)

    def test_leave_with_a_picture(self) -> None:
        """A word beside a picture is none."""
        self.establish()
        whole = multipart(
            "mixed", (leaf("text/plain", b"leave"), leaf("image/png", PICTURE))
        )
        self.assertEqual(self.taken(whole), OK)
        self.assertEqual((self.byes, len(self.stream.sent)), ([], 1))

    def test_in_a_group(self) -> None:
        """In a group the wrapper names the user and the group."""
        self.establish(here())
        self.assertEqual(self.taken("Hi", target=NUMBER), OK)
        cpim = parse_cpim(self.sent_cpim()[1])
        self.assertEqual(cpim.get("From"), f"<{BOB}>")
        self.assertEqual(cpim.get("To"), f"<{FOCUS}>")


class Reports(MmsRoom):
    """Delivery reports by MSRP, and by IMDN beside it. (Table 30)"""

    session = QUIET

    def send(self, **details: Any) -> str:
        """A message; the Message-ID of its SEND."""
        self.assertEqual(self.taken("Hi", **details), OK)
        return self.stream.message_ids[-1]

    def test_asked(self) -> None:
        """A success report and a failure report are asked for where MM4 asks."""
        self.establish()
        self.send(delivery_report=True)
        _, octets, failure, success = self.stream.sent[0]
        self.assertEqual((failure, success), (FailureReport.YES, True))
        delivery = {Disposition.POSITIVE_DELIVERY, Disposition.NEGATIVE_DELIVERY}
        self.assertEqual(requested(parse_cpim(octets)), delivery)

    def test_not_asked(self) -> None:
        """Otherwise neither is, nor an IMDN."""
        self.establish()
        self.send()
        _, octets, _, success = self.stream.sent[0]
        self.assertFalse(success)
        self.assertEqual(requested(parse_cpim(octets)), frozenset())

    def test_read_reply(self) -> None:
        """A read reply is asked for as a display notification."""
        self.establish()
        self.send(read_reply=True)
        asked = requested(parse_cpim(self.stream.sent[0][1]))
        self.assertEqual(asked, {Disposition.DISPLAY})

    def test_delivered(self) -> None:
        """The success report of the other side makes a delivery report, once."""
        self.establish()
        message_id = self.send(delivery_report=True)
        self.assertEqual(self.imdns, [])
        self.stream.user.report(message_id, 200)
        self.stream.user.report(message_id, 200)
        (imdn,) = self.imdns
        self.assertEqual(imdn.message_id, "0" * 31 + "1")
        delivered = Notification(Kind.DELIVERY, Status.DELIVERED)
        self.assertEqual(imdn.notifications, (delivered,))

    def test_not_delivered(self) -> None:
        """A failure report makes none, nor does one of a message that is unknown."""
        self.establish()
        message_id = self.send(delivery_report=True)
        self.stream.user.report(message_id, 408)
        self.stream.user.report(message_id, 200)
        self.stream.user.report("nobody's", 200)
        self.assertEqual(self.imdns, [])

    def test_held_for_nothing(self) -> None:
        """Of a message that is waited for no more than its identifier is kept.

        Of one that was not taken nothing is.
        """
        self.establish()
        (session,) = self.chats._house.register
        octets = leaf("image/png", b"once")
        self.assertEqual(self.taken(octets, delivery_report=True), OK)
        self.assertEqual(len(session.messages._awaited), 1)
        del octets
        gc.collect()
        held = [each for each in gc.get_objects() if isinstance(each, InboundMms)]
        self.assertNotIn(b"once", [each.entity.body for each in held])
        for status in (403, 415):
            self.stream.status = status
            self.taken("Hi", delivery_report=True)
        self.stream.most = 10
        self.taken("Hi", delivery_report=True)
        self.assertEqual(len(session.messages._awaited), 1)

    def test_of_a_group(self) -> None:
        """What the focus of a group has says nothing of its members."""
        self.establish(here())
        message_id = self.send(delivery_report=True, target=NUMBER)
        self.assertTrue(self.stream.sent[-1][3])
        self.stream.user.report(message_id, 200)
        self.assertEqual(self.imdns, [])

    def test_cannot_be_noted(self) -> None:
        """A report that cannot be kept is told to whoever reads the log."""
        self.establish()
        message_id = self.send(delivery_report=True)
        self.imdn_fault = CannotInterwork(503, "No", cause="store", section="x")
        observed: list[LogEvent] = []
        observe: Any = observed.append
        globalLogPublisher.addObserver(observe)
        self.addCleanup(globalLogPublisher.removeObserver, observe)
        self.stream.user.report(message_id, 200)
        self.assertIn(LogLevel.error, [each["log_level"] for each in observed])

    def test_most_awaited(self) -> None:
        """So many are waited for, and of more the newest."""
        self.establish()
        first = [self.send(delivery_report=True) for _ in range(2)]
        for _ in range(MOST_AWAITED - 1):
            self.send(delivery_report=True)
        for message_id in first:
            self.stream.user.report(message_id, 200)
        self.assertEqual(len(self.imdns), 1)

    def test_after_the_end(self) -> None:
        """A session that is over waits for nothing."""
        answer = self.establish()
        message_id = self.send(delivery_report=True)
        user = self.stream.user
        self.within("BYE", answer)
        user.report(message_id, 200)
        self.assertEqual(self.imdns, [])


class PositiveOnly(MmsRoom):
    session = QUIET
    policy = {"ask_negative_delivery": False}

    def test_asked(self) -> None:
        """By policy only successes are asked for."""
        self.establish()
        self.assertEqual(self.taken("Hi", delivery_report=True), OK)
        asked = requested(parse_cpim(self.stream.sent[0][1]))
        self.assertEqual(asked, {Disposition.POSITIVE_DELIVERY})


class AtOnce(MmsRoom):
    """What policy says of acknowledging at once is for what nobody keeps."""

    session = {**QUIET, "acknowledge": "sent"}

    def test_waits_all_the_same(self) -> None:
        """An MMS is in the inbox until MSRP has answered: no Ok before."""
        self.establish()
        self.stream.status = None
        taken = self.write("Hi")
        self.assertNoResult(taken)
        self.stream.answers[0].callback(415)
        message = self.successResultOf(taken)
        assert isinstance(message, InboundMms)
        self.assertEqual(str(message.recipient), ALICE)


class Replaced(MmsRoom):
    session = QUIET

    def test_pending(self) -> None:
        """What the older session did not take goes into the one in its place.

        (RCC.10 6.1.4.)
        """
        self.establish()
        older = self.stream
        older.status = None
        taken = self.write("Hi", delivery_report=True)
        self.establish(invite(ALICE, BOB, call_id="2"))
        self.assertIsNot(self.stream, older)
        self.assertEqual(self.successResultOf(taken), OK)
        self.assertEqual(self.stream.sent, older.sent)
        self.stream.user.report(self.stream.message_ids[0], 200)
        self.assertEqual(len(self.imdns), 1)

    def test_newer_takes_nothing(self) -> None:
        """One that takes nothing at present is gone round."""
        self.establish()
        self.stream.status = None
        taken = self.write("Hi")
        body = offer() + b"a=sendonly\r\n"
        self.establish(invite(ALICE, BOB, call_id="2", body=body))
        message = self.successResultOf(taken)
        assert isinstance(message, InboundMms)
        self.assertEqual(self.stream.sent, [])

    def test_ended(self) -> None:
        """Where none is in its place it goes without a session."""
        answer = self.establish()
        self.stream.status = None
        taken = self.write("Hi")
        self.within("BYE", answer)
        assert isinstance(self.successResultOf(taken), InboundMms)


class Words(MmsRoom):
    """Words are taken, and reported where that was asked for."""

    session = {**QUIET, "accept": "ask", "ask_again": 0}

    def delivered(self) -> int:
        """How many delivery reports were made since."""
        self.network.settle()
        statuses = [each.notifications[0].status for each in self.imdns]
        self.imdns.clear()
        self.assertEqual(statuses, [Status.DELIVERED] * len(statuses))
        return len(statuses)

    def test_every_word(self) -> None:
        """Accepting, leaving, accepting too late, leaving for good: each arrives."""
        ringing = self.ask(invite(ALICE, BOB))
        self.first = invite(ALICE, BOB)
        self.assertEqual(self.taken("yes", delivery_report=True), OK)
        self.assertEqual(self.delivered(), 1)
        self.ack(self.successResultOf(ringing))
        self.assertEqual(self.taken("leave", delivery_report=True), OK)
        self.assertEqual(self.delivered(), 1)
        silent = self.ask(invite(ALICE, BOB, call_id="2"))
        self.network.advance(181)
        self.assertEqual(self.successResultOf(silent).status, 408)
        self.assertEqual(self.taken("yes"), OK)
        self.assertEqual(self.delivered(), 0)
        silent = self.ask(invite(ALICE, BOB, call_id="3"))
        self.network.advance(181)
        self.successResultOf(silent)
        self.assertEqual(self.taken("yes", delivery_report=True), OK)
        self.assertEqual(self.delivered(), 1)

    def said(self, entity: Entity) -> bool:
        """Whether that accepts; if not, it is a message to the inviter."""
        self.network.advance(1)
        self.first = invite(ALICE, BOB, call_id=str(self.network.seconds()))
        ringing = self.ask(self.first)
        taken = self.taken(entity)
        is_word = taken == OK
        if not is_word:
            self.taken("no")
        response = self.successResultOf(ringing)
        self.assertEqual(response.status, 200 if is_word else 603)
        if is_word:
            self.ack(response)
            self.taken("leave")
        return is_word

    def test_what_is_a_word(self) -> None:
        """A text alone, in whatever form; not one beside anything, nor a file."""
        yes, html = leaf("text/plain", b"yes"), leaf("text/html", b"<p>yes</p>")
        smil = leaf("application/smil", b"<smil/>")
        attached = leaf("text/plain", b"yes", content_disposition="attachment")
        both = multipart("alternative", (yes, html))
        for entity in (
            yes,
            both,
            multipart("alternative", (html, yes)),
            multipart("related", (smil, both)),
            multipart("mixed", (yes, leaf("text/plain", b" \r\n"))),
            leaf("text/plain; charset=utf-16", "Yes!".encode("utf-16")),
            leaf("text/plain", b"yes".ljust(MOST_TEXT)),
        ):
            self.assertTrue(self.said(entity), entity)
        for entity in (
            attached,
            html,
            multipart("alternative", (html,)),
            multipart("mixed", (yes, attached)),
            multipart("mixed", (yes, html)),
            multipart("mixed", (yes, yes)),
            leaf("text/plain; charset=utf-16", b"\x00"),
            leaf("text/plain", b"yes".ljust(MOST_TEXT + 1)),
        ):
            self.assertFalse(self.said(entity), entity)
