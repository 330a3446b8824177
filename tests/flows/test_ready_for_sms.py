"""TS 6.2.3.1: a user who could not be reached by SMS can be again."""

from __future__ import annotations

from cpmgw.cpm.events import FailedIw, ReadyForSms, parse_event
from cpmgw.lab.behaviour import CpmBehaviour, SmsBehaviour
from cpmgw.lab.conversation import ReceivedEvent
from cpmgw.traffic import Alert
from tests.flows.house import BOB, House
from tests.flows.machine import Mortal
from txsmpp.address import Npi, Ton
from txsmpp.constants import MessageState
from txsmpp.pdu import AlertNotification
from txsmpp.status import CommandStatus
from txsmpp.tlv import Tag, Tlv, integer

AWAY = SmsBehaviour(state=MessageState.UNDELIVERABLE)
UNREACHED = SmsBehaviour(status=CommandStatus.ESME_RDELIVERYFAILURE)
DAY = 86_400.0
WEEK = 7 * DAY


class Alerting(House):
    """Bob is away, and comes back."""

    def fails(self, behaviour: SmsBehaviour = AWAY) -> None:
        """A message to Bob does not reach him, and no event tells of that."""
        self.centre.behave(behaviour)
        self.send(text="Hello", imdn=("negative-delivery",))
        self.centre.behave(SmsBehaviour())

    def alert(self, number: str = BOB, *, status: bytes | None = None) -> None:
        """The SM-SC tells that a handset is there; all that follows is done."""
        tlvs = () if status is None else (Tlv(Tag.MS_AVAILABILITY_STATUS, status),)
        pdu = AlertNotification(
            Ton.INTERNATIONAL, Npi.ISDN, number.removeprefix("tel:+"), tlvs=tlvs
        )
        self.centre.outbox.alert(pdu)
        self.settle()

    @property
    def events(self) -> list[ReceivedEvent]:
        """What the Participating Function has taken."""
        return self.cpm.events

    @property
    def ready(self) -> list[str]:
        """The users that it knows to be ready for SMS."""
        found = [parse_event(event.content) for event in self.events]
        return [event.user for event in found if isinstance(event, ReadyForSms)]

    def heard(self, found: Alert) -> int:
        """How many alerts have come to this."""
        return self.gateway.traffic.alerts["home", found]


class Event(Alerting):
    def setUp(self) -> None:
        super().setUp()
        self.fails()
        self.alert()
        (event,) = self.events
        self.request = event.request

    def test_event_data(self) -> None:
        """<ready-for-sms> has the user's address, and stands in <cpm-event-iw>.

        [TS 6.2.3.1]
        """
        self.assertEqual(parse_event(self.request.body), ReadyForSms(BOB))
        self.assertIn(b"<cpm-event-iw><ready-for-sms>", self.request.body)

    def test_request(self) -> None:
        """Steps 1 to 5: what is in the MESSAGE, as for each event [TS 6.2.3.2]."""
        own = "sip:CPM-IWF@ims.example.net"
        function = "sip:CPM-PF@ims.example.net"
        headers = self.request.headers
        self.assertIn("cpm.systemmsg", headers.get("Accept-Contact") or "")
        self.assertEqual(
            headers.get("P-Asserted-Service"),
            "urn:urn-7:3gpp-service.ims.icsi.oma.cpm.systemmsg",
        )
        self.assertEqual(str(self.request.from_.uri), own)
        self.assertEqual(headers.get("P-Asserted-Identity"), f"<{own}>")
        self.assertEqual(str(self.request.uri), function)
        self.assertEqual(str(self.request.to.uri), function)
        agent = headers.get("User-Agent") or ""
        self.assertTrue(agent.startswith("IWF-SMS-client/OMA2.1"), agent)
        content_type = self.request.content_type
        self.assertEqual(content_type, "application/vnd.oma.cpm-event-iw+xml")

    def test_counted(self) -> None:
        """The alert is counted, and so is the event."""
        self.assertEqual(self.heard(Alert.AWAITED), 1)
        self.assertEqual(self.gateway.traffic.notified["ready-for-sms", 200], 1)


