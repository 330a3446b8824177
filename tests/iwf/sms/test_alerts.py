"""Many users who can be reached again at once (TS 6.2.3.1)."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from cpmgw.config import loads
from cpmgw.cpm.events import ReadyForSms, parse_event
from cpmgw.errors import CannotInterwork
from cpmgw.iwf.disposition import Outcome
from cpmgw.iwf.retries import TOGETHER
from cpmgw.iwf.sms.alerts import Alerts
from cpmgw.iwf.sms.submissions import refused
from cpmgw.policy import Policy
from cpmgw.policy.sms import SmsPolicy
from cpmgw.records import ImdnContext, SegmentReport
from cpmgw.sip.errors import SipError
from cpmgw.sip.message import Request, Response, respond
from cpmgw.traffic import Alert, Traffic
from tests.addressing.plans import e164, plan
from tests.flows.house import config_text
from tests.iwf.sms.test_centres import centre
from tests.iwf.sms.test_watched import Kept
from txsmpp.constants import MessageState
from txsmpp.pdu import AlertNotification
from txsmpp.status import CommandStatus

HOME = centre("home")
UNREACHED = refused(CommandStatus.ESME_RDELIVERYFAILURE, Policy())


def number(place: int) -> str:
    """A user's number."""
    return f"+1514555{place:04}"


class AlertsCase(SynchronousTestCase):
    def setUp(self) -> None:
        self.now = 1_000.0
        self.asked: list[tuple[Request, Deferred[Response]]] = []
        self.traffic = Traffic()
        self.policy = Policy()
        self.store = Kept()
        self.alerts = self.made()

    def made(self) -> Alerts:
        """The alerts of a gateway that has just started."""
        house: Any = SimpleNamespace(
            config=loads(config_text(self.mktemp())),
            store=SimpleNamespace(watched=self.store),
            network=self,
            dial_plan=plan(),
            now=lambda: self.now,
            traffic=self.traffic,
        )
        alerts = Alerts(house, lambda: self.policy)
        self.successResultOf(Deferred.fromCoroutine(alerts.start()))
        return alerts

    def request(self, request: Request) -> Deferred[Response]:
        """Hold a request until the test answers it (ICpmNetwork)."""
        answered: Deferred[Response] = Deferred()
        self.asked.append((request, answered))
        return answered

    def answer(self, status: int) -> int:
        """Answer all that waits, or with 0 let it go unanswered; how many."""
        waiting, self.asked = self.asked, []
        for request, answered in waiting:
            if status:
                answered.callback(respond(request, status))
            else:
                answered.errback(SipError("nobody"))
        return len(waiting)

    def fails(self, place: int, failure: CannotInterwork = UNREACHED) -> None:
        """A submission to a number fails."""
        self.alerts.refused(e164(number(place)), failure)

    def alert(self, place: int) -> None:
        """The SM-SC tells of a number."""
        self.alerts.alert(HOME, AlertNotification(1, 1, number(place)[1:]))

    def look(self) -> Deferred[None]:
        """Try what is due."""
        return Deferred.fromCoroutine(self.alerts.retry(self.now))

    def users(self) -> list[str]:
        """Of whom is being told."""
        events = [parse_event(request.body) for request, _ in self.asked]
        return [each.user for each in events if isinstance(each, ReadyForSms)]


class Storms(AlertsCase):
    def test_some_at_once(self) -> None:
        """So many are told of together, the others when a look comes to them."""
        most = TOGETHER + 1
        for place in range(most):
            self.fails(place)
        for place in range(most):
            self.alert(place)
        self.assertEqual(self.traffic.alerts["home", Alert.AWAITED], most)
        self.assertEqual(self.answer(200), TOGETHER)
        self.now += 5.0
        looked = self.look()
        self.assertEqual(self.users(), [f"tel:{number(TOGETHER)}"])
        self.answer(200)
        self.successResultOf(looked)
        self.assertEqual(self.store.numbers, {})

    def test_one_that_ends_makes_room(self) -> None:
        """As soon as one is told of there is room for another."""
        for place in range(TOGETHER + 1):
            self.fails(place)
        for place in range(TOGETHER):
            self.alert(place)
        self.answer(200)
        self.alert(TOGETHER)
        self.assertEqual(self.users(), [f"tel:{number(TOGETHER)}"])


