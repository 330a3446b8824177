"""Texts on their way to the SM-SC (TS 6.1.1 step 2, 6.2.2.1.1, Table 2)."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred, fail
from twisted.trial.unittest import SynchronousTestCase

from cpmgw.addressing.dialplan import PhoneAddress
from cpmgw.config import SmscConfig, SmscText
from cpmgw.errors import CannotInterwork, StoreError
from cpmgw.iwf.sms.centres import Centre, Centres
from cpmgw.iwf.sms.inflight import InFlight
from cpmgw.iwf.sms.submissions import Parcel, Submission, Submissions
from cpmgw.policy import Policy
from cpmgw.records import Answer, ImdnContext
from cpmgw.traffic import Traffic
from tests.addressing.plans import e164
from tests.iwf.sessions.stand_ins import Store
from tests.iwf.sms.chat.stand_ins import Link
from txsmpp.errors import NotBound, ResponseTimeout
from txsmpp.pdu import CancelSm, SubmitSm
from txsmpp.status import CommandStatus
from txsmpp.text.segment import Segment

BOB = e164("+15145550002")
CENTRE = SmscConfig(
    name="home", host="127.0.0.1", system_id="x", text=SmscText(max_segments=3)
)
CONTEXT = ImdnContext(originator="tel:+1", recipient="tel:+2", datetime="now")
ANSWER = Answer(key=b"k", status=202, reason="Accepted")


class Recording(Link):
    """An SM-SC that also notes what is taken back, and may fail."""

    def __init__(self) -> None:
        super().__init__()
        self.taken_back: list[str] = []
        self.trouble: Exception | None = None

    def submit(self, request: Any) -> Deferred[Any]:
        """Take it or not."""
        if isinstance(request, CancelSm):
            self.taken_back.append(request.message_id)
            return Deferred()
        if self.trouble is not None:
            failed: Deferred[Any] = Deferred()
            failed.errback(self.trouble)
            return failed
        return super().submit(request)


class SubmissionCase(SynchronousTestCase):
    def setUp(self) -> None:
        self.link = Recording()
        self.store = Store()
        self.in_flight = InFlight()
        self.failed: list[tuple[PhoneAddress, int]] = []
        store: Any = self.store
        link: Any = self.link
        self.submissions = Submissions(
            Centres((Centre(link, CENTRE),), Policy),
            store,
            self.in_flight,
            Policy,
            Traffic(),
            lambda target, error: self.failed.append((target, error.status)),
        )
        self.registered = 1

    def build(self, segment: Segment, centre: SmscConfig) -> Submission:
        """A short message of a segment."""
        self.assertIs(centre, CENTRE)
        return SubmitSm(
            short_message=segment.payload,
            esm_class=0x40 if segment.udhi else 0,
            registered_delivery=self.registered,
        )

    def deliver(self, text: str = "Hello", **details: Any) -> Deferred[tuple[str, ...]]:
        """Have a text delivered."""
        parcel = Parcel(text=text, target=BOB, build=self.build, **details)
        return Deferred.fromCoroutine(self.submissions.deliver(parcel))

    def refused(self, text: str = "Hello", **details: Any) -> CannotInterwork:
        """Why a text is not delivered."""
        failure = self.failureResultOf(self.deliver(text, **details), CannotInterwork)
        error = failure.value
        assert isinstance(error, CannotInterwork)
        self.assertIsNone(self.in_flight.settled("home"))
        return error


class Remembering(SubmissionCase):
    def test_sent_and_answered(self) -> None:
        """What reports and repeats need is kept, in one commit."""
        ids = self.successResultOf(
            self.deliver(context=CONTEXT, expires=9.0, answer=ANSWER)
        )
        self.assertEqual(ids, ("1",))
        (sent,) = self.store.messages
        self.assertEqual(sent.segments, (("home", "1"),))
        self.assertEqual((sent.context, sent.expires), (CONTEXT, 9.0))
        self.assertEqual(sent.answer, b"k")
        self.assertEqual(self.store.answered, [ANSWER])

    def test_no_report_wanted(self) -> None:
        """Without status reports only the answer is kept."""
        self.registered = 0
        self.successResultOf(self.deliver(context=CONTEXT, answer=ANSWER))
        self.assertEqual((self.store.messages, self.store.answered), ([], [ANSWER]))

    def test_nothing_to_keep(self) -> None:
        """What nobody is told of, and has no repeat, is not kept."""
        self.successResultOf(self.deliver())
        self.assertEqual((self.store.messages, self.store.answered), ([], []))

    def test_under_way(self) -> None:
        """A report waits while a text is under way, and no longer."""
        self.link.statuses = [None]
        delivered = self.deliver(context=CONTEXT)
        waiting = self.in_flight.settled("home")
        assert waiting is not None
        self.assertNoResult(waiting)
        self.link.held[0].callback(self.link.answer())
        self.successResultOf(delivered)
        self.successResultOf(waiting)

    def test_nothing_can_be_kept(self) -> None:
        """503 before anything is sent where nothing could be remembered."""
        self.store.healthy = False
        self.assertEqual(self.refused().status, 503)
        self.assertEqual(self.link.submitted, [])

    def test_not_kept_after_all(self) -> None:
        """500 where the store fails after the SM-SC has taken it."""
        self.patch(self.store, "remember", lambda *_: fail(StoreError("full")))
        self.assertEqual(self.refused(context=CONTEXT).status, 500)


class Failing(SubmissionCase):
    def test_refused(self) -> None:
        """The status of Table 2, and whoever wants to know is told for whom."""
        self.link.statuses = [CommandStatus.ESME_RDELIVERYFAILURE]
        refusal = self.refused(context=CONTEXT, answer=ANSWER)
        self.assertEqual((refusal.status, refusal.cause), (480, "smsc-refused"))
        self.assertEqual(self.failed, [(BOB, 480)])
        self.assertEqual((self.store.messages, self.store.answered), ([], []))

    def test_not_answered(self) -> None:
        """503 for what did not leave, 408 for what may have (TS 6.1.1)."""
        self.link.trouble = NotBound("no bind")
        self.assertEqual(self.refused().status, 503)
        self.link.trouble = ResponseTimeout("no answer")
        self.assertEqual(self.refused().status, 408)
        self.assertEqual([status for _, status in self.failed], [503, 408])

    def test_one_of_several(self) -> None:
        """If one segment fails so does the message: the others are taken back."""
        self.link.statuses = [0, CommandStatus.ESME_RDELIVERYFAILURE, 0]
        self.assertEqual(self.refused("x" * 400).status, 480)
        self.assertEqual(len(self.link.submitted), 3)
        self.assertEqual(len(self.link.taken_back), 2)

    def test_no_form(self) -> None:
        """413 for what makes too many segments; nobody is told of a failed user."""
        self.assertEqual(len(self.successResultOf(self.deliver("x" * 459))), 3)
        self.link.submitted.clear()
        self.assertEqual(self.refused("x" * 460).status, 413)
        self.assertEqual((self.link.submitted, self.failed), ([], []))
