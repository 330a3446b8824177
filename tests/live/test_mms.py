"""The gateway as a process between CPM users and an MMS relay, with Postfix between."""

from __future__ import annotations

import random
from typing import Final

from twisted.internet.task import deferLater

from cpmgw.lab.behaviour import CpmBehaviour, MmsBehaviour
from cpmgw.lab.mms.sending import MmsOptions
from cpmgw.lab.pager import carrying
from cpmgw.lab.pictures import landscape
from cpmgw.mm4.entity import Entity, leaf, multipart
from cpmgw.mm4.pdu import MmStatus, RequestStatus
from cpmgw.smtp.interfaces import Reply
from tests.live.mms_nodes import CONTEXT, HANDSET, NUMBER, USER, MmsTestCase
from tests.live.reactor import reactor

DELIVERED: Final = ("delivery-notification", "delivered")
DISPLAYED: Final = ("display-notification", "displayed")
FAILED: Final = ("delivery-notification", "failed")
TEXT: Final = "The lake, this evening; it is 20 °C 😀"
MANY: Final = 100
PAUSE: Final = 0.05
"""Seconds between them, at the most."""

REPORTED: Final = MmsOptions(subject="Grüße", delivery_report=True, read_reply=True)


def letter(size: tuple[int, int] = (320, 240)) -> Entity:
    """A text with a photograph."""
    return multipart(
        "mixed",
        (
            leaf("text/plain; charset=utf-8", TEXT.encode()),
            leaf("image/jpeg", landscape(*size), content_location="lake.jpg"),
        ),
    )


class ToMms(MmsTestCase):
    async def test_pager(self) -> None:
        """A pager mode message: 202, a text on the handset, and both notifications.

        [TS 6.3.1.1.1 step 4] [TS 6.3.1.1.1 step 5]
        """
        await self.between()
        sent = self.cpm.send(self.message(TEXT))
        await self.until(lambda: sent.notifications, "the notification")
        self.assertEqual((sent.status, self.context_of(sent)), (202, CONTEXT))
        self.assertEqual(self.handset.texts, [TEXT])
        self.assertEqual(self.relay.look(HANDSET), 1)
        await self.until(lambda: len(sent.notifications) == 2, "the second one")
        self.assertEqual(sent.outcome, [DELIVERED, DISPLAYED])
        (shown,) = self.handset.inbox
        await self.until(lambda: len(shown.results) == 2, "the responses")
        self.assertEqual({each.status for each in shown.results}, {RequestStatus.OK})
        await self.ended()

    async def test_large(self) -> None:
        """A large message with a photograph, which is made to fit the handset."""
        await self.between()
        sent = self.cpm.send_large(carrying(self.message(), letter((1600, 1200))))
        await self.until(lambda: sent.bye and sent.notifications, "the end")
        self.assertEqual((sent.status, sent.msrp_status), (200, 200))
        self.assertEqual(self.context_of(sent), CONTEXT)
        (shown,) = self.handset.inbox
        self.assertEqual(shown.text, TEXT)
        (picture,) = shown.pictures
        self.assertEqual((picture.width, picture.height), (640, 480))
        self.assertIn("lake.jpg", shown.smil)
        self.relay.look(HANDSET)
        await self.until(lambda: len(sent.notifications) == 2, "the second one")
        self.assertEqual(sent.outcome, [DELIVERED, DISPLAYED])
        await self.ended()

    async def test_refused(self) -> None:
        """What the relay refuses, by MM4, by SMTP or by a mail that comes back."""
        await self.between()
        denied, unknown = "+15145550403", "+15145550404"
        self.relay.behave(MmsBehaviour(status=RequestStatus.SERVICE_DENIED), denied)
        self.relay.behave(MmsBehaviour(rcpt=Reply(550, "who", "5.1.1")), unknown)
        statuses = []
        for target in (denied, unknown):
            sent = self.cpm.send(self.message(TEXT, target))
            statuses.append((await sent.answered).status)
            self.assertEqual(sent.notifications, [])
        self.assertEqual(statuses[0], 403)
        self.assertIn(statuses[1], (400, 404))  # a bounce, which says less than MM4
        self.assertEqual(self.handset.texts, [])
        await self.ended()

    async def test_rejected(self) -> None:
        """A delivery report that the message was rejected is told of as failed."""
        await self.between()
        self.relay.behave(MmsBehaviour(reports=(MmStatus.REJECTED,)))
        sent = self.cpm.send(self.message(TEXT))
        await self.until(lambda: sent.notifications, "the notification")
        self.assertEqual((sent.status, sent.outcome), (202, [FAILED]))
        await self.ended()


