"""TS 6.2.3: a short message that did not arrive, and who is told."""

from __future__ import annotations

from cpmgw.cpm.events import FailedIw, parse_event
from cpmgw.lab.behaviour import SmsBehaviour
from tests.flows.house import BOB, House
from txsmpp.constants import MessageState

UNDELIVERABLE = SmsBehaviour(state=MessageState.UNDELIVERABLE)


class NegativeDelivery(House):
    def test_negative_delivery_imdn_if_requested(self) -> None:
        """1) A negative-delivery IMDN if one was requested, and no event."""
        self.centre.behave(UNDELIVERABLE)
        sent = self.send(text="Hello", imdn=("negative-delivery",))
        self.assertEqual(sent.outcome, [("delivery-notification", "failed")])
        self.assertEqual(self.cpm.events, [])

    def test_event_with_positive_delivery_only(self) -> None:
        """2) Only positive-delivery requested: the <failed-iw> event and no IMDN."""
        self.centre.behave(UNDELIVERABLE)
        sent = self.send(text="Hello", imdn=("positive-delivery",))
        self.assertEqual(sent.notifications, [])
        (event,) = self.cpm.events
        self.assertEqual(parse_event(event.content), FailedIw(BOB, sent.message_id))

    def test_interworking_notification_says_it_itself(self) -> None:
        """An interworking notification that was requested tells of the error."""
        self.centre.behave(UNDELIVERABLE)
        sent = self.send(text="Hello", imdn=("interworking",))
        self.assertEqual(sent.outcome, [("interworking-notification", "error")])
        self.assertEqual(self.cpm.events, [])

    def test_failure_before_the_answer_is_480(self) -> None:
        """A. Before the SIP answer a temporary failure is a 480, and no IMDN."""
        self.centre.behave(SmsBehaviour(status=0xFE))
        sent = self.send(text="Hello")
        self.assertEqual(sent.status, 480)
        self.assertEqual((sent.notifications, self.cpm.events), ([], []))


class Event(House):
    def setUp(self) -> None:
        super().setUp()
        self.centre.behave(UNDELIVERABLE)
        self.sent = self.send(text="Hello", imdn=("positive-delivery",))
        (event,) = self.cpm.events
        self.request = event.request

    def test_step_1_service_identification(self) -> None:
        """6.2.3.2 1) Accept-Contact and P-Asserted-Service of event reporting."""
        headers = self.request.headers
        self.assertIn("cpm.systemmsg", headers.get("Accept-Contact") or "")
        self.assertEqual(
            headers.get("P-Asserted-Service"),
            "urn:urn-7:3gpp-service.ims.icsi.oma.cpm.systemmsg",
        )

    def test_step_2_own_address(self) -> None:
        """6.2.3.2 2) From and P-Asserted-Identity: the IWF's own address."""
        own = "sip:CPM-IWF@ims.example.net"
        self.assertEqual(str(self.request.from_.uri), own)
        self.assertEqual(self.request.headers.get("P-Asserted-Identity"), f"<{own}>")

    def test_step_3_participating_function(self) -> None:
        """6.2.3.2 3) To and Request-URI: the Participating Function's address."""
        function = "sip:CPM-PF@ims.example.net"
        self.assertEqual(str(self.request.uri), function)
        self.assertEqual(str(self.request.to.uri), function)

    def test_step_4_user_agent(self) -> None:
        """6.2.3.2 4) User-Agent: the release version of the IWF."""
        value = self.request.headers.get("User-Agent") or ""
        self.assertTrue(value.startswith("IWF-SMS-client/OMA2.1"), value)

    def test_step_5_content_type(self) -> None:
        """6.2.3.2 5) Content-Type of CPM event reporting."""
        self.assertEqual(
            self.request.content_type, "application/vnd.oma.cpm-event-iw+xml"
        )

    def test_step_6_event_data(self) -> None:
        """6.2.3.2 6) <failed-iw> with the user's address and the Message-ID."""
        event = parse_event(self.request.body)
        self.assertEqual(event, FailedIw(BOB, self.sent.message_id))


class WithoutNotifications(House):
    policy = "registered_delivery_otherwise = 2"

    def test_event_without_any_imdn_request(self) -> None:
        """2) No IMDN requested: the event, where policy asks for failure reports."""
        self.centre.behave(UNDELIVERABLE)
        sent = self.send(text="Hello", imdn=())
        self.assertEqual(sent.notifications, [])
        (event,) = self.cpm.events
        self.assertEqual(parse_event(event.content), FailedIw(BOB, sent.message_id))


class RcsProfile(House):
    policy = "failed_iw_events = false"

    def test_events_can_be_switched_off(self) -> None:
        """Policy may do without events."""
        self.centre.behave(UNDELIVERABLE)
        self.send(text="Hello", imdn=("positive-delivery",))
        self.assertEqual(self.cpm.events, [])
