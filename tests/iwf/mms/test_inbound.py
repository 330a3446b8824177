"""MMS to pager mode CPM messages, and their answers (TS 6.3.1.2.1)."""

from __future__ import annotations

from msgspec.structs import replace
from twisted.internet.defer import Deferred, fail

from cpmgw.bodies.interfaces import IBody
from cpmgw.iwf.mms.delivered import Delivered
from cpmgw.iwf.mms.inbound import AT_ONCE, PAGER_LIMIT, Send
from cpmgw.iwf.mms.multimedia import InboundMms
from cpmgw.mail_records import InboxMail, Repeated
from cpmgw.mm4.entity import leaf
from cpmgw.mm4.mail import write_mail
from cpmgw.mm4.pdu import DeliveryReport, MmStatus, RequestStatus
from tests.iwf.mms.gateway import DOMAIN
from tests.iwf.mms.mailroom import (
    ALICE,
    BOB,
    BROKEN,
    CAROL,
    NOW,
    SYSTEM,
    InboundRoom,
    forward_of,
)

S = RequestStatus
DAN = f"+15145550004/TYPE=PLMN@{DOMAIN}"


class Size(InboundRoom):
    def test_limit(self) -> None:
        """A body of 1300 octets goes by MESSAGE. [TS 6.3.1.2.1 step 2]"""
        taken: list[int] = []

        class Large:
            def prepared(self, message: InboundMms, body: bytes) -> Send:
                taken.append(len(body))
                return self.send

            async def send(self) -> Delivered:
                return Delivered(S.OK)

        self.large = Large()
        self.build()
        line = b"x" * 48 + b"\r\n"
        small = self.came(entity=leaf("text/plain", 20 * line))
        spare = PAGER_LIMIT - len(small.body)
        request = self.came(
            identifier="t-2", entity=leaf("text/plain", 20 * line + b"x" * spare)
        )
        self.assertEqual(len(request.body), PAGER_LIMIT)
        self.assertEqual(taken, [])
        more = 20 * line + b"x" * (spare + 1)
        self.forward(identifier="t-3", entity=leaf("text/plain", more))
        self.assertEqual(taken, [PAGER_LIMIT + 1])
        self.assertEqual(len(self.requests), 2)

    def test_no_msrp(self) -> None:
        """Without MSRP what is larger is content that cannot be accepted."""
        self.forward(entity=leaf("text/plain", b"x" * 2_000))
        self.assertEqual(self.requests, [])
        self.assertEqual(self.statuses(), [S.CONTENT_NOT_ACCEPTED])


class Refusals(InboundRoom):
    def test_anonymity(self) -> None:
        """Anonymity that is not allowed: Error-unsupported-message.

        [TS 6.3.1.2.1 step 1] [TS 6.3.1.2.2 step 1] [RCC.10 4 concepts 1a]
        """
        self.choose({"anonymous_senders": "refuse"})
        self.forward(hide=True)
        self.assertEqual(self.requests, [])
        self.assertEqual(self.statuses(), [S.UNSUPPORTED_MESSAGE])
        self.forward(hide=False, identifier="t-2")
        self.assertEqual(len(self.requests), 1)

    def test_addresses(self) -> None:
        """A sender or target that is nobody: Error-sending-address-unresolved."""
        self.forward(sender="bob@mail.test")
        self.forward(f"999/TYPE=PLMN@{DOMAIN}", identifier="t-2")
        self.assertEqual(self.requests, [])
        self.assertEqual(self.statuses(), [S.ADDRESS_UNRESOLVED] * 2)

    def test_content(self) -> None:
        """Content that cannot be taken apart: Error-message-format-corrupt."""
        octets = write_mail(forward_of(), leaf("text/plain", b"x")).replace(
            b"Content-Type: text/plain", b'Content-Type: multipart/mixed; boundary="b"'
        )
        self.bring(octets)
        self.assertEqual(self.statuses(), [S.FORMAT_CORRUPT])

    def test_lost(self) -> None:
        """Of whose content only the header is left: Error-unspecified, to each."""
        accept = self.store.mail.accept

        def losing(mail: InboxMail, body: IBody) -> Deferred[InboxMail | Repeated]:
            return accept(mail, body).addCallback(lambda kept: replace(kept, size=999))

        self.patch(self.store.mail, "accept", losing)
        self.forward(ALICE, CAROL)
        self.assertEqual(self.requests, [])
        self.assertEqual(self.statuses(), [S.UNSPECIFIED])
        self.assertEqual(self.store.mail.open, {})

    def test_broken_base64(self) -> None:
        """What only looks like base64 is no content: Error-message-format-corrupt."""
        octets = write_mail(forward_of(), leaf("image/png", b"x"))
        self.bring(octets.replace(b"eA==", b"<html>no</html>"))
        self.assertEqual(self.requests, [])
        self.assertEqual(self.statuses(), [S.FORMAT_CORRUPT])