class ToCpm(MmsTestCase):
    async def test_pager(self) -> None:
        """A short MMS comes as a MESSAGE; both reports go back to the handset."""
        await self.between()
        self.cpm.behave(CpmBehaviour(display=True), USER)
        sent = self.relay.send(HANDSET, NUMBER, TEXT, REPORTED)
        await self.until(lambda: len(sent.outcome) == 2, "the reports")
        await self.until(lambda: sent.results, "the response")
        self.assertEqual(sent.statuses, ["Ok"])
        self.assertEqual(sent.outcome, ["Retrieved", "Read"])
        (message,) = self.user.inbox
        self.assertEqual((message.text, message.request.method), (TEXT, "MESSAGE"))
        self.assertIn(HANDSET, message.sender)
        await self.ended()

    async def test_large(self) -> None:
        """One with a photograph comes by MSRP, octet for octet."""
        await self.between()
        self.cpm.behave(CpmBehaviour(display=True), USER)
        photo = letter((1600, 1200))
        sent = self.relay.send(HANDSET, NUMBER, photo, REPORTED)
        await self.until(lambda: len(sent.outcome) == 2, "the reports")
        await self.until(lambda: sent.results, "the response")
        self.assertEqual(sent.statuses, ["Ok"])
        self.assertEqual(sent.outcome, ["Retrieved", "Read"])
        (message,) = self.user.inbox
        self.assertEqual((message.text, message.request.method), (TEXT, "INVITE"))
        (picture,) = message.pictures
        self.assertEqual(picture.octets, photo.parts[1].body)
        await self.ended()

    async def test_many(self) -> None:
        """A hundred large ones, one after the other, over connections that are shared.

        A connection of MSRP that a session leaves is not closed under the next one.
        """
        await self.between()
        sent = []
        chance = random.SystemRandom()
        for number in range(MANY):
            text = f"{number}." + "x" * 6_000
            sent.append(self.relay.send(HANDSET, NUMBER, text))
            await deferLater(reactor, chance.uniform(0.0, PAUSE))
        await self.until(lambda: all(each.results for each in sent), "the responses")
        self.assertEqual({each.statuses[0] for each in sent}, {"Ok"})
        self.assertEqual(len(self.user.inbox), MANY)
        await self.ended()

    async def test_several(self) -> None:
        """One mail to several users comes to each; who fares otherwise is named."""
        await self.between()
        nobody = "tel:+15550001003"
        self.cpm.behave(CpmBehaviour(status=404), nobody)
        numbers = (NUMBER, "+15550001002", "+15550001003")
        sent = self.relay.send(HANDSET, numbers, TEXT)
        await self.until(lambda: len(sent.results) == 2, "the responses")
        for each in numbers[:2]:
            self.assertEqual(self.cpm.user(f"tel:{each}").texts, [TEXT])
        said = {each.status: each.recipients for each in sent.results}
        self.assertEqual(len(said[RequestStatus.OK]), 2)
        self.assertEqual(self.cpm.user(nobody).texts, [])
        await self.ended()

    async def test_unreachable(self) -> None:
        """A user who is refused is answered by MM4, and the mail is done with."""
        await self.between()
        self.cpm.behave(CpmBehaviour(status=404), USER)
        sent = self.relay.send(HANDSET, NUMBER, TEXT)
        await self.until(lambda: sent.results, "the response")
        self.assertEqual(sent.statuses, ["Error-sending-address-unresolved"])
        await self.ended()
