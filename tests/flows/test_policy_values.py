"""Keys of [policy] that hold a number or a list: each counts as it is set.

The values here are others than the defaults, so that a test fails where a default
stands in the place of what was configured.
"""

from __future__ import annotations

from cpmgw.cpm.imdn import Imdn, notification_body
from cpmgw.lab.behaviour import CpmBehaviour, SmsBehaviour
from cpmgw.lab.client_imdn import DELIVERED
from cpmgw.lab.conversation import SentMessage
from cpmgw.lab.xdms import XdmsBehaviour
from tests.flows.dialog import RemoteIwf
from tests.flows.house import ALICE, BOB, House
from tests.flows.receipts import send_receipt
from tests.flows.test_preferences import Preferring
from tests.flows.test_segments import TEXT, Segments
from txsmpp.status import CommandStatus

# Seconds between two looks for what is overdue or may be forgotten, and a little.
SWEEP = 20


class TextLimits(House):
    policy = "text_limits.max_parts = 2\ntext_limits.max_size = 700"

    def status(self, parts: int) -> int:
        """The answer to a multipart of so many parts, the first of them text."""
        content = b"--b\r\nContent-Type: text/plain\r\n\r\nHello\r\n"
        content += b"--b\r\nContent-Type: image/png\r\n\r\nPNG\r\n" * (parts - 1)
        return self.send(
            content_type="multipart/mixed;boundary=b", content=content + b"--b--\r\n"
        ).status

    def test_size(self) -> None:
        """6.1.1 step 1: no more octets are read than text_limits says."""
        self.assertEqual(self.send(text="x" * 700).status, 202)
        self.assertEqual(self.send(text="x" * 701).status, 415)

    def test_parts(self) -> None:
        """6.1.1 step 1: text is looked for in as many parts as text_limits says."""
        self.assertEqual((self.status(2), self.status(3)), (202, 415))
        self.assertEqual(self.centre.handset(BOB[4:]).texts, ["Hello"])


class RetryAfter(House):
    policy = "retry_after = 77"

    def test_of_the_sm_sc(self) -> None:
        """RFC 3261 20.33: where the SM-SC refuses for now, Retry-After says when."""
        for command_status, status in (
            (CommandStatus.ESME_RSYSERR, 503),
            (0xFE, 480),  # ESME_RDELIVERYFAILURE
        ):
            self.centre.behave(SmsBehaviour(status=command_status))
            response = self.send(text="Hello").response
            assert response is not None
            self.assertEqual(response.status, status)
            self.assertEqual(response.headers.raw("Retry-After"), ["77"])

    def test_away(self) -> None:
        """The same where no SM-SC is there."""
        self.network.partition("127.0.0.1", 2775)
        self.network.cut("127.0.0.1", 2775)
        self.settle()
        response = self.send(text="Hello").response
        assert response is not None
        self.assertEqual(response.status, 503)
        self.assertEqual(response.headers.raw("Retry-After"), ["77"])


class RetryAfterOfTheSelection(Preferring):
    policy = 'retry_after = 77\nselection.preferences_unavailable = "refuse"'

    def test_preferences(self) -> None:
        """5.1 step 7: so it does where the XDMS cannot be asked."""
        self.xdms.behaviour = XdmsBehaviour(status=503)
        response = self.send(text="Hello").response
        assert response is not None
        self.assertEqual(response.status, 480)
        self.assertEqual(response.headers.raw("Retry-After"), ["77"])


class NoReselection(House):
    policy = "selection.no_reselection = [480]"
    more = """
[[iwf]]
name = "mms"
service = "MMS"
uri = "sip:127.0.0.1:5080"
"""

    def test_errors(self) -> None:
        """5.1 step 11 a: only the errors in no_reselection go back as they are."""
        mms = RemoteIwf(self.network, 5080)
        mms.endpoint.startService()
        self.addCleanup(self._stop, mms.endpoint)
        for error, status, by_sms in ((480, 480, False), (500, 202, True)):
            mms.answer = error
            self.assertEqual(self.send(text="x" * 700).status, status)
            self.assertEqual(bool(self.centre.submitted), by_sms)


class SuccessStatus(House):
    policy = "pager_success_status = 200"

    def test_notification(self) -> None:
        """6.2.4: a disposition notification is answered as a message is."""
        body = notification_body(
            Imdn(message_id="m-1", notifications=(DELIVERED,)),
            sender=ALICE,
            to=BOB,
            datetime="2025-01-01T00:00:00Z",
            message_id="n-1",
        )
        self.assertEqual(self.send(body=body).status, 200)
        self.assertEqual(self.centre.submitted, [])


