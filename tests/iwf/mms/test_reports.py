"""Reports of MMS to CPM notifications (TS 6.3.1.1.3, 6.3.1.1.4)."""

from __future__ import annotations

from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as some
from twisted.internet.defer import Deferred, succeed
from twisted.trial.unittest import SynchronousTestCase

from cpmgw.cpm.cpim import parse_cpim
from cpmgw.cpm.events import IW_EVENT_TYPE
from cpmgw.cpm.imdn import Disposition, Status, parse_imdn
from cpmgw.iwf.mail.inbox import KEPT, MOST_FAILURES
from cpmgw.iwf.mms.relays import Relay
from cpmgw.iwf.mms.report_notice import (
    TOLD_DELIVERY,
    TOLD_DISPLAY,
    TOLD_PROCESSING,
    notice_of,
)
from cpmgw.iwf.mms.reports import AnyReport
from cpmgw.iwf.mms.tables.table_17 import (
    DELIVERY,
)
from cpmgw.mm4.pdu import MmStatus, RequestStatus
from cpmgw.policy import Policy
from tests.iwf.mms.gateway import DOMAIN
from tests.iwf.mms.mailroom import (
    ReportRoom,
    delivery_of,
    read_of,
    written,
)

S = RequestStatus
POSITIVE = Disposition.POSITIVE_DELIVERY.value
NEGATIVE = Disposition.NEGATIVE_DELIVERY.value
INTERWORKED = Disposition.INTERWORKING.value
PROCESSED = Disposition.PROCESSING.value
DISPLAYED = Disposition.DISPLAY.value


