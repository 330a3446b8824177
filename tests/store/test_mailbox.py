"""Mail in the store: rows and files, together."""

from __future__ import annotations

import errno
import os
import threading
from pathlib import Path

from twisted.internet.defer import Deferred, gatherResults
from zope.interface.verify import verifyObject

from cpmgw.interfaces import IMailbox, IMultimedia, IStore
from cpmgw.mail_records import InboxMail, OutboxMail, Repeated
from cpmgw.store.mailbox import MAILS, OCTETS
from tests.store.mail_case import LATE, MailCase
from tests.store.mails import (
    HEADER,
    LARGE,
    SMALL,
    body_of,
    inbox_mail,
    outbox_mail,
    received_mms,
    sent_mms,
)
from tests.store.pump import PATIENCE


class Accepting(MailCase):
    def test_interfaces(self) -> None:
        """The parts provide their interfaces."""
        verifyObject(IStore, self.store)
        verifyObject(IMailbox, self.mail)
        verifyObject(IMultimedia, self.store.multimedia)

    def test_large(self) -> None:
        """A large mail is a file of its own, for nobody else to read."""
        mail = self.kept()
        assert mail.path is not None
        self.assertEqual((mail.content, mail.size), (HEADER, len(LARGE)))
        self.assertFalse(mail.is_lost)
        self.assertEqual(mail.settled, ("", ""))
        self.assertEqual(mail.path.read_bytes(), LARGE)
        self.assertEqual(self.files(), [mail.path])
        modes = [each.stat().st_mode & 0o777 for each in (mail.path, self.bodies)]
        self.assertEqual(modes, [0o600, 0o700])
        self.assertEqual(mail.path.parent.stat().st_mode & 0o777, 0o700)
        self.assertEqual(self.due(), [mail])

    def test_small(self) -> None:
        """A small one is a row, and no directory is made for it."""
        mail = self.kept(content=SMALL)
        self.assertEqual((mail.content, mail.path, mail.size), (SMALL, None, 5))
        self.assertEqual(self.due(), [mail])
        self.assertFalse(self.bodies.exists())

    def test_empty(self) -> None:
        """A mail may have no content at all."""
        mail = self.kept(content=b"")
        self.assertEqual((mail.content, mail.path, mail.size), (b"", None, 0))
        self.assertEqual(self.due(), [mail])

    def test_synced_before_the_commit(self) -> None:
        """File and directory are on the disk before the row is."""
        order: list[str] = []
        synced = os.fsync

        def noting(descriptor: int) -> None:
            name = os.readlink(f"/proc/self/fd/{descriptor}")
            order.append(os.path.relpath(name, self.folder))
            synced(descriptor)

        self.patch(os, "fsync", noting)
        mail = self.kept()
        assert mail.path is not None
        directory = mail.path.parent.relative_to(self.folder)
        expected = [str(directory / mail.path.name), str(directory)]
        self.assertEqual(order[-2:], expected)
        self.assertEqual(set(order[:-2]), {".", "kept"})
        order.clear()
        self.kept("k2")
        self.assertEqual(len(order), 2)

    def test_another_file_system(self) -> None:
        """Where the spool is of another file system it is copied."""
        self.fail_with(errno.EXDEV, Path, "rename")
        mail = self.kept()
        assert mail.path is not None
        self.assertEqual(mail.path.read_bytes(), LARGE)

    def test_repeat(self) -> None:
        """Of a repeat no file is left."""
        mail = self.kept()
        self.assertEqual(self.accept("k2", repeat=mail.repeat), Repeated())
        self.assertEqual(self.files(), [mail.path])
        self.assertEqual(self.mail.stored(), len(LARGE))

    def test_repeat_in_one_commit(self) -> None:
        """Of two that come at once one is kept, the other is a repeat."""
        for content in (LARGE, SMALL):
            both = gatherResults(
                [
                    self.accepting("k1", content, repeat=content[:4]),
                    self.accepting("k2", content, repeat=content[:4]),
                ]
            )
            kinds = {type(each) for each in self.pump.result(both)}
            self.assertEqual(kinds, {InboxMail, Repeated})
            (mail,) = self.due()
            self.assertEqual(self.files(), [] if mail.path is None else [mail.path])
            self.pump.result(self.mail.finish(mail.key, (), 0.0))
            self.pump.result(self.store.sweep(0.0))

    def test_key_twice(self) -> None:
        """A key that is taken fails alone, and leaves the file of its owner."""
        mail = self.kept()
        beside = self.accepting("k2")
        self.assertIn("UNIQUE", self.refuse(self.accepting(repeat=b"other")))
        second = self.pump.result(beside)
        assert isinstance(second, InboxMail)
        self.assertEqual(self.due(), [mail, second])
        self.assertEqual(set(self.files()), {mail.path, second.path})
        self.assertEqual(self.mail.stored(), 2 * len(LARGE))

    def test_beside_one_that_fails(self) -> None:
        """What shares a commit with one that fails is kept, though it is done twice."""
        self.kept("k1")
        outcomes = [
            self.accepting("k2"),
            self.accepting("k1", repeat=b"other"),
            self.accepting("k3"),
        ]
        self.refuse(outcomes[1])
        for outcome in (outcomes[0], outcomes[2]):
            mail = self.pump.result(outcome)
            assert isinstance(mail, InboxMail)
            assert mail.path is not None
            self.assertEqual(mail.path.read_bytes(), LARGE)
        self.assertEqual(len(self.files()), 3)

    def test_disk_that_fails(self) -> None:
        """Where the disk refuses nothing is kept, and the store goes on."""
        for number, place, name in (
            (errno.EACCES, Path, "mkdir"),
            (errno.ENOSPC, Path, "rename"),
            (errno.EIO, os, "fsync"),
        ):
            patch = self.fail_with(number, place, name)
            self.assertIn(os.strerror(number), self.refuse(self.accepting()), name)
            patch.restore()
            self.assertEqual((self.files(), self.due()), ([], []), name)
            self.assertEqual(self.mail.stored(), 0, name)
            self.assertEqual(len(self.spool), 0, name)
        mail = self.kept()
        self.assertEqual(self.due(), [mail])

    def test_sync_that_fails_once(self) -> None:
        """What the disk has refused once is not believed to be there later."""
        synced, failed = os.fsync, list[int]()

        def failing_once(descriptor: int) -> None:
            if os.path.isfile(f"/proc/self/fd/{descriptor}") and not failed:
                failed.append(descriptor)
                raise OSError(errno.EIO, "oops")
            synced(descriptor)

        self.patch(os, "fsync", failing_once)
        self.refuse(self.accepting())
        self.assertEqual(len(failed), 1)
        self.assertEqual((self.files(), self.due()), ([], []))

    def test_directory_removed(self) -> None:
        """Where somebody removes the directory it is made once more."""
        self.pump.result(self.mail.finish(self.kept().key, (), 1.0))
        for each in (*self.bodies.iterdir(), self.bodies):
            each.rmdir()
        mail = self.kept("k2")
        self.assertEqual(self.files(), [mail.path])

    def test_full(self) -> None:
        """Where too much waits, or the store is closed, the body is freed as well."""
        self.pump.result(self.store.close())
        self.assertIn("not open", self.refuse(self.accepting()))
        self.opened(queue=1)
        first, second = self.accepting("k1"), self.accepting("k2")
        self.assertIn("waiting", self.refuse(second))
        self.assertIsInstance(self.pump.result(first), InboxMail)
        self.assertEqual(self.mail.stored(), len(LARGE))

    def test_closed_body(self) -> None:
        """The body is closed once the mail is kept, and not before it has moved."""
        for content in (LARGE, SMALL):
            body = body_of(self.spool, content)
            accepted = self.mail.accept(inbox_mail(f"k{len(content)}"), body)
            self.assertEqual(self.spool.used, len(content))
            self.pump.result(accepted)
            self.assertEqual((len(self.spool), self.spool.used), (0, 0))

    def test_slow_disk(self) -> None:
        """While the disk takes one file all else is committed; 250 waits for it."""
        synced, let_go = os.fsync, threading.Event()

        def slow(descriptor: int) -> None:
            let_go.wait(PATIENCE)
            synced(descriptor)

        self.patch(os, "fsync", slow)
        large: list[object] = []
        accepted = self.accepting("k1").addCallback(large.append)
        self.kept("k2", SMALL)
        self.pump.result(self.mail.put_off("k2", 5.0))
        self.assertEqual([each.key for each in self.due()], ["k2"])
        self.assertEqual((large, self.store.waiting), ([], 1))
        let_go.set()
        self.pump.result(accepted)
        self.assertEqual([each.key for each in self.due()], ["k1", "k2"])

    def test_closed_while_disk_is_busy(self) -> None:
        """What is being kept when the store is closed is kept."""
        accepted = self.accepting("k1")
        self.pump.result(self.store.close())
        self.assertIsInstance(self.successResultOf(accepted), InboxMail)
        self.opened()
        self.assertEqual([each.key for each in self.due()], ["k1"])


