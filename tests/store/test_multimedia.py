"""What reports of MMS need (TS 6.3.1.1.3, 6.3.1.2.1 step 4)."""

from __future__ import annotations

from msgspec.structs import replace
from twisted.trial.unittest import SynchronousTestCase

from cpmgw.mail_records import OutboxMail
from cpmgw.store import answers, multimedia, outbox
from tests.store.mails import outbox_mail, received_mms, sent_mms
from tests.store.values import answer, cursor

DELIVERY = outbox_mail("o1")
READ = outbox_mail("o2")


class MultimediaCase(SynchronousTestCase):
    def setUp(self) -> None:
        self.db = cursor()

    def posted(self) -> list[OutboxMail]:
        """What goes out."""
        return outbox.due(self.db, "mms", 1e12, "", 99, 9999)


class Sent(MultimediaCase):
    def test_kept_whole(self) -> None:
        """A sent message is found by its X-Mms-Message-ID, and no other one."""
        message = sent_mms(told=("delivery",), answer=b"key")
        multimedia.keep_sent(self.db, message)
        self.assertEqual(multimedia.sent(self.db, "s1"), message)
        self.assertIsNone(multimedia.sent(self.db, "S1"))

    def test_kept_again(self) -> None:
        """What is kept later counts, its time as well."""
        multimedia.keep_sent(self.db, sent_mms(told=("delivery",), expires=5.0))
        multimedia.keep_sent(self.db, sent_mms(relay="other", expires=9.0))
        self.assertEqual(multimedia.sweep(self.db, 5.0, 9), 0)
        expected = sent_mms(relay="other", expires=9.0)
        self.assertEqual(multimedia.sent(self.db, "s1"), expected)

    def test_told(self) -> None:
        """What the CPM side was told of is noted, each kind once."""
        multimedia.keep_sent(self.db, sent_mms())
        for kind in ("delivery", "display", "delivery"):
            multimedia.told_of_sent(self.db, "s1", kind, b"", 0.0)
        message = multimedia.sent(self.db, "s1")
        self.assertEqual(message, sent_mms(told=("delivery", "display")))

    def test_told_of_failure(self) -> None:
        """The answer of what was not delivered is taken back, whether it is known."""
        for key, message_id in ((b"a", "s1"), (b"b", "unknown")):
            answers.keep(self.db, answer(key, expires=90.0))
            multimedia.keep_sent(self.db, sent_mms())
            multimedia.told_of_sent(self.db, message_id, "delivery", key, 90.0)
            self.assertEqual(answers.live(self.db, 89.0), [])
        self.assertIsNone(multimedia.sent(self.db, "unknown"))

    def test_told_of_success(self) -> None:
        """Without a key, answers stay."""
        answers.keep(self.db, answer(b"", expires=90.0))
        multimedia.told_of_sent(self.db, "s1", "delivery", b"", 90.0)
        self.assertEqual(len(answers.live(self.db, 89.0)), 1)

    def test_dropped(self) -> None:
        """What did not leave is forgotten; it need not have been there."""
        multimedia.keep_sent(self.db, sent_mms())
        multimedia.keep_sent(self.db, sent_mms("s2"))
        for _ in range(2):
            multimedia.drop_sent(self.db, "s1")
        self.assertIsNone(multimedia.sent(self.db, "s1"))
        self.assertEqual(multimedia.sent(self.db, "s2"), sent_mms("s2"))


class Received(MultimediaCase):
    def setUp(self) -> None:
        super().setUp()
        multimedia.keep_received(self.db, received_mms())

    def test_kept_whole(self) -> None:
        """A received message is found by our imdn.Message-ID."""
        self.assertEqual(multimedia.received(self.db, "i1"), received_mms())
        self.assertIsNone(multimedia.received(self.db, "i2"))

    def test_report(self) -> None:
        """Reports are noted and go out, and their kinds are told."""
        reports = {"delivery": DELIVERY, "read": READ}
        told = multimedia.report(self.db, "i1", reports)
        self.assertEqual(told, ("delivery", "read"))
        self.assertEqual(self.posted(), [DELIVERY, READ])
        expected = received_mms(told=("delivery", "read"))
        self.assertEqual(multimedia.received(self.db, "i1"), expected)

    def test_report_once(self) -> None:
        """A kind that was told is not told again: of two that race one has it."""
        self.assertEqual(
            multimedia.report(self.db, "i1", {"delivery": DELIVERY}), ("delivery",)
        )
        other = replace(DELIVERY, key="o9")
        both = {"delivery": other, "read": READ}
        self.assertEqual(multimedia.report(self.db, "i1", both), ("read",))
        self.assertEqual(multimedia.report(self.db, "i1", both), ())
        self.assertEqual(self.posted(), [DELIVERY, READ])

    def test_report_on_unknown(self) -> None:
        """Of a message that is not known no report goes out."""
        self.assertEqual(multimedia.report(self.db, "i9", {"read": READ}), ())
        self.assertEqual(self.posted(), [])

    def test_kept_again(self) -> None:
        """When a message is worked on again, what was told stays told."""
        multimedia.report(self.db, "i1", {"delivery": DELIVERY})
        multimedia.keep_received(self.db, received_mms(relay="other"))
        expected = received_mms(told=("delivery",))
        self.assertEqual(multimedia.received(self.db, "i1"), expected)


class Sweeping(MultimediaCase):
    def test_sweep(self) -> None:
        """What has expired is dropped, both ways, so many of each at a time."""
        for number in range(3):
            multimedia.keep_sent(self.db, sent_mms(f"s{number}", expires=7.0 - number))
            multimedia.keep_received(
                self.db, received_mms(f"i{number}", expires=7.0 - number)
            )
        self.assertEqual(multimedia.sweep(self.db, 4.9, 9), 0)
        self.assertEqual(multimedia.sweep(self.db, 7.0, 2), 4)
        self.assertIsNotNone(multimedia.sent(self.db, "s0"))
        self.assertIsNotNone(multimedia.received(self.db, "i0"))
        self.assertEqual(multimedia.sweep(self.db, 7.0, 2), 2)
        self.assertEqual(multimedia.sweep(self.db, 7.0, 2), 0)