class Telling(ReportRoom):
    def test_unknown(self) -> None:
        """A report of a message that is not known: Error-message-not-found."""
        self.assertEqual(self.bring(written(delivery_of())), KEPT)
        self.assertEqual(self.bring(written(read_of())), KEPT)
        self.assertEqual(self.requests, [])
        self.assertEqual(self.statuses(), [S.NOT_FOUND] * 2)

    def test_of_another_relay(self) -> None:
        """So it is where the message went elsewhere; nobody is told of anything."""
        message = self.sent(POSITIVE)
        config = msgspec.structs.replace(
            self.house.config.mmsc[0], name="other", peers=("192.0.2.0/24",)
        )
        other = Relay(self.link, config)
        self.relays.replace([Relay(self.link, self.house.config.mmsc[0]), other])
        moved = msgspec.structs.replace(message, relay="other")
        self.store.multimedia.messages[message.message_id] = moved
        self.bring(written(delivery_of()))
        self.assertEqual((self.requests, self.statuses()), ([], [S.NOT_FOUND]))

    def test_unknown_and_nobody_asks(self) -> None:
        """That is said even where no response was asked for."""
        self.bring(written(delivery_of(acknowledge=False)))
        self.assertEqual(self.statuses(), [S.NOT_FOUND])

    def test_until_it_arrives(self) -> None:
        """While the CPM side is away it is tried again; then comes the response."""
        self.house.network.statuses = [None, 503]
        self.delivered()
        self.assertEqual(self.answers, [])
        self.pass_time(5.0)
        self.pass_time(10.0)
        self.assertEqual(len(self.requests), 3)
        self.assertEqual(self.statuses(), [S.OK])
        ids = {self.cpim(each).imdn("Message-ID") for each in self.requests}
        self.assertEqual(len(ids), 1)

    def test_given_up(self) -> None:
        """Not for ever: Error-network-problem after the longest expiry."""
        self.choose({"longest_expiry": 60})
        self.house.network.statuses = [None] * 10
        self.delivered()
        self.pass_time(30.0)
        self.assertEqual(self.answers, [])
        self.pass_time(30.0)
        self.assertEqual(self.statuses(), [S.NETWORK_PROBLEM])

    def test_refused_for_good(self) -> None:
        """What the CPM side never takes is told: Ok, and no other try."""
        self.house.network.statuses = [404]
        self.delivered()
        self.assertEqual(self.statuses(), [S.OK])
        self.pass_time(1_000.0)
        self.assertEqual(len(self.requests), 1)

    def test_not_requested(self) -> None:
        """Nobody is told of what nobody asked for; the relay hears Ok."""
        self.sent(DISPLAYED)
        for status in (MmStatus.RETRIEVED, MmStatus.DEFERRED):
            self.bring(written(delivery_of(status, identifier=status.value)))
        self.assertEqual(self.requests, [])
        self.assertEqual(self.statuses(), [S.OK] * 2)

    def test_once(self) -> None:
        """A second report of an end tells nobody; a display may come after it."""
        self.sent(POSITIVE, DISPLAYED)
        for status in (MmStatus.RETRIEVED, MmStatus.EXPIRED, MmStatus.DEFERRED):
            self.bring(written(delivery_of(status, identifier=status.value)))
        self.assertEqual(len(self.requests), 1)
        self.bring(written(read_of(identifier="t-9")))
        self.assertEqual(len(self.requests), 2)
        self.assertEqual(self.statuses(), [S.OK] * 4)

    def test_after_a_display(self) -> None:
        """After a display no delivery notification (conversation TS 5.4)."""
        self.sent(POSITIVE, DISPLAYED)
        self.bring(written(read_of()))
        self.bring(written(delivery_of(identifier="t-2")))
        self.assertEqual(len(self.requests), 1)

    def test_processing_and_then_the_end(self) -> None:
        """What is no end is told once, and the end after it."""
        self.sent(PROCESSED, NEGATIVE)
        for status in (MmStatus.DEFERRED, MmStatus.FORWARDED, MmStatus.EXPIRED):
            self.bring(written(delivery_of(status, identifier=status.value)))
        words = [self.said(each) for each in self.requests]
        self.assertEqual(words, [[("processing", "stored")], [("delivery", "failed")]])

    def test_two_at_once(self) -> None:
        """Of two reports that come together the second waits for the first."""
        self.house.network.held = []
        self.sent(POSITIVE)
        self.bring(written(delivery_of()))
        self.bring(written(delivery_of(identifier="t-2")))
        self.assertEqual(len(self.requests), 1)
        self.house.network.held[0].callback(None)
        self.pass_time(5.0)
        self.assertEqual(len(self.requests), 1)
        self.assertEqual(self.statuses(), [S.OK] * 2)

    def test_in_order(self) -> None:
        """What has waited is told in the order of coming, and nothing by chance less.

        [TS 6.3.1.1.3 step 1]
        """
        self.house.network.statuses = [None]
        self.sent(PROCESSED, POSITIVE, DISPLAYED)
        for status in (MmStatus.DEFERRED, MmStatus.RETRIEVED):
            self.bring(written(delivery_of(status, identifier=status.value)))
        self.bring(written(read_of(identifier="read")))
        self.assertEqual(len(self.requests), 1)
        for _ in range(10):
            self.pass_time(5.0)
        words = [self.said(each) for each in self.requests]
        self.assertEqual(
            words,
            [
                [("processing", "stored")],
                [("processing", "stored")],
                [("delivery", "delivered")],
                [("display", "displayed")],
            ],
        )
        self.assertEqual(self.statuses(), [S.OK] * 3)
        self.assertEqual(self.receiving._reports._telling, {})

    def test_bug(self) -> None:
        """Where the work itself fails the relay is answered: Error-unspecified."""

        async def fails(*how: object) -> bool:
            raise ValueError("bug")

        self.patch(self.receiving._reports, "_told", fails)
        self.sent(POSITIVE)
        self.bring(written(delivery_of()))
        for _ in range(MOST_FAILURES):
            self.pass_time(600.0)
        self.assertEqual(len(self.flushLoggedErrors(ValueError)), MOST_FAILURES)
        self.assertEqual(self.statuses(), [S.UNSPECIFIED])
        self.assertEqual(self.receiving._reports._telling, {})

    def test_beside_messages(self) -> None:
        """Reports do not wait for messages, however many of these there are."""
        self.house.network.held = []
        together = self.house.config.mm4.together
        for number in range(together + 9):
            self.forward(
                f"+1514557{number:04}/TYPE=PLMN@{DOMAIN}", identifier=f"m-{number}"
            )
        self.assertEqual(len(self.requests), together)
        self.sent(POSITIVE)
        self.bring(written(delivery_of()))
        self.assertEqual(len(self.requests), together + 1)

    def test_nothing_to_name(self) -> None:
        """A message without imdn.Message-ID cannot be told of (RFC 5438 6.3)."""
        self.sent(NEGATIVE, message_id="")
        self.bring(written(delivery_of(MmStatus.REJECTED)))
        self.assertEqual(self.requests, [])
        self.assertEqual(self.statuses(), [S.OK])