class Fields(InboundRoom):
    def test_single_part(self) -> None:
        """What the header says of a single part is in the wrapper [TS 6.3 2]."""
        picture = leaf(
            "image/png",
            b"PNG",
            content_disposition="attachment; filename=holiday.png",
            content_location="holiday.png",
        )
        cpim = self.cpim(self.came(entity=picture))
        self.assertEqual(
            cpim.content_header("Content-Disposition"),
            "attachment; filename=holiday.png",
        )
        self.assertEqual(cpim.content_header("Content-Location"), "holiday.png")
        self.assertEqual(cpim.content, b"PNG")


class Unasked(InboundRoom):
    """Where no MM4_forward.RES was asked for, it is for us to try again."""

    def test_success(self) -> None:
        """Nobody is told of a success."""
        self.forward(acknowledge=False)
        self.assertEqual(self.link.sent, [])
        self.assertEqual(self.store.mail.open, {})

    def test_error(self) -> None:
        """An error is answered all the same."""
        self.house.network.statuses = [404]
        self.forward(acknowledge=False)
        self.assertEqual(self.statuses(), [S.ADDRESS_UNRESOLVED])

    def test_tried_again(self) -> None:
        """What may pass later is tried again, with the same identifiers."""
        self.house.network.statuses = [480, None]
        self.forward(acknowledge=False)
        self.pass_time(5.0)
        self.pass_time(9.0)
        self.assertEqual(len(self.requests), 2)
        self.pass_time(1.0)
        self.assertEqual(len(self.requests), 3)
        self.assertEqual(self.store.mail.open, {})
        ids = {self.cpim(each).imdn("Message-ID") for each in self.requests}
        self.assertEqual(len(ids), 1)
        self.assertEqual(
            len({e.headers.get("Contribution-ID") for e in self.requests}), 1
        )
        self.assertEqual(len({each.call_id for each in self.requests}), 3)

    def test_only_what_is_open(self) -> None:
        """Of several recipients those are tried again that are not settled."""
        self.house.network.statuses = [200, 480]
        self.forward(ALICE, CAROL, acknowledge=False)
        self.pass_time(5.0)
        uris = [str(each.uri) for each in self.requests]
        self.assertEqual(
            uris, ["tel:+15145550001", "tel:+15145550003", "tel:+15145550003"]
        )

    def test_expired(self) -> None:
        """When it has expired a delivery report says so, if one was asked for."""
        self.house.network.statuses = [480] * 100
        self.forward(acknowledge=False, delivery_report=True, expiry=NOW + 12)
        self.pass_time(5.0)
        self.assertEqual(self.reports, [])
        self.pass_time(10.0)
        [report] = self.reports
        assert isinstance(report, DeliveryReport)
        self.assertEqual(report.status, MmStatus.EXPIRED)
        self.assertEqual((report.recipient, report.sender), (ALICE, BOB))
        self.assertEqual(report.transaction.message_id, "m-1")
        self.assertEqual(self.store.mail.open, {})

    def test_rejected(self) -> None:
        """What never passes is reported as rejected, if that was asked for."""
        self.house.network.statuses = [404, 404]
        self.forward(acknowledge=False, delivery_report=True)
        [report] = self.reports
        assert isinstance(report, DeliveryReport)
        self.assertEqual(report.status, MmStatus.REJECTED)
        self.forward(delivery_report=True, identifier="t-2")
        self.assertEqual(len(self.reports), 1)


