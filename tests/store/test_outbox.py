"""Mail of ours that has to reach a relay, row by row."""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from cpmgw.mail_records import OutboxMail
from cpmgw.store import outbox
from tests.store.mails import outbox_mail
from tests.store.values import cursor

LATE = 1e12
DAY = 86_400.0


class Outbox(SynchronousTestCase):
    def setUp(self) -> None:
        self.db = cursor()

    def post(self, *keys: str, **details: Any) -> None:
        """Post mails of these keys."""
        outbox.post(self.db, [outbox_mail(key, **details) for key in keys])

    def due(
        self, now: float = LATE, after: str = "", limit: int = 99, octets: int = 9999
    ) -> list[OutboxMail]:
        """What is due for MMS."""
        return outbox.due(self.db, "mms", now, after, limit, octets)

    def keys(self, now: float = LATE, **how: Any) -> list[str]:
        """The keys of what is due."""
        return [each.key for each in self.due(now, **how)]

    def answered(self, transaction: str, service: str = "mms") -> OutboxMail | None:
        """An answer comes."""
        return outbox.answered(self.db, service, transaction)

    def test_kept_whole(self) -> None:
        """A mail comes back as it was."""
        mail = outbox_mail("o1", due=3.0, attempts=4, taken=2, transaction="t1")
        outbox.post(self.db, [mail])
        self.assertEqual(self.due(), [mail])

    def test_posted_again(self) -> None:
        """What waits already stays as it is."""
        self.post("o1", due=5.0)
        self.post("o2", "o1")
        self.assertEqual(self.keys(4.9), ["o2"])
        self.assertEqual(self.keys(5.0), ["o1", "o2"])

    def test_order_and_pages(self) -> None:
        """In the order of keys, so many after one of them, of one service."""
        self.post("o3", "o1", "o2")
        self.post("o4", service="mail")
        self.assertEqual(self.keys(limit=2), ["o1", "o2"])
        self.assertEqual(self.keys(after="o2", limit=2), ["o3"])
        self.assertEqual(self.keys(after="o3", limit=2), [])

    def test_octets_of_a_page(self) -> None:
        """A page ends with the mail that fills it."""
        self.post("o1", "o2", "o3", content=bytes(10))
        self.assertEqual(self.keys(octets=11), ["o1", "o2"])
        self.assertEqual(self.keys(octets=10), ["o1"])

    def test_taken(self) -> None:
        """What awaits no answer is gone once a relay has it."""
        self.post("o1", "o2")
        outbox.taken(self.db, "o1", 5.0)
        self.assertEqual(self.keys(), ["o2"])

    def test_taken_and_awaited(self) -> None:
        """What awaits one goes again when due, and counts how often it was taken."""
        self.post("o1", transaction="t1")
        outbox.put_off(self.db, "o1", 1.0)
        outbox.taken(self.db, "o1", 5.0)
        self.assertEqual(self.keys(4.9), [])
        (mail,) = self.due(5.0)
        self.assertEqual((mail.due, mail.attempts, mail.taken), (5.0, 0, 1))
        outbox.taken(self.db, "o1", 9.0)
        self.assertEqual(self.due()[0].taken, 2)

    def test_put_off(self) -> None:
        """What no relay took goes later, after one attempt more."""
        self.post("o1")
        self.post("o2", transaction="t1")
        for key in ("o1", "o2"):
            outbox.put_off(self.db, key, 5.0)
            outbox.put_off(self.db, key, 7.0)
        self.assertEqual(self.keys(6.9), [])
        found = [(each.due, each.attempts, each.taken) for each in self.due(7.0)]
        self.assertEqual(found, [(7.0, 2, 0)] * 2)

    def test_answered(self) -> None:
        """An answer is for the mail of its transaction, which is gone then."""
        self.post("o1", transaction="t1")
        self.post("o2", transaction="t2")
        outbox.taken(self.db, "o1", 5.0)
        self.assertIsNone(self.answered("t3"))
        self.assertIsNone(self.answered("t1", service="mail"))
        mail = outbox_mail("o1", transaction="t1", due=5.0, taken=1)
        self.assertEqual(self.answered("t1"), mail)
        self.assertIsNone(self.answered("t1"))
        self.assertEqual(self.keys(), ["o2"])

    def test_no_transaction(self) -> None:
        """An answer without a transaction is for none."""
        self.post("o1")
        self.assertIsNone(self.answered(""))
        self.assertEqual(self.keys(), ["o1"])

    def test_dropped(self) -> None:
        """What is dropped is gone; it need not have been there."""
        self.post("o1", "o2")
        for _ in range(2):
            outbox.drop(self.db, "o1")
        outbox.taken(self.db, "o1", 5.0)
        outbox.put_off(self.db, "o1", 5.0)
        self.assertEqual(self.keys(), ["o2"])

    def test_sweep(self) -> None:
        """What nobody gives up within a day of its end is dropped, some at a time."""
        self.post("o1", "o2", "o3", expires=5.0)
        self.post("o4", expires=6.0)
        self.assertEqual(outbox.sweep(self.db, DAY + 4.9, 9), 0)
        self.assertEqual(outbox.sweep(self.db, DAY + 5.0, 2), 2)
        self.assertEqual(outbox.sweep(self.db, DAY + 5.0, 2), 1)
        self.assertEqual(self.keys(), ["o4"])