class Receipts(House):
    """How long reports still find their message."""

    policy = "report_grace = 60\nduplicate_window = 120"

    def sent_without_receipt(self) -> tuple[SentMessage, str]:
        """A message that is worth delivering for a minute, and its message_id."""
        self.centre.behave(SmsBehaviour(hold_receipts=9))
        sent = self.send(text="Hello", expires=60)
        return sent, list(self.centre.messages.values())[-1].message_id

    def receipt(self, message_id: str) -> int:
        """The command_status that a receipt is answered with."""
        statuses = send_receipt(self.centre, message_id)
        self.settle()
        return statuses[0]

    def test_report_grace(self) -> None:
        """6.1.1 step 2: a report is waited for until Expires and report_grace."""
        for seconds, expected in ((60 + 50, 0), (60 + 60 + SWEEP, 0x0C)):
            sent, message_id = self.sent_without_receipt()
            self.pass_time(seconds)
            self.assertEqual(self.receipt(message_id), expected)
            self.assertEqual(bool(sent.notifications), expected == 0)

    def test_duplicate_window(self) -> None:
        """A receipt that comes again is known for duplicate_window."""
        for seconds, expected in ((110, 0), (120 + SWEEP, 0x0C)):
            _, message_id = self.sent_without_receipt()
            self.assertEqual(self.receipt(message_id), 0)
            self.pass_time(seconds)
            self.assertEqual(self.receipt(message_id), expected)


class Repeats(House):
    policy = "duplicate_window = 60"

    def test_request(self) -> None:
        """A request that comes again within duplicate_window is known, later not."""
        for seconds, count in ((0, 1), (59, 1), (2, 2)):
            self.network.advance(seconds)
            self.assertEqual(self.send(text="Hello", message_id="m-1").status, 202)
            self.assertEqual(len(self.centre.submitted), count)

    def test_short_message(self) -> None:
        """So is a deliver_sm whose answer came too late for the SM-SC."""
        for text, seconds, count in (("one", 40, 1), ("two", 60 + SWEEP, 2)):
            self.cpm.behave(CpmBehaviour(delay=12.0))
            self.sms(text)
            self.pass_time(13)
            self.cpm.behave(CpmBehaviour())
            self.pass_time(seconds)
            self.sms(text)
            self.assertEqual(self.cpm.user(ALICE).texts.count(text), count)

    def sms(self, text: str) -> None:
        """Bob writes to Alice."""
        self.centre.send_sms(BOB[4:], ALICE[4:], text)
        self.settle()


class Reassembly(Segments):
    policy = "reassembly_timeout = 60\nduplicate_window = 60"

    def test_rest(self) -> None:
        """6.2.2.2.1 step 2: the rest is waited for during reassembly_timeout."""
        self.bring(1, 3)
        self.pass_time(50)
        self.assertEqual(self.texts, [])
        self.pass_time(SWEEP)
        self.assertEqual(len(self.texts), 1)

    def test_repeat(self) -> None:
        """A segment that comes again within duplicate_window begins no message."""
        self.bring(1, 2, 3)
        self.pass_time(45)
        self.bring(1)
        self.pass_time(60 + SWEEP)
        self.assertEqual(self.texts, [TEXT])

    def test_no_repeat(self) -> None:
        """One that comes later does: it may be another message's."""
        self.bring(1, 2, 3)
        self.pass_time(60 + SWEEP)
        self.bring(1)
        self.pass_time(60 + SWEEP)
        self.assertEqual(len(self.texts), 2)


class Validity(Segments):
    policy = "validity_default = 3600"

    def test_overdue_and_never_taken(self) -> None:
        """What the CPM side never takes is given up after validity_default."""
        self.bring(1, 3)
        self.cpm.behave(CpmBehaviour(status=480))
        self.pass_time(600 + 3_600)
        self.pass_time(1_200)  # the longest pause between two tries, and more
        self.cpm.behave(CpmBehaviour())
        self.pass_time(1_200)
        self.assertEqual(self.texts, [])

    def test_overdue_and_taken(self) -> None:
        """Until then it is tried again."""
        self.bring(1, 3)
        self.cpm.behave(CpmBehaviour(status=480))
        self.pass_time(600 + 2_400)
        self.cpm.behave(CpmBehaviour())
        self.pass_time(1_200)
        self.assertEqual(len(self.texts), 1)

    def test_overdue_and_brought_again(self) -> None:
        """A segment of a message that was overdue is known for validity_default."""
        for seconds, count in ((2_400, 1), (3_600 + SWEEP, 3)):
            self.cpm.behave(CpmBehaviour(status=503))
            self.bring(1, 2, 3)
            self.cpm.behave(CpmBehaviour())
            self.pass_time(610)
            self.pass_time(seconds)
            self.bring(3)
            self.pass_time(620)
            self.assertEqual(len(self.texts), count)
            self.pass_time(7_200)
