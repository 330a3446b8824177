"""What is tried again of received MMS, for how long, and in which order (0022)."""

from __future__ import annotations

import tracemalloc
from pathlib import Path
from typing import Any

import msgspec
from twisted.internet.defer import Deferred, succeed

from cpmgw.bodies.interfaces import IBody
from cpmgw.cpm.imdn import Kind, Notification, Status
from cpmgw.iwf.large_sending import LargeLetter, Outcome, Said
from cpmgw.iwf.mail.inbox import KEPT, MOST_FAILURES
from cpmgw.iwf.mms.inbound import AT_ONCE, MOST_ANSWERED
from cpmgw.iwf.mms.inbound_large import InboundLarge
from cpmgw.iwf.mms.loops import MOST_FORWARDED
from cpmgw.iwf.mms.multimedia import InboundMms
from cpmgw.mail_records import InboxMail
from cpmgw.mm4.entity import leaf
from cpmgw.mm4.mail import write_mail
from cpmgw.mm4.pdu import DeliveryReport, MmStatus, RequestStatus
from cpmgw.smtp.errors import NotSent
from tests.iwf.mms.gateway import DOMAIN
from tests.iwf.mms.mailroom import (
    ALICE,
    BOB,
    CAROL,
    NOW,
    SYSTEM,
    InboundRoom,
    forward_of,
)
from tests.iwf.mms.test_notifications import document

S = RequestStatus
OURS = f"system-user@{DOMAIN}"


class Expiry(InboundRoom):
    def test_come_too_late(self) -> None:
        """What has expired when it comes is not delivered: Error-unspecified."""
        self.forward(expiry=NOW - 100)
        self.assertEqual(self.requests, [])
        self.assertEqual(self.statuses(), [S.UNSPECIFIED])

    def test_at_its_time(self) -> None:
        """Until its time it is tried, and not any more when that has come."""
        self.house.network.statuses = [480] * 20
        self.forward(acknowledge=False, delivery_report=True, expiry=NOW + 60)
        for _ in range(5):
            self.pass_time(10.0)
        tries = len(self.requests)
        self.pass_time(9.9)
        self.assertEqual(self.reports, [])
        self.house.network.statuses = []
        self.pass_time(0.1)
        self.assertEqual(len(self.requests), tries)
        [report] = self.reports
        assert isinstance(report, DeliveryReport)
        self.assertEqual(report.status, MmStatus.EXPIRED)
        self.assertEqual(self.statuses(), [S.UNSPECIFIED])

    def test_taken_up_too_late(self) -> None:
        """So it is for what another process takes up, whoever waits for an answer."""
        self.receiving.leave()
        self.forward(expiry=NOW + 60)
        self.house.clock.advance(60.0)
        self.build()
        self.assertEqual(self.requests, [])
        self.assertEqual(self.statuses(), [S.UNSPECIFIED])


class Recipients(InboundRoom):
    def test_one_slow(self) -> None:
        """A slow recipient holds its own place and nobody else's."""
        self.house.network.held = []
        many = [f"+1514556{n:04}/TYPE=PLMN@{DOMAIN}" for n in range(3 * AT_ONCE)]
        self.forward(*many)
        self.assertEqual(len(self.requests), AT_ONCE)
        for place in range(1, 3 * AT_ONCE):
            self.house.network.held[place].callback(None)
        self.assertEqual(len(self.requests), 3 * AT_ONCE)
        self.assertEqual(self.answers, [])
        self.house.network.held[0].callback(None)
        self.assertEqual(self.statuses(), [S.OK])


class Repeats(InboundRoom):
    def test_new_try(self) -> None:
        """After a failure that may pass the repeat is a new try, of the same message.

        Only for those that have not got it.
        """
        self.house.network.statuses = [200, 408]
        self.forward(ALICE, CAROL)
        self.assertEqual(set(self.statuses()), {S.OK, S.NETWORK_PROBLEM})
        self.link.sent.clear()
        self.forward(ALICE, CAROL)
        uris = [str(each.uri) for each in self.requests]
        self.assertEqual(uris[1:], ["tel:+15145550003"] * 2)
        ids = [self.cpim(each).imdn("Message-ID") for each in self.requests]
        self.assertEqual(ids[1], ids[2])
        self.assertEqual(self.statuses(), [S.OK])
        self.forward(ALICE, CAROL)
        self.assertEqual(len(self.requests), 3)

    def test_for_good(self) -> None:
        """After one that stays it is not."""
        self.house.network.statuses = [404]
        self.forward()
        self.forward()
        self.assertEqual(len(self.requests), 1)
        self.assertEqual(self.statuses(), [S.ADDRESS_UNRESOLVED] * 2)


