"""TS 6.2.4: the IMDN of a chat message, by MSRP in its session or by SIP MESSAGE."""

from __future__ import annotations

from typing import Any

import msgspec
from twisted.internet.defer import Deferred, succeed

from cpmgw.cpm.cpim import parse_cpim
from cpmgw.cpm.events import FailedIw, parse_event
from cpmgw.cpm.imdn import parse_imdn
from cpmgw.lab.behaviour import CpmBehaviour
from cpmgw.records import SentMessage
from tests.flows.house import ALICE, BOB, House
from tests.flows.receipts import send_receipt
from tests.iwf.sms.test_notification import TWO
from txsmpp.status import CommandStatus

DELIVERED = ("delivery-notification", "delivered")
KEY = "0123456789abcdef0123456789abcdef"
IDENTITY = f"{KEY[:-2]}42"


class InSession(House):
    """A chat message left for Bob as the short message "42", in the session "s-1"."""

    def setUp(self) -> None:
        super().setUp()
        self.bodies: list[bytes] = []
        self.result: Deferred[bool] | None = succeed(True)
        services: Any = self.gateway._services
        services[0]._reports._sessions = self
        self.message("42")

    def notify(self, session: str, body: bytes) -> Deferred[bool] | None:
        """What the session does with a notification (SessionNotifier)."""
        self.assertEqual(session, "s-1")
        self.bodies.append(body)
        return self.result

    def message(self, message_id: str, **context: Any) -> None:
        """Remember a chat message that was sent."""
        message = SentMessage(
            key=KEY[: -len(message_id)] + message_id,
            context=msgspec.structs.replace(TWO, record_route=(), **context),
            segments=(("home", message_id),),
            expires=self.network.seconds() + 3_600.0,
        )
        kept: list[object] = []
        self.gateway.store.sent.remember(None, message).addCallback(kept.append)
        self.wait_until(lambda: kept)

    def report(self, message_id: str = "42", stat: str = "DELIVRD") -> list[int]:
        """A receipt comes; the command_status of its answer, if there is one yet."""
        statuses = send_receipt(self.centre, message_id, stat)
        self.settle()
        return statuses

    def counted(self, kind: str, status: int | None) -> int:
        """How many notifications of this kind were answered so."""
        return self.gateway.traffic.notified[kind, status]


class WhileItLasts(InSession):
    def test_by_msrp(self) -> None:
        """2a. The IWF is still in the session: MSRP SEND, and no MESSAGE.

        [TS 6.2.4 2a] [TS 6.2.2.1.5 report]
        """
        self.assertEqual(self.report(), [CommandStatus.ESME_ROK])
        (body,) = self.bodies
        imdn = parse_imdn(parse_cpim(body).content)
        (notification,) = imdn.notifications
        self.assertEqual(imdn.message_id, "m-1")
        self.assertEqual(notification.status.value, "delivered")
        self.assertEqual(self.counted("imdn-msrp", 200), 1)
        self.assertEqual(self.counted("imdn", 200), 0)

    def test_once(self) -> None:
        """A receipt that comes again makes no second IMDN."""
        for _ in range(2):
            self.assertEqual(self.report(), [CommandStatus.ESME_ROK])
        self.assertEqual(len(self.bodies), 1)

    def test_the_receipt_is_answered_afterwards(self) -> None:
        """deliver_sm_resp waits for the answer to the SEND (6.2.2.1.2 step 5)."""
        sent: Deferred[bool] = Deferred()
        self.result = sent
        statuses = self.report()
        self.assertEqual(statuses, [])
        sent.callback(True)
        self.settle()
        self.assertEqual(statuses, [CommandStatus.ESME_ROK])

    def test_nobody_asked(self) -> None:
        """Without a request for it nothing is sent in the session."""
        self.message("43", requested=())
        self.report("43")
        self.assertEqual(self.bodies, [])

    def test_event(self) -> None:
        """The <failed-iw> event is the network's: a SIP MESSAGE in any case."""
        self.report(stat="UNDELIV")
        self.assertEqual(self.bodies, [])
        (event,) = self.cpm.events
        self.assertEqual(parse_event(event.content), FailedIw(BOB, "m-1"))

    def test_failure(self) -> None:
        """A negative-delivery IMDN that was asked for goes by the session as well."""
        self.message("43", requested=("negative-delivery",))
        self.report("43", "UNDELIV")
        (body,) = self.bodies
        (notification,) = parse_imdn(parse_cpim(body).content).notifications
        self.assertEqual(notification.status.value, "failed")
        self.assertEqual(self.cpm.events, [])

    def test_other_messages(self) -> None:
        """What came in no session is reported by SIP MESSAGE."""
        sent = self.send(text="Hello", imdn=("positive-delivery",))
        self.assertEqual(sent.outcome, [DELIVERED])
        self.assertEqual(self.bodies, [])


class OtherwiseByMessage(InSession):
    def told(self) -> None:
        """Alice was told by a MESSAGE of the session's feature."""
        self.assertEqual(self.report(), [CommandStatus.ESME_ROK])
        self.assertEqual(self.counted("imdn", 200), 1)
        (notification,) = self.cpm.user(ALICE).notifications
        self.assertEqual((notification.kind, notification.status), DELIVERED)
        self.assertEqual(notification.cpim.imdn("Message-ID"), IDENTITY)
        headers = notification.request.headers
        self.assertIn("cpm.session", headers.get("Accept-Contact") or "")

    def test_session_that_has_ended(self) -> None:
        """2b. The IWF is no longer in the session: SIP MESSAGE [TS 6.2.4 2b]."""
        self.result = None
        self.told()
        self.assertEqual(self.counted("imdn-msrp", 200), 0)

    def test_session_that_does_not_take_it(self) -> None:
        """A SEND that is refused, or fails with its session: then by MESSAGE.

        With the same imdn.Message-ID: who has both knows them for one.
        """
        self.result = succeed(False)
        self.told()
        self.assertEqual(self.counted("imdn-msrp", None), 1)
        (body,) = self.bodies
        self.assertEqual(parse_cpim(body).imdn("Message-ID"), IDENTITY)

    def test_session_that_ends_before_the_second_try(self) -> None:
        """What could be told neither way is told later, by the way there is then."""
        self.result = None
        self.cpm.behave(CpmBehaviour(imdn_status=503))
        self.report()
        self.assertEqual(self.counted("imdn", 503), 1)
        self.cpm.behave(CpmBehaviour())
        self.result = succeed(True)
        self.pass_time(15)
        self.assertEqual(self.counted("imdn-msrp", 200), 1)
        self.assertEqual(self.counted("imdn", 200), 0)