class Working(MailCase):
    def test_every_operation(self) -> None:
        """The part does what the operations on rows do."""
        result, mail = self.pump.result, self.mail
        kept = self.kept()
        result(mail.settle("k1", 1, "retrieved"))
        result(mail.put_off("k1", 5.0))
        self.assertEqual(result(mail.due("mms", 4.9)), [])
        (found,) = result(mail.due("mms", 5.0))
        self.assertEqual((found.settled, found.attempts), (("", "retrieved"), 1))
        self.assertEqual(result(mail.due("mms", 5.0, after="k1")), [])
        result(mail.settle("k1", 0, "retrieved"))
        answers = [outbox_mail("o1", transaction="t1"), outbox_mail("o2")]
        result(mail.finish("k1", answers, 50.0))
        self.assertEqual(
            self.accept("k2", repeat=kept.repeat), Repeated(tuple(answers))
        )
        result(mail.post([outbox_mail("o3"), answers[0]]))
        outgoing = result(mail.outgoing("mms", 0.0))
        self.assertEqual([each.key for each in outgoing], ["o1", "o2", "o3"])
        result(mail.taken("o1", 7.0))
        result(mail.put_off_outgoing("o2", 8.0))
        result(mail.drop("o3"))
        self.assertEqual(result(mail.outgoing("mms", 6.9)), [])
        outgoing = result(mail.outgoing("mms", 9.0, after="o1"))
        self.assertEqual([each.key for each in outgoing], ["o2"])
        answered = result(mail.answered("mms", "t1"))
        assert answered is not None
        self.assertEqual((answered.key, answered.taken), ("o1", 1))
        self.assertIsNone(result(mail.answered("mms", "t1")))

    def test_finish(self) -> None:
        """When a mail is done its file is gone; other files stay."""
        first, second = self.kept("k1"), self.kept("k2")
        self.pump.result(self.mail.finish("k1", (), 50.0))
        self.assertEqual(self.files(), [second.path])
        self.pump.result(self.mail.finish("k1", (), 50.0))
        self.pump.result(self.mail.finish("unknown", (), 50.0))
        self.assertEqual(self.mail.stored(), second.size)
        assert first.path is not None

    def test_finish_that_fails(self) -> None:
        """What is not committed leaves the file where it is."""
        mail = self.kept()
        wrong = outbox_mail("o1", sender="\ud800")
        self.refuse(self.mail.finish("k1", [wrong], 50.0))
        self.assertEqual((self.due(), self.files()), ([mail], [mail.path]))
        self.assertEqual(self.mail.stored(), mail.size)

    def test_file_that_stays(self) -> None:
        """A file that cannot be removed is told of, and goes at the next start."""
        self.kept()
        patch = self.fail_with(errno.EROFS, Path, "unlink")
        self.pump.result(self.mail.finish("k1", (), 50.0))
        patch.restore()
        self.assertEqual(len(self.files()), 1)
        self.again()
        self.assertEqual(self.files(), [])

    def test_stored(self) -> None:
        """What is being kept counts from the first moment, until it is done."""
        both = [self.accepting("k1"), self.accepting("k2", SMALL)]
        self.assertEqual(self.mail.stored(), len(LARGE) + len(SMALL))
        self.assertEqual(self.mail.unfinished, 2)
        self.pump.result(gatherResults(both))
        self.again()
        self.assertEqual(self.mail.stored(), len(LARGE) + len(SMALL))
        self.assertEqual(self.mail.unfinished, 2)
        self.pump.result(self.mail.finish("k1", (), 50.0))
        self.assertEqual(self.mail.stored(), len(SMALL))
        self.pump.result(self.mail.finish("k2", (), 50.0))
        self.assertEqual((self.mail.stored(), self.mail.unfinished), (0, 0))

    def test_pages(self) -> None:
        """A page has a thousand mails, or as many as fill four megabytes."""
        self.assertEqual((MAILS, OCTETS), (1000, 4 * 1024 * 1024))
        keys = [f"k{number:04}" for number in range(MAILS + 1)]
        for key in keys:
            self.accepting(key, b"")
        self.pump.result(self.mail.post([outbox_mail(key) for key in keys]))
        for ask in (self.mail.due, self.mail.outgoing):
            found: list[str] = []
            for expected in (MAILS, 1, 0):
                page = self.pump.result(
                    self.keys_of(ask("mms", LATE, "".join(found[-1:])))
                )
                self.assertEqual(len(page), expected)
                found += page
            self.assertEqual(found, keys)

    def keys_of(
        self, page: Deferred[list[InboxMail]] | Deferred[list[OutboxMail]]
    ) -> Deferred[list[str]]:
        """The keys of what is given."""
        return page.addCallback(lambda mails: [each.key for each in mails])

    def test_octets_of_a_page(self) -> None:
        """Large answers come page by page too."""
        half = bytes(OCTETS // 2)
        self.pump.result(
            self.mail.post([outbox_mail(f"o{n}", content=half) for n in range(3)])
        )
        self.assertEqual(len(self.pump.result(self.mail.outgoing("mms", LATE))), 2)

    def test_sweep(self) -> None:
        """The sweep of the store takes mail that is done, ours, and MMS."""
        result, multimedia = self.pump.result, self.store.multimedia
        self.kept()
        result(self.mail.finish("k1", [outbox_mail(expires=7.0)], 7.0))
        result(multimedia.keep_sent(sent_mms(expires=7.0)))
        result(multimedia.keep_received(received_mms(expires=7.0)))
        self.assertEqual(result(self.store.sweep(6.9)), 0)
        self.assertEqual(result(self.store.sweep(7.0)), 3)
        self.assertEqual(result(self.store.sweep(7.0 + 86_400.0)), 1)

    def test_multimedia(self) -> None:
        """What reports need does what the operations on rows do, and outlives it."""
        result, multimedia = self.pump.result, self.store.multimedia
        result(multimedia.keep_sent(sent_mms()))
        result(multimedia.keep_sent(sent_mms("s2")))
        result(multimedia.told_of_sent("s1", "delivery"))
        result(multimedia.drop_sent("s2"))
        result(multimedia.keep_received(received_mms()))
        reports = {"read": outbox_mail()}
        both = [multimedia.report("i1", reports), multimedia.report("i1", reports)]
        self.assertEqual(result(gatherResults(both)), [("read",), ()])
        self.again()
        multimedia = self.store.multimedia
        found = result(multimedia.sent("s1"))
        self.assertEqual(found, sent_mms(told=("delivery",)))
        self.assertIsNone(result(multimedia.sent("s2")))
        self.assertEqual(
            result(multimedia.received("i1")), received_mms(told=("read",))
        )
        self.assertEqual(len(result(self.mail.outgoing("mms", LATE))), 1)