class Answered(InboundRoom):
    def test_refused_again_and_again(self) -> None:
        """Who was reached and says no is not asked for ever."""
        for place, status in enumerate((486, 600, 401, 407)):
            self.requests.clear()
            self.house.network.statuses = [status] * 100
            self.forward(acknowledge=False, identifier=f"t-{place}")
            for _ in range(50):
                self.pass_time(600.0)
            self.assertEqual(len(self.requests), MOST_ANSWERED + 1, status)
            self.assertEqual(self.store.mail.open, {})

    def test_not_reached(self) -> None:
        """Who was not reached is."""
        self.house.network.statuses = [480] * 100
        self.forward(acknowledge=False)
        for _ in range(50):
            self.pass_time(600.0)
        self.assertEqual(len(self.requests), 51)

    def test_hung_up(self) -> None:
        """A client that hangs up does not want it. [RCC.10 6.3.1.2.2 difference 2]"""
        letters: list[LargeLetter] = []

        class Sending:
            async def send(self, letter: LargeLetter) -> Outcome:
                letters.append(letter)
                return Outcome(Said.MSRP, 481, was_hung_up=True)

        house: Any = self.house
        sending: Any = Sending()
        self.large = InboundLarge(house, sending)
        self.build()
        self.forward(acknowledge=False, entity=leaf("image/png", bytes(2_000)))
        self.pass_time(600.0)
        self.assertEqual(len(letters), 1)
        self.assertEqual(self.statuses(), [S.UNSPECIFIED])


class Loops(InboundRoom):
    def refused(self, **details: Any) -> None:
        """Such a message makes none of CPM."""
        number = len(self.answers)
        message_id = details.pop("message_id", "m-1")
        pdu = forward_of(f"t-{number}", **details)
        pdu = msgspec.structs.replace(
            pdu,
            transaction=msgspec.structs.replace(pdu.transaction, message_id=message_id),
        )
        self.bring(write_mail(pdu, leaf("text/plain", b"x")))
        self.assertEqual(self.requests, [])
        self.assertEqual(self.answers[number].status, S.SERVICE_DENIED)

    def test_ours(self) -> None:
        """What was ours before is not interworked again, however a relay shows it."""
        self.refused(message_id=f"00ff@{DOMAIN.upper()}")
        self.refused(originator_system=OURS)
        self.refused(forward_route=(SYSTEM, OURS))
        self.refused(handled_by=(OURS.upper(), SYSTEM))

    def test_counter(self) -> None:
        """Nor is what was forwarded too often; one time less is all right."""
        self.refused(forward_counter=MOST_FORWARDED + 1)
        self.forward(forward_counter=MOST_FORWARDED, identifier="t-x")
        self.assertEqual(len(self.requests), 1)


class Failures(InboundRoom):
    def test_bug(self) -> None:
        """Where the work itself fails whoever waits is answered: Error-unspecified."""

        def fails(message: object) -> None:
            raise ValueError("bug")

        self.patch(self.receiving.inbound, "_message", lambda *args: fails(args))
        self.forward()
        for _ in range(MOST_FAILURES):
            self.pass_time(600.0)
        self.assertEqual(len(self.flushLoggedErrors(ValueError)), MOST_FAILURES)
        self.assertEqual(self.statuses(), [S.UNSPECIFIED])
        counted = self.house.traffic.mm4_received
        self.assertEqual(counted["home", "MM4_forward.REQ", "given-up"], 1)
        self.assertEqual(self.store.mail.open, {})

    def test_no_form(self) -> None:
        """An envelope sender that MM4 cannot write is answered at its system."""
        self.forward(mail_from="böb@mms.test", originator_system=SYSTEM)
        self.assertEqual(self.statuses(), [S.OK])
        self.assertEqual(self.link.sent[-1][0].recipients[0].address, SYSTEM)
        self.forward(mail_from="böb@mms.test", identifier="t-2")
        self.assertEqual(len(self.requests), 2)
        self.assertEqual(len(self.answers), 1)
        self.assertEqual(self.store.mail.open, {})

    def test_no_form_for_a_refusal(self) -> None:
        """So is one whose mail cannot be read."""
        octets = write_mail(forward_of(originator_system=SYSTEM)).replace(
            b"MM4_forward.REQ", b"MM4_other.REQ"
        )
        self.bring(octets, sender="böb@mms.test")
        self.assertEqual(self.link.sent[-1][0].recipients[0].address, SYSTEM)


class Reported(InboundRoom):
    def tell(self, imdn_id: str) -> None:
        """Have a client tell of a delivery."""
        content = document(
            Notification(Kind.DELIVERY, Status.DELIVERED), message_id=imdn_id
        )
        took = self.receiving.notifications.take(content)
        self.successResultOf(Deferred.fromCoroutine(took))

    def test_failed_first(self) -> None:
        """After "Rejected" nothing else is reported of the same recipient."""
        self.house.network.statuses = [404]
        self.forward(acknowledge=False, delivery_report=True)
        [kept] = self.store.multimedia.receipts.values()
        self.tell(kept.imdn_id)
        self.assertEqual([each.status for each in self.reports], [MmStatus.REJECTED])

    def test_told_first(self) -> None:
        """Nor is "Expired" after what its client has said of it."""
        self.house.network.statuses = [None] * 9
        self.forward(acknowledge=False, delivery_report=True, expiry=NOW + 20)
        [kept] = self.store.multimedia.receipts.values()
        self.tell(kept.imdn_id)
        for _ in range(5):
            self.pass_time(5.0)
        self.assertEqual([each.status for each in self.reports], [MmStatus.RETRIEVED])
        self.assertEqual(self.store.mail.open, {})