class Kept(InboundRoom):
    def test_for_reports(self) -> None:
        """What reports need is kept before the message goes. [TS 6.3.1.2.1 step 4]"""
        self.house.network.held = []
        self.forward(
            delivery_report=True,
            read_reply=True,
            expiry=NOW + 100,
            originator_system=SYSTEM,
        )
        [kept] = self.store.multimedia.receipts.values()
        self.assertEqual(kept.imdn_id, self.cpim(self.requests[0]).imdn("Message-ID"))
        self.assertEqual(kept.message_id, "m-1")
        self.assertEqual(kept.wanted, ("delivery", "read"))
        self.assertEqual(
            (kept.sender, kept.recipient, kept.mail_from, kept.system, kept.relay),
            (BOB, ALICE, BOB, SYSTEM, "home"),
        )

    def test_not_asked_for(self) -> None:
        """Nothing is kept where no report was asked for."""
        self.forward()
        self.assertEqual(self.store.multimedia.receipts, {})

    def test_store_fails(self) -> None:
        """Where that cannot be kept the message does not go, until it can."""
        self.store.multimedia.fault = BROKEN
        self.forward(delivery_report=True)
        self.assertEqual(self.requests, [])
        self.store.multimedia.fault = None
        self.pass_time(5.0)
        self.assertEqual(len(self.requests), 1)
        self.assertEqual(self.statuses(), [S.OK])

    def test_at_once(self) -> None:
        """So many recipients are seen to at once, and the others after them."""
        self.house.network.held = []
        many = [f"+1514556{n:04}/TYPE=PLMN@{DOMAIN}" for n in range(AT_ONCE + 1)]
        self.forward(*many)
        self.assertEqual(len(self.requests), AT_ONCE)
        for each in list(self.house.network.held):
            each.callback(None)
        self.assertEqual(len(self.requests), AT_ONCE + 1)


class InSession(InboundRoom):
    """A message goes to the sessions first. [TS 6.3.1.1.6.1 forward 1]"""

    def answers_of(self, *words: str | None) -> list[InboundMms]:
        """Have sessions that say this of each message, None for none of theirs."""
        left, asked = list(words), []

        class Sessions:
            async def take(self, message: InboundMms) -> str | InboundMms:
                asked.append(message)
                word = left.pop(0)
                return message if word is None else word

        self.replies = Sessions()
        self.build()
        return asked

    def test_taken(self) -> None:
        """What a session takes makes no message; its word answers."""
        asked = self.answers_of("Ok", "Error-service-denied")
        self.forward()
        self.forward(identifier="t-2")
        self.assertEqual(self.requests, [])
        self.assertEqual(self.statuses(), [S.OK, S.SERVICE_DENIED])
        self.assertEqual(asked[0].entity.body, b"Hello")

    def test_later(self) -> None:
        """A session that has trouble is asked again where that is for us."""
        self.answers_of("Error-network-problem", "Ok")
        self.forward(acknowledge=False)
        self.pass_time(5.0)
        self.assertEqual(self.store.mail.open, {})
        self.assertEqual(self.link.sent, [])

    def test_not_taken(self) -> None:
        """What is none of a session's is a message as ever."""
        self.answers_of(None)
        self.assertEqual(str(self.came().uri), "tel:+15145550001")


class Leaving(InboundRoom):
    def test_left_for_another_process(self) -> None:
        """What ends because the gateway stops is not answered but tried again."""
        self.house.network.held = []
        self.house.network.statuses = [480, 404]
        self.forward(ALICE, CAROL)
        self.receiving.leave()
        for each in self.house.network.held:
            each.callback(None)
        self.assertEqual(self.answers, [])
        [kept] = self.store.mail.open.values()
        self.assertEqual(kept.settled, ("", "Error-sending-address-unresolved"))
        self.forward(identifier="t-2")
        self.assertEqual(len(self.requests), 2)

    def test_the_next(self) -> None:
        """The next process delivers it, and answers."""
        self.house.network.held = []
        self.house.network.statuses = [480]
        self.forward()
        self.receiving.leave()
        self.house.network.held[0].callback(None)
        self.house.network.held = None
        self.build()
        self.pass_time(5.0)
        self.assertEqual(self.statuses(), [S.OK])

    def test_stop(self) -> None:
        """A stop lets go of what takes too long; it is kept."""
        self.house.network.held = []
        self.forward()
        stopped = Deferred.fromCoroutine(self.receiving.stop(5.0))
        self.assertNoResult(stopped)
        self.house.clock.advance(5.0)
        self.successResultOf(stopped)
        self.assertEqual(len(self.store.mail.open), 1)
        self.assertEqual(self.answers, [])

    def test_others_come_to_their_end(self) -> None:
        """Where one recipient has trouble of ours, the others are waited for."""
        self.house.network.held = []
        settled = self.store.mail.settle
        self.forward(ALICE, CAROL)

        def settle(key: str, place: int, word: str) -> Deferred[None]:
            return fail(BROKEN) if place == 0 else settled(key, place, word)

        self.patch(self.store.mail, "settle", settle)
        self.house.network.held[0].callback(None)
        self.pass_time(60.0)
        self.assertEqual(len(self.requests), 2)
        self.house.network.held[1].callback(None)
        self.pass_time(5.0)
        self.assertEqual(len(self.requests), 3)