class WhoIsWatched(Alerting):
    def test_report_of_each_state(self) -> None:
        """A message that expired, or whose user was not found, has failed for him."""
        for number, state in enumerate(MessageState):
            self.fails(SmsBehaviour(state=state))
            self.alert()
            said = {
                MessageState.EXPIRED,
                MessageState.UNDELIVERABLE,
                MessageState.UNKNOWN,
            }
            with self.subTest(state=state, number=number):
                self.assertEqual(self.ready, [BOB] if state in said else [])
            self.events.clear()

    def test_submission_that_is_refused(self) -> None:
        """A. Refused for want of the user, 480: that is a delivery that failed."""
        self.centre.behave(UNREACHED)
        self.assertEqual(self.send(text="Hello").status, 480)
        self.alert()
        self.assertEqual(self.ready, [BOB])

    def test_submission_that_is_refused_for_another_reason(self) -> None:
        """An SM-SC that is busy, or a number that is wrong, says nothing of a user."""
        for status in (
            CommandStatus.ESME_RTHROTTLED,
            CommandStatus.ESME_RMSGQFUL,
            CommandStatus.ESME_RINVDSTADR,
        ):
            self.centre.behave(SmsBehaviour(status=status))
            self.send(text=f"Hello {status}")
        self.alert()
        self.assertEqual(self.ready, [])
        self.assertEqual(self.heard(Alert.UNEXPECTED), 1)

    def test_event_for_the_failure_first(self) -> None:
        """Where no IMDN was asked for, one event tells of each."""
        self.centre.behave(AWAY)
        sent = self.send(text="Hello", imdn=("positive-delivery",))
        self.alert()
        found = [parse_event(each.content) for each in self.events]
        self.assertEqual(found, [FailedIw(BOB, sent.message_id), ReadyForSms(BOB)])

    def test_nobody_waits(self) -> None:
        """An alert of a user to whom nothing failed is counted, and no more."""
        self.alert()
        self.alert("tel:+15145550009")
        self.assertEqual(self.events, [])
        self.assertEqual(self.heard(Alert.UNEXPECTED), 2)

    def test_once(self) -> None:
        """A user is told of once, however often the SM-SC tells of him."""
        self.fails()
        for _ in range(3):
            self.alert()
        self.assertEqual(self.ready, [BOB])
        self.assertEqual(self.heard(Alert.AWAITED), 1)
        self.assertEqual(self.heard(Alert.UNEXPECTED), 2)

    def test_once_for_each_time(self) -> None:
        """Who is away again is told of again."""
        for _ in range(2):
            self.fails()
            self.alert()
        self.assertEqual(self.ready, [BOB, BOB])

    def test_delivery(self) -> None:
        """A later message that is delivered says that he is there."""
        self.fails()
        sent = self.send(text="Again", imdn=("positive-delivery",))
        self.assertEqual(sent.outcome, [("delivery-notification", "delivered")])
        self.assertEqual(self.ready, [BOB])
        self.alert()
        self.assertEqual(self.ready, [BOB])

    def test_delivery_to_somebody_else(self) -> None:
        """That another user is reached says nothing of him."""
        self.fails()
        carol = "tel:+15145550003"
        self.send(text="Hello", recipient=carol, imdn=("positive-delivery",))
        self.assertEqual(self.ready, [])

    def test_handset_that_is_switched_on(self) -> None:
        """A handset that was off too long: the message expires, then he is back."""
        self.centre.handset(BOB[4:]).on = False
        self.send(text="Hello", imdn=("negative-delivery",), expires=60)
        self.pass_time(70)
        self.centre.switch_on(BOB[4:], alert=True)
        self.settle()
        self.assertEqual(self.ready, [BOB])

    def test_user_who_is_not_available(self) -> None:
        """ms_availability_status other than 0: he cannot be reached, or not yet."""
        self.fails()
        for status in (b"\x01", b"\x02", b"\xff", b"", b"\x00\x00\x00\x00\x00"):
            self.alert(status=status)
        self.assertEqual(self.ready, [])
        self.assertEqual(self.heard(Alert.UNAVAILABLE), 5)
        self.alert(status=b"\x00")
        self.assertEqual(self.ready, [BOB])

    def test_alert_that_names_nobody(self) -> None:
        """An alert without an address that can be sent to is counted."""
        for number in ("", "x" * 20, "112", "9" * 40):
            self.alert(number)
        self.assertEqual(self.events, [])
        self.assertEqual(self.heard(Alert.NO_ADDRESS), 4)


class HowLong(Alerting):
    policy = "sms.watch = 600"

    def test_until_then(self) -> None:
        """As long as policy says an alert is awaited."""
        self.fails()
        self.pass_time(580)
        self.alert()
        self.assertEqual(self.ready, [BOB])

    def test_not_longer(self) -> None:
        """Then it is awaited no more, and nothing of it is kept."""
        self.fails()
        self.pass_time(610)
        self.assertEqual(self.kept(), [])
        self.alert()
        self.assertEqual(self.ready, [])

    def kept(self) -> list[object]:
        """What the store has of numbers that are watched."""
        found: list[object] = []
        self.gateway.store.watched.page().addCallback(found.extend)
        self.settle()
        return found

    def test_nothing_is_kept_once_told(self) -> None:
        """When the Participating Function has been told, the store forgets."""
        self.fails()
        self.assertEqual(len(self.kept()), 1)
        self.alert()
        self.assertEqual(self.kept(), [])


class WithoutEnd(Alerting):
    policy = "sms.watch = 0"

    def test_without_end(self) -> None:
        """Policy may wait for ever."""
        self.fails()
        for _ in range(10):
            self.pass_time(WEEK)
        self.alert()
        self.assertEqual(self.ready, [BOB])