class Order(InboundRoom):
    """Messages of one sender to one recipient, in the order in which they came."""

    def setUp(self) -> None:
        super().setUp()
        self.said: list[str] = []
        said = self.said

        class Sessions:
            async def take(self, message: InboundMms) -> str:
                said.append(message.entity.body.decode())
                return "Ok"

        self.replies = Sessions()
        self.build()

    def test_kept_for_reports(self) -> None:
        """One of which something is kept first is not overtaken (TS 6.1.5.1)."""
        kept: list[Deferred[None]] = []

        def keep(message: object) -> Deferred[None]:
            kept.append(Deferred())
            return kept[-1]

        self.patch(self.store.multimedia, "keep_received", keep)
        first, second = (leaf("text/plain", each) for each in (b"first", b"second"))
        self.forward(entity=first, delivery_report=True)
        self.forward(entity=second, identifier="t-2")
        self.assertEqual(self.said, [])
        self.forward(CAROL, entity=second, identifier="t-3")
        self.assertEqual(self.said, ["second"])
        kept[0].callback(None)
        self.assertEqual(self.said, ["second", "first", "second"])
        self.assertEqual(len(self.receiving.inbound._turns), 0)

    def test_backlog(self) -> None:
        """What has waited goes in the order of coming."""
        self.receiving.leave()
        for number in range(20):
            text = leaf("text/plain", str(number).encode())
            self.assertEqual(self.forward(entity=text, identifier=f"t-{number}"), KEPT)
        self.build()
        self.assertEqual(self.said, [str(number) for number in range(20)])

    def test_handed_over(self) -> None:
        """The next does not wait for what becomes of the one before."""
        said: list[str] = []

        class Sessions:
            async def take(self, message: InboundMms) -> str:
                said.append(message.entity.body.decode())
                await Deferred()
                return "Ok"

        self.replies = Sessions()
        self.build()
        self.forward()
        self.forward(identifier="t-2")
        self.assertEqual(len(said), 2)


class Holding:
    """Sends large messages as long as the test wants."""

    def __init__(self) -> None:
        self.letters: list[LargeLetter] = []
        self.held: Deferred[None] = Deferred()

    async def send(self, letter: LargeLetter) -> Outcome:
        """Wait."""
        self.letters.append(letter)
        await self.held
        return Outcome(Said.MSRP, 200)


class Memory(InboundRoom):
    def setUp(self) -> None:
        super().setUp()
        self.sending = Holding()
        house: Any = self.house
        sending: Any = self.sending
        self.large = InboundLarge(house, sending)
        self.build()
        self.patch(self.store.mail, "accept", self.in_a_file)

    def in_a_file(self, mail: InboxMail, body: IBody) -> Deferred[InboxMail]:
        """Keep a mail as the store keeps large ones."""
        path = Path(self.mktemp())
        octets = body.read()
        path.write_bytes(octets)
        kept = msgspec.structs.replace(
            mail,
            path=path,
            size=len(octets),
            content=octets[: octets.index(b"\r\n\r\n") + 4],
            settled=("",) * len(mail.recipients),
        )
        self.store.mail.open[kept.key] = kept
        return succeed(kept)

    def held_by(self, **details: Any) -> int:
        """Octets in memory while a message of 3 MB waits for its clients."""
        octets = write_mail(forward_of(**details), leaf("image/png", bytes(3_000_000)))
        tracemalloc.start()
        try:
            self.bring(octets, ALICE, CAROL)
            return tracemalloc.get_traced_memory()[0]
        finally:
            tracemalloc.stop()

    def test_large(self) -> None:
        """While large messages wait for their clients they are in files alone."""
        for to in ((ALICE,), (ALICE, CAROL)):
            self.assertLess(self.held_by(identifier=f"t-{len(to)}", to=to), 1_000_000)
        self.assertEqual(len(self.sending.letters), 4)
        self.assertEqual(self.sending.letters[0].types, ("image/png",))
        self.assertGreater(self.sending.letters[0].size, 3_000_000)
        self.sending.held.callback(None)
        self.assertEqual(len(self.house.spool), 0)
        self.assertEqual(self.statuses(), [S.OK] * 2)


class Outgoing(InboundRoom):
    def test_mail_of_its_own(self) -> None:
        """What answers is a mail: Date, Sender, a Message-ID of its own (RFC 5322)."""
        self.link.faults = [NotSent("down")]
        self.forward()
        self.pass_time(5.0)
        first, second = (
            dict(line.split(": ", 1) for line in each.decode().split("\r\n") if line)
            for _, each in self.link.sent
        )
        self.assertEqual(first["Sender"], OURS)
        self.assertEqual((first["From"], first["To"]), (OURS, BOB))
        self.assertIn("+0000", first["Date"])
        self.assertEqual(first["Message-ID"], second["Message-ID"])
        self.assertRegex(first["Message-ID"], rf"^<[0-9a-f]{{32}}@{DOMAIN}>$")
