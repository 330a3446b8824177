"""SIPp invites handsets to chats: answers, repeats, races, ends (RFC 3261 13 to 15)."""

from __future__ import annotations

from twisted.internet.task import deferLater

from tests.live import sipp
from tests.live.case import free_port
from tests.live.chats import Course, Offer, chat
from tests.live.chatting import HANDSET, USER, ChatTestCase
from tests.live.gateway import metric
from tests.live.raw_content import session_offer
from tests.live.raw_packet import Packet
from tests.live.raw_session import Call
from tests.live.reactor import reactor
from tests.live.sessions import Invitation, field, requests, responses
from tests.live.sipp import Sipp

CALLS = 5
MANY = 100
INVITATIONS = [
    Invitation(USER, f"+1514555{number:04}", f"{number:012}", f"{number:012}")
    for number in range(CALLS)
]
QUICK = """
[sip.timing]
t1 = 0.05
t2 = 0.4
d = 3.2
"""
"""What is not acknowledged is given up after 3.2 s (64 times T1)."""


class SignallingTestCase(ChatTestCase):
    """A gateway, called by SIPp, which takes BYEs at the port that it calls from."""

    needs = sipp.NEEDS
    msrp = ("setup_timeout = 1.0",)
    more = QUICK

    async def go(
        self,
        course: Course,
        transport: str = "udp",
        *,
        offer: Offer = Offer.MSRP,
        status: int = 200,
    ) -> Sipp:
        """Have SIPp call, some times beside each other, and end well."""
        await self.between(transport)
        caller = chat(
            self,
            INVITATIONS,
            course,
            to_port=self.network.port,
            offer=offer,
            transport=transport,
            status=status,
        )
        await caller.finished()
        return caller


class Answers(SignallingTestCase):
    async def test_udp(self) -> None:
        """INVITE, 200, ACK, BYE and 200 by UDP."""
        await self.go(Course.ENDED)

    async def test_tcp(self) -> None:
        """The same by TCP."""
        await self.go(Course.ENDED, "tcp")

    async def test_no_connection(self) -> None:
        """Where no MSRP connection comes in its time, the gateway leaves (480)."""
        caller = await self.go(Course.LEFT)
        for bye in requests(caller, "BYE"):
            self.assertIn("cause=480", field(bye, "Reason"))

    async def test_late_bye(self) -> None:
        """A BYE after the gateway has left is answered 481 (15.1.2)."""
        await self.go(Course.LEFT_AND_ENDED)

    async def test_audio(self) -> None:
        """Audio alone is not acceptable: 488. [TS 6.1.4 step 1]"""
        await self.go(Course.REFUSED, offer=Offer.AUDIO)

    async def test_no_offer(self) -> None:
        """An INVITE without an offer is answered 488."""
        await self.go(Course.REFUSED, offer=Offer.NOTHING)

    async def test_modified(self) -> None:
        """A re-INVITE with less to talk in is answered 200. [TS 6.1.5 step 5]"""
        await self.go(Course.MODIFIED)

    async def test_cancelled_too_late(self) -> None:
        """A CANCEL after the 200 changes nothing (9.2); the session goes on."""
        await self.go(Course.CANCELLED_TOO_LATE)


class Repeats(SignallingTestCase):
    async def test_invite(self) -> None:
        """An INVITE that comes again gets the same 200, and makes no second dialog.

        Before the answer (17.2.1) and after it (RFC 6026 7.1).
        """
        await self.between()
        await self.talk(self.repeated)

    def repeated(self) -> None:
        """Invite three times with the same octets."""
        offer = session_offer(self.own_path(), self.listener.port)
        invite = self.phone.invitation(HANDSET, offer)
        self.phone.send(invite)
        self.phone.send(invite)
        call = Call(self.phone, invite, self.phone.answer_to(invite))
        self.phone.send(invite)
        self.assertEqual(self.phone.answer_to(invite), call.answer)
        call.acknowledge()
        self.assertEqual(call.bye().status, 200)

    async def test_lost_ack(self) -> None:
        """A 200 without ACK is repeated, with the same octets, and then given up.

        T1 doubled up to T2, for 64 times T1; then BYE (13.3.1.4).
        """
        caller = await self.go(Course.NOT_ACKNOWLEDGED)
        for number in range(CALLS):
            answers = [
                each
                for each in responses(caller, 200, "INVITE")
                if field(each, "To").startswith(f"<tel:+1514555{number:04}>")
            ]
            self.assertGreaterEqual(len(answers), 8)
            self.assertEqual(len(set(answers)), 1)


class Asked(SignallingTestCase):
    policy = ('session.accept = "ask"',)

    async def test_cancelled(self) -> None:
        """A CANCEL while the handset is asked: 200 and 487. [TS 6.1.4 step 8b]"""
        await self.go(Course.CANCELLED)


class Load(SignallingTestCase):
    policy = ("session.most_per_inviter = 0",)

    async def test_nothing_left(self) -> None:
        """Many sessions at a time all go well, and no transaction stays behind."""
        self.web_port = free_port()
        await self.between()
        handsets = [f"+1514555{number:04}" for number in range(MANY)]
        caller = chat(
            self,
            [Invitation(USER, each, each[1:], each[1:]) for each in handsets],
            Course.ENDED,
            to_port=self.network.port,
            rate=MANY,
        )
        await caller.finished()
        end = reactor.seconds() + 15
        while left := await metric(self.network, "cpmgw_sip_transactions"):
            self.assertLess(reactor.seconds(), end, f"{left} transactions are left")
            await deferLater(reactor, 0.2)


class Races(SignallingTestCase):
    async def test_cancel_and_answer(self) -> None:
        """A CANCEL that crosses the answer: there is a session, or a 487, not both."""
        await self.between()
        outcomes = [await self.talk(self.race) for _ in range(CALLS)]
        self.assertLessEqual(set(outcomes), {200, 487})
        chat = await self.talk(self.chat)
        await self.talk(chat.close)

    def race(self) -> int:
        """Invite and cancel in one breath; gives the answer to the INVITE."""
        offer = session_offer(self.own_path(), self.listener.port)
        invite = self.phone.invitation(HANDSET, offer)
        self.phone.send(invite)
        cancelled = self.phone.answered(self.cancel_of(invite))
        self.assertEqual(cancelled.status, 200)
        call = Call(self.phone, invite, self.phone.answer_to(invite))
        if call.answer.status == 200:
            call.acknowledge()
            self.assertEqual(call.bye().status, 200)
        return call.answer.status

    def cancel_of(self, invite: Packet) -> Packet:
        """The CANCEL of an INVITE (9.1)."""
        kept = ("Via", "Max-Forwards", "From", "To", "Call-ID")
        headers = [each for each in invite.headers if each[0] in kept]
        sequence = ("CSeq", invite.value("CSeq").replace("INVITE", "CANCEL"))
        start = invite.start.replace("INVITE", "CANCEL")
        return Packet(start, (*headers, sequence))
