"""SIPp's chats against the raw user agent: if these fail, no gateway is to blame."""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.threads import deferToThread

from tests.live import sipp
from tests.live.case import LiveTestCase
from tests.live.chats import Course, Offer, chat
from tests.live.raw_content import session_offer, stream_of
from tests.live.raw_packet import Packet
from tests.live.raw_session import Dialog, Phone
from tests.live.sessions import Invitation
from tests.live.sipp import Sipp

INVITATION = Invitation("+15550001001", "+15145550002", "00a0c91e6bf6", "00a0c91e6bf7")
ANSWER = session_offer("msrp://127.0.0.1:9/bob;tcp", 9)

Callee = Callable[[Phone], None]


class ChatPeers(LiveTestCase):
    needs = sipp.NEEDS

    async def go(
        self, course: Course, callee: Callee, offer: Offer = Offer.MSRP
    ) -> Sipp:
        """Have SIPp call a raw user agent, which does as it is told."""
        phone = Phone("+15145550002")
        caller = chat(self, [INVITATION], course, to_port=phone.port, offer=offer)
        phone.gateway = caller.port
        try:
            await deferToThread(callee, phone)
            await caller.finished()
        finally:
            phone.close()
        return caller

    def accepted(self, phone: Phone) -> Dialog:
        """Accept the chat of SIPp."""
        invite = phone.requested("INVITE")
        self.assertEqual(stream_of(invite.body).host, "127.0.0.1")
        return phone.accept(invite, ANSWER)

    async def test_ended(self) -> None:
        """The caller ends it."""
        await self.go(Course.ENDED, lambda phone: self.ended(self.accepted(phone)))

    def ended(self, dialog: Dialog) -> None:
        """The BYE comes."""
        self.assertIn(" BYE", dialog.ended().value("CSeq"))

    async def test_left(self) -> None:
        """The callee ends it."""
        await self.go(Course.LEFT, lambda phone: self.left(self.accepted(phone)))

    def left(self, dialog: Dialog) -> None:
        """The BYE is answered."""
        self.assertEqual(dialog.bye().status, 200)

    async def test_left_and_ended(self) -> None:
        """A BYE comes after the callee has ended it."""

        def callee(phone: Phone) -> None:
            phone.answers["BYE"] = 481
            self.left(self.accepted(phone))
            phone.requested("BYE")

        await self.go(Course.LEFT_AND_ENDED, callee)

    async def test_modified(self) -> None:
        """Another offer comes in the dialog, with fewer types."""

        def callee(phone: Phone) -> None:
            self.accepted(phone)
            again = phone.requested("INVITE")
            self.assertIn(b"\r\na=accept-types:message/cpim\r\n", again.body)
            self.ended(phone.accept(again, ANSWER))

        await self.go(Course.MODIFIED, callee)

    async def test_not_acknowledged(self) -> None:
        """No ACK comes, however often the 200 is sent; then a BYE is answered."""

        def callee(phone: Phone) -> None:
            invite = phone.requested("INVITE")
            answer = self.answered(phone, invite)
            for _ in range(3):
                with self.assertRaises(TimeoutError):
                    phone.take(0.05)
                phone.repeat(invite)
            to, target = invite.value("From"), invite.value("Contact")
            dialog = Dialog(phone, answer.value("To"), to, answer)
            self.left(dialog.routed(target, ()))

        caller = await self.go(Course.NOT_ACKNOWLEDGED, callee)
        answers = [each for each in caller.received if " 200 OK" in each]
        self.assertEqual(len(answers), 4)

    def answered(self, phone: Phone, invite: Packet) -> Packet:
        """Answer the INVITE, without waiting for an ACK."""
        headers = (
            ("Contact", phone.contact("session")),
            ("Content-Type", "application/sdp"),
        )
        return phone.respond(invite, 200, headers, ANSWER)

    async def test_cancelled(self) -> None:
        """The caller cancels while it rings."""

        def callee(phone: Phone) -> None:
            invite = phone.requested("INVITE")
            phone.respond(invite, 180)
            phone.requested("CANCEL")
            phone.respond(invite, 487)
            self.assertEqual(phone.requested("ACK").branch, invite.branch)

        await self.go(Course.CANCELLED, callee)

    async def test_cancelled_too_late(self) -> None:
        """The caller cancels what is answered, and then has to end it."""

        def callee(phone: Phone) -> None:
            self.answered(phone, phone.requested("INVITE"))
            for method in ("CANCEL", "ACK", "BYE"):
                phone.requested(method)

        await self.go(Course.CANCELLED_TOO_LATE, callee)

    async def test_refused(self) -> None:
        """Offers of audio, and no offer, are refused."""

        def callee(phone: Phone) -> None:
            invite = phone.requested("INVITE")
            self.assertRaises(ValueError, stream_of, invite.body)
            phone.respond(invite, 488)
            phone.requested("ACK")

        for offer in (Offer.AUDIO, Offer.NOTHING):
            await self.go(Course.REFUSED, callee, offer)