class Failures(ReportRoom):
    def test_event(self) -> None:
        """Negative-delivery not asked for: the event, to the network (decision 7)."""
        request = self.delivered(POSITIVE, status=MmStatus.REJECTED)
        self.assertEqual(request.headers.get("Content-Type"), IW_EVENT_TYPE)
        self.assertEqual(str(request.uri), "sip:CPM-PF@ims.example.net")
        agent = request.headers.get("User-Agent") or ""
        self.assertTrue(agent.startswith("IWF-MMS-client"), agent)
        self.assertEqual(len(self.requests), 1)

    def test_no_event(self) -> None:
        """By policy nobody is told."""
        self.choose(failed_iw_events=False)
        self.sent(POSITIVE)
        self.bring(written(delivery_of(MmStatus.REJECTED)))
        self.assertEqual(self.requests, [])

    def test_no_negative_delivery(self) -> None:
        """By policy none is made even where it was asked for. [RCC.10 4 concepts 8]"""
        self.choose(negative_delivery=False)
        request = self.delivered(NEGATIVE, status=MmStatus.REJECTED)
        self.assertEqual(request.headers.get("Content-Type"), IW_EVENT_TYPE)

    def test_answer_forgotten(self) -> None:
        """A repeat of the request is a new try from then on."""
        self.delivered(NEGATIVE, status=MmStatus.REJECTED)
        self.assertEqual(self.forgotten, [b"answer"])
        self.assertEqual(self.store.multimedia.forgotten, [b"answer"])

    def test_answer_kept(self) -> None:
        """That of a message that was delivered holds."""
        self.delivered()
        self.assertEqual(self.forgotten, [])
        self.assertEqual(self.store.multimedia.forgotten, [])

    def failed(self, status: RequestStatus = S.SERVICE_DENIED) -> None:
        """Have a relay refuse a message whose sender was told it was taken."""
        message = self.store.multimedia.messages["m-1"]
        told = Deferred.fromCoroutine(self.receiving.failed(message, status))
        self.successResultOf(told)

    def test_by_the_relay(self) -> None:
        """A negative MM4_forward.RES: a failed notification. [TS 6.3.1.1.2 step 6]"""
        self.sent(NEGATIVE)
        self.failed()
        [request] = self.requests
        self.assertEqual(self.said(request), [("delivery", "failed")])
        self.assertEqual(self.link.sent, [])

    def test_by_the_relay_later(self) -> None:
        """It is kept, and told when the CPM side can be reached."""
        self.sent(NEGATIVE)
        self.house.network.statuses = [None]
        self.failed()
        self.assertEqual(len(self.store.mail.open), 1)
        self.pass_time(5.0)
        self.assertEqual(self.store.mail.open, {})
        self.assertEqual(len(self.requests), 2)

    def test_and_a_report(self) -> None:
        """A report that comes after that tells nobody."""
        self.sent(NEGATIVE)
        self.failed()
        self.bring(written(delivery_of(MmStatus.REJECTED)))
        self.assertEqual(len(self.requests), 1)

    def test_nobody_asked(self) -> None:
        """What may not be known any more is nobody's to tell of."""
        self.sent(NEGATIVE)
        message = self.store.multimedia.messages.pop("m-1")
        told = Deferred.fromCoroutine(self.receiving.failed(message, S.NOT_FOUND))
        self.successResultOf(told)
        self.assertEqual(self.requests, [])
        self.assertEqual(self.link.sent, [])