class Crossing(AlertsCase):
    def test_away_again_while_that_is_told(self) -> None:
        """What was being told when a new delivery failed ends nothing that began since.

        Neither when it is taken, nor when it is not.
        """
        for status in (200, 503, 0):
            with self.subTest(status=status):
                self.fails(1)
                self.alert(1)
                self.fails(1)
                self.answer(status)
                self.now += 3_600.0
                self.successResultOf(self.look())
                self.assertEqual(self.users(), [])
                self.assertIsNone(self.store.numbers[number(1)].ready)
                self.alert(1)
                self.assertEqual(self.users(), [f"tel:{number(1)}"])
                self.answer(200)
                self.assertEqual(self.store.numbers, {})

    def test_back_again_while_that_is_told(self) -> None:
        """Of two times away the second is told later; the first was not taken."""
        self.fails(1)
        self.alert(1)
        first, self.asked = self.asked, []
        self.fails(1)
        self.alert(1)
        self.answer(503)
        self.asked = first
        self.answer(503)
        self.now += 5.0
        self.look()
        self.assertEqual(self.answer(200), 1)
        self.assertEqual(self.store.numbers, {})

    def test_stopped(self) -> None:
        """The service has come to its end when what is under way has."""
        self.fails(1)
        self.alert(1)
        stopped = Deferred.fromCoroutine(self.alerts.stop())
        self.assertNoResult(stopped)
        self.answer(0)
        self.successResultOf(stopped)
        self.alerts = self.made()
        self.now += 5.0
        self.look()
        self.assertEqual(self.users(), [f"tel:{number(1)}"])

    def test_error(self) -> None:
        """What goes wrong in telling is logged, and tried again."""
        self.fails(1)
        self.alert(1)
        ((_, answered),) = self.asked
        self.asked = []
        answered.errback(ValueError("no"))
        self.assertEqual(len(self.flushLoggedErrors(ValueError)), 1)
        self.now += 5.0
        self.look()
        self.assertEqual(self.answer(200), 1)


class Reloaded(AlertsCase):
    def setUp(self) -> None:
        super().setUp()
        self.fails(1)
        self.alert(1)
        self.answer(503)
        self.policy = Policy(sms=SmsPolicy(ready_for_sms=False))

    def test_switched_off(self) -> None:
        """What has not been told is dropped when policy does without it from now on."""
        self.now += 5.0
        self.successResultOf(self.look())
        self.assertEqual((self.users(), self.store.numbers), ([], {}))

    def test_switched_off_before_the_start(self) -> None:
        """So it is where another process finds it."""
        self.alerts = self.made()
        self.now += 5.0
        self.successResultOf(self.look())
        self.assertEqual((self.users(), self.store.numbers), ([], {}))


class Reports(AlertsCase):
    def report(self, outcome: Outcome, recipient: str) -> None:
        """A message to this user has come to its end."""
        context = ImdnContext(originator="tel:+1", recipient=recipient, datetime="")
        state = {
            Outcome.FAILED: MessageState.EXPIRED,
            Outcome.DELIVERED: MessageState.DELIVERED,
        }[outcome]
        reported = self.alerts.reported(context, outcome, SegmentReport(state))
        self.successResultOf(Deferred.fromCoroutine(reported))

    def test_user_as_the_sender_named_him(self) -> None:
        """The event names the user as <failed-iw> did; an alert has his number only."""
        user = f"sip:{number(1)}@ims.example.net;user=phone"
        self.report(Outcome.FAILED, user)
        self.alert(1)
        self.assertEqual(self.users(), [user])

    def test_delivered(self) -> None:
        """A delivery to the same number is his, whatever URI names it."""
        self.report(Outcome.FAILED, f"tel:{number(1)}")
        self.report(Outcome.DELIVERED, f"sip:{number(1)}@ims.example.net;user=phone")
        self.assertEqual(self.users(), [f"tel:{number(1)}"])

    def test_user_without_a_number(self) -> None:
        """Who has none, by the dial plan as it is now, is not watched."""
        for recipient in ("sip:bob@example.net", "tel:112", "no uri"):
            for outcome in (Outcome.FAILED, Outcome.DELIVERED):
                self.report(outcome, recipient)
        self.assertEqual(self.store.numbers, {})