class SwitchedOff(Alerting):
    policy = "sms.ready_for_sms = false"

    def test_no_event(self) -> None:
        """Policy may do without these events: nothing is watched, nothing is told."""
        self.fails()
        self.alert()
        self.assertEqual(self.events, [])
        self.assertEqual(self.heard(Alert.UNEXPECTED), 1)


class AskedFor(Alerting):
    policy = 'submit_with = "data_sm"\nsms.set_dpf = true'

    def test_set_dpf(self) -> None:
        """set_dpf in data_sm asks for the alert (SMPP 3.4 5.3.2.29)."""
        self.send(text="Hello")
        (pdu,) = self.centre.submitted
        self.assertEqual(integer(pdu.tlvs, Tag.SET_DPF), 1)


class NotAskedFor(Alerting):
    policy = 'submit_with = "data_sm"'

    def test_no_set_dpf(self) -> None:
        """Without that policy the parameter is not there."""
        self.send(text="Hello")
        (pdu,) = self.centre.submitted
        self.assertIsNone(integer(pdu.tlvs, Tag.SET_DPF))


class CpmSideAway(Alerting):
    def setUp(self) -> None:
        super().setUp()
        self.fails()
        self.cpm.behave(CpmBehaviour(event_status=503))

    def test_told_later(self) -> None:
        """Who could not be told is told later, and once."""
        self.alert()
        self.assertEqual(self.ready, [])
        self.cpm.behave(CpmBehaviour())
        self.pass_time(15)
        self.assertEqual(self.ready, [BOB])
        self.pass_time(3_600)
        self.alert()
        self.assertEqual(self.ready, [BOB])

    def test_alert_that_comes_again(self) -> None:
        """While that is so a second alert starts nothing."""
        self.alert()
        self.alert()
        self.assertEqual(self.heard(Alert.UNEXPECTED), 1)
        self.assertEqual(self.gateway.traffic.notified["ready-for-sms", 503], 1)

    def test_tried_for_a_day(self) -> None:
        """After a day it is no news any more."""
        self.alert()
        for _ in range(90):
            self.pass_time(1_000)
        tries = self.gateway.traffic.notified["ready-for-sms", 503]
        self.assertGreaterEqual(tries, DAY // 1_000)
        self.cpm.behave(CpmBehaviour())
        self.pass_time(1_000)
        self.assertEqual(self.ready, [])

    def test_away_again(self) -> None:
        """Who is away again before that was told is not told of, until he is back."""
        self.alert()
        self.fails()
        self.cpm.behave(CpmBehaviour())
        self.pass_time(60)
        self.assertEqual(self.ready, [])
        self.alert()
        self.assertEqual(self.ready, [BOB])

    def test_refused_for_good(self) -> None:
        """A Participating Function that never takes it is not asked again."""
        self.cpm.behave(CpmBehaviour(event_status=403))
        self.alert()
        self.pass_time(3_600)
        self.assertEqual(self.gateway.traffic.notified["ready-for-sms", 403], 1)

    def test_failure_that_cannot_be_told_either(self) -> None:
        """A report that comes again, because nobody was told, is no new failure."""
        self.cpm.behave(CpmBehaviour(event_status=503, imdn_status=503))
        self.centre.behave(AWAY)
        sent = self.send(text="Hello", imdn=("negative-delivery",))
        self.alert()
        self.pass_time(60)
        self.cpm.behave(CpmBehaviour())
        self.pass_time(600)
        self.assertEqual(sent.outcome, [("delivery-notification", "failed")])
        self.assertEqual(self.ready, [BOB])


class Restarted(Mortal, Alerting):
    def test_alert_after_the_crash(self) -> None:
        """Whom a former process was waiting for is waited for."""
        self.fails()
        self.restart()
        self.alert()
        self.assertEqual(self.ready, [BOB])

    def test_event_not_sent_before_the_crash(self) -> None:
        """An alert that has come is told by the next process."""
        self.fails()
        self.cpm.behave(CpmBehaviour(event_status=503))
        self.alert()
        self.cpm.behave(CpmBehaviour())
        self.restart()
        self.pass_time(15)
        self.assertEqual(self.ready, [BOB])

    def test_event_under_way_at_the_stop(self) -> None:
        """A gateway that stops does not wait for an answer; the next one asks again."""
        self.fails()
        self.cpm.behave(CpmBehaviour(silent=True))
        self.alert()
        self._stop(self.gateway)
        self.cpm.behave(CpmBehaviour())
        self.gateway = self.start_gateway()
        self.pass_time(15)
        self.assertEqual(self.ready, [BOB])

    def test_event_sent_before_the_crash(self) -> None:
        """One that was told is not told again."""
        self.fails()
        self.alert()
        self.restart()
        self.pass_time(3_600)
        self.alert()
        self.assertEqual(self.ready, [BOB])