class Sessions:
    """The sessions of chat messages."""

    def __init__(self) -> None:
        self.taken: bool | None = True
        self.bodies: list[tuple[str, bytes]] = []

    def notify(self, session: str, body: bytes) -> Deferred[bool] | None:
        """Take it or not; None where it has ended."""
        self.bodies.append((session, body))
        return None if self.taken is None else succeed(self.taken)


class InSession(ReportRoom):
    def setUp(self) -> None:
        super().setUp()
        self.sessions = Sessions()
        self.build()

    def told_in(self, taken: bool | None, **context: Any) -> None:
        """Have a report come of a message in a session that does so."""
        self.sessions.taken = taken
        self.sent(POSITIVE, session="s-1", feature="session", **context)
        self.bring(written(delivery_of()))

    def test_by_msrp(self) -> None:
        """The IMDN goes by MSRP SEND while the session lasts.

        [TS 6.3.1.1.3 step 3a]
        """
        self.told_in(True)
        self.assertEqual(self.requests, [])
        [(session, body)] = self.sessions.bodies
        self.assertEqual(session, "s-1")
        imdn = parse_imdn(parse_cpim(body).content)
        self.assertEqual(imdn.notifications[0].status, Status.DELIVERED)
        self.assertEqual(parse_cpim(body).get("From"), "<tel:+15145550002>")
        self.assertEqual(self.house.traffic.notified["imdn-msrp", 200], 1)

    def test_of_two(self) -> None:
        """In a session of two nobody is named (RCC.10 6.1.5.1)."""
        self.told_in(True, anonymous=True)
        body = self.sessions.bodies[0][1]
        for name in ("From", "To"):
            self.assertEqual(
                parse_cpim(body).get(name), "<sip:anonymous@anonymous.invalid>"
            )

    def test_ended(self) -> None:
        """The IMDN goes by MESSAGE otherwise. [TS 6.3.1.1.3 step 3b]"""
        self.told_in(None)
        self.assertEqual(len(self.requests), 1)

    def test_not_taken(self) -> None:
        """Also where the session does not take it, with the same Message-ID."""
        self.told_in(False)
        [request] = self.requests
        in_session = parse_cpim(self.sessions.bodies[0][1])
        self.assertEqual(
            in_session.imdn("Message-ID"), self.cpim(request).imdn("Message-ID")
        )


REQUESTED = some.frozensets(some.sampled_from([each.value for each in Disposition]))


class Notices(SynchronousTestCase):
    @settings(deadline=None, max_examples=200)
    @given(some.sampled_from(MmStatus), REQUESTED, some.booleans(), some.booleans())
    def test_never_both(
        self, status: MmStatus, requested: frozenset[str], negative: bool, events: bool
    ) -> None:
        """Nothing that was not asked for; never an IMDN and an event (decision 7)."""
        policy = Policy(negative_delivery=negative, failed_iw_events=events)
        notice = notice_of(delivery_of(status), requested, policy)
        self.assertFalse(notice.is_imdn and notice.failed_event)
        self.assertFalse(notice.interworking and INTERWORKED not in requested)
        self.assertFalse(notice.processing and PROCESSED not in requested)
        self.assertFalse(notice.delivery and not requested & {POSITIVE, NEGATIVE})
        self.assertFalse(notice.display)
        if notice.failed_event:
            self.assertTrue(notice.failed and events)
        self.assertEqual(
            notice.failed, status in DELIVERY and (status is not MmStatus.RETRIEVED)
        )

    def test_order(self) -> None:
        """Processing, delivery, display: what is told later ends what is earlier."""
        kinds = (TOLD_PROCESSING, TOLD_DELIVERY, TOLD_DISPLAY)
        reports: tuple[AnyReport, ...] = (
            delivery_of(MmStatus.DEFERRED),
            delivery_of(),
            read_of(),
        )
        for place, report in enumerate(reports):
            notice = notice_of(report, (), Policy())
            self.assertEqual(notice.kind, kinds[place])
            for other, kind in enumerate(kinds):
                self.assertEqual(notice.is_late((kind,)), place <= other)
            self.assertFalse(notice.is_late(()))
