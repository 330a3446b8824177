"""Mail that was acknowledged, row by row."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from msgspec.structs import replace
from twisted.trial.unittest import SynchronousTestCase

from cpmgw.mail_records import InboxMail, Repeated
from cpmgw.store import inbox, outbox
from tests.store.mails import SMALL, inbox_mail, outbox_mail
from tests.store.values import cursor

LATE = 1e12


class InboxCase(SynchronousTestCase):
    def setUp(self) -> None:
        self.db = cursor()

    def accept(self, key: str = "k1", **details: Any) -> InboxMail | Repeated:
        """Accept a mail."""
        return inbox.accept(self.db, inbox_mail(key, **details))

    def due(
        self, now: float = LATE, after: str = "", limit: int = 99, octets: int = 9999
    ) -> list[InboxMail]:
        """What is due for MMS."""
        return inbox.due(self.db, "mms", now, after, limit, octets)

    def keys(self, now: float = LATE, **how: Any) -> list[str]:
        """The keys of what is due."""
        return [each.key for each in self.due(now, **how)]


class Accepting(InboxCase):
    def test_kept_whole(self) -> None:
        """A mail comes back as it was, whether its octets are here or in a file."""
        small = inbox_mail("k1", content=SMALL, size=5, settled=("", "gone"))
        large = inbox_mail("k2", path=Path("/spool/x"), size=9, due=3.0, attempts=2)
        empty = inbox_mail("k3")
        for mail in (small, large, empty):
            self.assertEqual(inbox.accept(self.db, mail), mail)
        self.assertEqual(self.due(), [small, large, empty])

    def test_repeat_while_open(self) -> None:
        """A mail that has come and is not done has no answers, and is kept once."""
        self.accept("k1", repeat=b"r")
        self.assertEqual(self.accept("k2", repeat=b"r"), Repeated())
        self.assertEqual(self.keys(), ["k1"])

    def test_repeat_when_done(self) -> None:
        """For one that is done there is what answered it, until it is swept."""
        answers = (outbox_mail("o1", transaction="t"), outbox_mail("o2"))
        self.accept("k1", repeat=b"r")
        inbox.finish(self.db, "k1", answers, 50.0)
        self.assertEqual(self.accept("k2", repeat=b"r"), Repeated(answers))
        self.assertEqual(self.keys(), [])
        inbox.sweep(self.db, 50.0, 9)
        self.assertEqual(self.accept("k2", repeat=b"r"), inbox_mail("k2", repeat=b"r"))

    def test_repeat_of_what_is_open(self) -> None:
        """What was finished with a recipient open is taken up again for that one.

        As the first time: with its key, and what is settled; of what it was, nothing.
        """
        self.accept("k1", repeat=b"r", settled=("", ""), content=b"first")
        inbox.settle(self.db, "k1", 1, "Ok")
        inbox.put_off(self.db, "k1", 9.0)
        inbox.finish(self.db, "k1", (outbox_mail("o1"),), 50.0)
        again = inbox_mail(
            "k2", repeat=b"r", settled=("", ""), content=SMALL, size=5, received=7.0
        )
        expected = replace(again, key="k1", settled=("", "Ok"))
        self.assertEqual(inbox.accept(self.db, again), expected)
        self.assertEqual(self.due(0.0), [expected])
        self.assertEqual(self.accept("k3", repeat=b"r"), Repeated())
        inbox.sweep(self.db, LATE, 9)
        self.assertEqual(self.keys(), ["k1"])
        inbox.settle(self.db, "k1", 0, "Ok")
        inbox.finish(self.db, "k1", (), 50.0)
        self.assertEqual(self.accept("k4", repeat=b"r"), Repeated())

    def test_repeat_of_what_is_open_in_a_file(self) -> None:
        """So it is where the content is in a file, which is the new one."""
        self.accept("k1", repeat=b"r", settled=("",), path=Path("/a"), size=9)
        inbox.finish(self.db, "k1", (), 50.0)
        self.accept("k2", repeat=b"r", settled=("",), path=Path("/b"), size=8)
        self.assertEqual(
            inbox.in_files(self.db), [inbox.InFile("k1", "mms", 8, Path("/b"))]
        )

    def test_repeat_for_another_service(self) -> None:
        """What one service was sent is no repeat for another one."""
        self.accept("k1", repeat=b"r")
        self.assertIsInstance(self.accept("k2", repeat=b"r", service="mail"), InboxMail)


class Working(InboxCase):
    def test_order_and_pages(self) -> None:
        """In the order of keys, so many after one of them."""
        for key in ("k3", "k1", "k2"):
            self.accept(key)
        self.assertEqual(self.keys(limit=2), ["k1", "k2"])
        self.assertEqual(self.keys(after="k2", limit=2), ["k3"])
        self.assertEqual(self.keys(after="k3", limit=2), [])

    def test_octets_of_a_page(self) -> None:
        """A page ends with the mail that fills it, which may be its first."""
        for key in ("k1", "k2", "k3"):
            self.accept(key, content=bytes(10))
        self.assertEqual(self.keys(octets=11), ["k1", "k2"])
        self.assertEqual(self.keys(octets=10), ["k1"])
        self.assertEqual(self.keys(octets=1, after="k1"), ["k2"])

    def test_due(self) -> None:
        """A mail is due at its time and not before, for its own service."""
        self.accept("k1", due=5.0)
        self.accept("k2", service="mail")
        self.assertEqual(self.keys(4.9), [])
        self.assertEqual(self.keys(5.0), ["k1"])

    def test_put_off(self) -> None:
        """What is put off is due later, after one attempt more."""
        self.accept("k1", content=SMALL)
        inbox.put_off(self.db, "k1", 7.0)
        inbox.put_off(self.db, "k1", 9.0)
        self.assertEqual(self.keys(8.9), [])
        (mail,) = self.due(9.0)
        self.assertEqual((mail.due, mail.attempts, mail.content), (9.0, 2, SMALL))

    def test_settle(self) -> None:
        """Each recipient has the word that was last said for it."""
        self.accept("k1", settled=("", ""))
        inbox.settle(self.db, "k1", 1, "expired")
        self.assertEqual(self.due()[0].settled, ("", "expired"))
        inbox.settle(self.db, "k1", 0, "retrieved")
        inbox.settle(self.db, "k1", 1, "rejected")
        self.assertEqual(self.due()[0].settled, ("retrieved", "rejected"))

    def test_settle_nobody(self) -> None:
        """A recipient that a mail has not is refused."""
        self.accept("k1", settled=("", ""))
        with self.assertRaises(IndexError):
            inbox.settle(self.db, "k1", 2, "expired")

    def test_unknown(self) -> None:
        """What is said of a mail that is not there is without effect."""
        inbox.settle(self.db, "k9", 5, "expired")
        inbox.put_off(self.db, "k9", 5.0)
        self.assertIsNone(inbox.finish(self.db, "k9", [outbox_mail()], 5.0))
        self.assertEqual(outbox.due(self.db, "mms", LATE, "", 9, 9), [])


class Finishing(InboxCase):
    def test_content_goes(self) -> None:
        """What is done has no content any more, and tells what it took."""
        self.accept("k1", content=SMALL, size=5)
        self.accept("k2", path=Path("/spool/x"), size=9)
        self.assertEqual(inbox.stored(self.db), (2, 14))
        self.assertEqual(inbox.finish(self.db, "k1", (), 50.0), (5, None))
        self.assertEqual(inbox.stored(self.db), (1, 9))
        self.assertEqual(inbox.finish(self.db, "k2", (), 50.0), (9, Path("/spool/x")))
        self.assertEqual((inbox.stored(self.db), self.due()), ((0, 0), []))
        self.assertEqual(inbox.in_files(self.db), [])
        for count in ("inbox_contents", "inbox WHERE content <> x''"):
            found = self.db.execute(f"SELECT count(*) FROM {count}").fetchone()
            self.assertEqual(found, (0,), count)

    def test_answers_are_posted(self) -> None:
        """Its answers go out."""
        self.accept("k1")
        inbox.finish(self.db, "k1", [outbox_mail("o2"), outbox_mail("o1")], 50.0)
        posted = outbox.due(self.db, "mms", LATE, "", 9, 9999)
        self.assertEqual(posted, [outbox_mail("o1"), outbox_mail("o2")])

    def test_once(self) -> None:
        """What is done already posts nothing, and stays as it is."""
        self.accept("k1", repeat=b"r", size=5)
        inbox.finish(self.db, "k1", [outbox_mail("o1")], 50.0)
        self.assertIsNone(inbox.finish(self.db, "k1", [outbox_mail("o2")], 60.0))
        inbox.put_off(self.db, "k1", 0.0)
        inbox.settle(self.db, "k1", 0, "expired")
        self.assertEqual(len(outbox.due(self.db, "mms", LATE, "", 9, 9999)), 1)
        again = self.accept("k2", repeat=b"r")
        self.assertEqual(again, Repeated((outbox_mail("o1"),)))

    def test_sweep(self) -> None:
        """What is done is dropped at its time, no more than told; the rest never."""
        for number in range(4):
            self.accept(f"k{number}", expires=1.0)
        for number in range(3):
            inbox.finish(self.db, f"k{number}", (), 5.0 - number)
        self.assertEqual(inbox.sweep(self.db, 2.9, 9), 0)
        self.assertEqual(inbox.sweep(self.db, 9.0, 2), 2)
        again = self.accept("k9", repeat=inbox_mail("k0").repeat)
        self.assertEqual(again, Repeated())
        self.assertEqual(inbox.sweep(self.db, 9.0, 2), 1)
        self.assertEqual(self.keys(), ["k3"])

    def test_at_the_start(self) -> None:
        """Of mail in files it is known where it is; it may be moved, or lost."""
        self.accept("k1", path=Path("/spool/x"), size=9)
        self.accept("k2", path=Path("/spool/y"), size=8)
        self.accept("k3", content=SMALL)
        inbox.moved(self.db, "k1", Path("/else/x"))
        inbox.lost(self.db, "k2")
        expected = inbox.InFile("k1", "mms", 9, Path("/else/x"))
        self.assertEqual(inbox.in_files(self.db), [expected])
        self.assertEqual(
            self.due()[0],
            replace(
                inbox_mail("k1"),
                path=Path("/else/x"),
                size=9,
            ),
        )
        found = {each.key: each.is_lost for each in self.due()}
        self.assertEqual(found, {"k1": False, "k2": True, "k3": False})
